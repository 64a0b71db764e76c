"""What must hold for the molecules of any frame."""

from __future__ import annotations

import numpy as np
from ase import Atoms
from ase.build import molecule
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from tests.reference import molecules_numpy

import ecemc

KINDS = ("H2O", "CO2", "N2", "CH3OH", "CH3CH2OH", "C2H2", "C6H6", "CH4", "BF3", "HCOOCH3", "Ne")


@st.composite
def cells(draw):
    """Triclinic, skewed, left-handed cells, no side thinner than a molecule in the grid of `liquids`."""
    size = draw(st.floats(8.0, 12.0))
    cell = np.eye(3) * size + np.tril(draw(arrays(float, (3, 3), elements=st.floats(-25, 25))), -1)
    return cell[[1, 0, 2]] if draw(st.booleans()) else cell


@st.composite
def liquids(draw):
    """A few molecules far from each other, rotated, broken, shuffled; some axes may not be periodic."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    names = draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=4))
    atoms = Atoms(cell=draw(cells()), pbc=draw(arrays(bool, 3)))
    for k, name in enumerate(names):
        guest = Atoms(name) if name == "Ne" else molecule(name)
        guest.positions = guest.positions @ np.linalg.qr(rng.normal(size=(3, 3)))[0]
        guest.positions += 9.0 * np.array([k % 2, k // 2, 0])
        atoms += guest
    atoms.set_cell(atoms.cell[:] * 2, scale_atoms=False)
    atoms.positions += rng.integers(-2, 3, (len(atoms), 3)) * atoms.pbc @ atoms.cell[:]
    return atoms[rng.permutation(len(atoms))]


@st.composite
def soups(draw):
    """Atoms anywhere in small cells: networks, infinite ones too."""
    n = draw(st.integers(0, 7))
    positions = draw(arrays(float, (n, 3), elements=st.floats(-6, 6, width=32)))
    numbers = draw(st.lists(st.sampled_from([1, 3, 6, 8, 10]), min_size=n, max_size=n))
    cell = np.diag(draw(arrays(float, 3, elements=st.floats(1.0, 5))))
    cell += np.tril(draw(arrays(float, (3, 3), elements=st.floats(-9, 9))), -1)
    return Atoms(numbers=numbers, positions=positions, cell=cell, pbc=draw(arrays(bool, 3)))


@settings(max_examples=200)
@given(soups())
def test_bonds_and_components_equal_the_numpy_twin(atoms):
    found = ecemc.find_molecules(atoms)
    i, j, S = molecules_numpy.bonds(atoms)
    twin = molecules_numpy.structural(atoms, i, j, S)
    once = [(*map(int, ij), *map(int, s)) for ij, s in zip(found.bonds, found.bond_shifts, strict=True)]
    assert once == sorted(set(once))
    assert {*once, *((b, a, -x, -y, -z) for a, b, x, y, z in once)} == twin
    np.testing.assert_array_equal(found.index, molecules_numpy.components(len(atoms), i, j))


@settings(max_examples=200)
@given(soups())
def test_images_unwrap_exactly_the_finite_networks(atoms):
    """A network is finite exactly if all its bonds agree with the images."""
    found = ecemc.find_molecules(atoms)
    i, j = found.bonds.T
    agrees = (found.image[j] - found.image[i] == found.bond_shifts).all(axis=1)
    broken = np.bincount(found.index[i][~agrees], minlength=len(found)) > 0
    np.testing.assert_array_equal(found.infinite, broken)
    if not found.infinite.any():
        whole = ecemc.make_whole(atoms, found).positions
        bond_vectors = atoms.positions[j] - atoms.positions[i] + found.bond_shifts @ atoms.cell[:]
        np.testing.assert_allclose(whole[j] - whole[i], bond_vectors, rtol=0, atol=1e-9)


@settings(max_examples=200)
@given(liquids(), st.integers(0, 2**32 - 1))
def test_force_decomposition(atoms, seed):
    """Equal to the twin; parts sum to the forces; vibration has neither net force nor torque."""
    rng = np.random.default_rng(seed)
    forces = rng.normal(size=(len(atoms), 3))
    found = ecemc.find_molecules(atoms)
    parts = ecemc.decompose_forces(atoms, forces, found)
    whole = ecemc.make_whole(atoms, found).positions
    masses = atoms.get_masses()
    trans, rot = molecules_numpy.decompose(masses, found.index, whole, forces)
    np.testing.assert_allclose(parts.translational, trans, rtol=0, atol=1e-10)
    np.testing.assert_allclose(parts.rotational, rot, rtol=0, atol=1e-8)
    total = parts.translational + parts.rotational + parts.vibrational
    np.testing.assert_allclose(total, forces, rtol=0, atol=1e-12)
    centers = ecemc.rigid_bodies(atoms, found).centers
    for k, members in enumerate(found.members):
        np.testing.assert_allclose(parts.vibrational[members].sum(axis=0), 0, atol=1e-9)
        torque = np.cross(whole[members] - centers[k], parts.vibrational[members]).sum(axis=0)
        np.testing.assert_allclose(torque, 0, atol=1e-8)


@settings(max_examples=200)
@given(liquids(), st.integers(0, 2**32 - 1))
def test_rotation_translation_permutation_and_images(atoms, seed):
    rng = np.random.default_rng(seed)
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    order = rng.permutation(len(atoms))
    forces = rng.normal(size=(len(atoms), 3))
    moved = atoms[order]
    moved.positions += rng.integers(-2, 3, (len(atoms), 3)) * atoms.pbc @ atoms.cell[:]
    moved.positions = moved.positions @ turn + rng.normal(size=3)
    moved.set_cell(atoms.cell[:] @ turn)
    found, found_moved = ecemc.find_molecules(atoms), ecemc.find_molecules(moved)
    assert found.composition == found_moved.composition
    expected = ecemc.decompose_forces(atoms, forces, found)
    parts = ecemc.decompose_forces(moved, forces[order] @ turn, found_moved)
    for name in ("translational", "rotational", "vibrational"):
        np.testing.assert_allclose(getattr(parts, name), getattr(expected, name)[order] @ turn, rtol=0, atol=1e-7)
    # The molecules of the moved frame in the numbering of the original one.
    same = found.index[order[[members[0] for members in found_moved.members]]]
    bodies, bodies_moved = ecemc.rigid_bodies(atoms, found), ecemc.rigid_bodies(moved, found_moved)
    np.testing.assert_allclose(bodies_moved.masses, bodies.masses[same])
    inertia = np.einsum("ij,kil,lm->kjm", turn, bodies.inertia[same], turn)
    np.testing.assert_allclose(bodies_moved.inertia, inertia, rtol=0, atol=1e-8)


@given(liquids(), st.floats(0.5, 2.0))
def test_rigid_scans_keep_molecules_and_scale_centres(atoms, scale):
    found = ecemc.find_molecules(atoms)
    (frame,) = ecemc.volume_scan(atoms, [scale], molecules=found)
    whole = ecemc.make_whole(atoms, found)
    masses = atoms.get_masses()
    for members in found.members:
        m = masses[members] / masses[members].sum()
        before, after = m @ whole.positions[members], m @ frame.positions[members]
        inner = frame.positions[members] - after
        np.testing.assert_allclose(inner, whole.positions[members] - before, rtol=0, atol=1e-8)
        shift = np.linalg.solve(frame.cell[:].T, after - scale * before)
        np.testing.assert_allclose(shift, np.round(shift), rtol=0, atol=1e-8)
