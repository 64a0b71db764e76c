"""Molecules, rigid bodies and force decomposition written as their definitions, in NumPy and SciPy."""

from __future__ import annotations

import numpy as np
from ase.data import covalent_radii

from tests.reference import neighbors_numpy


def bonds(atoms, scale=1.3):
    """Bonds (i, j, S) in both directions."""
    radii = covalent_radii[atoms.numbers]
    reach = scale * 2 * radii.max(initial=0.0)
    i, j, S, _, d = neighbors_numpy.neighbor_list(atoms.positions, atoms.cell[:], atoms.pbc, max(reach, 1e-3))
    close = d < scale * (radii[i] + radii[j])
    return i[close], j[close], S[close]


def structural(atoms, i, j, S):
    """Bonds in both directions without those above 1.2 radii that close an angle between two shorter ones."""
    vectors = atoms.positions[j] - atoms.positions[i] + S @ atoms.cell[:]
    stretch = np.linalg.norm(vectors, axis=1) / (covalent_radii[atoms.numbers[i]] + covalent_radii[atoms.numbers[j]])
    bonds = {(int(a), int(b), *map(int, s)): x for a, b, s, x in zip(i, j, S, stretch, strict=True)}

    def closes_an_angle(bond):
        a, c, *shift = bond
        return any(
            p == a and bonds.get((b, c, *(np.array(shift) - there).tolist()), np.inf) < bonds[bond]
            for (p, b, *there), x in bonds.items()
            if x < bonds[bond]
        )

    return {bond for bond, x in bonds.items() if x <= 1.2 or not closes_an_angle(bond)}


def components(n, i, j):
    """Number of the component of each atom, components numbered by their first atoms."""
    label = list(range(n))
    for _ in range(n):
        for a, b in zip(i, j, strict=True):
            label[a] = label[b] = min(label[a], label[b])
    numbering = {first: k for k, first in enumerate(sorted(set(label)))}
    return np.array([numbering[x] for x in label], dtype=int)


def decompose(masses, index, whole, forces):
    """Translational and rotational forces of unbroken molecules, with NumPy's pseudo-inverse."""
    trans, rot = np.zeros_like(forces), np.zeros_like(forces)
    for molecule in range(index.max(initial=-1) + 1):
        atoms = index == molecule
        m, f = masses[atoms], forces[atoms]
        r = whole[atoms] - m @ whole[atoms] / m.sum()
        trans[atoms] = np.outer(m, f.sum(axis=0)) / m.sum()
        inertia = inertia_tensor(m, r)
        torque = np.cross(r, f).sum(axis=0)
        if len(m) == 1:
            continue  # its distance from its own centre is rounding: nothing to turn
        rot[atoms] = m[:, None] * np.cross(np.linalg.pinv(inertia, rcond=1e-8, hermitian=True) @ torque, r)
    return trans, rot


def inertia_tensor(m, r):
    """Sum of m (|r|² 1 − r rᵀ)."""
    return sum(mi * (ri @ ri * np.eye(3) - np.outer(ri, ri)) for mi, ri in zip(m, r, strict=True))


def environments(centers, cell, pbc, species, radius):
    """For each molecule its species and the names of its neighbours."""
    i, j, *_ = neighbors_numpy.neighbor_list(centers, cell, pbc, radius)
    return [(species[k], sorted(species[n] for n in j[i == k])) for k in range(len(centers))]


def isomorphic(numbers, bonds, other_numbers, other_bonds):
    """Whether two bond graphs are the same up to relabelling, by trying."""
    if len(numbers) != len(other_numbers) or len(bonds) != len(other_bonds):
        return False
    neighbours = [{k: set() for k in range(len(numbers))} for _ in range(2)]
    for table, pairs in zip(neighbours, (bonds, other_bonds), strict=True):
        for a, b in pairs:
            table[int(a)].add(int(b))
            table[int(b)].add(int(a))

    def extend(image):
        a = len(image)
        if a == len(numbers):
            return True
        earlier = [b for b in neighbours[0][a] if b < a]
        for c in range(len(numbers)):
            fits = (
                c not in image
                and numbers[a] == other_numbers[c]
                and len(neighbours[0][a]) == len(neighbours[1][c])
                and all(image[b] in neighbours[1][c] for b in earlier)
            )
            if fits and extend([*image, c]):
                return True
        return False

    return extend([])
