"""Molecules against ASE and SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.build import molecule
from ase.data import covalent_radii
from ase.neighborlist import natural_cutoffs, neighbor_list
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from tests.reference import molecules_numpy

import ecemc
from ecemc.errors import InputError


def test_covalent_radii_are_those_of_ase():
    """Two atoms of an element are bonded just below twice ASE's radius and not at it."""
    known = 0
    for number in range(1, len(covalent_radii)):
        radius = covalent_radii[number]
        if number > 96:  # Cordero et al. stop at curium, ASE has a placeholder
            with pytest.raises(InputError, match="known covalent radius"):
                ecemc.find_molecules(Atoms(numbers=[number], positions=[[0, 0, 0]]))
            continue
        known += 1
        for distance, n_molecules in ((2 * radius, 2), (2 * radius * (1 - 1e-12), 1)):
            pair = Atoms(numbers=[number] * 2, positions=[[0, 0, 0], [distance, 0, 0]])
            assert len(ecemc.find_molecules(pair, scale=1.0)) == n_molecules
    assert known == 96


def soup(n, cell, pbc, seed):
    rng = np.random.default_rng(seed)
    positions = rng.uniform(-0.5, 1.5, (n, 3)) @ cell
    return Atoms(numbers=rng.choice([1, 6, 8], n), positions=positions, cell=cell, pbc=pbc)


@pytest.mark.parametrize("scale", [0.9, 1.3])
@pytest.mark.parametrize("pbc", [(True, True, True), (True, False, True), (False, False, False)])
@pytest.mark.parametrize(
    "cell", [np.eye(3) * 11, [[11, 0, 0], [5, 11, 0], [-4, 3, 12.5]], [[11, 0, 0], [60, 11, 0], [-9, -48, 12.5]]]
)
def test_bonds_and_components(cell, pbc, scale):
    atoms = soup(120, np.array(cell, float), pbc, seed=4)
    # natural_cutoffs multiplies each radius; ASE adds the two
    i, j, S = neighbor_list("ijS", atoms, natural_cutoffs(atoms, mult=scale))
    n, labels = connected_components(coo_array((np.ones(len(i)), (i, j)), shape=(120, 120)), directed=False)
    found = ecemc.find_molecules(atoms, scale=scale)
    assert len(found) == n
    assert len(set(zip(labels, found.index, strict=True))) == n
    once = {bond for bond in molecules_numpy.structural(atoms, i, j, S) if bond[0] < bond[1]}
    ours = {(*map(int, ij), *map(int, s)) for ij, s in zip(found.bonds, found.bond_shifts, strict=True)}
    assert {bond for bond in ours if bond[0] != bond[1]} == once


def test_centres_and_moments_of_inertia():
    for name in ("CH3CH2OH", "C6H6", "CO2", "HCOOCH3"):
        atoms = molecule(name)
        bodies = ecemc.rigid_bodies(atoms)
        np.testing.assert_allclose(bodies.centers[0], atoms.get_center_of_mass(), atol=1e-12)
        np.testing.assert_allclose(np.linalg.eigvalsh(bodies.inertia[0]), atoms.get_moments_of_inertia(), atol=1e-9)
