"""Runs: files, exact continuation, what is refused."""

from __future__ import annotations

import dataclasses
import json

import ase.io
import numpy as np
import pytest
from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes
from tests.reference.md_systems import IdealGas, SoftMolecules, soft_spheres, soft_water
from tests.reference.pair_potential import PairPotential

import ecemc
from ecemc.errors import CalculationError, FileFormatError, InputError
from ecemc.jobs import LockedError
from ecemc.md import MDOptions, Monitors, read_thermo, run_md
from ecemc.md.record import Recorder
from ecemc.units import EV_PER_A3_TO_BAR

SHORT = MDOptions(
    ensemble="npt", temperature=300.0, pressure=1000.0, time=60.0, timestep=1.0, tau_t=40.0, tau_p=40.0,
    frame_interval=6.0, thermo_interval=3.0, checkpoint_interval=20.0, seed=3,
)  # fmt: skip


class Ageing(SoftMolecules):
    """Remembers how often it was called: results have other bits for each call since the last reset."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.age = 0

    def reset(self):
        super().reset()
        self.age = 0

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        self.age += 1
        self.results["forces"] = self.results["forces"] * (1.0 + 1e-6 * self.age)


class Killed(BaseException):
    """What no code catches."""


def killing(at):
    """Progress that ends everything at a step."""

    def progress(now):
        if now.step >= at:
            raise Killed

    return progress


def contents(folder):
    """Bytes of trajectory and log."""
    return [(folder / name).read_bytes() for name in ("run.extxyz", "run.thermo.csv")]


def run(folder, options=SHORT, *, method=None, atoms=None, **arguments):
    start, calculator = soft_water()
    folder.mkdir(exist_ok=True)
    arguments = {"monitors": Monitors.off(), **arguments}  # soft atoms pass through each other
    return run_md(atoms or start, method or calculator, folder / "run.extxyz", options, **arguments)


def ageing():
    calculator = soft_water()[1]
    return Ageing(list(zip(*calculator.bonds, strict=True)), excluded=calculator.excluded)


@pytest.mark.parametrize("ensemble", ["nve", "nvt", "npt"])
@pytest.mark.parametrize("thermostat", ["bussi", "langevin"])
def test_killed_anywhere_and_continued_is_the_straight_run(tmp_path, ensemble, thermostat):
    options = dataclasses.replace(SHORT, ensemble=ensemble, thermostat=thermostat)
    straight = run(tmp_path / "a", options, method=ageing())
    for at in (3, 21, 41, 60):
        with pytest.raises(Killed):
            run(tmp_path / "b", options, method=ageing(), progress=killing(at))
        # A kill may leave half a frame and half a row behind.
        for name in ("run.extxyz", "run.thermo.csv"):
            with (tmp_path / "b" / name).open("ab") as file:
                file.write(b"24\nLatt")
    continued = run(tmp_path / "b", options, method=ageing())
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    assert (continued.n_steps, continued.n_frames, continued.status) == (60, 11, "finished")
    assert straight.n_frames == 11


def test_killed_before_the_first_frame_is_whole(tmp_path, monkeypatch):
    run(tmp_path / "a", method=ageing())

    def frame(self, _):
        self._trajectory.write(b"24\nLatt")
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(Recorder, "frame", frame)
        with pytest.raises(Killed):
            run(tmp_path / "b", method=ageing())
    assert (tmp_path / "b" / "run.extxyz").read_bytes() == b"24\nLatt"
    run(tmp_path / "b", method=ageing())
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_two_processes_do_not_write_one_run(tmp_path):
    seen = []

    def meanwhile(now):
        if not seen:
            seen.append(now.step)
            with pytest.raises(LockedError, match="another process is at work on this run"):
                run(tmp_path / "a")

    run(tmp_path / "a", progress=meanwhile)
    assert seen
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == [
        "run.extxyz", "run.extxyz.checkpoint", "run.md.json", "run.thermo.csv",
    ]  # fmt: skip


def test_the_ageing_calculator_would_show_a_segment_without_reset(tmp_path):
    one = dataclasses.replace(SHORT, checkpoint_interval=60.0)
    run(tmp_path / "a", SHORT, method=ageing())
    run(tmp_path / "b", one, method=ageing())
    assert contents(tmp_path / "a") != contents(tmp_path / "b")


def test_a_longer_time_extends_a_finished_run_exactly(tmp_path):
    run(tmp_path / "a", method=ageing())
    for time in (15.0, 50.0, 60.0):
        run(tmp_path / "b", dataclasses.replace(SHORT, time=time), method=ageing())
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_a_finished_run_is_left_alone(tmp_path):
    run(tmp_path / "a")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "a").iterdir()}
    result = run(tmp_path / "a")
    assert (result.n_steps, result.status) == (60, "finished")
    assert np.isnan(result.ns_per_day)
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "a").iterdir()} == before


def test_frames_and_rows(tmp_path):
    result = run(tmp_path / "a")
    frames = ecemc.read(result.path, ":")
    assert [frame.info["step"] for frame in frames] == list(range(0, 61, 6))
    assert [frame.info["time"] for frame in frames] == [float(step) for step in range(0, 61, 6)]
    log = result.thermo()
    assert log["step"].tolist() == list(range(0, 61, 3))
    assert {frame.info["composition"] for frame in frames} == {"8H2O"}
    for frame in frames:
        row = {name: column[frame.info["step"] // 3] for name, column in log.items()}
        assert frame.get_potential_energy() == pytest.approx(row["potential_energy_eV"], rel=1e-12)
        assert frame.get_kinetic_energy() == pytest.approx(row["kinetic_energy_eV"], rel=1e-9)
        assert frame.info["temperature"] == pytest.approx(row["temperature_K"], rel=1e-12)
        assert frame.info["density"] == pytest.approx(row["density_g_cm3"], rel=1e-12)
        assert frame.get_volume() == pytest.approx(row["volume_A3"], rel=1e-12)
        assert np.abs(frame.get_momenta().sum(axis=0)).max() < 1e-9
        # N k T replaces the momenta here; 3 N − 3 of 3 N degrees of freedom count.
        thermal = 2.0 * frame.get_kinetic_energy() / (3.0 * frame.get_volume()) * EV_PER_A3_TO_BAR
        potential = -frame.get_stress()[:3].mean() * EV_PER_A3_TO_BAR
        # The kinetic part is that of the half steps: a little more.
        assert 0.0 <= row["pressure_bar"] - potential - thermal < 0.1 * thermal


def test_frames_are_what_ase_reads(tmp_path):
    result = run(tmp_path / "a", dataclasses.replace(SHORT, time=6.0))
    ours, theirs = ecemc.read(result.path, -1), ase.io.read(result.path, -1)
    assert np.array_equal(ours.positions, theirs.positions)
    assert np.allclose(ours.get_momenta(), theirs.get_momenta())


def test_summary(tmp_path):
    result = run(tmp_path / "a")
    summary = json.loads(result.summary_path.read_text())
    assert summary["schema"] == "ecemc-md/1"
    assert (summary["status"], summary["stopped_by"]) == ("finished", None)
    assert (summary["ensemble"], summary["temperature_K"], summary["pressure_bar"]) == ("npt", 300.0, 1000.0)
    assert (summary["n_steps"], summary["n_steps_done"], summary["timestep_fs"], summary["seed"]) == (60, 60, 1.0, 3)
    assert summary["composition"] == "8H2O"


def test_the_start_is_not_changed(tmp_path):
    atoms, calculator = soft_water()
    atoms.calc = calculator
    before = atoms.copy()
    run(tmp_path / "a", atoms=atoms, method=calculator)
    assert np.array_equal(atoms.positions, before.positions)
    assert np.array_equal(atoms.cell.array, before.cell.array)
    assert atoms.info == before.info
    assert atoms.arrays.keys() == before.arrays.keys()


def test_velocities_are_those_of_the_temperature_or_of_the_start(tmp_path):
    drawn = run(tmp_path / "a", dataclasses.replace(SHORT, ensemble="nve", temperature=250.0, time=6.0))
    first = ecemc.read(drawn.path, 0)
    assert first.get_kinetic_energy() == pytest.approx(0.5 * (3 * 24 - 3) * 250.0 * 8.617333262e-5, rel=1e-9)
    kept = run(tmp_path / "b", dataclasses.replace(SHORT, ensemble="nve", velocities="keep"), atoms=first)
    assert np.allclose(ecemc.read(kept.path, 0).get_momenta(), first.get_momenta(), atol=1e-12)


def test_minimisation_comes_first(tmp_path):
    atoms, calculator = soft_spheres()[0], SoftMolecules(height=5.0)
    atoms.rattle(0.5, seed=1)
    options = dataclasses.replace(SHORT, ensemble="nvt", time=6.0)
    energies = [
        run(tmp_path / str(n), dataclasses.replace(options, minimize=n), atoms=atoms, method=calculator).thermo()[
            "potential_energy_eV"
        ][0]
        for n in (0, 3, 30)
    ]
    assert energies[0] > energies[1] > energies[2]
    with pytest.raises(InputError, match="its minimize is 30, here 29"):
        run(tmp_path / "30", dataclasses.replace(options, minimize=29), atoms=atoms, method=calculator)


def test_seeds_differ_and_repeat(tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        run(tmp_path / name, dataclasses.replace(SHORT, seed=seed))
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    assert contents(tmp_path / "a") != contents(tmp_path / "c")


def test_a_ramp_reaches_its_end(tmp_path):
    atoms, calculator = soft_spheres(4)
    options = MDOptions(
        temperature=100.0, temperature_end=500.0, time=4000.0, timestep=4.0, tau_t=40.0, frame_interval=1000.0,
        thermo_interval=20.0,
    )  # fmt: skip
    log = run_md(atoms, calculator, tmp_path / "ramp.extxyz", options, monitors=Monitors.off()).thermo()
    target = 100.0 + 400.0 * log["time_fs"] / 4000.0
    # 189 degrees of freedom: one value has a standard deviation of 10 %, a mean over 50 independent ones of 1.5 %.
    for half in (slice(1, 101), slice(101, None)):
        assert np.mean(log["temperature_K"][half] / target[half]) == pytest.approx(1.0, abs=0.08)
    frames = ecemc.read(tmp_path / "ramp.extxyz", ":")
    assert [frame.info["temperature_target"] for frame in frames] == [100.0, 200.0, 300.0, 400.0, 500.0]
    with pytest.raises(InputError, match="temperature_end is 500 K after 4000 fs, here 500 K after 8000 fs"):
        run_md(atoms, calculator, tmp_path / "ramp.extxyz", dataclasses.replace(options, time=8000.0))


@pytest.mark.parametrize(
    "cell", [[[3.0, 0, 0], [0, 3.0, 0], [0, 0, 3.0]], [[6.0, 0, 0], [2.5, 6.5, 0], [-2.0, 1.5, 7.0]]]
)
def test_any_cell_scales_as_a_whole(tmp_path, cell):
    """A cell shorter than the cutoff of 4 Å, and a triclinic one: its shape stays, its volume moves."""
    grid = np.stack(np.meshgrid(*[[0.1, 0.6]] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    scaled = grid + np.random.default_rng(0).uniform(-0.02, 0.02, grid.shape)
    atoms = Atoms("Ne8", scaled_positions=scaled, cell=cell, pbc=True)
    options = dataclasses.replace(SHORT, pressure=20_000.0, time=120.0)
    result = run(tmp_path / "a", options, atoms=atoms, method=PairPotential(scale=0.3))
    cells = np.array([frame.cell.array for frame in ecemc.read(result.path, ":")])
    ratios = (cells[:, np.nonzero(cell)[0], np.nonzero(cell)[1]]) / np.array(cell)[np.nonzero(cell)]
    assert np.allclose(ratios, ratios[:, :1], rtol=1e-12)
    assert np.ptp(ratios[:, 0]) > 1e-2
    assert np.ptp(result.thermo()["conserved_eV"]) < 0.02 * np.ptp(result.thermo()["potential_energy_eV"])


class WithoutStress(IdealGas):
    implemented_properties = ("energy", "forces")

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        del self.results["stress"]


class Announced(Calculator):
    """Announces a stress that it does not have."""

    implemented_properties = ("energy", "forces", "stress")

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        if "stress" in properties:
            raise NotImplementedError
        self.results = {"energy": 0.0, "forces": np.zeros((len(atoms), 3))}


@pytest.mark.parametrize("method", [WithoutStress, Announced])
def test_constant_pressure_needs_a_stress(tmp_path, method):
    with pytest.raises(InputError, match="has no stress, which constant pressure needs; take nvt"):
        run(tmp_path / "a", method=method)
    assert not (tmp_path / "a" / "run.extxyz").exists()
    result = run(tmp_path / "a", dataclasses.replace(SHORT, ensemble="nvt"), method=method, monitors=Monitors.off())
    assert np.isnan(result.thermo()["pressure_bar"]).all()


class WrongStress(SoftMolecules):
    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        self.results["stress"] = -self.results["stress"]


def test_a_wrong_stress_is_found_before_the_run(tmp_path):
    atoms, _ = soft_spheres(3, 1.5)
    with pytest.raises(CalculationError, match="the stress has the wrong sign"):
        run(tmp_path / "a", atoms=atoms, method=WrongStress())
    assert not list((tmp_path / "a").iterdir())


def test_overlapping_atoms_are_refused(tmp_path):
    atoms, calculator = soft_water()
    atoms.positions[4] = atoms.positions[10] + [0.1, 0.1, 0.1]
    with pytest.raises(InputError, match=r"start: atoms 4 \(H\) and 10 \(H\) are 0.17 Å apart.*overlap"):
        run(tmp_path / "a", atoms=atoms, method=calculator, monitors=Monitors())
    assert not list((tmp_path / "a").iterdir())


def other_cell(atoms):
    atoms.set_cell(atoms.cell.array * 1.01)


def other_place(atoms):
    atoms.positions[0, 0] += 1e-9


def other_element(atoms):
    atoms.numbers[0] = 16


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"timestep": 0.5}, "its time step is 1 fs, here 0.5 fs"),
        ({"temperature": 310.0}, "its temperature is 300 K, here 310 K"),
        ({"pressure": 1.0}, "its pressure is 1000 bar, here 1 bar"),
        ({"ensemble": "nvt"}, "its ensemble is npt, here nvt"),
        ({"seed": 4}, "its seed is 3, here 4"),
        ({"tau_p": 50.0}, "its tau_p is 40 fs, here 50 fs"),
        ({"frame_interval": 3.0}, "its frame_interval is 6 fs, here 3 fs"),
        (other_cell, "its cell is 6.6 0 0 0 6.6 .*, here 6.666 0 0 0 6.666 "),
        (other_place, "its start differs"),
        (other_element, "its formula is H16O8, here H16O7S"),
        (SoftMolecules(height=0.2), "its model"),
    ],
)
def test_a_checkpoint_of_another_run_is_refused(tmp_path, change, expected):
    run(tmp_path / "a")
    before = contents(tmp_path / "a")
    atoms, method = soft_water()
    options = dataclasses.replace(SHORT, time=80.0)
    if isinstance(change, dict):
        options = dataclasses.replace(options, **change)
    elif isinstance(change, Calculator):
        method = change
    else:
        change(atoms)
    with pytest.raises(InputError, match=expected) as caught:
        run(tmp_path / "a", options, atoms=atoms, method=method)
    assert "belongs to another run" in str(caught.value)
    assert contents(tmp_path / "a") == before


def test_files_of_others_are_not_overwritten(tmp_path):
    (tmp_path / "run.extxyz").write_text("mine")
    with pytest.raises(InputError, match="exists; choose another name"):
        run(tmp_path)
    assert (tmp_path / "run.extxyz").read_text() == "mine"
    assert run(tmp_path, overwrite=True).n_frames == 11


def test_overwrite_starts_anew(tmp_path):
    run(tmp_path, dataclasses.replace(SHORT, seed=9))
    result = run(tmp_path, overwrite=True)
    assert json.loads(result.summary_path.read_text())["seed"] == 3


def test_overwrite_removes_nothing_if_the_new_run_cannot_begin(tmp_path):
    run(tmp_path)
    before = contents(tmp_path)
    with pytest.raises(InputError, match="has no stress"):
        run(tmp_path, method=WithoutStress, overwrite=True)
    assert contents(tmp_path) == before


def test_damaged_files_are_reported(tmp_path):
    run(tmp_path)
    longer = dataclasses.replace(SHORT, time=80.0)
    whole = (tmp_path / "run.extxyz").read_bytes()
    (tmp_path / "run.extxyz").write_bytes(whole[:-100])
    with pytest.raises(FileFormatError, match=r"run.extxyz: has \d+ bytes, run.extxyz.checkpoint counts \d+"):
        run(tmp_path, longer)
    (tmp_path / "run.extxyz").write_bytes(whole)
    (tmp_path / "run.extxyz.checkpoint").write_bytes(b"PK nonsense")
    with pytest.raises(FileFormatError, match="not a checkpoint"):
        run(tmp_path, longer)
    (tmp_path / "run.thermo.csv").write_text("a,b\n1,2\n")
    with pytest.raises(FileFormatError, match="is no log of ecemc md"):
        read_thermo(tmp_path / "run.extxyz")


def test_a_row_that_is_cut_off_is_left_out(tmp_path):
    result = run(tmp_path)
    with result.thermo_path.open("a") as file:
        file.write("63,63.0,-1.")
    assert read_thermo(result.thermo_path)["step"][-1] == 60


class Failing(SoftMolecules):
    """Fails now and then."""

    calls = 0

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        type(self).calls += 1
        if type(self).calls == 60:
            raise RuntimeError("no licence\nserver")


def test_a_calculator_that_fails_stops_the_run_which_can_be_continued(tmp_path):
    options = dataclasses.replace(SHORT, ensemble="nvt")
    atoms, calculator = soft_spheres()
    Failing.calls = 0
    result = run(tmp_path / "a", options, atoms=atoms, method=Failing)
    assert (result.status, result.stopped_by.monitor) == ("stopped", "calculator")
    assert result.stopped_by.text == "the calculator failed: Failing: RuntimeError: no licence server"
    assert len(ecemc.read(result.stopped_path, ":")) >= 5
    again = run(tmp_path / "a", options, atoms=atoms, method=Failing)
    assert again.status == "finished"
    run(tmp_path / "b", options, atoms=atoms, method=calculator)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_forces_that_are_not_finite_stop_the_run(tmp_path):
    class Poisoned(SoftMolecules):
        def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
            super().calculate(atoms, properties, system_changes)
            if atoms.positions[0, 0] != soft_spheres()[0].positions[0, 0]:
                self.results["forces"][3, 1] = np.nan

    result = run(tmp_path, dataclasses.replace(SHORT, ensemble="nvt"), atoms=soft_spheres()[0], method=Poisoned())
    assert result.stopped_by.text == "the calculator failed: Poisoned: its energy or forces are not finite"


@pytest.mark.parametrize(
    ("atoms", "options", "expected"),
    [
        (Atoms("Ne", cell=[5] * 3, pbc=True), {}, "start: has 1 atoms, expected at least 2"),
        (Atoms("Ne2", [[0, 0, 0], [3, 0, 0]], cell=[5] * 3, pbc=(1, 1, 0)), {}, "start: not periodic along all three"),
        (Atoms("Ne2", [[0, 0, 0], [3, 0, 0]], pbc=True), {}, "start: periodic .T T T., but the cell has no volume"),
        (Atoms("Ne2", [[0, 0, 0], [np.nan, 0, 0]], cell=[5] * 3, pbc=True), {}, "start: a position .* is NaN"),
        (Atoms("X2", [[0, 0, 0], [3, 0, 0]], cell=[5] * 3, pbc=True), {}, None),
        (soft_water()[0], {"velocities": "keep"}, "velocities: the start has none"),
        (soft_water()[0], {"timestep": 3.0}, "timestep: got 3 fs for atoms of 1 amu, expected at most 2 fs"),
    ],
)
def test_bad_starts(tmp_path, atoms, options, expected):
    options = dataclasses.replace(SHORT, frame_interval=6.0, checkpoint_interval=60.0, **options)
    with pytest.raises(InputError, match=expected):
        run_md(atoms, IdealGas, tmp_path / "run.extxyz", options)
    assert not list(tmp_path.iterdir())


def test_fixed_atoms_are_refused(tmp_path):
    from ase.constraints import FixAtoms  # noqa: PLC0415

    atoms, calculator = soft_water()
    atoms.set_constraint(FixAtoms([0]))
    with pytest.raises(InputError, match="constraints, which are not supported"):
        run(tmp_path / "a", atoms=atoms, method=calculator)


@pytest.mark.parametrize(
    ("name", "expected"), [("run.traj", "ends in .extxyz"), ("no/run.extxyz", "there is no folder")]
)
def test_bad_names(tmp_path, name, expected):
    atoms, calculator = soft_water()
    with pytest.raises((InputError, FileNotFoundError), match=expected):
        run_md(atoms, calculator, tmp_path / name, SHORT)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"temperature": -5.0}, "temperature: got -5 K, expected 1 to 10000 K"),
        ({"temperature": 0.0259}, "temperature: got 0.0259 K"),
        ({"temperature_end": 0.0}, "temperature_end: got 0 K"),
        ({"ensemble": "nve", "temperature_end": 300.0}, "temperature_end: nve has no thermostat"),
        ({"ensemble": "npt", "pressure": 101325.0}, "pressure: got 101325 bar, .*; 101325 Pa would be 1.01325 bar"),
        ({"pressure": 1e5}, "pressure: got 100000 bar, .*; 100000 Pa would be 1 bar"),
        ({"pressure": float("nan")}, "pressure: got nan bar"),
        ({"timestep": 0.001}, r"timestep: got 0.001 fs, expected 0.02 to 5 fs .*is the unit fs\?"),
        ({"timestep": 10.0}, "timestep: got 10 fs"),
        ({"timestep": -1.0}, "timestep: got -1 fs"),
        ({"tau_t": 1.0}, "tau_t: got 1 fs, expected at least ten time steps"),
        ({"tau_p": float("inf")}, "tau_p: got inf fs"),
        ({"time": 10.2}, "time: got 10.2 fs, expected a multiple of the time step of 0.5 fs, such as 10 fs"),
        ({"time": 0.0}, "time: got 0 fs"),
        ({"time": float("nan")}, "time: got nan fs"),
        ({"frame_interval": 0.2}, "frame_interval: got 0.2 fs, .* such as 0.5 fs"),
        ({"seed": -1}, "seed: got -1"),
        ({"ensemble": "nph"}, "ensemble: got 'nph', expected one of nve, nvt, npt"),
        ({"thermostat": "berendsen"}, "thermostat: got 'berendsen', expected one of bussi, langevin"),
        ({"velocities": "zero"}, "velocities: got 'zero'"),
    ],
)
def test_bad_options(options, expected):
    with pytest.raises(InputError, match=expected):
        MDOptions(**options)
