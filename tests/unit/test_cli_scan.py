"""``ecemc scan``."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

import ecemc
from ecemc.cli import main
from ecemc.dataset import read_provenance
from ecemc.testing import liquid

SCALES = "0.95:1.4:10,3"
MODEL = """
from ecemc.methods import OplsCalculator

class Counted(OplsCalculator):
    def calculate(self, *arguments):
        with open("calls", "a") as file:
            file.write(".")
        super().calculate(*arguments)

def calculator():
    return Counted(cutoff=6.0, switch_width=0.3)
"""


@pytest.fixture
def call(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    ecemc.write("liquid.extxyz", [liquid(2, 1, 0.9, seed=2), liquid(1, 2, 0.8, seed=1)])
    Path("model.py").write_text(MODEL)

    def run(*arguments):
        with pytest.raises(SystemExit) as done:
            main(["scan", *arguments])
        printed = capsys.readouterr()
        return done.value.code, printed.out, printed.err

    return run


COMMON = ("liquid.extxyz", "--reference", "opls", "--model", "short=model.py", "--scales", SCALES, "-j", "1")


def test_folder_table_and_resuming(call):
    status, out, err = call(*COMMON, "--write-frames", "train.extxyz")
    assert (status, err) == (0, "")
    assert "Frame 0: 2 EC + 1 EMC" in out
    assert "All 2 scans" in out
    assert out.splitlines()[-1] == "Scan: scan"
    assert sorted(path.name for path in Path("scan").iterdir()) == [
        "curves.csv", "energy.png", "forces.png", "scan.json", "scan.ledger", "scores.csv",
    ]  # fmt: skip
    record = json.loads(Path("scan/scan.json").read_text("utf-8"))
    assert record["methods"] == ["OPLS-AA/LigParGen", "short"]
    assert len(record["scans"][0]["scales"]) == 11
    score = record["scores"][1]
    assert f"{score['well_meV_per_atom']:.2f}" in out
    with Path("scan/scores.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert float(rows[1]["well_meV_per_atom"]) == score["well_meV_per_atom"]
    assert rows[0]["wall_meV_per_atom"] == ""
    with Path("scan/curves.csv").open(encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == 2 * 2 * 11
    for name in ("energy", "forces"):
        assert Path(f"scan/{name}.png").read_bytes().startswith(b"\x89PNG")

    frames = ecemc.read("train.extxyz")
    assert len(frames) == 2 * (11 + 3)
    assert {frame.info["config_type"] for frame in frames} == {"volume_scan", "isolated_molecule"}
    assert all({"REF_energy", "REF_virial", "parent_frame"} <= frame.info.keys() for frame in frames)
    assert read_provenance("train.extxyz").parents[0].file == "liquid.extxyz"

    assert Path("calls").read_text() == "." * 28
    again, out, _ = call(*COMMON)  # everything is in the ledger
    assert again == 0
    assert Path("calls").read_text() == "." * 28
    assert json.loads(Path("scan/scan.json").read_text("utf-8"))["scores"] == record["scores"]
    # The frames are a reference of their own.
    status, out, _ = call("train.extxyz", "-r", "labels", "-m", "short=model.py", "-j", "1", "--json")
    assert status == 0
    assert json.loads(out)["scores"][1]["well_meV_per_atom"] == pytest.approx(score["well_meV_per_atom"], abs=1e-6)


def test_exit_status_tells_of_errors_only_if_asked(call, tmp_path):
    status, out, _ = call(*COMMON, "--select", "0", "--json")
    assert status == 0
    assert json.loads(out)["layout"] == "ecemc.scan/1"
    assert not (tmp_path / "scan").exists()
    assert call(*COMMON, "--select", "0", "--fail-above", "5", "-o", "a")[0] == 0
    status, _, err = call(*COMMON, "--select", "0", "--fail-above", "0.0001", "-o", "a")
    assert status == 1
    assert "short: error in the well 0." in err
    assert "meV/atom, above 0.0001" in err


def test_geometries_to_be_labelled_elsewhere(call, capsys):
    status, out, _ = call("liquid.extxyz", "--geometries-only", "--scales", "1.0,1.1,1.5", "--cell", "none")
    assert status == 0
    assert "scan.extxyz: 6 boxes and 6 isolated molecules of 2 frames" in out
    frames = ecemc.read("scan.extxyz")
    assert [frame.info.get("scan_scale") for frame in frames[:6]] == [1.0, 1.1, 1.5, None, None, None]
    assert not frames[3].pbc.any()
    assert read_provenance("scan.extxyz").parameters["scales"] == [1.0, 1.1, 1.5]
    with pytest.raises(SystemExit) as done:
        main(["label", "scan.extxyz", "-m", "opls", "-o", "labelled.extxyz", "-j", "1"])
    assert done.value.code == 0
    capsys.readouterr()
    status, out, err = call("labelled.extxyz", "-r", "labels", "-m", "opls", "-o", "result", "-j", "1")
    assert (status, err) == (0, "")
    record = json.loads(Path("result/scan.json").read_text("utf-8"))
    assert record["methods"] == ["labels", "OPLS-AA/LigParGen"]
    assert record["summary"][1]["well_meV_per_atom"] == pytest.approx(0.0, abs=1e-6)
    # Without labels there is no reference.
    status, _, err = call("scan.extxyz", "-r", "labels", "-m", "opls", "-o", "other")
    assert status == 2
    assert "labels: no curve: frame 0, s = 1: no REF_energy in the file" in err


def test_points_that_fail_are_named(call):
    status, out, err = call("liquid.extxyz", "-r", "opls", "--scales", "0.5,1,1.1,1.2", "--select", "0", "-j", "1")
    assert status == 0
    assert "warning: OPLS-AA/LigParGen: frame 0, s = 0.5: " in err
    assert "Scan: scan" in out


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ([], "--reference: none given, expected opls"),
        (["-r", "nothing"], "method: got 'nothing', expected opls"),
        (["-r", "opls", "-m", "opls"], "two methods are called 'OPLS-AA/LigParGen'; give names"),
        (["-r", "opls", "-m", "a=missing.xml"], "method missing.xml: no such file"),
        (["-r", "opls", "--scales", "1:2"], "--scales: got '1:2', expected FIRST:LAST:NUMBER"),
        (["-r", "opls", "--scales", "a:b:3"], "--scales: got 'a:b:3', expected"),
        (["-r", "opls", "--scales", "1.0"], "scales: got 1, expected at least two"),
        (["-r", "opls", "--scales", "0,1"], "expected linear scale factors > 0"),
        (["-r", "opls", "--cell", "4"], "liquid.extxyz: frame 0: cell: got 4.0 Å, but a molecule"),
        (["-r", "labels"], "liquid.extxyz: no frame has a scan_scale, expected scaled boxes"),
        (["-r", "opls", "-o", "model.py"], "model.py: is a file, expected a folder"),
        (["-r", "opls", "--geometries-only"], "--geometries-only: computes nothing"),
        (["--geometries-only", "-o", "model.py"], "model.py: is there already"),
        (["-r", "opls", "--write-frames", "model.py"], "model.py: is there already"),
    ],
)
def test_bad_input(call, arguments, text):
    status, out, err = call("liquid.extxyz", *arguments)
    assert (status, out) == (2, "")
    assert text in err
    assert "Traceback" not in err


def test_folders_of_others_are_left_alone(call):
    Path("mine").mkdir()
    Path("mine/scan.json").write_text('{"a": 1}')
    status, _, err = call(*COMMON, "-o", "mine")
    assert status == 2
    assert "mine: holds a scan.json that is not of a scan" in err
    assert [path.name for path in Path("mine").iterdir()] == ["scan.json"]
