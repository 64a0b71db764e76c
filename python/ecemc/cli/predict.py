"""``ecemc predict``: a model over a file."""

from __future__ import annotations

__all__ = ["predict"]

from pathlib import Path
from typing import Annotated

import typer

from ecemc.cli.main import DONE
from ecemc.cli.reading import naming, open_trajectory, select_option, threads_option
from ecemc.cli.show import counting, say, trajectory_argument, warn
from ecemc.errors import InputError


def predict(
    trajectories: Annotated[list[Path], trajectory_argument()],
    models: Annotated[
        list[Path], typer.Option("--model", "-m", help="GAP model; if repeated, the mean and the spread of all.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="File to write (.extxyz).")] = Path("predicted.extxyz"),
    prefix: Annotated[
        str, typer.Option(metavar="TEXT", help="Results are TEXTenergy, TEXTforces, TEXTvirial.")
    ] = "GAP_",
    select: Annotated[str, select_option()] = ":",
    threads: Annotated[int | None, threads_option()] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace OUT.")] = False,
) -> int:
    """Energy, forces and virial of every frame by a GAP model, streaming.

    With several models the mean is written, and TEXTenergy_spread and TEXTforces_spread. For other calculators, and
    where single frames may fail, take ecemc label.

    Example:  ecemc predict run.extxyz --model model.xml -o predicted.extxyz
    """
    from ecemc.gap import GAP
    from ecemc.gap import predict as run

    if out.exists() and not overwrite:
        raise InputError(f"{out}: is there already; choose another name or give --overwrite")
    loaded = [GAP(path, n_threads=threads) for path in models]
    for model in loaded:
        for note in model.notes:
            warn(f"{model.path.name}: {note}")
    trajectory = open_trajectory(trajectories, select, append=True, threads=threads)
    with counting("frames") as progress, naming(trajectory):
        n_frames = run(trajectory, loaded, out, prefix=prefix, n_threads=threads, progress=progress)
    say(f"{out}: {n_frames} frame{'s' * (n_frames != 1)} evaluated with {', '.join(path.name for path in models)}")
    return DONE
