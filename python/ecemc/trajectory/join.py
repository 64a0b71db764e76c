"""One trajectory out of one or several files."""

from __future__ import annotations

__all__ = ["Position", "Trajectory"]

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ecemc.errors import FileFormatError, InputError
from ecemc.frames import atoms_from_record
from ecemc.keys import STEP, TIME
from ecemc.trajectory.index import Choice, missing, parse_index, resolve
from ecemc.trajectory.open import open_source
from ecemc.trajectory.source import ReadOptions

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from os import PathLike

    from ase import Atoms

    from ecemc import _core
    from ecemc.trajectory.source import Source


class Position(NamedTuple):
    """Where a trajectory is: numbers that make a checkpoint."""

    #: index of the file and, within it, whatever its reader needs
    file: int = 0
    within: tuple[int, ...] | None = None
    #: frames of the joined trajectory so far, and those left out
    frames: int = 0
    dropped: int = 0
    #: largest step (or time) of the files before, and of all so far
    before: float = -math.inf
    last: float = -math.inf
    #: what was noticed in the files so far, see :class:`Trajectory`
    truncated: tuple[str, ...] = ()
    assumed_units: str | None = None


_START = Position()


class Trajectory:
    """Frames of one file, or of several as if they were one: what :func:`ecemc.iread` and the commands stand on.

    Parameters
    ----------
    paths
        A file, or several in the order of the run.
    index
        As in :func:`ecemc.iread`; applies to the joined trajectory.
    options
        What the files do not say themselves.
    join
        How several files belong together. ``"restart"``: each continues the run before it. They must hold the same
        elements, each must start later than the one before, and frames that an earlier file already gave (by ``step``,
        else by ``time``) are left out. ``"append"``: one after the other as they are, whatever they hold.

    Attributes
    ----------
    paths : tuple of Path
        The files.
    formats : tuple of str
        Their formats.
    choice : Choice
        ``start``, ``stop`` and ``step`` of the index: the k-th frame delivered is number ``start + k·step``.
    dropped : int
        Frames left out so far because an earlier file had them.
    position : Position
        Where :meth:`batches` is, after the frames it gave so far.

    Raises
    ------
    FileFormatError, OSError, InputError, MissingExtraError
        If a file cannot be opened, or the files do not belong together.
    """

    def __init__(
        self,
        paths: str | PathLike[str] | Sequence[str | PathLike[str]],
        index: int | str | slice = ":",
        options: ReadOptions | None = None,
        *,
        join: str = "restart",
    ) -> None:
        parse_index(index)
        options = options or ReadOptions()
        if options.incomplete not in {"error", "stop"}:
            raise InputError(f"incomplete: got {options.incomplete!r}, expected 'error' or 'stop'")
        if join not in {"restart", "append"}:
            raise InputError(f"join: got {join!r}, expected 'restart' or 'append'")
        self.options, self.join = options, join
        self.paths = _paths(paths)
        self._sources: list[Source] = [open_source(path, options) for path in self.paths]
        self._key = _common_key(self._sources) if join == "restart" and len(self._sources) > 1 else None
        self.dropped = 0
        self.position = self._resumed = _START
        self._index = index
        self.choice = resolve(index, self.count, str(self))

    def __str__(self) -> str:
        """Name for messages."""
        return " + ".join(map(str, self.paths))

    @property
    def formats(self) -> tuple[str, ...]:
        """Formats of the files."""
        return tuple(source.format for source in self._sources)

    @property
    def truncated(self) -> tuple[str, ...]:
        """Messages about last frames that are cut off, of the files read so far (``incomplete="stop"``)."""
        here = [source.truncated for source in self._sources if source.truncated]
        return tuple(dict.fromkeys([*self._resumed.truncated, *here]))

    @property
    def assumed_units(self) -> str | None:
        """Units that were taken for those of files that name none (LAMMPS dumps), if any number depends on them."""
        here = (source.assumed_units for source in self._sources if source.assumed_units)
        return self._resumed.assumed_units or next(here, None)

    @property
    def notes(self) -> tuple[str, ...]:
        """What there is to know about the files so far, in sentences: overlaps, a last frame cut off, units assumed."""
        notes = list(self.truncated)
        if self.dropped:
            notes.append(f"{self.dropped} frames that an earlier file already has are left out")
        if self.assumed_units is not None:
            notes.append(
                f"velocities, forces and times are taken to be in units {self.assumed_units!r}, since the file names "
                "none; units= (command line: --units) settles it"
            )
        return tuple(notes)

    @property
    def fraction(self) -> float | None:
        """Part of the files that is read, in bytes; None where that cannot be told, as for what is compressed."""
        sizes = [source.size for source in self._sources]
        if None in sizes or not self.position.within:
            return None
        done = sum(sizes[: self.position.file]) + self.position.within[0]  # type: ignore[arg-type]
        return min(1.0, done / max(1, sum(sizes)))  # type: ignore[arg-type]

    def count(self) -> int:
        """Count the whole frames of the joined trajectory; reads it where nothing else tells."""
        if len(self._sources) == 1 or self._key is None:
            return sum(source.count() for source in self._sources)
        return sum(len(frames) for frames, _ in self._joined(Choice(), _START))

    def atoms(self) -> Iterator[Atoms]:
        """Give the frames of the index one by one; backwards ones are held in memory."""
        frames: Iterator[Atoms]
        if len(self._sources) == 1:
            frames = self._sources[0].atoms(self.choice)
        elif any(source.rich for source in self._sources):
            frames = self.choice.of(self._joined_atoms())  # with all that batches cannot hold
        else:
            frames = (atoms_from_record(frames[k]) for frames in self._forward(None) for k in range(len(frames)))
        if self.choice.single:
            frames = self._single(frames)
        return reversed(list(frames)) if self.choice.reverse else frames

    def batches(self, position: Position | None = None) -> Iterator[_core.Frames]:
        """Give the frames of the index many at a time, in compiled memory, in the order of the files.

        Parameters
        ----------
        position
            What :attr:`position` was: goes on after the frames that were given until then.
        """
        if self.choice.reverse:
            message = f"index: got {self._index!r}, expected a positive step (batches come in the order of the file)"
            raise InputError(message)
        return self._forward(position)

    def _forward(self, position: Position | None) -> Iterator[_core.Frames]:
        start = _START if position is None else position
        self.position = self._resumed = start
        self.dropped = start.dropped
        if len(self._sources) > 1:
            for frames, reached in self._joined(self.choice, start):
                self.position = reached._replace(truncated=self.truncated, assumed_units=self.assumed_units)
                self.dropped = reached.dropped
                if len(frames):
                    yield frames
            return
        source = self._sources[0]
        for frames in source.batches(self.choice, start.within):
            within = tuple(source.position)
            self.position = _START._replace(within=within, assumed_units=self.assumed_units)
            yield frames

    def _joined(self, choice: Choice, at: Position) -> Iterator[tuple[_core.Frames, Position]]:
        """Give the new and chosen frames of each batch, maybe none, and where to go on after it."""
        for file in range(at.file, len(self._sources)):
            source = self._sources[file]
            if file > at.file:
                at = at._replace(file=file, within=None, before=at.last)
            for frames in source.batches(Choice(), at.within):
                values = np.full(len(frames), np.nan) if self._key is None else frames.reals([self._key], 1)[:, 0]
                new = np.flatnonzero(~(values <= at.before))
                numbers = at.frames + np.arange(len(new))
                stop = np.inf if choice.stop is None else choice.stop
                wanted = (numbers >= choice.start) & (numbers < stop) & ((numbers - choice.start) % choice.step == 0)
                at = Position(
                    file, tuple(source.position), at.frames + len(new), at.dropped + len(frames) - len(new),
                    at.before, float(np.nanmax(values, initial=at.last)),
                )  # fmt: skip
                chosen = new[wanted]
                yield (frames if len(chosen) == len(frames) else frames.take(chosen.tolist())), at
                if at.frames >= stop:
                    return

    def _joined_atoms(self) -> Iterator[Atoms]:
        self.dropped = 0
        last = -np.inf
        for source in self._sources:
            before = last
            for atoms in source.atoms(Choice()):
                value = np.nan if self._key is None else atoms.info.get(self._key, np.nan)
                if value <= before:
                    self.dropped += 1
                    continue
                last = max(last, value) if value == value else last  # noqa: PLR0124  (NaN is not itself)
                yield atoms

    def _single(self, frames: Iterator[Atoms]) -> Iterator[Atoms]:
        none = True
        for atoms in frames:
            none = False
            yield atoms
        if none:
            raise missing(str(self), self.choice.start, self.count())


def _paths(paths: str | PathLike[str] | Sequence[str | PathLike[str]]) -> tuple[Path, ...]:
    several = isinstance(paths, (list, tuple))
    try:
        found = tuple(map(Path, paths if several else [paths]))  # type: ignore[arg-type]
    except TypeError as error:
        raise InputError(f"path: got {paths!r}, expected the path of a file or a list of them") from error
    if not found:
        raise InputError("path: got an empty list, expected at least one file")
    return found


def _common_key(sources: list[Source]) -> str | None:
    """Check that files continue each other; give what tells their frames apart, if they all have it."""
    firsts = [_first(source) for source in sources]
    for source, record in zip(sources[1:], firsts[1:], strict=True):
        if not np.array_equal(np.sort(record["numbers"]), np.sort(firsts[0]["numbers"])):
            message = (
                f"{source.path}: holds other atoms ({_formula(record)}) than {sources[0].path} "
                f"({_formula(firsts[0])}), so it does not continue it; different systems are read one after the other "
                "with join='append' (command line: --append)"
            )
            raise InputError(message)
    for key in (STEP, TIME):
        starts = [record["info"].get(key) for record in firsts]
        if all(isinstance(start, (int, float)) for start in starts):
            _check_order(sources, key, starts)
            return key
    return None


def _check_order(sources: list[Source], key: str, starts: list[Any]) -> None:
    for k in range(1, len(sources)):
        if not starts[k] > starts[k - 1]:
            message = (
                f"{sources[k].path}: starts at {key} {starts[k]}, not after {sources[k - 1].path} ({key} "
                f"{starts[k - 1]}), so it does not continue it; give the files in the order of the run, or read runs "
                "that are independent with join='append' (command line: --append)"
            )
            raise InputError(message)


def _first(source: Source) -> dict[str, Any]:
    first = next(iter(source.records(Choice(0, 1))), None)
    if first is None:
        raise FileFormatError(f"{source.path}: has no whole frame")
    return first


def _formula(record: dict[str, Any]) -> str:
    from ase.formula import Formula  # noqa: PLC0415
    from ase.symbols import Symbols  # noqa: PLC0415

    return str(Formula(Symbols(record["numbers"]).get_chemical_formula()))
