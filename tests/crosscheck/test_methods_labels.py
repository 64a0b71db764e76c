"""Methods against other programs and the labels of the sampler: OpenMM, the independent evaluation in NumPy, tblite."""

from __future__ import annotations

from importlib.resources import files

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.calculator import CalculationFailed
from tests.reference.opls_numpy import OplsNumpy

import ecemc
from ecemc.evaluation import compute
from ecemc.labels import read_labels
from ecemc.methods import OplsCalculator, get_method
from ecemc.testing import molecule

PARAMETERS = files("ecemc.sampling") / "data" / "opls_ec_emc.json"


@pytest.fixture(scope="module")
def sampled(tmp_path_factory):
    """Frames of a short run, labelled by OpenMM."""
    pytest.importorskip("openmm", reason="needs ecemc[sample]")
    pytest.importorskip("packmol", reason="needs ecemc[sample]")
    from ecemc.sampling import OplsOptions, SampleOptions, opls_liquid, sample  # noqa: PLC0415

    options = OplsOptions(cutoff=6.0)
    liquid = opls_liquid("4EC:8EMC", density=1.0, seed=2, options=options)
    path = tmp_path_factory.mktemp("sampled") / "boxes.extxyz"
    sample(liquid, path, SampleOptions(400.0, time=400.0, equilibration=400.0))
    return ecemc.read(path, ":"), options


def test_frames_of_the_sampler_give_their_own_labels(sampled):
    frames, options = sampled
    calculator = OplsCalculator(options.cutoff, options.switch_width)
    assert len(frames) == 2
    for frame in frames:
        stored, labels = read_labels(frame), compute(frame, calculator)
        n_atoms = len(frame)
        assert labels.energy == pytest.approx(stored.energy, abs=2e-8 * n_atoms)  # OpenMM's mesh
        assert np.abs(labels.forces - stored.forces).max() < 1e-5
        assert np.abs(labels.virial - stored.virial).max() < 1e-6 * n_atoms  # finite differences in the sampler


def test_small_cells_are_as_good_as_repeated_ones_in_openmm(sampled):
    """A cutoff beyond half the cell, where OpenMM needs eight copies."""
    from ecemc.sampling import Labeller, OplsOptions  # noqa: PLC0415
    from ecemc.sampling.opls import build_system  # noqa: PLC0415

    frame = sampled[0][0]
    copies = frame.repeat((2, 2, 2))
    order = np.argsort(np.tile(np.arange(len(frame)) >= 40, 8), kind="stable")  # EC of all copies first
    copies = copies[order]
    system = build_system({"EC": 32, "EMC": 64}, copies.cell.lengths(), OplsOptions())
    expected = Labeller(system, 2)(copies.positions, copies.cell.array)
    labels = compute(frame, OplsCalculator())
    assert 8 * labels.energy == pytest.approx(expected.energy, abs=2e-8 * len(copies))
    assert np.abs(compute(copies, OplsCalculator()).forces - expected.forces).max() < 1e-5
    assert np.abs(8 * labels.virial - expected.virial).max() < 1e-6 * len(copies)


def test_independent_evaluation_is_met_closely(sampled):
    """It has no mesh either."""
    frame, options = sampled[0][0], sampled[1]
    judge = OplsNumpy(PARAMETERS, {"EC": 4, "EMC": 8}, options.cutoff, options.switch_width)
    expected = judge(frame.positions, frame.cell[0, 0])
    labels = compute(frame, OplsCalculator(options.cutoff, options.switch_width))
    assert labels.energy == pytest.approx(expected.energy, abs=2e-7)
    assert np.abs(labels.forces - expected.forces).max() < 1e-7
    assert np.abs(labels.virial - expected.virial).max() < 1e-5


@pytest.fixture(scope="module")
def crystal():
    """One molecule in a triclinic cell, so near to its images that they matter."""
    atoms = molecule("EC")
    atoms.set_cell([[6.5, 0.0, 0.0], [1.5, 6.0, 0.0], [-1.0, 1.5, 7.0]])
    atoms.pbc = True
    atoms.positions += np.random.default_rng(1).normal(scale=0.05, size=atoms.positions.shape)
    return atoms


@pytest.mark.parametrize("name", ["gfn1-xtb", "gfn2-xtb"])
def test_xtb_derivatives(name, crystal):
    """Forces and virial are derivatives of the energy, and quiet."""
    pytest.importorskip("tblite", reason="needs ecemc[xtb]")
    calculator = get_method(name, accuracy=0.01).make()
    labels, h = compute(crystal, calculator), 3e-4
    direction = np.random.default_rng(2).normal(size=crystal.positions.shape)
    moved = [Atoms(crystal, positions=crystal.positions + sign * h * direction) for sign in (1, -1)]
    energies = [compute(frame, calculator).energy for frame in moved]
    assert -(energies[0] - energies[1]) / (2 * h) == pytest.approx(np.sum(labels.forces * direction), abs=1e-3)
    for a, b in ((0, 0), (1, 1), (2, 2), (1, 0), (2, 0), (2, 1)):
        energies = []
        for sign in (1, -1):
            strain = np.eye(3)
            strain[a, b] += sign * h / 2
            strain[b, a] += sign * h / 2
            energies.append(compute(strained(crystal, strain), calculator).energy)
        assert -(energies[0] - energies[1]) / (2 * h) == pytest.approx(labels.virial[a, b], abs=1e-3)


def strained(atoms, deformation):
    return Atoms(atoms.numbers, atoms.positions @ deformation, cell=atoms.cell.array @ deformation, pbc=atoms.pbc)


def test_xtb_results_do_not_depend_on_the_frame_before():
    pytest.importorskip("tblite", reason="needs ecemc[xtb]")
    one, two = molecule("EC"), molecule("EC")
    two.positions += np.random.default_rng(3).normal(scale=0.1, size=two.positions.shape)
    method = get_method("gfn2-xtb")
    calculator = method.make()
    compute(one, calculator)
    after = compute(two, calculator)
    alone = compute(two, method.make())
    assert after.energy == alone.energy
    assert np.array_equal(after.forces, alone.forces)


def test_xtb_that_does_not_converge_fails():
    pytest.importorskip("tblite", reason="needs ecemc[xtb]")
    with pytest.raises(CalculationFailed, match="not converged in 2 cycles"):
        compute(molecule("EC"), get_method("gfn2-xtb", max_iterations=2).make())


def test_xtb_is_quiet_and_named(capfd):
    pytest.importorskip("tblite", reason="needs ecemc[xtb]")
    method = get_method("gfn1-xtb")
    compute(molecule("water"), method.make())
    assert capfd.readouterr() == ("", "")
    assert method.name.startswith("GFN1-xTB (tblite ")
    assert "accuracy" in method.identity
    assert method.identity != get_method("gfn1-xtb", accuracy=0.1).identity != get_method("gfn2-xtb").identity


@pytest.mark.parametrize("options", [{"accuracy": -1.0}, {"accuracy": "high"}, {"max_iterations": 0}])
def test_bad_options_of_xtb(options):
    pytest.importorskip("tblite", reason="needs ecemc[xtb]")
    with pytest.raises(ecemc.errors.InputError, match=f"{next(iter(options))}: got"):
        get_method("gfn2-xtb", **options)
