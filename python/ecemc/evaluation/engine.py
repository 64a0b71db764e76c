"""The engine: frames in, outcomes out, in order; in parallel, past failures, never twice."""

from __future__ import annotations

__all__ = ["Outcome", "evaluate"]

from collections import deque
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import TYPE_CHECKING, Any, NamedTuple

from ecemc.errors import CalculationError
from ecemc.evaluation.ledger import Ledger, result_key
from ecemc.evaluation.workers import Here, Worker, WorkerDiedError
from ecemc.threads import thread_count

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ase import Atoms

    from ecemc.labels import Labels
    from ecemc.methods import Method

#: Frames that may be under way or wait for an earlier one to finish, for each process.
_AHEAD = 8
_DIED = "the process that computed it died (a crash of the calculator, or too little memory)"


class Outcome(NamedTuple):
    """What came of one frame: labels, or the reason why there are none."""

    labels: Labels | None
    failure: str | None


def evaluate(
    frames: Iterable[Atoms],
    method: Method,
    *,
    n_jobs: int | None = None,
    ledger: Ledger | None = None,
    retry: bool = False,
) -> Iterator[Outcome]:
    """Evaluate frames, in parallel processes.

    Parameters
    ----------
    frames
        Taken as they are needed, a few ahead of what is given out.
    method
        What computes, see :func:`ecemc.methods.get_method`.
    n_jobs
        Frames at the same time. 1 computes in this process, more take processes of their own, which share the cores;
        None is as many as there are cores, see :func:`ecemc.threads.thread_count`.
    ledger
        Finished results are kept there and not computed again. A process that dies leaves no entry, so its frame is
        tried again in the next run.
    retry
        Try frames again that the ledger has as failed.

    Yields
    ------
    Outcome
        One for each frame, in order.

    Raises
    ------
    CalculationError
        If the method cannot be used at all, such as for a program that is not installed.

    Examples
    --------
    >>> from ase import Atoms
    >>> from ase.calculators.lj import LennardJones
    >>> from ecemc.methods import get_method
    >>> [round(outcome.labels.energy, 3) for outcome in evaluate([Atoms("He")], get_method(LennardJones()), n_jobs=1)]
    [0.0]
    """
    n_jobs = thread_count(n_jobs)
    slots: list[Any] = (
        [Here(method)] if n_jobs == 1 else [Worker(method, max(1, thread_count() // n_jobs)) for _ in range(n_jobs)]
    )
    queue = _Queue(method, slots, ledger, retry=retry)
    try:
        for atoms in frames:
            queue.add(atoms)
            yield from queue.finished()
        yield from queue.rest()
    finally:
        for slot in slots:
            slot.close()


class _Entry:
    """A frame on its way."""

    def __init__(self, key: str, outcome: Outcome | None) -> None:
        self.key, self.outcome = key, outcome


class _Queue:
    """Frames in order, each computed by the first slot that is free."""

    def __init__(self, method: Method, slots: list[Any], ledger: Ledger | None, *, retry: bool) -> None:
        self._method, self._ledger, self._retry = method, ledger, retry
        self._idle = list(slots)
        self._order: deque[_Entry] = deque()
        self._running: dict[Future[Any], tuple[_Entry, Any]] = {}
        self._longest = _AHEAD * len(slots)

    def add(self, atoms: Atoms) -> None:
        """Start a frame, or take its result from the ledger; waits for a free slot."""
        key = result_key(atoms, self._method.identity)
        known = self._ledger.get(key) if self._ledger is not None else None
        if known is not None and not (self._retry and known[0] is None):
            self._order.append(_Entry(key, Outcome(*known)))
            return
        while not self._idle:
            self._wait()
        slot, entry = self._idle.pop(), _Entry(key, None)
        self._order.append(entry)
        self._running[slot.submit(atoms)] = entry, slot

    def finished(self) -> Iterator[Outcome]:
        """Give out what is done at the head of the queue; wait where the queue has become long."""
        self._settle({future for future in self._running if future.done()})
        while self._order and (self._order[0].outcome is not None or len(self._order) >= self._longest):
            yield self._head()

    def rest(self) -> Iterator[Outcome]:
        """Give out all that is left."""
        while self._order:
            yield self._head()

    def _head(self) -> Outcome:
        while (outcome := self._order[0].outcome) is None:
            self._wait()
        self._order.popleft()
        return outcome

    def _wait(self) -> None:
        self._settle(wait(self._running, return_when=FIRST_COMPLETED).done)

    def _settle(self, done: set[Future[Any]]) -> None:
        """Take down results at once, whatever their place in the queue: no finished one is lost."""
        for future in done:
            entry, slot = self._running.pop(future)
            try:
                answer = future.result()
            except WorkerDiedError:
                entry.outcome = Outcome(None, _DIED)
            else:
                if answer.unusable is not None:
                    raise CalculationError(f"{self._method.name}: cannot be used: {answer.unusable}")
                entry.outcome = Outcome(answer.labels, answer.failure)
                if self._ledger is not None:
                    self._ledger.put(entry.key, *entry.outcome)
            self._idle.append(slot)
