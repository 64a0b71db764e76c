"""``ecemc md`` and ``ecemc check-calculator`` from the command line; killed at random moments and continued."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import ecemc
from ecemc.cli.main import _run
from ecemc.cli.md import read_monitors
from ecemc.dataset import read_provenance
from ecemc.errors import InputError
from ecemc.testing import liquid

ENVIRONMENT = os.environ | {"ECEMC_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
REFERENCE = """
import numpy as np
from ase.calculators.calculator import Calculator, all_changes

class Springs(Calculator):
    implemented_properties = ["energy", "forces"{stress}]
    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        D = atoms.positions - np.load({start!r})
        D -= D.mean(axis=0)
        self.results = {{"energy": 5.0 * float((D * D).sum()), "forces": -10.0 * D, "stress": np.zeros(6)}}

def calculator():
    return Springs()
"""


@pytest.fixture
def box(tmp_path):
    atoms = liquid(2, 2, 0.8, seed=1)
    ecemc.write(tmp_path / "box.extxyz", atoms)
    np.save(tmp_path / "start.npy", atoms.positions)
    text = REFERENCE.format(start=str(tmp_path / "start.npy"), stress="")
    (tmp_path / "springs.py").write_text(text)
    (tmp_path / "wrong.py").write_text(REFERENCE.format(start=str(tmp_path / "start.npy"), stress=', "stress"'))
    return tmp_path


def arguments(folder, *more, name="run"):
    method = ["--method", folder / "springs.py", "--timestep", "1fs", "--temperature", "100"]
    return ["md", folder / "box.extxyz", *method, "-o", folder / f"{name}.extxyz", *more]


def run(*given):
    return _run([str(each) for each in given])


def test_runs_and_says_what_came_out(box, capsys):
    assert run(*arguments(box, "--time", "100fs", "--every", "20fs")) == 0
    said = capsys.readouterr()
    assert said.err == ""
    assert "run.extxyz: 0.1 ps, 6 frames, temperature " in said.out
    assert "density 0.8000 g/cm³" in said.out
    assert "ns/day" in said.out
    assert len(ecemc.read(box / "run.extxyz", ":")) == 6
    assert json.loads((box / "run.md.json").read_text())["method"].startswith("springs ")
    record = read_provenance(box / "run.extxyz")
    assert record.describes(box / "run.extxyz")
    assert [parent.file for parent in record.parents] == ["box.extxyz", "springs.py"]
    # Again: nothing to do. Longer: goes on.
    assert run(*arguments(box, "--time", "100fs", "--every", "20fs")) == 0
    assert "ns/day" not in capsys.readouterr().out
    assert run(*arguments(box, "--time", "0.2ps", "--every", "20fs")) == 0
    assert "run.extxyz: 0.2 ps, 11 frames" in capsys.readouterr().out


def test_a_monitor_gives_status_1(box, capsys):
    options = ("--time", "1ps", "--temperature", "2000", "--monitor", "all=off", "--monitor", "bonds=2")
    assert run(*arguments(box, *options)) == 1
    said = capsys.readouterr().out
    assert "stopped by the monitor 'bonds' at " in said
    assert "bonds are not those of the start: " in said
    assert "run.stopped.extxyz: the configurations before that" in said
    assert ecemc.read(box / "run.stopped.extxyz", ":")


def test_start_is_a_frame_of_choice(box, capsys):
    frames = [liquid(1, 1, 0.5, seed=1), liquid(2, 2, 0.8, seed=1)]
    ecemc.write(box / "box.extxyz", frames)
    assert run(*arguments(box, "--time", "10fs")) == 0
    assert len(ecemc.read(box / "run.extxyz", 0)) == 50
    np.save(box / "start.npy", frames[0].positions)
    assert run(*arguments(box, "--time", "10fs", "--index", "0", name="first")) == 0
    assert len(ecemc.read(box / "first.extxyz", 0)) == 25
    capsys.readouterr()


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (["--temperature", "-10"], "temperature: got -10 K"),
        (["--ensemble", "npt", "--pressure", "101325"], "101325 Pa would be 1.01325 bar"),
        (["--pressure", "1"], "pressure: it has no meaning with --ensemble nvt"),
        (["--timestep", "0.001fs"], "timestep: got 0.001 fs"),
        (["--timestep", "10ps"], "timestep: got 10000 fs"),
        (["--time", "10"], "cannot read the time '10'"),
        (["--ensemble", "npt"], "has no stress, which constant pressure needs"),
        (["--monitor", "void=3"], "--monitor: got 'void=3', expected NAME=VALUE with one of interval"),
        (["--monitor", "density=0.5"], "expected a value such as density=0.5:1.6, or off"),
        (["--monitor", "all=3"], "--monitor: got 'all=3'"),
        (["--density", "1.0"], "density: .* is a file"),
        (["--index", "7"], "index"),
        (["--method", "nothing.xml"], "no such file"),
    ],
)
def test_bad_input_gives_one_line_and_status_2(box, capsys, more, expected):
    before = set(box.iterdir())
    assert run(*arguments(box, *more)) == 2
    said = capsys.readouterr()
    assert len(said.err.splitlines()) == 1
    assert re.search(expected, said.err)
    assert set(box.iterdir()) == before


def test_a_composition_needs_a_density(box, capsys):
    assert run("md", "4EC:8EMC", "--method", "opls", "-o", box / "a.extxyz") == 2
    assert "say how dense to pack it, such as --density 1.0" in capsys.readouterr().err


def test_another_model_is_refused_in_one_sentence(box, capsys):
    assert run(*arguments(box, "--time", "100fs")) == 0
    (box / "springs.py").write_text((box / "springs.py").read_text().replace("5.0 *", "5.00 *"))
    capsys.readouterr()
    assert run(*arguments(box, "--time", "200fs")) == 2
    assert "belongs to another run: its model is springs " in capsys.readouterr().err


def start(*given):
    command = [sys.executable, "-m", "ecemc", *map(str, given)]
    return subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for(path, size=1):
    """Until a file has grown beyond a size."""
    for _ in range(2400):
        if path.exists() and path.stat().st_size >= size:
            return
        time.sleep(0.05)
    raise AssertionError(f"{path} does not grow")


def test_killed_at_random_moments_and_continued(box, capsys):
    options = ("--time", "2ps", "--every", "20fs", "--checkpoint", "200fs", "--monitor", "all=off")
    assert run(*arguments(box, *options, name="straight")) == 0
    out, chance = box / "run.extxyz", random.Random(1)
    whole = (box / "straight.extxyz").stat().st_size
    kills = 0
    for part in (0.05, 0.35, 0.7):
        process = start(*arguments(box, *options))
        wait_for(out, int(part * whole))
        time.sleep(chance.uniform(0.0, 0.2))
        process.kill()
        _, errors = process.communicate()
        kills += process.returncode == -signal.SIGKILL
        assert errors == ""
        assert json.loads((box / "run.md.json").read_text())["status"] in {"running", "finished"}
    assert kills > 0
    assert run(*arguments(box, *options)) == 0
    capsys.readouterr()
    for ending in (".extxyz", ".thermo.csv"):
        assert (box / f"run{ending}").read_bytes() == (box / f"straight{ending}").read_bytes()
    steps = [frame.info["step"] for frame in ecemc.read(out, ":")]
    assert steps == list(range(0, 2001, 20))


@pytest.mark.skipif(os.name == "nt", reason="no such signal")
def test_interrupted_and_continued(box, capsys):
    options = ("--time", "1.5ps", "--every", "20fs", "--checkpoint", "200fs", "--monitor", "all=off")
    process = start(*arguments(box, *options))
    wait_for(box / "run.extxyz", 30_000)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate()
    assert (process.returncode, errors) == (130, "ecemc: interrupted\n")
    assert run(*arguments(box, *options)) == 0
    assert run(*arguments(box, *options, name="straight")) == 0
    capsys.readouterr()
    assert (box / "run.extxyz").read_bytes() == (box / "straight.extxyz").read_bytes()


def test_check_calculator_good(box, capsys):
    assert run("check-calculator", box / "box.extxyz", "--method", "opls") == 0
    said = capsys.readouterr().out
    assert "frame 0: 50 atoms, " in said
    assert said.count("ok ") == 4


def test_check_calculator_wrong(box, capsys):
    assert run("check-calculator", box / "box.extxyz", "--method", box / "wrong.py", "--json", "--quick") == 1
    result = json.loads(capsys.readouterr().out)[0]
    wrong = {finding["part"] for finding in result["findings"] if finding["ok"] is False}
    # Its springs hold each atom in its place, not in that of a periodic image.
    assert result["ok"] is False
    assert wrong == {"translation"}


def test_check_calculator_bad_input(box, capsys):
    assert run("check-calculator", box / "none.extxyz", "--method", "opls") == 2
    assert "none.extxyz" in capsys.readouterr().err


def test_monitors_are_read():
    with pytest.raises(InputError, match="NAME=VALUE"):
        read_monitors(["bonds"])
    found = read_monitors(["all=off", "bubble=1.1", "density=0.9:1.1", "interval=20fs", "keep=5"])
    assert (found.bubble, found.density, found.interval, found.keep) == (1.1, (0.9, 1.1), 20.0, 5)
    assert (found.bonds, found.contact, found.energy, found.temperature) == (None, None, None, None)
