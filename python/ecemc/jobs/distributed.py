"""Parsl as an executor: it starts workers, here or in Slurm batch jobs, and hands jobs to them."""

from __future__ import annotations

__all__ = ["ParslExecutor"]

import shlex
import sys
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ecemc.errors import require
from ecemc.jobs.processes import WorkerDiedError, call, to_request

if TYPE_CHECKING:
    from collections.abc import Callable
    from os import PathLike

    from ecemc.jobs.cluster import Cluster, LocalWorkers, SlurmWorkers

T = TypeVar("T")

#: Parsl's interchange outlives a killed parent, and with it all workers. Ours ends; workers notice by its silence.
#: Ctrl-C is for the parent, which needs the interchange to end the workers.
_INTERCHANGE = """
import os, runpy, signal, threading, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
parent = os.getppid()
def watch():
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)
threading.Thread(target=watch, daemon=True).start()
runpy.run_module("parsl.executors.high_throughput.interchange", run_name="__main__", alter_sys=True)
"""
#: Seconds of silence after which the other side is taken for dead, and between signs of life.
_SILENCE, _SIGN = 30, 5


class ParslExecutor(Executor):
    """A :class:`concurrent.futures.Executor` on workers that Parsl starts and feeds.

    Parameters
    ----------
    cluster
        Where the workers run, see :func:`ecemc.jobs.read_cluster`.
    folder
        For Parsl's own files (logs, batch scripts); workers have to see it at the same place.

    Raises
    ------
    MissingExtraError
        If Parsl is not installed.

    Notes
    -----
    A job whose worker is lost is taken up again as often as ``retries`` says; then its future has a
    :class:`~ecemc.jobs.WorkerDiedError`. Parsl's usage tracking is off.

    Examples
    --------
    >>> from math import sqrt
    >>> from ecemc.jobs import Cluster, LocalWorkers
    >>> with ParslExecutor(Cluster(local=LocalWorkers(workers=2)), "parsl") as executor:  # doctest: +SKIP
    ...     executor.submit(sqrt, 4.0).result()
    2.0
    """

    def __init__(self, cluster: Cluster, folder: str | PathLike[str]) -> None:
        require("parsl", "parsl")
        self._cluster, self._folder = cluster, Path(folder).absolute()
        self._kernel: Any = None
        self._app: Any = None
        self._ended = False

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Have a function called by one of the workers."""
        if self._ended:
            raise RuntimeError("cannot schedule new futures after shutdown")
        if self._kernel is None:
            self._start()
        # As bytes: Parsl gives arguments of some names and types a meaning of its own.
        request = to_request(fn, args, kwargs)
        answer: Future[T] = Future()
        answer.set_running_or_notify_cancel()  # it cannot be called back
        self._app(request).add_done_callback(lambda inner: _pass_on(inner, answer))
        return answer

    def _start(self) -> None:
        """Start workers, now that there is work."""
        from parsl.app.python import PythonApp  # noqa: PLC0415 (an extra)
        from parsl.dataflow.dflow import DataFlowKernel  # noqa: PLC0415 (an extra)

        self._kernel = DataFlowKernel(_config(self._cluster, self._folder))
        self._app = PythonApp(call, data_flow_kernel=self._kernel, executors=["workers"])  # type: ignore[no-untyped-call]

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End all workers, after their jobs unless `wait` is false or `cancel_futures` true."""
        kernel, self._kernel, self._ended = self._kernel, None, True
        if kernel is None:
            return
        if wait and not cancel_futures:
            kernel.wait_for_current_tasks()
        kernel.cleanup()

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Wait for all jobs, or end them if there was an exception."""
        self.shutdown(wait=kind is None)


def _pass_on(inner: Future[Any], answer: Future[Any]) -> None:
    error = inner.exception()
    if error is None:
        answer.set_result(inner.result())
    elif _is_loss(error):
        answer.set_exception(WorkerDiedError(f"its worker was lost ({error})"))
    else:
        answer.set_exception(error)


def _is_loss(error: BaseException) -> bool:
    from parsl.executors.high_throughput.errors import ManagerLost, WorkerLost  # noqa: PLC0415 (an extra)

    return isinstance(error, (ManagerLost, WorkerLost))


def _config(cluster: Cluster, folder: Path) -> Any:
    """Make Parsl's configuration of ours."""
    from parsl.config import Config  # noqa: PLC0415 (an extra)
    from parsl.executors import HighThroughputExecutor  # noqa: PLC0415 (an extra)

    workers = cluster.local or cluster.slurm
    assert workers is not None  # noqa: S101 (checked when it was made)
    slurm = cluster.slurm
    python = (slurm.python if slurm is not None else None) or sys.executable
    executor = HighThroughputExecutor(
        label="workers",
        provider=_local(cluster.local) if cluster.local is not None else _slurm(slurm),  # type: ignore[arg-type]
        max_workers_per_node=cluster.local.workers if cluster.local is not None else slurm.workers_per_node,  # type: ignore[union-attr]
        # As many workers as were asked for, whatever number of cores Parsl finds.
        cores_per_worker=1e-6,
        address="127.0.0.1" if slurm is None else slurm.address,
        # By module: Parsl's scripts are on the path in an activated environment only.
        launch_cmd=_launch_command(python),
        interchange_launch_cmd=[sys.executable, "-c", _INTERCHANGE],
        heartbeat_threshold=_SILENCE if slurm is None else 4 * _SILENCE,
        heartbeat_period=_SIGN,
    )
    return Config(
        executors=[executor],
        run_dir=str(folder),
        retries=workers.retries,
        # Only a lost worker is worth another attempt: a job that raised an error would raise it again.
        retry_handler=lambda error, _: 1.0 if _is_loss(error) else workers.retries + 1.0,
        strategy="none" if slurm is None else "simple",
        usage_tracking=0,
        initialize_logging=False,
    )


def _launch_command(python: str) -> str:
    from parsl.executors.high_throughput.executor import DEFAULT_LAUNCH_CMD  # noqa: PLC0415 (an extra)

    program = "process_worker_pool.py"
    module = f"{shlex.quote(python)} -m parsl.executors.high_throughput.process_worker_pool"
    return str(DEFAULT_LAUNCH_CMD).replace(program, module, 1)


def _threads(workers: LocalWorkers | SlurmWorkers) -> str:
    """Shell commands that start a worker's environment."""
    number = workers.threads_per_worker
    return f"export OMP_NUM_THREADS={number} ECEMC_NUM_THREADS={number}\n{workers.worker_init}"


def _local(workers: LocalWorkers) -> Any:
    from parsl.providers import LocalProvider  # noqa: PLC0415 (an extra)

    return LocalProvider(  # type: ignore[no-untyped-call]
        init_blocks=1, min_blocks=1, max_blocks=1, worker_init=_threads(workers)
    )


def _slurm(workers: SlurmWorkers) -> Any:
    from parsl.launchers import SingleNodeLauncher, SrunLauncher  # noqa: PLC0415 (an extra)
    from parsl.providers import SlurmProvider  # noqa: PLC0415 (an extra)

    return SlurmProvider(
        partition=workers.partition,
        account=workers.account,
        qos=workers.qos,
        constraint=workers.constraint,
        nodes_per_block=workers.nodes,
        cores_per_node=workers.workers_per_node * workers.threads_per_worker,
        mem_per_node=workers.memory_per_node,
        init_blocks=1,
        min_blocks=0,
        max_blocks=workers.max_batch_jobs,
        walltime=workers.walltime,
        scheduler_options=workers.scheduler_options,
        worker_init=_threads(workers),
        exclusive=workers.exclusive,
        launcher=SingleNodeLauncher() if workers.nodes == 1 else SrunLauncher(),
    )
