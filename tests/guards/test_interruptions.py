"""Whatever happens to `ecemc analyze`, the same command goes on to the same bits, and files are whole or not there."""

from __future__ import annotations

import os
import random
import resource
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from ecemc import AnalysisOptions, analyze
from ecemc.analysis import Analyzer, checkpoint
from ecemc.analysis.checkpoint import Checkpoint, remove_checkpoint
from ecemc.analysis.state import State
from ecemc.errors import FileFormatError, InputError
from ecemc.testing import liquid
from ecemc.trajectory import Position, write

#: The command line that writes a checkpoint after every batch and gets a signal some time after some of them. Drawing
#: takes most of the time of a short run; all but one test here leave it out.
DRIVER = """
import os, sys, threading
import ecemc.report
from ecemc.analysis import checkpoint
from ecemc.cli.main import main

number, saves, delay, figures, *arguments = sys.argv[1:]
sys.argv = ["ecemc", *arguments]
checkpoint.INTERVAL = 0.0
left, save = int(saves), checkpoint.Checkpoint.save


def arm():
    timer = threading.Timer(float(delay), os.kill, (os.getpid(), int(number)))
    timer.daemon = True
    timer.start()


def counted(*what):
    global left
    save(*what)
    left -= 1
    if left == 0:
        arm()


checkpoint.Checkpoint.save = counted
if figures == "no":
    ecemc.report._figures = lambda analysis: {}
if left == 0:
    arm()
main(arguments)
"""
NEVER = (0, -1, 0.0)


def run(cwd, arguments, signalled=NEVER, figures="no", **settings):
    command = [sys.executable, "-c", DRIVER, *map(str, signalled), figures, *map(str, arguments)]
    env = {key: value for key, value in os.environ.items() if key != "ECEMC_DEBUG"}
    return subprocess.run(
        command, cwd=cwd, env=env, capture_output=True, text=True, check=False, timeout=120, **settings
    )


def contents(folder):
    """Everything in a folder, by name."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def made(n_frames, *, velocities=False, shift=0):
    """A liquid that shivers; one hydrogen leaves after two thirds of the frames."""
    box, rng = liquid(1, 2, 0.4, n_water=9, seed=1), np.random.default_rng(0)
    noise = rng.normal(scale=0.01, size=(n_frames, len(box), 3))
    lattice = rng.normal(scale=1e-3, size=n_frames)
    for step in range(n_frames):
        frame = box.copy()
        frame.positions += noise[step]
        frame.set_cell(frame.cell * (1.0 + lattice[step]))
        if step >= 2 * n_frames // 3:
            frame.positions[9] += [1.2, -0.9, 0.0]
        if velocities:
            frame.set_velocities(np.roll(noise[step], 1, axis=0))
        frame.info = {"step": 10 * (step + shift), "time": 10.0 * (step + shift), "energy": float(step % 7)}
        yield frame


def dump(path, frames):
    """A LAMMPS dump with velocities and without its units."""
    with path.open("w") as file:
        for frame in frames:
            (x, *_), (_, y, _), (*_, z) = frame.cell[:]
            rows = np.column_stack([frame.positions, 100.0 * frame.get_momenta()])
            file.write(
                f"ITEM: TIMESTEP\n{frame.info['step']}\nITEM: NUMBER OF ATOMS\n{len(frame)}\n"
                f"ITEM: BOX BOUNDS pp pp pp\n0 {x:.9f}\n0 {y:.9f}\n0 {z:.9f}\nITEM: ATOMS id element x y z vx vy vz\n"
            )
            for k, (symbol, row) in enumerate(zip(frame.symbols, rows, strict=True)):
                file.write(f"{k + 1} {symbol} " + " ".join(f"{value:.6f}" for value in row) + "\n")


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """Files of several batches each."""
    folder = tmp_path_factory.mktemp("inputs")
    frames = list(made(1000))
    write(folder / "run.extxyz", frames)
    write(folder / "run.extxyz.gz", frames)
    write(folder / "early.extxyz", frames[:600])
    write(folder / "late.extxyz", frames[450:])
    # The run was killed while it wrote its first file.
    (folder / "early.extxyz").write_bytes((folder / "early.extxyz").read_bytes()[:-500])
    dump(folder / "run.dump", made(700, velocities=True))
    return folder


CASES = {
    "plain": ["run.extxyz"],
    "compressed": ["run.extxyz.gz", "--equilibration", "300"],
    "overlap": ["early.extxyz", "late.extxyz", "--select", "10::2"],
    "dump": ["run.dump", "--dt", "5"],
}


@pytest.mark.parametrize("name", CASES)
def test_kill_and_repeat_gives_the_same_bytes(inputs, tmp_path, name):
    for file in inputs.iterdir():
        (tmp_path / file.name).symlink_to(file)
    arguments, figures = ["analyze", *CASES[name], "-o", "out"], "yes" if name == "plain" else "no"
    straight = run(tmp_path, arguments, figures=figures)
    assert straight.returncode == 1, straight  # a molecule breaks
    (tmp_path / "out").rename(tmp_path / "expected")
    expected = contents(tmp_path / "expected")
    assert "results.json" in expected
    assert ".checkpoint" not in expected
    dice = random.Random(name)
    for saves in (0, 1, 1, 1):
        killed = run(tmp_path, arguments, (signal.SIGKILL.value, saves, dice.uniform(0.0, 0.05)))
        assert killed.returncode == -signal.SIGKILL, killed
        left = contents(tmp_path / "out") if (tmp_path / "out").exists() else {}
        assert "results.json" not in left
    last = run(tmp_path, arguments, figures=figures)
    assert last.returncode == 1, last
    assert last.stdout.startswith("Going on from out/.checkpoint; --restart starts over.\n")
    # Files of the report that were being written when the process died may lie there under their temporary names.
    assert not list((tmp_path / "out").glob("*.checkpoint"))
    found = {file: content for file, content in contents(tmp_path / "out").items() if not file.startswith(".")}
    assert found == expected
    assert straight.stderr == last.stderr
    assert ("warning" in last.stderr) == (name in {"overlap", "dump"})


def test_ctrl_c_says_so_and_the_same_command_goes_on(inputs, tmp_path):
    arguments = ["analyze", inputs / "run.extxyz", "-o", "out"]
    stopped = run(tmp_path, arguments, (signal.SIGINT.value, 1, 0.0))
    assert (stopped.returncode, stopped.stderr) == (130, "ecemc: interrupted\n")
    assert list(contents(tmp_path / "out")) == [".checkpoint"]
    went_on = run(tmp_path, arguments)
    assert "Going on from out/.checkpoint" in went_on.stdout
    (tmp_path / "out").rename(tmp_path / "first")
    assert "Going on" not in run(tmp_path, arguments).stdout
    assert contents(tmp_path / "out") == contents(tmp_path / "first")


def test_parts_are_merged_from_the_command_line(inputs, tmp_path):
    one = run(tmp_path, ["analyze", inputs / "run.extxyz", "-o", "whole"])
    assert one.returncode == 1, one
    common = ["analyze", inputs / "run.extxyz", "--state"]
    run(tmp_path, [*common, "1.state", "-o", "1", "--select", ":400"])
    later = run(
        tmp_path, [*common, "2.state", "-o", "2", "--select", "400:", "--first-frame", "400", "--like", "1.state"]
    )
    assert later.returncode == 1, later
    merged = run(tmp_path, ["merge", "1.state", "2.state", "-o", "merged"])
    assert merged.returncode == 1, merged
    tables = {name: content for name, content in contents(tmp_path / "whole").items() if name.startswith("tables/")}
    assert tables
    assert tables.items() <= contents(tmp_path / "merged").items()
    refused = run(tmp_path, ["merge", "2.state", "1.state", "-o", "wrong"])
    assert refused.returncode == 2
    assert refused.stderr == (
        "ecemc: error: 1.state: merge: the second part starts with frame 0, expected 1000, the one after the first "
        "part: analyse it with first_frame=1000 (command line: --first-frame)\n"
    )
    (tmp_path / "bad.state").write_bytes((tmp_path / "1.state").read_bytes()[:-100])
    bad = run(tmp_path, ["merge", "bad.state", "-o", "wrong"])
    assert bad.returncode == 2
    assert bad.stderr.startswith("ecemc: error: bad.state: state: this is no state of an analysis, or a damaged one")
    nowhere = run(tmp_path, ["analyze", inputs / "run.extxyz", "--state", "no/1.state"])
    assert nowhere.stderr == "ecemc: error: --state no/1.state: there is no folder no\n"
    assert not (tmp_path / "wrong").exists()


def limited(n_bytes):
    """Make files longer than that impossible, as a full disk does."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, n_bytes))


def test_no_room_for_the_checkpoint(inputs, tmp_path):
    full = run(tmp_path, ["analyze", inputs / "run.extxyz", "-o", "out"], preexec_fn=limited(10_000))
    assert (full.returncode, full.stderr) == (2, "ecemc: error: out/.checkpoint: File too large\n")
    assert contents(tmp_path / "out") == {}


def test_no_room_for_the_report(inputs, tmp_path):
    arguments = ["analyze", inputs / "run.extxyz", "-o", "out", "--select", ":20"]
    whole = run(tmp_path, arguments)
    assert whole.returncode == 0, whole
    before = contents(tmp_path / "out")
    size = len(before["results.json"])
    full = run(tmp_path, [*arguments, "--r-max", "4"], preexec_fn=limited(60_000))
    assert size > 60_000
    assert full.returncode == 2
    assert full.stderr.startswith("ecemc: error: out/")
    assert full.stderr.endswith(": File too large\n")
    after = contents(tmp_path / "out")
    assert {name for name in after if name.startswith(".")} <= {".checkpoint"}
    # The old results are still there and whole.
    assert after["results.json"] == before["results.json"]


def test_a_folder_that_cannot_be_written_to(inputs, tmp_path):
    """Root may write everywhere, but not to what is mounted read-only."""
    if os.geteuid() == 0:
        mounts = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
        places = [Path(place) for _, place, _, how, *_ in mounts if "ro" in how.split(",") and Path(place).is_dir()]
        if not places:
            pytest.skip("root may write everywhere here")
        locked = places[0]
    else:
        locked = tmp_path / "locked"
        locked.mkdir(mode=0o555)
    for out in (locked, locked / "new" / "report"):
        refused = run(tmp_path, ["analyze", inputs / "run.extxyz", "-o", out])
        assert refused.returncode == 2
        assert refused.stderr == f"ecemc: error: {out}: no permission to write to {locked}\n"


@pytest.fixture
def kept(inputs, tmp_path, monkeypatch):
    """A file, and a checkpoint after its first batch."""
    path = tmp_path / "run.extxyz"
    shutil.copy(inputs / "run.extxyz", path)
    monkeypatch.setattr(checkpoint, "INTERVAL", 0.0)
    place = tmp_path / "kept"
    with pytest.raises(KeyboardInterrupt):
        analyze(path, checkpoint=place, progress=Stop(2))
    return path, place


class Stop:
    """Interrupts after some batches."""

    def __init__(self, batches):
        self.left = batches

    def __call__(self, *_):
        self.left -= 1
        if not self.left:
            raise KeyboardInterrupt


def test_a_checkpoint_is_gone_on_from_and_stays(kept):
    path, place = kept
    seen = []
    result = analyze(path, checkpoint=place, progress=lambda *done: seen.append(done[0]))
    assert seen[0] > 300  # not from the start
    assert result.to_dict() == analyze(path).to_dict()
    assert place.exists()
    with pytest.raises(InputError, match=r"^checkpoint: frames in memory cannot be read again after an interruption"):
        analyze([], checkpoint=place)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"r_max": 4.0}, "with r_max=null instead of 4.0"),
        ({"n_bins": 50}, "with n_bins=null instead of 50"),
        ({"select": ":900"}, 'with select=":" instead of ":900"'),
        ({"species": ("EC",)}, 'with species=null instead of ["EC"]'),
        ({"first_frame": 3}, "with first_frame=0 instead of 3"),
    ],
)
def test_the_checkpoint_of_other_options_is_refused(kept, options, words):
    path, place = kept
    with pytest.raises(InputError) as error:
        analyze(path, AnalysisOptions(**options), checkpoint=place)
    assert str(error.value) == (
        f"{place}: the checkpoint of another analysis, {words}; repeat that one to finish it, choose another folder, "
        "or start over with --restart"
    )
    analyze(path, AnalysisOptions(n_threads=1), checkpoint=place)  # makes no difference


def test_the_checkpoint_of_another_file_is_refused(kept, inputs):
    path, place = kept
    with pytest.raises(InputError, match=r"another analysis, with input=.*run.extxyz.* instead of .*early.extxyz"):
        analyze(inputs / "early.extxyz", checkpoint=place)
    # Another run of the same name, from the same start: as long, with other numbers at the end.
    content = path.read_bytes()
    path.write_bytes(content[:-10] + b"1" * 9 + b"\n")
    with pytest.raises(InputError) as error:
        analyze(path, checkpoint=place)
    assert str(error.value) == (
        f"{place}: the checkpoint of another analysis: {path} is not the file any more that it was; choose another "
        "folder, or start over with --restart"
    )
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match="is not the file any more that it was"):
        analyze(path, checkpoint=place)


def test_a_file_that_has_grown_is_gone_on_with(kept):
    path, place = kept
    more = path.with_name("more.extxyz")
    write(more, made(50, shift=1000))
    with path.open("ab") as file:
        file.write(more.read_bytes())
    result = analyze(path, checkpoint=place)
    assert result.n_frames == 1050
    assert result.to_dict() == analyze(path).to_dict()


def test_the_last_frames_of_a_file_that_has_grown_are_others(kept):
    path, place = kept
    place.unlink()
    with pytest.raises(KeyboardInterrupt):
        analyze(path, AnalysisOptions(select="-600:"), checkpoint=place, progress=Stop(2))
    with path.open("ab") as file:
        file.write(path.read_bytes())
    with pytest.raises(InputError, match=r"with frames=\[400, 1000, 1\] instead of \[1400, 2000, 1\]; repeat"):
        analyze(path, AnalysisOptions(select="-600:"), checkpoint=place)


def test_a_last_frame_that_was_cut_off_is_read_when_it_is_whole(kept):
    path, place = kept
    content = path.read_bytes()
    place.unlink()
    path.write_bytes(content[:-300])
    with pytest.raises(KeyboardInterrupt):
        analyze(path, checkpoint=place, progress=Stop(4))
    path.write_bytes(content)
    result = analyze(path, checkpoint=place)
    assert (result.n_frames, result.notes) == (1000, ())
    assert result.to_dict() == analyze(path).to_dict()


def test_damaged_checkpoints_are_refused(kept):
    path, place = kept
    content = place.read_bytes()
    dice = random.Random(0)
    damaged = [b"", b"x", content[:-1], content[: len(content) // 2], content[100:], bytes(len(content))]
    for _ in range(60):
        # Wherever a bit flips, in names, numbers or the directory at the end.
        at = dice.choice([dice.randrange(len(content)), dice.randrange(len(content) - 2000, len(content))])
        damaged.append(content[:at] + bytes([content[at] ^ 1 << dice.randrange(8)]) + content[at + 1 :])
    expected, said = None, set()
    for other in damaged:
        place.write_bytes(other)
        try:
            found = analyze(path, checkpoint=place).to_dict()
        except FileFormatError as error:
            said.add(str(error))
        else:  # a bit that means nothing, such as a date
            expected = expected or analyze(path).to_dict()
            assert found == expected
    assert said == {f"{place}: no checkpoint, or a damaged one; choose another folder, or start over with --restart"}


def test_states_of_something_else_are_refused(kept):
    path, _ = kept
    analyzer = Analyzer()
    analyzer.add(list(made(3)))
    content = analyzer.to_bytes()
    assert Analyzer.from_bytes(content).n_frames == 3
    other = State()
    other.put("layout", "ecemc.state/0")
    for damaged in (b"", b"PK", path.read_bytes()[:1000], content[:-1], State().to_bytes(), other.to_bytes()):
        with pytest.raises(FileFormatError, match=r"^state: "):
            Analyzer.from_bytes(damaged)
    expected, dice = Analyzer.from_bytes(content).result().to_dict(), random.Random(1)
    for _ in range(250):
        # Many flips in the directory at the end, which says how the rest is packed.
        at = dice.choice([dice.randrange(len(content)), dice.randrange(len(content) - 3500, len(content))])
        flipped = content[:at] + bytes([content[at] ^ 1 << dice.randrange(8)]) + content[at + 1 :]
        with suppress(FileFormatError):
            assert Analyzer.from_bytes(flipped).result().to_dict() == expected
    state = State.from_bytes(content)
    state.put("header", "{}")
    with pytest.raises(FileFormatError, match=r"^state: "):
        Analyzer.from_bytes(state.to_bytes())


def test_a_position_survives(tmp_path):
    """What was noticed before an interruption is part of it."""
    place = Checkpoint(tmp_path / "kept", {"a": (1, 2)}, [])
    analyzer = Analyzer()
    analyzer.add(list(made(2)))
    position = Position(1, (5, 6, 7), 9, 3, 4.0, 5.0, ("cut off",), "real")
    place.save(analyzer, position)
    assert place.load()[1] == position
    # A writer that was killed has left something.
    (tmp_path / ".abc.kept").write_bytes(b"half")
    remove_checkpoint(tmp_path / "kept")
    assert list(tmp_path.iterdir()) == []
    assert place.load() is None


def test_memory_does_not_grow_with_the_frames(tmp_path):
    """Peak of a process of its own; 4 times the frames may add their series and no more."""
    frames = list(made(300))
    code = (
        "import sys, resource\nfrom ecemc import AnalysisOptions, analyze\n"
        "analyze(sys.argv[1], AnalysisOptions(r_max=4.0, n_threads=2))\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    peaks = []
    for times in (6, 24):
        path = tmp_path / f"{times}.extxyz"
        write(path, (frame for _ in range(times) for frame in frames))
        found = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True)
        peaks.append(int(found.stdout) * 1024)
    longer = 18 * len(frames)
    # 14 series and two times six kinetic numbers of 8 bytes, a few copies of them while the result is made.
    assert peaks[1] - peaks[0] < 4e6 + longer * 8 * 100, peaks
