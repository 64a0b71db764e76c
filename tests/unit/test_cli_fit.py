"""``ecemc fit`` from the command line."""

from __future__ import annotations

import json

import pytest
from tests.reference.gap_sets import PARAMS, training_set

from ecemc import write
from ecemc.cli.main import main
from ecemc.gap import preset, read_params, write_params


@pytest.fixture
def train(tmp_path):
    write(tmp_path / "train.extxyz", training_set(1))
    return tmp_path / "train.extxyz"


@pytest.fixture
def config(tmp_path):
    write_params(tmp_path / "fit.toml", PARAMS["soap"])
    return tmp_path / "fit.toml"


@pytest.fixture
def ecemc(capfd):
    """Run a command; give its status, what it printed and what it said."""

    def run(*arguments):
        with pytest.raises(SystemExit) as exit_:
            main([str(argument) for argument in arguments])
        return (exit_.value.code, *capfd.readouterr())

    return run


def test_help_shows_examples(ecemc):
    status, out, _ = ecemc("fit", "--help")
    assert status == 0
    assert "ecemc fit train.extxyz --preset DTS:quick -o model.xml" in " ".join(out.split())


def test_fit(ecemc, train, config, tmp_path):
    pytest.importorskip("quippy", reason="needs ecemc[gap]")
    out = tmp_path / "model.xml"
    status, printed, said = ecemc("fit", train, "--config", config, "-o", out)
    assert (status, said) == (0, "")
    assert printed.startswith(f"{out}: 14 sparse points in 2 descriptors, fitted to 3 energies, 42 force and 6 virial")
    assert len(printed.splitlines()) == 1
    status, printed, said = ecemc("fit", train, "--config", config, "-o", out)
    assert (status, printed) == (2, "")
    assert said == f"ecemc: error: {out}: is there already; choose another name, or say that it may be overwritten\n"
    status, printed, _ = ecemc("fit", train, "--config", config, "-o", out, "--overwrite", "--seed", 3, "--json")
    assert status == 0
    result = json.loads(printed)
    assert result["path"] == str(out)
    assert result["counts"] == {"energies": 3, "forces": 42, "virials": 6}
    assert json.loads((tmp_path / "model.xml.provenance.json").read_text())["seed"] == 3


def test_preflight_of_a_good_set(ecemc, train, config, tmp_path):
    status, out, said = ecemc("fit", train, "--config", config, "--preflight", "--n-sparse", 4)
    assert (status, said) == (0, "")
    assert "isolated_atom" in out
    assert "3 frames, 3 energies, 42 force components, 6 virial components; 2 descriptors; about 0." in out
    assert out.endswith("ready\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fit.toml", "train.extxyz"]


def test_preflight_of_a_bad_set(ecemc, tmp_path, config):
    write(tmp_path / "train.extxyz", training_set(1)[1:])
    status, out, _ = ecemc("fit", tmp_path / "train.extxyz", "--config", config, "--preflight")
    assert status == 1
    assert "error: no frame with one free atom of H" in out
    assert out.endswith("not ready\n")
    status, out, _ = ecemc("fit", tmp_path / "train.extxyz", "--config", config, "--preflight", "--json")
    assert status == 1
    found = json.loads(out)["findings"]
    assert found[0]["severity"] == "error"
    status, _, said = ecemc("fit", tmp_path / "train.extxyz", "--config", config, "-o", tmp_path / "model.xml")
    assert status == 2
    assert said.startswith("ecemc: error: no frame with one free atom of H")


def test_memory_is_taken_from_the_command_line(ecemc, train):
    status, out, _ = ecemc("fit", train, "--preset", "DS:accurate", "--preflight", "--memory", "0.02GB")
    assert status == 1
    assert "GB, and 0.0200 GB are free. What would fit:" in " ".join(out.split())
    status, _, said = ecemc("fit", train, "--memory", "much")
    assert status == 2
    assert "cannot read the amount 'much'; write gigabytes, such as 64GB" in said


def test_write_config(ecemc, tmp_path):
    path = tmp_path / "fit.toml"
    status, out, _ = ecemc("fit", "--preset", "DTS:standard", "--n-sparse", 50, "--seed", 9, "--write-config", path)
    assert status == 0
    assert out == f"{path}: written; edit it and give it as --config {path}\n"
    assert read_params(path) == preset("DTS:standard").with_n_sparse(50).replace(seed=9)
    status, _, said = ecemc("fit", "--write-config", path)
    assert status == 2
    assert "is there already" in said


def test_sigma_and_free_atoms(ecemc, tmp_path):
    path = tmp_path / "fit.toml"
    call = ["fit", "--preset", "DTS:quick", "--write-config", path]
    assert ecemc(*call, "--virial-sigma", 0.01, "--e0", "C=-1.5, H=0,O=0")[0] == 0
    params, plain = read_params(path), preset("DTS:quick")
    assert params.e0 == {"C": -1.5, "H": 0.0, "O": 0.0}
    assert {params.sigmas.virial} | {each.virial for each in params.config_type_sigmas.values()} == {0.01}
    assert params.config_type_sigmas["liquid"].forces == plain.config_type_sigmas["liquid"].forces
    assert params.replace(e0="isolated").with_virial_sigma(0.05) == plain
    assert ecemc(*call, "--e0", "average", "--overwrite")[0] == 0
    assert read_params(path).e0 == "average"


def test_keys(ecemc, tmp_path, config):
    frames = training_set(1)
    for atoms in frames:
        atoms.info["dft_energy"] = atoms.info.pop("REF_energy")
        atoms.arrays["dft_forces"] = atoms.arrays.pop("REF_forces")
    write(tmp_path / "train.extxyz", frames)
    call = ["fit", tmp_path / "train.extxyz", "--config", config, "--preflight"]
    status, out, _ = ecemc(*call)
    assert status == 1
    assert "there is dft_energy: give it as --energy-key" in " ".join(out.split())
    status, out, _ = ecemc(*call, "--prefix", "dft_", "--virial-key", "REF_virial")
    assert (status, "6 virial components" in out) == (0, True)
    status, out, _ = ecemc(*call, "--energy-key", "dft_energy", "--forces-key", "dft_forces")
    assert (status, "6 virial components" in out) == (0, True)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], "TRAIN: no training set given"),
        (["none.extxyz"], "none.extxyz: No such file or directory"),
        (["train.extxyz", "--preset", "DS"], "preset: got 'DS', expected one of DS:quick"),
        (["train.extxyz", "--preset", "DS:quick", "--config", "a.toml"], "config: give either --config or --preset"),
        (["train.extxyz", "--config", "a.toml"], "a.toml: No such file or directory"),
        (["train.extxyz", "--n-sparse", "0"], "n_sparse: got 0, expected greater than or equal to 1"),
        (["train.extxyz", "--virial-sigma", "0"], "virial: got 0.0, expected greater than 0"),
        (["train.extxyz", "--e0", "C=a"], "Invalid value for '--e0': cannot read the energies 'C=a'"),
        (["train.extxyz", "--e0", "zero"], "e0: got 'zero', expected 'isolated', 'average' or a table"),
    ],
)
def test_bad_arguments(ecemc, arguments, expected, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    status, out, said = ecemc("fit", *arguments)
    assert (status, out) == (2, "")
    assert said.startswith(f"ecemc: error: {expected}")
    assert len(said.splitlines()) == 1
