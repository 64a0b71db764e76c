"""Sums over frames from which RDFs follow."""

from __future__ import annotations

__all__ = ["RDFAccumulator"]

from typing import TYPE_CHECKING, Any

from ase.data import atomic_masses

from ecemc import _core
from ecemc.errors import InputError
from ecemc.frames import atomic_numbers, geometry, iterate
from ecemc.molecules import Molecules, checked
from ecemc.rdf.groups import group_names
from ecemc.rdf.result import RDF

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ase import Atoms

    from ecemc.rdf.groups import Group

#: Frames, and atoms, that are handed to the kernel at once.
_FRAMES, _ATOMS = 64, 500_000


class RDFAccumulator:
    """Sums from which RDFs follow; add frames as they come, merge parts of a trajectory.

    All sums are exact: the same frames give the same bits in whatever order and on however many threads or processes
    they were added. Memory does not grow with the number of frames. Can be pickled.

    Parameters
    ----------
    r_max
        Å, finite and > 0; beyond half the cell and beyond the cell all periodic images count.
    n_bins
        Number of bins of equal width, 1 to 10000.
    groups
        What :func:`rdf_groups` gives; default elements. Groups are fixed beforehand, so that parts of a trajectory can
        be merged; whatever belongs to none of them is counted as ``"other"``.

    Raises
    ------
    InputError
        If a parameter is out of range.

    Examples
    --------
    >>> from ase.build import molecule
    >>> water = molecule("H2O", cell=[3.1, 3.1, 3.1], pbc=True)
    >>> first, second = RDFAccumulator(6.0, 30), RDFAccumulator(6.0, 30)
    >>> first.add(water)
    >>> second.add(water, start=1)
    >>> first.merge(second)
    >>> first.result().n_frames
    2
    """

    def __init__(self, r_max: float, n_bins: int, groups: Iterable[Group] | None = None) -> None:
        chosen = None if groups is None else list(groups)
        self._sums = _core.RDFAccumulator(_number("r_max", float, r_max), _number("n_bins", int, n_bins), chosen)

    def add(
        self,
        frames: Atoms | Iterable[Atoms],
        molecules: Molecules | Iterable[Molecules] | None = None,
        *,
        start: int | None = None,
        n_threads: int | None = None,
    ) -> None:
        """Count the pairs of consecutive frames.

        Parameters
        ----------
        frames
            One ``Atoms`` object, a list or any iterator, read in portions.
        molecules
            Results of :func:`ecemc.find_molecules` for these very frames; found with the default bond criterion if not
            given. Networks bonded to their own periodic copies are no molecules: all their pairs are intermolecular.
        start
            Number of the first of these frames in the whole trajectory, which decides the block it belongs to. Default:
            after the last frame so far.
        n_threads
            Default: ``ECEMC_NUM_THREADS``, else ``OMP_NUM_THREADS``, else all cores. Does not change the result.

        Raises
        ------
        InputError
            For a frame without atoms or volume, NaN positions, molecules that do not fit; frames before its portion
            (up to 64 frames) stay added. For groups other than elements: they need :meth:`add_frames`.
        """
        if self._sums.groups is not None:
            message = (
                "groups: atoms are told apart by their molecules; add frames with add_frames and a molecule tracker"
            )
            raise InputError(message)
        first = self._sums.next_frame() if start is None else _number("start", int, start)
        for portion in _portions(_with_molecules(frames, molecules)):
            self._sums.add(first, portion, n_threads)
            first += len(portion)

    def add_frames(
        self,
        frames: _core.Frames,
        tracked: _core.TrackedMolecules,
        *,
        start: int | None = None,
        n_threads: int | None = None,
    ) -> None:
        """Count the pairs of a batch of consecutive frames whose molecules a tracker has found.

        Parameters
        ----------
        frames, tracked
            A batch, see :func:`ecemc.frames.batch`, and what the tracker gave for it.
        start, n_threads
            As in :meth:`add`.

        Raises
        ------
        InputError
            As :meth:`add`; nothing is added then.
        InfiniteMoleculeError
            If centres of mass are asked of a molecule that is bonded to its own periodic image.
        """
        first = self._sums.next_frame() if start is None else _number("start", int, start)
        self._sums.add_frames(first, frames, tracked, atomic_masses, n_threads)

    def merge(self, other: RDFAccumulator) -> None:
        """Add the sums of other frames of the same trajectory, counted in the same bins.

        Parameters
        ----------
        other
            Stays as it is. Its frames must have been numbered by ``start``, and none of them be in both.

        Raises
        ------
        InputError
            If the bins or groups differ.
        """
        self._sums.merge(other._sums)

    @property
    def groups(self) -> list[Group] | None:
        """What the atoms are told apart by, None for elements."""
        return self._sums.groups

    def empty(self) -> RDFAccumulator:
        """Give one with the same bins and groups and no frames."""
        return RDFAccumulator(*self._sums.bins(), groups=self.groups)

    @property
    def n_frames(self) -> int:
        """Number of frames so far."""
        return self._sums.n_frames()

    def result(self, normalization: str = "pair") -> RDF:
        """Normalise, see :func:`rdf`; more frames can be added afterwards.

        Raises
        ------
        InputError
            Without frames, or for an unknown normalization.
        """
        if normalization not in {"pair", "total"}:
            message = f"normalization: got {normalization!r}, expected 'pair' or 'total'"
            raise InputError(message)
        found = self._sums.result(normalization == "total")
        names = group_names(self._sums.groups)
        pairs = ((names.get(a, a), names.get(b, b), part) for (a, b), part in found["parts"].items())
        parts = dict(sorted(((min(a, b), max(a, b)), part) for a, b, part in pairs))
        coordination = {(names.get(a, a), names.get(b, b)): part for (a, b), part in found["coordination"].items()}
        coordination = dict(sorted(coordination.items()))
        edges = found["edges"]
        return RDF(
            r=0.5 * (edges[1:] + edges[:-1]),
            edges=edges,
            intra={pair: intra[0] for pair, (intra, _) in parts.items()},
            inter={pair: inter[0] for pair, (_, inter) in parts.items()},
            total=found["total"][0],
            coordination_intra={pair: intra for pair, (intra, _) in coordination.items()},
            coordination_inter={pair: inter for pair, (_, inter) in coordination.items()},
            stderr_intra={pair: intra[1] for pair, (intra, _) in parts.items()},
            stderr_inter={pair: inter[1] for pair, (_, inter) in parts.items()},
            stderr_total=found["total"][1],
            n_frames=found["n_frames"],
            n_blocks=found["n_blocks"],
            block_length=found["block_length"],
            normalization=normalization,
        )

    def to_bytes(self) -> bytes:
        """Give the whole state, for checkpoints; equal sums give equal bytes."""
        return self._sums.to_bytes()

    @classmethod
    def from_bytes(cls, state: bytes) -> RDFAccumulator:
        """Take up the state that :meth:`to_bytes` returned.

        Raises
        ------
        InputError
            If the bytes are damaged or of another version.
        """
        accumulator = cls.__new__(cls)
        accumulator._sums = _core.RDFAccumulator.from_bytes(bytes(state))  # noqa: SLF001 (its own)
        return accumulator

    def __reduce__(self) -> tuple[Callable[[bytes], RDFAccumulator], tuple[bytes]]:
        """Pickle by way of bytes."""
        return self.from_bytes, (self.to_bytes(),)


def _with_molecules(
    frames: Atoms | Iterable[Atoms], molecules: Molecules | Iterable[Molecules] | None
) -> Iterator[tuple[Any, ...]]:
    """Frames as the kernel takes them."""
    if molecules is None:
        yield from ((*_arrays(atoms), None) for atoms in iterate(frames))
        return
    # Positions of different frames may be wrapped differently, so each needs its own molecules.
    given = iter([molecules] if isinstance(molecules, Molecules) else molecules)
    for atoms in iterate(frames):
        found = next(given, None)
        if found is None:
            message = "molecules: got fewer than frames, expected the result of find_molecules for each frame"
            raise InputError(message)
        checked(found)
        yield (*_arrays(atoms), (found.index, found.image, found.infinite))


def _arrays(atoms: Atoms) -> tuple[Any, ...]:
    return (*geometry(atoms), atomic_numbers(atoms))


def _portions(frames: Iterator[tuple[Any, ...]]) -> Iterator[list[tuple[Any, ...]]]:
    """Cut into lists of frames that are not too large."""
    portion: list[tuple[Any, ...]] = []
    n_atoms = 0
    for frame in frames:
        portion.append(frame)
        n_atoms += len(frame[0])
        if len(portion) == _FRAMES or n_atoms >= _ATOMS:
            yield portion
            portion, n_atoms = [], 0
    if portion:
        yield portion


def _number(name: str, kind: Callable[[Any], Any], value: Any) -> Any:
    """Convert an argument, or say which one is no number."""
    try:
        number = kind(value)
        if number == value and (kind is float or number >= 0):
            return number
    except (TypeError, ValueError, OverflowError):
        pass
    message = f"{name}: got {value!r}, expected a {'whole number >= 0' if kind is int else 'number'}"
    raise InputError(message)
