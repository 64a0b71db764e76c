"""Runs of ecemc md, analyses, trajectories and tables: read, combined, compared."""

from __future__ import annotations

import json
import math
import shutil
from dataclasses import replace

import numpy as np
import pytest
from ase.build import bulk
from ase.calculators.lj import LennardJones

import ecemc
from ecemc.errors import FileFormatError, InputError
from ecemc.md import MDOptions, Monitors, run_md
from ecemc.testing import liquid
from ecemc.thermo import mean_with_error
from ecemc.thermodynamics import (
    Average,
    ReadRunOptions,
    Run,
    density_table,
    eos_of_runs,
    read_runs,
    reference_data,
)

ARGON = bulk("Ar", "fcc", a=5.6, cubic=True).repeat(2)
NAN = math.nan


def simulate(out, *, monitors=None, **options):
    given = {"temperature": 90.0, "time": 160.0, "timestep": 4.0, "frame_interval": 80.0, "thermo_interval": 4.0}
    calculator = LennardJones(sigma=3.4, epsilon=0.0104, rc=5.5, smooth=True)
    return run_md(ARGON, calculator, out, MDOptions(**given | options), monitors=monitors or Monitors.off())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Three real runs: constant volume, constant pressure, and one that a monitor stopped."""
    path = tmp_path_factory.mktemp("runs")
    simulate(path / "nvt.extxyz", ensemble="nvt")
    simulate(path / "npt.extxyz", ensemble="npt", pressure=1.0)
    narrow = Monitors(interval=4.0, density=(0.99999, 1.00001), bubble=None, bonds=None, contact=None, energy=None)
    assert simulate(path / "stopped.extxyz", ensemble="npt", pressure=1.0, monitors=narrow).status == "stopped"
    return path


def made(density, stderr=0.003, **changes):
    """A run as it would have been read."""
    run = Run("run.extxyz", {"EC": 16, "EMC": 32}, 300.0, 1.0, "npt", "gap", "finished", "", None, None)
    return replace(run, density=Average(density, stderr, 50.0), **changes)


def at_volume(density, pressure, stderr=50.0, **changes):
    averages = {"density": Average(density, 0.0, 100.0), "virial_pressure": Average(pressure, stderr, 30.0)}
    return replace(made(1.0), ensemble="nvt", temperature=400.0, **averages | changes)


# -- reading ----------------------------------------------------------------------------------------------------------


def test_runs_of_md_by_any_of_their_files(folder):
    series = ecemc.md.read_thermo(folder / "npt.thermo.csv")
    expected = mean_with_error(series["density_g_cm3"])
    for name in ("npt.extxyz", "npt.thermo.csv", "npt.md.json"):
        (run,) = read_runs([folder / name])
        assert run.composition == {"Ar": 32}
        assert (run.temperature, run.pressure, run.ensemble, run.status) == (90.0, 1.0, "npt", "finished")
        assert (run.density.mean, run.density.stderr) == (expected.mean, expected.stderr)
        assert run.is_stable
        assert not run.is_constant_volume


def test_pressures_of_a_run_at_constant_volume(folder):
    (run,) = read_runs([folder / "nvt.extxyz"])
    series = ecemc.md.read_thermo(folder / "nvt.thermo.csv")["pressure_bar"]
    expected = mean_with_error(series)
    assert run.is_constant_volume
    assert math.isnan(run.pressure)
    assert run.density.stderr < 1e-12
    assert (run.virial_pressure.mean, run.virial_pressure.n_effective) == (expected.mean, expected.n_effective)


def test_discard_is_a_time(folder):
    (run,) = read_runs([folder / "nvt.extxyz"], ReadRunOptions(discard=80.0))
    log = ecemc.md.read_thermo(folder / "nvt.thermo.csv")
    assert run.virial_pressure.mean == pytest.approx(log["pressure_bar"][log["time_fs"] >= 80.0].mean())
    with pytest.raises(InputError, match=r"is 160 fs long, discard=1e\+06 leaves nothing"):
        read_runs([folder / "nvt.extxyz"], ReadRunOptions(discard=1e6))
    with pytest.raises(InputError, match="discard: got -1"):
        read_runs([folder / "nvt.extxyz"], ReadRunOptions(discard=-1.0))


def test_stopped_run_is_unstable_and_not_counted(folder):
    (run,) = read_runs([folder / "stopped.extxyz"])
    assert not run.is_stable
    assert "density" in run.reason
    table = density_table(read_runs([folder / "npt.extxyz", folder / "stopped.extxyz"]))
    assert (table.conditions[0].density.n, table.conditions[0].n_unstable) == (1, 1)
    assert not table.is_sound
    assert any("unstable, not counted" in note for note in table.notes)
    only = density_table([run])
    assert only.conditions[0].density is None
    assert only.to_dict()["conditions"][0]["density_g_cm3"] is None


def test_run_that_was_stopped_at_once_or_goes_on(folder, tmp_path):
    """Neither stops the table: the one is counted as unstable, the other as far as it is."""
    for name in ("stopped", "npt"):
        for ending in (".thermo.csv", ".md.json"):
            shutil.copy(folder / f"{name}{ending}", tmp_path)
    log = tmp_path / "stopped.thermo.csv"
    log.write_text(log.read_text("utf-8").splitlines()[0] + "\n", encoding="utf-8")
    told = json.loads((tmp_path / "npt.md.json").read_text("utf-8"))
    (tmp_path / "npt.md.json").write_text(json.dumps(told | {"status": "running"}), encoding="utf-8")
    table = density_table(
        read_runs([tmp_path / "stopped.md.json", tmp_path / "npt.md.json"], ReadRunOptions(discard=50.0))
    )
    assert (table.conditions[0].n_unstable, table.conditions[0].density.n) == (1, 1)
    assert any("has not finished" in note for note in table.notes)
    assert table.to_dict()["runs"][0]["density_g_cm3"] is None


def test_trajectory_at_constant_volume_has_no_density_of_its_own(tmp_path):
    ecemc.write(tmp_path / "box.extxyz", [liquid(1, 1, 0.9, seed=seed) for seed in (1, 2, 3)])
    (run,) = read_runs([tmp_path / "box.extxyz"], ReadRunOptions(temperature=300.0))
    assert run.is_constant_volume


def test_folder_of_analyze(tmp_path, root):
    frames = ecemc.read(root / "examples" / "data" / "ec_emc_400K.extxyz.gz", "::5")
    analysis = ecemc.analyze(frames)
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "results.json").write_text(json.dumps(analysis.to_dict()), encoding="utf-8")
    expected = analysis.series["density"].statistics
    for path in (tmp_path / "report", tmp_path / "report" / "results.json"):
        (run,) = read_runs([path])
        assert run.composition == {"EC": 16, "EMC": 32}
        assert run.temperature == 400.0
        assert run.density.mean == pytest.approx(expected.mean)
        assert run.density.stderr == pytest.approx(expected.stderr)
        assert run.virial_pressure.mean == pytest.approx(analysis.series["pressure"].statistics.mean)


def test_trajectory_tells_density_and_temperature(root):
    path = root / "examples" / "data" / "ec_emc_400K.extxyz.gz"
    (run,) = read_runs([path])
    told = np.array([atoms.info["density"] for atoms in ecemc.iread(path)])
    assert run.density.mean == pytest.approx(mean_with_error(told).mean, abs=1e-4)
    assert (run.temperature, run.composition) == (400.0, {"EC": 16, "EMC": 32})
    assert run.virial_pressure is None


def test_trajectory_without_temperature_times_or_cell(tmp_path):
    ecemc.write(tmp_path / "box.extxyz", [liquid(2, 4, 0.9, seed=seed) for seed in (1, 2, 3)])
    with pytest.raises(InputError, match=r"box.extxyz: the frames tell no temperature; give it"):
        read_runs([tmp_path / "box.extxyz"])
    (run,) = read_runs([tmp_path / "box.extxyz"], ReadRunOptions(temperature=350.0))
    assert (run.temperature, run.density.mean) == (350.0, pytest.approx(0.9))
    with pytest.raises(InputError, match="tell no times"):
        read_runs([tmp_path / "box.extxyz"], ReadRunOptions(discard=1.0, temperature=300.0))
    with pytest.raises(InputError, match="temperature: got 0"):
        read_runs([tmp_path / "box.extxyz"], ReadRunOptions(temperature=0.0))
    gas = liquid(2, 4, 0.9)
    gas.cell[:] = 0.0
    gas.pbc = False
    ecemc.write(tmp_path / "gas.extxyz", gas)
    with pytest.raises(InputError, match="frame 0: has no cell"):
        read_runs([tmp_path / "gas.extxyz"], ReadRunOptions(temperature=300.0))
    ecemc.write(tmp_path / "mixed.extxyz", [liquid(2, 4, 0.9), liquid(2, 3, 0.9)])
    with pytest.raises(InputError, match="frame 1: other atoms"):
        read_runs([tmp_path / "mixed.extxyz"], ReadRunOptions(temperature=300.0))


def test_the_same_run_twice_is_refused(folder):
    with pytest.raises(InputError, match=r"npt.md.json: this run is given twice"):
        read_runs([folder / "npt.extxyz", folder / "npt.md.json"])


def test_ramp_is_no_state_point(tmp_path):
    simulate(tmp_path / "ramp.extxyz", ensemble="nvt", temperature_end=120.0)
    with pytest.raises(InputError, match="is a ramp from 90 to 120 K"):
        read_runs([tmp_path / "ramp.extxyz"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda told: told.pop("temperature_K"), "key 'temperature_K' is missing"),
        (lambda told: told.update(composition="?"), "not the summary of a run"),
        (lambda told: told.update(schema="other/1"), "its schema is 'other/1'"),
    ],
)
def test_damaged_summary(folder, tmp_path, change, message):
    shutil.copy(folder / "npt.thermo.csv", tmp_path)
    told = json.loads((folder / "npt.md.json").read_text("utf-8"))
    change(told)
    (tmp_path / "npt.md.json").write_text(json.dumps(told), encoding="utf-8")
    with pytest.raises(FileFormatError, match=message):
        read_runs([tmp_path / "npt.md.json"])


def test_log_without_summary_and_text_without_meaning(folder, tmp_path):
    shutil.copy(folder / "npt.thermo.csv", tmp_path)
    with pytest.raises(FileNotFoundError):
        read_runs([tmp_path / "npt.thermo.csv"])
    (tmp_path / "npt.md.json").write_text("{", encoding="utf-8")
    with pytest.raises(FileFormatError, match="not the summary"):
        read_runs([tmp_path / "npt.thermo.csv"])


def test_rows_of_a_table(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text(
        "method,temperature_K,composition,density_g_cm3,stderr_g_cm3,status\n"
        "GAP,300,EC,1.27,0.01,\nGAP,300,EC,0.9,,stopped\n"
    )
    first, second = read_runs([path])
    assert (first.file, first.method, first.density) == (f"{path}, line 2", "GAP", Average(1.27, 0.01))
    assert (second.is_stable, second.reason) == (False, "stopped, as the table says")
    path.write_text("density_g_cm3,temperature_K,composition,status\n1,300,EC,exploded\n")
    with pytest.raises(FileFormatError, match="finished, running or stopped"):
        read_runs([path])


def test_short_or_drifting_runs_are_doubted(tmp_path):
    start = liquid(1, 1, 0.9)
    boxes = [start.copy() for _ in range(200)]
    for number, box in enumerate(boxes):
        box.set_cell(box.cell * (1.0 + 1e-3 * number), scale_atoms=False)
    ecemc.write(tmp_path / "drift.extxyz", boxes)
    (run,) = read_runs([tmp_path / "drift.extxyz"], ReadRunOptions(temperature=300.0))
    assert "drifting" in run.density.doubt
    table = density_table([run])
    assert any("run longer" in note for note in table.notes)


# -- tables of densities ----------------------------------------------------------------------------------------------


def test_replicas_are_combined_and_compared():
    data = reference_data()
    table = density_table([made(1.092, seed=1), made(1.096, seed=2), made(1.05, temperature=340.0)], data)
    first, second = table.conditions
    assert first.density.n == 2
    assert first.density.mean == pytest.approx(1.094)
    assert first.reference.density == data.at("1EC:2EMC", 300.0).density
    assert first.deviation[0] == pytest.approx(1.094 - first.reference.density)
    assert second.reference is None
    assert second.is_outside
    assert any("no reference for 16EC:32EMC at 340 K" in note for note in table.notes)
    assert table.is_sound


def test_replicas_that_disagree_are_named():
    table = density_table([made(1.05), made(1.09), made(1.13)])
    assert table.conditions[0].differs
    assert not table.is_sound
    assert "3 runs differ by more than their errors allow" in table.notes[0]
    assert table.conditions[0].density.stderr > 0.02


def test_what_makes_a_condition():
    """Another method, box, pressure or temperature is another condition; the order is that of the mole fraction."""
    runs = [
        made(1.0), made(1.0, method="mace"), made(1.0, composition={"EC": 4, "EMC": 8}), made(1.0, pressure=100.0),
        made(1.0, temperature=310.0), made(1.3, composition={"EC": 64}), made(1.0, composition={"EMC": 43}),
    ]  # fmt: skip
    table = density_table([*runs, made(1.002, seed=7)])
    assert len(table.conditions) == 7
    assert sum(each.density.n for each in table.conditions) == 8
    first, last = table.conditions[0], table.conditions[-1]
    assert (first.composition, last.method) == ({"EC": 64}, "mace")


def test_expansion_and_excess_volume_come_with_their_runs():
    opls = reference_data("opls")
    runs = [
        made(
            float(rho), float(s), temperature=float(t), composition=dict(zip(opls.species, map(float, x), strict=True))
        )
        for rho, s, t, x in zip(opls.densities, opls.stderr, opls.temperatures, opls.fractions, strict=True)
    ]
    table = density_table(runs, reference_data())
    assert len(table.slopes) == 4
    emc = next(each for each in table.slopes if set(each.composition) == {"EMC"})
    assert emc.found.alpha == pytest.approx(1.2e-3, abs=0.2e-3)
    assert emc.reference[0] == pytest.approx(
        emc.found.slope, abs=3.0 * math.hypot(emc.reference[1], emc.found.slope_stderr)
    )
    assert len(table.excess) == 4
    assert all(-2.5 < each.volume < 0.5 for each in table.excess)
    record = json.loads(json.dumps(table.to_dict(), allow_nan=False))
    assert record["schema"] == "ecemc-density/1"
    assert len(record["runs"]) == 9
    assert {"file", "composition", "temperature_K", "density_g_cm3", "stderr", "status", "reference"} <= set(
        record["runs"][0]
    )
    assert record["thermal_expansion"][0]["alpha_per_K"] > 0.0
    heading, rows = table.rows()
    assert all(len(row) == len(heading) for row in rows)


def test_unknown_masses_do_not_stop_a_table():
    table = density_table(
        [made(1.0, composition={"X1": 4}), made(1.1, composition={"X1": 2, "EC": 2}), made(1.3, composition={"EC": 4})]
    )
    assert table.excess == ()
    assert table.to_dict()["conditions"][0]["mass_fractions"] == {"EC": 1.0}


def test_runs_at_constant_volume_have_no_density_of_their_own(folder):
    with pytest.raises(InputError, match="none at constant pressure"):
        density_table(read_runs([folder / "nvt.extxyz"]))
    table = density_table(read_runs([folder / "nvt.extxyz", folder / "npt.extxyz"]))
    assert len(table.runs) == 1
    assert "1 at constant volume left out" in table.notes[0]
    with pytest.raises(InputError, match="tells no composition"):
        density_table([made(1.0, composition={})])
    with pytest.raises(InputError, match="tells no temperature_K"):
        density_table([made(1.0, temperature=NAN)])


# -- isotherms --------------------------------------------------------------------------------------------------------

POINTS = [(0.85, -3300.0), (0.95, 0.0), (1.05, 6700.0)]


def test_isotherm_combines_replicas_and_tells_the_pressure_at_experiment():
    runs = [at_volume(rho, p + shift) for rho, p in POINTS for shift in (-30.0, 30.0)]
    found = eos_of_runs(runs, reference_data(), extrapolate_reference=True)
    assert found.eos.densities.tolist() == [0.85, 0.95, 1.05]
    assert found.eos.stderr == pytest.approx(50.0 / math.sqrt(2.0) * np.ones(3))
    assert found.eos.zero_pressure_density == pytest.approx(0.95)
    assert found.reference_pressure == pytest.approx(float(found.eos.pressure(found.reference.density)))
    assert found.reference_ci95[0] < found.reference_pressure < found.reference_ci95[1]
    assert "extrapolated" in found.notes[0]
    record = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert (record["schema"], record["composition"], record["temperature_K"]) == ("ecemc-eos/1", "16EC:32EMC", 400.0)
    assert record["reference"]["pressure_bar"] == found.reference_pressure
    inside = eos_of_runs(runs, reference_data())
    assert inside.reference is None
    assert "outside the data" in inside.reference_missing


def test_replicas_that_disagree_widen_the_isotherm():
    runs = [at_volume(rho, p + shift) for rho, p in POINTS for shift in (-600.0, 600.0)]
    found = eos_of_runs(runs)
    assert found.eos.stderr.min() > 500.0
    assert sum("differ by more than their errors allow" in note for note in found.notes) == 3


def test_unstable_runs_are_left_out_of_an_isotherm():
    runs = [at_volume(rho, p) for rho, p in POINTS]
    found = eos_of_runs([*runs, at_volume(0.6, 50.0, status="stopped", reason="a bubble of 9 Å")])
    assert len(found.eos.densities) == 3
    assert "a bubble of 9 Å" in found.notes[0]
    with pytest.raises(InputError, match="none that was not stopped"):
        eos_of_runs([replace(run, status="stopped") for run in runs])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"composition": {"EC": 1.0}}, "of 2 compositions, 1EC:2EMC and .* 1EC;"),
        ({"temperature": 410.0}, "of 2 temperatures, 400.0 K and .* 410.0 K"),
        ({"method": "mace"}, "of 2 methods, gap and .* mace"),
        ({"virial_pressure": None}, "has no pressures; expected a run of ecemc md"),
        ({"ensemble": "npt"}, "its volume changes"),
        ({"density": Average(1.0, 0.01, 40.0)}, "its volume changes"),
        ({"virial_pressure": Average(1.0, NAN)}, "has no error of its pressure"),
        ({"virial_pressure": Average(1.0, 0.0)}, "the error of its pressure is 0"),
    ],
)
def test_runs_that_make_no_isotherm(change, message):
    runs = [at_volume(rho, p) for rho, p in POINTS]
    with pytest.raises(InputError, match=message):
        eos_of_runs([*runs, replace(at_volume(1.0, 2900.0, file="other"), **change)])


def test_isotherm_of_a_table_without_errors(tmp_path):
    path = tmp_path / "mine.csv"
    points = [*POINTS, (1.0, 3000.0)]
    path.write_text("density_g_cm3,pressure_bar\n" + "".join(f"{rho},{p}\n" for rho, p in points))
    found = eos_of_runs(read_runs([path]))
    assert found.eos.zero_pressure_density == pytest.approx(0.95, abs=0.01)
    assert any("estimated from the scatter" in note for note in found.notes)
    assert found.to_dict()["composition"] is None
