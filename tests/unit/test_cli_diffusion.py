"""``ecemc diffusion``."""

from __future__ import annotations

import csv
import json

import ase.io
import numpy as np
import pytest

from ecemc.cli import main
from ecemc.testing import liquid


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Rigid molecules on random walks, without times."""
    rng = np.random.default_rng(0)
    box = liquid(3, 4, 0.6)
    index = np.repeat(np.arange(7), [10] * 3 + [15] * 4)
    frames = []
    for _ in range(60):
        box.positions += rng.normal(scale=0.1, size=(7, 3))[index]
        frames.append(box.copy())
    monkeypatch.chdir(tmp_path)
    ase.io.write("run.extxyz", frames, format="extxyz")
    return tmp_path


def call(*arguments):
    with pytest.raises(SystemExit) as done:
        main(["diffusion", "run.extxyz", *arguments])
    return done.value.code


def test_table_and_files(run, capsys):
    assert call("--dt", "100", "-o", "msd.csv") == 0
    shown = capsys.readouterr().out
    assert "EC " in shown
    assert "EMC" in shown
    assert "60 frames, 100 fs apart; fit from 600 to 2800 fs." in shown
    assert "2.837297 kT/(6πηL)" in shown
    with (run / "msd.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert rows[0]["t (fs)"] == "100.0"
    assert float(rows[0]["MSD EC (Å²)"]) == pytest.approx(0.026, abs=0.01)
    assert call("--dt", "100", "-o", "msd.json") == 0
    record = json.loads((run / "msd.json").read_text("utf-8"))
    assert record["diffusion"]["species"]["EMC"]["n_molecules"] == 4
    assert record["msd"]["EC"][0] == float(rows[0]["MSD EC (Å²)"])
    assert call("--dt", "100", "-o", "msd.png") == 0
    assert (run / "msd.png").read_bytes().startswith(b"\x89PNG")


def test_atoms_selected(run, capsys):
    assert call("--dt", "100", "--of", "atoms", "--species", "EMC", "--elements", "O,C", "-o", "msd.json") == 0
    assert list(json.loads((run / "msd.json").read_text("utf-8"))["msd"]) == ["EMC.C", "EMC.O"]
    assert "EMC.O" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "run.extxyz: dt: the frames do not tell their time; give dt= (fs between frames), command line --dt"),
        (("--dt", "0"), "dt: got 0.0 fs, expected a finite number > 0"),
        (("--dt", "1", "--species", "PC"), "--species: got 'PC', expected some of EC, EMC"),
        (("--dt", "1", "--elements", "C"), "--elements: centres of mass have none; add --of atoms"),
        (("--dt", "1", "--window", "5"), "--window: got '5', expected START:END in fs"),
        (("--dt", "1", "--window", "9:5"), "window: got 9 to 5 fs"),
        (("--dt", "1", "--select", "70:"), "run.extxyz: frames: got none"),
        (("--dt", "1", "--select", ":3"), "holds 1 lags of 3 frames"),
        (("--dt", "1", "-o", "x.pdf"), "--out: got x.pdf"),
        (("--dt", "1", "-o", "no/x.png"), "--out: there is no folder no"),
    ],
)
@pytest.mark.usefixtures("run")
def test_errors(arguments, message, capsys):
    assert call(*arguments) == 2
    assert message in capsys.readouterr().err
