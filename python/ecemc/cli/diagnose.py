"""``ecemc diagnose``: results of the other verbs in, a verdict on the model out."""

from __future__ import annotations

__all__ = ["diagnose"]

import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ecemc.cli.main import DONE, FAILED
from ecemc.cli.show import say

if TYPE_CHECKING:
    from ecemc.diagnosis import Diagnosis

_MARKS = {"bad": "✖", "weak": "▲", "unknown": "?", "sound": "✔"}
_STYLES = {"bad": "red", "weak": "yellow", "unknown": None, "sound": "green"}
_ADVICE = 5


def diagnose(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="FOLDER|FILE …",
            help="Folders to search for results of the other verbs, and such files, told by their content.",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="DIR", help="Folder for the page of the model.")
    ] = None,
    model: Annotated[
        str | None, typer.Option("--model", "-m", help="Which model, if the results are of several: name or file.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print diagnosis.json instead of the words.")] = False,
) -> int:
    """Say in words whether a model's liquid is stable, what is to blame, how sure that is, and which data to add.

    Reads what is there of: errors.json (ecemc errors), scan.json (ecemc scan), compare.json (ecemc compare, the
    reference first), results.json (ecemc analyze), runs (ecemc md), what ecemc density --json and ecemc eos --json
    have printed, and the record of the fit. Says what is missing, and what that leaves open. With --out the page of
    the model: the diagnosis, then the figures for what is there.

    Exit status: 0 sound or not yet known, 1 not stable or a part is to blame, 2 bad input.

    Example:  ecemc diagnose results -o model
    """
    from ecemc.diagnosis import diagnose as run
    from ecemc.report import check_folder, write_diagnosis
    from ecemc.report.files import DIAGNOSIS

    if out is not None:
        check_folder(out, DIAGNOSIS)
    found = run(*paths, model=model)
    page = None if out is None else write_diagnosis(found, out, command=shlex.join(["ecemc", *sys.argv[1:]]))
    if as_json:
        typer.echo(json.dumps(found.to_dict(), indent=1, ensure_ascii=False, allow_nan=False))
    else:
        _show(found)
        if page is not None:
            say(f"Page: {page}")
    return DONE if found.sound else FAILED


def _show(found: Diagnosis) -> None:
    """Print the verdict, what was found with the worst first, what to do, and what is not known."""
    say(f"{found.model}: {found.stable}", style="bold")
    say(found.sentence)
    order = list(_MARKS)
    for entry in sorted(found.findings, key=lambda entry: (order.index(entry.severity), -abs(entry.sigmas))):
        sure = "" if entry.severity == "unknown" else f" ({entry.confidence})"
        say(f"  {_MARKS[entry.severity]} {entry.part}: {entry.sentence}{sure}", style=_STYLES[entry.severity])
    if found.advice:
        say("What to do, the most useful first:", style="bold")
    for place, advice in enumerate(found.advice[:_ADVICE], start=1):
        say(f"  {place}. {advice.text} For: {', '.join(advice.because)}.")
        if advice.command:
            say(f"     {advice.command}")
    if found.missing:
        say("Not known:", style="bold")
    for missing in found.missing:
        say(f"  ? {missing.leaves_open} (no {missing.what}): {missing.command}")
