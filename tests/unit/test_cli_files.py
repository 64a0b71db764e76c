"""``ecemc convert`` and ``ecemc info``, and ``ecemc.write``: whole files or none, and what they say."""

from __future__ import annotations

import json
import os
import resource
import subprocess
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from tests.unit.test_cli import ECEMC, ecemc, refused

import ecemc as package
from ecemc.errors import InputError
from ecemc.testing import liquid, trajectory


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A folder with a run in two pieces that overlap by two frames, with forces and times."""
    folder = tmp_path_factory.mktemp("files")
    frames = list(trajectory(liquid(2, 4, 0.9, seed=3), 10, seed=1))
    for k, atoms in enumerate(frames):
        atoms.info |= {"step": 10 * k, "time": 5.0 * k, "REF_energy": -1.5 * k, "note": "a b"}
        atoms.arrays["REF_forces"] = np.random.default_rng(k).normal(size=(len(atoms), 3))
    package.write(folder / "run.extxyz", frames)
    package.write(folder / "a.extxyz", frames[:6])
    package.write(folder / "b.extxyz", frames[4:])
    return folder


def test_several_files_become_one(run, tmp_path):
    done = ecemc("convert", "a.extxyz", "b.extxyz", tmp_path / "joined.extxyz.gz", cwd=run)
    assert done.returncode == 0, done
    assert done.stdout == f"{tmp_path / 'joined.extxyz.gz'}: 10 frames, 2 left out that an earlier file had\n"
    assert done.stderr == ""
    for one, other in zip(package.read(tmp_path / "joined.extxyz.gz"), package.read(run / "run.extxyz"), strict=True):
        assert one == other
        assert one.info == other.info
        assert np.array_equal(one.arrays["REF_forces"], other.arrays["REF_forces"])


@pytest.mark.parametrize("name", ["out.traj", "out.xsf", "XDATCAR", "out.data.extxyz"])
def test_other_formats(run, tmp_path, name):
    done = ecemc("convert", run / "run.extxyz", tmp_path / name, "--select", "::-3")
    assert done.returncode == 0, done
    got = package.read(tmp_path / name)
    assert len(got) == 4
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_convert_never_replaces_unasked(run, tmp_path):
    out = tmp_path / "out.extxyz"
    out.write_text("mine")
    refused(ecemc("convert", run / "run.extxyz", out), "out.extxyz", "--force")
    assert out.read_text() == "mine"
    assert ecemc("convert", run / "run.extxyz", out, "--force").returncode == 0
    assert len(package.read(out)) == 10
    refused(ecemc("convert", out, out, "--force"), "is read from")
    assert len(package.read(out)) == 10


def test_a_cut_frame_is_a_warning(run, tmp_path):
    (tmp_path / "cut.extxyz").write_text((run / "run.extxyz").read_text()[:-30])
    done = ecemc("convert", "cut.extxyz", "out.extxyz", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stdout == "out.extxyz: 9 frames\n"
    assert done.stderr.startswith("ecemc: warning: cut.extxyz: frame 9")
    shown = ecemc("info", "cut.extxyz", cwd=tmp_path)
    assert "frames     9" in shown.stdout
    assert "▲ cut.extxyz: frame 9" in shown.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["convert", "run.extxyz"], ["Missing argument"]),
        (["convert", "missing.extxyz", "out.traj"], ["missing.extxyz", "No such file"]),
        (["convert", "run.extxyz", "none/out.traj"], ["there is no folder none"]),
        (["convert", "run.extxyz", "out.nonsense"], ["out.nonsense", "cannot be written"]),
        (["convert", "run.extxyz", "out.vasp"], ["hold one frame"]),
        (["convert", "run.extxyz", "out.extxyz", "--select", "50:"], ["no frame"]),
        (["convert", "run.extxyz", "out.extxyz", "--types", "C,,H"], ["--types", "C,,H"]),
        (["convert", "run.extxyz", "out.extxyz", "--format", "nonsense"], ["format: got 'nonsense'"]),
        (["convert", "b.extxyz", "a.extxyz", "out.extxyz"], ["a.extxyz", "starts at step 0", "append"]),
        (["info", "."], ["Is a directory"]),
        (["info", "run.extxyz", "--select", "50:"], ["no frame"]),
    ],
)
def test_bad_input_leaves_nothing(run, arguments, words):
    before = sorted(run.iterdir())
    refused(ecemc(*arguments, cwd=run), *words)
    assert sorted(run.iterdir()) == before


def test_info_shows_what_is_there(run):
    shown = ecemc("info", "run.extxyz", "a.extxyz", cwd=run)
    assert shown.returncode == 0, shown
    for text in (
        "format     extxyz",
        "frames     10",
        "molecules  2 EC 4 EMC",
        "0 to 45.00 fs, 5.000 fs between frames",
    ):
        assert text in shown.stdout
    (row,) = [line.split() for line in shown.stdout.split("a.extxyz")[0].splitlines() if "REF_forces" in line]
    forces = np.array([atoms.arrays["REF_forces"] for atoms in package.iread(run / "run.extxyz")])
    assert row[1:5] == ["atoms", "real", "3", "10"]
    assert [float(word.replace("−", "-")) for word in row[5:]] == pytest.approx([forces.min(), forces.max()], rel=1e-3)


def test_info_as_json(run):
    (found,) = json.loads(ecemc("info", "run.extxyz", "--json", cwd=run).stdout)["files"]
    assert found["n_frames"] == 10
    assert found["elements"] == {"C": 22, "H": 40, "O": 18}
    assert found["first_molecules"] == found["last_molecules"] == {"EC": 2, "EMC": 4}
    assert (found["spacing"], found["irregular"]) == (5.0, None)
    assert {key["name"]: key["kind"] for key in found["keys"]} == {
        "step": "integer", "time": "real", "REF_energy": "real", "note": "text", "REF_forces": "real",
    }  # fmt: skip


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_device_is_named(run):
    refused(ecemc("convert", run / "run.extxyz", "/dev/full", "--to", "extxyz"), "/dev/full", "No space left")


@pytest.mark.parametrize("name", ["out.extxyz", "out.traj"])
def test_a_disk_that_fills_up_leaves_the_old_file(run, tmp_path, name):
    """The limit on the size of files stands for a full disk: the system refuses in the middle of writing."""
    (tmp_path / name).write_text("old")
    done = subprocess.run(
        [*ECEMC, "convert", str(run / "run.extxyz"), name, "--force"],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000)),
    )  # fmt: skip
    refused(done, name, "File too large")
    assert (tmp_path / name).read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_to(run, tmp_path):
    tmp_path.chmod(0o500)
    refused(ecemc("convert", run / "run.extxyz", tmp_path / "out.extxyz"), "out.extxyz", "Permission denied")


def test_write_refuses_what_has_no_form(tmp_path):
    path = tmp_path / "out.extxyz"
    with pytest.raises(InputError, match=r"out.extxyz: no frame to write"):
        package.write(path, [])
    with pytest.raises(InputError, match=r"out.extxyz: frame 1: info: got \"Lattice\""):
        package.write(path, [Atoms("He"), Atoms("He", info={"Lattice": 1})])
    with pytest.raises(InputError, match=r"frames: got int"):
        package.write(path, 3)
    with pytest.raises(FileNotFoundError, match="none"):
        package.write(tmp_path / "none" / "out.extxyz", Atoms("He"))
    assert not list(tmp_path.iterdir())


def test_written_files_have_the_usual_permissions(tmp_path):
    package.write(tmp_path / "out.extxyz", Atoms("He"))
    (tmp_path / "usual").write_text("")
    assert (tmp_path / "out.extxyz").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_the_same_frames_give_the_same_bytes(run, tmp_path):
    frames = package.read(run / "run.extxyz")
    for name, n_threads in {"1.extxyz.gz": 1, "2.extxyz.gz": 2}.items():
        package.write(tmp_path / name, frames, n_threads=n_threads)
    assert (tmp_path / "1.extxyz.gz").read_bytes() == (tmp_path / "2.extxyz.gz").read_bytes()
