"""One file of frames, whatever reads it."""

from __future__ import annotations

__all__ = ["ReadOptions", "Source", "batched"]

from abc import ABC, abstractmethod
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from ecemc import _core
from ecemc.frames import atoms_from_record
from ecemc.trajectory.index import Choice

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from os import PathLike
    from pathlib import Path

    from ase import Atoms

#: Frames that are not parsed in compiled code are handed over together until they hold that many atoms.
_ATOMS_PER_BATCH = 50_000


@dataclass(frozen=True)
class ReadOptions:
    """What the content of a file does not say; see :func:`ecemc.iread`."""

    format: str | None = None
    types: Sequence[str] | Mapping[Any, str] | None = None
    units: str | None = None
    topology: str | PathLike[str] | None = None
    incomplete: str = "error"
    n_threads: int | None = None


class Source(ABC):
    """Frames of one file; a format gives records, or overrides what it can do better."""

    #: Whether :meth:`atoms` gives more than batches can hold.
    rich = False
    #: Message about a last frame that is cut off and was left out (``incomplete="stop"``).
    truncated: str | None = None
    #: Units that were taken for those of a file that names none.
    assumed_units: str | None = None
    #: Where :meth:`batches` is: what it takes to go on after the frames given so far.
    position: Sequence[int] = ()
    #: Bytes of the file, if positions begin with a number of bytes of it.
    size: int | None = None

    def __init__(self, path: Path, format: str, options: ReadOptions) -> None:  # noqa: A002
        self.path = path
        self.format = format
        self.options = options

    @abstractmethod
    def records(self, choice: Choice) -> Iterator[dict[str, Any]]:
        """Give frames as :class:`ecemc._core.Frames` describes one, in the order of the file."""

    def atoms(self, choice: Choice) -> Iterator[Atoms]:
        """Give frames as ``Atoms``."""
        return map(atoms_from_record, self.records(choice))

    def batches(self, choice: Choice, position: Sequence[int] | None = None) -> Iterator[_core.Frames]:
        """Give frames many at a time, in compiled memory; from a position on, which is reached by reading."""
        done = position[0] if position else 0
        for frames in batched(islice(self.records(choice), done, None)):
            done += len(frames)
            self.position = (done,)
            yield frames

    def count(self) -> int:
        """Count the whole frames."""
        return sum(1 for _ in self.records(Choice()))


def batched(records: Iterable[dict[str, Any]]) -> Iterator[_core.Frames]:
    """Gather records into batches."""
    batch: list[dict[str, Any]] = []
    n_atoms = 0
    for record in records:
        batch.append(record)
        n_atoms += len(record["numbers"])
        if n_atoms >= _ATOMS_PER_BATCH:
            yield _core.Frames.from_records(batch)
            batch, n_atoms = [], 0
    if batch:
        yield _core.Frames.from_records(batch)
