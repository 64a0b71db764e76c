"""Intra- and intermolecular parts: what theory says of them, with pair potentials, OPLS-AA and tight binding."""

from __future__ import annotations

import numpy as np
import pytest
from tests.reference.pair_potential import PairPotential, between_molecules

import ecemc
from ecemc.decomposition import decompose_properties, decomposed, plan
from ecemc.evaluation import Ledger, compute
from ecemc.methods import Method, OplsCalculator, get_method
from ecemc.testing import ec, liquid, water


def box():
    """EC, EMC and water in a small triclinic cell, atoms shuffled, molecules broken by the boundaries."""
    atoms = liquid(2, 2, 0.5, n_water=2, seed=3)
    atoms.set_cell(atoms.cell.array @ [[1.0, 0.0, 0.0], [0.2, 1.0, 0.0], [-0.1, 0.15, 1.0]])
    rng = np.random.default_rng(1)
    atoms = atoms[rng.permutation(len(atoms))]
    atoms.positions += rng.integers(-2, 3, (len(atoms), 3)) @ atoms.cell.array
    return atoms


@pytest.mark.parametrize("cutoff", [3.0, 9.0])
def test_between_molecules_is_the_sum_over_pairs_in_different_molecules(cutoff):
    atoms = box()
    found = ecemc.find_molecules(atoms)
    assert found.composition == {"EC": 2, "EMC": 2, "H2O": 2}
    parts = decompose_properties(atoms, PairPotential(cutoff))
    expected = compute(atoms, PairPotential(cutoff, only=between_molecules(found)))
    assert parts.inter.energy == pytest.approx(expected.energy, abs=1e-8)
    assert expected.energy > 0.1
    np.testing.assert_allclose(parts.inter.forces, expected.forces, atol=1e-8)
    np.testing.assert_allclose(parts.inter.virial, expected.virial, atol=1e-8)


def test_in_the_parent_cell_own_images_count_as_within():
    atoms = box()
    found = ecemc.find_molecules(atoms)
    far = PairPotential(9.0)
    parent = decompose_properties(atoms, far, cell="parent")
    expected = compute(atoms, PairPotential(9.0, only=between_molecules(found, own_images=False)))
    assert parent.inter.energy == pytest.approx(expected.energy, abs=1e-9)
    np.testing.assert_allclose(parent.inter.virial, expected.virial, atol=1e-9)
    vacuum = decompose_properties(atoms, far)
    assert vacuum.inter.energy > parent.inter.energy + 1e-3
    # In a box that nothing reaches across, there are no images either.
    large = decompose_properties(atoms, far, cell=30.0)
    assert large.inter.energy == pytest.approx(vacuum.inter.energy, abs=1e-8)
    np.testing.assert_allclose(large.inter.virial, vacuum.inter.virial, atol=1e-8)


def test_parts_add_up():
    atoms = liquid(2, 2, 0.5, seed=4)
    parts = decompose_properties(atoms, OplsCalculator())
    for quantity in (parts.energy, parts.forces, parts.virial):
        np.testing.assert_allclose(quantity.intra + quantity.inter, quantity.total, rtol=0, atol=1e-10)
    for labels in (parts.intra, parts.inter):
        moving = ecemc.decompose_forces(atoms, labels.forces)
        np.testing.assert_allclose(
            moving.translational + moving.rotational + moving.vibrational, labels.forces, rtol=0, atol=1e-10
        )
    # A molecule alone neither pushes nor turns itself.
    alone = ecemc.decompose_forces(atoms, parts.intra.forces)
    assert abs(alone.net_forces).max() < 1e-9
    assert abs(alone.torques).max() < 1e-8


def test_energy_between_molecules_vanishes_with_distance_and_falls_off_as_dipoles_do():
    one, other = ec(), ec()
    carbonyl = one.positions[5] - one.positions[2]  # along the dipole moment
    other.positions += 20.0 * carbonyl / np.linalg.norm(carbonyl)
    far = one + other
    other.positions += 20.0 * carbonyl / np.linalg.norm(carbonyl)
    further = one + other
    energies = [decompose_properties(pair, OplsCalculator()).energy.inter for pair in (far, further)]
    assert -0.01 < energies[0] < -0.001
    assert energies[0] / energies[1] == pytest.approx(8.0, rel=0.05)


def test_rigid_volume_scan_changes_the_energy_between_molecules_only():
    frame = liquid(1, 2, 0.5, seed=2)
    scan = ecemc.volume_scan(frame, [0.95, 1.0, 1.3, 3.0])
    parts = [decompose_properties(atoms, OplsCalculator()) for atoms in scan]
    assert np.ptp([p.energy.intra for p in parts]) < 1e-8
    assert np.ptp([p.energy.inter for p in parts]) > 0.01
    assert abs(parts[-1].energy.inter) < 0.1 * abs(parts[1].energy.inter)


def test_molecules_of_a_rigid_scan_are_computed_once(tmp_path):
    scan = ecemc.volume_scan(liquid(1, 2, 0.5, seed=2), np.linspace(0.9, 2.0, 8))
    calculators = []

    def make():
        calculators.append(_Counting())
        return calculators[-1]

    method = Method("pairs", "pairs 4.0", make)
    with_ledger = Ledger(tmp_path / "scan.ledger")
    done = list(decomposed(map(plan, scan), method, n_jobs=1, ledger=with_ledger))
    with_ledger.close()
    assert [d.failure for d in done] == [None] * 8
    # 8 boxes and 3 molecules, instead of 8 * 3; a coordinate on the edge of rounding may cost one more.
    assert 11 <= calculators[0].n_calls <= 13


class _Counting(PairPotential):
    n_calls = 0

    def calculate(self, *args, **kwargs):
        self.n_calls += 1
        super().calculate(*args, **kwargs)


def test_tight_binding_pair_of_waters_is_bound_between_molecules():
    pytest.importorskip("tblite")
    pair = water() + water()
    pair.positions[3:] += [0.0, 0.0, 2.9]
    calculator = get_method("gfn2-xtb").make()
    parts = decompose_properties(pair, calculator)
    alone = [compute(water(), calculator).energy for _ in range(2)]
    assert parts.energy.intra == pytest.approx(sum(alone), abs=1e-6)
    assert -0.4 < parts.energy.inter < -0.05
    # Without periodicity the virial is Σ r ⊗ f of the forces of either part.
    for labels in (parts.intra, parts.inter):
        moment = pair.positions.T @ labels.forces
        np.testing.assert_allclose(labels.virial, 0.5 * (moment + moment.T), atol=1e-6)


def test_dft_boxes_hold_twelve_molecules_to_split(shared):
    frames = ecemc.read(shared / "data" / "dft" / "ecemc_dft.extxyz", "3:6")
    for atoms in frames:
        task = plan(atoms)
        assert task.failure is None
        assert len(task.pieces) == 12
        assert sorted(np.concatenate([piece.arrays["parent_atom"] for piece in task.pieces])) == list(range(160))
        parts = decompose_properties(atoms, PairPotential(2.0))
        assert parts.energy.intra > 10 * abs(parts.energy.inter)
