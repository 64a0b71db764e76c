"""Parsl, really: workers on this machine, and Slurm's commands played by scripts that run the batch job here."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from math import sqrt
from pathlib import Path

import pytest

from ecemc.jobs import Cluster, Job, LocalWorkers, SlurmWorkers, WorkerDiedError, open_executor, run_jobs

pytest.importorskip("parsl", reason="needs ecemc[parsl]")

#: sbatch starts the script in a process group of its own; squeue and sacct tell whether it lives; scancel ends it.
SBATCH = """#!/bin/sh
for script; do :; done
cp "$script" "{folder}/batch.sh"
SLURM_JOB_NODELIST=here setsid sh "$script" > "{folder}/batch.out" 2>&1 &
echo $! > "{folder}/batch.pid"
echo "Submitted batch job $(cat "{folder}/batch.pid")"
"""
SQUEUE = """#!/bin/sh
pid=$(cat "{folder}/batch.pid")
if kill -0 "$pid" 2> /dev/null; then echo "$pid {running}"; else echo "$pid {completed}"; fi
"""
SCANCEL = """#!/bin/sh
for job; do kill -- "-$job"; done
"""


def processes_of(folder):
    """Processes whose command line names a folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command = (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if str(folder).encode() in command and int(entry.name) != os.getpid():
            found.append(int(entry.name))
    return found


def gone(folder, seconds):
    deadline = time.monotonic() + seconds
    while processes_of(folder):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


@pytest.fixture
def nothing_else(tmp_path, monkeypatch):
    """Nothing but the folder that was named is written; no process and no handler of signals is left."""
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    before = signal.getsignal(signal.SIGINT)
    yield tmp_path / "parsl"
    assert list(work.iterdir()) == []
    assert signal.getsignal(signal.SIGINT) is before
    assert gone(tmp_path / "parsl", 20.0)


def test_workers_on_this_machine(nothing_else, recwarn):
    cluster = Cluster(local=LocalWorkers(workers=1, threads_per_worker=3, worker_init="export HELLO=there"))
    jobs = [
        Job("root", "root", sqrt, (4.0,)),
        Job("fails", "fails", sqrt, (-4.0,)),
        Job("dies", "dies", os._exit, (3,)),
        Job("threads", "threads", os.getenv, ("ECEMC_NUM_THREADS",)),
        Job("init", "init", os.getenv, ("HELLO",)),
    ]
    with open_executor(cluster, folder=nothing_else) as executor:
        outcomes = run_jobs(jobs, executor)
    assert [outcome.state for outcome in outcomes] == ["done", "failed", "died", "done", "done"]
    assert [outcome.result for outcome in outcomes] == [2.0, None, None, "3", "there"]
    assert outcomes[1].reason.startswith("ValueError: ")
    assert outcomes[2].reason.startswith("its worker was lost")
    assert not [str(warning.message) for warning in recwarn]
    with pytest.raises(RuntimeError):
        executor.submit(sqrt, 4.0)


def test_an_exception_ends_all_workers(nothing_else):
    cluster = Cluster(local=LocalWorkers(workers=1))
    with pytest.raises(KeyboardInterrupt), open_executor(cluster, folder=nothing_else) as executor:  # noqa: PT012
        executor.submit(sqrt, 4.0).result()
        running = executor.submit(time.sleep, 600.0)
        raise KeyboardInterrupt
    assert gone(nothing_else, 20.0)
    assert not running.done() or isinstance(running.exception(), WorkerDiedError)


PROGRAM = """
import time
from ecemc.jobs import *
with open_executor(Cluster(local=LocalWorkers(workers=1)), folder=FOLDER) as executor:
    executor.submit(time.sleep, 0.0).result()
    print("up", flush=True)
    executor.submit(time.sleep, 600.0).result()
"""


def started(folder):
    """A program whose workers are at work, in a process group of its own as from a terminal."""
    program = PROGRAM.replace("FOLDER", repr(str(folder)))
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process = subprocess.Popen([sys.executable, "-c", program], start_new_session=True, **pipes)
    assert process.stdout.readline() == "up\n"
    assert processes_of(folder)
    return process


def test_ctrl_c_ends_everything_at_once(nothing_else):
    with started(nothing_else) as process:
        os.killpg(process.pid, signal.SIGINT)
        error = process.communicate(timeout=60)[1]
    assert error.splitlines()[-1] == "KeyboardInterrupt"
    assert error.count("Traceback") == 1
    assert gone(nothing_else, 20.0)


@pytest.mark.slow  # they notice it by half a minute of silence
def test_workers_end_when_the_program_is_killed(nothing_else):
    with started(nothing_else) as process:
        process.kill()
    assert gone(nothing_else, 60.0)


def test_slurm_gets_what_the_file_says(nothing_else, tmp_path, monkeypatch):
    commands = tmp_path / "commands"
    commands.mkdir()
    for name, text in {
        "sbatch": SBATCH,
        "squeue": SQUEUE.replace("{running}", "R").replace("{completed}", "CD"),
        "sacct": SQUEUE.replace("{running}", "RUNNING").replace("{completed}", "COMPLETED"),
        "scancel": SCANCEL,
    }.items():
        (commands / name).write_text(text.replace("{folder}", str(tmp_path)))
        (commands / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{commands}:{os.environ['PATH']}")
    slurm = SlurmWorkers(
        partition="long", account="liquids", walltime="12:00:00", workers_per_node=1, threads_per_worker=2,
        memory_per_node=8, scheduler_options="#SBATCH --mail-type=END", worker_init="export HELLO=node",
        address="127.0.0.1",
    )  # fmt: skip
    with open_executor(Cluster(slurm=slurm), folder=nothing_else) as executor:
        assert executor.submit(os.getenv, "HELLO").result() == "node"
        assert executor.submit(os.getenv, "OMP_NUM_THREADS").result() == "2"
    script = (tmp_path / "batch.sh").read_text()
    for line in (
        "#SBATCH --partition=long",
        "#SBATCH --account=liquids",
        "#SBATCH --time=720",
        "#SBATCH --nodes=1",
        "#SBATCH --mem=8g",
        "#SBATCH --exclusive",
        "#SBATCH --mail-type=END",
    ):
        assert line in script.splitlines()
