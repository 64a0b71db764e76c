"""``ecemc info``: what is in a file."""

from __future__ import annotations

__all__ = ["info"]

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ecemc.cli.main import DONE
from ecemc.cli.reading import (
    format_option,
    open_trajectory,
    select_option,
    threads_option,
    topology_option,
    types_option,
    units_option,
)
from ecemc.cli.show import counting, say, table, trajectory_argument
from ecemc.text import number

if TYPE_CHECKING:
    from ecemc.survey import Bounds, Key, Survey


def info(
    trajectories: Annotated[list[Path], trajectory_argument()],
    select: Annotated[str, select_option()] = ":",
    types: Annotated[str | None, types_option()] = None,
    units: Annotated[str | None, units_option()] = None,
    topology: Annotated[Path | None, topology_option()] = None,
    format: Annotated[str | None, format_option()] = None,  # noqa: A002
    threads: Annotated[int | None, threads_option()] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> int:
    """Show what is in each file: frames, atoms, molecules, cell and density, time, every key with its range.

    Example:  ecemc info run.extxyz
    """
    from ecemc.survey import survey

    found = []
    for path in trajectories:
        trajectory = open_trajectory(
            [path], select, types=types, units=units, topology=topology, format=format, threads=threads
        )
        with counting("frames") as progress:
            found.append(survey(trajectory, progress=progress))
    if as_json:
        record = {"files": [one.to_dict() for one in found]}
        typer.echo(json.dumps(record, indent=1, ensure_ascii=False))
        return DONE
    for one in found:
        _show(one)
    return DONE


def _show(found: Survey) -> None:
    """Print lines of facts, then the keys."""
    say(" + ".join(found.files), style="bold")
    lines = {
        "format": ", ".join(found.formats),
        "frames": f"{found.n_frames}",
        "atoms": _span(found.n_atoms, "", whole=True) + _elements(found),
        "molecules": _molecules(found),
        "cell": _cell(found),
        "volume": _span(found.volume, "Å³"),
        "density": _span(found.density, "g/cm³"),
        "time": _time(found),
        "steps": _span(found.steps, "", whole=True),
    }
    for name, text in lines.items():
        if text:
            say(f"  {name:<10} {text}")
    if found.assumed_units:
        say(f"▲ the file names no units: {found.assumed_units} was taken (--units)", style="yellow")
    for message in found.truncated:
        say(f"▲ {message}", style="yellow")
    if found.keys:
        table(("key", "of", "type", "numbers", "frames", "from", "to"), map(_row, found.keys))


def _span(bounds: Bounds, unit: str, *, whole: bool = False) -> str:
    if bounds is None:
        return ""
    low, high = (f"{x:.0f}" if whole else number(x) for x in bounds)
    return f"{low} {unit}".rstrip() if low == high else f"{low} to {high} {unit}".rstrip()


def _elements(found: Survey) -> str:
    text = " (" + " ".join(f"{symbol}{count}" for symbol, count in found.elements.items()) + ")"
    if found.n_other_elements:
        text += f"; other elements or another order in {found.n_other_elements} of {found.n_frames} frames"
    return text


def _molecules(found: Survey) -> str:
    def text(molecules: dict[str, int] | None) -> str:
        return "cannot be told" if molecules is None else " ".join(f"{n} {name}" for name, n in molecules.items())

    if found.first_molecules == found.last_molecules:
        return text(found.first_molecules)
    return f"{text(found.first_molecules)} in the first frame, {text(found.last_molecules)} in the last"


def _cell(found: Survey) -> str:
    flags = ", ".join("".join("T" if flag else "F" for flag in flags) for flags in found.pbc)
    if found.n_without_cell == found.n_frames:
        return f"none (pbc {flags})"
    lengths = " × ".join(_span(bounds, "") for bounds in found.cell_lengths)
    missing = f", none in {found.n_without_cell} of {found.n_frames} frames" if found.n_without_cell else ""
    return f"{lengths} Å (pbc {flags}){missing}"


def _time(found: Survey) -> str:
    if found.time is None:
        return ""
    span = _span(found.time, "fs")
    if found.spacing is not None:
        return f"{span}, {number(found.spacing)} fs between frames"
    if found.irregular is not None:
        return f"{span}, irregular: {found.irregular}"
    return span


def _row(key: Key) -> tuple[str, ...]:
    text = number if key.kind == "real" else "{:.0f}".format
    low, high = ("", "") if key.range is None else map(text, key.range)
    nan = f" ({key.n_nan} NaN)" if key.n_nan else ""
    return key.name, "atoms" if key.per_atom else "frame", key.kind + nan, str(key.width), str(key.n_frames), low, high
