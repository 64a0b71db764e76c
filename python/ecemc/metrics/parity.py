"""Counts of pairs (reference, prediction) for parity plots: any number of points in bounded memory."""

from __future__ import annotations

__all__ = ["ParityCounts"]

from typing import TYPE_CHECKING

import numpy as np

from ecemc.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Width of the finest cells, 1.5e-5 in the unit of the numbers.
_FINEST = -16
#: Cells that are kept.
_MAX_CELLS = 50_000
#: Cells are numbered from −2³¹ to 2³¹ in both directions.
_HALF = 1 << 31


class ParityCounts:
    """Square cells with at least one point, and how many there are in each.

    Cells are as small as their number allows: a hundred energies are a hundred cells, ten million forces the density.
    Which cells these are does not depend on the order of the points, nor on how they were divided before a merge.

    Raises
    ------
    InputError
        If less than four cells are to be kept.

    Examples
    --------
    >>> counts = ParityCounts()
    >>> counts.add(np.array([0.5, 0.5, -1.0]), np.array([0.25, 0.25, -1.0]))
    >>> counts.n, counts.width, [values.tolist() for values in counts.cells()]
    (3, 1.52587890625e-05, [[-65536, 32768], [-65536, 16384], [1, 2]])
    """

    def __init__(self, max_cells: int = _MAX_CELLS) -> None:
        if max_cells < 4:  # cells never reach across zero
            raise InputError(f"max_cells: got {max_cells}, expected at least 4")
        #: number of points
        self.n = 0
        self._max_cells = max_cells
        self._exponent = _FINEST
        self._cells: NDArray[np.uint64] = np.empty(0, dtype=np.uint64)
        self._counts: NDArray[np.int64] = np.empty(0, dtype=np.int64)
        self._new: list[NDArray[np.float64]] = []
        self._n_new = 0

    @property
    def width(self) -> float:
        """Edge of a cell, a power of two, in the unit of the numbers."""
        self._settle()
        return float(2.0**self._exponent)

    def add(self, reference: NDArray[np.float64], prediction: NDArray[np.float64]) -> None:
        """Take in points; all numbers must be finite."""
        self._new.append(np.stack([reference.ravel(), prediction.ravel()]))
        self._n_new += reference.size
        self.n += reference.size
        if self._n_new > self._max_cells:
            self._settle()

    def merge(self, other: ParityCounts) -> None:
        """Take in the points of another."""
        other._settle()
        self._settle()
        exponent = max(self._exponent, other._exponent)
        ours, theirs = self._coarsened(exponent), _coarsened(other._cells, exponent - other._exponent)
        self._exponent = exponent
        self._keep(np.concatenate([ours, theirs]), np.concatenate([self._counts, other._counts]))
        self.n += other.n

    def cells(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Give place along reference and along prediction, and count, of each cell.

        Cell (i, j) reaches from ``i * width`` to ``(i + 1) * width`` along the reference, and so along the prediction.
        """
        self._settle()
        i = (self._cells >> np.uint64(32)).astype(np.int64) - _HALF
        j = (self._cells & np.uint64(0xFFFFFFFF)).astype(np.int64) - _HALF
        return i, j, self._counts

    def _settle(self) -> None:
        """Sort new points into cells."""
        if not self._new:
            return
        points = np.concatenate(self._new, axis=1)
        self._new, self._n_new = [], 0
        largest = float(np.abs(points).max())
        exponent = self._exponent
        while largest >= (_HALF - 1) * 2.0**exponent:
            exponent += 1
        ours = self._coarsened(exponent)
        self._exponent = exponent
        places = np.floor(points / 2.0**exponent).astype(np.int64) + _HALF
        cells = (places[0].astype(np.uint64) << np.uint64(32)) | places[1].astype(np.uint64)
        counts = np.concatenate([self._counts, np.ones(len(cells), dtype=np.int64)])
        self._keep(np.concatenate([ours, cells]), counts)

    def _keep(self, cells: NDArray[np.uint64], counts: NDArray[np.int64]) -> None:
        """Join equal cells, and neighbours while there are too many."""
        self._cells, self._counts = _joined(cells, counts)
        while len(self._cells) > self._max_cells:
            self._exponent += 1
            self._cells, self._counts = _joined(_coarsened(self._cells, 1), self._counts)

    def _coarsened(self, exponent: int) -> NDArray[np.uint64]:
        return _coarsened(self._cells, exponent - self._exponent)


def _joined(cells: NDArray[np.uint64], counts: NDArray[np.int64]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    unique, places = np.unique(cells, return_inverse=True)
    summed = np.zeros(len(unique), dtype=np.int64)
    np.add.at(summed, places, counts)
    return unique, summed


def _coarsened(cells: NDArray[np.uint64], steps: int) -> NDArray[np.uint64]:
    """Cells that are 2^steps times as wide; places are counted from the same zero."""
    if not steps:
        return cells
    i, j = (
        (part.astype(np.int64) - _HALF) >> steps for part in (cells >> np.uint64(32), cells & np.uint64(0xFFFFFFFF))
    )
    return ((i + _HALF).astype(np.uint64) << np.uint64(32)) | (j + _HALF).astype(np.uint64)
