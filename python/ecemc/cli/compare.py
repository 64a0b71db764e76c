"""``ecemc compare``: results in, differences out."""

from __future__ import annotations

__all__ = ["compare"]

import json
import math
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ecemc.cli.main import DONE, FAILED
from ecemc.cli.show import say

if TYPE_CHECKING:
    from ecemc.comparison import Comparison

_DEFAULT = Path("comparison")


def compare(
    results: Annotated[
        list[Path],
        typer.Argument(
            metavar="A B [C …]", help="Folders that 'ecemc analyze' wrote, or their results.json.", show_default=False
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="DIR", help="Folder for the page (comparison; none with --json)."),
    ] = None,
    labels: Annotated[
        str | None, typer.Option(metavar="NAMES", help="Names of the results, with commas between (of the folders).")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print compare.json instead of the verdicts.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 if anything differs.")] = False,
) -> int:
    """Compare two or more analyses: what differs from the first, what agrees, what cannot be told.

    Densities and other means, radial distribution functions with their differences and error bands, distributions,
    local composition, self-diffusion: as compare.json, CSV tables, figures and one page, with a verdict for each.

    Exit status: 0 done, 1 something differs and --strict is given, 2 bad input.

    Example:  ecemc compare report other -o comparison
    """
    from ecemc.comparison import compare as run
    from ecemc.report import check_folder, write_comparison
    from ecemc.report.files import COMPARISON

    folder = out or (None if as_json else _DEFAULT)
    if folder is not None:
        check_folder(folder, COMPARISON)
    comparison = run(*results, labels=None if labels is None else labels.split(","))
    if folder is not None:
        page = write_comparison(comparison, folder, command=shlex.join(["ecemc", *sys.argv[1:]]))
    if as_json:
        typer.echo(json.dumps(comparison.to_dict(), indent=1, ensure_ascii=False, allow_nan=False))
    else:
        _show(comparison)
        say(f"Comparison: {page}")
    differs = any(found.verdict == "differ" for _, _, found in comparison.findings)
    return FAILED if strict and differs else DONE


def _show(comparison: Comparison) -> None:
    styles = {"agree": "green", "differ": "yellow", "cannot tell": None}
    marks = {"agree": "✔", "differ": "▲", "cannot tell": "?"}
    say(comparison.summary, style="bold")
    for remark in comparison.remarks:
        say(f"  ! {remark}")
    incomparable: dict[str, list[str]] = {}
    for name, label, found in comparison.findings:
        who = f" ({label})" if len(comparison.results) > 2 else ""
        if math.isnan(found.value):
            incomparable.setdefault(found.sentence, []).append(f"{name}{who}")
        else:
            say(f"  {marks[found.verdict]} {name}{who}: {found.sentence}", style=styles[found.verdict])
    for sentence, names in incomparable.items():
        say(f"  – {', '.join(names)}: {sentence}")
