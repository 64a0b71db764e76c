"""Fewer points that look the same: a figure has some thousand pixels, a run may have a million frames."""

from __future__ import annotations

__all__ = ["MAX_BUCKETS", "merged", "running_mean", "thinned"]

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

#: Pieces that a series is cut into for drawing; the lowest and the highest entry of each are drawn.
MAX_BUCKETS = 1000
#: Bins of all curves of a figure together.
_MAX_BINS = 6000


def thinned(values: Array, n_buckets: int = MAX_BUCKETS) -> NDArray[np.int64]:
    """Positions of the lowest and the highest entry in each of so many pieces: every spike stays.

    A line through these entries covers the same pixels as one through all. A piece without a finite entry keeps one
    of them, so that the line is interrupted there. All positions are returned if there are no more than two for each
    piece.

    Parameters
    ----------
    values
        (n,), may hold NaN.
    n_buckets
        Number of pieces.

    Returns
    -------
    ndarray
        Positions in ascending order, at most ``2 * n_buckets``.

    Examples
    --------
    >>> values = np.zeros(1_000_000)
    >>> values[123_456] = 1.0
    >>> places = thinned(values, 100)
    >>> len(places) <= 200, 123_456 in places
    (True, True)
    """
    n = len(values)
    if n <= 2 * n_buckets:
        return np.arange(n)
    size = math.ceil(n / n_buckets)
    rows = math.ceil(n / size)
    padded = np.full(rows * size, np.nan)
    padded[:n] = values
    table = padded.reshape(rows, size)
    lowest = np.where(np.isnan(table), np.inf, table).argmin(axis=1)
    highest = np.where(np.isnan(table), -np.inf, table).argmax(axis=1)
    starts = np.arange(rows) * size
    return np.unique(np.concatenate([starts + lowest, starts + highest]))


def running_mean(values: Array, window: int) -> Array:
    """Mean of every ``window`` consecutive entries, (n - window + 1,), NaN left out; the width costs nothing.

    Examples
    --------
    >>> running_mean(np.array([1.0, 2.0, 6.0, 4.0, np.nan]), 2).tolist()
    [1.5, 4.0, 5.0, 4.0]
    """
    known = np.isfinite(values)
    middle = float(np.mean(values[known])) if known.any() else 0.0  # keeps the sums small, and with them their rounding
    sums = np.concatenate([[0.0], np.cumsum(np.where(known, values - middle, 0.0))])
    counts = np.concatenate([[0], np.cumsum(known)])
    n = counts[window:] - counts[:-window]
    return np.where(n > 0, middle + (sums[window:] - sums[:-window]) / np.maximum(n, 1), np.nan)


def merged(edges: Array, n_curves: int) -> Array:
    """Bounds of bins for drawing: the given ones, or every second, third ... of them if the figure would be too large.

    Examples
    --------
    >>> len(merged(np.linspace(0.0, 10.0, 201), 6)), len(merged(np.linspace(0.0, 10.0, 10_001), 21))
    (201, 286)
    """
    every = max(1, math.ceil((len(edges) - 1) * n_curves / _MAX_BINS))
    return edges[::every]
