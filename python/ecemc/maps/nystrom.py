"""Kernel principal components of any number of points through a few of them, the landmarks: linear algebra alone."""

from __future__ import annotations

__all__ = ["Basis", "Fit", "Replay", "farthest", "fit", "kernel"]

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

#: Directions of the landmarks' span below this part of the largest eigenvalue are rounding.
_RANK = 1e-12


def kernel(x: Array, y: Array, zeta: int) -> Array:
    """Compute (x·y)^zeta for all pairs of rows."""
    dots: Array = x @ y.T
    return dots**zeta


@dataclass(frozen=True, eq=False)
class Basis:
    """Principal axes as combinations of landmarks; places new points."""

    #: (m, d) descriptors
    landmarks: Array
    zeta: int
    #: (m, c)
    weights: Array
    #: (c,) of the mean of all points
    offset: Array

    def place(self, similarities: Array) -> Array:
        """Coordinates, (n, c), of points whose kernel with the landmarks is (n, m)."""
        placed: Array = similarities @ self.weights - self.offset
        return placed

    def transform(self, x: Array) -> Array:
        """Coordinates, (n, c), of points with descriptors (n, d)."""
        return self.place(kernel(x, self.landmarks, self.zeta))


@dataclass(frozen=True, eq=False)
class Fit:
    """Result of :func:`fit`."""

    basis: Basis
    #: (n, c)
    coordinates: Array
    #: (c,) along the axes
    variance: Array
    #: of all points, in all directions
    total_variance: float
    #: what of it lies outside the span of the landmarks
    missed_variance: float


class Replay:
    """Blocks that are kept while they fit into memory and made again for the next pass if they do not.

    Examples
    --------
    >>> made = []
    >>> blocks = Replay(lambda: (made.append(k) or np.ones(k) for k in (2, 3)), limit=100)
    >>> [len(b) for b in blocks], [len(b) for b in blocks], made
    ([2, 3], [2, 3], [2, 3])
    """

    def __init__(self, make: Callable[[], Iterator[Array]], limit: int) -> None:
        """Take what makes the blocks, and how many bytes may be kept."""
        self._make, self._limit = make, limit
        self._kept: list[Array] | None = None

    def __iter__(self) -> Iterator[Array]:
        """Go through the blocks once."""
        if self._kept is not None:
            yield from self._kept
            return
        kept: list[Array] = []
        size = 0
        for block in self._make():
            size += block.nbytes
            if size > self._limit:
                kept.clear()
            else:
                kept.append(block)
            yield block
        if size <= self._limit:
            self._kept = kept


def fit(blocks: Callable[[], Iterator[Array]], landmarks: Array, zeta: int, n_components: int, limit: int) -> Fit:
    """Kernel principal components, centred in feature space, in two passes over the points.

    The landmarks' span is mapped isometrically to R^r by ``phi(x) = Λ^(-1/2) Uᵀ k(landmarks, x)`` with the
    eigendecomposition ``U Λ Uᵀ`` of the landmarks' kernel matrix (Williams and Seeger 2001). There, the mean and the
    covariance of all points are sums; the eigenvectors of the covariance are the axes. With all points as landmarks
    this is kernel PCA itself (Schölkopf et al. 1998).

    Parameters
    ----------
    blocks
        Gives descriptors of all points, (any, d) at a time, each time it is called.
    landmarks
        (m, d).
    zeta, n_components
        Exponent of the kernel, number of axes.
    limit
        Bytes of kernel values that may be kept from the first pass for the second.

    Notes
    -----
    Memory: m² and m·d numbers and the limit, beside one block and the coordinates.

    The sign of an axis is such that the coordinate of largest magnitude is positive.
    """
    gram = kernel(landmarks, landmarks, zeta)
    whiten = _whitening(gram)
    shift = np.mean(gram @ whiten, axis=0)  # near the mean, so that nothing cancels below
    passes = Replay(lambda: (_similarities(x, landmarks, zeta) for x in blocks()), limit)
    n, sums, products, missed = 0, np.zeros(len(shift)), np.zeros((len(shift), len(shift))), 0.0
    for similar, own in map(_parted, passes):
        phi = similar @ whiten
        missed += float(np.sum(own) - np.sum(phi * phi))
        phi -= shift
        n += len(phi)
        sums += phi.sum(axis=0)
        products += phi.T @ phi
    mean, missed = sums / n, max(missed / n, 0.0)
    covariance = products / n - np.outer(mean, mean)
    values, vectors = np.linalg.eigh(covariance)
    axes = whiten @ vectors[:, ::-1][:, :n_components]
    basis = Basis(landmarks, zeta, axes, (shift + mean) @ vectors[:, ::-1][:, :n_components])
    coordinates = np.concatenate([basis.place(similar) for similar, _ in map(_parted, passes)])
    signs = _signs(coordinates)
    return Fit(
        Basis(landmarks, zeta, basis.weights * signs, basis.offset * signs), coordinates * signs,
        np.maximum(values[::-1][:n_components], 0.0), float(np.trace(covariance)) + missed, missed,
    )  # fmt: skip


def farthest(pool: Array, n: int, zeta: int) -> NDArray[np.int64]:
    """Choose rows far from each other: the first, then always the one farthest from all chosen, in feature space."""
    own = np.sum(pool * pool, axis=1) ** zeta
    chosen = [0]
    distance = np.full(len(pool), np.inf)
    while len(chosen) < n:
        last = chosen[-1]
        distance = np.minimum(distance, own + own[last] - 2.0 * kernel(pool, pool[last : last + 1], zeta)[:, 0])
        distance[last] = -np.inf
        chosen.append(int(np.argmax(distance)))
    return np.array(chosen, dtype=np.int64)


def _similarities(x: Array, landmarks: Array, zeta: int) -> Array:
    """Kernel with the landmarks, (n, m), and in one more column with itself."""
    return np.column_stack([kernel(x, landmarks, zeta), np.sum(x * x, axis=1) ** zeta])


def _parted(block: Array) -> tuple[Array, Array]:
    return block[:, :-1], block[:, -1]


def _whitening(gram: Array) -> Array:
    """U Λ^(-1/2), (m, r), without the directions that are rounding."""
    values, vectors = np.linalg.eigh(gram)
    kept = values > _RANK * values[-1]
    whiten: Array = vectors[:, kept] / np.sqrt(values[kept])
    return whiten


def _signs(coordinates: Array) -> Array:
    """+1 or −1 for each axis; among coordinates equal to rounding the first decides."""
    sizes = np.abs(coordinates)
    first = np.argmax(sizes >= (1.0 - 1e-6) * sizes.max(axis=0), axis=0)
    return np.where(coordinates[first, np.arange(coordinates.shape[1])] < 0.0, -1.0, 1.0)
