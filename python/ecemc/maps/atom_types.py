"""Atom types: atoms of a molecule that its bond graph does not tell apart."""

from __future__ import annotations

__all__ = ["atom_types"]

from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from ase.data import chemical_symbols

from ecemc.frames import atomic_numbers
from ecemc.molecules import checked, find_molecules

if TYPE_CHECKING:
    from ase import Atoms

    from ecemc.molecules import Molecules

    #: Atomic numbers, and bonds as pairs of positions among them.
    Graph = tuple[tuple[int, ...], tuple[tuple[int, int], ...]]


def atom_types(atoms: Atoms, molecules: Molecules | None = None) -> list[str]:
    """Type of each atom within its molecule: ``"C1"``, ``"C2"``, ..., ``"H1"``, ...

    Atoms have the same type if element, neighbours, neighbours of neighbours and so on are the same (colour refinement
    of the bond graph). Within an element the types are numbered as substituents are ranked in chemistry, without bond
    orders: compare the neighbours' elements from the heaviest on, the heavier one first, more neighbours before fewer;
    if all are equal, the ranks of the neighbours, and so on outwards. So the carbonyl carbon of EC and of EMC is
    ``"C1"``.

    Parameters
    ----------
    atoms
        The configuration.
    molecules
        Result of :func:`ecemc.find_molecules`; found with the default bond criterion if not given.

    Returns
    -------
    list of str
        One for each atom. The numbers depend on the molecule alone: not on the order of atoms, nor on other molecules.

    Notes
    -----
    Stereochemistry and conformation do not count: the four hydrogen atoms of EC are one type. Colour refinement cannot
    tell apart some highly symmetric graphs; none of them is one of the known solvents.

    Raises
    ------
    InputError
        As :func:`ecemc.find_molecules`.

    Examples
    --------
    >>> from ecemc.testing import emc
    >>> atom_types(emc())[:7]  # CH3-, -CH2-O, C=O, CH3-O; CH2-O-C, O=C, CH3-O-C
    ['C4', 'C2', 'C1', 'C3', 'O1', 'O3', 'O2']
    """
    found = find_molecules(atoms) if molecules is None else checked(molecules)
    numbers = atomic_numbers(atoms)
    local = np.empty(len(numbers), dtype=np.int64)
    for members in found.members:
        local[members] = np.arange(len(members))
    bonds: list[list[tuple[int, int]]] = [[] for _ in range(len(found))]
    for (i, j), molecule in zip(local[found.bonds].tolist(), found.index[found.bonds[:, 0]].tolist(), strict=True):
        bonds[molecule].append((i, j))
    types = [""] * len(numbers)
    for members, pairs in zip(found.members, bonds, strict=True):
        names = _names((tuple(numbers[members].tolist()), tuple(pairs)))
        for atom, name in zip(members.tolist(), names, strict=True):
            types[atom] = name
    return types


@lru_cache(maxsize=4096)  # the molecules of a trajectory are the same few, frame after frame
def _names(graph: Graph) -> tuple[str, ...]:
    """Give each class of an element its number, in the order of their ranks."""
    ranks = _ranks(*graph)
    names: dict[int, str] = {}
    used: Counter[int] = Counter()
    for rank, number in sorted(set(zip(ranks, graph[0], strict=True))):
        used[number] += 1
        names[rank] = f"{chemical_symbols[number]}{used[number]}"
    return tuple(names[rank] for rank in ranks)


def _ranks(numbers: tuple[int, ...], bonds: tuple[tuple[int, int], ...]) -> list[int]:
    """Refine ranks by the ranks of neighbours until no class splits; 0 is the highest rank."""
    neighbors: list[list[int]] = [[] for _ in numbers]
    for i, j in bonds:
        neighbors[i].append(j)
        neighbors[j].append(i)
    ranks, n_classes = _dense([(-number, ()) for number in numbers])
    while True:
        # The end of the shorter list ranks below any neighbour.
        keys = [(ranks[i], (*sorted(ranks[j] for j in around), len(numbers))) for i, around in enumerate(neighbors)]
        ranks, refined = _dense(keys)
        if refined == n_classes:
            return ranks
        n_classes = refined


def _dense(keys: list[tuple[int, tuple[int, ...]]]) -> tuple[list[int], int]:
    """Place of each key among the different keys, and how many these are."""
    place = {key: rank for rank, key in enumerate(sorted(set(keys)))}
    return [place[key] for key in keys], len(place)
