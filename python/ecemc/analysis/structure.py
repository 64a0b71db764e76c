"""Who is where around whom: RDFs of atoms and of centres of mass, local composition."""

from __future__ import annotations

__all__ = ["StructureRecorder"]

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ase.data import atomic_masses

from ecemc import _core
from ecemc.environments import LocalEnvironments
from ecemc.errors import InputError
from ecemc.rdf import RDFAccumulator

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from ecemc.analysis.batch import Batch
    from ecemc.analysis.options import AnalysisOptions
    from ecemc.analysis.state import State
    from ecemc.rdf import RDF, Group


class StructureRecorder:
    """Counts pairs of atoms, pairs of molecules, and neighbours of molecules.

    Parameters
    ----------
    atoms, centers, around
        Sums to go on with; the latter two are None once a molecule is infinite, so that it has no centre.
    """

    def __init__(
        self, atoms: RDFAccumulator, centers: RDFAccumulator | None, around: _core.EnvironmentAccumulator | None
    ) -> None:
        self._atoms, self._centers, self._around = atoms, centers, around

    @classmethod
    def start(cls, options: AnalysisOptions, kinds: Sequence[Group]) -> StructureRecorder:
        """Begin with nothing; ``kinds`` are those of molecules whose centres of mass are told apart."""
        bins, radius = (options.r_max or 0.0, options.n_bins or 0), options.local_radius or 0.0
        return cls(RDFAccumulator(*bins), RDFAccumulator(*bins, groups=kinds), _core.EnvironmentAccumulator(radius))

    def following(self) -> StructureRecorder:
        """Begin with nothing, for later frames in which the same kinds of molecules are told apart."""
        if self._centers is None or self._around is None:
            return StructureRecorder(self._atoms.empty(), None, None)
        return StructureRecorder(
            self._atoms.empty(), self._centers.empty(), _core.EnvironmentAccumulator(self._around.radius)
        )

    def add(self, batch: Batch, *, n_threads: int | None = None) -> None:
        """Take the next frames."""
        self._atoms.add_frames(batch.frames, batch.tracked, start=batch.first, n_threads=n_threads)
        if batch.tracked.infinite:
            self._centers = self._around = None
        if self._centers is not None and self._around is not None:
            # A molecule alone in its box has no neighbours to speak of.
            for first, frames, tracked in batch.where(batch.tracked.n_molecules > 1):
                self._centers.add_frames(frames, tracked, start=first, n_threads=n_threads)
                self._around.add(frames, tracked, atomic_masses, n_threads)

    def require_same(self, later: StructureRecorder) -> None:
        """Refuse what cannot be merged."""
        mine, theirs = self._centers, later._centers
        if mine is not None and theirs is not None and mine.groups != theirs.groups:
            raise InputError(
                "merge: the second part begins with other kinds of molecules than the first, so that their centres are "
                "told apart otherwise: analyse it with like= the first (command line: --like)"
            )

    def merge(self, later: StructureRecorder, kinds: NDArray[np.int64]) -> None:
        """Append the frames that follow; ``kinds`` are our numbers of their kinds of molecules."""
        self._atoms.merge(later._atoms)
        if self._centers is None or later._centers is None or self._around is None or later._around is None:
            self._centers = self._around = None
            return
        self._centers.merge(later._centers)
        self._around.merge(later._around, kinds.tolist())

    def rdf(self, elements: Collection[str] | None) -> RDF:
        """Of atoms, by pair of elements."""
        return _only(self._atoms.result(), elements)

    def centers(self, species: Collection[str] | None) -> RDF | None:
        """Of centres of mass, by pair of species."""
        if self._centers is None or not self._centers.n_frames:
            return None
        return _only(self._centers.result(), species)

    def environments(self, names: Sequence[str]) -> LocalEnvironments | None:
        """Local composition; ``names`` are those of the kinds of molecules. None for molecules that are alone."""
        n_frames, _, counts = (0, 0, []) if self._around is None else self._around.result()
        if self._around is None or not n_frames:
            return None
        occurrences: Counter[tuple[str, tuple[tuple[str, int], ...]]] = Counter()
        for central, around, times in counts:
            present: Counter[str] = Counter()
            for kind, number in around:
                present[names[kind]] += number
            occurrences[names[central], tuple(sorted(present.items()))] += times
        return LocalEnvironments(self._around.radius, n_frames, occurrences)

    def save(self, state: State) -> None:
        """Put everything into a state."""
        state.put("atoms", self._atoms.to_bytes())
        if self._centers is not None and self._around is not None:
            state.put("centers", self._centers.to_bytes())
            state.put("around", self._around.to_bytes())

    @classmethod
    def load(cls, state: State) -> StructureRecorder:
        """Go on from a state."""
        atoms = RDFAccumulator.from_bytes(state.blob("atoms"))
        if "centers" not in state:
            return cls(atoms, None, None)
        centers = RDFAccumulator.from_bytes(state.blob("centers"))
        return cls(atoms, centers, _core.EnvironmentAccumulator.from_bytes(state.blob("around")))


def _only(rdf: RDF, wanted: Collection[str] | None) -> RDF:
    """Keep the pairs of some elements or species; None means all."""
    if wanted is None:
        return rdf
    curves = (
        "intra", "inter", "coordination_intra", "coordination_inter", "stderr_intra", "stderr_inter",
    )  # fmt: skip
    chosen: dict[str, Any] = {
        name: {pair: curve for pair, curve in getattr(rdf, name).items() if set(pair) <= set(wanted)} for name in curves
    }
    return replace(rdf, **chosen)
