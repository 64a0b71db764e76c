"""How large the parts are: what a first look at a decomposition shows."""

from __future__ import annotations

__all__ = ["Moments", "PartsSummary"]

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from ase import Atoms
    from numpy.typing import NDArray

    from ecemc.decomposition.parts import PropertyParts
    from ecemc.labels import LabelKeys

_PARTS = ("total", "intra", "inter")


@dataclass
class Moments:
    """Mean, spread and root mean square of numbers that come one by one or in arrays (Chan's update).

    Examples
    --------
    >>> moments = Moments()
    >>> moments.add(np.array([1.0, 2.0]))
    >>> moments.add(np.array([3.0]))
    >>> moments.n, moments.mean, round(moments.std, 6), round(moments.rms, 6)
    (3, 2.0, 0.816497, 2.160247)
    """

    n: int = 0
    mean: float = 0.0
    #: Σ (x − mean)²
    squares: float = 0.0

    def add(self, values: NDArray[np.float64]) -> None:
        """Take in numbers."""
        if not values.size:
            return
        n, mean = self.n + values.size, float(values.mean())
        shift = mean - self.mean
        self.squares += float(((values - mean) ** 2).sum()) + shift**2 * self.n * values.size / n
        self.mean += shift * values.size / n
        self.n = n

    @property
    def std(self) -> float:
        """Standard deviation of the numbers themselves; NaN without any."""
        return math.sqrt(self.squares / self.n) if self.n else math.nan

    @property
    def rms(self) -> float:
        """Root mean square; NaN without any."""
        return math.hypot(self.std, self.mean) if self.n else math.nan


@dataclass
class PartsSummary:
    """Moments of the parts of energy and virial per atom (eV) and of forces (eV/Å, all components).

    Single atoms are left out: their energies are those of another kind of thing.
    """

    energy: dict[str, Moments] = field(default_factory=dict)
    forces: dict[str, Moments] = field(default_factory=dict)
    virial: dict[str, Moments] = field(default_factory=dict)

    def add(self, atoms: Atoms, parts: PropertyParts, names: LabelKeys) -> None:
        """Take in a frame as :func:`ecemc.decomposition.with_parts` has made it."""
        n_atoms = len(atoms)
        if n_atoms < 2:
            return
        for part in _PARTS:
            labels = getattr(parts, part)
            _add(self.energy, part, labels.energy, 1.0 / n_atoms)
            _add(self.forces, part, labels.forces, 1.0)
            _add(self.virial, part, labels.virial, 1.0 / n_atoms)
        for part in ("trans", "rot", "vib"):
            _add(self.forces, part, atoms.arrays.get(f"{names.forces}_{part}"), 1.0)

    def to_dict(self) -> dict[str, dict[str, dict[str, Any]]]:
        """Give the numbers as plain data, by quantity and part."""
        return {
            quantity: {
                part: {"n": moments.n, "mean": moments.mean, "std": moments.std, "rms": moments.rms}
                for part, moments in table.items()
            }
            for quantity, table in (("energy", self.energy), ("forces", self.forces), ("virial", self.virial))
        }


def _add(table: dict[str, Moments], part: str, value: Any, factor: float) -> None:
    if value is not None:
        table.setdefault(part, Moments()).add(np.asarray(value, dtype=np.float64) * factor)
