"""``ecemc density``: what densities runs have, and how far to trust them."""

from __future__ import annotations

__all__ = ["density"]

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ecemc.cli.main import DONE, FAILED
from ecemc.cli.show import say, table, warn
from ecemc.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ecemc.thermodynamics import DensityData, DensityTable, Run

_NONE = "none"


def runs_argument() -> Any:
    """Take runs."""
    return typer.Argument(
        metavar="RUN...",
        help="Runs of ecemc md (OUT.extxyz), folders of ecemc analyze, trajectories, or a CSV table of your own.",
        show_default=False,
    )


def experiment_option() -> Any:
    """Densities to compare with."""
    return typer.Option(
        "--experiment",
        metavar="NAME|FILE.csv",
        help="Compare with ec-emc (measured; the default for EC and EMC), opls (OPLS-AA), a table, or none.",
        show_default=False,
    )


def extrapolate_option() -> Any:
    """Whether to leave the measured range."""
    return typer.Option("--extrapolate", help="Compare outside the measured temperatures and compositions too.")


def discard_option() -> Any:
    """Beginning of runs."""
    return typer.Option(metavar="FS", help="Leave out the first so many fs of each run (detected).", show_default=False)


def temperature_option() -> Any:
    """Temperature of runs that tell none."""
    return typer.Option(metavar="K", help="Temperature of runs that tell none.", show_default=False)


def density(
    runs: Annotated[list[str], runs_argument()],
    experiment: Annotated[str | None, experiment_option()] = None,
    extrapolate: Annotated[bool, extrapolate_option()] = False,
    discard: Annotated[float | None, discard_option()] = None,
    temperature: Annotated[float | None, temperature_option()] = None,
    out: Annotated[
        list[Path] | None,
        typer.Option("--out", "-o", metavar="FILE", help="File to write: .csv, .json or .png; may be repeated."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 if a run was stopped or replicas differ.")] = (
        False
    ),
) -> int:
    """Compare NPT densities of runs with each other and with experiment.

    Each run gives a mean with its statistical error. Runs of the same method, composition, temperature and pressure
    are replicas: combined, with an error that holds what they differ by. Several temperatures give the thermal
    expansion, pure liquids beside mixtures the excess volume. A run that a monitor stopped is unstable and not counted.

    Exit status: 0 done, 1 a run was stopped or replicas differ and --strict is given, 2 bad input.

    Example:  ecemc density run1.extxyz run2.extxyz -o density.png
    """
    from ecemc.thermodynamics import ReadRunOptions, density_table, read_runs

    check_outputs(out)
    found = read_runs(runs, ReadRunOptions(discard, temperature))
    result = density_table(found, data_of(experiment, found), extrapolate=extrapolate)
    for path in out or []:
        write_output(path, _content(result, path.suffix.lower()))
    if as_json:
        typer.echo(json.dumps(result.to_dict(), indent=1, ensure_ascii=False, allow_nan=False))
    else:
        _show(result)
    for note in result.notes:
        warn(note)
    return FAILED if strict and not result.is_sound else DONE


def check_outputs(out: list[Path] | None) -> None:
    """Refuse names of files that could not be written before any work."""
    for path in out or []:
        if path.suffix.lower() not in {".csv", ".json", ".png"}:
            raise InputError(f"--out: got {path}, expected a name that ends in .csv, .json or .png")
        if not path.parent.is_dir():
            raise InputError(f"--out: there is no folder {path.parent}")


def write_output(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    from ecemc.files import write_atomically

    write_atomically(path, content)


def data_of(name: str | None, runs: Iterable[Run]) -> DensityData | None:
    """Densities to compare with: those asked for, else those of EC and EMC if the runs are of these."""
    from ecemc.thermodynamics import reference_data

    if name == _NONE:
        return None
    if name is not None:
        return reference_data(name)
    measured = reference_data()
    species = {each for run in runs for each in run.composition}
    return measured if species and species <= set(measured.species) else None


def _content(result: DensityTable, kind: str) -> bytes:
    """Content of a file to write."""
    if kind == ".png":
        from ecemc.plots import png
        from ecemc.plots.thermodynamics import densities_figure

        return png(densities_figure(result))
    if kind == ".json":
        return (json.dumps(result.to_dict(), indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()
    from ecemc.report.tables import csv_bytes

    return csv_bytes(*result.rows())


def _show(result: DensityTable) -> None:
    """Print densities, what compositions are in other units, and what follows from densities."""
    from ecemc.text import with_error
    from ecemc.thermodynamics.composition import format_amounts

    several = len({each.method for each in result.conditions}) > 1
    replicas = any(each.n_unstable or (each.density and each.density.n > 1) for each in result.conditions)
    name = result.data.name if result.data else "reference"
    rows, lines = [], dict[str, None]()
    for each in result.conditions:
        liquid, reference = format_amounts(each.composition), each.reference
        lines[f"{liquid}: {fractions(each.composition)}"] = None
        mark = "*" if reference is not None and reference.extrapolated else ""
        stopped = f" + {each.n_unstable} stopped" if each.n_unstable else ""
        difference, error = each.deviation
        rows.append(
            [
                *([each.method] if several else []), liquid, f"{each.temperature:g}",
                *([f"{each.density.n if each.density else 0}{stopped}"] if replicas else []),
                with_error(each.density.mean, each.density.stderr) if each.density else "–",
                with_error(reference.density, reference.stderr) + mark if reference else "–",
                with_error(difference, error) if math.isfinite(difference) else "–",
            ]
        )  # fmt: skip
    headings = ["liquid", "T (K)", *(["runs"] if replicas else []), "ρ (g/cm³)", name, "difference"]
    table([*(["method"] if several else []), *headings], rows)
    for line in lines:
        say(line)
    _show_derived(result, name)


def _show_derived(result: DensityTable, name: str) -> None:
    """Print thermal expansion and excess volumes."""
    from ecemc.text import with_error
    from ecemc.thermodynamics.composition import format_amounts

    if result.slopes:
        say("Thermal expansion")
        table(
            ["liquid", "n(T)", "α (10⁻³/K)", "dρ/dT (mg/cm³/K)", name],
            [
                [
                    format_amounts(each.composition), each.found.n,
                    with_error(1e3 * each.found.alpha, 1e3 * each.found.alpha_stderr),
                    with_error(1e3 * each.found.slope, 1e3 * each.found.slope_stderr),
                    with_error(*(1e3 * value for value in each.reference)) if math.isfinite(each.reference[0]) else "–",
                ]
                for each in result.slopes
            ],
        )  # fmt: skip
    if result.excess:
        say("Excess volume")
        rows = [
            [format_amounts(each.composition), f"{each.temperature:g}", with_error(each.volume, each.stderr)]
            for each in result.excess
        ]
        table(["liquid", "T (K)", "V^E (cm³/mol)"], rows)


def fractions(composition: Mapping[str, float]) -> str:
    """Mole and mass percentages of a composition, as text."""
    from ecemc.thermodynamics import mass_fractions, mole_fractions

    def text(parts: Mapping[str, float]) -> str:
        return " : ".join(f"{100.0 * part:.1f}" for part in parts.values())

    moles = f"mole % {text(mole_fractions(composition))}"
    try:
        return f"{moles}, mass % {text(mass_fractions(composition))}"
    except InputError:  # a species whose mass nobody knows
        return moles
