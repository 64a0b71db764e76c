"""``ecemc rdf``: radial distribution functions, quickly."""

from __future__ import annotations

__all__ = ["rdf"]

import json
from enum import Enum
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ecemc.cli.main import DONE
from ecemc.cli.reading import (
    append_option,
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
from ecemc.cli.show import counting, say, trajectory_argument, warn
from ecemc.errors import InputError

if TYPE_CHECKING:
    from ecemc.rdf import RDF


class Normalization(str, Enum):
    """What g(r) is relative to."""

    pair = "pair"
    total = "total"


class By(str, Enum):
    """What atoms are told apart by."""

    ELEMENT = "element"
    SPECIES = "species"
    CENTER = "center"


def rdf(
    trajectories: Annotated[list[Path], trajectory_argument()],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="File to write: .csv, .json or .png (CSV to the terminal).")
    ] = None,
    r_max: Annotated[
        float | None, typer.Option(help="Upper end, Å (half the cell of the first frame, at most 12).")
    ] = None,
    n_bins: Annotated[int | None, typer.Option(help="Number of bins (of 0.05 Å).")] = None,
    by: Annotated[
        By, typer.Option(help="Pairs of elements, of elements within species (EC.O), or of centres of mass.")
    ] = By.ELEMENT,
    normalization: Annotated[
        Normalization, typer.Option(help="pair: each intermolecular g(r) tends to 1; total: all parts add up to g(r).")
    ] = Normalization.pair,
    select: Annotated[str, select_option()] = ":",
    types: Annotated[str | None, types_option()] = None,
    units: Annotated[str | None, units_option()] = None,
    topology: Annotated[Path | None, topology_option()] = None,
    format: Annotated[str | None, format_option()] = None,  # noqa: A002
    append: Annotated[bool, append_option()] = False,
    threads: Annotated[int | None, threads_option()] = None,
) -> int:
    """Compute all partial radial distribution functions, within and between molecules, in one pass.

    Example:  ecemc rdf run.extxyz --r-max 10 -o rdf.png
    """
    from ecemc.analysis import default_n_bins, default_r_max
    from ecemc.files import write_atomically
    from ecemc.rdf import rdf as compute

    kind = out.suffix.lower() if out else ".csv"
    if kind not in {".csv", ".json", ".png"}:
        raise InputError(f"--out: got {out}, expected a name that ends in .csv, .json or .png")
    if out is not None and not out.parent.is_dir():
        raise InputError(f"--out: there is no folder {out.parent}")
    trajectory = open_trajectory(
        trajectories, select, types=types, units=units, topology=topology, format=format, append=append, threads=threads
    )
    with counting("frames") as progress, naming(trajectory):
        frames = counted(trajectory, progress)
        first = next(frames, None)
        if first is None:
            raise InputError(f"{trajectory}: no frame (select={select!r})")
        reach = default_r_max(first.lattices[0]) if r_max is None else r_max
        result = compute(
            chain([first], frames),
            reach,
            n_bins or default_n_bins(reach),
            by=by.value,
            normalization=normalization.value,
            n_threads=threads,
        )
    content = _content(result, kind)
    if out is None:
        typer.echo(content.decode(), nl=False)
    else:
        write_atomically(out, content)
        say(f"{out}: {len(result.inter)} pairs, {result.n_frames} frames")
    for note in trajectory.notes:
        warn(note)
    return DONE


def _content(result: RDF, kind: str) -> bytes:
    """Content of the file to write."""
    if kind == ".png":
        from ecemc import plots

        return plots.png(plots.rdf_figure(result))
    if kind == ".json":
        return (json.dumps(result.to_dict(), indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()
    from ecemc.report.tables import rdf_csv

    return rdf_csv(result)
