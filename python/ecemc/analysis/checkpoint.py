"""Going on after an interruption: the state of an analysis and the place in its input, written now and then."""

from __future__ import annotations

__all__ = ["Checkpoint", "remove_checkpoint"]

import hashlib
import json
import os
import time
from typing import TYPE_CHECKING, Any

from ecemc._core import __version__
from ecemc.analysis.analyzer import Analyzer
from ecemc.analysis.state import State
from ecemc.errors import FileFormatError, InputError
from ecemc.files import write_atomically
from ecemc.trajectory import Position

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

#: Seconds between two checkpoints: what an interruption loses at most, and rarely enough to cost nothing.
INTERVAL = 10.0


class Checkpoint:
    """A file that one analysis writes and that only the same one goes on from.

    Parameters
    ----------
    path
        The file; it need not exist.
    task
        What is done to what: plain values by name. Another task is not continued.
    inputs
        The files that are read. They may grow, but what they had must stay the same.
    """

    def __init__(self, path: Path, task: dict[str, Any], inputs: Sequence[Path]) -> None:
        self._path = path
        # As it comes back from the file: tuples become lists.
        self._task = json.loads(json.dumps(task | {"input": [str(name) for name in inputs], "version": __version__}))
        self._inputs = inputs
        self._marks = [_mark(name) for name in inputs]
        self._written = time.monotonic()

    def load(self) -> tuple[Analyzer, Position] | None:
        """Give the analysis so far and the place in its input; None if there is none to go on with.

        Raises
        ------
        InputError
            If the file is the checkpoint of another task; says how they differ.
        FileFormatError
            If it is damaged.
        """
        try:
            content = self._path.read_bytes()
        except FileNotFoundError:
            return None
        try:
            state = State.from_bytes(content)
            task, marks, place = (json.loads(state.text(name)) for name in ("task", "marks", "position"))
            self._require_same(dict(task), marks)
            place |= {name: tuple(value) for name, value in place.items() if isinstance(value, list)}
            return Analyzer.from_bytes(state.blob("analysis")), Position(**place)
        except (FileFormatError, AttributeError, KeyError, TypeError) as error:
            raise FileFormatError(f"{self._path}: no checkpoint, or a damaged one; {_MEND}") from error

    def _require_same(self, task: dict[str, Any], marks: list[Any]) -> None:
        for name, wanted in self._task.items():
            if task.get(name) != wanted:
                got = _short(task.get(name))
                raise InputError(
                    f"{self._path}: the checkpoint of another analysis, with {name}={got} instead of {_short(wanted)}; "
                    f"repeat that one to finish it, {_MEND}"
                )
        for path, (size, digest) in zip(self._inputs, marks, strict=True):
            if _mark(path, size) != [size, digest]:
                raise InputError(
                    f"{self._path}: the checkpoint of another analysis: {path} is not the file any more that it was; "
                    f"{_MEND}"
                )

    def due(self) -> bool:
        """Whether it is time to write again."""
        return time.monotonic() - self._written >= INTERVAL

    def save(self, analyzer: Analyzer, position: Position) -> None:
        """Write whole or not at all."""
        state = State()
        state.put("task", json.dumps(self._task))
        state.put("marks", json.dumps(self._marks))
        state.put("position", json.dumps(position._asdict()))
        state.put("analysis", analyzer.to_bytes())
        self._path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(self._path, state.to_bytes())
        self._written = time.monotonic()


def remove_checkpoint(path: Path) -> None:
    """Take it away, and what writers that were killed have left of it."""
    for file in (path, *path.parent.glob(f".*.{path.name}")):
        file.unlink(missing_ok=True)


_MEND = "choose another folder, or start over with --restart"


#: Bytes from both ends of a file that tell whether it is the same.
_ENDS = 1 << 16


def _mark(path: Path, size: int | None = None) -> list[Any]:
    """Size of a file and hash of its ends, or of the first ``size`` bytes of it; a pipe has neither."""
    if not path.is_file():
        return [0, ""]
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END) if size is None else size
        digest = hashlib.sha256()
        for start in (0, max(0, size - _ENDS)):
            file.seek(start)
            digest.update(file.read(min(_ENDS, size)))
    return [size, digest.hexdigest()]


def _short(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 500 else f"{text[:499]}…"
