"""Do the molecules stay what they were? Bonds and species of every frame against the first one."""

from __future__ import annotations

__all__ = ["BondChange", "Integrity", "IntegrityRecorder"]

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from ase.data import chemical_symbols

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ase import Atoms
    from numpy.typing import NDArray

    from ecemc.molecules import Molecules

#: Frames with changed bonds that are described one by one; the rest is counted.
MAX_CHANGES = 100
#: Bonds named in such a description.
MAX_BONDS = 10


@dataclass(frozen=True)
class BondChange:
    """A frame whose bonds differ from those of the first frame of the same system."""

    #: number of the frame
    frame: int
    #: how many bonds are missing and how many are new
    n_broken: int
    n_formed: int
    #: the first few of them, such as ``"C12-O15"`` (element and 0-based atom number)
    broken: tuple[str, ...]
    formed: tuple[str, ...]
    #: molecules that appeared and disappeared, by species
    appeared: dict[str, int]
    disappeared: dict[str, int]


@dataclass(frozen=True)
class Integrity:
    """Bonds and species over a run."""

    #: molecules by species in the first frame of each system (frames of the same elements in the same order)
    compositions: tuple[dict[str, int], ...]
    #: system of each frame, a number into ``compositions``
    system: tuple[int, ...]
    #: number of changed bonds in each frame
    n_changed: tuple[int, ...]
    #: the first frames with changed bonds
    changes: tuple[BondChange, ...]
    #: species of molecules bonded to their own periodic image, in any frame
    infinite: tuple[str, ...]

    @property
    def changed_frames(self) -> tuple[int, ...]:
        """Numbers of all frames with changed bonds."""
        return tuple(frame for frame, changed in enumerate(self.n_changed) if changed)

    @property
    def longest_change(self) -> int:
        """Longest stretch of frames with changed bonds; a bond at the edge of the criterion comes back at once."""
        longest = current = 0
        for changed in self.n_changed:
            current = current + 1 if changed else 0
            longest = max(longest, current)
        return longest


class IntegrityRecorder:
    """Takes the frames in order and builds an :class:`Integrity`."""

    def __init__(self) -> None:
        self._systems: dict[bytes, tuple[int, Molecules]] = {}
        self._system: list[int] = []
        self._n_changed: list[int] = []
        self._changes: list[BondChange] = []
        self._infinite: set[str] = set()

    def add(self, atoms: Atoms, molecules: Molecules) -> None:
        """Compare the next frame with the first one of the same elements in the same order."""
        key = np.asarray(atoms.numbers, dtype=np.uint8).tobytes()
        system, reference = self._systems.setdefault(key, (len(self._systems), molecules))
        self._system.append(system)
        self._infinite.update(name for name, loop in zip(molecules.species, molecules.infinite, strict=True) if loop)
        # Fingerprints, unlike the list of bonds, do not change when a bent angle brings its ends into contact.
        if np.array_equal(molecules.index, reference.index) and molecules.fingerprints == reference.fingerprints:
            self._n_changed.append(0)
            return
        now_bonds, then_bonds = _bond_numbers(molecules, len(atoms)), _bond_numbers(reference, len(atoms))
        broken = np.setdiff1d(then_bonds, now_bonds, assume_unique=True)
        formed = np.setdiff1d(now_bonds, then_bonds, assume_unique=True)
        self._n_changed.append(max(1, len(broken) + len(formed)))
        if len(self._changes) < MAX_CHANGES:
            now, before = Counter(molecules.composition), Counter(reference.composition)
            self._changes.append(
                BondChange(
                    frame=len(self._system) - 1,
                    n_broken=len(broken),
                    n_formed=len(formed),
                    broken=_names(atoms.numbers, broken),
                    formed=_names(atoms.numbers, formed),
                    appeared=dict(sorted((now - before).items())),
                    disappeared=dict(sorted((before - now).items())),
                )
            )

    def result(self) -> Integrity:
        """Everything so far."""
        return Integrity(
            compositions=tuple(reference.composition for _, reference in self._systems.values()),
            system=tuple(self._system),
            n_changed=tuple(self._n_changed),
            changes=tuple(self._changes),
            infinite=tuple(sorted(self._infinite)),
        )


def _bond_numbers(molecules: Molecules, n_atoms: int) -> NDArray[np.int64]:
    """One number for each pair of bonded atoms, ascending."""
    return np.unique(molecules.bonds @ np.array([n_atoms, 1]))


def _names(numbers: Sequence[int], bonds: NDArray[np.int64]) -> tuple[str, ...]:
    pairs = [divmod(int(bond), len(numbers)) for bond in bonds[:MAX_BONDS]]
    return tuple("-".join(f"{chemical_symbols[numbers[atom]]}{atom}" for atom in pair) for pair in pairs)
