"""From atoms in any order to molecules with parameters."""

from __future__ import annotations

__all__ = ["Topology", "find_topology", "match_template"]

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from ase import Atoms

from ecemc.errors import InputError
from ecemc.methods.opls.intramolecular import Parameters, load_parameters
from ecemc.molecules import find_molecules

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ecemc.molecules import Molecules

    Bonds = tuple[tuple[int, int], ...]


#: Bond criteria tried one after the other: molecules pushed into each other by a volume scan seem bonded at the first.
_SCALES = (1.3, 1.25, 1.2, 1.18, 1.16, 1.14, 1.12, 1.1, 1.08)


@dataclass(frozen=True, eq=False)
class Topology:
    """A configuration with everything that the force field asks for."""

    #: whole molecules, atoms in the order of the input
    atoms: Atoms
    #: for each species its parameters and its atoms (copies, atoms of the template)
    species: list[tuple[Parameters, NDArray[np.int64]]]
    #: (n,) e, and A and C of Lennard-Jones
    charges: NDArray[np.float64]
    repulsion: NDArray[np.float64]
    dispersion: NDArray[np.float64]
    #: i n + j of all pairs i < j up to three bonds apart
    near: NDArray[np.int64]


def find_topology(atoms: Atoms) -> Topology:
    """Find the molecules and their parameters.

    Raises
    ------
    InputError
        If there are molecules without parameters.

    Examples
    --------
    >>> from ecemc.testing import molecule
    >>> [p.template.name for p, _ in find_topology(molecule("EMC")).species]
    ['EMC']
    """
    found, members = _matched(atoms)
    n_atoms = len(atoms)
    charges, repulsion, dispersion = np.zeros((3, n_atoms))
    near, species = [], []
    for name, rows in members.items():
        parameters, table = load_parameters()[name], np.array(rows, dtype=np.int64)
        charges[table], repulsion[table] = parameters.charges, parameters.repulsion
        dispersion[table] = parameters.dispersion
        pairs = np.sort(table[:, parameters.near[0]].reshape(-1, 2), axis=1)
        near.append(pairs @ np.array([n_atoms, 1]))
        species.append((parameters, table))
    whole = Atoms(atoms.numbers, atoms.positions + found.image @ atoms.cell.array, cell=atoms.cell, pbc=atoms.pbc)
    return Topology(whole, species, charges, repulsion, dispersion, np.concatenate(near))


def _matched(atoms: Atoms) -> tuple[Molecules, dict[str, list[NDArray[np.int64]]]]:
    """Find the molecules and their atoms in the order of the templates, or say which have none."""
    if not len(atoms):
        raise InputError("atoms: no atoms at all")
    unknown: Counter[str] = Counter()
    for scale in _SCALES:
        found = find_molecules(atoms, scale=scale)
        members = None if found.infinite.any() else _members(atoms, found)
        if members is not None:
            return found, members
        unknown = unknown or Counter(name for name in found.species if name not in load_parameters())
    names = ", ".join(f"{count} {name}" for name, count in sorted(unknown.items()))
    raise InputError(f"atoms: no OPLS-AA parameters for {names}; the package has {', '.join(load_parameters())}")


def _members(atoms: Atoms, found: Molecules) -> dict[str, list[NDArray[np.int64]]] | None:
    """Atoms of each molecule, by species, or None if one is unknown."""
    local = np.empty(len(atoms), dtype=np.int64)
    for member in found.members:
        local[member] = np.arange(len(member))
    bonds: list[list[tuple[int, int]]] = [[] for _ in range(len(found))]
    for molecule, (i, j) in zip(found.index[found.bonds[:, 0]].tolist(), local[found.bonds].tolist(), strict=True):
        bonds[molecule].append((min(i, j), max(i, j)))
    symbols = np.array(atoms.get_chemical_symbols())
    members: dict[str, list[NDArray[np.int64]]] = {}
    for member, bonded in zip(found.members, bonds, strict=True):
        match = match_template(tuple(symbols[member].tolist()), tuple(sorted(bonded)))
        if match is None:
            return None
        members.setdefault(match[0], []).append(member[list(match[1])])
    return members


@lru_cache(maxsize=4096)
def match_template(symbols: tuple[str, ...], bonds: Bonds) -> tuple[str, tuple[int, ...]] | None:
    """Name of the template that a molecule is, and the atom that stands for each of the template's.

    This is an isomorphism of their bond graphs. Atoms in the order of the template stay there. Otherwise any will do:
    atoms that can be exchanged have the same parameters.

    Parameters
    ----------
    symbols
        Elements of the molecule.
    bonds
        Pairs (i, j), i < j, sorted.

    Returns
    -------
    tuple or None
        None if there is no such template.

    Examples
    --------
    >>> ec = load_parameters()["EC"].template
    >>> match_template(ec.symbols, tuple(sorted((min(b[:2]), max(b[:2])) for b in ec.bonds)))
    ('EC', (0, 1, 2, 3, 4, 5, 6, 7, 8, 9))
    """
    given = {frozenset(bond) for bond in bonds}
    for name, parameters in load_parameters().items():
        template = parameters.template
        wanted = {frozenset(bond[:2]) for bond in template.bonds}
        if symbols == template.symbols and wanted == given:
            return name, tuple(range(len(symbols)))
        if len(wanted) == len(given) and sorted(symbols) == sorted(template.symbols):
            order = _match(template.symbols, wanted, symbols, given)
            if order is not None:
                return name, order
    return None


def _match(
    template: tuple[str, ...], wanted: set[frozenset[int]], symbols: tuple[str, ...], given: set[frozenset[int]]
) -> tuple[int, ...] | None:
    """Backtracking: one atom of the template after the other, each beside one that has its place already."""
    sequence = [0]
    while len(sequence) < len(template):
        sequence.append(next(t for t in range(len(template)) if t not in sequence and _beside(t, sequence, wanted)))

    def place(image: dict[int, int]) -> dict[int, int] | None:
        if len(image) == len(template):
            return image
        atom = sequence[len(image)]
        for candidate in range(len(symbols)):
            if candidate in image.values() or symbols[candidate] != template[atom]:
                continue
            if all(({atom, t} in wanted) == ({candidate, c} in given) for t, c in image.items()):
                complete = place({**image, atom: candidate})
                if complete is not None:
                    return complete
        return None

    image = place({})
    return None if image is None else tuple(image[t] for t in range(len(template)))


def _beside(atom: int, others: list[int], bonds: set[frozenset[int]]) -> bool:
    return any({atom, other} in bonds for other in others)
