"""The engine: frames in, outcomes out, in order; in parallel, past failures, never twice."""

from __future__ import annotations

__all__ = ["Outcome", "Tally", "evaluate"]

from collections import deque
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, NamedTuple

from ecemc.errors import CalculationError
from ecemc.evaluation.ledger import Ledger, result_key
from ecemc.evaluation.workers import Elsewhere, Here
from ecemc.jobs import open_executor
from ecemc.threads import thread_count

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Executor

    from ase import Atoms

    from ecemc.evaluation.workers import Answer
    from ecemc.labels import Labels
    from ecemc.methods import Method

#: Frames that may be under way or wait for an earlier one to finish, for each process.
_AHEAD = 8
#: Of an executor of which we do not know how much it can do.
_AT_ONCE = 16
#: Atoms, and frames, that are given at once to a method that takes many.
_BATCH_ATOMS, _BATCH = 2000, 200


class Outcome(NamedTuple):
    """What came of one frame: labels, or the reason why there are none."""

    labels: Labels | None
    failure: str | None


class Tally:
    """Counts outcomes of several evaluations, for a progress bar.

    Parameters
    ----------
    progress
        Called with the number of outcomes and their part of ``total``; may be None.
    total
        Outcomes to come.

    Examples
    --------
    >>> tally = Tally(lambda done, part: print(done, part), 2)
    >>> _ = tally.all([Outcome(None, "no energy")])
    1 0.5
    """

    def __init__(self, progress: Callable[[int, float], None] | None, total: int) -> None:
        self._progress, self._total, self._done = progress, total, 0

    def all(self, outcomes: Iterable[Outcome]) -> list[Outcome]:
        """Take outcomes as they come."""
        found = []
        for outcome in outcomes:
            found.append(outcome)
            self._done += 1
            if self._progress is not None:
                self._progress(self._done, self._done / self._total)
        return found


def evaluate(
    frames: Iterable[Atoms],
    method: Method,
    *,
    n_jobs: int | None = None,
    ledger: Ledger | None = None,
    retry: bool = False,
    executor: Executor | None = None,
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
        None is as many as there are cores, see :func:`ecemc.threads.thread_count`, but 1 for a method that takes many
        frames at once (``method.batches``), which has threads of its own.
    ledger
        Finished results are kept there and not computed again, also a frame that is there twice. A process that dies
        leaves no entry, so its frame is tried again in the next run.
    retry
        Try frames again that the ledger has as failed.
    executor
        Computes instead of processes of our own, `n_jobs` frames or batches at the same time (16); see
        :func:`ecemc.jobs.open_executor`.

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
    if executor is None:
        n_jobs = 1 if n_jobs is None and method.batches else thread_count(n_jobs)
    with ExitStack() as stack:
        if executor is None and n_jobs == 1:
            slots: list[Any] = [Here(method)]
        else:
            chosen = stack.enter_context(open_executor(executor, n_jobs=n_jobs))
            slots = [Elsewhere(method, chosen)] * (n_jobs or _AT_ONCE)
        queue = _Queue(method, slots, ledger, retry=retry)
        for atoms in frames:
            queue.add(atoms)
            yield from queue.finished()
        yield from queue.rest()


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
        self._next: list[tuple[_Entry, Atoms]] = []  # waits for more to go with
        self._pending: dict[str, _Entry] = {}  # what the ledger will soon know
        self._running: dict[Future[list[Answer]], tuple[list[_Entry], Any]] = {}
        self._longest = _AHEAD * len(slots) * (_BATCH if method.batches else 1)

    def add(self, atoms: Atoms) -> None:
        """Start a frame, or take its result from the ledger; waits for a free slot."""
        key = result_key(atoms, self._method.identity)
        if (entry := self._pending.get(key)) is not None:
            self._order.append(entry)
            return
        entry = _Entry(key, self._known(key))
        self._order.append(entry)
        if entry.outcome is not None:
            return
        if self._ledger is not None:
            self._pending[key] = entry
        self._next.append((entry, atoms))
        if not self._method.batches or len(self._next) == _BATCH or self._n_atoms() >= _BATCH_ATOMS:
            self._start()

    def finished(self) -> Iterator[Outcome]:
        """Give out what is done at the head of the queue; wait where the queue has become long."""
        self._settle({future for future in self._running if future.done()})
        while self._order and (self._order[0].outcome is not None or len(self._order) >= self._longest):
            yield self._head()

    def rest(self) -> Iterator[Outcome]:
        """Give out all that is left."""
        if self._next:
            self._start()
        while self._order:
            yield self._head()

    def _known(self, key: str) -> Outcome | None:
        known = self._ledger.get(key) if self._ledger is not None else None
        return None if known is None or (self._retry and known[0] is None) else Outcome(*known)

    def _n_atoms(self) -> int:
        return sum(len(atoms) for _, atoms in self._next)

    def _start(self) -> None:
        while not self._idle:
            self._wait()
        slot, batch, self._next = self._idle.pop(), self._next, []
        self._running[slot.submit([atoms for _, atoms in batch])] = [entry for entry, _ in batch], slot

    def _head(self) -> Outcome:
        while (outcome := self._order[0].outcome) is None:
            if not self._running:
                self._start()
            self._wait()
        self._order.popleft()
        return outcome

    def _wait(self) -> None:
        self._settle(wait(self._running, return_when=FIRST_COMPLETED).done)

    def _settle(self, done: set[Future[list[Answer]]]) -> None:
        """Take down results at once, whatever their place in the queue: no finished one is lost."""
        for future in done:
            entries, slot = self._running.pop(future)
            kept = []
            for entry, answer in zip(entries, future.result(), strict=True):
                if answer.unusable is not None:
                    raise CalculationError(f"{self._method.name}: cannot be used: {answer.unusable}")
                entry.outcome = Outcome(answer.labels, answer.failure)
                self._pending.pop(entry.key, None)
                if not answer.passing:
                    kept.append((entry.key, *entry.outcome))
            if self._ledger is not None:
                self._ledger.put_all(kept)
            self._idle.append(slot)
