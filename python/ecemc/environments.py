"""Local composition f(c|C): which molecules surround a molecule."""

from __future__ import annotations

__all__ = ["LocalEnvironments", "frame_environments", "local_environments", "named_environments"]

from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from ecemc import _core
from ecemc.errors import InputError
from ecemc.frames import iterate, reals
from ecemc.molecules import DEFAULT_SCALE, find_molecules, frame_with_molecules

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ase import Atoms
    from numpy.typing import NDArray

    from ecemc.molecules import Molecules, Scale

    Environment = tuple[str, tuple[tuple[str, int], ...]]


@dataclass(frozen=True, eq=False)
class LocalEnvironments:
    """How often molecules have which neighbours; results of parts of a trajectory add up with ``+``.

    Examples
    --------
    >>> from ase.build import molecule
    >>> first, second = (molecule("H2O", cell=[size] * 3, pbc=True).repeat(3) for size in (4, 5))
    >>> (local_environments(first, 4.5) + local_environments(second, 4.5)).distribution
    {'H2O': {(0,): 0.5, (6,): 0.5}}
    """

    #: Å, between centres of mass
    radius: float
    #: number of frames
    n_frames: int
    #: how often a molecule of a species (first) has neighbours of species (pairs of name and number, zeros left out)
    occurrences: Counter[Environment] = field(repr=False)

    def __add__(self, other: LocalEnvironments) -> LocalEnvironments:
        """Join the results of two parts of a trajectory."""
        if self.radius != other.radius:
            message = f"radius: cannot add local environments within {self.radius} Å and {other.radius} Å"
            raise InputError(message)
        return LocalEnvironments(self.radius, self.n_frames + other.n_frames, self.occurrences + other.occurrences)

    @cached_property
    def composition(self) -> dict[str, float]:
        """The global composition C: mean number of molecules per frame, by species."""
        totals: Counter[str] = Counter()
        for (central, _), times in self.occurrences.items():
            totals[central] += times
        return {name: totals[name] / self.n_frames for name in sorted(totals)}

    @property
    def species(self) -> tuple[str, ...]:
        """Names of all species: the order of the numbers in a composition."""
        return tuple(self.composition)

    @cached_property
    def counts(self) -> dict[str, dict[tuple[int, ...], int]]:
        """For each central species, how often each c occurs: numbers of neighbours in the order of ``species``."""
        table: dict[str, dict[tuple[int, ...], int]] = {name: {} for name in self.species}
        for (central, neighbours), times in sorted(self.occurrences.items()):
            present = dict(neighbours)
            table[central][tuple(present.get(name, 0) for name in self.species)] = times
        return table

    @cached_property
    def distribution(self) -> dict[str, dict[tuple[int, ...], float]]:
        """f(c|C): for each central species, the probability of each composition c."""
        totals = {name: sum(of.values()) for name, of in self.counts.items()}
        return {name: {c: times / totals[name] for c, times in of.items()} for name, of in self.counts.items()}

    @cached_property
    def mean(self) -> dict[str, NDArray[np.float64]]:
        """For each central species, the mean number of neighbours of each species, in the order of ``species``."""
        return {
            name: np.average(np.array(list(of), dtype=np.float64), axis=0, weights=list(of.values()))
            for name, of in self.counts.items()
        }


def local_environments(
    frames: Atoms | Iterable[Atoms], radius: float, *, scale: Scale = DEFAULT_SCALE, n_threads: int | None = None
) -> LocalEnvironments:
    """Count, around every molecule, the molecules of each species with centres of mass closer than ``radius``.

    The central molecule does not count; every periodic image within the radius does, its own included. The radius may
    exceed the cell, but images are no independent neighbours: keep it below half the cell for statistics.

    Parameters
    ----------
    frames
        One configuration, a list or any iterator.
    radius
        Å.
    scale
        Bond criterion, see :func:`ecemc.find_molecules`.
    n_threads
        See :func:`ecemc.find_molecules`.

    Raises
    ------
    InputError
        If there is no frame or the radius is not a finite number > 0.
    InfiniteMoleculeError
        If a molecule is bonded to its own periodic image.

    Examples
    --------
    >>> from ase.build import molecule
    >>> box = molecule("H2O", cell=[4, 4, 4], pbc=True).repeat(3)
    >>> local_environments(box, 4.5).distribution
    {'H2O': {(6,): 1.0}}
    """
    result: LocalEnvironments | None = None
    for atoms in iterate(frames):
        molecules = find_molecules(atoms, scale=scale, n_threads=n_threads)
        around = frame_environments(atoms, molecules, radius, n_threads=n_threads)
        result = around if result is None else result + around
    if result is None:
        message = "frames: got none, expected at least one"
        raise InputError(message)
    return result


def named_environments(sums: _core.EnvironmentAccumulator, names: Sequence[str]) -> LocalEnvironments | None:
    """Give the sums of many frames as :func:`local_environments` does; None if no frame was counted.

    Parameters
    ----------
    sums
        Frames with a molecule that is bonded to its own periodic image are not among them.
    names
        Name of each kind of molecule, see :func:`ecemc.molecules.kind_names`.
    """
    n_frames, _, found = sums.result()
    occurrences: Counter[Environment] = Counter()
    for central, around, times in found:
        present = tuple(sorted((names[kind], count) for kind, count in around))
        occurrences[names[central], present] += times
    return LocalEnvironments(sums.radius, n_frames, occurrences) if n_frames else None


def frame_environments(
    atoms: Atoms, molecules: Molecules, radius: float, *, n_threads: int | None = None
) -> LocalEnvironments:
    """:func:`local_environments` of one frame whose molecules are known."""
    within = reals("radius", radius, "a number in Å")
    if within.ndim:
        message = f"radius: got an array of shape {within.shape}, expected one number in Å"
        raise InputError(message)
    names = tuple(molecules.composition)
    place = {name: k for k, name in enumerate(names)}
    kinds = [place[name] for name in molecules.species]
    frame = frame_with_molecules(atoms, molecules)
    occurrences: Counter[Environment] = Counter()
    for (central, *around), times in _core.local_environments(frame, kinds, len(names), float(within), n_threads):
        present = tuple((name, count) for name, count in zip(names, around, strict=True) if count)
        occurrences[names[central], present] += times
    return LocalEnvironments(float(within), 1, occurrences)
