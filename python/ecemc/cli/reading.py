"""Options of the verbs that read trajectories."""

from __future__ import annotations

__all__ = [
    "append_option",
    "counted",
    "format_option",
    "naming",
    "open_trajectory",
    "select_option",
    "threads_option",
    "topology_option",
    "types_option",
    "units_option",
]

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from ecemc.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ecemc import _core
    from ecemc.trajectory import Trajectory


def select_option() -> Any:
    """Frames to read."""
    return typer.Option("--select", metavar="SLICE", help="Frames to read, as in Python: '100:', '::10', -1.")


def types_option() -> Any:
    """Elements of types."""
    return typer.Option(
        "--types", metavar="LIST", help="Elements of a LAMMPS dump's types: C,H,O; of a topology's names: CA=C,OX=O."
    )


def units_option() -> Any:
    """Units of a dump."""
    return typer.Option("--units", metavar="NAME", help="Units of a LAMMPS dump that names none: metal or real.")


def topology_option() -> Any:
    """File with elements."""
    return typer.Option("--topology", metavar="FILE", help="File with the elements, for DCD, XTC, TRR, H5MD, NetCDF.")


def format_option() -> Any:
    """Format of the input."""
    return typer.Option("--format", metavar="NAME", help="Format to read, where the file does not tell.")


def append_option() -> Any:
    """How files belong together."""
    return typer.Option(
        "--append", help="Take several files as they are; else each continues the one before and overlaps are left out."
    )


def threads_option() -> Any:
    """Threads."""
    return typer.Option("--threads", help="Threads (all cores).")


def open_trajectory(
    paths: list[Path], select: str, *, types: str | None = None, units: str | None = None, topology: Path | None = None,
    format: str | None = None, append: bool = False, threads: int | None = None,  # noqa: A002
) -> Trajectory:  # fmt: skip
    """Open files as the options say; a last frame that is cut off ends them."""
    from ecemc.trajectory import ReadOptions, Trajectory

    options = ReadOptions(format, _types(types), units, topology, "stop", threads)
    return Trajectory(paths, select, options, join="append" if append else "restart")


@contextmanager
def naming(trajectory: Trajectory) -> Iterator[None]:
    """Let errors about frames name the files."""
    try:
        yield
    except InputError as error:
        if str(error).startswith(("frame ", "frames:", "dt: the", "cell: ")):
            raise type(error)(f"{trajectory}: {error}") from error
        raise


def counted(trajectory: Trajectory, progress: Callable[..., None]) -> Iterator[_core.Frames]:
    """Batches of frames, counted."""
    done = 0
    for frames in trajectory.batches():
        yield frames
        done += len(frames)
        progress(done, trajectory.fraction)


def _types(text: str | None) -> list[str] | dict[Any, str] | None:
    """Read ``C,H,O`` or ``1=C,2=H``."""
    if text is None:
        return None
    words = [word.strip() for word in text.split(",")]
    if all(words) and not any("=" in word for word in words):
        return words
    pairs = [word.partition("=") for word in words]
    if not all(key.strip() and symbol.strip() for key, _, symbol in pairs):
        raise InputError(f"--types: got {text!r}, expected elements of types 1, 2, ...: C,H,O, or pairs: 1=C,2=H")
    found = {key.strip(): symbol.strip() for key, _, symbol in pairs}
    return {int(key): symbol for key, symbol in found.items()} if all(map(str.isdecimal, found)) else found
