"""Times, temperatures of the parts of the motion, pressures, selections: what a run's frames tell one by one."""

from __future__ import annotations

import json
import math
from importlib.resources import files

import ase.io
import jsonschema
import numpy as np
import pytest
from ase import Atoms, units
from ase.calculators.singlepoint import SinglePointCalculator

from ecemc import AnalysisOptions, analyze, find_molecules
from ecemc.analysis.series import _Kinetic
from ecemc.errors import InputError
from ecemc.testing import liquid, molecule, trajectory
from ecemc.thermo import mean_with_error
from ecemc.trajectory import write
from ecemc.units import BOLTZMANN, EV_PER_A3_TO_BAR

PARTS = ("translational", "rotational", "vibrational")


@pytest.fixture(scope="module")
def frames():
    return list(trajectory(liquid(4, 8, 0.9, seed=3), 30, seed=1))


def temperature(result, part):
    return result.series[f"temperature_{part}"].statistics.mean


def thermal(frames, kelvin, seed=0):
    """Copies with velocities drawn from the Maxwell-Boltzmann distribution."""
    rng = np.random.default_rng(seed)
    run = [frame.copy() for frame in frames]
    for frame in run:
        masses = frame.get_masses()[:, None]
        frame.set_momenta(rng.normal(size=(len(frame), 3)) * np.sqrt(masses * units.kB * kelvin))
    return run


def test_maxwell_boltzmann_velocities_are_equally_hot_in_all_parts(frames):
    result = analyze(thermal(frames * 4, 400.0), AnalysisOptions(r_max=5.0, equilibration=0))
    for part in PARTS:
        # 120 frames of 33 degrees of freedom: 2.2% of standard error.
        assert temperature(result, part) == pytest.approx(400.0, rel=0.07)
    assert set(result.temperatures) == {"EC", "EMC"}
    for parts in result.temperatures.values():
        assert {name: statistics.mean for name, statistics in parts.items()} == pytest.approx(
            dict.fromkeys(PARTS, 400.0), rel=0.12
        )
    assert {check.name: check.status for check in result.verdict.checks}["equipartition"] == "pass"
    schema = json.loads(files("ecemc.analysis").joinpath("analysis.schema.json").read_text())
    jsonschema.validate(json.loads(json.dumps(result.to_dict(), allow_nan=False)), schema)


def test_the_drift_of_the_box_is_no_heat(frames):
    run = thermal(frames[:4], 300.0)
    still = []
    for frame in run:
        still.append(frame.copy())
        # As ASE does: no momentum of the whole.
        velocities = frame.get_velocities()
        masses = frame.get_masses()
        still[-1].set_velocities(velocities - masses @ velocities / masses.sum())
    fast = [frame.copy() for frame in still]
    for frame in fast:
        frame.set_velocities(frame.get_velocities() + np.array([0.3, -0.2, 0.1]))
    options = AnalysisOptions(r_max=5.0, equilibration=0)
    expected = analyze(still, options)
    for part in PARTS:
        values = analyze(fast, options).series[f"temperature_{part}"].values
        assert values == pytest.approx(expected.series[f"temperature_{part}"].values, rel=1e-9)
        for species, parts in analyze(fast, options).temperatures.items():
            assert parts[part].mean == pytest.approx(expected.temperatures[species][part].mean, rel=1e-9)
    # The total is what ASE says for 3N - 3 degrees of freedom.
    n = len(still[0])
    kinetic = [2 * frame.get_kinetic_energy() / (3 * (n - 1) * units.kB) for frame in still]
    assert expected.series["temperature"].values == pytest.approx(kinetic, rel=1e-6)


def test_molecules_that_only_move_as_a_whole_are_hot_in_translation_only(frames):
    rng = np.random.default_rng(3)
    run = [frame.copy() for frame in frames[:5]]
    energies = []
    for frame in run:
        index = find_molecules(frame).index
        masses = np.bincount(index, frame.get_masses())
        velocities = rng.normal(scale=0.02, size=(len(masses), 3))
        frame.set_velocities(velocities[index])
        relative = velocities - masses @ velocities / masses.sum()
        energies.append(0.5 * masses @ (relative**2).sum(axis=1))
    result = analyze(run, AnalysisOptions(r_max=5.0, equilibration=0))
    expected = 2.0 * np.array(energies) / (BOLTZMANN * (3 * 12 - 3))
    assert result.series["temperature_translational"].values == pytest.approx(expected, rel=1e-9)
    for part in PARTS[1:]:
        assert result.series[f"temperature_{part}"].values == pytest.approx(np.zeros(5), abs=1e-9)
    check = {check.name: check for check in result.verdict.checks}["equipartition"]
    assert check.status == "attention"
    assert "rotation is −" in check.explanation


def test_the_files_own_temperature_counts_and_makes_the_pressure(frames):
    run = thermal(frames[:5], 300.0)
    told = [frame.copy() for frame in run]
    for frame in told:
        frame.info["temperature"] = 321.0
        frame.info["REF_virial"] = np.diag([0.6, 1.2, 1.8])
    result = analyze(told, AnalysisOptions(r_max=5.0))
    assert result.series["temperature"].values.tolist() == [321.0] * 5
    volume, n = frames[0].get_volume(), len(frames[0])
    expected = (n * BOLTZMANN * 321.0 + 1.2) / volume * EV_PER_A3_TO_BAR
    assert result.series["pressure"].values[0] == pytest.approx(expected, rel=1e-9)
    for frame in told:
        del frame.info["temperature"]
    result = analyze(told, AnalysisOptions(r_max=5.0))
    expected = (n * BOLTZMANN * result.series["temperature"].values[0] + 1.2) / volume * EV_PER_A3_TO_BAR
    assert result.series["pressure"].values[0] == pytest.approx(expected, rel=1e-9)


def test_pressures_are_the_same_from_all_ways_to_write_them(frames, tmp_path):
    virial = np.array([[0.3, 0.1, 0.0], [0.1, -0.5, 0.2], [0.0, 0.2, 0.8]])
    run = [frame.copy() for frame in frames[:3]]
    for frame in run:
        frame.info |= {"temperature": 300.0, "REF_virial": virial}
    expected = analyze(run, AnalysisOptions(r_max=5.0)).series["pressure"].values
    assert np.isfinite(expected).all()
    ase.io.write(tmp_path / "ase.extxyz", run, format="extxyz")
    write(tmp_path / "ours.extxyz", run)
    for frame in run:
        frame.info["virial"] = frame.info.pop("REF_virial")
    write(tmp_path / "virial.extxyz", run)
    for frame in run:
        del frame.info["virial"]
        stress = -virial / frame.get_volume()
        frame.calc = SinglePointCalculator(frame, stress=stress.flat[[0, 4, 8, 5, 2, 1]])
    ase.io.write(tmp_path / "stress.extxyz", run, format="extxyz")
    for path in tmp_path.iterdir():
        found = analyze(path, AnalysisOptions(r_max=5.0)).series["pressure"].values
        assert found == pytest.approx(expected, rel=1e-6), path


def test_a_series_that_some_frames_lack_has_no_mean(frames):
    run = [frame.copy() for frame in frames[:6]]
    for frame in run[:5]:
        frame.info["energy"] = -len(frame)
    energy = analyze(run, AnalysisOptions(r_max=5.0)).series["energy"]
    assert energy.values[:5].tolist() == [-1.0] * 5
    assert math.isnan(energy.values[5])
    assert energy.statistics is None


def test_one_cut_for_all_series_that_of_the_density_else_of_the_energy(frames):
    rng = np.random.default_rng(0)
    fixed, moving = [], []
    for step in range(80):
        frame = frames[0].copy()
        start = math.exp(-step / 4)
        frame.info["energy"] = len(frame) * (10.0 * start + rng.normal(scale=0.01))
        fixed.append(frame)
        moving.append(frame.copy())
        moving[-1].set_cell(frame.cell * (1.0 + 0.002 * (step > 40) + rng.normal(scale=1e-4)))
    constant = analyze(fixed, AnalysisOptions(r_max=5.0))
    values = constant.series["energy"].values
    assert constant.series["energy"].statistics == mean_with_error(values)
    assert constant.series["energy"].statistics.equilibration > 5
    assert constant.series["volume"].statistics.equilibration == constant.series["energy"].statistics.equilibration
    breathing = analyze(moving, AnalysisOptions(r_max=5.0))
    cut = mean_with_error(breathing.series["density"].values).equilibration
    assert cut > 5
    assert {series.statistics.equilibration for series in breathing.series.values()} == {cut}


def times(frames, values):
    run = [frame.copy() for frame in frames[: len(values)]]
    for frame, value in zip(run, values, strict=True):
        frame.info.pop("time", None)
        frame.info.pop("step", None)
        if value is not None:
            frame.info["time"] = value
    return run


def test_without_times_there_is_no_motion_unless_dt_is_given(frames):
    run = times(frames, [None] * 10)
    result = analyze(run, AnalysisOptions(r_max=5.0))
    assert result.time is None
    assert result.motion.reason == (
        "dt: the frames do not tell their time; give dt= (fs between frames), command line --dt"
    )
    given = analyze(run, AnalysisOptions(r_max=5.0, dt=50.0))
    assert given.time.tolist() == [50.0 * k for k in range(10)]
    assert given.motion.molecules.time.tolist() == [50.0 * k for k in range(1, len(given.motion.molecules.time) + 1)]
    assert given.motion.reason is None


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([0.0, 10.0, 20.0, 35.0, 45.0], "frame 3: it comes 15 fs after frame 2, others are 10 fs apart"),
        ([0.0, 10.0, 10.0, 20.0], "frame 2: its time 10 fs is not after that of frame 1, 10 fs"),
        ([0.0, 10.0, None, 30.0], "dt: the frames do not tell their time"),
    ],
)
def test_irregular_times_give_a_reason_and_dt_settles_it(frames, values, words):
    run = times(frames, values)
    result = analyze(run, AnalysisOptions(r_max=5.0))
    assert result.motion.reason.startswith(words)
    assert "--dt" in result.motion.reason
    assert result.motion.molecules is None
    assert result.rdf.n_frames == len(values)
    assert (result.time is None) == (None in values)
    settled = analyze(run, AnalysisOptions(r_max=5.0, dt=10.0))
    assert settled.motion.molecules.dt == 10.0
    assert settled.time.tolist() == [10.0 * k for k in range(len(values))]


def test_frames_that_are_missing_ask_for_attention(frames):
    gap = [*frames[:10], *frames[14:]]
    checks = {check.name: check for check in analyze(gap, AnalysisOptions(r_max=5.0)).verdict.checks}
    assert checks["time"].status == "attention"
    assert checks["time"].measured.startswith("frame 10: it comes 500 fs after frame 9")
    assert "time" not in {check.name for check in analyze(frames, AnalysisOptions(r_max=5.0)).verdict.checks}


def test_what_is_irregular_in_the_equilibration_does_no_harm(frames):
    result = analyze(times(frames, [0.0, 3.0, 10.0, 20.0, 30.0]), AnalysisOptions(r_max=5.0, equilibration=2))
    assert result.motion.molecules.dt == 10.0


def test_dt_is_that_of_the_file_whatever_is_selected(frames, tmp_path):
    write(tmp_path / "run.extxyz", times(frames, [None] * 30))
    result = analyze(tmp_path / "run.extxyz", AnalysisOptions(r_max=5.0, dt=10.0, select="4::5"))
    assert result.time.tolist() == [40.0, 90.0, 140.0, 190.0, 240.0, 290.0]
    assert result.motion.molecules.dt == 50.0


def test_only_some_species_and_elements(frames):
    whole = analyze(frames, AnalysisOptions(r_max=5.0))
    some = analyze(frames, AnalysisOptions(r_max=5.0, species=("EC",), elements=("C", "O")))
    assert list(some.rdf.inter) == [("C", "C"), ("C", "O"), ("O", "O")]
    assert all(np.array_equal(some.rdf.inter[pair], whole.rdf.inter[pair]) for pair in some.rdf.inter)
    assert list(some.centers.inter) == [("EC", "EC")]
    assert list(some.motion.molecules.msd) == ["EC"]
    assert set(some.motion.atoms.msd) == {("EC", "C"), ("EC", "O")}
    assert np.array_equal(some.motion.molecules.msd["EC"], whole.motion.molecules.msd["EC"])
    assert some.series.keys() == whole.series.keys()
    hot = analyze(thermal(frames[:3], 300.0), AnalysisOptions(r_max=5.0, species=("EMC",)))
    assert set(hot.temperatures) == {"EMC"}
    schema = json.loads(files("ecemc.analysis").joinpath("analysis.schema.json").read_text())
    jsonschema.validate(json.loads(json.dumps(some.to_dict(), allow_nan=False)), schema)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"species": ("EC", "DMC")}, "species: got 'DMC', expected some of those in the trajectory: EC, EMC"),
        ({"elements": ("C", "Li")}, "elements: got 'Li', expected some of those in the trajectory: C, H, O"),
        ({"elements": ("Carbon",)}, "elements: got 'Carbon', expected symbols such as 'C'"),
    ],
)
def test_what_is_not_there_cannot_be_selected(frames, options, words):
    with pytest.raises(InputError) as error:
        analyze(frames[:2], AnalysisOptions(**options))
    assert str(error.value) == words


def test_a_molecule_alone_in_its_box():
    atoms = molecule("EC")
    atoms.set_cell([12.0] * 3)
    atoms.pbc = True
    run = []
    for step in range(4):
        run.append(atoms.copy())
        run[-1].positions += 0.1 * step
        run[-1].info["time"] = 10.0 * step
        run[-1].set_velocities(np.full((10, 3), 0.01))
    result = analyze(run)
    assert (result.centers, result.environments) == (None, None)
    assert "void_ratio" not in result.series
    # It moves with the centre of mass of the whole, so that nothing moves at all.
    assert result.motion.molecules.msd["EC"] == pytest.approx(np.zeros(3), abs=1e-12)
    assert "temperature_translational" not in result.series
    assert set(result.temperatures["EC"]) == {"rotational", "vibrational"}
    schema = json.loads(files("ecemc.analysis").joinpath("analysis.schema.json").read_text())
    jsonschema.validate(json.loads(json.dumps(result.to_dict(), allow_nan=False)), schema)


def test_one_atom_and_nothing_else():
    result = analyze([Atoms("He", cell=[9.0] * 3, pbc=True)])
    assert result.integrity.compositions == ({"He": 1},)
    json.dumps(result.to_dict(), allow_nan=False)


def test_kinetic_energies_are_kept_only_of_molecules_that_are_there():
    """Thousands of kinds, as of a model that falls apart, cost nothing in frames that do not have them."""
    energy, freedom = np.full((3, 50, 3), np.nan), np.full((3, 50, 3), np.nan)
    energy[1:], freedom[1:] = 0.0, 0.0
    energy[1, [7, 2]], freedom[1, [7, 2]] = [[1.0, 2.0, 3.0], [0.5, 0.0, 0.25]], [[3, 3, 4], [3, 0, 1]]
    kept = _Kinetic.of(10, energy, freedom)
    assert (kept.frame.tolist(), kept.kind.tolist()) == ([11, 11], [2, 7])
    sums = kept.sums(13)
    assert sums[0, 11].tolist() == [1.5, 2.0, 3.25]
    assert sums[1, 11].tolist() == [6.0, 3.0, 5.0]
    assert not sums[:, [*range(11), 12]].any()
