"""Rigid bodies and the force decomposition on shapes that break naive ones."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.build import molecule
from ase.calculators.lj import LennardJones
from ase.calculators.singlepoint import SinglePointCalculator
from tests.reference import molecules_numpy

import ecemc
from ecemc.errors import InputError

TILTED = np.linalg.qr(np.random.default_rng(7).normal(size=(3, 3)))[0]


def random_forces(atoms, seed=0):
    return np.random.default_rng(seed).normal(size=(len(atoms), 3))


def assert_parts(atoms, parts, forces):
    """What must hold for every molecule of any frame: the parts add up, and vibration moves and turns nothing."""
    total = parts.translational + parts.rotational + parts.vibrational
    np.testing.assert_allclose(total, forces, rtol=0, atol=1e-12)
    found = ecemc.find_molecules(atoms)
    whole = ecemc.make_whole(atoms, found)
    for k, members in enumerate(found.members):
        r = whole.positions[members] - whole[members].get_center_of_mass()
        force = [part[members].sum(axis=0) for part in (parts.translational, parts.rotational, parts.vibrational)]
        torque = [
            np.cross(r, part[members]).sum(axis=0)
            for part in (parts.translational, parts.rotational, parts.vibrational)
        ]
        np.testing.assert_allclose(force[0], parts.net_forces[k], rtol=0, atol=1e-11)
        np.testing.assert_allclose(torque[1], parts.torques[k], rtol=0, atol=1e-10)
        for zero in (force[1], force[2], torque[0], torque[2]):
            np.testing.assert_allclose(zero, 0, atol=1e-10)


SHAPES = {
    "single atom": Atoms("Li"),
    "diatomic": molecule("CO"),
    "linear": molecule("CO2"),
    "linear of four": molecule("C2H2"),
    "planar": molecule("BF3"),
    "benzene": molecule("C6H6"),
    "spherical top": molecule("CH4"),
    "asymmetric top": molecule("CH3CH2OH"),
    "coincident atoms": Atoms("H2", positions=np.zeros((2, 3))),
}


@pytest.mark.parametrize("turn", [np.eye(3), TILTED], ids=["along an axis", "rotated"])
@pytest.mark.parametrize("name", SHAPES)
def test_shapes(name, turn):
    atoms = SHAPES[name].copy()
    atoms.positions = atoms.positions @ turn + [30.0, -20.0, 11.0]
    forces = random_forces(atoms)
    parts = ecemc.decompose_forces(atoms, forces)
    assert_parts(atoms, parts, forces)
    index = np.zeros(len(atoms), dtype=int)
    trans, rot = molecules_numpy.decompose(atoms.get_masses(), index, atoms.positions, forces)
    np.testing.assert_allclose(parts.translational, trans, rtol=0, atol=1e-12)
    np.testing.assert_allclose(parts.rotational, rot, rtol=0, atol=1e-11)


def test_a_single_atom_only_translates():
    parts = ecemc.decompose_forces(Atoms("Li"), [[1.0, 2.0, 3.0]])
    np.testing.assert_allclose(parts.translational, [[1.0, 2.0, 3.0]], rtol=1e-15)
    assert not parts.rotational.any()
    np.testing.assert_allclose(parts.vibrational, 0, atol=1e-15)
    assert not parts.torques.any()


@pytest.mark.parametrize("turn", [np.eye(3), TILTED], ids=["along an axis", "rotated"])
@pytest.mark.parametrize("name", ["CO2", "N2", "C2H2"])
def test_linear_molecules_do_rotate(name, turn):
    """Forces of a rotation about a perpendicular axis come back as rotation alone."""
    atoms = molecule(name)
    atoms.positions = atoms.positions @ turn
    axis = atoms.positions[1] - atoms.positions[0]
    alpha = np.cross(axis, [0.3, -1.0, 0.2])
    r = atoms.positions - atoms.get_center_of_mass()
    forces = atoms.get_masses()[:, None] * np.cross(alpha, r)
    parts = ecemc.decompose_forces(atoms, forces)
    assert abs(forces).max() > 0.1
    np.testing.assert_allclose(parts.rotational, forces, rtol=0, atol=1e-12)
    np.testing.assert_allclose(parts.vibrational, 0, atol=1e-12)


@pytest.mark.parametrize("decimals", [4, 6, 8])
def test_rounded_coordinates_keep_a_linear_molecule_linear(decimals):
    """Forces across the axis that bend the molecule must not be taken for a rotation about its axis."""
    atoms = molecule("CO2")
    across = np.cross(TILTED[2], [0.0, 0.0, 1.0])
    for seed in range(20):
        turn = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))[0]
        rounded = atoms.copy()
        rounded.positions = np.round(atoms.positions @ turn, decimals)
        bend = np.cross(rounded.positions[1] - rounded.positions[2], across)
        forces = np.outer([1.0, -0.5, -0.5], bend)  # C, O, O
        parts = ecemc.decompose_forces(rounded, forces)
        np.testing.assert_allclose(parts.vibrational, forces, atol=1e-3)


def test_a_bent_molecule_is_not_linear():
    bent = Atoms("OCO", positions=[[-1.16, 0, 0], [0, 0.01, 0], [1.16, 0, 0]])
    forces = np.array([[0, 0, -0.5], [0, 0, 1.0], [0, 0, -0.5]])  # about the long axis: a rotation, not a bend
    np.testing.assert_allclose(ecemc.decompose_forces(bent, forces).rotational, forces, atol=1e-10)


def test_interleaved_broken_molecules_in_a_triclinic_cell():
    box = molecule("CH3OH", cell=[[6, 0, 0], [2, 6, 0], [-1, 3, 6]], pbc=True).repeat((2, 2, 2))
    forces = random_forces(box)
    expected = ecemc.decompose_forces(box, forces)
    assert_parts(box, expected, forces)
    rng = np.random.default_rng(1)
    order = rng.permutation(len(box))
    shuffled = box[order]
    shuffled.positions += rng.integers(-3, 4, (len(box), 3)) @ box.cell[:]
    parts = ecemc.decompose_forces(shuffled, forces[order])
    assert_parts(shuffled, parts, forces[order])
    for name in ("translational", "rotational", "vibrational"):
        np.testing.assert_allclose(getattr(parts, name), getattr(expected, name)[order], rtol=0, atol=1e-11)


def test_same_bits_for_any_number_of_threads():
    box = molecule("CH3OH", cell=[6, 6, 6], pbc=True).repeat((10, 10, 10))
    forces = random_forces(box)
    found = ecemc.find_molecules(box, n_threads=1)
    one, bodies = ecemc.decompose_forces(box, forces, found, n_threads=1), ecemc.rigid_bodies(box, found, n_threads=1)
    for n_threads in (2, 3):
        again = ecemc.find_molecules(box, n_threads=n_threads)
        assert again.bonds.tobytes() == found.bonds.tobytes()
        assert again.image.tobytes() == found.image.tobytes()
        many = ecemc.decompose_forces(box, forces, again, n_threads=n_threads)
        assert all(getattr(one, name).tobytes() == getattr(many, name).tobytes() for name in vars(one))
        assert ecemc.rigid_bodies(box, found, n_threads=n_threads).inertia.tobytes() == bodies.inertia.tobytes()


def test_rigid_bodies():
    atoms = molecule("CH3CH2OH", cell=[7, 7, 7], pbc=True)
    atoms.positions += [6.5, 1.0, 20.0]
    broken = atoms.copy()
    broken.wrap()
    bodies = ecemc.rigid_bodies(broken)
    m = atoms.get_masses()
    com = m @ atoms.positions / m.sum()
    np.testing.assert_allclose(bodies.masses, [m.sum()])
    np.testing.assert_allclose(bodies.centers, [com % 7], atol=1e-10)
    np.testing.assert_allclose(bodies.inertia, [molecules_numpy.inertia_tensor(m, atoms.positions - com)], atol=1e-9)
    assert bodies.inertia.shape == (1, 3, 3)


def test_nothing():
    bodies = ecemc.rigid_bodies(Atoms())
    assert (bodies.masses.shape, bodies.centers.shape, bodies.inertia.shape) == ((0,), (0, 3), (0, 3, 3))
    parts = ecemc.decompose_forces(Atoms(), np.empty((0, 3)))
    assert parts.translational.shape == parts.torques.shape == (0, 3)


def test_where_forces_come_from():
    atoms = molecule("H2O")
    with pytest.raises(InputError, match="forces: none given, no array 'REF_forces'"):
        ecemc.decompose_forces(atoms)
    atoms.calc = SinglePointCalculator(atoms, forces=np.full((3, 3), 2.0))
    assert ecemc.decompose_forces(atoms).net_forces[0, 0] == pytest.approx(6.0)
    atoms.arrays["REF_forces"] = np.ones((3, 3))
    assert ecemc.decompose_forces(atoms).net_forces[0, 0] == pytest.approx(3.0)
    assert ecemc.decompose_forces(atoms, np.zeros((3, 3))).net_forces[0, 0] == 0


def test_a_calculator_is_not_started():
    atoms = molecule("H2O")
    atoms.calc = LennardJones()
    with pytest.raises(InputError, match="no computed forces"):
        ecemc.decompose_forces(atoms)
    forces = atoms.get_forces()
    np.testing.assert_array_equal(
        ecemc.decompose_forces(atoms).net_forces, ecemc.decompose_forces(atoms, forces).net_forces
    )
    atoms.positions[0] += 0.1  # the stored forces are those of another geometry
    with pytest.raises(InputError, match="no computed forces"):
        ecemc.decompose_forces(atoms)


@pytest.mark.parametrize(
    ("forces", "message"),
    [
        (np.zeros((2, 3)), r"forces: got an array of shape \(2, 3\), expected \(3, 3\)"),
        (np.zeros(9), r"forces: got an array of shape \(9,\)"),
        (np.full((3, 3), np.nan), r"forces: atom 0 has \[NaN, NaN, NaN\], expected finite"),
    ],
)
def test_bad_forces(forces, message):
    with pytest.raises(InputError, match=message):
        ecemc.decompose_forces(molecule("H2O"), forces)


@pytest.mark.parametrize("mass", [0.0, -1.0, np.nan, np.inf])
def test_bad_masses(mass):
    atoms = molecule("H2O")
    atoms.arrays["masses"] = np.array([16.0, mass, 1.0])
    with pytest.raises(InputError, match=r"masses: got \S+ amu for atom 1, expected finite numbers > 0"):
        ecemc.rigid_bodies(atoms)
