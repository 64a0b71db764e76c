"""Molecules in 100 DFT-labelled EC:EMC boxes between 300 and 1200 K."""

from __future__ import annotations

import numpy as np
import pytest
from ase.io import read

import ecemc


@pytest.fixture(scope="module")
def boxes(shared):
    frames = read(shared / "data" / "dft" / "ecemc_dft.extxyz", index=":")
    boxes = [frame for frame in frames if len(frame) > 1]
    assert len(boxes) == 100
    return boxes


@pytest.mark.parametrize("scale", [1.25, 1.3, 1.5])
def test_every_box_holds_4_ec_and_8_emc(boxes, scale):
    for atoms in boxes:
        assert ecemc.find_molecules(atoms, scale=scale).composition == {"EC": 4, "EMC": 8}


def test_masses_and_neighbours(boxes):
    for atoms in boxes[::10]:
        found = ecemc.find_molecules(atoms)
        masses = ecemc.rigid_bodies(atoms, found).masses
        expected = {"EC": 88.062, "EMC": 104.105}
        np.testing.assert_allclose(masses, [expected[name] for name in found.species], atol=0.01)
    around = ecemc.local_environments(boxes, 6.0)
    assert around.composition == {"EC": 4.0, "EMC": 8.0}
    assert 4 * around.mean["EC"][1] == pytest.approx(8 * around.mean["EMC"][0])


def test_force_parts(boxes):
    """Parts add up; in a molecular liquid vibration carries by far the largest forces."""
    squares = np.zeros(3)
    for atoms in boxes:
        parts = ecemc.decompose_forces(atoms)
        each = (parts.translational, parts.rotational, parts.vibrational)
        np.testing.assert_allclose(sum(each), atoms.arrays["REF_forces"], rtol=0, atol=1e-12)
        np.testing.assert_allclose(parts.translational.sum(axis=0), atoms.arrays["REF_forces"].sum(axis=0), atol=1e-10)
        squares += [np.square(part).sum() for part in each]
    assert squares[2] > 20 * squares[0]
    assert squares[2] > 20 * squares[1]


def test_whole_molecules_have_chemical_bond_lengths(boxes):
    for atoms in boxes[::10]:
        found = ecemc.find_molecules(atoms)
        whole = ecemc.make_whole(atoms, found).positions
        i, j = found.bonds.T
        lengths = np.linalg.norm(whole[j] - whole[i], axis=1)
        assert (lengths > 0.85).all()
        assert (lengths < 2.0).all()
        shuffled = atoms[np.random.default_rng(1).permutation(len(atoms))]
        shuffled.wrap()
        assert ecemc.find_molecules(shuffled).composition == {"EC": 4, "EMC": 8}
