"""All runs of a plan, at the same time, past crashes and failures."""

from __future__ import annotations

__all__ = ["RunStatus", "SweepResult", "sweep", "sweep_status"]

import itertools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ecemc.errors import InputError
from ecemc.files import write_atomically
from ecemc.jobs import Job, JobLedger, is_locked, locked, open_executor, run_jobs
from ecemc.sweep.execute import LOCK, execute, part_done
from ecemc.sweep.grid import expand
from ecemc.threads import thread_count

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor
    from os import PathLike

    from ecemc.jobs import Cluster, Entry, JobOutcome
    from ecemc.sweep.grid import Run
    from ecemc.sweep.plan import Plan

SCHEMA = "ecemc-sweep/1"
_LEDGER = "sweep.ledger"

State = Literal["waiting", "running", "interrupted", "finished", "stopped", "failed"]


@dataclass(frozen=True)
class RunStatus:
    """Where a run stands.

    Attributes
    ----------
    run
        The run.
    folder
        Where its files are, or will be.
    state
        ``waiting``, ``running``, ``interrupted`` (the same sweep goes on with it), ``finished``, ``stopped`` (by a
        monitor) or ``failed``.
    result
        What it gave, if finished or stopped: means with standard errors, see :func:`ecemc.sweep.execute.execute`.
    reason
        Why it was stopped, failed or interrupted.
    part
        How much of it is done, 0 to 1, if that is known.
    """

    run: Run
    folder: Path
    state: State
    result: dict[str, Any] | None
    reason: str | None
    part: float | None


@dataclass(frozen=True)
class SweepResult:
    """What has become of the runs of a plan.

    Attributes
    ----------
    folder
        Where everything is.
    runs
        In the order of the plan.
    """

    folder: Path
    runs: tuple[RunStatus, ...]

    def count(self, *states: State) -> int:
        """Count the runs in some states."""
        return sum(status.state in states for status in self.runs)

    def to_dict(self) -> dict[str, Any]:
        """Give it as strict JSON, as in ``FOLDER/sweep.json``."""
        return {"schema": SCHEMA, "runs": [_as_dict(status) for status in self.runs]}


def sweep(
    plan: Plan,
    folder: str | PathLike[str],
    *,
    executor: Executor | Cluster | None = None,
    n_jobs: int | None = None,
    retry: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> SweepResult:
    """Make all runs of a plan that are not yet made; those that fail do not stop the others.

    Parameters
    ----------
    plan
        See :func:`ecemc.sweep.read_plan`.
    folder
        Each run has a folder in it. ``sweep.ledger`` keeps what is finished: after an interruption, of whatever kind,
        the same call makes what is missing and goes on with runs where they stood.
    executor
        Where: a cluster (:func:`ecemc.jobs.read_cluster`), any :class:`concurrent.futures.Executor`, which stays open;
        None is processes of this machine.
    n_jobs
        Runs at the same time on this machine, which share the cores; None is as many as there are cores.
    retry
        Make runs again that have failed, from where they stood.
    progress
        Called with the number of runs that are over, and of all.

    Returns
    -------
    SweepResult
        Also if runs failed or were stopped.

    Raises
    ------
    InputError
        If the plan cannot run, or the folder is something else's.
    EcemcError
        If another process makes this sweep.
    FileFormatError
        If the ledger is damaged.
    OSError
        If files cannot be written.

    Examples
    --------
    >>> from ecemc.sweep import make_plan, sweep
    >>> plan = make_plan({"md": {"model": "opls", "start": "box.extxyz"}, "grid": {"temperature": [300, 400]}})
    >>> sweep(plan, "runs", n_jobs=2).count("finished")  # doctest: +SKIP
    2
    """
    runs, folder = expand(plan), _claimed(Path(folder))
    message = f"{folder}: another process makes this sweep; wait for it, or look with --status"
    with locked(folder / LOCK, message=message), JobLedger(folder / _LEDGER) as ledger:
        places = [folder / ledger.add(run.key, run.name, run.place) for run in runs]
        jobs = [
            Job(place.name, run.key, execute, (run, str(place.absolute())))
            for run, place in zip(runs, places, strict=True)
        ]
        n_jobs = min(thread_count(n_jobs), len(jobs))
        with open_executor(executor, n_jobs=n_jobs, folder=folder / "parsl") as chosen:
            run_jobs(jobs, chosen, ledger=ledger, retry=retry, progress=_counted(progress, len(jobs)))
        result = _result(folder, runs, ledger)
    text = json.dumps(result.to_dict(), indent=1, ensure_ascii=False, allow_nan=False)
    write_atomically(folder / "sweep.json", (text + "\n").encode())
    return result


def sweep_status(plan: Plan, folder: str | PathLike[str]) -> SweepResult:
    """Tell where the runs of a plan stand, without making any; also while they are made.

    Raises
    ------
    InputError
        If the plan cannot run.
    FileFormatError
        If the ledger is damaged.

    Examples
    --------
    >>> from ecemc.sweep import make_plan, sweep_status
    >>> plan = make_plan({"sample": {"composition": "4EC:8EMC", "temperature": 300}, "grid": {"seed": [1, 2]}})
    >>> [status.state for status in sweep_status(plan, "runs").runs]
    ['waiting', 'waiting']
    """
    runs, folder = expand(plan), Path(folder)
    if not (folder / _LEDGER).exists():
        return SweepResult(folder, tuple(_status(run, folder / run.name, None) for run in runs))
    with JobLedger(folder / _LEDGER) as ledger:
        return _result(folder, runs, ledger)


def _claimed(folder: Path) -> Path:
    """Make the folder, or see that it is one of a sweep."""
    if not folder.exists():
        folder.mkdir()
    elif not folder.is_dir() or (any(folder.iterdir()) and not (folder / LOCK).exists()):
        raise InputError(f"{folder}: is there already and no folder of a sweep; choose another name")
    return folder


def _counted(progress: Callable[[int, int], None] | None, total: int) -> Callable[[JobOutcome], None]:
    """Tell how many jobs are over."""
    numbers = itertools.count(1)

    def count(_: JobOutcome) -> None:
        if progress is not None:
            progress(next(numbers), total)

    return count


def _result(folder: Path, runs: tuple[Run, ...], ledger: JobLedger) -> SweepResult:
    """Look up where runs stand."""
    entries = [ledger.get(run.key) for run in runs]
    return SweepResult(
        folder,
        tuple(
            _status(run, folder / (run.name if entry is None else entry.name), entry)
            for run, entry in zip(runs, entries, strict=True)
        ),
    )


def _status(run: Run, folder: Path, entry: Entry | None) -> RunStatus:
    if entry is not None and entry.state == "done":
        return RunStatus(run, folder, entry.result["status"], entry.result, entry.result["text"], 1.0)
    reason = None if entry is None else entry.reason
    state: State = "waiting"
    if entry is not None and entry.state == "failed":
        state = "failed"
    elif is_locked(folder / LOCK):
        state = "running"
    elif folder.exists():
        state = "interrupted"
    return RunStatus(run, folder, state, None, reason, part_done(run, folder))


def _as_dict(status: RunStatus) -> dict[str, Any]:
    return {
        "name": status.folder.name,
        "state": status.state,
        "reason": status.reason,
        "varied": status.run.varied,
        "part": status.part,
        "result": status.result,
    }
