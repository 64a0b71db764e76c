"""Consecutive frames with their molecules: what recorders take."""

from __future__ import annotations

__all__ = ["Batch"]

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from ecemc import _core


class Batch(NamedTuple):
    """Some frames of a trajectory."""

    #: number of the first of them
    first: int
    frames: _core.Frames
    tracked: _core.TrackedMolecules

    def after(self, cut: int) -> Batch:
        """Give the frames from number ``cut`` on."""
        return self._part(min(max(cut - self.first, 0), len(self.frames)), len(self.frames))

    def where(self, mask: NDArray[np.bool_]) -> Iterator[Batch]:
        """Give the frames for which the mask is true, in as few pieces as possible."""
        edges = np.flatnonzero(np.diff(np.concatenate([[0], mask, [0]])))
        for start, stop in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
            yield self._part(start, stop)

    def _part(self, start: int, stop: int) -> Batch:
        if (start, stop) == (0, len(self.frames)):
            return self
        return Batch(self.first + start, self.frames.slice(start, stop), self.tracked.slice(start, stop))
