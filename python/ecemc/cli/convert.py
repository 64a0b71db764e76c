"""``ecemc convert``: from any trajectory to another format."""

from __future__ import annotations

__all__ = ["convert"]

from pathlib import Path
from typing import Annotated

import typer

from ecemc.cli.main import DONE
from ecemc.cli.reading import (
    append_option,
    format_option,
    open_trajectory,
    select_option,
    threads_option,
    topology_option,
    types_option,
    units_option,
)
from ecemc.cli.show import counting, say, trajectory_argument, warn
from ecemc.errors import InputError


def convert(
    trajectories: Annotated[list[Path], trajectory_argument()],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="File to write: .extxyz, .extxyz.gz, .traj, ...")],
    select: Annotated[str, select_option()] = ":",
    types: Annotated[str | None, types_option()] = None,
    units: Annotated[str | None, units_option()] = None,
    topology: Annotated[Path | None, topology_option()] = None,
    format: Annotated[str | None, format_option()] = None,  # noqa: A002
    append: Annotated[bool, append_option()] = False,
    to: Annotated[str | None, typer.Option(metavar="NAME", help="Format to write, where OUT does not tell.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace OUT if it is there.")] = False,
    threads: Annotated[int | None, threads_option()] = None,
) -> int:
    """Convert trajectories: any format that ecemc reads to extended XYZ, ASE .traj or what ASE writes.

    Several files are joined in the order of the run. OUT appears only when it is whole. Extended XYZ keeps all keys and
    all digits.

    Example:  ecemc convert run.extxyz run.traj
    """
    from ecemc.trajectory import convert as run

    if out.exists() and out.is_file() and not force:
        raise InputError(f"{out}: is there already; choose another name or give --force")
    if not out.parent.is_dir():
        raise InputError(f"{out}: there is no folder {out.parent}")
    trajectory = open_trajectory(
        trajectories, select, types=types, units=units, topology=topology, format=format, append=append, threads=threads
    )
    with counting("frames") as progress:
        done = run(trajectory, out, format=to, progress=progress, n_threads=threads)
    for message in done.truncated:
        warn(message)
    if trajectory.assumed_units is not None:
        warn(f"{trajectory}: names no units, {trajectory.assumed_units} was taken; give --units if that is wrong")
    left_out = f", {done.dropped} left out that an earlier file had" if done.dropped else ""
    say(f"{out}: {done.n_frames} frame{'s' * (done.n_frames != 1)}{left_out}")
    return DONE
