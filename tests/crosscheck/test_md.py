"""Molecular dynamics against ASE's, and exact continuation with real methods: GAP and tight binding."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from ase import units
from ase.md.verlet import VelocityVerlet
from tests.reference.gap_sets import PARAMS, training_set, water
from tests.reference.md_systems import soft_water

import ecemc
from ecemc.gap import fit_gap
from ecemc.md import MDOptions, Monitors, check_calculator, run_md

SHORT = MDOptions(time=24.0, timestep=0.5, frame_interval=2.0, thermo_interval=2.0, checkpoint_interval=4.0)
TIGHT_BINDING = dataclasses.replace(SHORT, time=5.0, frame_interval=1.0, thermo_interval=1.0, checkpoint_interval=1.5)


class Killed(BaseException):
    """What no code catches."""


def killing(at):
    def progress(now):
        if now.step >= at:
            raise Killed

    return progress


def split_equals_straight(folder, atoms, method, options):
    """Kill a run twice, continue it, and compare with one that was left alone."""
    settings = {"options": options, "monitors": Monitors.off()}
    straight = run_md(atoms, method, folder / "a.extxyz", **settings)
    for part in (0.3, 0.7):
        with pytest.raises(Killed):
            run_md(atoms, method, folder / "b.extxyz", **settings, progress=killing(part * options.n_steps))
    split = run_md(atoms, method, folder / "b.extxyz", **settings)
    assert split.path.read_bytes() == straight.path.read_bytes()
    assert split.thermo_path.read_bytes() == straight.thermo_path.read_bytes()


def test_nve_is_ase_velocity_verlet(tmp_path):
    atoms, calculator = soft_water()
    options = MDOptions(ensemble="nve", time=100.0, timestep=0.5, frame_interval=5.0)
    frames = ecemc.read(run_md(atoms, calculator, tmp_path / "run.extxyz", options).path, ":")
    theirs = frames[0].copy()
    theirs.calc = calculator
    dynamics = VelocityVerlet(theirs, 0.5 * units.fs)
    for frame in frames[1:]:
        dynamics.run(10)
        assert np.abs(frame.positions - theirs.positions).max() < 1e-9
        assert np.abs(frame.get_momenta() - theirs.get_momenta()).max() < 1e-8


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    pytest.importorskip("quippy", reason="needs ecemc[gap]")
    path = tmp_path_factory.mktemp("gap") / "model.xml"
    fit_gap(training_set(), PARAMS["soap"], path)
    return path


@pytest.mark.parametrize("ensemble", ["nve", "nvt", "npt"])
def test_gap_is_continued_exactly(tmp_path, model, ensemble):
    split_equals_straight(tmp_path, water(1)[0], str(model), dataclasses.replace(SHORT, ensemble=ensemble))


def test_gap_is_checked_in_a_cell_shorter_than_its_cutoff(model):
    atoms = water(1, 1)[0]
    assert atoms.cell.lengths().max() < 4.0 < 2 * 3.0
    assert check_calculator(str(model), atoms).ok
    assert check_calculator(str(model), water(1)[0]).ok


def test_a_model_that_lacks_an_element_is_refused(tmp_path, model):
    atoms = water(1)[0]
    atoms.numbers[0] = 16
    with pytest.raises(ecemc.errors.InputError, match="the model does not know S"):
        run_md(atoms, str(model), tmp_path / "run.extxyz", SHORT)
    assert not list(tmp_path.iterdir())


def test_tight_binding_is_continued_exactly(tmp_path):
    """Its self-consistent field starts from the step before, so results depend on the history since the checkpoint."""
    pytest.importorskip("tblite", reason="needs ecemc[xtb]")
    split_equals_straight(tmp_path, water(1, 2)[0], "gfn2-xtb", TIGHT_BINDING)


def test_tight_binding_passes_the_check():
    pytest.importorskip("tblite", reason="needs ecemc[xtb]")
    assert check_calculator("gfn1-xtb", water(1, 2)[0], thorough=False).ok
