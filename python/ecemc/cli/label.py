"""``ecemc label``: energies, forces and virials for frames."""

from __future__ import annotations

__all__ = ["label"]

from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from ecemc.cli.main import DONE, FAILED
from ecemc.cli.options import METHODS, set_option
from ecemc.cli.reading import open_trajectory, select_option
from ecemc.cli.show import counting, say, trajectory_argument, warn
from ecemc.errors import InputError

_SHOWN = 10


def label(
    trajectories: Annotated[list[Path], trajectory_argument()],
    method: Annotated[
        str,
        typer.Option(
            "--method",
            "-m",
            help=f"{METHODS} (any ASE calculator).",
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="File to write (.extxyz).")] = Path("labelled.extxyz"),
    select: Annotated[str, select_option()] = ":",
    options: Annotated[list[str] | None, set_option()] = None,
    prefix: Annotated[
        str, typer.Option(help="Labels are written as PREFIXenergy, PREFIXforces, PREFIXvirial.")
    ] = "REF_",
    jobs: Annotated[
        int | None, typer.Option("--jobs", "-j", min=1, help="Frames at the same time (all cores).")
    ] = None,
    executor: Annotated[
        Path | None, typer.Option(metavar="CLUSTER.toml", help="Compute on a cluster, or here by Parsl (ecemc[parsl]).")
    ] = None,
    retry: Annotated[bool, typer.Option("--retry", help="Try frames again that have failed before.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace OUT.")] = False,
) -> int:
    """Compute energy, forces and virial of every frame.

    Finished frames are kept in OUT.ledger: after an interruption, or with more frames, the same command computes what
    is missing. Frames that fail are skipped and written to OUT's name with .failed.extxyz, with the reason.

    Exit status: 0 all labelled, 1 some frames failed, 2 bad input or all frames failed.

    Example:  ecemc label boxes.extxyz --method gfn2-xtb -o labelled.extxyz
    """
    from ecemc.evaluation import label as run
    from ecemc.jobs import read_cluster
    from ecemc.labels import LabelKeys
    from ecemc.methods import get_method

    if out.exists() and not overwrite:
        raise InputError(f"{out}: is there already; choose another name or give --overwrite")
    cluster = None if executor is None else read_cluster(executor)
    if cluster is not None and jobs is not None:
        raise InputError(f"--jobs: {executor} says how many there are at the same time; leave one of the two out")
    chosen = get_method(method, **parsed(options))
    with counting("frames") as progress:
        result = run(
            open_trajectory(trajectories, select, append=True), out, chosen,
            names=LabelKeys.prefixed(prefix), n_jobs=jobs, retry=retry, executor=cluster, progress=progress,
        )  # fmt: skip
    for failure in result.failures[:_SHOWN]:
        warn(f"frame {failure.frame}: {failure.reason}")
    if len(result.failures) > _SHOWN:
        warn(f"and {len(result.failures) - _SHOWN} more")
    lost = f", {len(result.failures)} failed" if result.failures else ""
    say(f"{result.path}: {result.n_labelled} frame{'s' * (result.n_labelled != 1)} labelled with {chosen.name}{lost}")
    return FAILED if result.failures else DONE


def parsed(options: list[str] | None) -> dict[str, float | int | str]:
    """Read ``NAME=VALUE`` pairs; numbers become numbers."""
    found: dict[str, float | int | str] = {}
    for text in options or []:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise InputError(f"--set: got {text!r}, expected NAME=VALUE")
        found[name] = _number(value)
    return found


def _number(text: str) -> float | int | str:
    for kind in (int, float):
        with suppress(ValueError):
            return kind(text)
    return text
