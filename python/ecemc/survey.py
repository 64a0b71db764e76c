"""What is in a trajectory: frames, atoms, molecules, cell, time, keys."""

from __future__ import annotations

__all__ = ["Key", "Survey", "survey"]

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from ase.data import atomic_masses, chemical_symbols

from ecemc import _core
from ecemc.errors import InputError
from ecemc.frames import atoms_from_record
from ecemc.molecules import find_molecules
from ecemc.trajectory import FrameTimes
from ecemc.units import AMU_PER_A3_TO_G_PER_CM3

if TYPE_CHECKING:
    from collections.abc import Callable

    from ase import Atoms

    from ecemc.trajectory import Trajectory

Bounds = tuple[float, float] | None


@dataclass(frozen=True)
class Key:
    """A key of ``info`` or ``arrays``, over all frames."""

    name: str
    #: an array, one row for each atom
    per_atom: bool
    #: ``real``, ``integer``, ``logical``, ``text``; ``mixed`` where frames differ
    kind: str
    #: numbers per frame, or per atom
    width: int
    #: frames that have it
    n_frames: int
    #: smallest and largest, None without numbers
    range: Bounds
    #: numbers that are NaN
    n_nan: int


@dataclass(frozen=True)
class Survey:
    """What is in a trajectory; ranges are (smallest, largest) over all frames, None where nothing is to measure."""

    files: tuple[str, ...]
    formats: tuple[str, ...]
    n_frames: int
    n_atoms: Bounds
    #: atoms by element in the first frame
    elements: dict[str, int]
    #: frames whose elements are not those of the first frame, in the same order
    n_other_elements: int
    #: molecules by species in the first and the last frame; None where bonds make no sense (such as NaN positions)
    first_molecules: dict[str, int] | None
    last_molecules: dict[str, int] | None
    #: frames without cell
    n_without_cell: int
    #: every set of periodic flags
    pbc: tuple[tuple[bool, bool, bool], ...]
    #: lengths of the three cell vectors, Å
    cell_lengths: tuple[Bounds, Bounds, Bounds]
    #: Å³
    volume: Bounds
    #: g/cm³, of frames that are periodic along all axes
    density: Bounds
    #: first and last ``info["time"]``, fs
    time: Bounds
    #: first and last ``info["step"]``
    steps: Bounds
    #: fs between two frames of the file; None if they do not tell their time or are not equally spaced
    spacing: float | None
    #: why there is no single spacing, if there are times
    irregular: str | None
    keys: tuple[Key, ...]
    #: frames that an earlier file had
    dropped: int
    #: messages about last frames that are cut off
    truncated: tuple[str, ...]
    #: units taken for those of a dump that names none
    assumed_units: str | None

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, texts, lists and dictionaries, for JSON."""
        return {**asdict(self), "keys": [asdict(key) for key in self.keys]}


def survey(trajectory: Trajectory, *, progress: Callable[[int], None] | None = None) -> Survey:
    """Look at every frame of a trajectory once, at the speed of reading.

    Parameters
    ----------
    trajectory
        What to read; ``incomplete="stop"`` lets a cut last frame be reported instead of raised.
    progress
        Called now and then with the number of frames done.

    Raises
    ------
    FileFormatError, OSError
        As reading.
    InputError
        If there is no frame.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from ecemc import write
    >>> from ecemc.testing import liquid
    >>> from ecemc.trajectory import ReadOptions, Trajectory
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = write(Path(folder) / "box.extxyz", liquid(2, 4, 0.9))
    ...     found = survey(Trajectory(Path(folder) / "box.extxyz", ":", ReadOptions()))
    >>> found.first_molecules, round(found.density[0], 2)
    ({'EC': 2, 'EMC': 4}, 0.9)
    """
    gathered = _core.Survey(atomic_masses)
    first = last = None
    done = 0
    for frames in trajectory.batches():
        gathered.add(frames)
        first = frames[0] if first is None else first
        last = frames
        done += len(frames)
        if progress is not None:
            progress(done)
    if first is None or last is None:
        raise InputError("; ".join([f"{trajectory}: no frame", *trajectory.notes]))
    found = gathered.result()
    times, steps = found["times"], found["steps"]
    spacing, irregular = _spacing(times, trajectory.choice.step)
    density = found["density"]
    return Survey(
        files=tuple(map(str, trajectory.paths)), formats=trajectory.formats,
        n_frames=found["n_frames"], n_atoms=found["n_atoms"],
        elements=_elements(found["numbers"]), n_other_elements=found["n_other_elements"],
        first_molecules=_molecules(atoms_from_record(first)),
        last_molecules=_molecules(atoms_from_record(last[len(last) - 1])),
        n_without_cell=found["n_without_cell"], pbc=tuple(map(tuple, found["pbc"])),
        cell_lengths=tuple(found["lengths"]), volume=found["volume"],
        density=density and (density[0] * AMU_PER_A3_TO_G_PER_CM3, density[1] * AMU_PER_A3_TO_G_PER_CM3),
        time=_ends(times), steps=_ends(steps), spacing=spacing, irregular=irregular,
        keys=tuple(Key(name, per_atom, *rest) for per_atom, name, *rest in found["keys"]),
        dropped=trajectory.dropped, truncated=trajectory.truncated, assumed_units=trajectory.assumed_units,
    )  # fmt: skip


def _spacing(times: np.ndarray[Any, Any], step: int) -> tuple[float | None, str | None]:
    """Find the time between two frames of the file, or why there is none; nothing of either without times."""
    if not np.isfinite(times).any() or len(times) < 2:
        return None, None
    told = FrameTimes()
    told.add(0, times)
    try:
        return told.spacing() / step, None
    except InputError as error:
        return None, str(error)


def _elements(numbers: np.ndarray[Any, Any]) -> dict[str, int]:
    found, counts = np.unique(numbers, return_counts=True)
    return {chemical_symbols[number]: int(count) for number, count in zip(found, counts, strict=True)}


def _molecules(atoms: Atoms) -> dict[str, int] | None:
    try:
        return dict(find_molecules(atoms).composition)
    except InputError:
        return None


def _ends(values: np.ndarray[Any, Any]) -> Bounds:
    known = values[np.isfinite(values)]
    return (float(known[0]), float(known[-1])) if len(known) else None
