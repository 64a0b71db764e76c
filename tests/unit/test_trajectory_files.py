"""Several files as one, files that are cut off, formats, topologies, time between frames: results and messages."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys

import numpy as np
import pytest
from ase import Atoms

import ecemc
from ecemc.errors import FileFormatError, InputError, MissingExtraError
from ecemc.testing import liquid
from ecemc.trajectory import FrameTimes, Position, ReadOptions, Trajectory, iread_batches
from ecemc.trajectory.topology import read_topology


def helium(step, n=2, **info):
    return Atoms(f"He{n}", positions=np.full((n, 3), 0.1 * step), cell=[9, 9, 9], pbc=True, info={"step": step, **info})


@pytest.fixture
def run(tmp_path):
    """A run of steps 0 to 90 in three pieces that overlap; the last one is an ASE .traj."""
    names = {"a.extxyz": range(0, 40, 5), "b.extxyz.gz": range(25, 70, 5), "c.traj": range(65, 95, 5)}
    for name, steps in names.items():
        ecemc.write(tmp_path / name, [helium(step) for step in steps])
    return [tmp_path / name for name in names]


STEPS = list(range(0, 95, 5))


@pytest.mark.parametrize("index", [":", "3:", "::4", "2:15:3", "-3:", "::-2", ":0", "7:8", "9:10"])
@pytest.mark.parametrize("n_files", [2, 3])
def test_restarted_runs_are_one_trajectory(run, index, n_files):
    bounds = slice(*[int(part) if part else None for part in index.split(":")])
    want = STEPS[: 19 if n_files == 3 else 14][bounds]
    assert [atoms.info["step"] for atoms in ecemc.iread(run[:n_files], index)] == want
    assert [atoms.info["step"] for atoms in ecemc.read(tuple(run[:n_files]), index)] == want
    if "-2" not in index:
        batches = list(iread_batches(run[:n_files], index))
        assert [step for batch in batches for step in batch.reals(["step"], 1)[:, 0]] == want


@pytest.mark.parametrize(("index", "step"), [(0, 0), (9, 45), (-1, 90), (18, 90)])
def test_single_frames_of_several_files(run, index, step):
    assert ecemc.read(run, index).info["step"] == step


def test_a_frame_that_no_file_has(run):
    for index in (19, -20):
        with pytest.raises(InputError, match=rf"index: got {index}, but .*a.extxyz \+ .*c.traj has 19 frames"):
            ecemc.read(run, index)


def test_left_out_frames_are_counted(run):
    trajectory = Trajectory(run, ":", ReadOptions())
    assert trajectory.formats == ("extxyz", "extxyz", "traj")
    assert (trajectory.count(), trajectory.dropped) == (19, 0)
    assert sum(map(len, trajectory.batches())) == 19
    assert trajectory.dropped == 4
    assert len(list(trajectory.atoms())) == 19
    assert trajectory.dropped == 4


def test_time_tells_overlaps_where_there_is_no_step(tmp_path):
    for name, times in {"a.xyz": (0.0, 1.0, 2.0), "b.xyz": (1.0, 2.0, 3.0)}.items():
        ecemc.write(tmp_path / name, [Atoms("He", info={"time": time}) for time in times])
    files = [tmp_path / "a.xyz", tmp_path / "b.xyz"]
    assert [atoms.info["time"] for atoms in ecemc.iread(files)] == [0.0, 1.0, 2.0, 3.0]
    assert len(ecemc.read(files, join="append")) == 6


def test_without_step_and_time_every_frame_counts(tmp_path):
    for name in "ab":
        ecemc.write(tmp_path / f"{name}.xyz", [Atoms("He")] * 3)
    assert len(ecemc.read([tmp_path / "a.xyz", tmp_path / "b.xyz"], "1:5")) == 4


def test_files_that_do_not_continue_each_other(run, tmp_path):
    ecemc.write(tmp_path / "other.xyz", [helium(500, n=3)])
    with pytest.raises(InputError, match=r"other.xyz: holds other atoms \(He3\) than .*a.extxyz \(He2\)"):
        ecemc.iread([run[0], tmp_path / "other.xyz"])
    with pytest.raises(InputError, match=r"a.extxyz: starts at step 0, not after .*b.extxyz.gz \(step 25\)"):
        ecemc.iread([run[1], run[0]])
    assert len(ecemc.read([run[1], run[0], tmp_path / "other.xyz"], join="append")) == 9 + 8 + 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"path": []}, "path: got an empty list"),
        ({"path": 3}, "path: got 3"),
        ({"path": "x", "join": "both"}, "join: got 'both'"),
        ({"path": "x", "incomplete": "skip"}, "incomplete: got 'skip'"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(InputError, match=message):
        ecemc.iread(**arguments)


@pytest.mark.parametrize("choice", [":", "2::3"])
def test_batches_go_on_from_every_position(tmp_path, choice):
    ecemc.write(tmp_path / "a.extxyz", (helium(step, n=3000) for step in range(100)))
    ecemc.write(tmp_path / "b.extxyz", (helium(step, n=3000) for step in range(60, 160)))
    ecemc.write(tmp_path / "c.traj", (helium(step, n=3000) for step in range(150, 190)))
    for files in (["a.extxyz"], ["a.extxyz", "b.extxyz", "c.traj"], ["c.traj"]):
        paths = [tmp_path / name for name in files]
        steps, positions = [], [Position()]
        whole = Trajectory(paths, choice, ReadOptions(n_threads=1))
        for batch in whole.batches():
            steps.append(batch.reals(["step"], 1)[:, 0].tolist())
            positions.append(whole.position)
        assert len(steps) > (1 if choice == ":" else 0)
        flat = list(itertools.chain(*steps))
        assert flat == [atoms.info["step"] for atoms in ecemc.iread(paths, choice)]
        for k, position in enumerate(positions):
            again = Trajectory(paths, choice, ReadOptions(n_threads=2))
            rest = [step for batch in again.batches(position) for step in batch.reals(["step"], 1)[:, 0]]
            assert rest == list(itertools.chain(*steps[k:]))
            assert again.dropped == whole.dropped


def test_a_last_frame_that_is_cut_off(run, tmp_path):
    text = run[0].read_text()
    cut = tmp_path / "cut.extxyz"
    cut.write_text(text[:-20])
    frames = ecemc.iread(cut)
    assert [next(frames).info["step"] for _ in range(7)] == list(range(0, 35, 5))
    with pytest.raises(FileFormatError, match=r"cut.extxyz: frame 7, line 29: the file ends inside this frame"):
        next(frames)
    for trajectory in (
        Trajectory(cut, ":", ReadOptions(incomplete="stop")),
        Trajectory([cut, run[1]], ":", ReadOptions(incomplete="stop")),
    ):
        steps = [step for batch in trajectory.batches() for step in batch.reals(["step"], 1)[:, 0]]
        assert steps[:7] == list(range(0, 35, 5))
        (message,) = trajectory.truncated
        assert "cut.extxyz" in message
        assert "frame 7" in message
    assert steps == list(range(0, 70, 5))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty.dcd", b"", r"empty.dcd: the file is empty"),
        ("empty.extxyz", b"", r"empty.extxyz: the file is empty"),
        (
            "junk",
            b"\x7fELF\x02\x01\x01" + bytes(range(256)) * 20,
            r"junk: starts with b'\\x7fELF.* expected one of extended XYZ",
        ),
        ("junk.extxyz", b"\x7fELF\x02\x01\x01", r"junk.extxyz: frame 0, line 1: got"),
        ("junk.lammpstrj", b"\x7fELF\x02\x01\x01", r"junk.lammpstrj: "),
        ("junk.traj", b"- of Ulm" + b"\x00" * 500, r"junk.traj: frame 0: ASE cannot read this as traj"),
        ("junk.vasp", b"He\n1.0\n1 0 0\n", r"junk.vasp: frame 0: ASE cannot read this as vasp: "),
    ],
)
def test_files_that_are_none(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FileFormatError, match=message):
        ecemc.read(tmp_path / name)


def test_files_that_are_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"missing\.xtc"):
        ecemc.iread(tmp_path / "missing.xtc")
    with pytest.raises(FileNotFoundError, match=r"missing\.traj"):
        ecemc.iread(tmp_path / "missing.traj", format="traj")
    with pytest.raises(IsADirectoryError, match=str(tmp_path)):
        ecemc.iread(tmp_path)
    (tmp_path / "x").write_text("1\n\nHe 0 0 0\n")
    with pytest.raises(InputError, match="format: got 'nonsense'"):
        ecemc.iread(tmp_path / "x", format="nonsense")


def test_a_pipe_is_extended_xyz(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    program = f"open({str(pipe)!r}, 'w').write('1\\n\\nHe 0 0 0\\n1\\n\\nHe 0 0 1\\n')"
    with subprocess.Popen([sys.executable, "-c", program]):
        assert len(ecemc.read(pipe)) == 2


PDB = "ATOM      1  {:<3} MOL     1       0.000   0.000   0.000  1.00  0.00          {:>2}\n"
GRO = "{residue:>10}{name:>5}{k:>5}{x:8.3f}{x:8.3f}{x:8.3f}\n"


def gro(*names):
    rows = [GRO.format(residue=f"    1{res:<5}", name=name, k=k + 1, x=0.1 * k)
            for k, (res, name) in enumerate(names)]  # fmt: skip
    return f"title\n{len(names)}\n{''.join(rows)}   1.0 2.0 3.0 0.0 0.0 0.5 0.0 0.25 0.125\n"


def test_elements_of_a_pdb(tmp_path):
    path = tmp_path / "top.pdb"
    path.write_text(
        PDB.format("CA", "C") + PDB.format("CA", "CA") + PDB.format("OW", "") + "ENDMDL\n" + PDB.format("H", "")
    )
    assert read_topology(path).numbers.tolist() == [6, 20, 8]


def test_elements_and_cell_of_a_gro(tmp_path):
    path = tmp_path / "top.gro"
    path.write_text(gro(("EC", "C00"), ("EC", "O1"), ("EC", "HW2"), ("LI", "LI"), ("CL", "CL-"), ("EC", "Cl1")))
    found = read_topology(path)
    assert found.numbers.tolist() == [6, 8, 1, 3, 17, 17]
    assert found.cell.tolist() == [[10.0, 0.0, 0.0], [5.0, 20.0, 0.0], [2.5, 1.25, 30.0]]


def test_topologies_without_elements(tmp_path):
    path = tmp_path / "top.gro"
    path.write_text(gro(("EC", "CA"), ("EC", "C1")))
    with pytest.raises(FileFormatError, match=r"top.gro: the element of the atoms named CA is in doubt; give types="):
        read_topology(path)
    assert read_topology(path, {"CA": "C"}).numbers.tolist() == [6, 6]
    with pytest.raises(InputError, match="types: got 'Q'"):
        read_topology(path, {"CA": "Q"})
    path.write_text("no gro\n")
    with pytest.raises(FileFormatError, match=r"top.gro: is no GRO file"):
        read_topology(path)
    (tmp_path / "top.pdb").write_text("REMARK nothing\n")
    with pytest.raises(FileFormatError, match=r"top.pdb: has no atoms"):
        read_topology(tmp_path / "top.pdb")
    (tmp_path / "top.data").write_text(
        "x\n\n1 atoms\n1 atom types\n0 9 xlo xhi\n0 9 ylo yhi\n0 9 zlo zhi\n\nAtoms # atomic\n\n1 1 0 0 0\n"
    )
    with pytest.raises(FileFormatError, match=r"top.data: has no masses to tell elements by"):
        read_topology(tmp_path / "top.data")
    assert read_topology(tmp_path / "top.data", ["Li"]).numbers.tolist() == [3]
    with pytest.raises(FileNotFoundError):
        read_topology(tmp_path / "missing.pdb")


def test_binary_files_need_a_topology_that_fits(tmp_path):
    import MDAnalysis  # noqa: PLC0415

    box = liquid(1, 1, 0.5)
    universe = MDAnalysis.Universe.empty(len(box), trajectory=True)
    universe.trajectory.ts.dimensions = box.cell.cellpar()
    with MDAnalysis.Writer(str(tmp_path / "run.xtc"), len(box)) as writer:
        writer.write(universe.atoms)
    with pytest.raises(InputError, match=r"run.xtc: xtc files hold no elements; give topology="):
        ecemc.iread(tmp_path / "run.xtc")
    ecemc.write(tmp_path / "small.extxyz", box[:5])
    with pytest.raises(InputError, match=rf"run.xtc: has {len(box)} atoms, but the topology .*small.extxyz has 5"):
        ecemc.read(tmp_path / "run.xtc", topology=tmp_path / "small.extxyz")
    ecemc.write(tmp_path / "x.extxyz", Atoms("X"))
    with pytest.raises(FileFormatError, match=r"x.extxyz: has no elements for all atoms"):
        ecemc.read(tmp_path / "run.xtc", topology=tmp_path / "x.extxyz")
    ecemc.write(tmp_path / "box.extxyz", box)
    assert (ecemc.read(tmp_path / "run.xtc", 0, topology=tmp_path / "box.extxyz").numbers == box.numbers).all()


def test_a_missing_extra_is_named(tmp_path, monkeypatch):
    (tmp_path / "run.dcd").write_bytes(b"T\0\0\0CORD" + bytes(200))
    monkeypatch.setitem(sys.modules, "MDAnalysis", None)
    with pytest.raises((MissingExtraError, ImportError), match=r"MDAnalysis"):
        ecemc.read(tmp_path / "run.dcd", topology=tmp_path / "run.dcd")


@pytest.mark.parametrize(
    ("times", "spacing", "problem"),
    [
        ([0.0, 0.5, 1.001], 0.5005, None),
        ([0.0, 5.0, 10.0, 25.0], None, "frame 3"),
        ([0.0, float("nan"), 10.0], None, "do not tell their time"),
        ([3.0, 2.0, 1.0], None, "frame 1"),
    ],
)
def test_time_between_frames(times, spacing, problem):
    found = FrameTimes()
    found.add(0, times)
    if problem is None:
        assert found.spacing() == pytest.approx(spacing)
    else:
        with pytest.raises(InputError, match=problem):
            found.spacing()


def test_single_precision_times_are_regular():
    found = FrameTimes()
    # ps of an XTC file after a microsecond
    found.add(0, (1e6 + 0.2 * np.arange(1000)).astype(np.float32) * 1000.0)
    assert found.spacing() == pytest.approx(200.0, rel=1e-3)
