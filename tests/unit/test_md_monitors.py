"""Monitors: each one stops a run of the kind that it is for, says why, and leaves good runs alone."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from ase.calculators.calculator import all_changes
from tests.reference.md_systems import IdealGas, SoftMolecules, soft_spheres, soft_water

import ecemc
from ecemc.errors import InputError
from ecemc.md import MDOptions, Monitors, run_md
from ecemc.md.monitors import Instant, Watch
from ecemc.testing import liquid

NPT = MDOptions(ensemble="npt", time=100.0, timestep=1.0, frame_interval=10.0, tau_p=50.0, tau_t=50.0)
NVT = dataclasses.replace(NPT, ensemble="nvt")


def instant(atoms, step=10_000, temperature=300.0, drift=0.0):
    return Instant(atoms, step, temperature, 300.0, drift)


@pytest.fixture(scope="module")
def box():
    return liquid(4, 8, 0.9, seed=1)


def test_a_liquid_is_left_alone(box):
    watch = Watch(Monitors(), box, NPT)
    watch.check_start(box)
    random = np.random.default_rng(0)
    for _ in range(5):
        shaken = box.copy()
        shaken.positions += random.normal(scale=0.03, size=shaken.positions.shape)
        assert watch.check(instant(shaken)) is None


def test_contact(box):
    moved = box.copy()
    moved.positions[0] = moved.positions[30] + [0.3, 0.0, 0.0]
    stop = Watch(Monitors(), box, NPT).check(instant(moved))
    assert stop.monitor == "contact"
    assert stop.value < stop.limit == 0.55
    assert "are 0.30 Å apart" in stop.text
    assert "atoms 0 (C) and 30" in stop.text
    watch = Watch(Monitors(contact=None, bonds=None), box, NPT)
    assert watch.check(instant(moved)) is None


def test_bonds_must_be_other_ones_several_times(box):
    carbon, hydrogen = 0, 6
    broken = box.copy()
    bonded = ecemc.find_molecules(box).bonds
    carbon, hydrogen = next((i, j) for i, j in bonded.tolist() if box.symbols[j] == "H")
    broken.positions[hydrogen] += 0.6 * (broken.positions[hydrogen] - broken.positions[carbon])
    watch = Watch(Monitors(), box, NPT)
    for atoms in (broken, broken, box, broken, broken):  # a visit of the start in between counts anew
        assert watch.check(instant(atoms)) is None
    stop = watch.check(instant(broken))
    assert stop.monitor == "bonds"
    assert stop.text == f"bonds are not those of the start: broken C{carbon}-H{hydrogen}"


@pytest.mark.parametrize(("factor", "way"), [(0.78, "above"), (1.3, "below")])
def test_density(factor, way):
    box = liquid(2, 3, 0.5, seed=1)
    other = ecemc.volume_scan(box, [factor])[0]
    monitors = dataclasses.replace(Monitors.off(), density=(0.5, 1.6))
    stop = Watch(monitors, box, NPT).check(instant(other))
    assert stop.monitor == "density"
    assert f"{way} {stop.limit:.3f} g/cm³ (start 0.500 g/cm³)" in stop.text
    assert stop.value == pytest.approx(0.5 / factor**3)
    assert Watch(monitors, box, NVT).check(instant(other)) is None


def test_bubble(box):
    torn = box.copy()
    torn.set_cell(torn.cell.array * [[2.0], [1.0], [1.0]])  # empty half
    watch = Watch(dataclasses.replace(Monitors.off(), bubble=0.8), box, NVT)
    assert watch.check(instant(box)) is None
    stop = watch.check(instant(torn))
    assert stop.monitor == "bubble"
    assert stop.value > stop.limit == pytest.approx(0.8 * (torn.get_volume() / 12) ** (1 / 3))
    with pytest.raises(InputError, match=r"start: an empty sphere of .* switch the monitor 'bubble' off"):
        watch.check_start(torn)
    few = liquid(1, 2, 0.2, seed=1)
    assert Watch(Monitors(), few, NVT).check(instant(few)) is None  # three molecules are no liquid


def test_temperature(box):
    watch = Watch(Monitors(), box, NVT)
    assert watch.check(instant(box, temperature=590.0)) is None
    assert watch.check(instant(box, step=100, temperature=900.0)) is None  # the start cools down
    stop = watch.check(instant(box, temperature=610.0))
    assert (stop.monitor, stop.value, stop.limit) == ("temperature", 610.0, 600.0)
    assert stop.text == "the temperature is 610 K, above 600 K (target 300 K)"
    small = liquid(1, 0, 0.2, seed=1)  # 27 degrees of freedom: 27 % fluctuation
    assert Watch(Monitors(), small, NVT).check(instant(small, temperature=900.0)) is None


def test_energy(box):
    watch = Watch(Monitors(), box, NVT)
    assert watch.check(instant(box, drift=-0.009 * len(box))) is None
    stop = watch.check(instant(box, drift=-0.011 * len(box)))
    assert (stop.monitor, stop.limit) == ("energy", 0.01)
    assert "changed by 11 meV/atom between two checkpoints" in stop.text


def test_all_off(box):
    ruined = box.copy()
    ruined.positions[:] = np.random.default_rng(0).uniform(0, 8, ruined.positions.shape)
    assert Watch(Monitors.off(), box, NPT).check(instant(ruined, temperature=1e6, drift=1e6)) is None


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"interval": 0.0}, "interval: got 0.0"),
        ({"keep": 0}, "keep: got 0"),
        ({"bubble": -1.0}, "bubble: got -1.0"),
        ({"bonds": 0}, "bonds: got 0"),
        ({"density": (1.1, 2.0)}, "density: got .1.1, 2.0., expected a band around 1"),
    ],
)
def test_limits_that_are_none(settings, expected):
    with pytest.raises(InputError, match=expected):
        Monitors(**settings)


class Repelling(SoftMolecules):
    """Molecules that fall apart: springs that push."""

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        self.spring = -20.0
        super().calculate(atoms, properties, system_changes)


def test_a_run_is_stopped_and_keeps_the_frames_before(tmp_path):
    atoms, calculator = soft_water()
    bonds = list(zip(*calculator.bonds, strict=True))
    method = Repelling(bonds, excluded=calculator.excluded)
    monitors = dataclasses.replace(Monitors.off(), keep=4, bonds=3)
    out = tmp_path / "run.extxyz"
    result = run_md(atoms, method, out, NVT, monitors=monitors)
    stop = result.stopped_by
    assert (result.status, stop.monitor) == ("stopped", "bonds")
    assert "broken" in stop.text
    last = ecemc.read(result.stopped_path, ":")
    assert [frame.info["step"] for frame in last] == [stop.step - 30, stop.step - 20, stop.step - 10, stop.step]
    assert all(frame.has("momenta") for frame in last)
    summary = json.loads(result.summary_path.read_text())
    assert summary["status"] == "stopped"
    assert summary["stopped_by"] == {**dataclasses.asdict(stop)}
    assert summary["n_steps_done"] == stop.step < 100
    # The same call gives the same answer, at once; without that monitor the run goes on.
    again = run_md(atoms, method, out, NVT, monitors=monitors)
    assert (again.stopped_by, again.n_steps) == (stop, stop.step)
    assert run_md(atoms, method, out, NVT, monitors=Monitors.off()).status == "finished"


def test_frames_before_survive_a_checkpoint(tmp_path):
    """The last checks are part of the checkpoint: a run that was killed stops with the same frames."""
    atoms, calculator = soft_spheres()

    class Killed(BaseException):
        pass

    def kill(now):
        if now.step == 60:
            raise Killed

    options = dataclasses.replace(NVT, time=200.0, checkpoint_interval=50.0, temperature=100.0, temperature_end=900.0)
    monitors = dataclasses.replace(Monitors.off(), contact=1.2, keep=8)
    straight = run_md(atoms, calculator, tmp_path / "a.extxyz", options, monitors=monitors)
    assert straight.stopped_by.step > 60
    with pytest.raises(Killed):
        run_md(atoms, calculator, tmp_path / "b.extxyz", options, monitors=monitors, progress=kill)
    continued = run_md(atoms, calculator, tmp_path / "b.extxyz", options, monitors=monitors)
    assert continued.stopped_by == straight.stopped_by
    assert (tmp_path / "a.stopped.extxyz").read_bytes() == (tmp_path / "b.stopped.extxyz").read_bytes()


def test_a_gas_that_expands_leaves_the_band(tmp_path):
    atoms, _ = soft_spheres(2, 3.0)
    options = dataclasses.replace(NPT, pressure=1.0, time=2000.0, tau_p=20.0)
    result = run_md(atoms, IdealGas, tmp_path / "run.extxyz", options)
    assert result.stopped_by.monitor == "density"
