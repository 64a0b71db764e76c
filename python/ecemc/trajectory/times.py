"""The time between frames: told by them or by the user, never guessed."""

from __future__ import annotations

__all__ = ["FrameTimes", "checked_dt"]

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from ecemc.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Part of the spacing by which a step may differ from it: times are written with few digits.
_TOLERANCE = 0.01
#: Part of the time itself: some formats (DCD, XTC) hold it in single precision.
_SINGLE = 4.0 * 2.0**-23
_UNKNOWN = "dt: the frames do not tell their time; give dt= (fs between frames), command line --dt"


@dataclass
class FrameTimes:
    """First and last of the times of consecutive frames, and what is wrong with them; parts can be joined.

    Examples
    --------
    >>> times = FrameTimes()
    >>> times.add(0, [0.0, 10.0, 20.0])
    >>> times.spacing()
    10.0
    """

    #: number of the first frame
    first: int = 0
    n_frames: int = 0
    #: fs
    begin: float = math.nan
    end: float = math.nan
    #: why there is no single spacing
    problem: str | None = None

    def add(self, first: int, times: Iterable[float]) -> None:
        """Take the times of the next frames, fs; NaN if a frame does not tell."""
        for number, time in enumerate(map(float, times), start=first):
            self.join(FrameTimes(number, 1, time, time, None if math.isfinite(time) else _UNKNOWN))

    def join(self, later: FrameTimes) -> None:
        """Append the times of the frames that follow."""
        if not later.n_frames:
            return
        if not self.n_frames:
            self.__dict__.update(asdict(later))
            return
        self.problem = self.problem or later.problem or self._irregular(later)
        self.n_frames += later.n_frames
        self.end = later.end

    def spacing(self) -> float:
        """Time between frames in fs; NaN for fewer than two frames.

        Raises
        ------
        InputError
            If the frames do not tell their time, or are not equally spaced.
        """
        if self.problem is not None:
            raise InputError(self.problem)
        return (self.end - self.begin) / (self.n_frames - 1) if self.n_frames > 1 else math.nan

    def to_dict(self) -> dict[str, Any]:
        """Plain values; what is no number is None."""
        return {name: None if value != value else value for name, value in asdict(self).items()}  # noqa: PLR0124

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> FrameTimes:
        """Give back what :meth:`to_dict` took."""
        ends = {name: math.nan if values[name] is None else float(values[name]) for name in ("begin", "end")}
        return cls(**(values | ends))

    def _irregular(self, later: FrameTimes) -> str | None:
        step, number = later.begin - self.end, later.first
        if not step > 0.0:
            return (
                f"frame {number}: its time {later.begin:g} fs is not after that of frame {number - 1}, {self.end:g} "
                "fs; take out repeated frames, or give dt= (fs between frames), command line --dt"
            )
        for part in (self, later):
            usual = (part.end - part.begin) / (part.n_frames - 1) if part.n_frames > 1 else step
            if abs(step - usual) > _TOLERANCE * usual + _SINGLE * abs(later.begin):
                return (
                    f"frame {number}: it comes {step:g} fs after frame {number - 1}, others are {usual:g} fs apart; "
                    "choose equally spaced frames, or give dt= (fs between frames), command line --dt"
                )
        return None


def checked_dt(dt: float | None) -> float | None:
    """Refuse what is no time between frames.

    Raises
    ------
    InputError
        If it is not a finite number > 0.

    Examples
    --------
    >>> checked_dt(2)
    2.0
    """
    if dt is None:
        return None
    try:
        value = float(dt)
    except (TypeError, ValueError) as error:
        raise InputError(f"dt: got {dt!r}, expected the time between frames in fs") from error
    if not (math.isfinite(value) and value > 0.0):
        raise InputError(f"dt: got {dt} fs, expected a finite number > 0")
    return value
