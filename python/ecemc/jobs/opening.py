"""From what a user gives to an executor."""

from __future__ import annotations

__all__ = ["open_executor"]

from concurrent.futures import Executor
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ecemc.jobs.processes import ProcessExecutor

if TYPE_CHECKING:
    from collections.abc import Iterator
    from os import PathLike

    from ecemc.jobs.cluster import Cluster


@contextmanager
def open_executor(
    executor: Executor | Cluster | None, *, n_jobs: int | None = None, folder: str | PathLike[str] = "parsl"
) -> Iterator[Executor]:
    """Give an executor, and end it afterwards unless it is the caller's.

    Parameters
    ----------
    executor
        Any :class:`concurrent.futures.Executor`, which stays open; a cluster, see :func:`ecemc.jobs.read_cluster`; None
        is processes of this machine.
    n_jobs
        Number of processes of this machine.
    folder
        For Parsl's own files, if it is a cluster.

    Raises
    ------
    MissingExtraError
        If Parsl is needed and not installed.

    Examples
    --------
    >>> from math import sqrt
    >>> with open_executor(None, n_jobs=1) as executor:
    ...     executor.submit(sqrt, 4.0).result()
    2.0
    """
    if isinstance(executor, Executor):
        yield executor
    elif executor is None:
        with ProcessExecutor(n_jobs) as processes:
            yield processes
    else:
        from ecemc.jobs.distributed import ParslExecutor  # noqa: PLC0415 (needs an extra)

        with ParslExecutor(executor, folder) as workers:
            yield workers
