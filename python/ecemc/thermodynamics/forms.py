"""Tables of densities as JSON and CSV."""

from __future__ import annotations

__all__ = ["reference_dict", "table_dict", "table_rows"]

from typing import TYPE_CHECKING, Any

from ecemc.errors import InputError
from ecemc.text import plain
from ecemc.thermodynamics.composition import format_amounts, mass_fractions, mole_fractions, mole_ratio

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ecemc.thermodynamics.densities import Condition, DensityTable, Excess, Slope
    from ecemc.thermodynamics.experiment import ReferenceDensity
    from ecemc.thermodynamics.runs import Run

#: Name and version of the layout of :func:`table_dict`.
SCHEMA = "ecemc-density/1"


def table_dict(table: DensityTable) -> dict[str, Any]:
    """Everything as plain numbers, strings and lists, valid as strict JSON."""
    record = {
        "schema": SCHEMA,
        "reference": table.data.name if table.data else None,
        "runs": [_run(table, run) for run in table.runs],
        "conditions": [_condition(each) for each in table.conditions],
        "thermal_expansion": [_slope(each) for each in table.slopes],
        "excess_volume": [_excess(each) for each in table.excess],
        "notes": table.notes,
    }
    found: dict[str, Any] = plain(record)
    return found


def table_rows(table: DensityTable) -> tuple[list[str], list[list[Any]]]:
    """Give the heading and one row for each condition, for a CSV file."""
    heading = [
        "method", "composition", "mole_fractions", "mass_fractions", "temperature_K", "barostat_bar",
        "density_g_cm3", "stderr_g_cm3", "between_runs_g_cm3", "n_runs", "n_unstable",
        "reference_g_cm3", "reference_stderr_g_cm3", "reference_source", "extrapolated",
    ]  # fmt: skip
    rows = []
    for each in table.conditions:
        density, reference = each.density, each.reference
        found = [density.mean, density.stderr, density.between, density.n] if density else ["", "", "", 0]
        told: list[Any] = ["", "", "", ""]
        if reference is not None:
            told = [reference.density, reference.stderr, reference.source, reference.extrapolated]
        rows.append(
            [
                each.method, format_amounts(each.composition), _spelled(mole_fractions(each.composition)),
                _spelled(_masses(each.composition)), each.temperature, each.pressure, *found, each.n_unstable,
                *told,
            ]
        )  # fmt: skip
    return heading, rows


def _run(table: DensityTable, run: Run) -> dict[str, Any]:
    density = run.density
    reference, missing = table.reference(run.composition, run.temperature)
    return {
        "file": run.file,
        **_described(run.composition),
        "method": run.method,
        "ensemble": run.ensemble,
        "seed": run.seed,
        "temperature_K": run.temperature,
        "pressure_bar": run.pressure,
        "density_g_cm3": density.mean if density else None,
        "stderr": density.stderr if density else None,
        "n_effective": density.n_effective if density else None,
        "status": run.status,
        "stable": run.is_stable,
        "reason": run.reason,
        "doubt": density.doubt if density else "",
        "reference": reference_dict(reference),
        "reference_missing": missing,
    }


def _masses(composition: Mapping[str, float]) -> dict[str, float]:
    try:
        return mass_fractions(composition)
    except InputError:  # a species whose mass nobody knows
        return {}


def _spelled(fractions: Mapping[str, float]) -> str:
    return " ".join(f"{name}={value:.4f}" for name, value in fractions.items())


def _described(composition: Mapping[str, float]) -> dict[str, Any]:
    return {
        "composition": format_amounts(composition),
        "mole_ratio": mole_ratio(composition),
        "mole_fractions": mole_fractions(composition),
        "mass_fractions": _masses(composition) or None,
    }


def reference_dict(reference: ReferenceDensity | None) -> dict[str, Any] | None:
    """Give a reference density under the names of the JSON files; None if there is none."""
    if reference is None:
        return None
    return {
        "density_g_cm3": reference.density,
        "stderr": reference.stderr,
        "source": reference.source,
        "extrapolated": reference.extrapolated,
    }


def _condition(each: Condition) -> dict[str, Any]:
    density = each.density
    return {
        **_described(each.composition),
        "method": each.method,
        "temperature_K": each.temperature,
        "pressure_bar": each.pressure,
        "density_g_cm3": density.mean if density else None,
        "stderr": density.stderr if density else None,
        "between_runs": density.between if density else None,
        "p_value": density.p_value if density else None,
        "n_runs": density.n if density else 0,
        "n_unstable": each.n_unstable,
        "reference": reference_dict(each.reference),
        "deviation_g_cm3": each.deviation[0],
        "deviation_stderr": each.deviation[1],
    }


def _slope(each: Slope) -> dict[str, Any]:
    return {
        **_described(each.composition),
        "method": each.method,
        "pressure_bar": each.pressure,
        "alpha_per_K": each.found.alpha,
        "alpha_stderr": each.found.alpha_stderr,
        "slope_g_cm3_K": each.found.slope,
        "slope_stderr": each.found.slope_stderr,
        "mean_temperature_K": each.found.temperature,
        "n_temperatures": each.found.n,
        "reference_slope_g_cm3_K": each.reference[0],
        "reference_slope_stderr": each.reference[1],
    }


def _excess(each: Excess) -> dict[str, Any]:
    state = {"temperature_K": each.temperature, "pressure_bar": each.pressure}
    return {
        **_described(each.composition), "method": each.method, **state,
        "excess_volume_cm3_mol": each.volume, "stderr": each.stderr,
    }  # fmt: skip
