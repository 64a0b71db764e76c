"""``ecemc diffusion``: mean squared displacements and self-diffusion coefficients."""

from __future__ import annotations

__all__ = ["diffusion"]

import json
from dataclasses import asdict
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ecemc.cli.main import DONE
from ecemc.cli.reading import (
    counted,
    format_option,
    naming,
    open_trajectory,
    select_option,
    threads_option,
    topology_option,
    types_option,
    units_option,
)
from ecemc.cli.show import counting, say, table, trajectory_argument, warn
from ecemc.errors import InputError

if TYPE_CHECKING:
    from ecemc.dynamics import MSD, Diffusion
    from ecemc.dynamics.reference import Key


class Followed(str, Enum):
    """What is followed."""

    molecules = "molecules"
    atoms = "atoms"


def diffusion(
    trajectories: Annotated[list[Path], trajectory_argument()],
    dt: Annotated[
        float | None,
        typer.Option("--dt", help="Time between frames of the file, fs (as they tell).", show_default=False),
    ] = None,
    of: Annotated[Followed, typer.Option(help="Follow centres of mass, or the atoms of each element.")] = (
        Followed.molecules
    ),
    species: Annotated[str | None, typer.Option(metavar="NAMES", help="Species to show: EC,EMC (all).")] = None,
    elements: Annotated[
        str | None, typer.Option(metavar="SYMBOLS", help="Elements to show, with --of atoms: C,O (all).")
    ] = None,
    window: Annotated[
        str | None, typer.Option(metavar="START:END", help="Lags of the fit, fs (10 to 50 % of the longest).")
    ] = None,
    drift: Annotated[bool, typer.Option("--keep-drift", help="Leave the drift of the whole system in.")] = False,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="File to write: .csv, .json or .png.")] = None,
    select: Annotated[str, select_option()] = ":",
    types: Annotated[str | None, types_option()] = None,
    units: Annotated[str | None, units_option()] = None,
    topology: Annotated[Path | None, topology_option()] = None,
    format: Annotated[str | None, format_option()] = None,  # noqa: A002
    threads: Annotated[int | None, threads_option()] = None,
) -> int:
    """Compute mean squared displacements and self-diffusion coefficients by species, safe at constant pressure.

    Example:  ecemc diffusion run.extxyz --dt 100 -o msd.png
    """
    from ecemc.dynamics import mean_squared_displacement, self_diffusion
    from ecemc.files import write_atomically

    if out is not None and out.suffix.lower() not in {".csv", ".json", ".png"}:
        raise InputError(f"--out: got {out}, expected a name that ends in .csv, .json or .png")
    if out is not None and not out.parent.is_dir():
        raise InputError(f"--out: there is no folder {out.parent}")
    lags = _window(window)
    trajectory = open_trajectory(
        trajectories, select, types=types, units=units, topology=topology, format=format, threads=threads
    )
    between = None if dt is None else dt * trajectory.choice.step
    with counting("frames") as progress, naming(trajectory):
        frames = counted(trajectory, progress)
        msd = mean_squared_displacement(frames, dt=between, of=of.value, remove_drift=not drift, n_threads=threads)
    msd = _chosen(msd, species, elements)
    found = self_diffusion(msd, window=lags)
    if out is not None:
        write_atomically(out, _content(msd, found, out.suffix.lower()))
    _show(msd, found)
    for note in trajectory.notes:
        warn(note)
    return DONE


def _show(msd: MSD, found: dict[Key, Diffusion]) -> None:
    """Print the table and what to think of it."""
    from ecemc.dynamics.result import spelled
    from ecemc.text import with_error

    rows = (
        (
            spelled(key), each.n_molecules, with_error(each.D, each.stderr),
            with_error(each.exponent, each.exponent_stderr), f"{each.displacement:.1f}", each.verdict,
        )
        for key, each in found.items()
    )  # fmt: skip
    table(("", "molecules", "D (10⁻⁵ cm²/s)", "exponent", "√MSD (Å)", "diffusive?"), rows)
    each = next(iter(found.values()))
    say(f"{msd.n_frames} frames, {msd.dt:g} fs apart; fit from {each.window[0]:g} to {each.window[1]:g} fs.")
    say(f"{each.note[0].upper()}{each.note[1:]}.")
    if msd.warning:
        say(f"Warning: {msd.warning}.", style="yellow")


def _window(text: str | None) -> tuple[float, float] | None:
    """Understand START:END."""
    if text is None:
        return None
    try:
        start, end = map(float, text.split(":"))
    except ValueError as error:
        raise InputError(f"--window: got {text!r}, expected START:END in fs, such as 1000:5000") from error
    return start, end


def _chosen(msd: MSD, species: str | None, elements: str | None) -> MSD:
    """Keep the species and elements asked for."""
    from dataclasses import replace

    keys = list(msd.msd)
    if elements is not None and msd.of != "atoms":
        raise InputError("--elements: centres of mass have none; add --of atoms")
    for option, text, position in (("--species", species, 0), ("--elements", elements, 1)):
        if text is None:
            continue
        there = sorted({key if isinstance(key, str) else key[position] for key in msd.msd})
        wanted = {part.strip() for part in text.split(",")}
        if unknown := sorted(wanted - set(there)):
            raise InputError(f"{option}: got {unknown[0]!r}, expected some of {', '.join(there)}")
        keys = [key for key in keys if (key if isinstance(key, str) else key[position]) in wanted]
    if not keys:
        raise InputError("--species, --elements: no species has any of these elements")
    return replace(
        msd,
        msd={key: msd.msd[key] for key in keys},
        stderr={key: msd.stderr[key] for key in keys},
        by_molecule={key: msd.by_molecule[key] for key in keys},
    )


def _content(msd: MSD, found: dict[Key, Diffusion], kind: str) -> bytes:
    """Content of the file to write."""
    from ecemc.dynamics.result import spelled

    if kind == ".png":
        from ecemc import plots

        return plots.png(plots.msd_figure(msd, found))
    if kind == ".json":
        rows = {spelled(key): _plain(asdict(each)) for key, each in found.items()}
        record = msd.to_dict() | {"diffusion": {"unit": "1e-5 cm²/s", "species": rows}}
        return (json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()
    from ecemc.report.tables import msd_csv

    return msd_csv(msd)


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """Turn NaN into None."""
    return {key: None if isinstance(x, float) and x != x else x for key, x in values.items()}  # noqa: PLR0124
