"""What gap_fit says while it runs: how far it is, what it read, why it stopped."""

from __future__ import annotations

__all__ = ["FitProgress", "LogReader", "explain"]

import re
from dataclasses import dataclass, field
from typing import NamedTuple

_VERSION = re.compile(r"git version +(?:\S+,)?(\S+)")
_FOUND = re.compile(r"Number of target (energies|forces|virials) .*found: +(\d+)")
_SIZE = re.compile(r"Descriptor +(\d+) :: xPrime +(\d+) +(\d+)")
_POINTS = re.compile(r"^Descriptor +(\d+): .*\bn_sparse=(\d+)")
_PERCENT = re.compile(r"Covariance matrix +(\d+)%")
_COORDINATE = re.compile(r"Started sparse covariance matrix calculation of coordinate +(\d+)")

#: Stages, and the part of the work done when each begins. The covariance matrix is most of any real fit.
_STAGES = {"read": 0.0, "descriptors": 0.02, "sparse points": 0.1, "covariance": 0.2, "solve": 0.9}
_MARKS = (
    ("Total system memory", "descriptors"),
    ("Report on per-configuration", "sparse points"),
    ("Cartesian coordinates transformed", "covariance"),
    ("_FunctionValues ", "solve"),
)


class FitProgress(NamedTuple):
    """How far a fit is."""

    #: ``"read"``, ``"descriptors"``, ``"sparse points"``, ``"covariance"`` or ``"solve"``
    stage: str
    #: estimated part of the work that is done, 0 to 1
    fraction: float


@dataclass
class LogReader:
    """Follows the output of gap_fit line by line.

    Examples
    --------
    >>> reader = LogReader()
    >>> reader.add("Number of target energies (property name: REF_energy) found: 5")
    >>> reader.found
    {'energies': 5}
    >>> reader.add("Cartesian coordinates transformed to descriptors")
    FitProgress(stage='covariance', fraction=0.2)
    """

    #: energies, force components and virial components that gap_fit says it read
    found: dict[str, int] = field(default_factory=dict)
    #: of QUIP
    version: str = ""
    stage: str = "read"
    _work: dict[int, float] = field(default_factory=dict)
    _points: dict[int, int] = field(default_factory=dict)
    _done: float = 0.0
    _coordinate: int = 0

    def add(self, line: str) -> FitProgress | None:
        """Take a line; give the progress if it tells of any."""
        if match := _FOUND.search(line):
            self.found[match[1]] = int(match[2])
        elif match := _VERSION.search(line):
            self.version = match[1]
        elif match := _POINTS.search(line):
            self._points[int(match[1])] = int(match[2])
        elif match := _SIZE.search(line):
            k, length, rows = map(int, match.groups())
            self._work[k] = float(length) * rows * self._points.get(k, 1)
        elif match := _COORDINATE.search(line):
            self._done += self._work.get(self._coordinate, 0.0)
            self._coordinate = int(match[1])
            return self._covariance(0.0)
        elif match := _PERCENT.search(line):
            return self._covariance(int(match[1]) / 100)
        for mark, stage in _MARKS:
            if mark in line and stage != self.stage:
                self.stage = stage
                return FitProgress(stage, _STAGES[stage])
        return None

    def _covariance(self, part: float) -> FitProgress:
        total = sum(self._work.values()) or 1.0
        done = (self._done + part * self._work.get(self._coordinate, 0.0)) / total
        first, last = _STAGES["covariance"], _STAGES["solve"]
        return FitProgress(self.stage, first + (last - first) * min(1.0, done))


def explain(status: int, tail: list[str], stage: str) -> str:
    """Why gap_fit stopped, in our words where its own mislead.

    Parameters
    ----------
    status
        As ``subprocess`` gives it: negative for a signal.
    tail
        Its last lines.
    stage
        What it was doing.

    Examples
    --------
    >>> explain(1, ["SYSTEM ABORT: Traceback", 'File "a.F90", line 3 kind IO', "too many cooks", "STOP 1"], "read")
    'gap_fit failed (stage: read): too many cooks'
    """
    number = -status if status < 0 else status - 128 if status > 128 else 0
    if number:
        name = _SIGNALS.get(number, f"signal {number}")
        return f"gap_fit was killed by {name} (stage: {stage})"
    text = "\n".join(tail)
    known = next((meaning for pattern, meaning in _KNOWN if re.search(pattern, text)), None)
    said = _abort(tail)
    return f"gap_fit failed (stage: {stage}): {f'{known} (gap_fit: {said})' if known else said}"


#: By number, since not every system knows all of them; these are the same on Linux and macOS.
_SIGNALS = {
    9: "SIGKILL (9), most likely for lack of memory",
    25: "SIGXFSZ: a file became larger than the limit on this machine (ulimit -f)",
    24: "SIGXCPU: the limit on processor time (ulimit -t)",
    15: "SIGTERM: by someone, or at the end of the time of a batch job",
    11: "SIGSEGV: a fault of gap_fit; lack of stack (ulimit -s) or memory are common causes",
}

_KNOWN = (
    (r"Error allocating|[Cc]annot allocate memory|ot allocate memory|failed to map segment", "out of memory"),
    (r"No space left on device", "the disk is full"),
    (r"singular value decomposition .*did not\s+converge", "a descriptor is no number: two atoms at the same place?"),
    (r"cannot factorise|not positive definite", "the kernel matrix cannot be inverted: increase sparse_jitter"),
    (r"unknown key", "this gap_fit is another version than ecemc knows"),
)


def _abort(tail: list[str]) -> str:
    """Take what gap_fit itself said, without places in its source."""
    start = next((k for k, line in enumerate(tail) if "SYSTEM ABORT" in line), max(0, len(tail) - 3))
    lines = (" ".join(line.replace("SYSTEM ABORT:", "").split()) for line in tail[start:])
    said = " ".join(
        line for line in lines if line and not line.startswith(("Traceback", "File ", "STOP", "Note:", "#"))
    )
    return said or "without a word"
