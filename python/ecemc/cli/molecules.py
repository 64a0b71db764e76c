"""``ecemc molecules``: which molecules are in a file, and whether they stay intact."""

from __future__ import annotations

__all__ = ["molecules"]

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ecemc.cli.main import DONE, FAILED
from ecemc.cli.reading import (
    append_option,
    format_option,
    naming,
    open_trajectory,
    select_option,
    topology_option,
    types_option,
    units_option,
)
from ecemc.cli.show import counting, say, table, trajectory_argument, warn
from ecemc.errors import InputError

if TYPE_CHECKING:
    from ecemc.analysis import Integrity


def molecules(
    trajectories: Annotated[list[Path], trajectory_argument()],
    bond_scale: Annotated[float, typer.Option(help="Bonds are shorter than this times the covalent radii.")] = 1.3,
    select: Annotated[str, select_option()] = ":",
    types: Annotated[str | None, types_option()] = None,
    units: Annotated[str | None, units_option()] = None,
    topology: Annotated[Path | None, topology_option()] = None,
    format: Annotated[str | None, format_option()] = None,  # noqa: A002
    append: Annotated[bool, append_option()] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> int:
    """Count molecules by species in every frame and report bonds that change and molecules without end.

    Exit status: 0 done, 1 if bonds change between frames, 2 bad input.

    Example:  ecemc molecules run.extxyz
    """
    from ecemc.analysis.integrity import IntegrityRecorder

    trajectory = open_trajectory(
        trajectories, select, types=types, units=units, topology=topology, format=format, append=append
    )
    recorder, n_frames = IntegrityRecorder(bond_scale), 0
    with counting("frames") as progress, naming(trajectory):
        for frames in trajectory.batches():
            recorder.add(n_frames, frames)
            n_frames += len(frames)
            progress(n_frames, trajectory.fraction)
    if not n_frames:
        raise InputError(f"{trajectory}: no frame (select={select!r})")
    integrity, formulas = recorder.result(), recorder.formulas()
    if as_json:
        typer.echo(json.dumps(_record(integrity, formulas), indent=1, ensure_ascii=False))
    else:
        _show(integrity, formulas)
    for note in trajectory.notes:
        warn(note)
    return FAILED if integrity.changed_frames else DONE


def _record(integrity: Integrity, formulas: dict[str, str]) -> dict[str, Any]:
    return {
        "n_frames": len(integrity.system),
        "systems": [
            {"molecules": composition, "n_frames": int((integrity.system == system).sum())}
            for system, composition in enumerate(integrity.compositions)
        ],
        "formulas": formulas,
        "infinite": list(integrity.infinite),
        "frames_with_changed_bonds": list(integrity.changed_frames),
        "changes": [
            {"frame": change.frame, "broken": list(change.broken), "formed": list(change.formed),
             "appeared": change.appeared, "disappeared": change.disappeared}
            for change in integrity.changes
        ],
    }  # fmt: skip


def _show(integrity: Integrity, formulas: dict[str, str]) -> None:
    """Print a table for each of the most frequent systems, then what is wrong."""
    frames = Counter(integrity.system.tolist())
    for system, n_frames in frames.most_common(5):
        composition = integrity.compositions[system]
        total = sum(composition.values())
        say(f"{n_frames} frame{'s' * (n_frames > 1)} with {total} molecule{'s' * (total > 1)}", style="bold")
        rows = [(name, formulas.get(name, ""), count, f"{count / total:.4f}") for name, count in composition.items()]
        table(("species", "formula", "molecules", "mole fraction"), rows)
    if len(frames) > 5:
        say(f"and {len(frames) - 5} more systems (see --json)")
    for name in integrity.infinite:
        say(f"▲ {name} is bonded to its own periodic image", style="yellow")
    if integrity.changed_frames:
        say(f"✖ bonds change in {len(integrity.changed_frames)} of {len(integrity.system)} frames", style="red")
        for change in integrity.changes[:5]:
            what = [f"broken {name}" for name in change.broken] + [f"formed {name}" for name in change.formed]
            say(f"    frame {change.frame}: {', '.join(what)}")
    elif len(integrity.system) > len(frames):
        say("✔ no bond changes", style="green")
