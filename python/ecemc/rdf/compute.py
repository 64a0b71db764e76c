"""RDFs of frames in one call."""

from __future__ import annotations

__all__ = ["rdf"]

from itertools import chain
from typing import TYPE_CHECKING, Any, cast

from ecemc.errors import InputError
from ecemc.frames import batches
from ecemc.molecules import molecule_tracker
from ecemc.rdf.accumulator import RDFAccumulator
from ecemc.rdf.groups import rdf_groups

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ecemc import _core
    from ecemc.frames import Input
    from ecemc.molecules import Molecules
    from ecemc.rdf.groups import Group
    from ecemc.rdf.result import RDF

#: Species that do not appear in that many frames get no group of their own.
_FIRST_FRAMES = 64


def rdf(
    frames: Input,
    r_max: float,
    n_bins: int,
    *,
    by: str = "element",
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
        One ``Atoms`` object, a list or any iterator, or batches of :func:`ecemc.iread_batches`. Each frame needs three
        cell vectors; composition and number of atoms may change.
    r_max
        Å, finite and > 0; beyond half the cell and beyond the cell all periodic images count. Along non-periodic axes
        g(r) is still relative to the mean density of the whole cell.
    n_bins
        Number of bins of equal width, 1 to 10000; bin k holds ``k dr <= r < (k + 1) dr``, to rounding.
    by
        What the pairs are told apart by: ``"element"``, with keys such as ``("C", "O")``; ``"species"``, element and
        species, ``("EC.O", "EMC.H")``; ``"center"``, centres of mass by species, ``("EC", "EMC")``, all of them
        intermolecular. Species that do not appear in the first 64 frames are ``"other"``.
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
        For bad parameters, no frames, a frame without atoms or volume, NaN positions; with ``by`` for more than 64
        groups or given molecules.
    InfiniteMoleculeError
        If centres of mass are asked of a molecule that is bonded to its own periodic image.

    Examples
    --------
    >>> from ase.build import molecule
    >>> water = molecule("H2O", cell=[3.1, 3.1, 3.1], pbc=True)
    >>> found = rdf(water, r_max=2.0, n_bins=20)
    >>> found.coordination_intra["O", "H"][-1], found.coordination_intra["H", "O"][-1]
    (np.float64(2.0), np.float64(1.0))
    >>> list(rdf(water, r_max=2.0, n_bins=20, by="species").inter)
    [('H2O.H', 'H2O.H'), ('H2O.H', 'H2O.O'), ('H2O.O', 'H2O.O')]
    """
    if molecules is not None:
        if by != "element":
            message = f"molecules: are found anew for by={by!r}; leave them out"
            raise InputError(message)
        accumulator = RDFAccumulator(r_max, n_bins)
        accumulator.add(cast("Any", frames), molecules, n_threads=n_threads)
        return accumulator.result(normalization)
    return _tracked(frames, (r_max, n_bins), by, n_threads).result(normalization)


def _tracked(frames: Input, bins: tuple[float, int], by: str, n_threads: int | None) -> RDFAccumulator:
    """Count batch by batch; groups are those of the first frames, however these are cut into batches."""
    rest = batches(frames)
    ahead: list[_core.Frames] = []
    while sum(map(len, ahead)) < _FIRST_FRAMES and (portion := next(rest, None)) is not None:
        ahead.append(portion)
    accumulator = RDFAccumulator(*bins, groups=None if by == "element" else _groups(ahead, by))
    tracker, first = molecule_tracker(), 0
    for portion in chain(ahead, rest):
        tracked = tracker.add(first, portion, n_threads)
        accumulator.add_frames(portion, tracked, start=first, n_threads=n_threads)
        first += len(portion)
    return accumulator


def _groups(ahead: list[_core.Frames], by: str) -> list[Group]:
    tracker, first = molecule_tracker(), 0
    for portion in ahead:
        tracker.add(first, portion.slice(0, _FIRST_FRAMES - first))
        first += len(portion)
        if first >= _FIRST_FRAMES:
            break
    return rdf_groups(tracker, by)
