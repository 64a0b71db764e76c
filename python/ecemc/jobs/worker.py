"""The program that a process of :class:`~ecemc.jobs.processes.ProcessExecutor` is: one call after the other."""

from __future__ import annotations

__all__ = ["main"]

import os
import pickle
import sys
from queue import SimpleQueue
from threading import Thread
from typing import Any

from ecemc.errors import CalculationError
from ecemc.jobs.processes import call
from ecemc.jobs.run import describe


def main() -> None:
    """Answer on standard output; end when standard input does."""
    # What jobs print goes to stderr; the answers have the pipe for themselves.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    requests: SimpleQueue[bytes] = SimpleQueue()
    Thread(target=_listen, args=(requests,), daemon=True).start()
    sys.path[:] = pickle.loads(requests.get())  # noqa: S301 (from the parent)
    while True:
        answers.write(_answer(requests.get()))
        answers.flush()


def _listen(requests: SimpleQueue[bytes]) -> None:
    """Take requests in; when the parent is gone, end at once: another one may begin the same work."""
    pipe = sys.stdin.buffer
    while len(head := pipe.read(8)) == 8:
        size = int.from_bytes(head, "little")
        content = pipe.read(size)
        if len(content) < size:
            break
        requests.put(content)
    os._exit(0)


def _answer(request: bytes) -> bytes:
    try:
        return pickle.dumps((True, call(request)))
    except Exception as error:  # noqa: BLE001 (whatever the job raises)
        return pickle.dumps((False, _sendable(error)))


def _sendable(error: Exception) -> Any:
    """Give the error if it survives the pipe, else its text."""
    try:
        copy = pickle.loads(pickle.dumps(error))  # noqa: S301 (our own)
    except Exception:  # noqa: BLE001 (whatever its parts raise)
        return CalculationError(describe(error))
    return copy if str(copy) == str(error) else CalculationError(describe(error))
