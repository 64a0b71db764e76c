"""Which geometries are the same, up to lattice translations, a common shift, and the order of the atoms."""

from __future__ import annotations

__all__ = ["Fingerprints"]

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ase import Atoms
    from numpy.typing import NDArray

#: Waves in units of reciprocal cell vectors: short ones, so that small displacements show.
_WAVES = np.array(
    [(3, 1, 0), (0, 3, 1), (1, 0, 3), (5, -2, 1), (1, 5, -2), (-2, 1, 5), (4, 4, 3), (3, -4, 4), (6, 0, -1), (2, 6, 5)]
)
#: Å, a cell for what has none along a direction; nothing in it is special.
_PSEUDO = 9.7
#: Deviation of an amplitude per square root of the number of atoms: coordinates rounded to 10⁻⁴ Å stay below it, a
#: hydrogen that moves by 0.01 Å in a box of 160 atoms does not.
_TOLERANCE = 1.5e-3


class Fingerprints:
    """Finds repeated geometries among many, keeping a few numbers of each.

    A geometry is described by the amplitudes |Σ Z exp(iG·r)| of ten plane waves with the period of the cell. They do
    not change with the order of the atoms, lattice translations of any of them, a shift of all, or inversion.

    Examples
    --------
    >>> from ase import Atoms
    >>> prints = Fingerprints()
    >>> for k, x in enumerate((0.1, 0.4, 5.1)):
    ...     prints.add(k, Atoms("CO", [[0, 0, 0], [x, 0, 1.1]], cell=[5, 5, 5], pbc=True))
    >>> prints.groups()
    [(0, 2)]
    """

    def __init__(self) -> None:
        #: by formula and number of atoms: numbers of frames and their amplitudes with the cell
        self._frames: dict[str, list[tuple[int, NDArray[np.float64]]]] = {}

    def add(self, number: int, atoms: Atoms) -> None:
        """Describe one configuration."""
        cell = np.array(atoms.cell.array)
        missing = ~cell.any(axis=1)
        if missing.any() or not abs(np.linalg.det(cell)) > 0.0:
            cell = np.eye(3) * _PSEUDO
        phases = 2.0 * np.pi * (atoms.positions @ np.linalg.inv(cell)) @ _WAVES.T
        amplitudes = np.abs(atoms.numbers @ np.exp(1j * phases)) / np.sqrt(max(len(atoms), 1))
        described = np.concatenate([amplitudes, cell.ravel()])
        if np.isfinite(described).all():
            key = f"{atoms.symbols.formula.format('hill')} {atoms.pbc}"
            self._frames.setdefault(key, []).append((number, described))

    def groups(self) -> list[tuple[int, ...]]:
        """Frames that have the same geometry, in the order of the first of each group; only groups of two and more."""
        groups = [group for frames in self._frames.values() for group in _groups(frames)]
        return sorted(groups)


def _groups(frames: list[tuple[int, NDArray[np.float64]]]) -> Iterator[tuple[int, ...]]:
    """Gather frames whose descriptions agree with that of the first."""
    values = np.array([described for _, described in frames])
    order = np.argsort(values[:, 0], kind="stable")
    # Those that agree have neighbouring first numbers.
    ends = np.searchsorted(values[order, 0], values[order, 0] + _TOLERANCE, side="right")
    taken = np.zeros(len(frames), dtype=bool)
    for place, first in enumerate(order):
        if taken[first]:
            continue
        near = order[place : ends[place]]
        same = near[(np.abs(values[near] - values[first]) < _TOLERANCE).all(axis=1) & ~taken[near]]
        taken[same] = True
        if len(same) > 1:
            yield tuple(sorted(frames[k][0] for k in same))
