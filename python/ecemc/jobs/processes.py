"""Processes of this machine as an executor: one job in each at a time, so a crash costs that job only.

The processes are started as programs of their own and not through ``multiprocessing``, which would run the user's
script again in each of them; so no script needs a guard. They live on a pipe: when the parent dies, they end at once,
whatever they are doing.
"""

from __future__ import annotations

__all__ = ["ProcessExecutor", "WorkerDiedError"]

import os
import pickle
import signal
import subprocess
import sys
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import suppress
from queue import SimpleQueue
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any, TypeVar

from ecemc.errors import EcemcError, InputError
from ecemc.threads import thread_count

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

#: Ctrl-C ends a worker at once and silently, and with it what it has started.
_PROGRAM = "import signal; signal.signal(signal.SIGINT, signal.SIG_DFL); from ecemc.jobs.worker import main; main()"

_ADVICE = "functions have to stand in a file that can be imported"


class WorkerDiedError(EcemcError):
    """The process that did a job is gone: a crash, too little memory, the end of its time on a cluster."""


class ProcessExecutor(Executor):
    """A :class:`concurrent.futures.Executor` on processes of this machine.

    Unlike in :class:`concurrent.futures.ProcessPoolExecutor`, a process that dies costs its job only, whose future
    then has a `WorkerDiedError`, and leaving a ``with`` block by an exception (Ctrl-C) ends all jobs.

    Parameters
    ----------
    n_jobs
        Processes; None is as many as there are cores, see :func:`ecemc.threads.thread_count`.
    n_threads
        Threads of each (``OMP_NUM_THREADS`` and ``ECEMC_NUM_THREADS``); None is an equal share of the cores.

    Raises
    ------
    InputError
        If a number is below 1. By ``submit``, if a job cannot be sent to another process.

    Examples
    --------
    >>> from math import sqrt
    >>> with ProcessExecutor(n_jobs=1) as executor:
    ...     executor.submit(sqrt, 4.0).result()
    2.0
    """

    def __init__(self, n_jobs: int | None = None, *, n_threads: int | None = None) -> None:
        n_jobs = thread_count(n_jobs)
        n_threads = max(1, thread_count() // n_jobs) if n_threads is None else thread_count(n_threads)
        self._processes = [_Process(n_threads) for _ in range(n_jobs)]
        self._idle: SimpleQueue[_Process] = SimpleQueue()
        for process in self._processes:
            self._idle.put(process)
        self._threads = ThreadPoolExecutor(n_jobs)  # each waits for a process

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Have a function called in one of the processes; what it prints goes to stderr."""
        return self._threads.submit(self._call, to_request(fn, args, kwargs))

    def _call(self, request: bytes) -> Any:
        process = self._idle.get()
        try:
            return process.call(request)
        finally:
            self._idle.put(process)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the processes when their jobs are done."""
        if not wait:
            Thread(target=self.shutdown, kwargs={"cancel_futures": cancel_futures}).start()
            return
        self._threads.shutdown(cancel_futures=cancel_futures)
        for process in self._processes:
            process.kill()

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Wait for all jobs, or end them if there was an exception."""
        if kind is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)
            for process in self._processes:
                process.kill()
        self.shutdown()


class _Process:
    """A process that is started when there is something to do, and again after it has died."""

    def __init__(self, n_threads: int) -> None:
        self._environment = dict.fromkeys(("OMP_NUM_THREADS", "ECEMC_NUM_THREADS"), str(n_threads))
        self._process: subprocess.Popen[bytes] | None = None
        self._changes = Lock()
        self._ended = False

    def call(self, request: bytes) -> Any:
        process = self._started()
        try:
            send(process.stdin, request)
            succeeded, answer = pickle.load(process.stdout)  # type: ignore[arg-type]  # noqa: S301 (our own process)
        except (EOFError, OSError, pickle.UnpicklingError):
            raise WorkerDiedError(self._end()) from None
        if succeeded:
            return answer
        raise answer

    def _started(self) -> subprocess.Popen[bytes]:
        with self._changes:
            if self._ended:
                raise WorkerDiedError("it was not started: the work was interrupted")
            if self._process is None:
                self._process = subprocess.Popen(  # noqa: S603 (this Python, a text from here)
                    [sys.executable, "-c", _PROGRAM],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    env=os.environ | self._environment,
                )
                with suppress(OSError):  # it died at once, as the answer will show
                    send(self._process.stdin, pickle.dumps(sys.path))
            return self._process

    def _end(self) -> str:
        """Clean up behind a process and say how it ended."""
        with self._changes:
            process, self._process = self._process, None
        if process is None:
            return "its process was ended"
        process.stdout.close()  # type: ignore[union-attr]
        with suppress(OSError):  # what was not yet sent has nowhere to go
            process.stdin.close()  # type: ignore[union-attr]
        return _how_it_ended(process.wait())

    def kill(self) -> None:
        """End the process, whatever it is doing, for good."""
        with self._changes:
            self._ended = True
            process = self._process
        if process is not None:
            process.kill()
            process.wait()
            self._end()


def to_request(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> bytes:
    """Give a call as bytes.

    Raises
    ------
    InputError
        If it cannot be sent.
    """
    try:
        return pickle.dumps((function, args, kwargs))
    except Exception as error:
        raise InputError(f"cannot be sent to another process ({error}); {_ADVICE}") from error


def call(request: bytes) -> Any:
    """Make a call that came as bytes.

    Raises
    ------
    InputError
        If the function or its arguments are not known here.
    Exception
        Whatever the function raises.
    """
    try:
        function, args, kwargs = pickle.loads(request)  # noqa: S301 (made by to_request)
    except Exception as error:
        text = f"{type(error).__name__}: {error}"
        raise InputError(f"not known in another process ({text}); {_ADVICE}") from error
    return function(*args, **kwargs)


def send(pipe: Any, content: bytes) -> None:
    """Write bytes with their number before them."""
    pipe.write(len(content).to_bytes(8, "little") + content)
    pipe.flush()


def _how_it_ended(status: int) -> str:
    """Say what an exit status means."""
    if status >= 0:
        return f"its process ended in the middle (exit status {status})"
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = f"signal {-status}"
    advice = "; too little memory is the most common cause" if name == "SIGKILL" else ""
    return f"its process was killed ({name}{advice})"
