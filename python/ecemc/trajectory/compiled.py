"""Formats that are parsed in compiled code: extended XYZ and LAMMPS text dumps."""

from __future__ import annotations

__all__ = ["CompiledSource"]

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ecemc import _core
from ecemc.trajectory.source import Source

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ecemc.trajectory.index import Choice


class CompiledSource(Source):
    """A file for :class:`ecemc._core.TrajectoryReader`."""

    @property
    def size(self) -> int | None:  # type: ignore[override]
        """Bytes; None for a compressed file, whose positions count what comes out of it, and for a pipe."""
        if not self.path.is_file():
            return None
        with self.path.open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
        return None if packed else self.path.stat().st_size

    def batches(self, choice: Choice, position: Sequence[int] | None = None) -> Iterator[_core.Frames]:
        """Give frames many at a time, parsed on several threads."""
        return self._followed(self._reader(choice, position))

    def records(self, choice: Choice) -> Iterator[dict[str, Any]]:
        """Give frames one by one."""
        return (frames[k] for frames in self.batches(choice) for k in range(len(frames)))

    def count(self) -> int:
        """Count frames without parsing them."""
        return _core.count_frames(self.path, self.format)

    def _reader(self, choice: Choice, position: Sequence[int] | None) -> _core.TrajectoryReader:
        dump = self.format == "lammps-dump"
        given = self.options.types
        types = None if given is None else dict(given) if isinstance(given, Mapping) else list(given)
        at = None if position is None else (position[0], position[1], position[2])
        return _core.TrajectoryReader(
            self.path, choice.start, choice.stop, choice.step, self.options.n_threads,
            format=self.format, types=types if dump else None, units=self.options.units if dump else None,
            position=at, incomplete=self.options.incomplete,
        )  # fmt: skip

    def _followed(self, reader: _core.TrajectoryReader) -> Iterator[_core.Frames]:
        """Remember how far the reader is and what it noticed."""
        for frames in reader:
            self.position = reader.position
            self.assumed_units = reader.assumed_units
            yield frames
        if reader.truncated is not None:
            self.truncated = f"{self.path}: {reader.truncated}"
