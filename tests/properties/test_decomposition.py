"""What holds for the decomposition of any configuration of finite molecules."""

from __future__ import annotations

import numpy as np
from ase import Atoms
from ase.build import molecule
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation
from tests.reference.pair_potential import PairPotential

import ecemc
from ecemc.decomposition import decompose_properties, read_parts, with_parts

#: Single atoms, linear ones, planar ones, and one with isomers.
KINDS = ("He", "N2", "CO2", "H2O", "CH3OH")
SPACING = 5.0


@st.composite
def boxes(draw):
    """Turned molecules on a grid in a sheared cell (or none), atoms interleaved, molecules broken."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    kinds = draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=5))
    atoms = Atoms()
    for place, kind in enumerate(kinds):
        part = Atoms("He") if kind == "He" else molecule(kind)
        part.positions = Rotation.random(random_state=int(rng.integers(2**31))).apply(
            part.positions - part.positions[0]
        )
        part.positions += SPACING * np.array([place % 2, place // 2, 0]) + 2.0
        atoms += part
    if draw(st.booleans()):
        cell = np.diag([2 * SPACING, (len(kinds) + 1) // 2 * SPACING, SPACING]) + np.tril(
            rng.uniform(-1, 1, (3, 3)), -1
        )
        atoms.set_cell(cell)
        atoms.pbc = True
    atoms = atoms[rng.permutation(len(atoms))]
    if atoms.pbc.any():
        atoms.positions += rng.integers(-2, 3, (len(atoms), 3)) @ atoms.cell.array
    return atoms


def close(one, other, tolerance=1e-8):
    np.testing.assert_allclose(one, other, rtol=0, atol=tolerance)


@given(boxes())
@settings(max_examples=60)
def test_parts_add_up_and_molecules_alone_feel_nothing_from_outside(atoms):
    parts = decompose_properties(atoms, PairPotential(6.0))
    for quantity in (parts.energy, parts.forces, parts.virial):
        close(np.asarray(quantity.intra) + quantity.inter, quantity.total, 1e-10)
    alone = ecemc.decompose_forces(atoms, parts.intra.forces)
    close(alone.net_forces, 0.0)
    close(alone.torques, 0.0)


@given(boxes(), st.integers(0, 2**31 - 1))
@settings(max_examples=40)
def test_parts_turn_and_move_with_the_configuration(atoms, seed):
    rng = np.random.default_rng(seed)
    turn = Rotation.from_quat(rng.normal(size=4)).as_matrix()
    moved = atoms.copy()
    moved.positions = (moved.positions + rng.uniform(-9, 9, 3)) @ turn.T
    moved.set_cell(moved.cell.array @ turn.T)
    before, after = (decompose_properties(frame, PairPotential(6.0)) for frame in (atoms, moved))
    for part in ("total", "intra", "inter"):
        one, other = getattr(before, part), getattr(after, part)
        close(one.energy, other.energy)
        close(one.forces @ turn.T, other.forces)
        close(turn @ one.virial @ turn.T, other.virial)


@given(boxes(), st.integers(0, 2**32 - 1))
@settings(max_examples=40)
def test_order_of_atoms_does_not_matter(atoms, seed):
    order = np.random.default_rng(seed).permutation(len(atoms))
    before, after = (decompose_properties(frame, PairPotential(6.0)) for frame in (atoms, atoms[order]))
    for part in ("total", "intra", "inter"):
        one, other = getattr(before, part), getattr(after, part)
        close(one.energy, other.energy)
        close(one.forces[order], other.forces)
        close(one.virial, other.virial)


@given(boxes())
@settings(max_examples=40)
def test_stored_parts_are_read_back(atoms):
    parts = decompose_properties(atoms, PairPotential(6.0))
    stored = with_parts(atoms, parts)
    back = read_parts(stored)
    for part in ("total", "intra", "inter"):
        one, other = getattr(parts, part), getattr(back, part)
        close(one.energy, other.energy, 1e-12)
        close(one.forces, other.forces, 1e-12)
        close(one.virial, other.virial, 1e-12)
    sums = stored.arrays["REF_forces_trans"] + stored.arrays["REF_forces_rot"] + stored.arrays["REF_forces_vib"]
    close(sums, stored.arrays["REF_forces"], 1e-10)
