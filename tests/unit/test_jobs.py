"""Jobs: processes that may die, a ledger that survives, locks that end with their process."""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from math import sqrt
from multiprocessing import get_context

import pytest

from ecemc.errors import CalculationError, EcemcError, FileFormatError, InputError
from ecemc.jobs import (
    Cluster,
    Job,
    JobLedger,
    LocalWorkers,
    ProcessExecutor,
    WorkerDiedError,
    is_locked,
    locked,
    open_executor,
    read_cluster,
    run_jobs,
)

HELPER = """
import os, sys, time
from pathlib import Path

class Odd(Exception):
    def __init__(self, a, b):
        super().__init__(f"{a} and {b}")

def odd():
    raise Odd(1, 2)

def lambda_():
    return lambda: 1

def shout():
    print("noise on stdout"); os.write(1, b"more of it\\n"); return "quiet"

def slow(path, seconds):
    Path(path).write_text(str(os.getpid()))
    time.sleep(seconds)
    return "slept"
"""


@pytest.fixture
def helper(tmp_path, monkeypatch):
    (tmp_path / "jobs_helper.py").write_text(HELPER)
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module("jobs_helper")
    del sys.modules["jobs_helper"]


def pid_in(path):
    deadline = time.monotonic() + 30.0
    while not path.exists() or not path.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return int(path.read_text())


def wait_for_end(pid):
    deadline = time.monotonic() + 20.0
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False


def test_processes_answer_fail_and_die_one_by_one(helper, capfd):
    with ProcessExecutor(n_jobs=1, n_threads=3) as executor:
        jobs = [
            executor.submit(sqrt, 4.0),
            executor.submit(sqrt, -1.0),
            executor.submit(helper.odd),
            executor.submit(helper.lambda_),
            executor.submit(helper.shout),
            executor.submit(os._exit, 7),
            executor.submit(signal.raise_signal, signal.SIGKILL),
            executor.submit(os.getenv, "OMP_NUM_THREADS"),
            executor.submit(os.getpid),
        ]
    assert jobs[0].result() == 2.0
    assert type(jobs[1].exception()) is ValueError
    assert (type(jobs[2].exception()), str(jobs[2].exception())) == (CalculationError, "Odd: 1 and 2")
    assert "lambda" in str(jobs[3].exception())
    assert jobs[4].result() == "quiet"
    assert capfd.readouterr().out == ""
    assert str(jobs[5].exception()) == "its process ended in the middle (exit status 7)"
    assert str(jobs[6].exception()).startswith("its process was killed (SIGKILL; too little memory")
    assert all(type(jobs[n].exception()) is WorkerDiedError for n in (5, 6))
    assert jobs[7].result() == "3"
    assert jobs[8].result() != os.getpid()


def test_what_cannot_be_sent_is_refused(helper, tmp_path):
    with ProcessExecutor(n_jobs=1) as executor:
        with pytest.raises(InputError, match="cannot be sent to another process"):
            executor.submit(lambda: 1)
        (tmp_path / "jobs_helper.py").unlink()
        with pytest.raises(InputError, match=r"not known in another process \(ModuleNotFoundError"):
            executor.submit(helper.shout).result()
    with pytest.raises(RuntimeError):
        executor.submit(sqrt, 4.0)


def test_an_exception_ends_all_processes(helper, tmp_path):
    pid = None
    with pytest.raises(KeyboardInterrupt), ProcessExecutor(n_jobs=1) as executor:  # noqa: PT012
        first = executor.submit(helper.slow, str(tmp_path / "pid"), 600)
        second = executor.submit(sqrt, 4.0)
        pid = pid_in(tmp_path / "pid")
        raise KeyboardInterrupt
    assert wait_for_end(pid)
    assert isinstance(first.exception(), WorkerDiedError)
    assert second.cancelled()


def test_shutdown_without_waiting_lets_jobs_end(helper, tmp_path):
    executor = ProcessExecutor(n_jobs=1)
    job = executor.submit(helper.slow, str(tmp_path / "pid"), 0.3)
    executor.shutdown(wait=False)
    assert job.result() == "slept"
    assert wait_for_end(pid_in(tmp_path / "pid"))


@pytest.mark.usefixtures("helper")
def test_workers_end_with_their_parent_in_the_middle_of_a_job(tmp_path):
    program = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import jobs_helper; from ecemc.jobs import *\n"
        f"ProcessExecutor(n_jobs=1).submit(jobs_helper.slow, {str(tmp_path / 'pid')!r}, 600).result()"
    )
    parent = subprocess.Popen([sys.executable, "-c", program])
    worker = pid_in(tmp_path / "pid")
    parent.kill()
    parent.wait()
    assert wait_for_end(worker)


def jobs_of(*values):
    return [Job(f"job {value}", str(value), sqrt, (value,)) for value in values]


def enter(ledger, jobs):
    for job in jobs:
        ledger.add(job.key, job.name)


@pytest.mark.parametrize(
    "executor",
    [
        lambda: ProcessExecutor(n_jobs=2),
        lambda: ThreadPoolExecutor(2),
        lambda: ProcessPoolExecutor(2, mp_context=get_context("spawn")),
    ],
)
def test_any_executor_runs_jobs_past_failures(executor, tmp_path):
    jobs, seen = jobs_of(1.0, -4.0, 9.0), []
    with executor() as chosen, JobLedger(tmp_path / "a.ledger") as ledger:
        enter(ledger, jobs)
        first = run_jobs(jobs, chosen, ledger=ledger, progress=seen.append)
        again = run_jobs(jobs, chosen, ledger=ledger)
        retried = run_jobs(jobs, chosen, ledger=ledger, retry=True)
    assert [outcome.state for outcome in first] == ["done", "failed", "done"]
    assert [outcome.result for outcome in first] == [1.0, None, 3.0]
    assert first[1].reason.startswith("ValueError: ")
    assert sorted(outcome.job.name for outcome in seen) == sorted(job.name for job in jobs)
    assert [outcome.known for outcome in first + again + retried] == [False] * 3 + [True] * 3 + [True, False, True]
    assert [outcome.state for outcome in again] == ["done", "failed", "done"]


def test_a_job_whose_process_died_stays_open(tmp_path):
    jobs = [Job("good", "good", sqrt, (4.0,)), Job("bad", "bad", os._exit, (3,))]
    with JobLedger(tmp_path / "a.ledger") as ledger:
        enter(ledger, jobs)
        with ProcessExecutor(n_jobs=1) as executor:
            outcomes = run_jobs(jobs, executor, ledger=ledger)
        assert [outcome.state for outcome in outcomes] == ["done", "died"]
        assert ledger.get("bad")[1:] == ("open", None, "its process ended in the middle (exit status 3)")


def test_a_broken_pool_costs_no_result():
    jobs = [Job("bad", "bad", os._exit, (3,)), *jobs_of(*map(float, range(50)))]
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as executor:
        outcomes = run_jobs(jobs, executor)
    assert {outcome.state for outcome in outcomes} <= {"done", "died"}
    assert outcomes[0].state == "died"


def test_names_of_jobs_are_theirs(tmp_path):
    with JobLedger(tmp_path / "a.ledger") as ledger:
        assert ledger.add("key1", "T300") == "T300"
        assert ledger.add("key1", "other") == "T300"
        assert ledger.add("key2", "T300") == "T300_key2"
        assert ledger.add("key3", "T300", place="key1") == "T300"
        assert ledger.get("key3").state == "open"
    with JobLedger(tmp_path / "a.ledger") as ledger:
        assert ledger.add("key2", "T300") == "T300_key2"


def test_ledger_says_what_is_wrong(tmp_path):
    path = tmp_path / "a.ledger"
    with JobLedger(path), locked(path), pytest.raises(EcemcError, match="another run uses this ledger; wait for it"):
        JobLedger(path).add("key", "name")
    path.write_bytes(path.read_bytes()[:100] + b"x" * 5000)
    with pytest.raises(FileFormatError, match=r"a.ledger: .*damaged one .*remove it"):
        JobLedger(path)
    path.write_bytes(b"no database at all, but long enough to be looked at" * 20)
    with pytest.raises(FileFormatError, match=r"a.ledger: not a ledger"):
        JobLedger(path)
    with pytest.raises(FileNotFoundError):
        JobLedger(tmp_path / "none" / "a.ledger")


def test_locks_are_held_by_one_process_and_end_with_it(tmp_path):
    path = tmp_path / "a.lock"
    assert not is_locked(path)
    program = (
        "import time; from ecemc.jobs import locked\n"
        f"with locked({str(path)!r}): print('held', flush=True); time.sleep(600)"
    )
    holder = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert holder.stdout.readline() == "held\n"
    assert is_locked(path)
    with pytest.raises(EcemcError, match=r"a.lock: another process is at work here"), locked(path):
        pass
    holder.kill()
    holder.wait()
    holder.stdout.close()
    with locked(path):
        assert is_locked(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[local]\nworkers = 2\n", None),
        ("[local]\nwokers = 2\n", r"local.wokers: unknown key; did you mean 'workers'\?"),
        ("[local]\nworkers = 0\n", "local.workers: got 0, expected greater than or equal to 1"),
        ("[local]\n", "local.workers: missing"),
        ("", r"expected exactly one table, \[local\] or \[slurm\]"),
        ("[local]\nworkers = 2\n[slrm]\n", r"slrm: unknown key; did you mean 'slurm'\?"),
        ('[slurm]\nworkers_per_node = 4\nwalltime = "one day"\n', "slurm.walltime: got 'one day', expected"),
        (
            '[slurm]\nworkers_per_node = "4"\nwalltime = "24:00:00"\n',
            "slurm.workers_per_node: got '4', expected",
        ),
        ("[local\n", "no TOML"),
    ],
)
def test_cluster_files_are_checked(tmp_path, text, message):
    path = tmp_path / "cluster.toml"
    path.write_text(text)
    if message is None:
        assert read_cluster(path) == Cluster(local=LocalWorkers(workers=2))
        return
    with pytest.raises(FileFormatError, match=rf"cluster.toml: {message}"):
        read_cluster(path)


def test_an_executor_of_the_caller_stays_open():
    with ThreadPoolExecutor(1) as mine:
        with open_executor(mine) as executor:
            assert executor is mine
        assert mine.submit(sqrt, 4.0).result() == 2.0
