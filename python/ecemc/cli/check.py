"""``ecemc check``: look a labelled data set over."""

from __future__ import annotations

__all__ = ["check"]

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ecemc.cli.labels import (
    PREFIX,
    energy_key_option,
    forces_key_option,
    label_keys,
    prefix_option,
    virial_key_option,
)
from ecemc.cli.main import DONE, FAILED
from ecemc.cli.show import counting, say, table

if TYPE_CHECKING:
    from ecemc.dataset import DatasetReport, Group

#: Compositions that are named.
_COMPOSITIONS = 4


def check(
    data: Annotated[Path, typer.Argument(metavar="DATA", help="Labelled frames: extended XYZ, or what ecemc reads.")],
    prefix: Annotated[str, prefix_option()] = PREFIX,
    energy_key: Annotated[str | None, energy_key_option()] = None,
    forces_key: Annotated[str | None, forces_key_option()] = None,
    virial_key: Annotated[str | None, virial_key_option()] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 1 on attention too, not on failure only.")
    ] = False,
) -> int:
    """Look for everything in a labelled data set that spoils a fit without saying so.

    Keys, values, units, sign and order of virials, net forces, isolated atoms, duplicates, contacts, molecules, and
    what gap_fit would pass over in silence: a table, findings with advice, a verdict.

    Exit status: 0 fit for training, 1 a check fails, 2 bad input.

    Example:  ecemc check train.extxyz
    """
    from ecemc.dataset import check_dataset

    names = label_keys(prefix, energy_key, forces_key, virial_key)
    with counting("frames") as progress:
        report = check_dataset(data, names, progress=progress)
    if as_json:
        typer.echo(json.dumps(report.to_dict(), indent=1, ensure_ascii=False))
    else:
        _show(report)
    bad = {"fail", "attention"} if strict else {"fail"}
    return FAILED if report.status in bad else DONE


def _show(report: DatasetReport) -> None:
    """Print what is there, then the findings, worst first."""
    styles = {"pass": "green", "unknown": "dim", "attention": "yellow", "fail": "red"}
    marks = {"pass": "✔", "unknown": "–", "attention": "▲", "fail": "✖"}
    say(f"{report.source}: {report.n_frames} frames, {report.n_atoms} atoms", style="bold")
    table(("config_type", "frames", "atoms", "energy", "forces", "virial", "eV/atom"), map(_row, report.groups))
    for group in report.groups:
        say(f"  {group.config_type or '(none)'}: {_compositions(group)}")
    say(f"{report.status.upper()}: {report.summary}", style=f"bold {styles[report.status]}")
    for finding in report.findings:
        say(f"  {marks[finding.status]} {finding.name}: {finding.text}", style=styles[finding.status])
        if finding.advice:
            say(f"      {finding.advice}")


def _row(group: Group) -> tuple[str, ...]:
    low, high = group.n_atoms
    energies = group.energy_per_atom
    return (
        group.config_type or "(none)",
        str(group.n_frames),
        str(low) if low == high else f"{low}–{high}",
        str(group.n_energy),
        str(group.n_forces),
        str(group.n_virial),
        "" if energies is None else "…".join(f"{energy:.2f}".replace("-", "−") for energy in energies),
    )


def _compositions(group: Group) -> str:
    """Name the most common ones."""
    shown = [f"{name} ({n})" for name, n in list(group.compositions.items())[:_COMPOSITIONS]]
    more = len(group.compositions) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
