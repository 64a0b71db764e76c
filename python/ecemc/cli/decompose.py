"""``ecemc decompose``: labels in parts."""

from __future__ import annotations

__all__ = ["decompose"]

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
from ecemc.cli.options import METHODS, set_option
from ecemc.cli.reading import naming, open_trajectory, select_option
from ecemc.cli.show import counting, say, table, trajectory_argument, warn
from ecemc.errors import InputError

if TYPE_CHECKING:
    from ecemc.decomposition import PartsSummary

_SHOWN = 10


def decompose(
    trajectories: Annotated[list[Path], trajectory_argument()],
    out: Annotated[Path, typer.Option("--out", "-o", help="File to write (.extxyz).")],
    method: Annotated[
        str | None,
        typer.Option(
            "--method",
            "-m",
            help=f"Computes frames and molecules: {METHODS}.",
        ),
    ] = None,
    molecules: Annotated[
        Path | None,
        typer.Option("--molecules", metavar="FILE", help="Molecules from ecemc isolate, labelled as the frames were."),
    ] = None,
    stored_total: Annotated[
        bool, typer.Option("--stored-total", help="Keep the labels of the frames; the method computes molecules only.")
    ] = False,
    cell: Annotated[
        str, typer.Option(metavar="CELL", help="Where molecules are computed: none (vacuum), parent, or a length in Å.")
    ] = "none",
    select: Annotated[str, select_option()] = ":",
    options: Annotated[list[str] | None, set_option()] = None,
    prefix: Annotated[str, prefix_option()] = PREFIX,
    energy_key: Annotated[str | None, energy_key_option()] = None,
    forces_key: Annotated[str | None, forces_key_option()] = None,
    virial_key: Annotated[str | None, virial_key_option()] = None,
    jobs: Annotated[int | None, typer.Option("--jobs", "-j", help="Calculations at the same time (all cores).")] = None,
    retry: Annotated[bool, typer.Option("--retry", help="Try again what has failed before.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace OUT.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the sizes of the parts as JSON.")] = False,
) -> int:
    """Write frames with their labels in parts: within and between molecules; translation, rotation, vibration.

    Without --method and --molecules, only the stored forces are split into translation, rotation and vibration, which
    takes no calculation. Finished calculations are kept in OUT.ledger, so the same command goes on after an
    interruption.

    Exit status: 0 done, 1 some frames failed, 2 bad input or all frames failed.

    Example:  ecemc decompose boxes.extxyz --method gfn2-xtb -o parts.extxyz
    """
    from ecemc.cli.label import parsed
    from ecemc.decomposition import DecomposeOptions, read_cell
    from ecemc.decomposition import decompose as run
    from ecemc.methods import get_method

    _check(out, overwrite, method, stored_total, options)
    settings = DecomposeOptions(
        label_keys(prefix, energy_key, forces_key, virial_key), read_cell(cell, "--cell"), stored_total, jobs, retry
    )
    chosen = None if method is None else get_method(method, **parsed(options))
    trajectory = open_trajectory(trajectories, select, append=True)
    with counting("frames") as progress, naming(trajectory):
        result = run(trajectory, out, chosen, molecules=molecules, options=settings, progress=progress)
    for failure in result.failures[:_SHOWN]:
        warn(f"frame {failure.frame}: {failure.reason}")
    if len(result.failures) > _SHOWN:
        warn(f"and {len(result.failures) - _SHOWN} more frames failed")
    if as_json:
        content = {"out": str(result.path), "n_frames": result.n_frames, "n_failed": len(result.failures)}
        typer.echo(json.dumps(content | {"parts": result.summary.to_dict()}, indent=1, ensure_ascii=False))
    else:
        _show(result.summary)
        lost = f", {len(result.failures)} failed" if result.failures else ""
        say(f"{result.path}: {result.n_frames} frame{'s' * (result.n_frames != 1)} in parts{lost}")
    return FAILED if result.failures else DONE


def _check(out: Path, overwrite: bool, method: str | None, stored_total: bool, options: list[str] | None) -> None:
    if out.exists() and not overwrite:
        raise InputError(f"{out}: is there already; choose another name or give --overwrite")
    if method is None and (stored_total or options):
        given = "--stored-total" if stored_total else "--set"
        raise InputError(f"{given}: is about the method that computes; give --method")


def _show(summary: PartsSummary) -> None:
    """Print the size of the parts: energies vary about their mean, forces and virials about zero."""
    from ecemc.text import number

    rows = []
    for part in ("total", "intra", "inter", "trans", "rot", "vib"):
        energy, forces, virial = (found.get(part) for found in (summary.energy, summary.forces, summary.virial))
        if energy or forces or virial:
            rows.append(
                [
                    part,
                    number(1e3 * energy.mean, 6) if energy else "",
                    number(1e3 * energy.std) if energy else "",
                    number(1e3 * forces.rms) if forces else "",
                    number(1e3 * virial.rms) if virial else "",
                ]
            )
    table(["part", "energy, mean (meV/atom)", "spread", "forces, rms (meV/Å)", "virial, rms (meV/atom)"], rows)
