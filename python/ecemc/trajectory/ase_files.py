"""Everything that ASE reads, through ASE."""

from __future__ import annotations

__all__ = ["AseSource"]

from typing import TYPE_CHECKING, Any

import ase.io
import ase.units
from ase.io.formats import ioformats

from ecemc.errors import FileFormatError, InputError
from ecemc.frames import record_from_atoms
from ecemc.keys import TIME
from ecemc.trajectory.index import Choice
from ecemc.trajectory.source import Source

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ase import Atoms

    from ecemc.trajectory.source import ReadOptions

#: Formats for which ASE gives ``info["time"]`` in its own unit.
_ASE_TIME = frozenset({"castep-geom", "castep-md", "castep-ts"})


class AseSource(Source):
    """A file that ASE reads; frame by frame where ASE does so."""

    rich = True

    def __init__(self, path: Path, format: str, options: ReadOptions) -> None:  # noqa: A002
        if format not in ioformats or not ioformats[format].can_read:
            known = "extxyz, lammps-dump, cp2k, dcd, xtc, trr, h5md, ncdf"
            raise InputError(f"format: got {format!r}, expected {known} or the name of a format that ASE reads")
        super().__init__(path, format, options)
        self._single = ioformats[format].single

    def atoms(self, choice: Choice) -> Iterator[Atoms]:
        """Give frames as ASE does."""
        if self._single:
            return choice.of(self._checked(ase.io.iread(str(self.path), format=self.format), 0, 1))
        wanted = slice(choice.start, choice.stop, choice.step)
        frames = ase.io.iread(str(self.path), index=wanted, format=self.format)
        return self._checked(frames, choice.start, choice.step)

    def _checked(self, frames: Iterator[Atoms], number: int, step: int) -> Iterator[Atoms]:
        """Say where it was that ASE gave up."""
        any_whole = False
        while True:
            try:
                atoms = next(frames, None)
            except Exception as error:  # whatever a parser stumbles over
                if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno is not None):
                    raise
                said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
                message = f"{self.path}: frame {number}: ASE cannot read this as {self.format}: {said}"
                if self.options.incomplete != "stop" or not any_whole:
                    raise FileFormatError(message) from error
                self.truncated = f"{message}; the frames before it are whole"
                return
            if atoms is None:
                return
            if self.format in _ASE_TIME and TIME in atoms.info:
                atoms.info[TIME] = float(atoms.info[TIME]) / ase.units.fs
            yield atoms
            any_whole = True
            number += step

    def records(self, choice: Choice) -> Iterator[dict[str, Any]]:
        """Give what of the frames fits into arrays."""
        return map(record_from_atoms, self.atoms(choice))

    def count(self) -> int:
        """Count the frames; only ``.traj`` knows them without being read."""
        if self.format == "traj":
            from ase.io import Trajectory  # noqa: PLC0415

            with Trajectory(str(self.path)) as trajectory:
                return len(trajectory)
        return sum(1 for _ in self.atoms(Choice()))
