"""Which frames of a trajectory are wanted."""

from __future__ import annotations

__all__ = ["Choice", "missing", "parse_index", "resolve"]

import operator
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from ecemc.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

T = TypeVar("T")


class Choice(NamedTuple):
    """Frames ``start, start + step, ...`` below ``stop``, to be given backwards or as a single one."""

    start: int = 0
    stop: int | None = None
    step: int = 1
    reverse: bool = False
    single: bool = False

    def of(self, frames: Iterable[T]) -> Iterator[T]:
        """Pick the chosen ones, in the order of the file."""
        return islice(frames, self.start, self.stop, self.step)


def parse_index(index: int | str | slice) -> int | slice:
    """Turn what may be text into a number or a slice.

    Raises
    ------
    InputError
        If it is neither.

    Examples
    --------
    >>> parse_index("::10"), parse_index("-1")
    (slice(None, None, 10), -1)
    """
    try:
        if isinstance(index, str):
            parts = [int(part) if part.strip() else None for part in index.split(":")]
            index = slice(*parts) if len(parts) > 1 else operator.index(parts[0])  # type: ignore[arg-type]
        if not isinstance(index, slice):
            return operator.index(index)
        bounds = [None if part is None else operator.index(part) for part in (index.start, index.stop, index.step)]
        if bounds[2] != 0:
            return slice(*bounds)
    except (TypeError, ValueError):
        pass
    message = f"index: got {index!r}, expected a whole number or a slice such as ':', '::10', '100:200' or -1"
    raise InputError(message)


def resolve(index: int | str | slice, count: Callable[[], int], name: str) -> Choice:
    """Understand an index; ``count`` is called only where the number of frames matters.

    Raises
    ------
    InputError
        If the index is none, or counts further back than there are frames.
    """
    wanted = parse_index(index)
    if isinstance(wanted, int):
        if wanted >= 0:
            return Choice(wanted, wanted + 1, 1, single=True)
        n = count()
        if n + wanted < 0:
            raise missing(name, wanted, n)
        return Choice(n + wanted, n + wanted + 1, 1, single=True)
    start, stop, step = wanted.start, wanted.stop, wanted.step
    if (step is None or step > 0) and (start or 0) >= 0 and (stop is None or stop >= 0):
        return Choice(start or 0, stop, step or 1)
    frames = range(*wanted.indices(count()))
    forward = frames if frames.step > 0 else frames[::-1]
    return Choice(forward.start, max(forward.stop, 0), forward.step, reverse=frames.step < 0)


def missing(name: str, index: int, n: int) -> InputError:
    """Say that a single frame is not there."""
    return InputError(f"index: got {index}, but {name} has {n} frame{'s' * (n != 1)}")
