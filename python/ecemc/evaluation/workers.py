"""What evaluates configurations, here or in other processes: one in each at a time, so a crash names its cause.

A method that takes many at once gets many; when the process dies of them, they are tried again one by one.
"""

from __future__ import annotations

__all__ = ["Answer", "Elsewhere", "Here"]

import pickle
import threading
from concurrent.futures import BrokenExecutor, Future, wait
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from ecemc.errors import CalculationError
from ecemc.evaluation.single_point import compute, compute_together
from ecemc.frames import without_labels
from ecemc.jobs import WorkerDiedError, describe

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Executor

    from ase import Atoms

    from ecemc.labels import Labels
    from ecemc.methods import Method

_ADVICE = "take n_jobs=1, or put the function that makes the calculator into a file: get_method('FILE.py')"
_DIED = "the process that computed it died (a crash of the calculator, or too little memory)"


class Answer(NamedTuple):
    """What came of one configuration: exactly one of the first three is there."""

    labels: Labels | None = None
    #: why this configuration failed
    failure: str | None = None
    #: why the method cannot be used at all
    unusable: str | None = None
    #: whether it may succeed another time
    passing: bool = False


class Here:
    """Evaluates in this process, at once."""

    def __init__(self, method: Method) -> None:
        self._method = method
        self._calculator: Any = None

    def submit(self, frames: Sequence[Atoms]) -> Future[list[Answer]]:
        """Evaluate configurations."""
        future: Future[list[Answer]] = Future()
        future.set_result(self.answers(frames))
        return future

    def answers(self, frames: Sequence[Atoms]) -> list[Answer]:
        """Evaluate configurations, at once if the method can; if that fails, one by one to see which ones fail."""
        if self._method.batches and len(frames) > 1 and self._unusable() is None:
            with suppress(Exception):
                return [Answer(labels) for labels in compute_together(frames, self._calculator)]
        return [self.answer(atoms) for atoms in frames]

    def answer(self, atoms: Atoms) -> Answer:
        """Evaluate one configuration; nothing but an interruption is raised."""
        if (unusable := self._unusable()) is not None:
            return Answer(unusable=unusable)
        try:
            labels = compute(atoms, self._calculator)
            reason = self._method.converged(self._calculator) if self._method.converged else None
        except Exception as error:  # noqa: BLE001 (whatever the user's calculator raises)
            if not self._method.batches:
                # What the calculator started may have died with it, as CP2K's shell does.
                self._calculator = None
            return Answer(failure=describe(error))
        return Answer(labels) if reason is None else Answer(failure=f"not converged: {reason}")

    def _unusable(self) -> str | None:
        """Make the calculator if there is none; say why it cannot be made."""
        if self._calculator is None:
            try:
                self._calculator = self._method.make()
            except Exception as error:  # noqa: BLE001 (as above)
                return describe(error)
        return None

    def close(self) -> None:
        """Nothing to end."""


class Elsewhere:
    """Evaluates through an executor: in another process, or on another machine.

    Raises
    ------
    CalculationError
        If the method cannot be sent to another process.
    """

    def __init__(self, method: Method, executor: Executor) -> None:
        try:
            self._method = pickle.dumps(method)
        except Exception as error:
            raise CalculationError(f"{method.name}: cannot be sent to another process ({error}); {_ADVICE}") from error
        self._executor = executor

    def submit(self, frames: Sequence[Atoms]) -> Future[list[Answer]]:
        """Evaluate configurations."""
        # Without their calculators, which may be some that cannot be sent.
        bare = [without_labels(atoms) for atoms in frames]
        answers: Future[list[Answer]] = Future()
        self._executor.submit(_answers, self._method, bare).add_done_callback(partial(self._settle, bare, answers))
        return answers

    def _settle(self, frames: list[Atoms], answers: Future[list[Answer]], done: Future[list[Answer]]) -> None:
        """Pass answers on, or try configurations one by one of which a process died."""
        error = None if done.cancelled() else done.exception()
        if done.cancelled():
            answers.cancel()
        elif error is None:
            answers.set_result(done.result())
        elif not isinstance(error, (WorkerDiedError, BrokenExecutor)):
            answers.set_exception(error)
        elif len(frames) == 1:
            answers.set_result([Answer(failure=_DIED, passing=True)])
        else:
            threading.Thread(target=self._one_by_one, args=(frames, answers), daemon=True).start()

    def _one_by_one(self, frames: list[Atoms], answers: Future[list[Answer]]) -> None:
        try:
            parts = [self.submit([atoms]) for atoms in frames]
            wait(parts)
            answers.set_result([answer for part in parts for answer in part.result()])
        except Exception as error:  # noqa: BLE001 (the executor is no longer there)
            answers.set_exception(error)


def _answers(method: bytes, frames: list[Atoms]) -> list[Answer]:
    """Evaluate configurations in a worker, which keeps the calculator of its last method."""
    if getattr(_kept, "method", None) != method:
        try:
            _kept.here = Here(pickle.loads(method))  # noqa: S301 (of Elsewhere)
        except Exception as error:  # noqa: BLE001 (whatever a module raises that is imported for it)
            reason = f"it is not known in another process ({type(error).__name__}: {error}); {_ADVICE}"
            return [Answer(unusable=reason)] * len(frames)
        _kept.method = method
    here: Here = _kept.here
    return here.answers(frames)


#: Of each thread, since calculators are not made for several.
_kept = threading.local()
