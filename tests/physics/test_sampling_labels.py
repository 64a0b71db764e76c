"""Energy, forces and virial of liquid boxes against an independent evaluation of the same parameters."""

from __future__ import annotations

from importlib.resources import files

import numpy as np
import pytest
from tests.reference.opls_numpy import OplsNumpy

from ecemc.sampling import Labeller, OplsOptions, opls_liquid

pytest.importorskip("openmm", reason="needs ecemc[sample]")
pytest.importorskip("packmol", reason="needs ecemc[sample]")

PARAMETERS = files("ecemc.sampling") / "data" / "opls_ec_emc.json"
BOXES = [
    ("4EC:8EMC", 1.0, OplsOptions(cutoff=6.0)),
    ("12EMC:2EC", 0.6, OplsOptions(cutoff=6.5, switch_width=3.0)),
    ("16EC:32EMC", 1.0, OplsOptions()),
]


def shaken(liquid, seed):
    """Positions off their minima in every degree of freedom, so that no term is near zero."""
    rng = np.random.default_rng(seed)
    return liquid.atoms.positions + rng.normal(scale=0.05, size=liquid.atoms.positions.shape)


@pytest.mark.parametrize(("composition", "density", "options"), BOXES)
def test_labels_equal_the_independent_evaluation(composition, density, options):
    liquid = opls_liquid(composition, density=density, seed=2, options=options)
    positions, n_atoms = shaken(liquid, seed=3), len(liquid.atoms)
    judge = OplsNumpy(PARAMETERS, liquid.composition, options.cutoff, options.switch_width)
    expected = judge(positions, liquid.atoms.cell[0, 0])
    labels = Labeller(liquid.system, 2)(positions, liquid.atoms.cell.array)
    assert all(abs(part) > 0.05 for part in expected.parts.values()), expected.parts
    assert abs(labels.energy - expected.energy) < 2e-8 * n_atoms  # eV; the mesh
    assert np.abs(labels.forces - expected.forces).max() < 1e-5  # eV/Å, of 2.4 rms
    assert np.abs(labels.virial - expected.virial).max() < 1e-6 * n_atoms  # eV, of up to 250; finite strain
    assert np.array_equal(labels.virial, labels.virial.T)


def test_judge_is_consistent():
    """The judge's forces and virial are derivatives of its energy."""
    liquid = opls_liquid("2EC:2EMC", density=0.3, seed=2, options=OplsOptions(cutoff=6.0))
    positions, length = shaken(liquid, seed=4), liquid.atoms.cell[0, 0]
    judge = OplsNumpy(PARAMETERS, liquid.composition, 6.0, 1.0)
    result, h = judge(positions, length), 1e-4
    for atom, axis in ((0, 0), (4, 1), (25, 2), (38, 0)):
        step = np.zeros_like(positions)
        step[atom, axis] = h
        slope = (judge(positions + step, length).energy - judge(positions - step, length).energy) / (2 * h)
        assert -slope == pytest.approx(result.forces[atom, axis], abs=1e-6)
    energies = [judge(positions * (1 + s), length * (1 + s)).energy for s in (h, -h)]
    assert -(energies[0] - energies[1]) / (2 * h) == pytest.approx(np.trace(result.virial), abs=1e-4)


def test_forces_are_the_slope_of_the_energy():
    liquid = opls_liquid("4EC:8EMC", density=1.0, seed=2, options=OplsOptions(cutoff=6.0))
    positions, cell, h = shaken(liquid, seed=5), liquid.atoms.cell.array, 1e-4
    label = Labeller(liquid.system, 2)
    forces = label(positions, cell).forces
    direction = forces / np.linalg.norm(forces)  # no cancellation along it
    energies = [label(positions + sign * h * direction, cell).energy for sign in (1, -1)]
    assert -(energies[0] - energies[1]) / (2 * h) == pytest.approx(np.sum(forces * direction), rel=1e-6)


def test_same_bits_for_any_number_of_threads():
    liquid = opls_liquid("4EC:8EMC", density=1.0, seed=2, options=OplsOptions(cutoff=6.0))
    positions, cell = shaken(liquid, seed=6), liquid.atoms.cell.array
    one, three = (Labeller(liquid.system, n)(positions, cell) for n in (1, 3))
    assert one.energy == three.energy
    assert np.array_equal(one.forces, three.forces)
    assert np.array_equal(one.virial, three.virial)


def test_labels_do_not_depend_on_where_the_molecules_are_wrapped():
    liquid = opls_liquid("4EC:8EMC", density=1.0, seed=2, options=OplsOptions(cutoff=6.0))
    positions, cell = shaken(liquid, seed=6), liquid.atoms.cell.array
    moved = positions + np.repeat([[0, 0, 0], [1, -1, 2]], [40, 120], axis=0) @ cell
    label = Labeller(liquid.system)
    here, there = label(positions, cell), label(moved, cell)
    assert here.energy == pytest.approx(there.energy, abs=1e-8)
    assert np.allclose(here.virial, there.virial, atol=1e-5)
