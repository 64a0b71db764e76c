"""``ecemc rdf``: radial distribution functions, quickly."""

from __future__ import annotations

__all__ = ["rdf"]

import json
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ecemc.cli.main import DONE
from ecemc.cli.show import counting, say, trajectory_argument
from ecemc.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ase import Atoms

    from ecemc.rdf import RDF


class Normalization(str, Enum):
    """What g(r) is relative to."""

    pair = "pair"
    total = "total"


def rdf(
    trajectory: Annotated[Path, trajectory_argument()],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="File to write: .csv, .json or .png (CSV to the terminal).")
    ] = None,
    r_max: Annotated[
        float | None, typer.Option(help="Upper end, Å (half the cell of the first frame, at most 12).")
    ] = None,
    n_bins: Annotated[int, typer.Option(help="Number of bins.")] = 200,
    normalization: Annotated[
        Normalization, typer.Option(help="pair: each intermolecular g(r) tends to 1; total: all parts add up to g(r).")
    ] = Normalization.pair,
    select: Annotated[str, typer.Option(metavar="SLICE", help="Frames to read, as in Python: '100:', '::10'.")] = ":",
    threads: Annotated[int | None, typer.Option(help="Threads (all cores).")] = None,
) -> int:
    """Compute all partial radial distribution functions, within and between molecules, in one pass.

    Example:  ecemc rdf run.extxyz --r-max 10 -o rdf.png
    """
    from ecemc.analysis import default_r_max
    from ecemc.rdf import rdf as compute
    from ecemc.report.files import write_atomically
    from ecemc.trajectory import iread

    kind = out.suffix.lower() if out else ".csv"
    if kind not in {".csv", ".json", ".png"}:
        raise InputError(f"--out: got {out}, expected a name that ends in .csv, .json or .png")
    if out is not None and not out.parent.is_dir():
        raise InputError(f"--out: there is no folder {out.parent}")
    frames = iread(trajectory, select)
    first = next(frames, None)
    if first is None:
        raise InputError(f"{trajectory}: no frame (select={select!r})")
    try:
        with counting("frames") as progress:
            result = compute(
                _counted(first, frames, progress), default_r_max(first) if r_max is None else r_max, n_bins,
                normalization=normalization.value, n_threads=threads,
            )  # fmt: skip
    except InputError as error:
        if str(error).startswith("frame "):
            raise type(error)(f"{trajectory}: {error}") from error
        raise
    content = _content(result, kind)
    if out is None:
        typer.echo(content.decode(), nl=False)
    else:
        write_atomically(out, content)
        say(f"{out}: {len(result.inter)} pairs of elements, {result.n_frames} frames")
    return DONE


def _counted(first: Atoms, rest: Iterator[Atoms], progress: Any) -> Iterator[Atoms]:
    """Put the first frame back and count."""
    yield first
    progress(1)
    for number, atoms in enumerate(rest, start=2):
        yield atoms
        progress(number)


def _content(result: RDF, kind: str) -> bytes:
    """Content of the file to write."""
    if kind == ".png":
        from ecemc import plots

        return plots.png(plots.rdf_figure(result))
    if kind == ".json":
        return (json.dumps(result.to_dict(), indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()
    from ecemc.report.tables import rdf_csv

    return rdf_csv(result)
