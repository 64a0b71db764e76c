"""``ecemc analyze``: a trajectory in, a report out."""

from __future__ import annotations

__all__ = ["analyze"]

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ecemc.cli.main import DONE, FAILED
from ecemc.cli.show import counting, say, trajectory_argument

if TYPE_CHECKING:
    from ecemc.analysis import Verdict


def analyze(
    trajectory: Annotated[Path, trajectory_argument()],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for the report.")] = Path("report"),
    r_max: Annotated[
        float | None, typer.Option(help="Upper end of the RDFs, Å (half the cell of the first frame, at most 12).")
    ] = None,
    n_bins: Annotated[int, typer.Option(help="Bins of the RDFs.")] = 200,
    local_radius: Annotated[
        float | None, typer.Option(help="Radius of the local composition, Å (1.4 molecular spacings).")
    ] = None,
    bond_scale: Annotated[float, typer.Option(help="Bonds are shorter than this times the covalent radii.")] = 1.3,
    equilibration: Annotated[
        int | None, typer.Option(metavar="FRAMES", help="Frames to leave out at the beginning (detected).")
    ] = None,
    select: Annotated[str, typer.Option(metavar="SLICE", help="Frames to read, as in Python: '100:', '::10'.")] = ":",
    threads: Annotated[int | None, typer.Option(help="Threads (all cores).")] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 1 on attention too, not on failure only.")
    ] = False,
) -> int:
    """Analyse a trajectory of a molecular liquid and write a report.

    Density with its error, radial distribution functions, local composition, intact molecules, bubbles, energies: as
    results.json, CSV tables, figures and one page to look at, with a verdict on top.

    Exit status: 0 done, 1 the run fails a check, 2 bad input.

    Example:  ecemc analyze run.extxyz -o report
    """
    from ecemc.analysis import AnalysisOptions
    from ecemc.analysis import analyze as run
    from ecemc.report import check_folder, write_report

    options = AnalysisOptions(
        r_max=r_max, n_bins=n_bins, local_radius=local_radius, bond_scale=bond_scale, equilibration=equilibration,
        select=select, n_threads=threads,
    )  # fmt: skip
    check_folder(out)
    with counting("frames") as progress:
        analysis = run(trajectory, options, progress=progress)
    page = write_report(analysis, out, command=shlex.join(["ecemc", *sys.argv[1:]]))
    _show(analysis.verdict)
    say(f"Report: {page}")
    bad = {"fail", "attention"} if strict else {"fail"}
    return FAILED if analysis.verdict.status in bad else DONE


def _show(verdict: Verdict) -> None:
    styles = {"pass": "green", "attention": "yellow", "fail": "red"}
    marks = {"pass": "✔", "attention": "▲", "fail": "✖"}
    say(f"{verdict.status.upper()}: {verdict.summary}", style=f"bold {styles[verdict.status]}")
    for check in verdict.checks:
        say(f"  {marks[check.status]} {check.name}: {check.measured}", style=styles[check.status])
        if check.advice:
            say(f"      {check.advice}")
