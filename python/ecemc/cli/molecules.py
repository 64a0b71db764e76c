"""``ecemc molecules``: which molecules are in a file, and whether they stay intact."""

from __future__ import annotations

__all__ = ["molecules"]

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ecemc.cli.main import DONE, FAILED
from ecemc.cli.show import counting, say, table, trajectory_argument

if TYPE_CHECKING:
    from ecemc.analysis import Integrity


def molecules(
    trajectory: Annotated[Path, trajectory_argument()],
    bond_scale: Annotated[float, typer.Option(help="Bonds are shorter than this times the covalent radii.")] = 1.3,
    select: Annotated[str, typer.Option(metavar="SLICE", help="Frames to read, as in Python: '100:', '::10'.")] = ":",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> int:
    """Count molecules by species in every frame and report bonds that change and molecules without end.

    Exit status: 0 done, 1 if bonds change between frames, 2 bad input.

    Example:  ecemc molecules run.extxyz
    """
    from ecemc.analysis.integrity import IntegrityRecorder
    from ecemc.errors import InputError
    from ecemc.molecules import find_molecules
    from ecemc.trajectory import iread

    recorder = IntegrityRecorder()
    formulas: dict[str, str] = {}
    number = -1
    with counting("frames") as progress:
        for number, atoms in enumerate(iread(trajectory, select)):
            try:
                found = find_molecules(atoms, scale=bond_scale)
            except InputError as error:
                raise type(error)(f"{trajectory}: frame {number}: {error}") from error
            formulas |= zip(found.species, found.formulas, strict=True)
            recorder.add(atoms, found)
            progress(number + 1)
    if number < 0:
        raise InputError(f"{trajectory}: no frame (select={select!r})")
    integrity = recorder.result()
    if as_json:
        typer.echo(json.dumps(_record(integrity, formulas), indent=1, ensure_ascii=False))
    else:
        _show(integrity, formulas)
    return FAILED if integrity.changed_frames else DONE


def _record(integrity: Integrity, formulas: dict[str, str]) -> dict[str, Any]:
    return {
        "n_frames": len(integrity.system),
        "systems": [
            {"molecules": composition, "n_frames": integrity.system.count(system)}
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
    frames = Counter(integrity.system)
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
