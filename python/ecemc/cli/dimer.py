"""``ecemc dimer``: interaction curves of two molecules by any set of methods."""

from __future__ import annotations

__all__ = ["dimer"]

import json
import math
from contextlib import closing, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ecemc.cli.main import DONE, FAILED
from ecemc.cli.options import METHODS, check_result_folder, named_method, number_list
from ecemc.cli.show import counting, say, table, warn
from ecemc.errors import InputError

if TYPE_CHECKING:
    from ecemc.dimers import DimerOptions, DimerResult

_MOLECULE = "EC, EMC, water, or a file with one molecule."
_FOLDER = Path("dimer")
_SHOWN = 10


def dimer(
    first: Annotated[str, typer.Argument(metavar="MOLECULE", help=_MOLECULE, show_default=False)],
    second: Annotated[str, typer.Argument(metavar="MOLECULE", help=_MOLECULE, show_default=False)],
    methods: Annotated[
        list[str] | None,
        typer.Option("--method", "-m", metavar="[NAME=]METHOD", help=f"{METHODS}; may be repeated."),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder for results.")] = None,
    search: Annotated[str, typer.Option(metavar="METHOD", help="What searches the orientation.")] = "opls",
    orientations: Annotated[int, typer.Option(help="Orientations that are searched.", min=1)] = 200,
    seed: Annotated[int, typer.Option(help="Of the orientations.")] = 1,
    offsets: Annotated[
        str | None,
        typer.Option(
            metavar="LIST",
            help="Å from the best distance of the search: FIRST:LAST:NUMBER (even) and numbers, with commas.",
        ),
    ] = None,
    counterpoise: Annotated[
        bool,
        typer.Option("--counterpoise/--no-counterpoise", help="Correct PySCF methods for basis set superposition."),
    ] = True,
    jobs: Annotated[
        int | None, typer.Option("--jobs", "-j", help="Configurations at the same time (all cores).")
    ] = None,
    retry: Annotated[bool, typer.Option("--retry", help="Try again what has failed before.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print dimer.json; no folder unless given.")] = False,
) -> int:
    """Pull two rigid molecules apart in their best orientation; interaction energies by every method.

    Writes dimer.json, curves.csv, minima.csv, curves.png and dimer.extxyz (the configurations) to the folder. Finished
    calculations are kept there too, in dimer.ledger: after an interruption, or with more methods, the same command
    computes what is missing.

    Exit status: 0 done, 1 a method fails at some distance, 2 bad input.

    Example:  ecemc dimer EC EMC --method gfn2-xtb --method opls --method model.xml -o ec-emc
    """
    from ecemc.dimers import DimerOptions, SearchOptions, dimer_curves
    from ecemc.dimers.result import SCHEMA
    from ecemc.evaluation import Ledger

    if not methods:
        raise InputError(f"--method: none given, expected {METHODS}")
    chosen = [named_method(text) for text in methods]
    options = DimerOptions(
        search_method=search,
        search=SearchOptions(n_orientations=orientations, seed=seed),
        counterpoise=counterpoise,
        retry=retry,
    )
    options = _with_offsets(options, offsets)
    folder = out or (None if as_json else _FOLDER)
    if folder is not None:
        check_result_folder(folder, "dimer.json", "schema", SCHEMA)
        folder.mkdir(parents=True, exist_ok=True)
    with (
        counting("configurations") as progress,
        nullcontext() if folder is None else closing(Ledger(folder / "dimer.ledger")) as ledger,
    ):
        result = dimer_curves(first, second, chosen, options, n_jobs=jobs, ledger=ledger, progress=progress)
    if folder is not None:
        _write_folder(folder, result)
    if as_json:
        typer.echo(json.dumps(result.to_dict(), indent=1, ensure_ascii=False, allow_nan=False))
    else:
        _show(result)
        say(f"Dimer: {folder}")
    for failure in result.failures[:_SHOWN]:
        warn(f"{failure.method}: {failure.where}: {failure.reason}")
    if len(result.failures) > _SHOWN:
        warn(f"and {len(result.failures) - _SHOWN} more")
    return FAILED if result.failures else DONE


def _with_offsets(options: DimerOptions, text: str | None) -> DimerOptions:
    """Read ``-0.4:1:8,2,4``."""
    from dataclasses import replace

    from numpy import linspace

    return options if text is None else replace(options, offsets=tuple(number_list(text, linspace, "--offsets")))


def _write_folder(folder: Path, result: DimerResult) -> None:
    from ecemc.dimers import curve_table, minimum_table
    from ecemc.files import write_atomically
    from ecemc.plots.dimers import dimer_figure
    from ecemc.plots.style import png
    from ecemc.report.tables import csv_bytes
    from ecemc.trajectory import write

    record = json.dumps(result.to_dict(), indent=1, ensure_ascii=False, allow_nan=False)
    contents = {
        "curves.png": png(dimer_figure(result)),
        "curves.csv": csv_bytes(*curve_table(result)),
        "minima.csv": csv_bytes(*minimum_table(result)),
        "dimer.json": (record + "\n").encode(),
    }
    for name, content in contents.items():
        write_atomically(folder / name, content)
    write(folder / "dimer.extxyz", result.frames, format="extxyz")


def _show(result: DimerResult) -> None:
    from ecemc.dimers import minimum_table

    found = "as given" if result.searched_by is None else f"by {result.searched_by}"
    say(f"{result.name}: orientation {found}, {result.pose.distance:.2f} Å", style="bold")
    heading, rows = minimum_table(result)
    table(heading[:4], [[name, corrected, _cell(r, 2), _cell(e, 3)] for name, corrected, r, e, _ in rows])
    if any(math.isnan(row[3]) for row in rows):
        say("–: lowest at the first or last distance; give other --offsets")
    if result.published is not None:
        say(f"PNO-LCCSD(T)-F12 in the paper: {_cell(result.published, 2)} eV, at geometries of its own")


def _cell(value: float, places: int) -> str:
    return f"{value:.{places}f}".replace("-", "−") if math.isfinite(value) else "–"
