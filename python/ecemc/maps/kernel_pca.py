"""Kernel principal component analysis of a data set, in memory that does not depend on its size."""

from __future__ import annotations

__all__ = ["KernelPCA", "KernelPCAOptions", "kernel_pca"]

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from ecemc import keys
from ecemc.errors import InputError
from ecemc.frames import atomic_numbers, iterate
from ecemc.maps.descriptors import Descriptor, descriptors
from ecemc.maps.nystrom import farthest, fit
from ecemc.maps.points import Choice, Points, find_points, symbols
from ecemc.text import plain
from ecemc.trajectory import Trajectory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ase import Atoms
    from numpy.typing import NDArray

    from ecemc.maps.nystrom import Basis

    Array = NDArray[np.float64]
    Source = Callable[[], Iterable[Atoms]]

#: Bytes of kernel values kept for the second pass; above, descriptors are computed twice.
_KEPT = 256 * 1024**2
#: Candidates for each landmark among which the farthest are taken.
_CANDIDATES = 8


@dataclass(frozen=True)
class KernelPCAOptions:
    """What is mapped, and how.

    Examples
    --------
    >>> KernelPCAOptions(by="EC:C1", n_landmarks=200).zeta
    4
    """

    #: ``"frame"``: a point for each configuration; ``"C"``: for each atom of an element; ``"EC:C"``, ``"EC:C1"``: for
    #: each atom of an element, or of an atom type (:func:`ecemc.maps.atom_types`), in the molecules of a species
    by: str = "frame"
    #: a name of :data:`ecemc.maps.PRESETS`, or QUIP's ``"soap ..."`` or ``"soap_turbo ..."`` without centre and species
    descriptor: str = "soap"
    #: exponent of the kernel, a whole number as in a GAP
    zeta: int = 4
    n_components: int = 2
    #: all points if there are no more
    n_landmarks: int = 500
    #: ``"random"``, or ``"farthest"``: far from each other, which gives rare environments a say
    landmarks: str = "random"
    #: of the choice of landmarks
    seed: int = 1

    def __post_init__(self) -> None:
        """Refuse what makes no map."""
        Choice.parse(self.by)
        for name in ("zeta", "n_components", "n_landmarks"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise InputError(f"{name}: got {value!r}, expected a whole number > 0")
        if not isinstance(self.seed, int) or self.seed < 0:
            raise InputError(f"seed: got {self.seed!r}, expected a whole number >= 0")
        if self.landmarks not in {"random", "farthest"}:
            raise InputError(f"landmarks: got {self.landmarks!r}, expected 'random' or 'farthest'")


@dataclass(frozen=True, eq=False)
class KernelPCA:
    """A map: points and their coordinates.

    Attributes
    ----------
    points
        What the points are.
    coordinates
        (n, n_components), centred; the unit is that of the kernel's feature space, where every environment has length
        one. The coordinate of largest magnitude is positive on each axis.
    explained_variance_ratio
        (n_components,) share of the variance of all points, in all directions, along each axis.
    missed_variance_ratio
        Share of the variance outside the span of the landmarks, which no axis can show; 0 if all points are landmarks.
    n_landmarks
        Landmarks used.
    descriptor
        With the elements of the data.
    """

    options: KernelPCAOptions
    points: Points
    coordinates: Array
    explained_variance_ratio: Array
    missed_variance_ratio: float
    descriptor: Descriptor
    basis: Basis

    @property
    def n_landmarks(self) -> int:
        """Landmarks used."""
        return len(self.basis.landmarks)

    def project(self, frames: Atoms | Iterable[Atoms] | Trajectory) -> KernelPCA:
        """Place other configurations in this map; axes and variances stay those of the map.

        Raises
        ------
        InputError
            If they hold an element that the map's data did not, or nothing of what the map shows.
        """
        source = open_again(frames)
        points = find_points(source(), Choice.parse(self.options.by))
        if other := set(points.elements) - set(self.descriptor.elements):
            raise InputError(
                f"frames: hold {', '.join(symbols(tuple(sorted(other))))}, but the map was made from "
                f"{', '.join(symbols(self.descriptor.elements))} only"
            )
        placed = [self.basis.transform(x) for x in _blocks(source, points, self.descriptor)]
        return replace(self, points=points, coordinates=np.concatenate(placed))

    def columns(self) -> dict[str, list[Any]]:
        """Table of the points by heading: frame, atom, what they are, what their frames say, ``pc1``, ``pc2``, ..."""
        table: dict[str, list[Any]] = {"frame": self.points.frame.tolist()}
        if not self.points.whole:
            table |= {"atom": self.points.atom.tolist()}
        shown = [name for name in self.points.names if name != keys.CONFIG_TYPE]
        if keys.CONFIG_TYPE in self.points.names:
            shown.insert(0 if self.points.whole else 2, keys.CONFIG_TYPE)
        table |= {name: self.points.values(name) for name in shown}
        return table | {f"pc{k + 1}": axis.tolist() for k, axis in enumerate(self.coordinates.T)}

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, texts, lists and dictionaries, for JSON."""
        record = {
            "options": asdict(self.options),
            "elements": symbols(self.descriptor.elements),
            "n_points": len(self.points),
            "n_frames": len(self.points.frames),
            "n_landmarks": self.n_landmarks,
            "explained_variance_ratio": self.explained_variance_ratio,
            "missed_variance_ratio": self.missed_variance_ratio,
            "points": self.columns(),
        }
        return cast("dict[str, Any]", plain(record))


def kernel_pca(
    frames: Atoms | Iterable[Atoms] | Trajectory,
    options: KernelPCAOptions | None = None,
    *,
    progress: Callable[[int, float], None] | None = None,
) -> KernelPCA:
    """Map configurations, or their atoms, by kernel principal component analysis.

    The kernel between two atoms is ``(p·p')^zeta`` with their SOAP or Turbo-SOAP vectors. A configuration is described
    by the averages of its atoms' vectors, element by element, weighted with the square root of the element's share and
    normalised, so that carbon is never compared with hydrogen and the size of the box does not count. Landmarks chosen
    at random, with a seed, bound the memory (Nyström); if all points are landmarks the result is exact. Paper: figures
    7A and 8A.

    Parameters
    ----------
    frames
        Configurations in a list, or a :class:`ecemc.trajectory.Trajectory`, which stays on the disk. They are gone
        through three times, four if the kernel values of all points (8 bytes for each point and landmark) exceed
        256 MB. Frames of a single atom have no environment and are left out.
    options
        What is mapped, and how.
    progress
        Called with the number of points done in all passes, and the part of the work that this is.

    Raises
    ------
    InputError
        If nothing is found of what is asked for, the frames can be gone through only once, there are fewer points than
        axes, or the descriptor is refused.

    Examples
    --------
    >>> from ecemc.testing import liquid
    >>> boxes = [liquid(2, 2, density, seed=seed) for density in (0.3, 0.8) for seed in range(4)]
    >>> soap = "soap cutoff=4 n_max=4 l_max=2 atom_sigma=0.6"
    >>> found = kernel_pca(boxes, KernelPCAOptions(descriptor=soap))
    >>> found.coordinates.shape, found.points.values("composition")[0]
    ((8, 2), '2EC:2EMC')
    >>> bool((found.coordinates[:4, 0] > 0).all() != (found.coordinates[4:, 0] > 0).all())
    True
    """
    options = options or KernelPCAOptions()
    source = open_again(frames)
    points = find_points(source(), Choice.parse(options.by))
    if len(points) <= options.n_components:
        raise InputError(f"frames: hold {len(points)} points, expected more than n_components={options.n_components}")
    descriptor = Descriptor(options.descriptor, points.elements)
    candidates = _candidates(len(points), options)
    counter = _Counter(_work(len(points), len(candidates), options.n_landmarks), progress)
    landmarks = np.concatenate(list(counter.over(_blocks(source, points.take(candidates), descriptor))))
    if len(landmarks) > options.n_landmarks:
        landmarks = landmarks[np.sort(farthest(landmarks, options.n_landmarks, options.zeta))]
    exact = len(landmarks) == len(points)
    found = fit(
        lambda: iter([landmarks]) if exact else counter.over(_blocks(source, points, descriptor)),
        landmarks, options.zeta, options.n_components, limit=_KEPT,
    )  # fmt: skip
    if found.coordinates.shape[1] < options.n_components:
        raise InputError(
            f"frames: the points differ in {found.coordinates.shape[1]} directions only, expected at least "
            f"n_components={options.n_components}"
        )
    whole = found.total_variance if found.total_variance > 0.0 else np.inf
    return KernelPCA(
        options, points, found.coordinates, found.variance / whole, found.missed_variance / whole, descriptor,
        found.basis,
    )  # fmt: skip


def _work(n_points: int, n_candidates: int, n_landmarks: int) -> int:
    """Descriptors to compute in all passes."""
    if n_points <= n_landmarks:
        return n_points
    return n_candidates + n_points * (1 if 8 * n_points * (n_landmarks + 1) <= _KEPT else 2)


class _Counter:
    """Counts the points of all passes."""

    def __init__(self, total: int, progress: Callable[[int, float], None] | None) -> None:
        self._total, self._progress, self._done = total, progress, 0

    def over(self, blocks: Iterator[Array]) -> Iterator[Array]:
        for block in blocks:
            yield block
            self._done += len(block)
            if self._progress is not None:
                self._progress(self._done, min(1.0, self._done / self._total))


def open_again(frames: Atoms | Iterable[Atoms] | Trajectory) -> Source:
    """Give the frames from the start, each time the result is called."""
    if isinstance(frames, Trajectory):
        return frames.atoms
    again = iterate(frames)
    if iter(again) is again:
        raise InputError("frames: can be gone through only once; give a list, or an ecemc.trajectory.Trajectory")
    return lambda: again


def _candidates(n_points: int, options: KernelPCAOptions) -> NDArray[np.int64]:
    """Points that are, or may become, landmarks; ascending."""
    wanted = options.n_landmarks * (_CANDIDATES if options.landmarks == "farthest" else 1)
    if wanted >= n_points:
        return np.arange(n_points)
    return np.sort(np.random.default_rng(options.seed).choice(n_points, wanted, replace=False))


def _blocks(source: Source, points: Points, descriptor: Descriptor) -> Iterator[Array]:
    """Descriptors of the points, some at a time, in their order."""
    for k, atoms in enumerate(source()):
        centers = points.centers(k)
        try:
            if centers is None:
                yield _average(atoms, descriptor)[None]
            elif len(centers):
                yield descriptors(atoms, descriptor, centers)
        except InputError as error:
            raise InputError(f"frame {k}: {error}") from error


def _average(atoms: Atoms, descriptor: Descriptor) -> Array:
    """Averages by element, each times the square root of the element's share, as one vector of length one."""
    numbers = atomic_numbers(atoms)
    parts: list[Array | None] = []
    for element in descriptor.elements:
        of = np.flatnonzero(numbers == element)
        total = descriptors(atoms, descriptor, of).sum(axis=0) if len(of) else None
        parts.append(None if total is None else total / np.sqrt(len(of) * len(numbers)))
    size = next(len(part) for part in parts if part is not None)
    vector = np.concatenate([np.zeros(size) if part is None else part for part in parts])
    length = float(np.linalg.norm(vector))
    return vector / length if length > 0.0 else vector
