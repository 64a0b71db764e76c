"""Runs: what the frames hold, ensembles, seeds, being killed and continued, refusals."""

from __future__ import annotations

import signal
import subprocess
import sys
from dataclasses import replace
from importlib.resources import files

import ase.io
import numpy as np
import pytest
from tests.reference.opls_numpy import OplsNumpy

from ecemc.errors import EcemcError, FileFormatError, InputError
from ecemc.sampling import OplsOptions, SampleOptions, opls_liquid, sample
from ecemc.sampling.checkpoint import Files, State
from ecemc.sampling.options import schedule

mm = pytest.importorskip("openmm", reason="needs ecemc[sample]")
pytest.importorskip("packmol", reason="needs ecemc[sample]")

PARAMETERS = files("ecemc.sampling") / "data" / "opls_ec_emc.json"
AMU_G_PER_CM3 = 1.66053906660
SHORT = OplsOptions(cutoff=5.0)
#: Six frames in three segments, after two short segments of equilibration.
OPTIONS = SampleOptions(
    temperature=400.0,
    pressure=1.0,
    time=300.0,
    equilibration=150.0,
    frame_interval=50.0,
    checkpoint_interval=100.0,
    barostat_interval=5,
    n_threads=1,
)


def small_liquid(density=0.95):
    return opls_liquid("4EC:8EMC", density=density, seed=1, options=SHORT)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """One finished NPT run: path, result, bytes."""
    path = tmp_path_factory.mktemp("run") / "liquid.extxyz"
    result = sample(small_liquid(), path, OPTIONS)
    return path, result, path.read_bytes()


def test_frames_say_what_they_are(finished):
    path, result, _ = finished
    frames = ase.io.read(path, ":")
    assert result.path == path
    assert len(frames) == OPTIONS.n_frames == 6
    for k, frame in enumerate(frames, start=1):
        assert frame.info["time"] == 50.0 * k
        assert frame.info["step"] == 20 * k
        assert frame.info["composition"] == "4EC:8EMC"
        assert frame.info["seed"] == 1
        assert frame.info["temperature_target"] == 400.0
        assert frame.info["config_type"] == "liquid"
        assert frame.info["density"] == pytest.approx(frame.get_masses().sum() * AMU_G_PER_CM3 / frame.get_volume())
        assert 200.0 < frame.info["temperature"] < 600.0
    assert [frame.info["density"] for frame in frames] == pytest.approx(list(result.densities))
    assert [frame.info["temperature"] for frame in frames] == pytest.approx(list(result.temperatures))
    assert len(set(result.densities)) > 1  # the barostat works


def test_no_other_file_is_left(finished):
    assert list(finished[0].parent.iterdir()) == [finished[0]]


def test_virial_is_nine_numbers_in_the_file(finished):
    header = finished[2].decode().splitlines()[1]
    virial = header.partition('REF_virial="')[2].partition('"')[0]
    assert len([float(x) for x in virial.split()]) == 9


def test_molecules_are_whole_with_their_centres_in_the_cell(finished):
    for frame in ase.io.read(finished[0], ":"):
        for first in (*range(0, 40, 10), *range(40, 160, 15)):
            molecule = frame[first : first + (10 if first < 40 else 15)]
            assert molecule.get_all_distances().max() < 9.0
            middle = molecule.positions.mean(axis=0) / frame.cell.lengths()
            assert np.all((middle > -1e-6) & (middle < 1.0 + 1e-6))


def test_labels_in_the_file_equal_the_independent_evaluation(finished):
    frame = ase.io.read(finished[0], -1)
    expected = OplsNumpy(PARAMETERS, {"EC": 4, "EMC": 8}, 5.0, 1.0)(frame.positions, frame.cell[0, 0])
    assert frame.info["REF_energy"] == pytest.approx(expected.energy, abs=1e-5)
    assert np.abs(frame.arrays["REF_forces"] - expected.forces).max() < 2e-5
    assert np.abs(np.reshape(frame.info["REF_virial"], (3, 3)) - expected.virial).max() < 1e-3


def test_constant_volume_keeps_the_density(tmp_path):
    options = replace(OPTIONS, pressure=None, time=100.0, equilibration=50.0)
    result = sample(small_liquid(0.8), tmp_path / "nvt.extxyz", options)
    assert list(result.densities) == pytest.approx([0.8, 0.8])


def test_seed_decides(finished, tmp_path):
    sample(small_liquid(), tmp_path / "same.extxyz", OPTIONS)
    sample(small_liquid(), tmp_path / "other.extxyz", replace(OPTIONS, seed=2))
    assert (tmp_path / "same.extxyz").read_bytes() == finished[2]
    positions = [ase.io.read(path, -1).positions for path in (finished[0], tmp_path / "other.extxyz")]
    assert not np.allclose(*positions, atol=0.1)


def test_progress_reaches_the_end(tmp_path):
    seen = []
    sample(small_liquid(), tmp_path / "liquid.extxyz", OPTIONS, progress=seen.append)
    assert [now.stage for now in seen] == ["settle"] + ["equilibrate"] * 2 + ["produce"] * 6
    assert [now.fraction for now in seen] == pytest.approx([(k + 1) / 9 for k in range(9)])


RUN_AND_DIE = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from tests.unit.test_sampling_run import OPTIONS, sample, small_liquid
calls = 0
def progress(now):
    global calls
    calls += 1
    if calls == int(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)
sample(small_liquid(), sys.argv[2], OPTIONS, progress=progress)
"""


def run_and_die(root, path, calls):
    """Run in a process of its own that kills itself (signal 9) after so many frame intervals."""
    command = [sys.executable, "-c", RUN_AND_DIE, str(root), str(path), str(calls)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.skipif(sys.platform == "win32", reason="no signal 9")
@pytest.mark.parametrize("deaths", [[3], [9], [1, 5, 1, 2]])
def test_killed_run_continues_to_the_same_bits(root, finished, tmp_path, deaths):
    """Killed while equilibrating, with frames behind the checkpoint, at the very end, and over and over."""
    path = tmp_path / "liquid.extxyz"
    for calls in deaths:
        died = run_and_die(root, path, calls)
        assert died.returncode == -signal.SIGKILL, died.stderr
        assert not path.exists()
    result = sample(small_liquid(), path, OPTIONS)
    assert path.read_bytes() == finished[2]
    assert result.densities == finished[1].densities
    assert list(tmp_path.iterdir()) == [path]


@pytest.fixture
def interrupted(tmp_path):
    """A run that was stopped by an exception after two frames, beyond a checkpoint."""

    def stop(now):
        if now.fraction > 0.6:
            raise KeyboardInterrupt

    path = tmp_path / "liquid.extxyz"
    with pytest.raises(KeyboardInterrupt):
        sample(small_liquid(), path, OPTIONS, progress=stop)
    return path


def test_checkpoint_of_other_settings_is_refused(interrupted):
    with pytest.raises(InputError, match=r"temperature was 400.0, now 300.0"):
        sample(small_liquid(), interrupted, replace(OPTIONS, temperature=300.0))
    with pytest.raises(InputError, match="start box"):
        sample(small_liquid(0.9), interrupted, OPTIONS)
    sample(small_liquid(), interrupted, replace(OPTIONS, n_threads=2))  # as many threads as one likes


def test_broken_leftovers_are_refused(interrupted):
    partial = interrupted.with_name("liquid.extxyz.partial")
    content = partial.read_bytes()
    partial.write_bytes(content[:100])
    with pytest.raises(FileFormatError, match="100 bytes"):
        sample(small_liquid(), interrupted, OPTIONS)
    checkpoint = interrupted.with_name("liquid.extxyz.checkpoint")
    whole = checkpoint.read_bytes()
    for broken in (b"nonsense", b"", whole[:500], whole[: len(whole) // 2]):
        checkpoint.write_bytes(broken)
        with pytest.raises(FileFormatError, match="not a checkpoint"):
            sample(small_liquid(), interrupted, OPTIONS)


def test_death_between_the_last_two_steps_loses_nothing(tmp_path):
    """The trajectory has its name already, the checkpoint is still there."""
    run = Files(tmp_path / "liquid.extxyz", {"seed": 1})
    run.out.write_bytes(b"frames")
    state = State(np.zeros((1, 3)), np.zeros((1, 3)), np.eye(3)).with_frame(b"frames", 1.0, 400.0)
    run.save(state)
    assert run.load().n_bytes == 6
    run.finish()
    assert run.out.read_bytes() == b"frames"
    assert list(tmp_path.iterdir()) == [run.out]


def test_finished_trajectory_is_not_overwritten_unasked(finished, tmp_path):
    path = tmp_path / "liquid.extxyz"
    path.write_text("precious")
    with pytest.raises(InputError, match="exists"):
        sample(small_liquid(), path, OPTIONS)
    assert path.read_text() == "precious"
    sample(small_liquid(), path, OPTIONS, overwrite=True)
    assert path.read_bytes() == finished[2]


def test_out_must_be_extxyz(tmp_path):
    with pytest.raises(InputError, match=r"\.extxyz"):
        sample(small_liquid(), tmp_path / "liquid.traj", OPTIONS)
    with pytest.raises(FileNotFoundError, match="no folder"):
        sample(small_liquid(), tmp_path / "nowhere" / "liquid.extxyz", OPTIONS)


def test_box_that_shrinks_below_twice_the_cutoff_is_explained(tmp_path):
    squeezed = replace(OPTIONS, pressure=1.0e6, time=5000.0, barostat_interval=1)
    with pytest.raises(EcemcError, match="thinner than twice the cutoff; take more molecules"):
        sample(opls_liquid("4EC:8EMC", density=1.0, options=OplsOptions(cutoff=6.2)), tmp_path / "a.xyz", squeezed)


def test_time_step_that_is_too_long_is_explained(tmp_path):
    wild = replace(OPTIONS, timestep=50.0, time=5000.0, checkpoint_interval=5000.0, pressure=None)
    with pytest.raises(EcemcError, match="blew up"):
        sample(small_liquid(), tmp_path / "a.xyz", wild)


@pytest.mark.parametrize(
    ("bad", "named"),
    [
        ({"temperature": 0.0}, "temperature: got 0.0"),
        ({"temperature": float("nan")}, "temperature"),
        ({"pressure": float("inf")}, "pressure"),
        ({"time": 310.0}, "time: got 310.0 fs; a multiple of frame_interval"),
        ({"time": 10.0}, "such as 50.0 fs"),
        ({"frame_interval": 51.0}, "a multiple of timestep"),
        ({"equilibration": -1.0}, "equilibration"),
        ({"barostat_interval": 0}, "barostat_interval"),
        ({"n_threads": 0}, "n_threads"),
        ({"seed": -1}, "seed"),
        ({"barostat_interval": 41}, "the volume would never move"),
    ],
)
def test_bad_options_are_refused(bad, named):
    with pytest.raises(InputError, match=named):
        replace(OPTIONS, **bad)


def test_schedule_covers_the_run():
    segments = schedule(replace(OPTIONS, time=10_000.0, equilibration=1_030.0, checkpoint_interval=700.0))
    blocks = {
        stage: sum(s.n_blocks for s in segments if s.stage == stage) for stage in ("settle", "equilibrate", "produce")
    }
    assert blocks == {"settle": 5, "equilibrate": 16, "produce": 200}
    assert max(s.n_blocks for s in segments) == 14
    assert all(s.pressure is None for s in segments if s.stage == "settle")
    assert [s.production for s in segments] == sorted(s.production for s in segments)


def test_platform_that_is_not_there_is_named(tmp_path):
    if "OpenCL" in [mm.Platform.getPlatform(k).getName() for k in range(mm.Platform.getNumPlatforms())]:
        pytest.skip("this OpenMM has OpenCL")
    with pytest.raises(InputError, match="platform: this OpenMM has no OpenCL"):
        sample(small_liquid(), tmp_path / "a.xyz", replace(OPTIONS, platform="OpenCL"))
