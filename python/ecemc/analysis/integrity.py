"""Do the molecules stay what they were? Every bond broken or formed, and what it made of which molecule."""

from __future__ import annotations

__all__ = ["BondChange", "Integrity", "IntegrityRecorder"]

from collections import Counter
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from ase.data import chemical_symbols
from ase.formula import Formula

from ecemc import _core
from ecemc.molecules import DEFAULT_SCALE
from ecemc.species import species_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from ecemc.analysis.state import State
    from ecemc.rdf import Group

#: Frames with broken or formed bonds that are described one by one; :attr:`Integrity.events` holds all of them.
MAX_CHANGES = 100
#: Bonds named in such a description.
MAX_BONDS = 10


@dataclass(frozen=True)
class BondChange:
    """A frame in which bonds break or form, compared with the frame of the same system before it."""

    #: number of the frame
    frame: int
    #: how many bonds break and how many form
    n_broken: int
    n_formed: int
    #: the first few of them, such as ``"C12-O15"`` (element and 0-based atom number)
    broken: tuple[str, ...]
    formed: tuple[str, ...]
    #: molecules that appear and disappear by that, by species
    appeared: dict[str, int]
    disappeared: dict[str, int]


@dataclass(frozen=True, eq=False)
class Integrity:
    """Bonds and species over a run."""

    #: molecules by species in the first frame of each system (frames of the same elements in the same order)
    compositions: tuple[dict[str, int], ...]
    #: (n_frames,) int64, system of each frame, a number into ``compositions``
    system: NDArray[np.int64]
    #: (n_frames,) int64, number of bonds that differ from those of the first frame of the same system
    n_changed: NDArray[np.int64]
    #: (n_events, 4) int64: frame, two atoms, 1 for a bond that forms and -1 for one that breaks
    events: NDArray[np.int64]
    #: the first frames with events
    changes: tuple[BondChange, ...]
    #: species of molecules bonded to their own periodic image, in any frame
    infinite: tuple[str, ...]
    #: number of the first frame
    first_frame: int = 0

    @property
    def changed_frames(self) -> tuple[int, ...]:
        """Numbers of all frames whose bonds differ from those of the first frame of the same system."""
        return tuple((self.first_frame + np.flatnonzero(self.n_changed)).tolist())

    @property
    def longest_change(self) -> int:
        """Longest stretch of frames with changed bonds; a bond at the edge of the criterion comes back at once."""
        edges = np.diff(np.concatenate([[0], self.n_changed != 0, [0]]).astype(np.int64))
        return int(np.max(np.flatnonzero(edges == -1) - np.flatnonzero(edges == 1), initial=0))


class IntegrityRecorder:
    """Follows the molecules from frame to frame."""

    def __init__(
        self, scale: float = DEFAULT_SCALE, factors: Iterable[tuple[int, float]] = (), *, first_frame: int = 0
    ) -> None:
        self._tracker = _core.MoleculeTracker(scale, list(factors))
        self._first_frame = first_frame
        #: Kinds of the molecules in the first frame of each system.
        self._kinds: list[NDArray[np.int64]] = []
        self._system: list[NDArray[np.int64]] = []
        self._infinite: set[int] = set()

    def add(self, first: int, frames: _core.Frames, *, n_threads: int | None = None) -> _core.TrackedMolecules:
        """Find the molecules of the next frames, of which ``first`` is the number of the first."""
        tracked = self._tracker.add(first, frames, n_threads)
        system = tracked.system
        while len(self._kinds) <= system.max(initial=-1):
            self._kinds.append(tracked.kinds(int(np.argmax(system == len(self._kinds)))))
        self._system.append(system)
        self._infinite.update(tracked.infinite)
        return tracked

    def merge(self, later: IntegrityRecorder) -> NDArray[np.int64]:
        """Append what was recorded of the frames that follow; gives the number here of each of their kinds."""
        n_known = len(self._kinds)
        kinds = np.array(self._tracker.merge(later._tracker), dtype=np.int64)
        place = {numbers.tobytes(): k for k, (numbers, _, _) in enumerate(self._tracker.systems)}
        systems = np.array(
            [place[numbers.tobytes()] for numbers, _, _ in later._tracker.systems],
            dtype=np.int64,
        )
        for system, first in sorted(zip(systems.tolist(), later._kinds, strict=True), key=itemgetter(0)):
            if system >= n_known:
                self._kinds.append(kinds[first])
        self._system += [systems[part] for part in later._system]
        self._infinite.update(kinds[sorted(later._infinite)].tolist())
        return kinds

    def names(self) -> list[str]:
        """Name of the species of each kind of molecule that the tracker has met."""
        return [
            species_name(fingerprint, formula, n_atoms, infinite)
            for fingerprint, formula, n_atoms, infinite in self._tracker.fingerprints
        ]

    def formulas(self) -> dict[str, str]:
        """Give the formula in Hill order of each species, by name."""
        return {name: kind[1] for name, kind in zip(self.names(), self._tracker.fingerprints, strict=True)}

    def groups(self, kinds: NDArray[np.int64]) -> list[Group]:
        """Centres of mass of some kinds of molecules as groups of an :class:`ecemc.RDFAccumulator`."""
        known = self._tracker.fingerprints
        return sorted((*known[kind], 0) for kind in set(kinds.tolist()))

    def save(self, state: State) -> None:
        """Put everything into a state."""
        state.put("tracker", self._tracker.to_bytes())
        state.put("system", np.concatenate([np.zeros(0, dtype=np.int64), *self._system]))
        state.put("infinite", np.array(sorted(self._infinite), dtype=np.int64))
        state.put("first_frame", np.array([self._first_frame]))
        for system, kinds in enumerate(self._kinds):
            state.part("kinds").put(str(system), kinds)

    @classmethod
    def load(cls, state: State) -> IntegrityRecorder:
        """Go on from a state."""
        recorder = cls(first_frame=int(state.array("first_frame", np.int64)[0]))
        recorder._tracker = _core.MoleculeTracker.from_bytes(state.blob("tracker"))
        recorder._system = [state.array("system", np.int64)]
        recorder._infinite = set(state.array("infinite", np.int64).tolist())
        kinds = state.part("kinds")
        recorder._kinds = [kinds.array(str(system), np.int64) for system in range(len(kinds.names()))]
        return recorder

    def result(self) -> Integrity:
        """Everything so far."""
        names = self.names()
        system = np.concatenate([np.zeros(0, dtype=np.int64), *self._system])
        events = self._tracker.events
        graphs = [_Graph(numbers, bonds) for numbers, bonds, _ in self._tracker.systems]
        n_changed, changes = _replay(graphs, system, events, self._first_frame)
        return Integrity(
            compositions=tuple(dict(sorted(Counter(names[kind] for kind in kinds).items())) for kinds in self._kinds),
            system=system,
            n_changed=n_changed,
            events=events,
            changes=tuple(changes),
            infinite=tuple(sorted({names[kind] for kind in self._infinite})),
            first_frame=self._first_frame,
        )


class _Change(NamedTuple):
    """What happens in one frame."""

    frame: int
    broken: list[tuple[int, int]]
    formed: list[tuple[int, int]]


def _replay(
    graphs: list[_Graph], system: NDArray[np.int64], events: NDArray[np.int64], first_frame: int
) -> tuple[NDArray[np.int64], list[BondChange]]:
    """Count the bonds that differ from the first frame's, frame by frame, and describe the first changes."""
    n_changed = np.zeros(len(system), dtype=np.int64)
    differing: list[set[tuple[int, int]]] = [set() for _ in graphs]
    steps: dict[int, list[tuple[int, int]]] = {}
    changes: list[BondChange] = []
    for change in _changes(events):
        place = change.frame - first_frame
        number = int(system[place])
        # A bond that breaks and comes back is no difference.
        differing[number].symmetric_difference_update(change.broken + change.formed)
        steps.setdefault(number, [(-1, 0)]).append((place, len(differing[number])))
        if len(changes) < MAX_CHANGES:
            changes.append(graphs[number].apply(change))
    for number, of_system in steps.items():
        places, counts = np.array(of_system, dtype=np.int64).T
        frames = np.flatnonzero(system == number)
        n_changed[frames] = counts[np.searchsorted(places, frames, side="right") - 1]
    return n_changed, changes


def _changes(events: NDArray[np.int64]) -> Iterable[_Change]:
    """Events frame by frame, in order."""
    frames, starts = np.unique(events[:, 0], return_index=True)
    bounds = [*starts.tolist(), len(events)]
    for frame, start, stop in zip(frames.tolist(), bounds, bounds[1:], strict=False):
        bonds: dict[int, list[tuple[int, int]]] = {-1: [], 1: []}
        for _, i, j, sign in events[start:stop].tolist():
            bonds[sign].append((i, j))
        yield _Change(frame, bonds[-1], bonds[1])


class _Graph:
    """Atoms and bonds of a system as they are at some frame."""

    def __init__(self, numbers: NDArray[np.integer], bonds: NDArray[np.int64]) -> None:
        self._numbers = numbers.tolist()
        self._bonds = bonds
        self._neighbours: dict[int, set[int]] | None = None

    def apply(self, change: _Change) -> BondChange:
        """Change the bonds and tell what molecules that makes of which."""
        neighbours = self._adjacency()
        touched = {atom for bond in change.broken + change.formed for atom in bond}
        before = Counter(self._species(touched))
        for i, j in change.broken:
            neighbours[i].discard(j)
            neighbours[j].discard(i)
        for i, j in change.formed:
            neighbours[i].add(j)
            neighbours[j].add(i)
        after = Counter(self._species(touched))
        return BondChange(
            frame=change.frame,
            n_broken=len(change.broken),
            n_formed=len(change.formed),
            broken=self._names(change.broken),
            formed=self._names(change.formed),
            appeared=dict(sorted((after - before).items())),
            disappeared=dict(sorted((before - after).items())),
        )

    def _adjacency(self) -> dict[int, set[int]]:
        """Bonded atoms of each atom; made only where something happens."""
        if self._neighbours is None:
            self._neighbours = {atom: set() for atom in range(len(self._numbers))}
            for i, j in self._bonds.tolist():
                self._neighbours[i].add(j)
                self._neighbours[j].add(i)
        return self._neighbours

    def _species(self, atoms: set[int]) -> Iterable[str]:
        """Names of the molecules that atoms belong to."""
        neighbours, seen = self._adjacency(), set[int]()
        for atom in sorted(atoms):
            if atom in seen:
                continue
            molecule, queue = {atom}, [atom]
            while queue:
                found = neighbours[queue.pop()] - molecule
                molecule |= found
                queue.extend(found)
            seen |= molecule
            yield self._name(sorted(molecule))

    def _name(self, molecule: list[int]) -> str:
        place = {atom: k for k, atom in enumerate(molecule)}
        numbers = [self._numbers[atom] for atom in molecule]
        bonds = [(place[i], place[j]) for i in molecule for j in sorted(self._adjacency()[i]) if i <= j]
        formula = Formula.from_list([chemical_symbols[z] for z in numbers]).format("hill")
        return species_name(_core.graph_fingerprint(numbers, bonds), formula, len(molecule), infinite=False)

    def _names(self, bonds: list[tuple[int, int]]) -> tuple[str, ...]:
        label = {atom: f"{chemical_symbols[self._numbers[atom]]}{atom}" for bond in bonds[:MAX_BONDS] for atom in bond}
        return tuple(f"{label[i]}-{label[j]}" for i, j in bonds[:MAX_BONDS])
