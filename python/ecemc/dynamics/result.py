"""Mean squared displacements as a result."""

from __future__ import annotations

__all__ = ["MSD"]

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

    from ecemc.dynamics.reference import Key

    Curves = dict[Key, NDArray[np.float64]]

#: Steps longer than this part of the smallest height of the cell make unwrapping ambiguous, as in the kernel.
_LARGE_STEP = 0.4


@dataclass(frozen=True, eq=False, repr=False)
class MSD:
    """Mean squared displacements by species; made by :func:`ecemc.mean_squared_displacement`.

    Keys are names of species for centres of mass, ``"EC"``, and pairs of species and element for atoms,
    ``("EC", "C")``.

    Examples
    --------
    >>> from ase import Atoms
    >>> from ecemc import mean_squared_displacement
    >>> flight = [Atoms("He2", [[0.5 * k, 0, 0], [-0.5 * k, 0, 3]]) for k in range(4)]
    >>> found = mean_squared_displacement(flight, dt=10.0)
    >>> found, found.time.tolist(), found.msd["He"].tolist()
    (MSD(2 He; 4 frames of 10 fs), [10.0, 20.0, 30.0], [0.25, 1.0, 2.25])
    """

    #: (n_lags,) fs
    time: NDArray[np.float64]
    #: (n_lags,) the same in frames: 1 to 16, then eight in each octave
    lags: NDArray[np.int64]
    #: (n_lags,) pairs of frames behind each lag
    n_pairs: NDArray[np.int64]
    #: (n_lags,) Å² each, mean over particles and origins
    msd: Curves
    #: (n_lags,) Å² each, standard error from the spread over molecules; NaN for a single molecule
    stderr: Curves
    #: (n_molecules, n_lags) Å² each: every molecule on its own
    by_molecule: Curves
    #: ``"molecules"`` (centres of mass) or ``"atoms"``
    of: str
    #: fs between frames
    dt: float
    #: number of frames
    n_frames: int
    #: whether the motion of the whole system's centre of mass was taken off
    remove_drift: bool
    #: longest step between two frames over the smallest height of the cell
    largest_step_ratio: float
    #: steps longer than 0.4 of that height
    n_large_steps: int

    @property
    def n_molecules(self) -> dict[Key, int]:
        """Number of molecules behind each curve."""
        return {key: len(curves) for key, curves in self.by_molecule.items()}

    @property
    def warning(self) -> str | None:
        """What is wrong with the unwrapping, if anything."""
        if not self.n_large_steps:
            return None
        return (
            f"{self.n_large_steps} steps between frames are longer than {_LARGE_STEP} of the smallest height of the "
            f"cell (longest: {self.largest_step_ratio:.2f}): unwrapping is a guess; write frames more often"
        )

    def select(self, species: Collection[str] | None = None, elements: Collection[str] | None = None) -> MSD:
        """Keep the curves of some species, and of some elements of them; None means all."""

        def wanted(key: Key) -> bool:
            name, element = (key, None) if isinstance(key, str) else key
            return (species is None or name in species) and (elements is None or element is None or element in elements)

        def chosen(curves: Curves) -> Curves:
            return {key: curve for key, curve in curves.items() if wanted(key)}

        return replace(self, msd=chosen(self.msd), stderr=chosen(self.stderr), by_molecule=chosen(self.by_molecule))

    def __repr__(self) -> str:
        """Say what there is."""
        keys = ", ".join(f"{n} {spelled(key)}" for key, n in self.n_molecules.items())
        plural, spacing = "" if self.n_frames == 1 else "s", "" if math.isnan(self.dt) else f" of {self.dt:g} fs"
        return f"MSD({keys}; {self.n_frames} frame{plural}{spacing})"

    def to_dict(self) -> dict[str, Any]:
        """Plain lists and numbers, ready for JSON: pairs become ``"EC.C"``, NaN becomes None."""
        return {
            "of": self.of,
            "n_frames": self.n_frames,
            "dt": _plain(self.dt),
            "remove_drift": self.remove_drift,
            "unit": {"time": "fs", "msd": "Å²"},
            "time": self.time.tolist(),
            "lags": self.lags.tolist(),
            "n_pairs": self.n_pairs.tolist(),
            "msd": {spelled(key): curve.tolist() for key, curve in self.msd.items()},
            "stderr": {spelled(key): [_plain(x) for x in curve.tolist()] for key, curve in self.stderr.items()},
            "n_molecules": {spelled(key): n for key, n in self.n_molecules.items()},
            "largest_step_ratio": self.largest_step_ratio,
            "n_large_steps": self.n_large_steps,
        }


def from_groups(found: dict[str, Any], keys: list[Key], of: str, dt: float, *, remove_drift: bool) -> MSD:
    """Gather the groups of molecules by key."""
    groups: dict[Key, list[int]] = {}
    for group, key in enumerate(keys):
        groups.setdefault(key, []).append(group)
    curves = {key: np.ascontiguousarray(found["msd"][:, members].T) for key, members in sorted(groups.items(), key=str)}
    lags = found["lags"].astype(np.int64)
    return MSD(
        time=lags * dt if len(lags) else np.empty(0),
        lags=lags,
        n_pairs=found["n_pairs"].astype(np.int64),
        msd={key: each.mean(axis=0) for key, each in curves.items()},
        stderr={key: spread(each) for key, each in curves.items()},
        by_molecule=curves,
        of=of,
        dt=dt,
        n_frames=found["n_frames"],
        remove_drift=remove_drift,
        largest_step_ratio=found["largest_step_ratio"],
        n_large_steps=found["n_large_steps"],
    )


def spread(each: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the standard error of the mean over the first axis; NaN for a single entry."""
    if len(each) < 2:
        return np.full(each.shape[1:], np.nan)
    error: NDArray[np.float64] = each.std(axis=0, ddof=1) / np.sqrt(len(each))
    return error


def spelled(key: Key) -> str:
    """Spell a key as one word, as groups of RDFs do: ``EC.C``."""
    return key if isinstance(key, str) else ".".join(key)


def _plain(value: float) -> float | None:
    return value if math.isfinite(value) else None
