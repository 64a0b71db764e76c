"""``ecemc errors`` as its users meet it."""

from __future__ import annotations

import csv
import json
import subprocess
import sys

import pytest

import ecemc as package
from ecemc.decomposition import decompose_properties, with_parts
from ecemc.evaluation import compute
from ecemc.labels import LabelKeys, with_labels
from ecemc.methods import OplsCalculator
from ecemc.metrics import rmse
from ecemc.testing import liquid, trajectory

ECEMC = [sys.executable, "-m", "ecemc"]
FILES = ["energy_virial.png", "energy_virial.svg", "errors.csv", "errors.json", "forces.png", "forces.svg"]


def ecemc(*arguments, cwd=None):
    return subprocess.run(
        [*ECEMC, *map(str, arguments)], cwd=cwd, capture_output=True, text=True, check=False, timeout=120
    )


def refused(result, *words):
    assert result.returncode == 2, result
    assert result.stdout == ""
    assert result.stderr.startswith("ecemc: error: ")
    assert result.stderr.count("\n") == 1
    for word in words:
        assert word in result.stderr, result.stderr


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Frames with labels and parts of OPLS-AA; the same with predictions; and with total labels only."""
    folder = tmp_path_factory.mktemp("errors")
    boxes = [*trajectory(liquid(1, 1, 0.25, seed=1), 2, seed=1), *trajectory(liquid(2, 1, 0.3, seed=2), 2, seed=2)]
    right, model = OplsCalculator(), OplsCalculator(cutoff=5.0)
    parts = [with_parts(atoms, decompose_properties(atoms, right)) for atoms in boxes]
    for atoms in parts:
        atoms.info |= {"config_type": "liquid", "isolated_cell": "none"}
    package.write(folder / "parts.extxyz", parts)
    names = LabelKeys.prefixed("GAP_")
    package.write(
        folder / "both.extxyz", [with_parts(atoms, decompose_properties(atoms, model), names) for atoms in parts]
    )
    package.write(folder / "total.extxyz", [with_labels(atoms, compute(atoms, right)) for atoms in boxes])
    return folder


def files(folder):
    return sorted(path.name for path in folder.iterdir() if not path.name.endswith("ledger"))


def test_model_against_stored_labels(folder, tmp_path):
    out, predicted = tmp_path / "errors", tmp_path / "model.extxyz"
    result = ecemc(
        "errors", folder / "parts.extxyz", "--model", "opls", "--set", "cutoff=5", "-o", out, "-j", "1",
        "--predictions", predicted,
    )  # fmt: skip
    assert result.returncode == 0, result
    assert result.stderr == ""
    assert result.stdout.splitlines()[0] == "OPLS-AA/LigParGen against REF, 4 frames"
    assert result.stdout.splitlines()[-1] == f"Errors: {out / 'errors.json'}"
    assert "RMSE by element" in result.stdout
    assert "RMSE by composition" in result.stdout
    assert "RMSE by config_type" not in result.stdout  # there is one
    assert files(out) == sorted([*FILES, "inter.png", "inter.svg"])
    content = json.loads((out / "errors.json").read_text())
    assert content["layout"] == "ecemc.errors/1"
    assert content["isolated_cells"] == {"none": 4}
    frames = package.read(predicted)
    ref = [atoms.info["REF_energy_interm"] / len(atoms) for atoms in frames]
    pred = [atoms.info["MODEL_energy_interm"] / len(atoms) for atoms in frames]
    (row,) = [r for r in content["errors"] if (r["quantity"], r["part"], r["group"]) == ("energy", "inter", "all")]
    assert row["rmse"] == pytest.approx(rmse(ref, pred), rel=1e-9)
    assert 0.0 < row["rmse"] < 0.01
    lines = list(csv.DictReader((out / "errors.csv").read_text().splitlines()))
    assert len(lines) == len(content["errors"])
    # The same predictions from the file.
    stored = ecemc("errors", folder / "both.extxyz", "--model-prefix", "GAP_", "-o", tmp_path / "stored", "--json")
    assert stored.returncode == 0, stored
    for mine, theirs in zip(json.loads(stored.stdout)["errors"], content["errors"], strict=True):
        assert mine["rmse"] == pytest.approx(theirs["rmse"], rel=1e-6, abs=1e-12)


def test_two_methods_without_any_label(folder, tmp_path):
    common = [
        "errors",
        folder / "total.extxyz",
        "-m",
        "opls",
        "--set",
        "cutoff=5",
        "--json",
        "-j",
        "1",
        "--by",
        "element",
    ]
    result = ecemc(*common, "--reference", "opls", "-o", tmp_path / "two")
    assert result.returncode == 0, result
    content = json.loads(result.stdout)
    assert (content["reference"], content["prediction"]) == (
        "OPLS-AA/LigParGen (reference)", "OPLS-AA/LigParGen (model)",
    )  # fmt: skip
    assert {row["by"] for row in content["errors"]} == {"all", "element"}
    assert {row["part"] for row in content["errors"]} == {"total", "intra", "inter", "trans", "rot", "vib"}


def test_labels_of_molecules_are_missed_and_figures_of_an_earlier_run_go(folder, tmp_path):
    out = tmp_path / "errors"
    command = ["--model-prefix", "GAP_", "-o", out]
    assert ecemc("errors", folder / "both.extxyz", *command).returncode == 0
    assert "inter.png" in files(out)
    result = ecemc("errors", folder / "total.extxyz", "-m", "opls", "-o", out, "-j", "1")
    assert result.returncode == 0, result
    assert "4 frames without labels of the molecules (REF_energy_intram ...)" in result.stderr
    assert files(out) == FILES
    quiet = ecemc("errors", folder / "total.extxyz", "-m", "opls", "-o", out, "-j", "1", "--no-parts")
    assert quiet.stderr == ""


def test_limits(folder, tmp_path):
    command = ["errors", folder / "both.extxyz", "--model-prefix", "GAP_", "-o", tmp_path / "errors"]
    fine = ecemc(*command, "--fail-above", "forces.total.rmse=1", "--fail-above", "energy.inter.max_error=0.1")
    assert fine.returncode == 0, fine
    worse = ecemc(
        *command, "--fail-above", "forces.inter.rmse=1e-6", "--no-parts", "--fail-above", "forces.rot.rrmse=1e-9"
    )
    assert worse.returncode == 1
    assert "forces.inter.rmse: is not known, so it cannot be below 1e-06" in worse.stderr
    assert "forces.rot.rrmse: " in worse.stderr
    for bad in ("forces.rmse=1", "energy.rot.rmse=1", "forces.rot.r2=1", "forces.rot.rmse", "forces.rot.rmse=small"):
        refused(ecemc(*command, "--fail-above", bad), "--fail-above: got", bad)


def test_bad_input(folder, tmp_path):
    both, out = folder / "both.extxyz", tmp_path / "errors"
    refused(ecemc("errors", both, "-o", out), "--model, --model-prefix: give one of the two")
    refused(ecemc("errors", both, "-o", out, "-m", "opls", "--model-prefix", "GAP_"), "give one of the two")
    refused(ecemc("errors", both, "-o", out, "--model-prefix", "GAP_", "--set", "cutoff=5"), "--set", "--model")
    refused(ecemc("errors", both, "-o", out, "--model-prefix", "REF_"), "are the labels of the reference")
    refused(ecemc("errors", both, "-o", out, "--model-prefix", "GAP_", "--by", "atom"), "by: got 'atom'")
    assert not out.exists()
    refused(
        ecemc("errors", both, "-o", out, "-m", "opls", "--prefix", "DFT_"),
        "all 4 frames failed; frame 0: has no labels 'DFT_energy' or 'DFT_forces'",
    )
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "errors.json").write_text('{"my": "file"}')
    refused(ecemc("errors", both, "-o", tmp_path / "mine", "--model-prefix", "GAP_"), "not of ecemc errors")
    assert json.loads((tmp_path / "mine" / "errors.json").read_text()) == {"my": "file"}
    (tmp_path / "file").write_text("")
    refused(ecemc("errors", both, "-o", tmp_path / "file", "--model-prefix", "GAP_"), "is a file")
