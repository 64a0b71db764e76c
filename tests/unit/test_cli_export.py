"""``ecemc export``."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.reference.gap_sets import PARAMS, training_set

import ecemc
from ecemc.cli import main
from ecemc.dataset import read_provenance
from ecemc.gap import fit_gap
from ecemc.testing import liquid

pytest.importorskip("quippy", reason="needs the extra gap")


@pytest.fixture
def call(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    ecemc.write("train.extxyz", training_set())
    fit_gap("train.extxyz", PARAMS["distance_2b"], "gap.xml")
    ecemc.write("start.extxyz", [liquid(0, 0, 0.5, n_water=n) for n in (2, 8)])
    capsys.readouterr()

    def run(*arguments):
        with pytest.raises(SystemExit) as done:
            main(["export", *arguments])
        printed = capsys.readouterr()
        return done.value.code, printed.out, printed.err

    return run


def test_folder(call):
    status, out, err = call("start.extxyz", "--model", "gap.xml", "--ensemble", "nvt", "--temperature", "350")
    assert (status, err) == (0, "")
    assert out.splitlines() == [
        "lammps: 24 atoms, types 1 H, 2 O, gap.xml",
        "Run it there with a LAMMPS that has ML-QUIP: lmp -in in.lammps",
        "Then: ecemc analyze lammps/trajectory.dump",
    ]
    assert "fix run all nvt temp 350 350 0.1" in Path("lammps/in.lammps").read_text()
    record = read_provenance("lammps/system.data")
    assert [parent.file for parent in record.parents] == ["start.extxyz", "gap.xml"]
    assert call("start.extxyz", "--model", "gap.xml", "--frame", "0", "--link", "--overwrite")[0] == 0
    assert "6 atoms" in Path("lammps/system.data").read_text()
    assert Path("lammps/gap.xml").is_symlink()


def test_bad_input(call):
    assert call("start.extxyz", "--model", "gap.xml")[0] == 0
    for arguments, message in (
        (("start.extxyz", "--model", "gap.xml"), "lammps: holds an in.lammps already"),
        (("start.extxyz", "--model", "none.xml", "-o", "a"), "none.xml"),
        (("none.extxyz", "--model", "gap.xml", "-o", "a"), "none.extxyz"),
        (("start.extxyz", "--model", "gap.xml", "-o", "a", "--frame", "7"), "frame"),
        (("start.extxyz", "--model", "gap.xml", "-o", "a", "-T", "-5"), "temperature: got -5"),
    ):
        status, out, err = call(*arguments)
        assert (status, out) == (2, ""), arguments
        assert message in err
        assert len(err.splitlines()) == 1
        assert not Path("a").exists()
