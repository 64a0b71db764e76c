"""``ecemc isolate``."""

from __future__ import annotations

import numpy as np
import pytest

import ecemc
from ecemc.cli import main
from ecemc.dataset import read_provenance
from ecemc.testing import liquid


@pytest.fixture
def call(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    ecemc.write("liquid.extxyz", [liquid(2, 1, 0.6, seed=seed) for seed in range(3)])

    def run(*arguments):
        with pytest.raises(SystemExit) as done:
            main(["isolate", *arguments])
        printed = capsys.readouterr()
        return done.value.code, printed.out, printed.err

    return run


def test_all_molecules_and_atoms(call):
    status, out, err = call("liquid.extxyz", "--atoms")
    assert (status, err) == (0, "")
    assert out == "molecules.extxyz: 6 EC, 3 EMC and 3 atoms from 3 frames, in periodic boxes of 20 Å\n"
    frames = ecemc.read("molecules.extxyz")
    assert [frame.info["config_type"] for frame in frames] == ["isolated_molecule"] * 9 + ["isolated_atom"] * 3
    assert [frame.info["parent_frame"] for frame in frames[:9]] == [0] * 3 + [1] * 3 + [2] * 3
    assert all(np.allclose(frame.cell.lengths(), 20.0) and frame.pbc.all() for frame in frames)
    assert sorted(np.concatenate([frame.arrays["parent_atom"] for frame in frames[:3]])) == list(range(35))
    record = read_provenance("molecules.extxyz")
    assert record.describes("molecules.extxyz")
    assert (record.step, record.n_frames, record.seed) == ("isolate", 12, 1)
    assert record.parents[0].file == "liquid.extxyz"


def test_chosen_ones_without_cell(call):
    status, out, _ = call("liquid.extxyz", "--per-frame", "1", "--cell", "none", "--select", ":2", "-o", "few.extxyz")
    assert status == 0
    assert out == "few.extxyz: 2 EC, 2 EMC from 2 frames, without cell\n"
    assert not any(frame.pbc.any() for frame in ecemc.read("few.extxyz"))
    assert call("liquid.extxyz", "--distinct", "0.1", "--cell", "parent", "-o", "few.extxyz", "--overwrite")[0] == 0
    frames = ecemc.read("few.extxyz")
    # The builder's molecules are rigid: one of each species differs from those before.
    assert [frame.info["molecule_species"] for frame in frames] == ["EC", "EMC"]
    assert frames[0].cell.lengths()[0] == pytest.approx(liquid(2, 1, 0.6).cell.lengths()[0])


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--cell", "big"], "--cell: got 'big', expected a length in Å such as 20, none or parent"),
        (["--cell", "5"], "liquid.extxyz: frame 0: cell: got 5.0 Å, but a molecule E"),
        (["--cell", "parent", "--atoms"], "--atoms: an isolated atom has no parent cell"),
        (["--per-frame", "0"], "per_frame: got 0, expected"),
        (["-o", "liquid.extxyz"], "liquid.extxyz: is there already; choose another name or give --overwrite"),
        (["-o", "nowhere/a.extxyz"], "nowhere"),
    ],
)
def test_bad_input_leaves_nothing(call, tmp_path, arguments, text):
    before = sorted(tmp_path.iterdir())
    status, out, err = call("liquid.extxyz", *arguments)
    assert (status, out) == (2, "")
    assert text in err
    assert "Traceback" not in err
    assert sorted(tmp_path.iterdir()) == before
