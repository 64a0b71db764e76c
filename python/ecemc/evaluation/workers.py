"""Processes that evaluate configurations: one configuration in each at a time, so a crash names its cause.

The processes are started as programs of their own and not through ``multiprocessing``, which would run the user's
script again in each of them; so no script needs a guard. They live on a pipe: when the parent dies, they end.
"""

from __future__ import annotations

__all__ = ["Answer", "Here", "Worker", "WorkerDiedError"]

import os
import pickle
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from ecemc.errors import CalculationError, EcemcError
from ecemc.evaluation.single_point import compute
from ecemc.frames import without_labels

if TYPE_CHECKING:
    from ase import Atoms

    from ecemc.labels import Labels
    from ecemc.methods import Method

#: Ctrl-C ends a worker at once and silently, and with it what its calculator has started.
_PROGRAM = (
    "import signal; signal.signal(signal.SIGINT, signal.SIG_DFL); from ecemc.evaluation.worker import main; main()"
)


class Answer(NamedTuple):
    """What came of one configuration: exactly one of the three is there."""

    labels: Labels | None = None
    #: why this configuration failed
    failure: str | None = None
    #: why the method cannot be used at all
    unusable: str | None = None


class WorkerDiedError(EcemcError):
    """The process of a worker is gone."""


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
    """Evaluates in a process of its own, which is started anew after it has died.

    Raises
    ------
    CalculationError
        If the method cannot be sent to another process.
    """

    def __init__(self, method: Method, n_threads: int) -> None:
        try:
            self._greeting = pickle.dumps((sys.path, pickle.dumps(method)))
        except Exception as error:
            raise CalculationError(
                f"{method.name}: cannot be sent to another process ({error}); take n_jobs=1, or put the function that "
                "makes the calculator into a file: get_method('FILE.py')"
            ) from error
        self._environment = dict.fromkeys(("OMP_NUM_THREADS", "ECEMC_NUM_THREADS"), str(n_threads))
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = ThreadPoolExecutor(1)  # waits for the process

    def submit(self, atoms: Atoms) -> Future[Answer]:
        """Evaluate one configuration; WorkerDiedError is the future's exception if that kills the process."""
        # Without its calculator, which may be one that cannot be sent.
        return self._thread.submit(self._exchange, without_labels(atoms))

    def _exchange(self, atoms: Atoms) -> Answer:
        process = self._process or self._start()
        try:
            pickle.dump(atoms, process.stdin)  # type: ignore[arg-type]
            process.stdin.flush()  # type: ignore[union-attr]
            answer: Answer = pickle.load(process.stdout)  # type: ignore[arg-type]  # noqa: S301 (our own process)
        except (EOFError, OSError, pickle.UnpicklingError) as error:
            self._end()
            raise WorkerDiedError(str(error)) from error
        return answer

    def _start(self) -> subprocess.Popen[bytes]:
        self._process = subprocess.Popen(  # noqa: S603 (this Python, a text from here)
            [sys.executable, "-c", _PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | self._environment,
        )
        self._process.stdin.write(self._greeting)  # type: ignore[union-attr]
        return self._process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            process.stdout.close()  # type: ignore[union-attr]
            with suppress(OSError):  # what was not yet sent has nowhere to go
                process.stdin.close()  # type: ignore[union-attr]

    def close(self) -> None:
        """End the process, whatever it is doing."""
        if self._process is not None:
            self._process.kill()
        self._thread.shutdown(wait=True)
        self._end()
