"""``ecemc eos``: equation of state from runs at constant volume."""

from __future__ import annotations

__all__ = ["eos"]

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ecemc.cli.density import (
    check_outputs,
    data_of,
    discard_option,
    experiment_option,
    extrapolate_option,
    fractions,
    runs_argument,
    temperature_option,
    write_output,
)
from ecemc.cli.main import DONE
from ecemc.cli.show import say, table, warn

if TYPE_CHECKING:
    from ecemc.thermodynamics import Isotherm


def eos(
    runs: Annotated[list[str], runs_argument()],
    experiment: Annotated[str | None, experiment_option()] = None,
    extrapolate: Annotated[bool, extrapolate_option()] = False,
    extrapolate_zero: Annotated[
        bool, typer.Option("--extrapolate-zero", help="Accept a zero outside the densities of the runs; flagged.")
    ] = False,
    exponent: Annotated[
        float | None, typer.Option(metavar="N", help="Hold the exponent; two densities are enough then (fitted).")
    ] = None,
    discard: Annotated[float | None, discard_option()] = None,
    temperature: Annotated[float | None, temperature_option()] = None,
    out: Annotated[
        list[Path] | None,
        typer.Option("--out", "-o", metavar="FILE", help="File to write: .csv, .json or .png; may be repeated."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> int:
    """Fit P(ρ) = a ρⁿ + b to mean pressures at several densities: zero-pressure density and bulk modulus.

    The runs are at constant volume (ecemc md --ensemble nvt), of one composition, temperature and method, at three
    densities and more on both sides of P = 0. A table has the columns density_g_cm3, pressure_bar, stderr_bar.

    Exit status: 0 done, 2 bad input.

    Example:  ecemc eos nvt-0.82.extxyz nvt-0.95.extxyz nvt-1.08.extxyz -o eos.png
    """
    from ecemc.thermodynamics import ReadRunOptions, eos_of_runs, read_runs

    check_outputs(out)
    found = read_runs(runs, ReadRunOptions(discard, temperature))
    result = eos_of_runs(
        found, data_of(experiment, found), exponent=exponent, extrapolate=extrapolate_zero,
        extrapolate_reference=extrapolate,
    )  # fmt: skip
    for path in out or []:
        write_output(path, _content(result, path.suffix.lower()))
    if as_json:
        typer.echo(json.dumps(result.to_dict(), indent=1, ensure_ascii=False, allow_nan=False))
    else:
        _show(result)
    for note in [*result.notes, *([result.reference_missing] if result.reference_missing else [])]:
        warn(note)
    return DONE


def _content(result: Isotherm, kind: str) -> bytes:
    """Content of a file to write."""
    if kind == ".png":
        from ecemc.plots import png
        from ecemc.plots.thermodynamics import eos_figure

        return png(eos_figure(result.eos, reference=result.reference))
    record = result.to_dict()
    if kind == ".json":
        return (json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()
    from ecemc.report.tables import csv_bytes

    return csv_bytes(list(record["points"][0]), [list(point.values()) for point in record["points"]])


def _show(result: Isotherm) -> None:
    """Print points, parameters, and what follows from them."""
    from ecemc.text import number, with_error
    from ecemc.thermodynamics.composition import format_amounts

    found = result.eos
    title = [result.method] if result.method else []
    if result.composition:
        title.append(f"{format_amounts(result.composition)} ({fractions(result.composition)})")
    if math.isfinite(result.temperature):
        title.append(f"{result.temperature:g} K")
    if title:
        say(", ".join(title), style="bold")
    points = zip(found.densities, found.pressures, found.stderr, found.pressure(found.densities), strict=True)
    table(
        ["density (g/cm³)", "pressure (bar)", "fit (bar)"],
        [[f"{rho:.4f}", with_error(p, error), number(fit)] for rho, p, error, fit in points],
    )
    rows = [
        ["zero-pressure density (g/cm³)", f"{found.zero_pressure_density:.4f}", _interval(found.ci95, 4)],
        ["  the same by bootstrap", "", _interval(result.bootstrap95, 4)],
        ["bulk modulus there (bar)", number(found.bulk_modulus), _interval(found.intervals["bulk_modulus"], 0)],
        ["n", number(found.n), _interval(found.intervals["n"], 2)],
        ["a (bar/(g/cm³)ⁿ)", number(found.a), _interval(found.intervals["a"], 0)],
        ["b (bar)", number(found.b), _interval(found.intervals["b"], 0)],
    ]
    if result.reference is not None:
        density = with_error(result.reference.density, result.reference.stderr)
        pressure = _interval(result.reference_ci95, 0)
        rows.append([f"pressure at {density} g/cm³ (bar)", number(result.reference_pressure), pressure])
    table(["P(ρ) = a ρⁿ + b", "", "95 % interval"], rows)
    quality = f", χ² {found.chi2:.2f} for {found.dof} degrees of freedom" if found.dof else ", which the curve meets"
    say(f"{len(found.densities)} points{quality}.")


def _interval(ends: tuple[float, float], places: int) -> str:
    if any(math.isnan(end) for end in ends):
        return "–"
    return " to ".join(f"{end:.{places}f}".replace("-", "−").replace("inf", "∞") for end in ends)
