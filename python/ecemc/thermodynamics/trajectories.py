"""Density of the frames of a trajectory, at the speed of reading."""

from __future__ import annotations

__all__ = ["Densities", "read_trajectory"]

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from ase.data import atomic_masses

from ecemc import keys
from ecemc.errors import InputError
from ecemc.frames import atoms_from_record
from ecemc.molecules import find_molecules
from ecemc.trajectory import ReadOptions, Trajectory
from ecemc.units import AMU_PER_A3_TO_G_PER_CM3

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Densities:
    """What of a trajectory thermodynamics needs."""

    #: molecules of the first frame
    composition: dict[str, float]
    #: (n_frames,) g/cm³
    density: Floats
    #: (n_frames,) fs, None if not all frames tell it
    time: Floats | None
    #: K, means over the frames that tell them, else NaN
    target: float
    temperature: float


def read_trajectory(path: Path) -> Densities:
    """Read densities, times and temperatures of all frames.

    Raises
    ------
    InputError
        If there is no frame, a frame has no volume, or the masses change.
    FileFormatError, OSError
        As :func:`ecemc.iread`.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from ecemc import write
    >>> from ecemc.testing import liquid
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = write(Path(folder) / "box.extxyz", liquid(2, 4, 0.9))
    ...     found = read_trajectory(Path(folder) / "box.extxyz")
    >>> found.composition, found.density.round(3).tolist()
    ({'EC': 2.0, 'EMC': 4.0}, [0.9])
    """
    composition: dict[str, float] = {}
    parts: list[tuple[Floats, ...]] = []
    for frames in Trajectory(path, ":", ReadOptions(incomplete="stop")).batches():
        if not composition:
            found = find_molecules(atoms_from_record(frames[0]))
            composition = {name: float(count) for name, count in found.composition.items()}
        mass = frames.masses(atomic_masses)
        told = [frames.reals([name], 1)[:, 0] for name in (keys.TIME, keys.TEMPERATURE_TARGET, keys.TEMPERATURE)]
        parts.append((mass, frames.volumes, *told))
    if not parts:
        raise InputError(f"{path}: no frame")
    mass, volume, time, target, temperature = map(np.concatenate, zip(*parts, strict=True))
    if not (np.isfinite(volume) & (volume > 0.0)).all():
        raise InputError(f"{path}: frame {int(np.argmin(volume > 0.0))}: has no cell, so it has no density")
    if np.ptp(mass) > 1e-6 * mass[0]:
        raise InputError(f"{path}: frame {int(np.argmax(mass != mass[0]))}: other atoms than frame 0, expected one run")
    return Densities(
        composition, mass / volume * AMU_PER_A3_TO_G_PER_CM3, time if np.isfinite(time).all() else None,
        _mean(target), _mean(temperature),
    )  # fmt: skip


def _mean(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else float("nan")
