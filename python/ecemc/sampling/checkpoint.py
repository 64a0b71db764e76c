"""The state of a run between two segments, and the files that keep it safe.

While a run is under way ``OUT.partial`` holds the frames and ``OUT.checkpoint`` the state; ``OUT`` itself appears, by
renaming, when all is done. Frames behind the checkpoint are cut off when a killed run is continued, so that none is
missing and none is there twice.
"""

from __future__ import annotations

__all__ = ["Files", "State"]

import json
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np

from ecemc.errors import FileFormatError, InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class State:
    """Everything that the next segment starts from, in OpenMM's units (nm, ps).

    Attributes
    ----------
    positions, velocities, cell
        (n, 3), (n, 3), (3, 3); positions unwrapped, molecules whole.
    segments_done
        How many segments of the schedule are behind.
    n_bytes
        Length of the trajectory so far.
    densities, temperatures
        Of the frames so far, g/cm³ and K.
    """

    positions: NDArray[np.float64]
    velocities: NDArray[np.float64]
    cell: NDArray[np.float64]
    segments_done: int = 0
    n_bytes: int = 0
    densities: tuple[float, ...] = ()
    temperatures: tuple[float, ...] = ()

    def with_frame(self, text: bytes, density: float, temperature: float) -> State:
        """Count one more frame."""
        return replace(
            self,
            n_bytes=self.n_bytes + len(text),
            densities=(*self.densities, density),
            temperatures=(*self.temperatures, temperature),
        )


class Files:
    """The files of one run.

    Parameters
    ----------
    out
        Where the finished trajectory goes.
    settings
        What makes a run this run; a checkpoint of other settings is refused.
    """

    def __init__(self, out: str | Path, settings: dict[str, Any]) -> None:
        self.out = Path(out)
        if self.out.suffix not in {".extxyz", ".xyz"}:
            raise InputError(f"out: got {self.out}; a name that ends in .extxyz or .xyz is needed")
        if not self.out.parent.is_dir():
            raise FileNotFoundError(f"out: there is no folder {self.out.parent}")
        self.partial = self.out.with_name(self.out.name + ".partial")
        self.checkpoint = self.out.with_name(self.out.name + ".checkpoint")
        self._settings = settings

    def save(self, state: State) -> None:
        """Write a checkpoint under a temporary name, then rename it."""
        temporary = self.checkpoint.with_name(self.checkpoint.name + ".tmp")
        with temporary.open("wb") as file:
            np.savez(
                file,
                settings=np.array(json.dumps(self._settings)),
                positions=state.positions,
                velocities=state.velocities,
                cell=state.cell,
                counters=np.array([state.segments_done, state.n_bytes]),
                densities=np.array(state.densities),
                temperatures=np.array(state.temperatures),
            )
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self.checkpoint)

    def load(self) -> State | None:
        """Read the checkpoint, if there is one, and cut the trajectory back to it.

        Raises
        ------
        FileFormatError
            If the checkpoint cannot be read, or the trajectory is shorter than it says.
        InputError
            If the checkpoint belongs to a run with other settings.
        """
        if not self.checkpoint.exists():
            return None
        try:
            with self.checkpoint.open("rb") as file, np.load(file, allow_pickle=False) as data:
                settings = json.loads(str(data["settings"]))
                segments_done, n_bytes = map(int, data["counters"])
                positions, velocities, cell = (data[key] for key in ("positions", "velocities", "cell"))
                densities, temperatures = (tuple(map(float, data[key])) for key in ("densities", "temperatures"))
        except (OSError, EOFError, ValueError, KeyError, BadZipFile) as error:
            raise FileFormatError(f"{self.checkpoint}: not a checkpoint ({error}); remove it to start anew") from error
        self._refuse_other_settings(settings)
        state = State(positions, velocities, cell, segments_done, n_bytes, densities, temperatures)
        self._cut_back(state)
        return state

    def finish(self) -> None:
        """Give the trajectory its name and drop the checkpoint."""
        if self.partial.exists():
            self.partial.replace(self.out)
        self.checkpoint.unlink(missing_ok=True)

    def _refuse_other_settings(self, settings: dict[str, Any]) -> None:
        """Name what differs."""
        here = json.loads(json.dumps(self._settings))
        different = [key for key in sorted({*here, *settings}) if here.get(key) != settings.get(key)]
        if different:
            what = ", ".join(f"{key} was {settings.get(key)!r}, now {here.get(key)!r}" for key in different)
            raise InputError(
                f"{self.checkpoint}: belongs to a run with other settings ({what}); repeat those to continue it, "
                "or remove the file to start anew"
            )

    def _cut_back(self, state: State) -> None:
        """Cut off frames that are newer than the checkpoint."""
        if state.n_bytes == 0:
            self.partial.unlink(missing_ok=True)
            return
        if not self.partial.exists() and self.out.exists() and self.out.stat().st_size == state.n_bytes:
            return  # killed between the two steps of finish()
        size = self.partial.stat().st_size if self.partial.exists() else 0
        if size < state.n_bytes:
            raise FileFormatError(
                f"{self.partial}: has {size} bytes, the checkpoint counts {state.n_bytes}; "
                f"remove {self.checkpoint} to start anew"
            )
        os.truncate(self.partial, state.n_bytes)
