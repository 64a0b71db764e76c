"""The program that a worker is: the method comes first, then configuration after configuration."""

from __future__ import annotations

__all__ = ["main"]

import os
import pickle
import sys
from typing import TYPE_CHECKING, Any

from ecemc.evaluation.workers import Answer, Here

if TYPE_CHECKING:
    from collections.abc import Callable


def main() -> None:
    """Answer on standard output until standard input ends."""
    # What calculators print goes to stderr; the answers have the pipe for themselves.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    requests = sys.stdin.buffer
    path, method = pickle.load(requests)  # noqa: S301 (from the parent)
    sys.path[:] = path
    answer = _answers(method)
    while True:
        try:
            atoms = pickle.load(requests)  # noqa: S301 (as above)
        except EOFError:
            return
        pickle.dump(answer(atoms), answers)
        answers.flush()


def _answers(method: bytes) -> Callable[[Any], Answer]:
    try:
        return Here(pickle.loads(method)).answer  # noqa: S301 (as above)
    except Exception as error:  # noqa: BLE001 (whatever a module raises that is imported for it)
        advice = "take n_jobs=1, or put the function that makes the calculator into a file: get_method('FILE.py')"
        unusable = Answer(unusable=f"it is not known in another process ({type(error).__name__}: {error}); {advice}")
        return lambda _: unusable
