"""The neighbour list against ASE and vesin: equal integers, floats to rounding."""

from __future__ import annotations

import ase.neighborlist
import numpy as np
import pytest
import vesin
from ase import Atoms
from ase.build import bulk, graphene, molecule

import ecemc


def skewed(seed):
    rng = np.random.default_rng(seed)
    cell = np.diag(rng.uniform(2.5, 7, 3)) + np.tril(rng.uniform(-9, 9, (3, 3)), -1)
    return Atoms("CHO" * 5, positions=rng.uniform(-12, 12, (15, 3)), cell=cell, pbc=rng.random(3) < 0.7)


SYSTEMS = {
    "fcc primitive": bulk("Cu"),
    "thin slab": graphene(vacuum=3.0),
    "molecule": molecule("CH3CH2OH"),
    "wire": Atoms("HO", positions=[[0, 0, 0], [0.4, 0.9, 0]], cell=[[0, 0, 0], [0, 0, 0], [0, 0, 1.9]], pbc=[0, 0, 1]),
    "one atom, tiny cell": Atoms("H", cell=[1.1, 1.3, 0.9], pbc=True),
    "left-handed": Atoms("CO", positions=[[0, 0, 0], [1, 1, 1]], cell=[[0, 3, 0], [3, 0, 0], [0, 0, 3]], pbc=True),
    **{f"skewed {seed}": skewed(seed) for seed in range(12)},
}


def ordered(i, j, S, D, d):
    order = np.lexsort((*S.T[::-1], j, i))
    return i[order], j[order], S[order], D[order], d[order]


@pytest.mark.parametrize("cutoff", [0.8, 2.9, 7.1])
@pytest.mark.parametrize("name", SYSTEMS)
@pytest.mark.parametrize("n_threads", [1, 2])
def test_equals_ase(name, cutoff, n_threads):
    atoms = SYSTEMS[name]
    ours = ecemc.neighbor_list("ijSDd", atoms, cutoff, n_threads=n_threads)
    theirs = ordered(*ase.neighborlist.neighbor_list("ijSDd", atoms, cutoff))
    for a, b in zip(ours[:3], theirs[:3], strict=True):
        np.testing.assert_array_equal(a, b, err_msg=repr(atoms.cell[:].tolist()))
    for a, b in zip(ours[3:], theirs[3:], strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-12)


@pytest.mark.parametrize("cutoff", [0.8, 2.9, 7.1])
@pytest.mark.parametrize("name", [name for name, atoms in SYSTEMS.items() if all(atoms.pbc) or not any(atoms.pbc)])
def test_equals_vesin(name, cutoff):
    atoms = SYSTEMS[name]
    calculator = vesin.NeighborList(cutoff=cutoff, full_list=True, sorted=True)
    periodic = bool(all(atoms.pbc))
    theirs = ordered(*calculator.compute(atoms.positions, atoms.cell[:], periodic, "ijSDd"))
    ours = ecemc.neighbor_list("ijSDd", atoms, cutoff)
    for a, b in zip(ours[:3], theirs[:3], strict=True):
        np.testing.assert_array_equal(a, b.astype(np.int64))
    np.testing.assert_allclose(ours[4], theirs[4], rtol=0, atol=1e-12)


def test_pairs_of_elements_as_ase():
    rng = np.random.default_rng(3)
    atoms = Atoms("CHO" * 20, positions=rng.uniform(0, 6, (60, 3)), cell=[6, 6, 6], pbc=True)
    cutoff = {("C", "H"): 1.7, ("O", 6): 2.2, (1, 1): 0.9}
    symbols = {("C", "H"): 1.7, ("O", "C"): 2.2, ("H", "H"): 0.9}
    ours = ecemc.neighbor_list("ijS", atoms, cutoff)
    i, j, S, *_ = ordered(*ase.neighborlist.neighbor_list("ijSDd", atoms, symbols))
    for a, b in zip(ours, (i, j, S), strict=True):
        np.testing.assert_array_equal(a, b)
    assert len(i) > 50


def test_radii_as_ase():
    rng = np.random.default_rng(4)
    atoms = Atoms("CHO" * 20, positions=rng.uniform(0, 6, (60, 3)), cell=[6, 6, 6], pbc=True)
    radii = rng.choice([0.3, 0.7, 1.1], 60)
    ours = ecemc.neighbor_list("ijS", atoms, radii)
    i, j, S, *_ = ordered(*ase.neighborlist.neighbor_list("ijSDd", atoms, list(radii)))
    for a, b in zip(ours, (i, j, S), strict=True):
        np.testing.assert_array_equal(a, b)
    assert len(i) > 50
