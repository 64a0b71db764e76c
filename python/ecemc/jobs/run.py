"""Jobs through an executor: every one to its end, whatever becomes of the others, and none twice."""

from __future__ import annotations

__all__ = ["Job", "JobOutcome", "describe", "run_jobs"]

from concurrent.futures import BrokenExecutor, CancelledError, Future, as_completed
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ecemc.errors import EcemcError
from ecemc.jobs.processes import WorkerDiedError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Executor

    from ecemc.jobs.ledger import JobLedger


@dataclass(frozen=True)
class Job:
    """A function to call, once.

    Attributes
    ----------
    name
        For people; different for different jobs.
    key
        Hash of everything that its result depends on.
    function, arguments
        What to call: a function of a module and what can be pickled. With a ledger, it gives what JSON can hold.
    """

    name: str
    key: str
    function: Callable[..., Any]
    arguments: tuple[Any, ...] = ()


@dataclass(frozen=True)
class JobOutcome:
    """What has become of a job.

    Attributes
    ----------
    job
        The job.
    state
        ``done``; ``failed``: it raised an error, and would do so again; ``died``: its process ended, and another
        attempt goes on where it stood, if it can.
    result
        What it gave.
    reason
        Why it failed or died.
    known
        Whether it was finished before and nothing was run now.
    """

    job: Job
    state: Literal["done", "failed", "died"]
    result: Any = None
    reason: str | None = None
    known: bool = False


def run_jobs(
    jobs: Sequence[Job],
    executor: Executor,
    *,
    ledger: JobLedger | None = None,
    retry: bool = False,
    progress: Callable[[JobOutcome], None] | None = None,
) -> list[JobOutcome]:
    """Run jobs; those that fail do not stop the others.

    Parameters
    ----------
    jobs
        What to do.
    executor
        Where: a :class:`~ecemc.jobs.ProcessExecutor`, one of a :class:`~ecemc.jobs.Cluster`, or any other
        :class:`concurrent.futures.Executor`.
    ledger
        What is finished or failed is kept there, at once, and not run again. Every job has been entered. Jobs whose
        process died stay open.
    retry
        Run jobs again that the ledger has as failed.
    progress
        Called with each outcome as it comes.

    Returns
    -------
    list of JobOutcome
        One for each job, in their order.

    Raises
    ------
    OSError, EcemcError
        If the ledger cannot be written. Errors of jobs are not raised.

    Examples
    --------
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> from math import sqrt
    >>> with ThreadPoolExecutor() as executor:
    ...     outcomes = run_jobs([Job("4", "4", sqrt, (4.0,)), Job("-1", "-1", sqrt, (-1.0,))], executor)
    >>> [outcome.state for outcome in outcomes]
    ['done', 'failed']
    """
    outcomes: dict[str, JobOutcome] = {}

    def settle(outcome: JobOutcome) -> None:
        outcomes[outcome.job.key] = outcome
        if progress is not None:
            progress(outcome)

    futures: dict[Future[Any], Job] = {}
    try:
        for job in jobs:
            known = None if ledger is None else _known(job, ledger, retry=retry)
            if known is None:
                futures[_submitted(job, executor)] = job
            else:
                settle(known)
        for future in as_completed(futures):
            outcome = _outcome(futures[future], future)
            if ledger is not None:
                state: Any = "open" if outcome.state == "died" else outcome.state
                ledger.put(outcome.job.key, state, result=outcome.result, reason=outcome.reason)
            settle(outcome)
    finally:
        for future in futures:
            future.cancel()
    return [outcomes[job.key] for job in jobs]


def describe(error: BaseException) -> str:
    """Give an error as one line; its type goes along unless the text is meant for users.

    Examples
    --------
    >>> describe(KeyError("a")), describe(EcemcError("no space")), describe(ValueError())
    ("KeyError: 'a'", 'no space', 'ValueError')
    >>> describe(FileNotFoundError(2, "No such file or directory", "a.xyz"))
    'a.xyz: No such file or directory'
    """
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    text = " ".join(str(error).split())
    return text if isinstance(error, EcemcError) and text else f"{type(error).__name__}: {text}".removesuffix(": ")


def _known(job: Job, ledger: JobLedger, *, retry: bool) -> JobOutcome | None:
    """Look up what was finished before."""
    entry = ledger.get(job.key)
    if entry is None or entry.state == "open" or (entry.state == "failed" and retry):
        return None
    return JobOutcome(job, entry.state, entry.result, entry.reason, known=True)


def _submitted(job: Job, executor: Executor) -> Future[Any]:
    try:
        return executor.submit(job.function, *job.arguments)
    except BrokenExecutor as error:  # a job that was submitted before has broken it
        broken: Future[Any] = Future()
        broken.set_exception(error)
        return broken


def _outcome(job: Job, future: Future[Any]) -> JobOutcome:
    try:
        return JobOutcome(job, "done", future.result())
    except (WorkerDiedError, BrokenExecutor, CancelledError) as error:
        return JobOutcome(job, "died", reason=describe(error))
    except Exception as error:  # noqa: BLE001 (whatever a job raises)
        return JobOutcome(job, "failed", reason=describe(error))
