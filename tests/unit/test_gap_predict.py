"""Models over files, several models as one, and dynamics with the compiled engine."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from ase import units
from ase.md.verlet import VelocityVerlet
from tests.reference.gap_sets import PARAMS, training_set, water

import ecemc
from ecemc.dataset import read_provenance
from ecemc.errors import InputError
from ecemc.gap import GAP, Committee, fit_gap, predict

pytest.importorskip("quippy", reason="needs ecemc[gap]")


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    return [fit_gap(training_set(2), PARAMS["soap"].replace(seed=seed), folder / f"{seed}.xml").path for seed in (1, 2)]


def test_a_file_has_what_the_calculator_gives(models, tmp_path):
    frames = water(70)  # more than go through the engine at once
    done = []
    assert predict(frames, models[0], tmp_path / "one.extxyz", progress=done.append) == 70
    assert done == [64, 70]
    calculator = GAP(models[0])
    for atoms, found in zip(frames, ecemc.iread(tmp_path / "one.extxyz"), strict=True):
        calculator.calculate(atoms)
        labels = ecemc.read_labels(found, ecemc.LabelKeys.prefixed("GAP_"))
        assert labels.energy == calculator.results["energy"]
        assert np.array_equal(labels.forces, calculator.results["forces"])
        stress = -labels.virial / atoms.get_volume()
        assert np.allclose(stress.ravel()[[0, 4, 8, 5, 2, 1]], calculator.results["stress"], rtol=0, atol=1e-14)
    record = read_provenance(tmp_path / "one.extxyz")
    assert (record.step, record.n_frames) == ("predict", 70)
    assert [parent.file for parent in record.parents] == ["1.xml"]
    assert record.parents[0].record.step == "fit"


def test_engines_give_the_same_file_to_rounding(models, tmp_path):
    found = []
    for engine in ("native", "quip"):
        predict(water(2), GAP(models[0], engine), tmp_path / engine, prefix="X_")
        found.append(ecemc.read_labels(ecemc.read(tmp_path / engine, 1), ecemc.LabelKeys.prefixed("X_")))
    difference = found[0] - found[1]
    assert abs(difference.energy) < 1e-9
    assert np.abs(difference.forces).max() < 1e-8
    assert np.abs(difference.virial).max() < 1e-7


def test_committee(models, tmp_path):
    atoms = water(1, seed=9)[0]
    single = []
    for path in models:
        atoms.calc = GAP(path)
        single.append((atoms.get_potential_energy(), atoms.get_forces()))
    assert single[0][0] != single[1][0]
    atoms.calc = Committee(models)
    assert atoms.get_potential_energy() == pytest.approx((single[0][0] + single[1][0]) / 2, abs=1e-12)
    assert np.allclose(atoms.get_forces(), (single[0][1] + single[1][1]) / 2, rtol=0, atol=1e-12)
    spread = atoms.calc.results
    assert spread["energy_spread"] == pytest.approx(abs(single[0][0] - single[1][0]) / np.sqrt(2), abs=1e-12)
    expected = np.linalg.norm(single[0][1] - single[1][1], axis=1) / np.sqrt(2)
    assert np.allclose(spread["forces_spread"], expected, rtol=0, atol=1e-12)
    predict([atoms], models, tmp_path / "both.extxyz")
    found = ecemc.read(tmp_path / "both.extxyz", 0)
    assert found.info["GAP_energy_spread"] == pytest.approx(spread["energy_spread"], abs=1e-12)
    assert np.allclose(found.arrays["GAP_forces_spread"], expected, rtol=0, atol=1e-12)
    with pytest.raises(InputError, match="models: got 1, expected at least two"):
        Committee(models[:1])


def test_frames_that_cannot_be_evaluated_are_named(models, tmp_path):
    frames = water(3)
    frames[2].numbers[0] = 7
    with pytest.raises(InputError, match=r"frame 2: 1\.xml: the model does not know N, only H O"):
        predict(frames, models[0], tmp_path / "no.extxyz")
    frames[2].numbers[0] = 8
    frames[1].positions[3] = np.nan
    with pytest.raises(InputError, match="frame 1: atoms: a position or the cell is NaN"):
        predict(frames, models[0], tmp_path / "no.extxyz")
    assert not (tmp_path / "no.extxyz").exists()
    with pytest.raises(InputError, match="models: got none"):
        predict(frames, [], tmp_path / "no.extxyz")


def test_command_line(models, tmp_path):
    ecemc.write(tmp_path / "frames.extxyz", water(2))
    command = [sys.executable, "-m", "ecemc", "predict", "frames.extxyz", "-m", str(models[0]), "-m", str(models[1])]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "predicted.extxyz: 2 frames evaluated with 1.xml, 2.xml\n"
    assert "GAP_energy_spread" in ecemc.read(tmp_path / "predicted.extxyz", 0).info
    again = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert again.returncode == 2
    assert "predicted.extxyz: is there already" in again.stderr


def energies_of_a_run(path, timestep):
    """Total energies (eV) over 0.5 ps at constant energy."""
    atoms = water(1)[0]
    atoms.calc = GAP(path, n_threads=1)
    widths = np.sqrt(atoms.get_masses()[:, None] * units.kB * 150.0)
    atoms.set_momenta(widths * np.random.default_rng(1).normal(size=(len(atoms), 3)))
    totals = []
    with VelocityVerlet(atoms, timestep * units.fs) as dynamics:
        dynamics.attach(lambda: totals.append(atoms.get_total_energy()), interval=2)
        dynamics.run(round(500.0 / timestep))
    return np.array(totals)


@pytest.mark.parametrize("name", ["soap", "soap_turbo"])
def test_energy_is_conserved_as_well_as_the_integrator_allows(name, tmp_path):
    """Forces that are the derivatives of the energy leave an error of the order dt², which a quarter remains of."""
    path = fit_gap(training_set(3), PARAMS[name], tmp_path / "model.xml").path
    coarse, fine = (energies_of_a_run(path, timestep).std() for timestep in (0.5, 0.25))
    assert coarse < 0.05
    assert 2.5 < coarse / fine < 6.0
