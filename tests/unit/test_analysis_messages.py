"""What is wrong with the input of an analysis, word for word: which frame of which file, what to do."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ecemc import AnalysisOptions, analyze
from ecemc.errors import FileFormatError, InputError
from ecemc.testing import liquid, trajectory
from ecemc.trajectory import Trajectory, write


@pytest.fixture(scope="module")
def frames():
    return list(trajectory(liquid(4, 8, 0.9, seed=3), 30, seed=1))


def spoilt(frames, number, change):
    run = [frame.copy() for frame in frames]
    change(run[number])
    return run


def move_away(value):
    return lambda atoms: atoms.positions.__setitem__((3, 1), value)


PERIODIC = 'an analysis needs frames that are periodic along three axes: give the file a Lattice and pbc="T T T"'
BAD = {
    "pbc": (
        lambda atoms: atoms.set_pbc([True, True, False]),
        "pbc [True, True, False]; " + PERIODIC,
    ),
    "cell": (
        lambda atoms: (atoms.set_pbc(False), atoms.set_cell(np.zeros((3, 3)))),
        "no cell; " + PERIODIC,
    ),
    "nan": (
        move_away(math.nan),
        "positions: atom 3 has [2.8463128314879524, NaN, 4.405311727540924], expected finite numbers",
    ),
    "inf": (
        move_away(math.inf),
        "positions: atom 3 has [2.8463128314879524, inf, 4.405311727540924], expected finite numbers",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_the_frame_is_that_of_the_file(frames, tmp_path, name):
    change, words = BAD[name]
    run = spoilt(frames, 17, change)
    path = tmp_path / "run.extxyz"
    write(path, run)
    for select, number in ((":", 17), ("2::5", 17), ("15:20", 17), ("-20:", 17)):
        with pytest.raises(InputError) as error:
            analyze(path, AnalysisOptions(select=select))
        assert str(error.value) == f"{path}: frame {number}: {words}"
    assert analyze(path, AnalysisOptions(select="::2")).n_frames == 15
    with pytest.raises(InputError) as error:
        analyze(path, AnalysisOptions(select="10:", first_frame=100))
    assert str(error.value) == f"{path}: frame 17: {words}"
    with pytest.raises(InputError) as error:
        analyze(run)
    assert str(error.value) == f"frame 17: {words}"


def test_in_several_files_frames_are_counted_as_joined(frames, tmp_path):
    run = spoilt(frames, 17, move_away(math.nan))
    early, late = tmp_path / "early.extxyz", tmp_path / "late.extxyz"
    write(early, run[:12])
    write(late, run[8:])
    with pytest.raises(InputError) as error:
        analyze(Trajectory([early, late], "1::4"))
    words = "positions: atom 3 has [2.8463128314879524, NaN, 4.405311727540924], expected finite numbers"
    assert str(error.value) == f"{early} + {late}: frame 17: {words}"


def test_two_systems_in_two_files(frames, tmp_path):
    write(tmp_path / "a.extxyz", frames[:2])
    write(tmp_path / "b.extxyz", liquid(2, 2, 0.5))
    with pytest.raises(InputError) as error:
        analyze(Trajectory([tmp_path / "a.extxyz", tmp_path / "b.extxyz"]))
    assert str(error.value) == (
        f"{tmp_path / 'b.extxyz'}: holds other atoms (C14H24O12) than {tmp_path / 'a.extxyz'} (C44H80O36), so it does "
        "not continue it; different systems are read one after the other with join='append' (command line: --append)"
    )
    together = analyze(Trajectory([tmp_path / "a.extxyz", tmp_path / "b.extxyz"], join="append"))
    assert together.integrity.compositions == ({"EC": 4, "EMC": 8}, {"EC": 2, "EMC": 2})
    assert together.motion.reason == "frame 2 shows other atoms than frame 0, or in another order"


def test_no_frame_at_all(frames, tmp_path):
    path = tmp_path / "run.extxyz"
    write(path, frames[:3])
    with pytest.raises(InputError) as error:
        analyze(path, AnalysisOptions(select="5:"))
    assert str(error.value) == f"{path}: no frame to analyse (select='5:')"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(FileFormatError, match=r"run.extxyz: .*frame 0"):
        analyze(path)
    path.write_text("")
    with pytest.raises(FileFormatError, match=r"run.extxyz: the file is empty"):
        analyze(path)
    with pytest.raises(FileNotFoundError):
        analyze(tmp_path / "missing.extxyz")


def test_an_equilibration_longer_than_the_run(frames, tmp_path):
    path = tmp_path / "run.extxyz"
    write(path, frames[:3])
    with pytest.raises(InputError) as error:
        analyze(path, AnalysisOptions(equilibration=7))
    assert str(error.value) == "equilibration: got 7 frames, but there are only 3"


def test_what_is_no_trajectory(frames):
    assert analyze(frames[0]).n_frames == 1
    with pytest.raises(InputError, match=r"^frames: got int, expected ase.Atoms, a list or an iterator of them$"):
        analyze(3)
    with pytest.raises(InputError, match=r"^atoms: got str, expected ase.Atoms"):
        analyze(["run.extxyz"])
