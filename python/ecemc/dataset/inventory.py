"""What is in a data set, by config_type."""

from __future__ import annotations

__all__ = ["Inventory"]

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ecemc.dataset.report import Group

if TYPE_CHECKING:
    from ecemc.dataset.sample import Sample


@dataclass
class _Sums:
    n_frames: int = 0
    sizes: tuple[int, int] = (2**63, 0)
    compositions: Counter[str] = field(default_factory=Counter)
    labels: Counter[str] = field(default_factory=Counter)
    energies: tuple[float, float] = (math.inf, -math.inf)
    squares: float = 0.0
    n_components: int = 0

    def add(self, sample: Sample) -> None:
        """Count one frame."""
        n, labels = len(sample.atoms), sample.labels
        self.n_frames += 1
        self.sizes = (min(self.sizes[0], n), max(self.sizes[1], n))
        self.compositions[_composition(sample)] += 1
        if labels.energy is not None:
            self.labels["energy"] += 1
            low, high = self.energies
            self.energies = (min(low, labels.energy / n), max(high, labels.energy / n)) if n else self.energies
        if labels.forces is not None:
            self.labels["forces"] += 1
            self.squares += float((labels.forces**2).sum())
            self.n_components += labels.forces.size
        self.labels["virial"] += labels.virial is not None


class Inventory:
    """Counts frames, atoms and labels."""

    def __init__(self) -> None:
        self.n_frames = 0
        self.n_atoms = 0
        self._groups: dict[str, _Sums] = {}

    def add(self, sample: Sample) -> None:
        """Count one frame."""
        self.n_frames += 1
        self.n_atoms += len(sample.atoms)
        self._groups.setdefault(sample.config_type, _Sums()).add(sample)

    def groups(self) -> tuple[Group, ...]:
        """Give the groups in the order of their first frames."""
        return tuple(
            Group(
                config_type,
                sums.n_frames,
                sums.sizes,
                dict(sums.compositions.most_common()),
                sums.labels["energy"],
                sums.labels["forces"],
                sums.labels["virial"],
                sums.energies if sums.energies[0] <= sums.energies[1] else None,
                math.sqrt(sums.squares / sums.n_components) if sums.n_components else None,
            )
            for config_type, sums in self._groups.items()
        )


def _composition(sample: Sample) -> str:
    """Molecules, or the formula where they cannot be told."""
    if sample.molecules is None:
        return str(sample.atoms.symbols.formula.format("hill"))
    return " + ".join(f"{count} {name}" if count > 1 else name for name, count in sample.molecules.composition.items())
