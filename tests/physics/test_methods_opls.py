"""The OPLS-AA calculator: invariances, derivatives, limits."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from scipy.spatial.transform import Rotation

import ecemc
from ecemc.methods import OplsCalculator
from ecemc.sampling.opls import load_templates
from ecemc.testing import liquid, molecule


def shaken(atoms, seed, scale=0.05):
    """Off the minima in every degree of freedom."""
    atoms = atoms.copy()
    atoms.positions += np.random.default_rng(seed).normal(scale=scale, size=atoms.positions.shape)
    return atoms


def results(atoms, **options):
    """Energy, forces, and virial if periodic."""
    atoms = atoms.copy()
    atoms.calc = OplsCalculator(**options)
    energy, forces = atoms.get_potential_energy(), atoms.get_forces()
    virial = -atoms.get_volume() * atoms.get_stress(voigt=False) if atoms.pbc.all() else None
    return energy, forces, virial


@pytest.fixture(scope="module")
def box():
    """12 molecules in a cell of 14 Å, thinner than twice the cutoff."""
    return shaken(liquid(4, 8, density=0.7, seed=3), seed=1)


@pytest.fixture(scope="module")
def skewed():
    """Three molecules in a triclinic cell thinner than the cutoff along one axis."""
    cell = np.array([[13.0, 0.0, 0.0], [4.0, 8.5, 0.0], [-3.0, 2.0, 11.0]])
    atoms = Atoms(cell=cell, pbc=True)
    for place, name in zip([[0, 0, 0], [0.5, 0.1, 0.5], [0.05, 0.5, 0.55]], ["EC", "EMC", "EC"], strict=True):
        part = molecule(name)
        part.positions += np.array(place) @ cell
        atoms += part
    return shaken(atoms, seed=2)


@pytest.fixture(scope="module", params=["box", "skewed"])
def frame(request):
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="module")
def values(frame):
    return results(frame)


def test_translation_and_wrapping(frame, values):
    """Also breaks molecules at the boundaries."""
    moved = frame.copy()
    moved.positions += [3.3, -7.1, 0.4]
    moved.wrap()
    assert not np.allclose(moved.positions, ecemc.make_whole(moved).positions)
    energy, forces, virial = results(moved)
    assert energy == pytest.approx(values[0], abs=1e-9)
    assert np.allclose(forces, values[1], atol=1e-8)
    assert np.allclose(virial, values[2], atol=1e-7)


def test_order_of_atoms(frame, values):
    order = np.random.default_rng(4).permutation(len(frame))
    energy, forces, virial = results(frame[order])
    assert energy == pytest.approx(values[0], abs=1e-9)
    assert np.allclose(forces, values[1][order], atol=1e-8)
    assert np.allclose(virial, values[2], atol=1e-7)


def test_rotation(frame, values):
    turn = Rotation.from_euler("zyx", [0.4, 1.1, -0.7]).as_matrix()
    turned = frame.copy()
    turned.set_cell(frame.cell.array @ turn.T)
    turned.positions = frame.positions @ turn.T
    energy, forces, virial = results(turned)
    assert energy == pytest.approx(values[0], abs=1e-9)
    assert np.allclose(forces, values[1] @ turn.T, atol=1e-8)
    assert np.allclose(virial, turn @ values[2] @ turn.T, atol=1e-7)


def test_other_vectors_of_the_same_lattice(frame, values):
    other = frame.copy()
    other.set_cell(np.array([[1, 0, 0], [-1, 1, 0], [2, 1, -1]]) @ frame.cell.array)  # left-handed
    energy, forces, virial = results(other)
    assert energy == pytest.approx(values[0], abs=1e-7)
    assert np.allclose(forces, values[1], atol=1e-7)
    assert np.allclose(virial, values[2], atol=1e-6)


@pytest.mark.parametrize("repeat", [(2, 1, 1), (1, 2, 3)])
def test_supercell(skewed, repeat):
    energy, forces, virial = results(skewed)
    many = int(np.prod(repeat))
    larger = results(skewed.repeat(repeat))
    assert larger[0] == pytest.approx(many * energy, abs=1e-7)
    assert np.allclose(larger[1], np.tile(forces, (many, 1)), atol=1e-7)
    assert np.allclose(larger[2], many * virial, atol=1e-6)


def test_forces_are_the_slope_of_the_energy(frame, values):
    rng, h = np.random.default_rng(5), 1e-4
    for _ in range(4):
        direction = rng.normal(size=frame.positions.shape)
        energies = []
        for sign in (1, -1):
            moved = frame.copy()
            moved.positions += sign * h * direction
            energies.append(results(moved)[0])
        assert -(energies[0] - energies[1]) / (2 * h) == pytest.approx(np.sum(values[1] * direction), abs=2e-5)
    assert np.abs(values[1].sum(axis=0)).max() < 1e-8


def test_virial_is_the_slope_under_strain(frame, values):
    h, virial = 1e-4, values[2]
    for a, b in ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2)):
        strain = np.zeros((3, 3))
        strain[a, b] += h / 2
        strain[b, a] += h / 2
        energies = []
        for sign in (1, -1):
            deformed = frame.copy()
            deformed.set_cell(frame.cell.array @ (np.eye(3) + sign * strain), scale_atoms=True)
            energies.append(results(deformed)[0])
        assert -(energies[0] - energies[1]) / (2 * h) == pytest.approx(virial[a, b], abs=2e-4)
    assert np.array_equal(virial, virial.T)


@pytest.mark.parametrize("name", ["EC", "EMC"])
def test_isolated_molecule(name):
    atoms = shaken(molecule(name), seed=6)
    energy, forces, _ = results(atoms)
    assert np.abs(forces.sum(axis=0)).max() < 1e-9
    assert np.abs(np.cross(atoms.positions, forces).sum(axis=0)).max() < 1e-8
    h, virial = 1e-5, atoms.positions.T @ forces
    for a, b in ((0, 0), (2, 1)):
        energies = []
        for sign in (1, -1):
            strain = np.eye(3)
            strain[a, b] += sign * h
            deformed = atoms.copy()
            deformed.positions = atoms.positions @ strain
            energies.append(results(deformed)[0])
        assert -(energies[0] - energies[1]) / (2 * h) == pytest.approx(virial[a, b], abs=1e-6)
    assert energy == pytest.approx(results(Atoms(atoms, cell=[9, 9, 9], pbc=False))[0], abs=1e-12)


def test_gas_phase_minimum():
    """The parameter file's own minimum: the energy is stationary there."""
    for template in load_templates().values():
        forces = results(Atoms(template.symbols, template.positions))[1]
        assert np.abs(forces).max() < 3e-3


def test_volume_scan_tends_to_isolated_molecules(box):
    """What is left falls off as dipoles and the tail correction do, s⁻³."""
    alone = sum(results(part)[0] for part in ecemc.split_molecules(box, cell=None))
    near, far, farther, farthest = (
        results(scaled)[0] - alone for scaled in ecemc.volume_scan(box, [1.0, 10.0, 20.0, 40.0])
    )
    assert abs(near) > 1.0
    assert abs(farthest) < 1e-5
    assert far / farther == pytest.approx(8.0, rel=0.2)
    assert farther / farthest == pytest.approx(8.0, rel=0.1)


def test_volume_scan_that_compresses(root):
    """Also where molecules of a real liquid seem bonded: a smooth, convex wall."""
    frame = ecemc.read(root / "examples" / "data" / "ec_emc_400K.extxyz.gz", 0)
    scans = ecemc.volume_scan(frame, np.linspace(0.84, 0.92, 9))
    assert set(ecemc.find_molecules(scans[0]).species) > {"EC", "EMC"}
    slopes = np.diff([results(scaled)[0] for scaled in scans])
    assert (slopes < 0.0).all()
    assert (np.diff(slopes) > 0.0).all()


def test_cluster_is_the_dilute_limit_of_a_periodic_box():
    """Two molecules far from their images."""
    pair = molecule("EC")
    other = molecule("EMC")
    other.positions += [4.5, 1.0, 0.5]
    pair += other
    energy = results(pair)[0]
    for length, accuracy in ((40.0, 2e-2), (160.0, 3e-4)):
        periodic = results(Atoms(pair, cell=[length] * 3, pbc=True))[0]
        assert periodic == pytest.approx(energy, abs=accuracy)


def test_cutoff_is_one_surface_for_all_cells(skewed):
    """The cell does not limit the cutoff; larger ones converge, thanks to the tail correction."""
    energies = [results(skewed, cutoff=cutoff, switch_width=2.0)[0] for cutoff in (6.0, 12.0, 18.0, 24.0)]
    steps = np.abs(np.diff(energies))
    assert steps[0] > steps[1] > steps[2]
    assert steps[2] < 3e-3
