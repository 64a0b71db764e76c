"""Writes what a run gives, and measures how fast it goes."""

from __future__ import annotations

__all__ = ["Progress", "Recorder", "Speed"]

import os
import time
from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ecemc.units import EV_PER_A3_TO_BAR

if TYPE_CHECKING:
    from ecemc.md.files import Checkpoint, RunFiles
    from ecemc.md.observe import Observer
    from ecemc.md.options import MDOptions
    from ecemc.md.state import Moment

_FS_PER_NS = 1.0e6
_SECONDS_PER_DAY = 86_400.0


@dataclass(frozen=True)
class Progress:
    """Where a run stands.

    Attributes
    ----------
    step, n_steps
        Done, and of the whole run.
    temperature, pressure, density
        Instantaneous, K, bar (NaN if the calculator has no stress), g/cm³ (NaN without a cell).
    ns_per_day
        Speed since this process began.
    seconds_left
        At this speed.
    """

    step: int
    n_steps: int
    temperature: float
    pressure: float
    density: float
    ns_per_day: float
    seconds_left: float


class Recorder:
    """Appends to trajectory and log, and counts what a checkpoint must know.

    Parameters
    ----------
    observer
        Makes the text.
    files
        Where it goes.
    point
        The checkpoint that the files end at.
    keep
        How many of the last configurations to remember.
    """

    def __init__(self, observer: Observer, files: RunFiles, point: Checkpoint, keep: int) -> None:
        self._observer = observer
        self._trajectory, self._log = files.open()
        self._recent = deque(point.recent, maxlen=keep)
        self.point = replace(point, recent=[])

    def frame(self, now: Moment) -> None:
        """Append a frame."""
        text = self._observer.frame(now)
        self._trajectory.write(text)
        self._trajectory.flush()
        self.point.n_frames += 1
        self.point.n_bytes += len(text)

    def row(self, now: Moment, header: bytes = b"") -> None:
        """Append a row."""
        text = header + self._observer.row(now)
        self._log.write(text)
        self._log.flush()
        self.point.n_bytes_thermo += len(text)

    def remember(self, now: Moment) -> None:
        """Keep a configuration in case the run is stopped."""
        self._recent.append(self._observer.frame(now))

    def close(self) -> None:
        """Have all on the disk, before a checkpoint counts on it."""
        self.point.recent = list(self._recent)
        for file in (self._trajectory, self._log):
            with file:
                file.flush()
                os.fsync(file.fileno())


class Speed:
    """Measures this process.

    Parameters
    ----------
    options
        Of the run.
    first
        Step at which the process began.
    """

    def __init__(self, options: MDOptions, first: int) -> None:
        self._options, self._first = options, first
        self._began = time.perf_counter()

    def ns_per_day(self, step: int) -> float:
        """Speed; NaN before the first step."""
        seconds = time.perf_counter() - self._began
        steps = step - self._first
        return steps * self._options.timestep / _FS_PER_NS * _SECONDS_PER_DAY / seconds if steps else float("nan")

    def progress(self, now: Moment, density: float) -> Progress:
        """Where the run stands."""
        step, n_steps = now.state.step, self._options.n_steps
        left = (n_steps - step) * (time.perf_counter() - self._began) / max(step - self._first, 1)
        pressure = now.pressure * EV_PER_A3_TO_BAR
        return Progress(step, n_steps, now.temperature, pressure, density, self.ns_per_day(step), left)
