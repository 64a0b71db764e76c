"""Points of a map: whole configurations or chosen atoms, where they come from, what is known of them."""

from __future__ import annotations

__all__ = ["Choice", "Points", "find_points"]

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from ase.data import atomic_numbers as number_of
from ase.data import chemical_symbols

from ecemc import keys
from ecemc.errors import InputError
from ecemc.frames import atomic_numbers
from ecemc.maps.atom_types import atom_types
from ecemc.molecules import find_molecules
from ecemc.units import AMU_PER_A3_TO_G_PER_CM3

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ase import Atoms
    from numpy.typing import NDArray

    from ecemc.molecules import Molecules

_ATOM = re.compile(r"(?:(?P<species>[^:\s]+):)?(?P<element>[A-Z][a-z]?)(?P<number>\d*)")


@dataclass(frozen=True)
class Choice:
    """Whole configurations, or the atoms that make the map.

    Examples
    --------
    >>> Choice.parse("EC:C1")
    Choice(element='C', species='EC', type='EC:C1')
    >>> Choice.parse("frame").whole
    True
    """

    #: symbol; None for whole configurations
    element: str | None = None
    #: name of the molecules; None for all
    species: str | None = None
    #: such as ``"EC:C1"``; None for all of the element
    type: str | None = None

    @classmethod
    def parse(cls, by: str) -> Choice:
        """Understand ``"frame"``, ``"C"``, ``"EC:C"`` or ``"EC:C1"``."""
        if by == "frame":
            return cls()
        match = _ATOM.fullmatch(by)
        if match is None or match["element"] not in number_of or (match["number"] and not match["species"]):
            raise InputError(
                f"by: got {by!r}, expected 'frame', an element such as 'C', an element of a species such as 'EC:C', or "
                "an atom type of a species such as 'EC:C1'"
            )
        return cls(match["element"], match["species"], by if match["number"] else None)

    @property
    def whole(self) -> bool:
        """Whether the points are configurations."""
        return self.element is None

    def of(self, numbers: NDArray[np.int64], species: NDArray[Any], types: NDArray[Any]) -> NDArray[np.int64]:
        """Find the atoms that are meant."""
        wanted = numbers == number_of[self.element or "X"]
        if self.species is not None:
            wanted &= species == self.species
        if self.type is not None:
            wanted &= types == self.type
        return np.flatnonzero(wanted)


@dataclass(frozen=True, eq=False)
class Points:
    """Points of a map, in the order of the frames and, within a frame, of the atoms.

    Attributes
    ----------
    frame
        (n,) number of the frame, from 0.
    atom
        (n,) index of the atom in its frame; -1 for whole configurations.
    species, type
        For each atom the species of its molecule, and its type within it (:func:`ecemc.maps.atom_types`) such as
        ``"EC:C1"``; empty texts for whole configurations.
    frames
        Properties of every frame: all single numbers, truth values and texts of ``info``, and what is computed:
        ``composition`` such as ``"4EC:8EMC"``, the mole fraction of each species such as ``x_EC``, ``density``
        (g/cm³, of periodic cells).
    elements
        Atomic numbers in the frames that have points.
    """

    frame: NDArray[np.int64]
    atom: NDArray[np.int64]
    species: tuple[str, ...]
    type: tuple[str, ...]
    frames: tuple[dict[str, Any], ...]
    elements: tuple[int, ...]

    def __len__(self) -> int:
        """Count the points."""
        return len(self.frame)

    @property
    def whole(self) -> bool:
        """Whether the points are configurations."""
        return bool((self.atom < 0).all())

    @property
    def names(self) -> list[str]:
        """What :meth:`values` knows."""
        known = dict.fromkeys(key for frame in self.frames for key in frame)
        return [*([] if self.whole else ["species", "type"]), *known]

    def values(self, name: str) -> list[Any]:
        """Value of a property at each point; None where a frame lacks it.

        Raises
        ------
        InputError
            If no frame has it.
        """
        if name in {"species", "type"} and not self.whole:
            return list(self.species if name == "species" else self.type)
        if name not in self.names:
            raise InputError(f"color: nothing is called {name!r}; there are {', '.join(self.names)}")
        return [self.frames[frame].get(name) for frame in self.frame.tolist()]

    def numeric(self, name: str) -> bool:
        """Whether a property is a number wherever it is known, not a truth value or text.

        Raises
        ------
        InputError
            If no frame has it.
        """
        known = [value for value in self.values(name) if value is not None]
        return bool(known) and all(isinstance(x, (int, float)) and not isinstance(x, bool) for x in known)

    def centers(self, frame: int) -> NDArray[np.int64] | None:
        """Atoms of a frame that are points; None if the frame as a whole is one."""
        first, last = np.searchsorted(self.frame, [frame, frame + 1])
        chosen = self.atom[first:last]
        return None if len(chosen) and chosen[0] < 0 else chosen

    def take(self, places: NDArray[np.int64]) -> Points:
        """Keep some of the points; ``places`` ascend."""
        species, types = (tuple(x[k] for k in places.tolist()) for x in (self.species, self.type))
        return Points(self.frame[places], self.atom[places], species, types, self.frames, self.elements)


def find_points(frames: Iterable[Atoms], choice: Choice) -> Points:
    """Find the points among the frames, and what is known about them; single atoms alone in a frame are left out.

    Raises
    ------
    InputError
        If no point is found, or a frame's molecules cannot be found.
    """
    frame: list[int] = []
    rows: list[tuple[int, str, str]] = []
    properties: list[dict[str, Any]] = []
    compositions: list[dict[str, int]] = []
    elements: set[int] = set()
    seen: set[str] = set()
    for k, atoms in enumerate(frames):
        try:
            molecules = find_molecules(atoms)
        except InputError as error:
            raise InputError(f"frame {k}: {error}") from error
        properties.append(_properties(atoms, molecules))
        compositions.append(molecules.composition)
        if len(atoms) < 2:
            continue
        here = [(-1, "", "")] if choice.whole else _chosen(atoms, molecules, choice, seen)
        frame += [k] * len(here)
        rows += here
        if here:
            elements.update(atomic_numbers(atoms).tolist())
    if not frame:
        there = f"there are {', '.join(sorted(seen))}" if seen else "there is no frame of two or more atoms"
        raise InputError(f"frames: none of {len(properties)} holds what is asked for; {there}")
    known = [said | x for said, x in zip(properties, _fractions(compositions), strict=True)]
    atom, species, types = zip(*rows, strict=True)
    return Points(np.array(frame), np.array(atom), species, types, tuple(known), tuple(sorted(elements)))


def _chosen(atoms: Atoms, molecules: Molecules, choice: Choice, seen: set[str]) -> list[tuple[int, str, str]]:
    """Index, species and type of the atoms that are meant; adds the types there are to those seen."""
    species = np.array(molecules.species, dtype=object)[molecules.index]
    types = [f"{name}:{kind}" for name, kind in zip(species, atom_types(atoms, molecules), strict=True)]
    seen.update(types)
    chosen = choice.of(atomic_numbers(atoms), species, np.array(types, dtype=object))
    return [(k, species[k], types[k]) for k in chosen.tolist()]


def _properties(atoms: Atoms, molecules: Molecules) -> dict[str, Any]:
    """Gather what a frame says about itself, and what is computed."""
    info = {str(key): value.item() if isinstance(value, np.generic) else value for key, value in atoms.info.items()}
    found = {key: value for key, value in info.items() if isinstance(value, (bool, int, float, str))}
    found[keys.COMPOSITION] = ":".join(f"{count}{name}" for name, count in molecules.composition.items())
    found.pop(keys.DENSITY, None)
    volume = abs(float(np.linalg.det(atoms.cell.array)))
    if all(atoms.pbc) and volume > 0.0:
        found[keys.DENSITY] = float(np.sum(atoms.get_masses())) * AMU_PER_A3_TO_G_PER_CM3 / volume
    return found


def _fractions(compositions: list[dict[str, int]]) -> list[dict[str, float]]:
    """Mole fraction in each frame of every species in any of them."""
    species = sorted({name for counts in compositions for name in counts})
    return [
        {f"x_{name}": counts.get(name, 0) / max(1, sum(counts.values())) for name in species} for counts in compositions
    ]


def symbols(elements: tuple[int, ...]) -> list[str]:
    """Spell atomic numbers as symbols."""
    return [chemical_symbols[number] for number in elements]
