"""Partial radial distribution functions, intra- and intermolecular, over any number of frames."""

from __future__ import annotations

__all__ = ["RDF", "RDFAccumulator", "rdf"]

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from ecemc import _core
from ecemc.errors import InputError
from ecemc.frames import atomic_numbers, geometry, iterate
from ecemc.molecules import Molecules, checked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ase import Atoms
    from numpy.typing import NDArray

    Pair = tuple[str, str]
    Curves = dict[Pair, NDArray[np.float64]]

#: Frames, and atoms, that are handed to the kernel at once.
_FRAMES, _ATOMS = 64, 500_000


@dataclass(frozen=True, eq=False, repr=False)
class RDF:
    """Partial RDFs by pair of elements; all arrays have shape (n_bins,).

    Keys of ``intra``, ``inter`` and their errors are pairs of symbols in alphabetical order, ``("C", "O")``. Those of
    the coordination numbers have both orders: ``("C", "O")`` counts O around C, ``("O", "C")`` counts C around O.

    Errors are standard errors of the mean from up to 32 blocks of consecutive frames (``block_length`` frames each, a
    power of two); NaN with fewer than two blocks, and too small as long as blocks are shorter than the correlation
    time.

    Examples
    --------
    >>> from ase.build import bulk
    >>> argon = rdf(bulk("Ar", "fcc", a=5.26), r_max=5.0, n_bins=5)
    >>> argon, argon.coordination["Ar", "Ar"].tolist()
    (RDF(Ar-Ar; 5 bins to 5.0 Å; 1 frame), [0.0, 0.0, 0.0, 12.0, 12.0])
    """

    #: middle of each bin, Å
    r: NDArray[np.float64]
    #: (n_bins + 1,) bounds of the bins, Å; bin k holds ``edges[k] <= r < edges[k + 1]``
    edges: NDArray[np.float64]
    #: g_ab of atoms of the same molecule
    intra: Curves
    #: g_ab of atoms of different molecules, periodic copies of the same molecule included
    inter: Curves
    #: g(r) of all atoms, whatever the normalization of the parts
    total: NDArray[np.float64]
    #: mean number of b in the molecule of a, closer than the upper bound of the bin
    coordination_intra: Curves
    #: the same for b in other molecules
    coordination_inter: Curves
    #: standard errors of ``intra``
    stderr_intra: Curves
    #: standard errors of ``inter``
    stderr_inter: Curves
    #: standard errors of ``total``
    stderr_total: NDArray[np.float64]
    #: number of frames
    n_frames: int
    #: number of blocks behind the errors
    n_blocks: int
    #: frames in each full block
    block_length: int
    #: ``"pair"`` or ``"total"``
    normalization: str

    @property
    def coordination(self) -> Curves:
        """Mean number of all b closer than the upper bound of the bin around an a: intra plus inter."""
        return {pair: inter + self.coordination_intra[pair] for pair, inter in self.coordination_inter.items()}

    @property
    def stderr(self) -> Curves:
        """Standard errors of ``inter``, the part that fluctuates."""
        return self.stderr_inter

    def __repr__(self) -> str:
        """Say what there is."""
        pairs = ", ".join("-".join(pair) for pair in self.inter)
        plural = "" if self.n_frames == 1 else "s"
        return f"RDF({pairs}; {len(self.r)} bins to {float(self.edges[-1])} Å; {self.n_frames} frame{plural})"

    def to_dict(self) -> dict[str, Any]:
        """Plain lists and numbers, ready for JSON: pairs become ``"C-O"``, NaN becomes None."""
        return {field.name: _plain(getattr(self, field.name)) for field in fields(self)}


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

    def __init__(self, r_max: float, n_bins: int) -> None:
        self._sums = _core.RDFAccumulator(_number("r_max", float, r_max), _number("n_bins", int, n_bins))

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
            (up to 64 frames) stay added.
        """
        first = self._sums.next_frame() if start is None else _number("start", int, start)
        for portion in _portions(_with_molecules(frames, molecules)):
            self._sums.add(first, portion, n_threads)
            first += len(portion)

    def merge(self, other: RDFAccumulator) -> None:
        """Add the sums of other frames of the same trajectory, counted in the same bins.

        Parameters
        ----------
        other
            Stays as it is. Its frames must have been numbered by ``start``, and none of them be in both.

        Raises
        ------
        InputError
            If the bins differ.
        """
        self._sums.merge(other._sums)

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
        parts = {(a, b) if a <= b else (b, a): part for (a, b), part in found["parts"].items()}
        parts = dict(sorted(parts.items()))
        coordination = dict(sorted(found["coordination"].items()))
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


def rdf(
    frames: Atoms | Iterable[Atoms],
    r_max: float,
    n_bins: int,
    *,
    normalization: str = "pair",
    molecules: Molecules | Iterable[Molecules] | None = None,
    n_threads: int | None = None,
) -> RDF:
    r"""All partial RDFs, intra- and intermolecular, with coordination numbers and errors, in one pass.

    With the number :math:`n_{ab}(r)` of ordered pairs (every periodic image, an atom and itself left out) in the
    shell of volume :math:`\Delta V(r)`, and the volume :math:`V` of each frame on its own (right for NPT):

    * ``"pair"``: :math:`g_{ab} = \langle V n_{ab} / (N_a N_b \Delta V)\rangle` over the frames that have both elements;
      the intermolecular part tends to 1 (for a = b in a single molecule to 1 - 1/N_a),
    * ``"total"``: :math:`\langle V (n_{ab} + n_{ba} [a \neq b]) / (N^2 \Delta V) \rangle`; all intra- and
      intermolecular parts add up to the total g(r).

    A pair is intramolecular if both atoms belong to the same molecule and the image is that of the whole molecule; an
    atom and the periodic copy of its own molecule are intermolecular.

    Parameters
    ----------
    frames
        One ``Atoms`` object, a list or any iterator. Each frame needs three cell vectors; composition and number of
        atoms may change.
    r_max
        Å, finite and > 0; beyond half the cell and beyond the cell all periodic images count. Along non-periodic axes
        g(r) is still relative to the mean density of the whole cell.
    n_bins
        Number of bins of equal width, 1 to 10000; bin k holds ``k dr <= r < (k + 1) dr``, to rounding.
    normalization
        ``"pair"`` or ``"total"``.
    molecules
        Results of :func:`ecemc.find_molecules` for these very frames, in the same order; found with the default bond
        criterion if not given. Networks bonded to their own periodic copies are no molecules.
    n_threads
        Default: ``ECEMC_NUM_THREADS``, else ``OMP_NUM_THREADS``, else all cores. Does not change the result.

    Returns
    -------
    RDF
        ``.r``, ``.intra``, ``.inter``, ``.total``, ``.coordination``, ``.stderr`` and more.

    Raises
    ------
    InputError
        For bad parameters, no frames, a frame without atoms or volume, NaN positions.

    Examples
    --------
    >>> from ase.build import molecule
    >>> water = molecule("H2O", cell=[3.1, 3.1, 3.1], pbc=True)
    >>> found = rdf(water, r_max=2.0, n_bins=20)
    >>> found.coordination_intra["O", "H"][-1], found.coordination_intra["H", "O"][-1]
    (np.float64(2.0), np.float64(1.0))
    """
    accumulator = RDFAccumulator(r_max, n_bins)
    accumulator.add(frames, molecules, n_threads=n_threads)
    return accumulator.result(normalization)


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


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {"-".join(pair): _plain(curve) for pair, curve in value.items()}
    if isinstance(value, np.ndarray):
        return [None if np.isnan(x) else x for x in value.tolist()]
    return value
