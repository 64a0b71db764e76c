"""Volume scans: consistent with the molecular virial, and what they say about real force fields."""

from __future__ import annotations

import numpy as np
import pytest
from tests.reference.morse import PairPotential

import ecemc
from ecemc.evaluation import compute
from ecemc.methods import OplsCalculator, get_method
from ecemc.scans import ScanOptions, scan
from ecemc.testing import liquid, water


@pytest.fixture(scope="module")
def frame(root):
    """A real liquid of 48 molecules."""
    return ecemc.read(root / "examples" / "data" / "ec_emc_400K.extxyz.gz", -1)


def molecular_slope(box, calculator, molecules):
    """dE/d ln s = -tr W + Σ f·ξ: the virial without what would deform the molecules."""
    labels = compute(box, calculator)
    arms = np.zeros_like(box.positions)
    for members in molecules.members:
        arms[members] = box.positions[members] - box[members].get_center_of_mass()
    return -np.trace(labels.virial) + np.sum(labels.forces * arms)


@pytest.mark.parametrize("calculator", [PairPotential(), OplsCalculator(cutoff=6.0)])
@pytest.mark.parametrize("s", [0.97, 1.0, 1.1, 1.4])
def test_slope_of_the_curve_is_the_molecular_virial(calculator, s):
    whole, h = ecemc.make_whole(liquid(1, 2, 0.9, seed=2)), 1e-4
    molecules = ecemc.find_molecules(whole)
    each = scan(whole, calculator, options=ScanOptions([s * np.exp(-h), s, s * np.exp(h)]), n_jobs=1).scans[0]
    below, _, above = each.n_atoms * each.energy_inter(0)
    box = ecemc.volume_scan(whole, [s])[0]
    expected = molecular_slope(box, calculator, molecules)
    assert abs(expected) > 0.03
    assert (above - below) / (2.0 * h) == pytest.approx(expected, rel=1e-5, abs=2e-5)


def test_net_forces_and_slope_of_a_cluster():
    """Without periodicity dE/d ln s is -Σ F_j·s τ_j, from the net forces alone."""
    pair = water() + water()
    pair.positions[3:] += [0.3, 0.2, 3.2]
    tau = np.array([pair[:3].get_center_of_mass(), pair[3:].get_center_of_mass()])
    h, calculator = 1e-4, PairPotential(epsilon=0.02)
    options = ScanOptions([1.1 * np.exp(-h), 1.1, 1.1 * np.exp(h)], cell=None)
    each = scan(pair, calculator, options=options, n_jobs=1).scans[0]
    below, _, above = each.n_atoms * each.energy_inter(0)
    slope = -np.sum(each.curves[0].net_forces[1] * 1.1 * tau)
    assert abs(slope) > 0.01
    assert (above - below) / (2.0 * h) == pytest.approx(slope, rel=1e-5)
    assert np.isnan(each.density).all()


def test_liquid_in_its_own_force_field(frame):
    """The minimum lies near the density of the thermal liquid; dipoles die out as 1/s³ towards zero."""
    options = ScanOptions([0.94, 0.97, 1.0, 1.03, 1.07, 1.12, 8.0, 16.0], cell=None)
    result = scan(frame, "opls", options=options, n_jobs=1)
    score, energy = result.scores[0], 1000.0 * result.scans[0].energy_inter(0)
    assert 0.95 < score.s_min < 1.06
    assert -40.0 < score.depth < -15.0
    assert 1e-4 < abs(energy[-2]) < 0.02
    assert energy[-2] / energy[-1] == pytest.approx(8.0, rel=0.1)


def test_a_force_field_with_a_narrow_switch_is_rough_but_not_wrong():
    """What figure 9D is about: energies as good as the reference's, and forces that jump."""
    small = liquid(2, 4, 1.0, seed=4)
    scales = np.geomspace(0.95, 1.6, 16)
    soft = get_method("opls", cutoff=7.0, switch_width=2.0)
    models = {
        "soft": get_method("opls", cutoff=6.5, switch_width=2.0),
        "hard": get_method("opls", cutoff=5.0, switch_width=0.1),
    }
    result = scan(small, soft, models, ScanOptions(scales), n_jobs=1)
    _, alike, hard = result.scores
    assert alike.well < 1.0
    assert hard.well < 1.0
    assert alike.roughness_ratio < 2.0
    assert hard.roughness_ratio > 4.0


def test_tight_binding(tmp_path):
    """GFN2-xTB of two waters in a box: labels from one run are the reference of the next."""
    pytest.importorskip("tblite", reason="needs ecemc[xtb]")
    pair = water() + water()
    pair.positions[3:] += [0.0, 0.0, 2.9]
    pair.set_cell([9.0] * 3)
    pair.pbc = True
    options = ScanOptions([0.9, 0.95, 1.0, 1.05, 1.1, 1.3, 3.0], cell=None)
    first = scan(pair, "gfn2-xtb", options=options, n_jobs=1)
    energy = first.scans[0].energy_inter(0)
    assert np.isfinite(energy).all()
    assert energy.min() * 6 < -0.02  # eV, a hydrogen bond or at least dipoles
    assert abs(energy[-1]) < 3e-3  # two dipoles, 9 Å apart
    ecemc.write(tmp_path / "scan.extxyz", first.frames)
    again = scan(tmp_path / "scan.extxyz", "labels", ["gfn2-xtb"], options, n_jobs=1)
    assert again.scores[1].well == pytest.approx(0.0, abs=1e-3)
    assert again.scores[1].isolated_error == pytest.approx(0.0, abs=1e-6)
