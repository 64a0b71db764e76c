"""Files of a run.

``OUT`` and ``OUT.thermo.csv`` grow while it goes on and can be looked at all the time; ``OUT.checkpoint`` holds the
state from which it can be continued, and how long the other two were then. What they hold beyond that is cut off when a
run is continued, so that nothing is missing and nothing is there twice.
"""

from __future__ import annotations

__all__ = ["Checkpoint", "RunFiles", "read_thermo"]

import csv
import io
import json
import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np

from ecemc.errors import FileFormatError, InputError
from ecemc.files import write_atomically
from ecemc.jobs import locked
from ecemc.md.state import State
from ecemc.text import plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from os import PathLike
    from typing import BinaryIO

    from numpy.typing import NDArray

#: Columns of the log.
COLUMNS = (
    "step",
    "time_fs",
    "potential_energy_eV",
    "kinetic_energy_eV",
    "conserved_eV",
    "temperature_K",
    "pressure_bar",
    "volume_A3",
    "density_g_cm3",
)
SCHEMA = "ecemc-md/1"


@dataclass
class Checkpoint:
    """Where a run stands between two segments.

    Attributes
    ----------
    state
        Positions, momenta, cell, barostat, heat, step.
    n_frames, n_bytes, n_bytes_thermo
        Number of frames, and lengths of trajectory and log.
    recent
        Frames of the last checks, as they would be written.
    changed
        Checks in a row with other bonds.
    """

    state: State
    n_frames: int = 0
    n_bytes: int = 0
    n_bytes_thermo: int = 0
    recent: list[bytes] = field(default_factory=list)
    changed: int = 0


class RunFiles:
    """The files of one run.

    Parameters
    ----------
    out
        Trajectory.
    settings
        What makes a run this run, each under a name that people understand; a checkpoint of other settings is refused.

    Raises
    ------
    InputError
        If the name is none of an extended XYZ file.
    FileNotFoundError
        If there is no such folder.
    """

    def __init__(self, out: str | PathLike[str], settings: dict[str, Any]) -> None:
        self.out = Path(out)
        if self.out.suffix not in {".extxyz", ".xyz"}:
            raise InputError(f"out: got {self.out}, expected a name that ends in .extxyz or .xyz")
        if not self.out.parent.is_dir():
            raise FileNotFoundError(f"out: there is no folder {self.out.parent}")
        self.thermo = beside(self.out, ".thermo.csv")
        self.summary = beside(self.out, ".md.json")
        self.stopped = beside(self.out, ".stopped.extxyz")
        self.checkpoint = self.out.with_name(self.out.name + ".checkpoint")
        self._lock = self.out.with_name(f".{self.out.name}.lock")
        self._settings = json.loads(json.dumps(plain(settings)))

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other processes out, such as the same job submitted twice.

        Raises
        ------
        LockedError
            If another process runs into the same files.
        """
        with locked(self._lock, message=f"{self.out}: another process is at work on this run; wait for it, or stop it"):
            try:
                yield
            finally:
                self._lock.unlink(missing_ok=True)

    def remove(self) -> None:
        """Remove what an earlier run left."""
        for path in (self.checkpoint, self.summary, self.stopped, self.thermo, self.out):
            path.unlink(missing_ok=True)

    def taken(self) -> Path | None:
        """Give a file that a new run would overwrite."""
        return next((path for path in (self.out, self.thermo) if path.exists()), None)

    def open(self) -> tuple[BinaryIO, BinaryIO]:
        """Trajectory and log, to append to."""
        return self.out.open("ab"), self.thermo.open("ab")

    def save(self, point: Checkpoint) -> None:
        """Write a checkpoint whole or not at all."""
        state, buffer = point.state, io.BytesIO()
        np.savez(
            buffer,
            settings=np.array(json.dumps(self._settings)),
            positions=state.positions,
            momenta=state.momenta,
            cell=state.cell,
            barostat=np.array([state.strain_rate, state.heat]),
            counters=np.array([state.step, point.n_frames, point.n_bytes, point.n_bytes_thermo, point.changed]),
            recent=np.frombuffer(b"".join(point.recent), dtype=np.uint8),
            lengths=np.array([len(text) for text in point.recent], dtype=np.int64),
        )
        write_atomically(self.checkpoint, buffer.getvalue())

    def load(self) -> Checkpoint | None:
        """Read the checkpoint, if there is one.

        Raises
        ------
        FileFormatError
            If it cannot be read.
        InputError
            If it belongs to a run with other settings; says in one sentence which.
        """
        try:
            with self.checkpoint.open("rb") as file, np.load(file, allow_pickle=False) as data:
                settings = json.loads(str(data["settings"]))
                point = _point({name: data[name] for name in data.files})
        except FileNotFoundError:
            return None
        except (OSError, EOFError, ValueError, KeyError, BadZipFile) as error:
            raise FileFormatError(f"{self.checkpoint}: not a checkpoint ({error}); remove it to start anew") from error
        self._refuse_other(settings)
        return point

    def cut_back(self, point: Checkpoint) -> None:
        """Cut off what is newer than the checkpoint.

        Raises
        ------
        FileFormatError
            If a file is shorter than the checkpoint says.
        """
        for path, length in ((self.out, point.n_bytes), (self.thermo, point.n_bytes_thermo)):
            size = path.stat().st_size if path.exists() else 0
            if size == length:
                continue
            if size < length:
                raise FileFormatError(
                    f"{path}: has {size} bytes, {self.checkpoint.name} counts {length}: it was changed; "
                    "remove the checkpoint to start anew"
                )
            os.truncate(path, length)

    def write_summary(self, content: dict[str, Any]) -> None:
        """Write ``OUT.md.json``."""
        text = json.dumps(plain({"schema": SCHEMA, **content}), indent=1, ensure_ascii=False, allow_nan=False)
        write_atomically(self.summary, (text + "\n").encode())

    def read_summary(self) -> dict[str, Any]:
        """Read ``OUT.md.json``; empty if there is none that can be read."""
        try:
            content = json.loads(self.summary.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}

    def _refuse_other(self, settings: dict[str, Any]) -> None:
        different = [name for name in self._settings if self._settings[name] != settings.get(name)]
        if not different:
            return
        what = "; ".join(_difference(name, settings.get(name), self._settings[name]) for name in different)
        raise InputError(
            f"{self.checkpoint}: belongs to another run: {what}; repeat its settings to continue it, or choose another "
            "name for OUT"
        )


def read_thermo(path: str | PathLike[str]) -> dict[str, NDArray[np.float64]]:
    """Read the log of a run.

    Parameters
    ----------
    path
        ``OUT.thermo.csv``, or the trajectory ``OUT.extxyz`` that it stands beside.

    Returns
    -------
    dict
        Columns by name, each (n_rows,): ``step``, ``time_fs``, ``potential_energy_eV``, ``kinetic_energy_eV``,
        ``conserved_eV``, ``temperature_K``, ``pressure_bar``, ``volume_A3``, ``density_g_cm3``. A last row that is cut
        off, of a run that goes on or was killed, is left out.

    Raises
    ------
    FileFormatError
        If it is no such log.
    """
    path = Path(path)
    if path.suffix in {".extxyz", ".xyz"}:
        path = beside(path, ".thermo.csv")
    text = path.read_text(encoding="utf-8")
    rows = list(csv.reader(text[: text.rfind("\n") + 1].splitlines()))
    if not rows or rows[0][: len(COLUMNS)] != list(COLUMNS):
        raise FileFormatError(f"{path}: is no log of ecemc md; expected the columns {', '.join(COLUMNS)}")
    try:
        values = np.array(rows[1:], dtype=np.float64).reshape(-1, len(rows[0]))
    except ValueError as error:
        raise FileFormatError(f"{path}: {error}") from error
    return dict(zip(rows[0], values.T.copy(), strict=True))


def thermo_row(values: Sequence[float]) -> bytes:
    """One row of the log, with all digits."""
    step, *others = values
    return (",".join([str(int(step)), *(repr(float(value)) for value in others)]) + "\n").encode()


def thermo_header() -> bytes:
    """First row of the log."""
    return (",".join(COLUMNS) + "\n").encode()


def beside(out: Path, ending: str) -> Path:
    """Name of a file that belongs to a trajectory: ``run.extxyz`` to ``run.thermo.csv``."""
    return out.with_name(out.name.removesuffix(out.suffix) + ending)


def _point(data: dict[str, NDArray[Any]]) -> Checkpoint:
    strain_rate, heat = map(float, data["barostat"])
    step, n_frames, n_bytes, n_bytes_thermo, changed = map(int, data["counters"])
    text, ends = data["recent"].tobytes(), np.cumsum([0, *data["lengths"]]).tolist()
    return Checkpoint(
        State(data["positions"], data["momenta"], data["cell"], strain_rate, heat, step),
        n_frames,
        n_bytes,
        n_bytes_thermo,
        [text[a:b] for a, b in pairwise(ends)],
        changed,
    )


def _difference(name: str, before: Any, now: Any) -> str:
    if isinstance(before, str) and isinstance(now, str) and max(len(before), len(now)) > 60:
        return f"its {name} differs"
    return f"its {name} is {before}, here {now}"
