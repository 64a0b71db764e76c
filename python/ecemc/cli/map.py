"""``ecemc map``: kernel-PCA maps of configurations or atomic environments."""

from __future__ import annotations

__all__ = ["map"]

import json
from enum import Enum
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ecemc.cli.main import DONE
from ecemc.cli.reading import (
    format_option,
    naming,
    open_trajectory,
    select_option,
    topology_option,
    types_option,
    units_option,
)
from ecemc.cli.show import counting, say, table, warn
from ecemc.errors import InputError

if TYPE_CHECKING:
    from ecemc.maps import KernelPCA
    from ecemc.trajectory import Trajectory

_ENDINGS = (".chemiscope.json", ".chemiscope.json.gz", ".csv", ".json", ".png", ".svg")


class Landmarks(str, Enum):
    """How landmarks are chosen."""

    random = "random"
    farthest = "farthest"


def map(  # noqa: A001  (the verb)
    data: Annotated[
        list[Path],
        typer.Argument(
            metavar="DATA", help="Data sets: extxyz (also .gz), or what ecemc.iread reads.", show_default=False
        ),
    ],
    by: Annotated[
        str,
        typer.Option(help="A point for each frame, each atom of an element (C), each atom type of a species (EC:C1)."),
    ] = "frame",
    descriptor: Annotated[
        str,
        typer.Option(
            metavar="TEXT", help="soap, turbo, or QUIP's 'soap ...', 'soap_turbo ...' without centre and species."
        ),
    ] = "soap",
    zeta: Annotated[int, typer.Option(help="Exponent of the kernel.")] = 4,
    color: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="config_type, composition, x_EC, density, species, type, or any key of info (the first of them).",
        ),
    ] = None,
    landmarks: Annotated[
        int, typer.Option(help="Points that span the map (Nyström); all, if there are no more.")
    ] = 500,
    choose: Annotated[Landmarks, typer.Option(help="Take landmarks at random, or far from each other.")] = (
        Landmarks.random
    ),
    components: Annotated[int, typer.Option(help="Axes to compute.")] = 2,
    seed: Annotated[int, typer.Option(help="Of the choice of landmarks.")] = 1,
    project: Annotated[
        list[Path] | None,
        typer.Option(metavar="DATA", help="Other data to place in the map; may be given several times."),
    ] = None,
    out: Annotated[
        list[Path] | None,
        typer.Option(
            "--out", "-o", help=f"File to write, may be given several times: {', '.join(_ENDINGS)}.", show_default=False
        ),
    ] = None,
    select: Annotated[str, select_option()] = ":",
    types: Annotated[str | None, types_option()] = None,
    units: Annotated[str | None, units_option()] = None,
    topology: Annotated[Path | None, topology_option()] = None,
    format: Annotated[str | None, format_option()] = None,  # noqa: A002
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> int:
    """Map the configurations of a data set, or their atoms, by kernel PCA with SOAP or Turbo-SOAP.

    Points that lie close have similar environments. --project shows whether other data, such as a run of a model, stays
    where the training data are.

    Example:  ecemc map train.extxyz --by EC:C1 --color composition -o map.png -o map.chemiscope.json.gz
    """
    from ecemc.maps import KernelPCAOptions, kernel_pca
    from ecemc.maps.points import Choice, find_points

    out = out or []
    _check(out)
    options = KernelPCAOptions(by, descriptor, zeta, components, landmarks, choose.value, seed)
    reading: dict[str, Any] = {"types": types, "units": units, "topology": topology, "format": format}
    frames = open_trajectory(data, select, append=True, **reading)
    others = open_trajectory(project, ":", append=True, **reading) if project else None
    with counting("frames" if by == "frame" else "atoms") as progress, naming(frames):
        if color is not None:  # before the long work
            find_points(frames.atoms(), Choice.parse(by)).values(color)
        found = kernel_pca(frames, options, progress=progress)
    color = color or ("config_type" if "config_type" in found.points.names else "composition")
    projected = None
    if others is not None:
        with naming(others):
            projected = found.project(others)
    for path in out:
        _write(path, found, frames, color, projected)
    if as_json:
        typer.echo(_json(found, projected).decode(), nl=False)
    else:
        _show(found, color, projected)
    for note in (*frames.notes, *(others.notes if others is not None else ())):
        warn(note)
    return DONE


def _check(out: list[Path]) -> None:
    """Refuse what could not be written, before any work."""
    for path in out:
        if not path.name.lower().endswith(_ENDINGS):
            raise InputError(f"--out: got {path}, expected a name that ends in {', '.join(_ENDINGS)}")
        if not path.parent.is_dir():
            raise InputError(f"--out: there is no folder {path.parent}")
        if ".chemiscope." in path.name.lower():
            from ecemc.errors import require

            require("chemiscope", "map")


def _write(path: Path, found: KernelPCA, frames: Trajectory, color: str, projected: KernelPCA | None) -> None:
    from ecemc.files import write_atomically

    name = path.name.lower()
    if ".chemiscope." in name:
        from ecemc.maps import write_chemiscope

        write_chemiscope(path, found, frames, color=color)
        return
    if name.endswith(".csv"):
        content = _csv(found, projected)
    elif name.endswith(".json"):
        content = _json(found, projected)
    else:
        from ecemc import plots
        from ecemc.plots.maps import map_figure

        figure = map_figure(found, color, projected)
        content = plots.png(figure) if name.endswith(".png") else plots.svg(figure).encode()
    write_atomically(path, content)


def _csv(found: KernelPCA, projected: KernelPCA | None) -> bytes:
    """All points; those that were projected say so."""
    from ecemc.report.tables import csv_bytes

    sets = {"map": found.columns()} | ({"projected": projected.columns()} if projected is not None else {})
    headings = list(sets["map"])
    rows = [
        (name, *row)
        for name, columns in sets.items()
        for row in zip(*(columns.get(heading, repeat(None)) for heading in headings), strict=False)
    ]
    return csv_bytes(["set", *headings], rows)


def _json(found: KernelPCA, projected: KernelPCA | None) -> bytes:
    record = found.to_dict()
    if projected is not None:
        record["projected"] = projected.to_dict()["points"]
    return (json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _show(found: KernelPCA, color: str, projected: KernelPCA | None) -> None:
    """Print where the points of each kind lie, and how much of the variance is shown."""
    import numpy as np

    axes = [f"PC{k + 1}" for k in range(found.coordinates.shape[1])]
    values = np.array(["n/a" if value is None else str(value) for value in found.points.values(color)], dtype=object)
    kinds = ["all"] if found.points.numeric(color) else sorted(set(values))
    groups = {kind: found.coordinates[(values == kind) | (kind == "all")] for kind in kinds}
    if projected is not None:
        groups["projected"] = projected.coordinates
    rows = [
        (name, len(points), *(f"{round(axis.mean(), 3) + 0.0:.3f} ± {axis.std():.3f}" for axis in points.T))
        for name, points in groups.items()
    ]
    table(("" if kinds == ["all"] else color, "points", *(f"{axis} (mean ± spread)" for axis in axes)), rows)
    shares = ", ".join(f"{axis} {100 * x:.1f} %" for axis, x in zip(axes, found.explained_variance_ratio, strict=True))
    missed = 100 * found.missed_variance_ratio
    say(f"Variance along {shares}; {missed:.1f} % is out of reach of the {found.n_landmarks} landmarks.")
    if found.missed_variance_ratio > 0.1:
        say("Warning: the landmarks do not span the data; give more --landmarks.", style="yellow")
