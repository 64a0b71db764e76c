"""Rules of the diagnosis, on evidence whose fault is known because it was put there."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from ecemc import analyze, compare
from ecemc.diagnosis import (
    ACTIONS,
    LIMITS,
    PARTS,
    RULES,
    Density,
    EquationOfState,
    Errors,
    Evidence,
    Finding,
    Run,
    diagnose_evidence,
)
from ecemc.diagnosis.advice import ranked
from ecemc.diagnosis.finding import confidence_word, graded
from ecemc.metrics import ErrorRow
from ecemc.scans import ScanCurve, ScanResult, VolumeScan
from ecemc.testing import liquid, trajectory

N_ATOMS, SPECIES = 160, ("EC",) * 4 + ("EMC",) * 8
SCALES = np.array([0.8, 0.83, 0.86, *np.linspace(0.88, 1.12, 13), 1.15, 1.19, 1.25, 1.32, 1.4, 1.5, 1.7, 2.0, 3.0])
DEPTH, CENTER = 0.030, 1.0


def attraction(s, depth=DEPTH, center=CENTER):
    """Intermolecular energy per atom, eV: a Lennard-Jones curve in the scale, gone at s = 3."""
    x = (center / s) ** 6
    return depth * (x * x - 2.0 * x)


def scan(model, *, isolated=0.0, noise=0.0, zero=0.0, species=SPECIES, model_name="model"):
    """One scan with given intermolecular energies of the model; errors of its molecules and of its zero, eV/atom."""
    rng = np.random.default_rng(1)
    molecules = np.linspace(-1.0, -2.0, len(species))
    curves = []
    for name, energy, error, rough in (
        ("reference", attraction(SCALES), 0.0, 0.0),
        (model_name, model, isolated, noise),
    ):
        own = molecules + (zero if name == model_name else 0.0) * N_ATOMS / len(species)
        forces = np.gradient(energy, SCALES)[:, None, None] * np.ones((len(SCALES), len(species), 3))
        curves.append(
            ScanCurve(
                name,
                own.sum() + N_ATOMS * energy,
                own + error * N_ATOMS / len(species),
                forces + rng.normal(scale=rough or 1e-6, size=forces.shape),
            )
        )
    return VolumeScan(0, N_ATOMS, species, SCALES, 0.9 / SCALES**3, tuple(curves))


def of_scans(*scans):
    return Evidence("model", scan=ScanResult(("reference", "model"), scans, (), (0.97, 1.05), ()))


def errors(rows, n_frames=40, groups=()):
    """Errors as {(quantity, part): (rmse, rrmse, bias)}, eV and Å; groups by composition as (name, part, rmse)."""
    made = [
        ErrorRow(quantity, part, "all", "all", "", n_frames, rmse, rmse, rrmse, rmse, bias)
        for (quantity, part), (rmse, rrmse, bias) in rows.items()
    ]
    made += [
        ErrorRow("energy", part, "composition", name, "", n_frames, rmse, rmse, 0.1, rmse, 0.0)
        for name, part, rmse in groups
    ]
    return Evidence("model", errors=Errors("reference", "model", n_frames, tuple(made)))


GOOD = {
    ("energy", "total"): (0.0005, 0.1, 0.0),
    ("energy", "intra"): (0.0004, 0.1, 0.0),
    ("energy", "inter"): (0.0003, 0.1, 0.0),
    ("forces", "total"): (0.09, 0.09, 0.0),
    ("forces", "inter"): (0.02, 0.3, 0.0),
    ("forces", "vib"): (0.08, 0.08, 0.0),
    ("virial", "inter"): (0.002, 0.2, 0.0),
}


def run(density, *, length=200.0, temperature=300.0, composition="4EC:8EMC", kinetic=None, stopped_by=None):
    time = np.linspace(0.0, length, len(density))
    rng = np.random.default_rng(5)
    kinetic = temperature if kinetic is None else kinetic
    series = {"density_g_cm3": np.asarray(density), "temperature_K": rng.normal(kinetic, 10.0, len(density))}
    status = "finished" if stopped_by is None else "stopped"
    return Run(
        Path("npt.md.json"),
        "npt.extxyz",
        "model",
        "npt",
        composition,
        temperature,
        1.0,
        status,
        stopped_by,
        time,
        series,
    )


def noise(mean=1.0, std=0.03, n=2000, seed=0):
    return np.random.default_rng(seed).normal(mean, std, n)


def found(evidence, part):
    """Severities of a part, and the diagnosis."""
    diagnosis = diagnose_evidence(evidence)
    return [finding.severity for finding in diagnosis.findings if finding.part == part], diagnosis


def test_nothing_known_is_nothing_said():
    diagnosis = diagnose_evidence(Evidence("new"))
    assert (diagnosis.stable, diagnosis.confidence, diagnosis.findings) == ("not yet known", "undecided", ())
    assert [missing.what for missing in diagnosis.missing] == ["runs", "errors", "scan", "density", "comparison"]
    assert diagnosis.sound


def test_a_sound_model():
    evidence = replace(
        errors(GOOD, groups=[("4EC:8EMC", "inter", 0.0003), ("8EC:4EMC", "inter", 0.0004), ("1EC", "inter", 0.0)]),
        scan=of_scans(scan(attraction(SCALES) * 1.01)).scan,
        runs=(run(noise()), run(noise(0.9), temperature=500.0)),
        densities=(Density("npt.extxyz", "model", "4EC:8EMC", 300.0, 1.0, 0.002, 50.0, 1.002, 0.001, "reference"),),
        eos=EquationOfState(1.0, 0.99, 1.01),
    )
    diagnosis = diagnose_evidence(evidence)
    assert {finding.severity for finding in diagnosis.findings} == {"sound"}, diagnosis.findings
    assert (diagnosis.stable, diagnosis.to_blame, diagnosis.advice) == ("stable", (), ())
    assert diagnosis.confidence == "very likely"
    assert [missing.what for missing in diagnosis.missing] == ["comparison"]
    assert diagnosis.sound


# Volume scans.


def test_missing_molecules_are_named_and_not_mistaken_for_a_bad_liquid():
    severities, diagnosis = found(of_scans(scan(attraction(SCALES), isolated=-0.145)), "isolated molecules")
    assert severities == ["bad"]
    assert diagnosis.to_blame[0].part == "isolated molecules"
    assert "145 meV/atom" in diagnosis.to_blame[0].sentence
    assert diagnosis.severity("minimum") == diagnosis.severity("wall") == "sound"
    assert diagnosis.advice[0].name == "isolated"


def test_another_zero_of_energy_is_no_error():
    _, diagnosis = found(of_scans(scan(attraction(SCALES), zero=2.5)), "isolated molecules")
    assert {finding.severity for finding in diagnosis.findings} == {"sound"}


def test_another_zero_at_each_composition_is_no_extrapolation():
    """Other energies of free atoms: what liquid and molecules are off by depends on the composition, but alike."""
    other = scan(attraction(SCALES), zero=1.3, species=("EC",) * 8 + ("EMC",) * 4)
    _, diagnosis = found(of_scans(scan(attraction(SCALES), zero=2.5), other), "composition")
    assert {finding.severity for finding in diagnosis.findings} == {"sound"}
    off = {("energy", "total"): (2.0, 9.0, 2.0), ("energy", "intra"): (2.0, 9.0, 2.0)}
    groups = [(name, part, off) for name, off in (("8EC:4EMC", 1.3), ("4EC:8EMC", 2.5)) for part in ("total", "intra")]
    groups += [("8EC:4EMC", "inter", 0.0003), ("4EC:8EMC", "inter", 0.0003)]
    severities, diagnosis = found(errors(GOOD | off, groups=groups), "composition")
    assert severities == ["sound"]
    assert diagnosis.severity("isolated molecules") == "unknown"
    assert diagnosis.sound
    # Right at one composition: then the model extrapolates.
    groups[2:4] = [("4EC:8EMC", "total", 0.0005), ("4EC:8EMC", "intra", 0.01)]
    severities, diagnosis = found(errors(GOOD | off, groups=groups), "composition")
    assert severities == ["bad"]


def test_a_curve_that_falls_outwards_is_not_stable():
    bent = attraction(SCALES) - 0.1 * (1.0 - np.exp(-np.maximum(SCALES - 1.0, 0.0) / 0.3))
    severities, diagnosis = found(of_scans(scan(bent)), "minimum")
    assert severities == ["bad"]
    assert (diagnosis.stable, diagnosis.severity("tail")) == ("not stable", "bad")
    assert "no minimum" in diagnosis.sentence
    assert not diagnosis.sound


@pytest.mark.parametrize(("strength", "severity", "stable", "words"), [
    (1.0, "sound", "not yet known", "costs"),
    (0.9, "weak", "not yet known", "bubbles"),
    (0.4, "bad", "not stable", "bubbles"),
    (1.5, "bad", "not yet known", "too strongly"),
])  # fmt: skip
def test_the_barrier_against_expansion(strength, severity, stable, words):
    diagnosis = diagnose_evidence(of_scans(scan(strength * attraction(SCALES))))
    (barrier,) = [entry.finding for entry in diagnosis.judged if entry.rule == "expansion"]
    assert (barrier.severity, diagnosis.stable) == (severity, stable)
    assert words in barrier.sentence
    own, right, difference = (number.value for number in barrier.numbers)
    assert difference == pytest.approx(own - right)
    exact = 1000.0 * (attraction(0.6 ** (-1.0 / 3.0)) - attraction(1.0))
    assert right == pytest.approx(exact, rel=0.02)
    assert own == pytest.approx(strength * exact, rel=0.02)


@pytest.mark.parametrize(("shift", "severity"), [(1.001, "sound"), (0.99, "weak"), (1.03, "bad")])
def test_the_place_of_the_minimum(shift, severity):
    severities, diagnosis = found(of_scans(scan(attraction(SCALES, center=shift * CENTER))), "minimum")
    assert severities == [severity]
    (finding,) = [finding for finding in diagnosis.findings if finding.part == "minimum"]
    assert finding.numbers[0].value == pytest.approx(abs(shift**-3 - 1.0), abs=2e-3)
    if severity != "sound":
        assert ("too low" if shift > 1.0 else "too high") in finding.sentence


@pytest.mark.parametrize(("share", "severity", "word"), [
    (0.0, "sound", "right"), (-0.2, "weak", "soft"), (0.2, "weak", "hard"), (-0.5, "bad", "soft"),
])  # fmt: skip
def test_the_wall(share, severity, word):
    rise = np.where(SCALES < 1.0, attraction(SCALES) + DEPTH, 0.0)
    severities, diagnosis = found(of_scans(scan(attraction(SCALES) + share * rise)), "wall")
    assert severities == [severity]
    assert word in next(finding.sentence for finding in diagnosis.findings if finding.part == "wall")


def test_a_hole_in_the_wall_is_not_stable():
    severities, diagnosis = found(of_scans(scan(np.where(SCALES < 0.84, -0.2, attraction(SCALES)))), "wall")
    assert severities == ["bad"]
    assert diagnosis.stable == "not stable"
    assert diagnosis.advice[0].name == "compressed"


def test_the_tail_fades_wrongly():
    off = np.where(SCALES > 1.3, 0.006 * np.exp(-((SCALES - 1.5) ** 2) / 0.02), 0.0)
    severities, _ = found(of_scans(scan(attraction(SCALES) + off)), "tail")
    assert "weak" in severities or "bad" in severities


def test_rough_forces():
    severities, diagnosis = found(of_scans(scan(attraction(SCALES), noise=0.05)), "smoothness")
    assert severities == ["bad"]
    assert diagnosis.advice[0].name == "smoother"


@pytest.mark.parametrize(("error", "severity"), [(0.0005, "sound"), (0.1, "bad")])
def test_compositions_of_scans(error, severity):
    rich = scan(attraction(SCALES) + np.where(SCALES < 1.3, error, 0.0), species=("EC",) * 8 + ("EMC",) * 4)
    severities, _ = found(of_scans(scan(attraction(SCALES)), rich), "composition")
    assert severities == [severity]


def test_a_scan_that_tells_nothing():
    short = replace(
        scan(attraction(SCALES)),
        scales=SCALES[:2],
        density=np.ones(2),
        curves=tuple(replace(curve, energy=curve.energy[:2], net_forces=curve.net_forces[:2])
                     for curve in scan(attraction(SCALES)).curves),
    )  # fmt: skip
    assert diagnose_evidence(of_scans(short)).findings == ()


# Errors.


@pytest.mark.parametrize(("rmse", "severity"), [(0.0005, "sound"), (0.002, "weak"), (0.006, "bad")])
def test_the_intermolecular_energy(rmse, severity):
    severities, diagnosis = found(errors(GOOD | {("energy", "inter"): (rmse, 0.5, -rmse)}), "intermolecular energy")
    assert severities == [severity]
    assert [blame.part for blame in diagnosis.to_blame] == ["intermolecular energy"] * (severity == "bad")
    sentence = next(finding.sentence for finding in diagnosis.findings if finding.part == "intermolecular energy")
    assert "too strongly bound" in sentence


def test_parts_that_cancel_are_missing_molecules():
    """Gen10 of the paper: both parts are off by far more than their sum."""
    bad = GOOD | {
        ("energy", "intra"): (0.145, 80.0, -0.145), ("energy", "inter"): (0.140, 30.0, 0.140),
        ("forces", "inter"): (0.5, 7.7, 0.0), ("forces", "trans"): (0.03, 0.4, 0.0),
        ("forces", "rot"): (0.04, 0.5, 0.0),
    }  # fmt: skip
    severities, diagnosis = found(errors(bad), "isolated molecules")
    assert severities == ["bad"]
    assert diagnosis.severity("intermolecular energy") == "unknown"
    # Forces are judged by the motion then, which needs no molecules on their own.
    assert diagnosis.severity("intermolecular forces") == "sound"
    assert [blame.part for blame in diagnosis.to_blame] == ["isolated molecules"]
    assert diagnosis.advice[0].name == "isolated"


@pytest.mark.parametrize(("bias", "n_frames", "severity", "word"), [
    (0.0001, 40, "sound", "on average"), (0.002, 40, "bad", "too low"), (-0.002, 40, "bad", "too high"),
    (0.0006, 40, "weak", "too low"), (0.001, 2, "unknown", "too few"),
])  # fmt: skip
def test_the_virial_pushes_outwards(bias, n_frames, severity, word):
    evidence = errors(GOOD | {("virial", "inter"): (0.003, 0.2, bias)}, n_frames)
    if n_frames == 2:
        evidence = errors(GOOD | {("virial", "inter"): (0.01, 0.2, bias)}, n_frames)
    severities, diagnosis = found(evidence, "intermolecular virial")
    assert severities == [severity]
    assert word in next(finding.sentence for finding in diagnosis.findings if finding.part == "intermolecular virial")


@pytest.mark.parametrize(("part", "name"), [("inter", "intermolecular forces"), ("vib", "intramolecular forces")])
@pytest.mark.parametrize(("times", "severity"), [(0.5, "sound"), (1.4, "weak"), (4.0, "bad")])
def test_forces(part, name, times, severity):
    limit = LIMITS["inter_forces" if part == "inter" else "intra_forces"].fine
    severities, _ = found(errors(GOOD | {("forces", part): (0.1, times * limit, 0.0)}), name)
    assert severities == [severity]


@pytest.mark.parametrize(("worst", "severity"), [(0.0009, "sound"), (0.005, "weak"), (0.2, "bad")])
def test_compositions_of_errors(worst, severity):
    groups = [("4EC:8EMC", "inter", 0.0005), ("12EC", "inter", worst), ("1EMC", "inter", 0.5)]
    severities, diagnosis = found(errors(GOOD, groups=groups), "composition")
    assert severities == [severity]
    if severity == "bad":
        assert "12EC" in diagnosis.sentence or diagnosis.to_blame[0].part == "composition"
        assert diagnosis.advice[0].name == "compositions"


def test_only_liquids_count_where_the_table_tells():
    rows = [
        ErrorRow("energy", "inter", "all", "all", "", 40, 0.0002, 0.0, 0.1, 0.0, 0.0),
        ErrorRow("energy", "inter", "config_type", "liquid", "", 10, 0.006, 0.0, 0.1, 0.0, 0.0),
    ]
    severities, diagnosis = found(Evidence("m", errors=Errors("r", "m", 40, tuple(rows))), "intermolecular energy")
    assert severities == ["bad"]
    assert diagnosis.missing[0].what == "runs"


# Runs.


def collapse(n=2000):
    return np.where(np.arange(n) < n // 2, 1.0, 1.0 - 0.5 * (np.arange(n) - n // 2) / (n // 2)) + noise(0.0, 0.01, n)


BUBBLE = {"monitor": "bubble", "step": 900, "value": 0.9, "limit": 0.8, "text": "an empty sphere of 5.1 Å"}


@pytest.mark.parametrize(("density", "stable"), [
    (noise(), "stable"), (collapse(), "not stable"), (noise(1.0, 0.06), "stable"),
])  # fmt: skip
def test_the_course_of_the_density(density, stable):
    diagnosis = diagnose_evidence(Evidence("model", runs=(run(density),)))
    assert diagnosis.stable == stable
    if stable == "not stable":
        assert "not physical" in diagnosis.sentence
        assert "to blame is not known" in diagnosis.sentence


def test_a_density_that_always_falls():
    severities, diagnosis = found(Evidence("model", runs=(run(noise() - np.linspace(0.0, 0.15, 2000)),)), "stability")
    assert severities == ["weak"]
    assert "falls by 8% between the halves" in diagnosis.findings[0].sentence


def test_a_stopped_run_is_certain():
    diagnosis = diagnose_evidence(Evidence("model", runs=(run(noise(n=50), length=10.0, stopped_by=BUBBLE),)))
    assert (diagnosis.stable, diagnosis.confidence) == ("not stable", "almost certain")
    assert "an empty sphere of 5.1 Å" in diagnosis.sentence
    assert diagnosis.advice[0].name == "stop_frames"


@pytest.mark.parametrize(("monitor", "advice"), [
    ("density", "expanded"), ("bonds", "conformers"), ("contact", "compressed"), ("energy", "timestep"),
])  # fmt: skip
def test_each_monitor_has_its_advice(monitor, advice):
    stopped = run(noise(n=50), stopped_by=BUBBLE | {"monitor": monitor, "value": None})
    diagnosis = diagnose_evidence(Evidence("model", runs=(stopped,)))
    assert advice in [entry.name for entry in diagnosis.advice]


def test_a_fixed_volume_hides_what_is_wrong():
    """Section 2.1: all models are stable there."""
    diagnosis = diagnose_evidence(Evidence("model", runs=(replace(run(noise(std=0.0)), ensemble="nvt"),)))
    assert diagnosis.stable == "not yet known"
    assert diagnosis.missing[0].what == "runs"


def test_failing_only_when_hot():
    hot = run(collapse(), temperature=500.0)
    severities, diagnosis = found(Evidence("model", runs=(run(noise()), hot)), "temperature")
    assert severities == ["bad"]
    assert "holds at 300 K and fails from 500 K" in diagnosis.to_blame[0].sentence
    assert found(Evidence("model", runs=(run(collapse()), hot)), "temperature")[0] == []


def test_failing_only_at_another_composition():
    other = run(collapse(), composition="8EC:4EMC")
    severities, diagnosis = found(Evidence("model", runs=(run(noise()), other)), "composition")
    assert severities == ["bad"]
    assert diagnosis.advice[0].name == "compositions"


@pytest.mark.parametrize(("length", "n", "stable"), [(200.0, 2000, "stable"), (5.0, 2000, "not yet known")])
def test_short_runs_prove_nothing(length, n, stable):
    diagnosis = diagnose_evidence(Evidence("model", runs=(run(noise(n=n), length=length),)))
    assert diagnosis.stable == stable
    assert diagnosis.sound
    assert (diagnosis.severity("statistics") == "unknown") == (stable != "stable")


def test_longer_runs_are_surer():
    sigmas = [
        diagnose_evidence(Evidence("m", runs=(run(noise(), length=length),))).sigmas for length in (200.0, 2000.0)
    ]
    assert sigmas[0] < sigmas[1]


def test_what_a_scan_foresees_a_long_run_overrules():
    weak = of_scans(scan(0.4 * attraction(SCALES)))
    assert diagnose_evidence(weak).stable == "not stable"
    assert diagnose_evidence(replace(weak, runs=(run(noise(), length=20.0),))).stable == "not stable"
    assert diagnose_evidence(replace(weak, runs=(run(noise()),))).stable == "stable"


def test_a_wrong_temperature_is_not_the_model():
    severities, diagnosis = found(Evidence("model", runs=(run(noise(), kinetic=330.0),)), "thermostat")
    assert severities == ["bad"]
    assert diagnosis.to_blame == ()
    assert diagnosis.advice[0].name == "timestep"
    assert found(Evidence("model", runs=(run(noise(), kinetic=303.0),)), "thermostat")[0] == []


@pytest.mark.parametrize(("value", "error", "n", "severity"), [
    (1.0, 0.001, 50.0, "sound"), (1.03, 0.001, 50.0, "weak"), (0.9, 0.001, 50.0, "bad"),
    (0.9, 0.2, 50.0, "unknown"), (0.9, 0.05, 1.0, "unknown"),
])  # fmt: skip
def test_the_density_beside_that_of_the_reference(value, error, n, severity):
    entry = Density("npt.extxyz", "model", "4EC:8EMC", 300.0, value, error, n, 1.0, 0.002, "OPLS-AA")
    severities, diagnosis = found(Evidence("model", densities=(entry,)), "density")
    assert severities == [severity]
    assert diagnosis.sound == (severity != "bad")
    assert found(Evidence("model", densities=(replace(entry, reference=None),)), "density")[0] == []


def test_an_experiment_judges_the_reference_too():
    entry = Density("npt.extxyz", "model", "4EC:8EMC", 300.0, 0.9, 0.001, 50.0, 1.0, 0.002, "ec-emc: book")
    severities, diagnosis = found(Evidence("model", densities=(entry,)), "density")
    assert severities == ["weak"]
    assert "as good as its reference method" in diagnosis.sentence + diagnosis.findings[0].sentence
    assert diagnosis.sound


@pytest.mark.parametrize(("density", "severity"), [(1.0, "sound"), (1.1, "weak")])
def test_zero_pressure_is_where_the_run_is(density, severity):
    evidence = Evidence("model", runs=(run(noise()),), eos=EquationOfState(density, density - 0.01, density + 0.01))
    assert severity in found(evidence, "statistics")[0]


@pytest.fixture(scope="module")
def comparisons():
    """Reference with the same liquid, and with a liquid of another density that fluctuates more."""

    def frames(density, seed, spread):
        rng = np.random.default_rng(seed)
        moved = list(trajectory(liquid(4, 8, density, seed=3), 40, seed=seed))
        for frame in moved:
            frame.set_cell(frame.cell * (1.0 + rng.normal(scale=spread)), scale_atoms=False)
        return analyze(moved)

    first = frames(0.9, 1, 0.004)
    return [compare(first, other, labels=["ref", "model"]) for other in (frames(0.9, 2, 0.004), frames(0.8, 3, 0.02))]


def test_structure_and_fluctuations(comparisons):
    same, other = (diagnose_evidence(Evidence("model", comparison=each)) for each in comparisons)
    assert {finding.severity for finding in same.findings if finding.part == "structure"} <= {"sound", "unknown"}
    assert "weak" in {finding.severity for finding in other.findings if finding.part == "structure"}
    assert "The densities differ too" in " ".join(finding.sentence for finding in other.findings)
    rules = {entry.rule: entry.finding.severity for entry in other.judged}
    assert rules["density"] == "bad"
    assert rules["fluctuations"] in {"weak", "bad"}


def test_checks_of_the_analysis_count(comparisons):
    del comparisons
    check = ("voids", "fail", "An empty sphere of 6.0 Å looks like a bubble.")
    assert diagnose_evidence(Evidence("model", checks=(check,))).stable == "not stable"
    assert diagnose_evidence(Evidence("model", checks=(("voids", "attention", "A hole."),))).stable == "not yet known"


# Words, numbers, order.


def test_severity_and_certainty_grow_with_the_number():
    order = ["sound", "weak", "bad"]
    for name in LIMITS:
        values = LIMITS[name].fine * np.geomspace(0.01, 100.0, 50)
        judged = [graded(value, name, n=10) for value in values]
        assert [order.index(severity) for severity, _ in judged] == sorted(
            order.index(severity) for severity, _ in judged
        )
        assert [sigmas for _, sigmas in judged] == sorted(sigmas for _, sigmas in judged)
        assert {severity for severity, _ in judged} == set(order)
    assert graded(math.nan, "energy") == ("unknown", 0.0)
    assert graded(-5.0, "energy") == graded(5.0, "energy")


def test_few_data_are_less_sure():
    assert graded(5.0, "energy", n=2)[1] < graded(5.0, "energy", n=50)[1]
    # The limit itself is known to a factor of 1.5 only, so no amount of data makes a factor of 1.5 certain.
    assert confidence_word(graded(1.5, "energy", n=1e9)[1]) == "likely"


def test_the_training_set_decides_between_equals():
    wall = Finding("wall", "bad", 3.0, "Soft.", (), ("compressed", "isolated"))
    plain = ranked([wall], Evidence("m"))
    lacking = ranked([wall], Evidence("m", training={"liquid": 10, "volume_scan": 5}))
    assert [entry.name for entry in plain] == ["compressed", "isolated"]
    assert lacking[1].score == 2.0 * plain[1].score


def test_rules_name_known_parts_actions_and_limits(comparisons):
    evidence = replace(
        errors(GOOD, groups=[("4EC:8EMC", "inter", 0.0005), ("12EC", "inter", 0.02)]),
        scan=of_scans(scan(0.7 * attraction(SCALES), noise=0.02), scan(attraction(SCALES), species=SPECIES[2:])).scan,
        comparison=comparisons[1],
        runs=(run(noise()), run(collapse(), temperature=500.0, kinetic=600.0)),
        densities=(Density("npt.extxyz", "model", "4EC:8EMC", 300.0, 0.9, 0.01, 20.0, 1.0, 0.0, "ref"),),
        eos=EquationOfState(0.9, 0.8, 1.0),
    )
    diagnosis = diagnose_evidence(evidence)
    assert {entry.rule for entry in diagnosis.judged} == set(RULES)
    for finding in diagnosis.findings:
        assert finding.part in PARTS
        assert set(finding.advice) <= set(ACTIONS)
        assert {number.limit for number in finding.numbers} <= {*LIMITS, ""}
        assert finding.sentence.endswith(".")
    schema = json.loads(files("ecemc.diagnosis").joinpath("diagnosis.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    record = json.loads(json.dumps(diagnosis.to_dict(), allow_nan=False))
    jsonschema.validate(record, schema)
    assert record["schema"] == schema["$id"]
    assert [entry["score"] for entry in record["advice"]] == sorted(
        (e["score"] for e in record["advice"]), reverse=True
    )


def test_every_rule_and_limit_is_explained(root):
    page = (root / "docs" / "explanations" / "diagnosis.md").read_text("utf-8")
    assert [name for name in RULES if f"`{name}`" not in page] == []
    assert [name for name in LIMITS if f"`{name}`" not in page] == []
