"""Plans, their runs, and sweeps that are killed, fail in parts, and go on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from ase import Atoms

import ecemc
from ecemc.errors import EcemcError, FileFormatError, InputError
from ecemc.jobs import locked
from ecemc.md.options import PACKED_STEPS
from ecemc.sweep import expand, make_plan, read_plan, sweep, sweep_status
from ecemc.sweep.grid import md_options_of

#: An Einstein crystal with the same bits in every process (sums of NumPy's may depend on where arrays lie in memory).
#: It takes its time, and fails or dies if told so.
MODEL = """
import math, os, time
import numpy as np
from ase.calculators.calculator import Calculator

SITES = 4.4 * np.stack(np.meshgrid(*[np.arange(2)] * 3), axis=-1).reshape(-1, 3)
STIFFNESS = 0.05  # eV/Å²

class Einstein(Calculator):
    implemented_properties = ["energy", "forces"]

    def __init__(self, pause, fail):
        super().__init__()
        self.pause, self.fail, self.calls = pause, fail, 0

    def calculate(self, atoms=None, properties=("energy",), system_changes=()):
        self.calls += 1
        time.sleep(self.pause)
        if self.fail == "raise" and self.calls > 5:
            raise ValueError("no convergence")
        if self.fail == "die" and self.calls > 5:
            os._exit(9)
        shifts = atoms.positions - SITES
        energy = math.fsum((0.5 * STIFFNESS * shifts**2).ravel())
        self.results = {"energy": energy, "forces": -STIFFNESS * shifts}

def calculator(pause=0.0, fail=""):
    return Einstein(pause, fail)
"""

PLAN = """
[md]
model = "argon.py"
start = "argon.extxyz"
ensemble = "nvt"
time = "40fs"
timestep = 1.0
frame_interval = "10fs"
checkpoint_interval = "5fs"
tau_t = "50fs"

[md.set]
pause = PAUSE

[grid]
temperature = [60, 90]
seed = [1, 2]
"""


def argon(seed=0):
    rng = np.random.default_rng(seed)
    grid = np.stack(np.meshgrid(*[np.arange(2)] * 3), axis=-1).reshape(-1, 3) * 4.4
    return Atoms("Ar8", grid + rng.normal(scale=0.1, size=(8, 3)), cell=[9.0] * 3, pbc=True)


@pytest.fixture
def planned(tmp_path):
    def write(text=PLAN, pause=0.0):
        (tmp_path / "argon.py").write_text(MODEL)
        ecemc.write(tmp_path / "argon.extxyz", [argon()])
        path = tmp_path / "plan.toml"
        path.write_text(text.replace("PAUSE", str(pause)))
        return path

    return write


def content(folder):
    """All that runs have written, without what tells of speed."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.name.endswith(".md.json"):
            summary = json.loads(path.read_text())
            del summary["ns_per_day"]
            found[str(path.relative_to(folder))] = summary
        elif path.is_file() and path.suffix != ".ledger":
            found[str(path.relative_to(folder))] = path.read_bytes()
    return found


def states(result):
    return {one.folder.name: one.state for one in result.runs}


def test_a_plan_is_the_product_of_its_grid(planned):
    runs = expand(read_plan(planned()))
    assert [run.name for run in runs] == ["T60_s1", "T60_s2", "T90_s1", "T90_s2"]
    assert [run.varied for run in runs][1] == {"temperature": 60.0, "seed": 2}
    assert {run.settings["time"] for run in runs} == {40.0}
    assert len({run.key for run in runs}) == 4


def test_names_tell_values_apart():
    plan = make_plan(
        {
            "sample": {"time": "200fs"},
            "grid": {
                "seed": [7],
                "friction": [0.001, 0.01],
                "composition": ["4EC:8EMC"],
                "temperature": [300, 300.15],
                "density": [0.9],
                "pressure": [1.01325],
            },
        }
    )
    assert [run.name for run in expand(plan)] == [
        "T300_p1.01325_4EC-8EMC_d0.9_friction0.001_s7",
        "T300_p1.01325_4EC-8EMC_d0.9_friction0.01_s7",
        "T300.15_p1.01325_4EC-8EMC_d0.9_friction0.001_s7",
        "T300.15_p1.01325_4EC-8EMC_d0.9_friction0.01_s7",
    ]


def test_files_of_equal_names_give_different_runs(planned, tmp_path):
    path = planned(PLAN.replace('start = "argon.extxyz"\n', "") + 'start = ["a/box.extxyz", "b/box.extxyz"]\n')
    for number, folder in enumerate("ab"):
        (tmp_path / folder).mkdir()
        ecemc.write(tmp_path / folder / "box.extxyz", [argon(number)])
    names = [run.name for run in expand(read_plan(path))]
    assert names[:4] == ["T60_a-box.extxyz_s1", "T60_a-box.extxyz_s2", "T60_b-box.extxyz_s1", "T60_b-box.extxyz_s2"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("temperature = [", "temprature = ["), r"grid.temprature: unknown key; did you mean 'temperature'\?"),
        (("timestep", "time_step"), r"md.time_step: unknown key; did you mean 'timestep'\?"),
        (("[md]", "[mdd]"), r"mdd: unknown key; did you mean 'md'\?"),
        ((PLAN, "[grid]\nseed = [1]"), r"expected exactly one table that says what runs, \[md\] or \[sample\]"),
        (("[60, 90]", "60"), "grid.temperature: got 60.0, expected list|grid.temperature: got 60, expected list"),
        (("[60, 90]", "[]"), "grid.temperature: got "),
        (("[60, 90]", '[60, "hot"]'), "grid.temperature.1: got 'hot', expected number"),
        (("[60, 90]", "[60, 60.0]"), "grid.temperature: got 60.0 twice"),
        (("[1, 2]", "[1, 2]\ntime = [20.0]"), r"grid.time: stands in \[md\] too; give it once"),
        (('"40fs"', '"60 min"'), "md.time: cannot read the time '60 min'; write a number and its unit"),
        (('"nvt"', '"nvp"'), "md.ensemble: got 'nvp', expected 'nve', 'nvt' or 'npt'"),
        (
            ("[md.set]", "[md.monitors]\nbubbles = 1.0\n[md.set]"),
            "md.monitors.bubbles: unknown key; did you mean 'bubble'",
        ),
        (("[grid]", "[grid"), "no TOML"),
        (("[60, 90]", "[60, -90]"), "run T-90_s1: temperature: got -90 K"),
        (('model = "argon.py"\n', ""), r"run T60_s1: model: missing; give it in \[md\] or \[grid\]"),
        (('"argon.py"', '"krypton.py"'), "run T60_s1: method .*krypton.py: no such file"),
        (("pause = PAUSE", "pouse = 1"), "run T60_s1: method argon.py: .*'pouse'; its options are: pause, fail"),
        (('"argon.extxyz"', '"krypton.extxyz"'), "run T60_s1: start .*krypton.extxyz: no such file"),
        (('start = "argon.extxyz"\n', ""), "run T60_s1: start: give either a file to start from"),
        (('start = "argon.extxyz"\n', 'composition = "4EC"\n'), "run T60_s1: density: missing"),
        (('start = "argon.extxyz"\n', 'composition = "4PC"\ndensity = 1.0\n'), "run T60_s1: composition: "),
        (("[md.set]", "density = 1.0\n[md.set]"), "run T60_s1: density: the start fixes it"),
        (("[md.set]", "pressure = 1.0\n[md.set]"), "run T60_s1: pressure: it has no meaning with ensemble 'nvt'"),
    ],
)
def test_bad_plans_are_refused_before_anything_runs(planned, tmp_path, change, message):
    path = planned(PLAN.replace(*change, 1))
    with pytest.raises(InputError, match=message) as caught:
        sweep(read_plan(path), tmp_path / "runs")
    assert isinstance(caught.value, FileFormatError) == ("run T" not in message)
    assert not (tmp_path / "runs").exists()


def test_a_finished_run_is_never_made_again(planned, tmp_path):
    plan, folder = read_plan(planned()), tmp_path / "runs"
    assert set(states(sweep_status(plan, folder)).values()) == {"waiting"}
    assert not folder.exists()
    seen = []
    first = sweep(plan, folder, n_jobs=2, progress=lambda done, total: seen.append((done, total)))
    assert states(first) == dict.fromkeys(["T60_s1", "T60_s2", "T90_s1", "T90_s2"], "finished")
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert json.loads((folder / "sweep.json").read_text()) == first.to_dict()
    assert first.runs[0].result["n_frames"] == 5
    before = content(folder)
    times = {path: path.stat().st_mtime_ns for path in folder.rglob("run.*")}
    again = sweep(plan, folder)
    assert again == first == sweep_status(plan, folder)
    assert content(folder) == before
    assert all(path.stat().st_mtime_ns == when for path, when in times.items())


def test_the_executor_does_not_change_a_bit(planned, tmp_path):
    plan = read_plan(planned())
    sweep(plan, tmp_path / "processes", n_jobs=2)
    with ThreadPoolExecutor(2) as threads:
        sweep(plan, tmp_path / "threads", executor=threads)
    assert content(tmp_path / "processes") == content(tmp_path / "threads")


def test_another_model_is_another_run_and_a_longer_time_is_not(planned, tmp_path):
    path, folder = planned(), tmp_path / "runs"
    sweep(read_plan(path), folder, n_jobs=1)
    before = content(folder)
    (tmp_path / "argon.py").write_text(MODEL.replace("0.05", "0.06"))
    other = sweep(read_plan(path), folder, n_jobs=1)
    names = [one.folder.name for one in other.runs]
    assert all(name.startswith(start) for name, start in zip(names, ["T60_s1_", "T60_s2_", "T90_s1_"], strict=False))
    assert other.count("finished") == 4
    after = content(folder)
    assert all(after[name] == before[name] for name in before if name != "sweep.json")
    path.write_text(path.read_text().replace('"40fs"', '"60fs"'))
    longer = sweep(read_plan(path), folder, n_jobs=1)
    assert [one.folder.name for one in longer.runs] == names
    assert [one.result["n_frames"] for one in longer.runs] == [7] * 4
    start = after[f"{names[0]}/run.extxyz"]
    assert (folder / names[0] / "run.extxyz").read_bytes().startswith(start)


def test_one_that_fails_or_dies_does_not_stop_the_others(planned, tmp_path):
    text = PLAN.replace("[md.set]\npause = PAUSE\n", "").replace('model = "argon.py"\n', "")
    text = text.replace("[60, 90]", "[60]").replace("[1, 2]", "[1]") + 'model = ["good.py", "raises.py", "dies.py"]\n'
    path, folder = planned(text), tmp_path / "runs"
    for name, fail in (("good", ""), ("raises", "raise"), ("dies", "die")):
        (tmp_path / f"{name}.py").write_text(MODEL.replace('fail=""', f"fail={fail!r}"))
    plan = read_plan(path)
    result = sweep(plan, folder, n_jobs=2)
    assert states(result) == {"T60_good_s1": "finished", "T60_raises_s1": "failed", "T60_dies_s1": "interrupted"}
    good, raises, dies = result.runs
    assert raises.reason == "step 2: the calculator failed: Einstein: ValueError: no convergence"
    assert dies.reason == "its process ended in the middle (exit status 9)"
    assert 0.0 <= dies.part < 1.0
    assert [one.state for one in sweep(plan, folder).runs] == ["finished", "failed", "interrupted"]
    assert sweep_status(plan, folder).runs[0] == good
    retried = sweep(plan, folder, retry=True)
    assert retried.runs[1].state == "failed"
    assert retried.runs[1].reason != raises.reason  # it went on from where it stood


def test_a_run_that_a_monitor_stops_is_over(planned, tmp_path):
    text = PLAN.replace("[md.set]", "[md.monitors]\nenergy = 1e-12\nbubble = false\ndensity = [0.5, 1.5]\n[md.set]")
    plan, folder = read_plan(planned(text.replace("[60, 90]", "[60]").replace("[1, 2]", "[1]"))), tmp_path / "runs"
    assert plan.settings["monitors"] == {"energy": 1e-12, "bubble": None, "density": (0.5, 1.5)}
    (one,) = sweep(plan, folder, n_jobs=1).runs
    assert one.state == "stopped"
    assert one.reason.startswith("step 10: the conserved energy changed by")
    assert sweep(plan, folder, retry=True).runs == (one,)


def test_folders_of_others_are_left_alone(planned, tmp_path):
    plan = read_plan(planned())
    with pytest.raises(InputError, match="is there already and no folder of a sweep"):
        sweep(plan, tmp_path)
    with pytest.raises(InputError, match="no folder of a sweep"):
        sweep(plan, tmp_path / "plan.toml")


def test_one_sweep_at_a_time(planned, tmp_path):
    plan, folder = read_plan(planned()), tmp_path / "runs"
    sweep(plan, folder, n_jobs=1)
    with locked(folder / ".lock"), pytest.raises(EcemcError, match="another process makes this sweep"):
        sweep(plan, folder)
    (folder / "sweep.ledger").write_bytes(b"damaged" * 1000)
    with pytest.raises(FileFormatError, match=r"sweep.ledger: not a ledger, or a damaged one .*; remove it"):
        sweep(plan, folder)


def start_sweep(path, folder):
    command = [sys.executable, "-m", "ecemc", "sweep", str(path), "-o", str(folder), "--jobs", "2"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)


def steps_done(folder):
    return sum(len(path.read_bytes().splitlines()) for path in folder.glob("*/run.thermo.csv"))


def kill_after(process, folder, n_rows):
    """Kill when so many rows of logs have been added, or it is over."""
    start = steps_done(folder)
    while process.poll() is None and steps_done(folder) < start + n_rows:
        time.sleep(0.005)
    if process.poll() is None:
        os.kill(process.pid, signal.SIGKILL)
    process.wait()
    return process.stderr.read().decode()


def test_killed_again_and_again_it_gives_the_same(planned, tmp_path):
    path, folder = (
        planned(PLAN.replace("frame_interval", "thermo_interval = 1.0\nframe_interval"), 0.01),
        tmp_path / "a",
    )
    plan = read_plan(path)
    random, kills, finished = np.random.default_rng(1), 0, {}
    for kills in range(20):
        with start_sweep(path, folder) as process:
            error = kill_after(process, folder, random.integers(0, 60) if kills < 4 else 10**6)
        for one in sweep_status(plan, folder).runs:
            if one.state == "finished":
                when = (one.folder / "run.extxyz").stat().st_mtime_ns
                assert finished.setdefault(one.folder, when) == when
        if process.returncode != -signal.SIGKILL:
            break
    assert process.returncode == 0, error
    assert kills >= 3
    assert len(finished) == 4
    with ThreadPoolExecutor(1) as undisturbed:
        sweep(plan, tmp_path / "b", executor=undisturbed)
    assert content(folder) == content(tmp_path / "b")


def test_a_killed_worker_costs_its_run_only(planned, tmp_path):
    path, folder = planned(pause=0.02), tmp_path / "runs"
    plan = read_plan(path)
    with start_sweep(path, folder) as process:
        while not (folder / "T60_s1" / "run.thermo.csv").exists():
            assert process.poll() is None
            time.sleep(0.01)
        assert states(sweep_status(plan, folder))["T60_s1"] == "running"
        command = ["pgrep", "-P", str(process.pid)]
        workers = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
        os.kill(int(workers[0]), signal.SIGKILL)
        error = process.stderr.read().decode()
    assert process.returncode == 1
    assert "its process was killed (SIGKILL" in error
    assert "the same command goes on" in error
    result = sweep_status(plan, folder)
    assert (result.count("finished"), result.count("interrupted")) == (3, 1)
    assert sweep(plan, folder, n_jobs=1).count("finished") == 4


def test_packed_boxes_are_minimised_as_by_ecemc_md():
    packed = {"composition": "4EC", "density": 1.0}
    assert md_options_of(packed)[0].minimize == PACKED_STEPS
    assert md_options_of(packed | {"minimize": 3})[0].minimize == 3
    assert md_options_of({"start": "liquid.extxyz"})[0].minimize == 0
