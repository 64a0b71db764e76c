"""``ecemc check`` and ``ecemc split`` as a user meets them."""

from __future__ import annotations

import json

import pytest
from tests.reference.springs import dataset

from ecemc import read, write
from ecemc.cli import main
from ecemc.cli.labels import label_keys
from ecemc.dataset import read_provenance
from ecemc.labels import LabelKeys


@pytest.fixture
def run(capsys):
    """Run a command; give status, stdout, stderr."""

    def call(*arguments):
        with pytest.raises(SystemExit) as exit_:
            main([*map(str, arguments)])
        captured = capsys.readouterr()
        return exit_.value.code, captured.out, captured.err

    return call


@pytest.fixture
def data(tmp_path):
    path = tmp_path / "data.extxyz"
    write(path, dataset(16))
    return path


def test_a_sound_set_passes(run, data):
    status, out, err = run("check", data)
    assert (status, err) == (0, "")
    assert "19 frames, 643 atoms" in out
    assert "liquid: EC + 2 EMC (16)" in out
    assert "PASS: 16 checks passed, 1 cannot be told" in out
    assert out.count("✔") == 16


def test_a_fault_fails_with_its_advice(run, data):
    frames = read(data)
    for atoms in frames[3:]:
        atoms.info["REF_virial"] = -atoms.info["REF_virial"]
    write(data, frames)
    status, out, _ = run("check", data)
    assert status == 1
    assert "FAIL: not fit for training: virial sign and order" in out
    lines = out[out.index("FAIL") :].splitlines()
    assert lines[1].startswith("  ✖ virial sign and order: ")  # worst first
    assert lines[2].startswith("      W = −stress·V")


def test_attention_fails_only_if_strict(run, data):
    write(data, read(data, "3:"))
    status, out, _ = run("check", data)
    assert (status, "ATTENTION: look at isolated atoms" in out) == (0, True)
    assert run("check", data, "--strict")[0] == 1


def test_json(run, data):
    status, out, _ = run("check", data, "--json")
    content = json.loads(out)
    assert (status, content["status"], content["n_frames"]) == (0, "pass", 19)
    assert {"name", "status", "text", "advice", "frames"} == set(content["findings"][0])


def test_other_keys(run, data):
    frames = read(data)
    for atoms in frames:
        atoms.info["DFT_energy"] = atoms.info.pop("REF_energy")
        atoms.arrays["DFT_forces"] = atoms.arrays.pop("REF_forces")
        if "REF_virial" in atoms.info:
            atoms.info["DFT_virial"] = atoms.info.pop("REF_virial")
    write(data, frames)
    status, out, _ = run("check", data)
    assert (status, "Give --prefix DFT_." in out) == (1, True)
    assert run("check", data, "--prefix", "DFT_")[0] == 0
    keys = ("--energy-key", "DFT_energy", "--forces-key", "DFT_forces", "--virial-key", "DFT_virial")
    assert run("check", data, *keys)[0] == 0


def test_options_become_keys():
    assert label_keys() == LabelKeys()
    assert label_keys("DFT_", forces="f") == LabelKeys("DFT_energy", "f", "DFT_virial", "DFT_stress")
    assert label_keys("", virial="W").virial == "W"


def test_bad_input(run, tmp_path):
    status, out, err = run("check", tmp_path / "missing.extxyz")
    assert (status, out) == (2, "")
    assert err == f"ecemc: error: {tmp_path / 'missing.extxyz'}: No such file or directory\n"


def test_split(run, data, tmp_path):
    out = tmp_path / "parts"
    status, text, err = run("split", data, "--train", "0.75", "--test", "0.25", "--seed", "3", "-o", out)
    assert (status, err) == (0, "")
    assert text.splitlines() == [f"{out / 'train.extxyz'}: 15 frames", f"{out / 'test.extxyz'}: 4 frames"]
    assert read_provenance(out / "train.extxyz").seed == 3
    first = (out / "train.extxyz").read_bytes()
    status, _, err = run("split", data, "--train", "0.75", "--test", "0.25", "--seed", "3", "-o", out)
    assert status == 2
    assert "train.extxyz" in err
    assert "give --force" in err
    assert run("split", data, "--train", "0.75", "--test", "0.25", "--seed", "3", "-o", out, "--force")[0] == 0
    assert (out / "train.extxyz").read_bytes() == first
    assert run("split", data, "--train", "0.75", "--test", "0.25", "--seed", "4", "-o", out, "--force")[0] == 0
    assert (out / "train.extxyz").read_bytes() != first


def test_split_says_what_it_left_out_or_could_not_divide(run, data, tmp_path):
    status, text, _ = run("split", data, "--train", "6", "--validation", "2", "--test", "2", "-o", tmp_path / "a")
    assert status == 0
    assert text.splitlines()[-1] == "left out: 6 of 19 frames"
    frames = read(data)
    for k, atoms in enumerate(frames):
        atoms.info["run"] = k // 10
    write(data, frames)
    sizes = ("--train", "0.5", "--test", "0.5")
    status, _, err = run("split", data, *sizes, "--group-key", "run", "-o", tmp_path / "b")
    assert status == 0
    assert "instead of 8, since frames that belong together stay together" in err
    runs = {
        name: {int(a.info["run"]) for a in read(tmp_path / "b" / f"{name}.extxyz", "-3:")} for name in ("train", "test")
    }
    assert len(runs["train"] | runs["test"]) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--train", "most"), "--train: got 'most', expected a fraction such as 0.8, or a number of frames"),
        (("--train", "0.8", "--test", "5"), "expected fractions"),
        (("--train", "20"), "ask for 20 frames, but there are 16"),
        (("--train", "0.8", "-o", "no-such/parts"), "--out no-such/parts: there is no folder no-such"),
    ],
)
def test_bad_sizes(run, data, arguments, message):
    status, out, err = run("split", data, *arguments)
    assert (status, out) == (2, "")
    assert message in err
    assert [path.name for path in data.parent.iterdir()] == [data.name]
