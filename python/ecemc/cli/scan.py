"""``ecemc scan``: rigid volume scans of a reference and of models."""

from __future__ import annotations

__all__ = ["scan"]

import json
import math
from contextlib import closing, nullcontext
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ecemc.cli.isolate import CELL, cell_option, parsed_cell
from ecemc.cli.labels import PREFIX, label_keys, prefix_option
from ecemc.cli.main import DONE, FAILED
from ecemc.cli.options import METHODS, check_result_folder, named_method, number_list
from ecemc.cli.reading import naming, open_trajectory, select_option
from ecemc.cli.show import counting, say, table, trajectory_argument, warn
from ecemc.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ecemc.scans import ScanOptions, ScanResult, ScanScore
    from ecemc.trajectory import Trajectory

_FOLDER, _GEOMETRIES = Path("scan"), Path("scan.extxyz")
#: Scans that get a table of their own.
_TABLES = 4
_SHOWN = 10


class Relative(str, Enum):
    """Whose isolated molecules are the zero of energy in the figure."""

    own = "own"
    reference = "reference"


def scan(
    trajectories: Annotated[list[Path], trajectory_argument()],
    reference: Annotated[
        str | None,
        typer.Option("--reference", "-r", metavar="METHOD", help=f"{METHODS}; labels: those that the frames carry."),
    ] = None,
    models: Annotated[
        list[str] | None,
        typer.Option("--model", "-m", metavar="[NAME=]METHOD", help="Model to compare with it; may be repeated."),
    ] = None,
    scales: Annotated[
        str | None,
        typer.Option(metavar="LIST", help="Linear scales: FIRST:LAST:NUMBER (even in ln s) and numbers, with commas."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder for results; with --geometries-only the file.")
    ] = None,
    geometries_only: Annotated[
        bool, typer.Option("--geometries-only", help="Write boxes and molecules to be labelled elsewhere; stop.")
    ] = False,
    write_frames: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write boxes and molecules with the reference's labels.")
    ] = None,
    cell: Annotated[str, cell_option()] = CELL,
    relative: Annotated[
        Relative,
        typer.Option(help="Zero of energy in the figure: each method's isolated molecules, or the reference's."),
    ] = Relative.own,
    prefix: Annotated[str, prefix_option()] = PREFIX,
    select: Annotated[str, select_option()] = ":",
    jobs: Annotated[
        int | None, typer.Option("--jobs", "-j", help="Configurations at the same time (all cores).")
    ] = None,
    retry: Annotated[bool, typer.Option("--retry", help="Try again what has failed before.")] = False,
    fail_above: Annotated[
        float | None, typer.Option(metavar="MEV", help="Exit with 1 if a model's error in the well is above, meV/atom.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print scan.json; no folder unless given.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file of frames.")] = False,
) -> int:
    """Pull liquid frames apart and push them together with rigid molecules; score models against a reference.

    Writes scan.json, curves.csv, scores.csv, energy.png and forces.png to the folder. Finished calculations are kept
    there too, in scan.ledger: after an interruption, or with more models, the same command computes what is missing.

    Exit status: 0 done, 1 an error in the well is above --fail-above, 2 bad input.

    Example:  ecemc scan liquid.extxyz --reference gfn2-xtb --model gap.xml -o scan
    """
    from numpy import geomspace

    from ecemc.scans import DEFAULT_SCALES, ScanOptions

    trajectory = open_trajectory(trajectories, select, append=True)
    chosen = DEFAULT_SCALES if scales is None else number_list(scales, geomspace, "--scales")
    options = ScanOptions(chosen, parsed_cell(cell), names=label_keys(prefix), retry=retry)
    file = (out or _GEOMETRIES) if geometries_only else write_frames
    if file is not None and file.exists() and not overwrite:
        raise InputError(f"{file}: is there already; choose another name or give --overwrite")
    if geometries_only:
        if reference is not None or models:
            raise InputError("--geometries-only: computes nothing; leave --reference and --model out")
        return _write_geometries(trajectory, select, out or _GEOMETRIES, options)
    if reference is None:
        raise InputError(f"--reference: none given, expected {METHODS}, or labels")
    folder = out or (None if as_json else _FOLDER)
    result = _run(trajectory, reference, models or [], options, folder, jobs)
    if folder is not None:
        _write_folder(folder, result, relative)
    if write_frames is not None:
        _write_frames(write_frames, result, trajectory, select, options)
    if as_json:
        typer.echo(json.dumps(result.to_dict(), indent=1, ensure_ascii=False, allow_nan=False))
    else:
        _show(result)
        say(f"Scan: {folder}")
    for note in [*trajectory.notes, *_failures(result)]:
        warn(note)
    return _status(result, fail_above)


def _write_geometries(trajectory: Trajectory, select: str, out: Path, options: ScanOptions) -> int:
    from ecemc.dataset import record_provenance
    from ecemc.scans import build_scans
    from ecemc.trajectory import write

    with naming(trajectory):
        scans = list(build_scans(trajectory, options.scales, cell=options.cell))
        n_frames = write(out, (atoms for each in scans for atoms in each.frames), format="extxyz")
    parameters = {"scales": list(options.scales), "cell": options.cell, "select": select}
    record_provenance(out, step="scan", parents=trajectory.paths, parameters=parameters, n_frames=n_frames)
    n_boxes = sum(len(each.boxes) for each in scans)
    parents = f"{len(scans)} frame{'s' * (len(scans) != 1)}"
    say(f"{out}: {n_boxes} boxes and {n_frames - n_boxes} isolated molecules of {parents}")
    say("Label all of them, then: ecemc scan LABELLED --reference labels --model MODEL")
    return DONE


def _run(
    trajectory: Trajectory,
    reference: str,
    models: list[str],
    options: ScanOptions,
    folder: Path | None,
    jobs: int | None,
) -> ScanResult:
    """Evaluate, with the ledger of the folder if there is one."""
    from ecemc.evaluation import Ledger
    from ecemc.scans import scan as run
    from ecemc.scans.result import LAYOUT

    methods = [named_method(text) for text in models]
    first = reference if reference == "labels" else named_method(reference)
    if folder is not None:
        check_result_folder(folder, "scan.json", "layout", LAYOUT)
        folder.mkdir(parents=True, exist_ok=True)
    with (
        counting("configurations") as progress,
        naming(trajectory),
        nullcontext() if folder is None else closing(Ledger(folder / "scan.ledger")) as ledger,
    ):
        return run(trajectory, first, methods, options, n_jobs=jobs, ledger=ledger, progress=progress)


def _write_folder(folder: Path, result: ScanResult, relative: Relative) -> None:
    from ecemc.files import write_atomically
    from ecemc.plots.scans import scan_figure, scan_force_figure
    from ecemc.plots.style import png
    from ecemc.report.tables import csv_bytes
    from ecemc.scans.tables import curve_table, score_table

    record = json.dumps(result.to_dict(), indent=1, ensure_ascii=False, allow_nan=False)
    contents = {
        "energy.png": png(scan_figure(result, relative=relative.value)),
        "forces.png": png(scan_force_figure(result)),
        "curves.csv": csv_bytes(*curve_table(result)),
        "scores.csv": csv_bytes(*score_table(result)),
        "scan.json": (record + "\n").encode(),
    }
    for name, content in contents.items():
        write_atomically(folder / name, content)


def _write_frames(path: Path, result: ScanResult, trajectory: Trajectory, select: str, options: ScanOptions) -> None:
    from ecemc.dataset import record_provenance
    from ecemc.trajectory import write

    n_frames = write(path, result.frames, format="extxyz")
    parameters = {"method": result.methods[0], "scales": list(options.scales), "cell": options.cell, "select": select}
    record_provenance(path, step="scan", parents=trajectory.paths, parameters=parameters, n_frames=n_frames)
    say(f"{path}: {n_frames} boxes and molecules with labels of {result.methods[0]}")


def _show(result: ScanResult) -> None:
    """Print the scores: of each scan if they are few, and over all."""
    n = len(result.methods)
    if len(result.scans) <= _TABLES:
        for number, each in enumerate(result.scans):
            kinds = " + ".join(f"{count} {name}" for name, count in each.composition.items())
            _score_table(f"Frame {each.parent_frame}: {kinds}", result.scores[n * number : n * (number + 1)])
    if len(result.scans) > 1:
        _score_table(f"All {len(result.scans)} scans (root mean squares; means of s_min, depth, ratio)", result.summary)
    largest = max(float(each.scales[-1]) for each in result.scans)
    say("Energies in meV/atom: depth at s_min; errors (rms) of wall, well and tail; what is left at the largest")
    say(f"s, {largest:g}; error of the isolated molecules. Roughness of net forces in meV/Å, and over the reference's.")


def _score_table(title: str, scores: Sequence[ScanScore]) -> None:
    say(title, style="bold")
    headings = ("", "s_min", "depth", "wall", "well", "tail", "limit", "isolated", "roughness", "ratio")
    table(headings, [_row(each) for each in scores])


def _row(score: ScanScore) -> list[str]:
    energies = (score.depth, score.wall, score.well, score.tail, score.limit, score.isolated_error)
    rest = (score.roughness, score.roughness_ratio)
    return [score.method, _cell(score.s_min, 4), *(_cell(value, 2) for value in energies), *(_cell(x, 2) for x in rest)]


def _cell(value: float, places: int) -> str:
    return f"{value:.{places}f}".replace("-", "−") if math.isfinite(value) else "–"


def _failures(result: ScanResult) -> list[str]:
    lines = [f"{each.method}: frame {each.parent_frame}, {each.where}: {each.reason}" for each in result.failures]
    more = [f"and {len(lines) - _SHOWN} more without result (see scan.json)"] if len(lines) > _SHOWN else []
    return lines[:_SHOWN] + more


def _status(result: ScanResult, fail_above: float | None) -> int:
    """Tell whether a model's error in the well, over all scans, is above what is allowed, or unknown."""
    if fail_above is None:
        return DONE
    failed = [each for each in result.summary[1:] if not each.well <= fail_above]
    for each in failed:
        warn(f"{each.method}: error in the well {_cell(each.well, 2)} meV/atom, above {fail_above:g}")
    return FAILED if failed else DONE
