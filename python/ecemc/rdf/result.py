"""Partial RDFs as a result."""

from __future__ import annotations

__all__ = ["RDF"]

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Pair = tuple[str, str]
    Curves = dict[Pair, NDArray[np.float64]]


@dataclass(frozen=True, eq=False, repr=False)
class RDF:
    """Partial RDFs by pair of elements or other groups, see :func:`rdf`; all arrays have shape (n_bins,).

    Keys of ``intra``, ``inter`` and their errors are pairs of symbols in alphabetical order, ``("C", "O")``. Those of
    the coordination numbers have both orders: ``("C", "O")`` counts O around C, ``("O", "C")`` counts C around O.

    Errors are standard errors of the mean from up to 32 blocks of consecutive frames (``block_length`` frames each, a
    power of two); NaN with fewer than two blocks, and too small as long as blocks are shorter than the correlation
    time.

    Examples
    --------
    >>> from ase.build import bulk
    >>> from ecemc import rdf
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


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {"-".join(pair): _plain(curve) for pair, curve in value.items()}
    if isinstance(value, np.ndarray):
        return [None if np.isnan(x) else x for x in value.tolist()]
    return value
