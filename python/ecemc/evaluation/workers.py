"""Processes that evaluate configurations: one configuration in each at a time, so a crash names its cause."""

from __future__ import annotations

__all__ = ["Answer", "Here", "Worker"]

import multiprocessing
import os
import signal
from concurrent.futures import Future, ProcessPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

from ecemc.errors import EcemcError
from ecemc.evaluation.compute import compute

if TYPE_CHECKING:
    from ase import Atoms

    from ecemc.labels import Labels
    from ecemc.methods import Method


class Answer(NamedTuple):
    """What came of one configuration: exactly one of the three is there."""

    labels: Labels | None = None
    #: why this configuration failed
    failure: str | None = None
    #: why the method cannot be used at all
    unusable: str | None = None


class Here:
    """Evaluates in this process, at once."""

    def __init__(self, method: Method) -> None:
        self._method = method
        self._calculator: Any = None

    def submit(self, atoms: Atoms) -> Future[Answer]:
        """Evaluate one configuration."""
        future: Future[Answer] = Future()
        future.set_result(self.answer(atoms))
        return future

    def answer(self, atoms: Atoms) -> Answer:
        """Evaluate one configuration; nothing but an interruption is raised."""
        if self._calculator is None:
            try:
                self._calculator = self._method.make()
            except Exception as error:  # noqa: BLE001 (whatever the user's calculator raises)
                return Answer(unusable=_text(error))
        try:
            labels = compute(atoms, self._calculator)
            reason = self._method.converged(self._calculator) if self._method.converged else None
        except Exception as error:  # noqa: BLE001 (as above)
            # What the calculator started may have died with it, as CP2K's shell does.
            self._calculator = None
            return Answer(failure=_text(error))
        return Answer(labels) if reason is None else Answer(failure=f"not converged: {reason}")

    def close(self) -> None:
        """Nothing to end."""


def _text(error: Exception) -> str:
    """One line; the type goes along unless the text is meant for users."""
    text = " ".join(str(error).split())
    return text if isinstance(error, EcemcError) and text else f"{type(error).__name__}: {text}".removesuffix(": ")


class Worker:
    """Evaluates in a process of its own, which is started anew if it dies."""

    def __init__(self, method: Method, n_threads: int) -> None:
        self._method, self._n_threads = method, n_threads
        self._pool = self._start()

    def _start(self) -> ProcessPoolExecutor:
        # Spawned, not forked: threads of other libraries do not survive a fork.
        return ProcessPoolExecutor(
            1, multiprocessing.get_context("spawn"), _initialize, (self._method, self._n_threads)
        )

    def submit(self, atoms: Atoms) -> Future[Answer]:
        """Evaluate one configuration; BrokenProcessPool is the future's exception if that kills the process."""
        return self._pool.submit(_answer, atoms)

    def restart(self) -> None:
        """Take a new process."""
        self._pool.shutdown(wait=False)
        self._pool = self._start()

    def close(self) -> None:
        """End the process, whatever it is doing."""
        # Python 3.14 has terminate_workers() for this.
        processes = list((getattr(self._pool, "_processes", None) or {}).values())
        self._pool.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            process.terminate()


_here: Here | None = None


def _initialize(method: Method, n_threads: int) -> None:
    global _here  # noqa: PLW0603 (there is one calculator in a process)
    # Ctrl-C ends this process at once, and with it what its calculator has started.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    for name in ("OMP_NUM_THREADS", "ECEMC_NUM_THREADS"):
        os.environ[name] = str(n_threads)
    _here = Here(method)


def _answer(atoms: Atoms) -> Answer:
    assert _here is not None  # noqa: S101 (set by _initialize)
    return _here.answer(atoms)
