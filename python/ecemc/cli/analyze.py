"""``ecemc analyze``: a trajectory in, a report out."""

from __future__ import annotations

__all__ = ["CHECKPOINT", "STYLES", "analyze", "finish", "read_state"]

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ecemc.cli.main import DONE, FAILED
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

if TYPE_CHECKING:
    from ecemc.analysis import Analysis, Analyzer, Verdict

#: In the folder of the report, until the report is there.
CHECKPOINT = ".checkpoint"
#: Colours of verdicts.
STYLES = {"pass": "green", "attention": "yellow", "fail": "red"}


def analyze(
    trajectories: Annotated[list[Path], trajectory_argument()],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for the report.")] = Path("report"),
    r_max: Annotated[
        float | None, typer.Option(help="Upper end of the RDFs, Å (half the cell of the first frame, at most 12).")
    ] = None,
    n_bins: Annotated[int | None, typer.Option(help="Bins of the RDFs (of 0.05 Å).")] = None,
    local_radius: Annotated[
        float | None, typer.Option(help="Radius of the local composition, Å (1.4 molecular spacings).")
    ] = None,
    bond_scale: Annotated[float, typer.Option(help="Bonds are shorter than this times the covalent radii.")] = 1.3,
    equilibration: Annotated[
        int | None, typer.Option(metavar="FRAMES", help="Frames to leave out at the beginning (detected).")
    ] = None,
    dt: Annotated[
        float | None, typer.Option("--dt", metavar="FS", help="Time between two frames of the file (as it tells).")
    ] = None,
    species: Annotated[str | None, typer.Option(metavar="NAMES", help="Only these species: EC,EMC (all).")] = None,
    elements: Annotated[str | None, typer.Option(metavar="SYMBOLS", help="Only these elements: C,O (all).")] = None,
    select: Annotated[str, select_option()] = ":",
    types: Annotated[str | None, types_option()] = None,
    units: Annotated[str | None, units_option()] = None,
    topology: Annotated[Path | None, topology_option()] = None,
    format: Annotated[str | None, format_option()] = None,  # noqa: A002
    append: Annotated[bool, append_option()] = False,
    first_frame: Annotated[
        int, typer.Option(metavar="N", help="Number of the first frame, of a part that is to be merged.")
    ] = 0,
    state: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write all sums to this file, for 'ecemc merge'.")
    ] = None,
    like: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="State of the first part: its settings and molecules hold here too."),
    ] = None,
    restart: Annotated[bool, typer.Option("--restart", help="Start over instead of going on.")] = False,
    each: Annotated[
        bool, typer.Option("--each", help="Each file is a run of its own, with a report in DIR/NAME.")
    ] = False,
    jobs: Annotated[
        int | None, typer.Option("--jobs", "-j", min=1, help="Files at the same time, with --each (all cores).")
    ] = None,
    executor: Annotated[
        Path | None, typer.Option(metavar="CLUSTER.toml", help="Compute on a cluster, with --each (ecemc[parsl]).")
    ] = None,
    threads: Annotated[int | None, threads_option()] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 1 on attention too, not on failure only.")
    ] = False,
) -> int:
    """Analyse a trajectory of a molecular liquid and write a report.

    Density with its error, radial distribution functions, local composition, diffusion, intact molecules, bubbles,
    temperatures and energies: as results.json, CSV tables, figures and one page to look at, with a verdict on top.

    Several files are read as one run, without the frames in which they overlap; with --each, as runs of their own, at
    the same time, and one that cannot be analysed does not stop the others. An analysis that was interrupted, in
    whatever way, is continued by the same command, to the same result.

    Exit status: 0 done, 1 the run fails a check, 2 bad input.

    Example:  ecemc analyze run.extxyz -o report
    """
    from ecemc.analysis import AnalysisOptions, analyze_files
    from ecemc.analysis.checkpoint import remove_checkpoint
    from ecemc.files import write_atomically
    from ecemc.report import check_folder

    options = AnalysisOptions(
        r_max=r_max, n_bins=n_bins, local_radius=local_radius, bond_scale=bond_scale, equilibration=equilibration,
        dt=dt, species=_names(species), elements=_names(elements), select=select, first_frame=first_frame,
        n_threads=threads,
    )  # fmt: skip
    reading: dict[str, Any] = {
        "types": types,
        "units": units,
        "topology": topology,
        "format": format,
        "threads": threads,
    }
    if each:
        from ecemc.cli.each import analyze_each

        given = {
            "--append": append,
            "--first-frame": first_frame,
            "--state": state,
            "--like": like,
            "--restart": restart,
        }
        if unfit := [name for name, value in given.items() if value]:
            raise InputError(f"{unfit[0]}: has no meaning with --each; leave one of the two out")
        return analyze_each(trajectories, out, options, reading, executor=executor, n_jobs=jobs, strict=strict)
    if jobs is not None or executor is not None:
        raise InputError("--jobs, --executor: have a meaning with --each only; --threads is for a single run")
    check_folder(out)
    trajectory = open_trajectory(trajectories, select, **reading, append=append)
    earlier = None if like is None else read_state(like)
    if state is not None and not state.absolute().parent.is_dir():
        raise InputError(f"--state {state}: there is no folder {state.parent}")
    checkpoint = out / CHECKPOINT
    if restart:
        remove_checkpoint(checkpoint)
    elif checkpoint.exists():
        say(f"Going on from {checkpoint}; --restart starts over.")
    with counting("frames") as progress:
        analyzer = analyze_files(trajectory, options, progress=progress, checkpoint=checkpoint, like=earlier)
    if state is not None:
        write_atomically(state, analyzer.to_bytes())
    status = finish(analyzer.result(), out, strict=strict)
    remove_checkpoint(checkpoint)
    return status


def finish(analysis: Analysis, out: Path, *, strict: bool) -> int:
    """Write the report, show the verdict, and give the exit status."""
    from ecemc.report import write_report

    page = write_report(analysis, out, command=shlex.join(["ecemc", *sys.argv[1:]]))
    for note in analysis.notes:
        warn(note)
    _show(analysis.verdict)
    if analysis.motion.reason is not None:
        say(f"  – no diffusion: {analysis.motion.reason}")
    say(f"Report: {page}")
    bad = {"fail", "attention"} if strict else {"fail"}
    return FAILED if analysis.verdict.status in bad else DONE


def read_state(path: Path) -> Analyzer:
    """Read what ``--state`` wrote."""
    from ecemc.analysis import Analyzer

    try:
        return Analyzer.from_bytes(path.read_bytes())
    except InputError as error:
        raise type(error)(f"{path}: {error}") from error


def _names(text: str | None) -> tuple[str, ...] | None:
    """Split at commas."""
    return None if text is None else tuple(name.strip() for name in text.split(",") if name.strip())


def _show(verdict: Verdict) -> None:
    marks = {"pass": "✔", "attention": "▲", "fail": "✖"}
    say(f"{verdict.status.upper()}: {verdict.summary}", style=f"bold {STYLES[verdict.status]}")
    for check in verdict.checks:
        say(f"  {marks[check.status]} {check.name}: {check.measured}", style=STYLES[check.status])
        if check.advice:
            say(f"      {check.advice}")
