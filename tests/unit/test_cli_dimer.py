"""``ecemc dimer``."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

import ecemc
from ecemc.cli import main
from ecemc.testing import liquid, molecule

FILES = ["curves.csv", "curves.png", "dimer.extxyz", "dimer.json", "dimer.ledger", "minima.csv"]
QUICK = ("--orientations", "20", "-j", "1")
SHORT = """
from ecemc.methods import OplsCalculator

def calculator():
    return OplsCalculator(cutoff=5.0)
"""


@pytest.fixture
def call(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        with pytest.raises(SystemExit) as done:
            main(["dimer", *arguments])
        printed = capsys.readouterr()
        return done.value.code, printed.out, printed.err

    return run


def test_folder_table_and_further_methods(call):
    status, out, err = call("EC", "EC", "--method", "opls", *QUICK)
    assert (status, err) == (0, "")
    assert out.startswith("EC-EC: orientation by OPLS-AA/LigParGen, 3.36 Å")
    assert "−0.444" in out
    assert "PNO-LCCSD(T)-F12 in the paper: −0.45 eV, at geometries of its own" in out
    assert out.splitlines()[-1] == "Dimer: dimer"
    assert sorted(path.name for path in Path("dimer").iterdir()) == FILES
    Path("short.py").write_text(SHORT)
    assert call("EC", "EC", "--method", "opls", "-m", "short=short.py", *QUICK)[0] == 0
    rows = list(csv.DictReader(Path("dimer/minima.csv").read_text("utf-8").splitlines()))
    assert [row["method"] for row in rows] == ["OPLS-AA/LigParGen", "short"]
    assert len(ecemc.read("dimer/dimer.extxyz")) == 19


def test_json_and_offsets(call):
    status, out, _ = call("EC", "EMC", "-m", "opls", "--json", "--offsets", "-0.2:0.2:3,4", *QUICK)
    assert status == 0
    record = json.loads(out)
    assert record["schema"] == "ecemc-dimer/1"
    assert record["species"] == ["EC", "EMC"]
    steps = [round(r - record["pose"]["distance"], 6) for r in record["distances_A"]]
    assert steps == [-0.2, 0.0, 0.2, 4.0]
    assert not Path("dimer").exists()


def test_molecules_from_files_and_points_that_fail(call):
    water = molecule("water")
    water.center(vacuum=5.0)
    ecemc.write("water.extxyz", water)
    Path("hard.py").write_text(
        "from ase.calculators.lj import LennardJones\n"
        "class Hard(LennardJones):\n"
        "    def calculate(self, atoms=None, properties=None, changes=None):\n"
        "        if len(atoms) > 3 and min(atoms.get_all_distances()[:3, 3:].ravel()) < 1.6:\n"
        "            raise ValueError('atoms overlap')\n"
        "        super().calculate(atoms, properties, changes)\n"
        "def calculator():\n"
        "    return Hard(sigma=2.0, epsilon=0.01, rc=20.0)\n"
    )
    status, out, err = call("water.extxyz", "water", "-m", "hard.py", "--search", "hard.py", "--offsets=-1,0,1", *QUICK)
    assert status == 1
    assert "H2O-H2O" in out or "water-water" in out
    assert "ValueError: atoms overlap" in err


def test_bad_input(call):
    ecemc.write("box.extxyz", liquid(1, 1, 0.4))
    Path("folder").mkdir()
    Path("folder/dimer.json").write_text("{}")
    Path("file").write_text("")
    for arguments, message in (
        (("EC", "EC"), "--method: none given, expected opls"),
        (("EC", "PC", "-m", "opls"), "PC: neither a file nor one of EC, EMC, water"),
        (("EC", "box.extxyz", "-m", "opls"), "expected one molecule"),
        (("EC", "EC", "-m", "nothing"), "method: got 'nothing'"),
        (("EC", "EC", "-m", "opls", "--offsets", "near"), "--offsets: got 'near', expected FIRST:LAST:NUMBER"),
        (("EC", "EC", "-m", "opls", "--offsets", "-9,0", *QUICK), "is no distance"),
        (("EC", "EC", "-m", "opls", "-o", "folder"), "holds a dimer.json that is not of a dimer"),
        (("EC", "EC", "-m", "opls", "-o", "file"), "is a file, expected a folder"),
        (("EC", "water", "-m", "opls", *QUICK), "fails on a molecule alone"),
    ):
        status, out, err = call(*arguments)
        assert (status, out) == (2, ""), arguments
        assert message in err
        assert len(err.splitlines()) == 1
