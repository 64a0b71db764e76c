"""Running gap_fit: the only place with a process."""

from __future__ import annotations

__all__ = ["GapFitError", "Run", "find_gap_fit", "run_gap_fit"]

import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections import deque
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from ecemc.errors import EcemcError, InputError, require
from ecemc.gap.command import FILES
from ecemc.gap.log import FitProgress, LogReader, explain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

#: Environment variable: path of gap_fit, or a command such as ``mpirun -np 4 gap_fit``.
_VARIABLE = "ECEMC_GAP_FIT"
#: Lines that are kept to tell the reason of a failure: a message and a traceback of Fortran.
_TAIL = 40


class GapFitError(EcemcError, RuntimeError):
    """gap_fit did not make a model; says why, and where its log is."""


@dataclass(frozen=True)
class Run:
    """What a run of gap_fit took and found."""

    #: s
    seconds: float
    #: bytes, resident, of the largest process
    peak_memory: int
    #: ``energies``, ``forces`` and ``virials`` that gap_fit says it read
    found: dict[str, int]
    #: of QUIP
    version: str


def find_gap_fit() -> list[str]:
    """Command that starts gap_fit: ``ECEMC_GAP_FIT`` if set, else the gap_fit of the package quippy-ase.

    Raises
    ------
    InputError
        If the variable names nothing that can be run, the package came without gap_fit, or this is Windows.
    MissingExtraError
        If quippy-ase is not installed.

    Examples
    --------
    >>> find_gap_fit()  # doctest: +SKIP
    ['/usr/lib/python3/site-packages/quippy/gap_fit']
    """
    if sys.platform == "win32":
        raise InputError("gap_fit does not run on Windows; use the Windows Subsystem for Linux")
    given = os.environ.get(_VARIABLE, "").strip()
    if not given:
        program = Path(str(require("quippy", "gap").__file__)).parent / "gap_fit"
        if not os.access(program, os.X_OK):
            raise InputError(f"{program}: not there: this quippy-ase came without gap_fit; set {_VARIABLE} to yours")
        return [str(program)]
    try:
        first, *others = shlex.split(given)
    except ValueError as error:
        raise InputError(f"{_VARIABLE}: got {given!r}: {error}") from None
    found = shutil.which(first)
    if found is None:
        raise InputError(f"{_VARIABLE}: got {given!r}, but {first!r} is no program; give a path or a command")
    # gap_fit runs in another folder, so what is a path has to be absolute.
    return [
        str(Path(found).absolute()),
        *(str(Path(word).absolute()) if Path(word).is_file() else word for word in others),
    ]


def run_gap_fit(command: Sequence[str], folder: Path, progress: Callable[[FitProgress], None] | None = None) -> Run:
    """Run gap_fit on the configuration in a folder, which also gets the model and the log, and wait for it.

    Parameters
    ----------
    command
        Of :func:`find_gap_fit`.
    folder
        With the configuration and the training file.
    progress
        Called now and then.

    Raises
    ------
    GapFitError
        If gap_fit fails or is killed.
    OSError
        If it cannot be started, or the log cannot be written.
    """
    import resource  # noqa: PLC0415  (not there on Windows)

    start, peak = time.monotonic(), 0
    reader, tail = LogReader(), deque[str](maxlen=_TAIL)
    with _opened(folder / FILES.log) as log, _started(command, folder) as process:
        for line in _lines(process.stdout, log):
            now = reader.add(line)
            if line.strip():
                tail.append(line.strip())
            peak = max(peak, _high_water(process.pid))
            if now is not None and progress is not None:
                progress(now)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise GapFitError(explain(process.returncode, list(tail), reader.stage))
    # A process begins with the record of the one that started it, so this is gap_fit's own only if it is higher.
    if usage.ru_maxrss > resource.getrusage(resource.RUSAGE_SELF).ru_maxrss or not peak:
        peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return Run(time.monotonic() - start, peak, dict(reader.found), reader.version)


@contextmanager
def _opened(path: Path) -> Iterator[IO[str]]:
    """Open a log; errors of writing, which the system leaves nameless, name it."""
    try:
        with path.open("w", encoding="utf-8") as log:
            yield log
    except OSError as error:
        raise OSError(error.errno, error.strerror, error.filename or str(path)) from error


def _high_water(pid: int) -> int:
    """Bytes that a process had resident at its peak so far; 0 where the system does not say, or it has ended."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0


@contextmanager
def _started(command: Sequence[str], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Start gap_fit; whatever goes wrong here, Ctrl-C included, it does not outlive this."""
    with subprocess.Popen(  # noqa: S603  (the user's own command)
        [*command, f"config_file={FILES.config}"],
        cwd=folder,
        # Without this, Fortran keeps back what it says until it has kilobytes of it.
        env={**os.environ, "GFORTRAN_UNBUFFERED_PRECONNECTED": "y"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        # A group of its own, so that the processes of mpirun can be ended with it.
        start_new_session=True,
    ) as process:
        try:
            yield process
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise


def _lines(pipe: IO[bytes] | None, log: IO[str]) -> Iterator[str]:
    """Lines as they come, also those of progress bars, which go back to their start; the log gets all but these."""
    assert pipe is not None  # noqa: S101  (for the type checker)
    rest = ""
    while block := os.read(pipe.fileno(), 1 << 16):
        *lines, rest = (rest + block.decode("utf-8", "replace")).replace("\r", "\n").split("\n")
        if _is_bar(rest) and rest.endswith("s"):  # complete, but ended only by the next one
            lines, rest = [*lines, rest], ""
        for line in lines:
            if not _is_bar(line):
                log.write(line + "\n")
            yield line
        log.flush()
    log.write(rest)
    yield rest


def _is_bar(line: str) -> bool:
    return line.startswith("Covariance matrix ")
