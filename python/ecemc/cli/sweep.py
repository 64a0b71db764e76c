"""``ecemc sweep``: a plan in, a folder for each run and a table out."""

from __future__ import annotations

__all__ = ["sweep"]

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ecemc.cli.main import DONE, FAILED
from ecemc.cli.show import counting, say, table, warn
from ecemc.errors import InputError

if TYPE_CHECKING:
    from ecemc.sweep import RunStatus, SweepResult


def sweep(
    plan: Annotated[Path, typer.Argument(metavar="PLAN.toml", help="What runs, and over which values.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FOLDER", help="A folder for each run goes in it.")],
    jobs: Annotated[int | None, typer.Option("--jobs", "-j", min=1, help="Runs at the same time (all cores).")] = None,
    executor: Annotated[
        Path | None, typer.Option(metavar="CLUSTER.toml", help="Run on a cluster, or here by Parsl (ecemc[parsl]).")
    ] = None,
    retry: Annotated[bool, typer.Option("--retry", help="Make runs again that have failed.")] = False,
    status: Annotated[bool, typer.Option("--status", help="Only show where the runs stand.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only check the plan and list its runs.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the table as JSON.")] = False,
) -> int:
    """Make many runs of molecular dynamics from one plan: all combinations of the values in its [grid].

    After an interruption of whatever kind the same command makes what is missing and goes on with runs where they
    stood. A run that is finished is never made again; one that fails does not stop the others.

    Exit status: 0 all runs are finished or were stopped by a monitor, 1 runs failed or were lost, 2 bad input.

    Example:  ecemc sweep plan.toml -o runs --jobs 4
    """
    from ecemc.jobs import read_cluster
    from ecemc.sweep import read_plan, sweep_status
    from ecemc.sweep import sweep as run

    if executor is not None and jobs is not None:
        raise InputError(f"--jobs: {executor} says how many runs there are at the same time; leave one of the two out")
    chosen = read_plan(plan)
    if status or dry_run:
        result = sweep_status(chosen, out)
        _show(result, as_json=as_json)
        return DONE
    cluster = None if executor is None else read_cluster(executor)
    with counting("runs") as progress:
        result = run(
            chosen, out, executor=cluster, n_jobs=jobs, retry=retry,
            progress=lambda done, total: progress(done, done / total),
        )  # fmt: skip
    _show(result, as_json=as_json)
    if result.count("failed") and not retry:
        warn("runs that failed are not made again; --retry does")
    if result.count("interrupted"):
        warn("the same command goes on with runs that were interrupted")
    return FAILED if result.count("failed", "interrupted") else DONE


def _show(result: SweepResult, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(result.to_dict(), indent=1, ensure_ascii=False))  # noqa: T201
        return
    columns: dict[str, list[str]] = {
        "run": [one.folder.name for one in result.runs],
        "state": [one.state for one in result.runs],
        "done": [_part(one) for one in result.runs],
        "T (K)": [_mean(one, "temperature_K") for one in result.runs],
        "density (g/cm³)": [_mean(one, "density_g_cm3") for one in result.runs],
        "pressure (bar)": [_mean(one, "pressure_bar") for one in result.runs],
    }
    shown = {heading: column for heading, column in columns.items() if any(column)}
    table(shown, zip(*shown.values(), strict=True))
    for one in result.runs:
        if one.reason is not None:
            warn(f"{one.folder.name}: {one.state}: {one.reason}")
    counts = Counter(one.state for one in result.runs)
    say(f"{result.folder}: {len(result.runs)} runs, {', '.join(f'{n} {state}' for state, n in counts.items())}")


def _part(one: RunStatus) -> str:
    return f"{100 * one.part:.0f}%" if one.part is not None and one.state in {"running", "interrupted"} else ""


def _mean(one: RunStatus, name: str) -> str:
    from ecemc.text import number, with_error

    mean = None if one.result is None else one.result.get(name)
    if mean is None or mean[0] is None:
        return ""
    return number(mean[0]) if mean[1] is None else with_error(*mean)
