"""The engine behind everything that calls a calculator: order, failures, resuming, crashes."""

from __future__ import annotations

import json
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.calculator import Calculator, PropertyNotImplementedError, all_changes
from ase.calculators.emt import EMT
from ase.calculators.lj import LennardJones
from ase.constraints import FixAtoms
from ase.stress import voigt_6_to_full_3x3_stress
from tests.reference.gap_sets import PARAMS, training_set, water

import ecemc
from ecemc.dataset import read_provenance
from ecemc.errors import CalculationError, EcemcError, FileFormatError, InputError
from ecemc.evaluation import Ledger, compute, evaluate, label
from ecemc.evaluation.ledger import result_key
from ecemc.gap import GAP, fit_gap
from ecemc.labels import LabelKeys, Labels
from ecemc.methods import Method, get_method

#: A calculator that writes down what it computes, fails for negative and dies for very negative x of the first atom.
COUNTING = """
import os, time
from pathlib import Path
from ase.calculators.lj import LennardJones

class Counting(LennardJones):
    def calculate(self, atoms, properties, system_changes):
        x = float(atoms.positions[0, 0])
        with Path(__file__).with_name("calls").open("a") as file:
            file.write(f"{x}\\n")
        if x < -10.0:
            os._exit(3)
        if x < 0.0:
            raise ValueError("negative x")
        time.sleep(SLEEP)
        super().calculate(atoms, properties, system_changes)

def calculator():
    return Counting(rc=3.0)

def converged(calculator):
    return "x is 5" if calculator.atoms.positions[0, 0] == 5.0 else None
"""

#: One that takes many at once: writes down how many, fails and dies as the one above does.
TOGETHER = """
    def labels(self, frames):
        with Path(__file__).with_name("batches").open("a") as file:
            file.write(f"{len(frames)}\\n")
        return [self.one(atoms) for atoms in frames]

    def one(self, atoms):
        self.calculate(atoms, ["energy", "forces"], [])
        return Labels(self.results["energy"], self.results["forces"])
"""


def gas(n=6, seed=0, length=6.0):
    rng = np.random.default_rng(seed)
    grid = np.stack(np.meshgrid(*[np.arange(3)] * 3), axis=-1).reshape(-1, 3)[:n] * (length / 3)
    return Atoms(f"Ar{n}", grid + rng.normal(scale=0.1, size=(n, 3)), cell=[length] * 3, pbc=True)


def pair(x):
    return Atoms("Ar2", [[x, 0, 0], [x + 1.2, 0, 0]])


@pytest.fixture
def counting(tmp_path):
    def make(sleep=0.0):
        path = tmp_path / "counting.py"
        path.write_text(COUNTING.replace("SLEEP", str(sleep)))
        return path

    return make


@pytest.fixture
def together(counting):
    path = counting()
    head, tail = path.read_text().split("\ndef calculator", 1)
    path.write_text(
        f"from ecemc.labels import Labels\n{head}{TOGETHER}\ndef calculator{tail}".split("\ndef converged")[0]
    )
    return replace(get_method(str(path)), batches=True), path


def batches(path):
    return [int(line) for line in path.with_name("batches").read_text().split()]


def calls(path):
    file = path.with_name("calls")
    return file.read_text().split() if file.exists() else []


def test_compute_gives_what_the_calculator_has():
    atoms = gas()
    atoms.calc = LennardJones(rc=2.5, smooth=True)
    labels = compute(atoms, LennardJones(rc=2.5, smooth=True))
    assert labels.energy == pytest.approx(atoms.get_potential_energy(), abs=1e-14)
    assert np.allclose(labels.forces, atoms.get_forces(), rtol=0, atol=1e-14)
    expected = -atoms.get_volume() * voigt_6_to_full_3x3_stress(atoms.get_stress())
    assert np.allclose(labels.virial, expected, rtol=0, atol=1e-13)


def test_virial_of_a_cluster_is_that_of_a_large_box():
    cluster = gas(8)
    cluster.pbc = False
    box = cluster.copy()
    box.cell[:] = 60.0 * np.eye(3)
    box.pbc = True
    calculator = LennardJones(rc=2.5, smooth=True)
    alone, boxed = compute(cluster, calculator), compute(box, calculator)
    assert abs(alone.virial).max() > 0.1
    assert np.allclose(alone.virial, boxed.virial, rtol=0, atol=1e-10)
    cluster.pbc = (True, True, False)
    assert compute(cluster, calculator).virial is None


def test_constraints_and_stored_results_play_no_role():
    atoms = gas()
    expected = compute(atoms, EMT2())
    atoms.set_constraint(FixAtoms([0, 1]))
    atoms.calc = EMT2()
    atoms.get_potential_energy()
    atoms.info["REF_energy"] = 5.0
    found = compute(atoms, EMT2())
    assert found.energy == expected.energy
    assert np.array_equal(found.forces, expected.forces)
    assert len(atoms.constraints) == 1


class EMT2(EMT):
    """Of any element as if it were aluminium."""

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        metal = atoms.copy()
        metal.numbers[:] = 13
        super().calculate(metal, properties, system_changes)


class Odd(Calculator):
    """Answers as it is told."""

    implemented_properties = ("energy", "free_energy", "forces", "stress")

    def __init__(self, **results):
        super().__init__()
        self.answers = results

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        if "stress" in properties and "stress" not in self.answers:
            raise PropertyNotImplementedError("no stress")
        self.results = dict(self.answers)


def test_free_energy_goes_before_energy_and_no_stress_is_no_failure():
    labels = compute(gas(2), Odd(energy=1.0, free_energy=2.0, forces=np.zeros((2, 3))))
    assert (labels.energy, labels.virial) == (2.0, None)


@pytest.mark.parametrize(
    ("results", "message"),
    [
        ({"energy": float("nan"), "forces": np.zeros((2, 3)), "stress": np.zeros(6)}, "Odd: its energy is not finite"),
        ({"energy": 1.0, "forces": np.full((2, 3), np.inf), "stress": np.zeros(6)}, "Odd: its forces is not finite"),
        ({"forces": np.zeros((2, 3)), "stress": np.zeros(6)}, "Odd: gives no energy"),
        ({"energy": 1.0, "stress": np.zeros(6)}, "Odd: gives no forces"),
    ],
)
def test_results_that_cannot_be_used(results, message):
    with pytest.raises(CalculationError, match=message):
        compute(gas(2), Odd(**results))


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_order_failures_and_gate(counting, n_jobs):
    method = get_method(str(counting()))
    xs = [1.0, 2.0, -1.0, 3.0, 5.0, 4.0, *np.arange(6.0, 30.0)]
    outcomes = list(evaluate(map(pair, xs), method, n_jobs=n_jobs))
    assert len(outcomes) == len(xs)
    expected = compute(pair(0.0), LennardJones(rc=3.0)).energy
    for x, outcome in zip(xs, outcomes, strict=True):
        if x == -1.0:
            assert outcome == (None, "ValueError: negative x")
        elif x == 5.0:
            assert outcome == (None, "not converged: x is 5")
        else:
            assert outcome.failure is None
            assert outcome.labels.energy == pytest.approx(expected, abs=1e-12)
            assert outcome.labels.forces.shape == (2, 3)


def test_a_process_that_dies_takes_one_frame_with_it(counting, tmp_path):
    path = counting()
    xs = [1.0, -20.0, 2.0, 3.0, -30.0, 4.0]
    with Ledger(tmp_path / "ledger") as ledger:
        outcomes = list(evaluate(map(pair, xs), get_method(str(path)), n_jobs=2, ledger=ledger))
    assert [outcome.failure is None for outcome in outcomes] == [True, False, True, True, False, True]
    assert outcomes[1].failure == "the process that computed it died (a crash of the calculator, or too little memory)"
    path.with_name("calls").unlink()
    with Ledger(tmp_path / "ledger") as ledger:
        list(evaluate(map(pair, xs), get_method(str(path)), n_jobs=2, ledger=ledger))
    assert sorted(calls(path)) == ["-20.0", "-30.0"]  # tried again, and nothing else


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_method_that_cannot_be_used_at_all_is_one_error(tmp_path, n_jobs):
    path = tmp_path / "broken.py"
    path.write_text("def calculator():\n    raise RuntimeError('no such program')\n")
    with pytest.raises(CalculationError, match=r"broken.*cannot be used: RuntimeError: no such program"):
        list(evaluate([pair(1.0)] * 3, get_method(str(path)), n_jobs=n_jobs))


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_nothing_is_computed_twice(counting, tmp_path, n_jobs):
    path = counting()
    xs = [1.0, 2.0, -1.0, 3.0]
    for retry in (False, False, True):
        with Ledger(tmp_path / "ledger") as ledger:
            outcomes = list(evaluate(map(pair, xs), get_method(str(path)), n_jobs=n_jobs, ledger=ledger, retry=retry))
        assert [outcome.failure for outcome in outcomes] == [None, None, "ValueError: negative x", None]
    assert sorted(calls(path)) == ["-1.0", "-1.0", "1.0", "2.0", "3.0"]


def test_frames_are_taken_as_they_are_needed(counting):
    taken = []

    def frames():
        for x in range(1, 1000):
            taken.append(x)
            yield pair(float(x))

    outcomes = evaluate(frames(), get_method(str(counting())), n_jobs=2)
    for _ in range(5):
        next(outcomes)
    outcomes.close()
    assert 5 <= len(taken) < 60


def test_ledger_keeps_every_bit(tmp_path):
    labels = Labels(-1.0 / 3.0, np.random.default_rng(0).normal(size=(4, 3)), np.eye(3) / 7.0)
    with Ledger(tmp_path / "ledger") as ledger:
        ledger.put("a", labels, None)
        ledger.put("b", Labels(1.0, np.zeros((1, 3)), None), None)
        ledger.put("c", None, "why")
    with Ledger(tmp_path / "ledger") as ledger:
        (found, failure), (other, _) = ledger.get("a"), ledger.get("b")
        assert (found.energy, failure) == (labels.energy, None)
        assert np.array_equal(found.forces, labels.forces)
        assert np.array_equal(found.virial, labels.virial)
        assert other.virial is None
        assert ledger.get("c") == (None, "why")
        assert ledger.get("d") is None


def test_keys_tell_apart_what_matters():
    atoms = gas()
    variants = [atoms]
    for change in ("position", "cell", "pbc", "number", "charge", "spin"):
        other = atoms.copy()
        if change == "position":
            other.positions[0, 0] += 1e-12
        elif change == "cell":
            other.cell[0, 0] += 1e-9
        elif change == "pbc":
            other.pbc = (True, True, False)
        elif change == "number":
            other.numbers[0] = 10
        elif change == "charge":
            other.info["charge"] = 1
        else:
            other.set_initial_magnetic_moments([1.0] * len(other))
        variants.append(other)
    assert len({result_key(other, "m") for other in variants}) == len(variants)
    assert result_key(atoms, "m") != result_key(atoms, "n")
    same = atoms.copy()
    same.info["step"] = 3
    same.positions[same.positions == 0.0] = -0.0
    assert result_key(same, "m") == result_key(atoms, "m")


def test_ledgers_that_cannot_be_used(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no such folder"):
        Ledger(tmp_path / "nowhere" / "ledger")
    (tmp_path / "text").write_text("no database at all, but long enough to be read as the head of one" * 20)
    with pytest.raises(FileFormatError, match=r"text: not a ledger, or a damaged one"):
        Ledger(tmp_path / "text")
    with sqlite3.connect(tmp_path / "other") as other:
        other.execute("CREATE TABLE x (y)")
    other.close()
    with pytest.raises(FileFormatError, match=r"other: not a ledger of this version"):
        Ledger(tmp_path / "other")
    with Ledger(tmp_path / "used") as first:
        first.put("a", Labels(1.0), None)
        with pytest.raises(EcemcError, match=r"used: another run uses this ledger; wait for it"):
            Ledger(tmp_path / "used")


def test_label_writes_labels_failures_and_provenance(counting, tmp_path):
    out = tmp_path / "out.extxyz"
    frames = tmp_path / "in.extxyz"
    given = [pair(x) for x in (1.0, -1.0, 2.0)]
    given[0].info |= {"REF_energy": 99.0, "config_type": "liquid"}
    ecemc.write(frames, given)
    done = []
    result = label(frames, out, get_method(str(counting())), n_jobs=2, progress=done.append)
    assert (result.n_labelled, [failure.frame for failure in result.failures], done) == (2, [1], [1, 2, 3])
    first, second = ecemc.read(out)
    expected = compute(pair(0.0), LennardJones(rc=3.0))
    assert first.info["REF_energy"] == pytest.approx(expected.energy, abs=1e-12)
    assert first.info["config_type"] == "liquid"
    assert np.allclose(second.arrays["REF_forces"], expected.forces, rtol=0, atol=1e-12)
    assert "counting" in first.info["label_method"]
    failed = ecemc.read(tmp_path / "out.failed.extxyz", 0)
    assert (failed.info["failed_frame"], failed.info["failure"]) == (1, "ValueError: negative x")
    record = read_provenance(out)
    assert (record.step, record.n_frames, record.parents[0].file) == ("label", 2, "in.extxyz")
    # Without the bad frame the list of failures goes away; other names stand beside the old labels.
    label([given[0]], out, get_method(str(counting())), names=LabelKeys.prefixed("LJ_"), n_jobs=1)
    assert not (tmp_path / "out.failed.extxyz").exists()
    assert {"REF_energy", "LJ_energy"} <= set(ecemc.read(out, 0).info)


def test_nothing_is_written_if_all_fails(counting, tmp_path):
    out = tmp_path / "out.extxyz"
    with pytest.raises(CalculationError, match=r"all 2 frames failed; frame 0: ValueError: negative x"):
        label([pair(-1.0), pair(-2.0)], out, get_method(str(counting())), n_jobs=1)
    assert not out.exists()
    with pytest.raises(InputError, match="no frame to write"):
        label([], out, get_method(str(counting())), n_jobs=1)


def run(*arguments, **options):
    return subprocess.run(
        [sys.executable, "-m", "ecemc", *map(str, arguments)], capture_output=True, text=True, check=False, **options
    )


def test_command_line(counting, tmp_path):
    frames, out = tmp_path / "in.extxyz", tmp_path / "out.extxyz"
    ecemc.write(frames, [pair(1.0), pair(2.0)])
    done = run("label", frames, "--method", counting(), "-o", out, "--prefix", "DFT_", "-j", 1)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"{out}: 2 frames labelled with counting")
    assert "DFT_energy" in ecemc.read(out, 0).info
    again = run("label", frames, "--method", counting(), "-o", out)
    assert again.returncode == 2
    assert f"{out}: is there already; choose another name or give --overwrite" in again.stderr
    ecemc.write(frames, [pair(1.0), pair(-2.0)])
    partly = run("label", frames, "--method", counting(), "-o", out, "--overwrite", "-j", 1)
    assert partly.returncode == 1
    assert "frame 1: ValueError: negative x" in partly.stderr
    for wrong, message in (
        (["--method", "gfn9"], "gfn9"),
        (["--method", "opls", "--set", "cutoff"], "--set: got 'cutoff', expected NAME=VALUE"),
    ):
        refused = run("label", frames, *wrong, "-o", tmp_path / "new.extxyz")
        assert refused.returncode == 2
        assert message in refused.stderr
        assert len(refused.stderr.splitlines()) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGINT])
def test_a_run_that_is_killed_goes_on(counting, tmp_path, sign):
    """No finished frame is computed again, whichever way the run ended."""
    path = counting(sleep=0.1)
    frames, out = tmp_path / "in.extxyz", tmp_path / "out.extxyz"
    ecemc.write(frames, [pair(float(x)) for x in range(10, 34)])
    command = [sys.executable, "-m", "ecemc", "label", str(frames), "--method", str(path), "-o", str(out), "-j", "2"]
    first = subprocess.Popen(command, start_new_session=True, stderr=subprocess.PIPE, text=True)
    while len(calls(path)) < 8:
        time.sleep(0.02)
        assert first.poll() is None
    os.killpg(first.pid, sign)
    _, said = first.communicate(timeout=60)
    if sign == signal.SIGINT:
        assert (first.returncode, said) == (130, "ecemc: interrupted\n")
    assert not out.exists()
    begun = len(calls(path))
    with sqlite3.connect(f"{out}.ledger") as file:
        (kept,) = file.execute("SELECT count(*) FROM results").fetchone()
    file.close()
    assert begun - 2 <= kept <= begun < 24  # two were under way
    second = run("label", frames, "--method", path, "-o", out, "-j", 2)
    assert second.returncode == 0
    assert len(calls(path)) == begun + 24 - kept
    assert [atoms.positions[0, 0] for atoms in ecemc.read(out)] == list(range(10, 34))


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX limits")
def test_a_full_disk_loses_nothing(counting, tmp_path):
    path = counting()
    frames, out = tmp_path / "in.extxyz", tmp_path / "out.extxyz"
    ecemc.write(frames, [pair(float(x)) for x in range(10, 400)])
    limit = (60_000, 60_000)
    stopped = run(
        "label", frames, "--method", path, "-o", out, "-j", 1,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit),
    )  # fmt: skip
    assert stopped.returncode == 2
    assert "out.extxyz" in stopped.stderr
    assert "Traceback" not in stopped.stderr
    assert not out.exists()
    kept = len(calls(path)) - 1
    assert kept > 20
    assert run("label", frames, "--method", path, "-o", out, "-j", 1).returncode == 0
    assert len(calls(path)) <= kept + 1 + 390 - kept + 1
    assert len(ecemc.read(out)) == 390


def test_scripts_need_no_guard_and_calculators_may_print(tmp_path):
    """The script is not run again in the workers; what only it knows is refused with advice."""
    script = tmp_path / "script.py"
    script.write_text("""
print("started")
import ecemc
from ase import Atoms
from ase.calculators.lj import LennardJones
from ecemc.errors import CalculationError
from ecemc.evaluation import evaluate
from ecemc.methods import Method, get_method

pair = Atoms("Ar2", [[0, 0, 0], [0, 0, 1.2]])
print(len([o for o in evaluate([pair] * 4, get_method("loud.py"), n_jobs=2) if o.labels]))

def mine():
    return LennardJones()

for make in (mine, lambda: LennardJones()):
    try:
        list(evaluate([pair], Method("mine", "mine", make), n_jobs=2))
    except CalculationError as error:
        print(error)
print(len(list(evaluate([pair], get_method(mine), n_jobs=1))))
""")
    (tmp_path / "loud.py").write_text("""
import os
from ase.calculators.lj import LennardJones

class Loud(LennardJones):
    def calculate(self, *args):
        print("python")
        os.write(1, b"and what is below it\\n")
        super().calculate(*args)

def calculator():
    return Loud()
""")
    for source in ([str(script)], ["-"]):
        done = subprocess.run(
            [sys.executable, *source],
            input=script.read_text(),
            capture_output=True,
            text=True,
            check=True,
            cwd=tmp_path,
        )
        started, n, own, anonymous, inline = done.stdout.splitlines()
        assert (started, n, inline) == ("started", "4", "1")
        assert own.startswith("mine: cannot be used: it is not known in another process (AttributeError")
        assert own.endswith(
            "take n_jobs=1, or put the function that makes the calculator into a file: get_method('FILE.py')"
        )
        assert anonymous.startswith("mine: cannot be sent to another process")
        assert done.stderr.count("and what is below it") == 4


def test_calculators_of_the_frames_are_not_sent(counting):
    atoms = pair(1.0)
    atoms.calc = LennardJones()
    atoms.calc.nobody_can_pickle_this = lambda: None
    (outcome,) = evaluate([atoms], get_method(str(counting())), n_jobs=2)
    assert outcome.failure is None


def test_methods_of_users_need_no_pickle_in_this_process():
    method = Method("local", "local", lambda: LennardJones(rc=3.0))
    (outcome,) = evaluate([pair(1.0)], method, n_jobs=1)
    assert outcome.labels.energy == pytest.approx(compute(pair(0.0), LennardJones(rc=3.0)).energy)
    assert json.dumps(outcome.labels.energy)


@pytest.mark.parametrize("n_jobs", [None, 1, 2])
def test_many_at_once_give_what_one_by_one_gives(together, tmp_path, n_jobs):
    method, path = together
    xs = [*np.arange(1.0, 500.0), -1.0, 2.0, -1.0]
    expected = compute(pair(0.0), LennardJones(rc=3.0))
    for _ in range(2):
        with Ledger(tmp_path / "ledger") as ledger:
            outcomes = list(evaluate(map(pair, xs), method, n_jobs=n_jobs, ledger=ledger))
        assert [outcome.failure for outcome in outcomes[-3:]] == [
            "ValueError: negative x",
            None,
            "ValueError: negative x",
        ]
        for outcome in outcomes[:-3]:
            assert outcome.labels.energy == pytest.approx(expected.energy, abs=1e-12)
            assert np.allclose(outcome.labels.virial, expected.virial, rtol=0, atol=1e-12)
    sizes = batches(path)
    assert (sorted(sizes)[-3:], sizes.count(1)) == ([100, 200, 200], 100)  # the last 100 one by one
    with sqlite3.connect(tmp_path / "ledger") as file:
        assert file.execute("SELECT count(*), count(failure) FROM results").fetchone() == (500, 1)
    file.close()


def test_a_process_that_dies_of_many_tries_them_one_by_one(together, tmp_path):
    method, path = together
    xs = [1.0, -20.0, 2.0, -1.0]
    for _ in range(2):
        with Ledger(tmp_path / "ledger") as ledger:
            outcomes = list(evaluate(map(pair, xs), method, n_jobs=2, ledger=ledger))
        assert [outcome.failure and outcome.failure[:20] for outcome in outcomes] == [
            None, "the process that com", None, "ValueError: negative"
        ]  # fmt: skip
    assert batches(path) == [4, 1, 1, 1, 1, 1]


def test_frames_for_many_at_once_are_taken_as_they_are_needed(together):
    taken = []

    def frames():
        for x in range(1, 10_000):
            taken.append(x)
            yield pair(float(x))

    outcomes = evaluate(frames(), together[0])
    next(outcomes)
    outcomes.close()
    assert len(taken) == 200


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    pytest.importorskip("quippy", reason="needs ecemc[gap]")
    path = tmp_path_factory.mktemp("model") / "model.xml"
    return fit_gap(training_set(2), PARAMS["soap_turbo"], path).path


@pytest.fixture(scope="module")
def frames():
    boxes = water(40)
    slab = boxes[0].copy()
    slab.pbc = (True, True, False)
    slab.cell[2] = 0.0
    rng = np.random.default_rng(0)
    alone = []
    for _ in range(300):
        alone.append(boxes[0][:3])
        alone[-1].pbc = False
        alone[-1].positions += rng.normal(scale=0.05, size=(3, 3))
    return [*boxes, slab, *alone, Atoms("H")]


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_every_bit_is_that_of_a_single_calculation(model, frames, n_jobs):
    calculator = GAP(model)
    for atoms, (labels, failure) in zip(frames, evaluate(frames, get_method(str(model)), n_jobs=n_jobs), strict=True):
        expected = compute(atoms, calculator)
        assert failure is None
        assert labels.energy == expected.energy == calculator.get_potential_energy(atoms)
        assert np.array_equal(labels.forces, expected.forces)
        assert (labels.virial is None) == (expected.virial is None) == (atoms.pbc.sum() == 2)
        assert labels.virial is None or np.array_equal(labels.virial, expected.virial)


def test_virial_is_that_of_the_stress(model, frames):
    atoms = frames[0].copy()
    atoms.calc = GAP(model)
    expected = -atoms.get_volume() * atoms.get_stress(voigt=False)
    assert np.allclose(compute(atoms, atoms.calc).virial, expected, rtol=0, atol=1e-12)


def test_what_cannot_be_evaluated_fails_alone(model, frames):
    bad = [frames[0].copy() for _ in range(3)]
    bad[0].positions[4] = np.nan
    bad[1].numbers[2] = 6
    bad[2].positions[1] = bad[2].positions[0]
    given = [*frames[:20], bad[0], *frames[:20], bad[1], bad[2], *frames[:20]]
    outcomes = list(evaluate(given, get_method(str(model))))
    failed = [k for k, outcome in enumerate(outcomes) if outcome.labels is None]
    assert failed == [20, 41, 42]
    assert [outcomes[k].failure for k in failed[:2]] == [
        "atoms: a position or the cell is NaN or infinite",
        "model.xml: the model does not know C, only H O; its energy would miss them without a word",
    ]
    assert not outcomes[42].failure.startswith("frame")


def test_calculators_of_a_method_share_the_model_and_nothing_else(model, frames):
    method = get_method(str(model))
    one, two = method.make(), method.make()
    one.calculate(frames[0])
    assert (two.atoms, two.results) == (None, {})
    assert one._native is two._native
