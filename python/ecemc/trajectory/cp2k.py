"""Trajectories of CP2K: xyz files with the time in the comment, forces, velocities and cell in files beside them."""

from __future__ import annotations

__all__ = ["Cp2kSource"]

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from ecemc.errors import FileFormatError
from ecemc.keys import STEP, TIME
from ecemc.trajectory.compiled import CompiledSource
from ecemc.trajectory.index import Choice
from ecemc.trajectory.source import Source
from ecemc.trajectory.topology import read_topology
from ecemc.units import BOHR_TO_A, HARTREE_TO_EV, HBAR_EV_FS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from ecemc.trajectory.source import ReadOptions

_FORCE = HARTREE_TO_EV / BOHR_TO_A
#: Atomic unit of velocity, bohr·E_h/ħ, in Å/fs.
_VELOCITY = BOHR_TO_A * HARTREE_TO_EV / HBAR_EV_FS


class Cp2kSource(Source):
    """``PROJECT-pos-1.xyz`` with ``PROJECT-frc-1.xyz``, ``PROJECT-vel-1.xyz`` and ``PROJECT-1.cell`` if they are there.

    CP2K's default units are taken for granted: Å, E_h/bohr, bohr·E_h/ħ, fs.
    """

    def __init__(self, path: Path, format: str, options: ReadOptions) -> None:  # noqa: A002
        super().__init__(path, format, options)
        self._text = CompiledSource(path, "extxyz", options)
        self._forces = self._beside("frc")
        self._velocities = self._beside("vel")
        self._cells = self._sibling(lambda head, tail: f"{head}-{tail}.cell")

    def records(self, choice: Choice) -> Iterator[dict[str, Any]]:
        """Give frames one by one; the files beside are read along, so that leaving frames out saves little."""
        return choice.of(self._all())

    def count(self) -> int:
        """Count frames without parsing them."""
        return self._text.count()

    def _all(self) -> Iterator[dict[str, Any]]:
        forces, velocities = (self._rows(path) if path else None for path in (self._forces, self._velocities))
        cells = _cell_rows(self._cells) if self._cells else None
        fixed = self._fixed_cell()
        for record in self._text.records(Choice()):
            said = record["info"]
            step = said.get("i")
            record["info"] = {
                key: value * factor
                for key, name, factor in ((STEP, "i", 1), (TIME, "time", 1.0), ("energy", "E", HARTREE_TO_EV))
                if isinstance(value := said.get(name), (int, float))
            }
            if forces is not None and self._forces is not None:
                record["columns"]["forces"] = _along(forces, step, self._forces, self.path) * _FORCE
            if velocities is not None and self._velocities is not None:
                record["velocities"] = _along(velocities, step, self._velocities, self.path) * _VELOCITY
            lattice = _along(cells, step, self._cells, self.path) if cells is not None and self._cells else fixed
            if lattice is not None:
                record["lattice"], record["pbc"] = lattice, (True, True, True)
            yield record
        self.truncated = self._text.truncated

    def _rows(self, path: Path) -> Iterator[tuple[int, NDArray[np.float64]]]:
        """Three numbers for each atom, frame by frame."""
        for record in CompiledSource(path, "extxyz", self.options).records(Choice()):
            yield record["info"].get("i"), record["positions"]

    def _fixed_cell(self) -> NDArray[np.float64] | None:
        if self._cells is not None or self.options.topology is None:
            return None
        return read_topology(self.options.topology, self.options.types).cell

    def _beside(self, what: str) -> Path | None:
        return self._sibling(lambda head, tail: f"{head}-{what}-{tail}.xyz")

    def _sibling(self, name: Any) -> Path | None:
        """Find the file beside, if this one is called as CP2K calls it and that one is there."""
        match = re.fullmatch(r"(.*)-pos-(\d+)\.xyz", self.path.name)
        path = self.path.with_name(name(match[1], match[2])) if match else None
        return path if path is not None and path.is_file() else None


def _cell_rows(path: Path) -> Iterator[tuple[int, NDArray[np.float64]]]:
    """Step and cell vectors of each line: step, time, nine numbers row by row, volume."""
    with path.open(encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, start=1):
            if line.lstrip().startswith("#") or not line.strip():
                continue
            words = line.split()
            try:
                yield int(words[0]), np.array(words[2:11], dtype=np.float64).reshape(3, 3)
            except (ValueError, IndexError) as error:
                message = f"{path}: line {number}: got {line.strip()[:60]!r}, expected step, time and nine numbers"
                raise FileFormatError(message) from error


def _along(rows: Iterator[tuple[int, NDArray[np.float64]]], step: int, beside: Path, path: Path) -> NDArray[np.float64]:
    """Go on to the entry of that step."""
    for found, values in rows:
        if found == step:
            return values
    message = f"{beside}: has nothing for step {step} of {path.name}; write both at the same steps, or move it away"
    raise FileFormatError(message)
