"""Figures for the page of a model: errors by part, density over time and its distribution, temperatures."""

from __future__ import annotations

__all__ = [
    "composition_error_figure", "density_against_reference_figure", "error_figure", "run_density_figure",
    "run_temperature_figure",
]  # fmt: skip

import math
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import FuncFormatter, NullFormatter

from ecemc.diagnosis import LIMITS
from ecemc.plots.series import draw_run
from ecemc.plots.style import BLUE, INK, MUTED, ORANGE, RED, SPECIES_COLORS, figure, styled
from ecemc.text import number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from ecemc.diagnosis import Density, Errors, Evidence, Run
    from ecemc.metrics import ErrorRow

    Array = NDArray[np.float64]

_MEV = 1000.0
_NAMES = ("total", "intra", "inter", "trans", "rot", "vib")
#: Runs told apart by colour.
_MAX_RUNS = len(SPECIES_COLORS)
_MIN_BINS, _MAX_BINS = 8, 40


@styled
def error_figure(errors: Errors) -> Figure | None:
    """Errors by part (figures 6 and 9C of the paper in numbers): energy, forces, and forces relative to their spread.

    The parts that molecules hold together by are drawn pale, those between molecules in colour.
    """
    energy = [row for part in ("total", "intra", "inter") if (row := errors.liquid("energy", part))]
    forces = [row for part in _NAMES if (row := errors.liquid("forces", part))]
    panels = [rows for rows in (energy, forces) if rows]
    if not panels:
        return None
    fig, axes = figure(8.8, 3.2, ncols=len(panels) + bool(forces), width_ratios=_widths(energy, forces))
    places = list(axes[0])
    if energy:
        limit = LIMITS["energy"].fine
        _bars(places[0], energy, [_MEV * row.rmse for row in energy], ("Energy", "RMSE (meV/atom)"), limit)
    if forces:
        _bars(places[-2], forces, [_MEV * row.rmse for row in forces], ("Forces", "RMSE (meV/Å)"))
        relative = [row.rrmse for row in forces]
        _bars(places[-1], forces, relative, ("Forces, relative", "RRMSE"), LIMITS["inter_forces"].fine)
    return fig


def _widths(energy: Sequence[ErrorRow], forces: Sequence[ErrorRow]) -> list[int]:
    widths = [max(2, len(energy))] if energy else []
    return widths + ([max(2, len(forces))] * 2 if forces else [])


def _bars(
    axes: Axes, rows: Sequence[ErrorRow], values: Sequence[float], texts: tuple[str, str], limit: float | None = None
) -> None:
    """Bars with their numbers on a logarithmic axis, and the line that they should stay below."""
    colors = [BLUE if row.part in {"inter", "trans", "rot"} else MUTED for row in rows]
    x = np.arange(len(rows))
    shown = np.array([value if math.isfinite(value) and value > 0.0 else np.nan for value in values])
    known = shown[np.isfinite(shown)]
    floor = 0.3 * float(min([*known, limit or np.inf])) if len(known) else 0.1
    axes.bar(x, shown - floor, bottom=floor, color=colors, width=0.7)
    for place, value in zip(x, values, strict=True):
        if math.isfinite(value) and value > 0.0:
            axes.annotate(
                number(value, 2), (place, value), (0, 2), textcoords="offset points", ha="center", fontsize=8, color=INK
            )
    if limit is not None:
        axes.axhline(limit, color=RED, lw=1.2, ls="--")
    axes.set(yscale="log", title=texts[0], ylabel=texts[1])
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_ylim(floor, 2.2 * float(max([*known, limit or 0.0])) if len(known) else 1.0)
    axes.set_xticks(x, [row.part for row in rows])
    axes.grid(visible=False, axis="x")


@styled
def composition_error_figure(errors: Errors) -> Figure | None:
    """Energy errors of each composition; None unless there are two."""
    groups = errors.groups("composition")
    rows = [
        row for group in groups if (row := errors.row("energy", "inter", "composition", group)) and row.rmse > 0.0
    ] or [row for group in groups if (row := errors.row("energy", "total", "composition", group)) and row.rmse > 0.0]
    if len(rows) < 2:
        return None
    fig, axes = figure(8.4, 1.3 + 0.36 * len(rows))
    place = axes[0, 0]
    y = np.arange(len(rows))
    place.barh(y, [_MEV * row.rmse for row in rows], color=BLUE, height=0.65)
    place.plot([_MEV * row.bias for row in rows], y, "o", color=ORANGE, ms=5, label="mean error")
    place.axvline(LIMITS["energy"].fine, color=RED, lw=1.2, ls="--")
    place.axvline(0.0, color=INK, lw=0.8)
    place.set_yticks(y, [row.group for row in rows])
    part = "intermolecular" if rows[0].part == "inter" else "total"
    place.set(xlabel=f"RMSE of the {part} energy (meV/atom)", ylim=(len(rows) - 0.5, -0.5))
    place.legend(loc="best")
    return fig


@styled
def run_density_figure(evidence: Evidence) -> Figure | None:
    """Density over time at constant pressure with the reference as a band, and P(ρ) (figures 1C, 2 and 9A)."""
    runs = [run for run in evidence.npt_runs if len(run.density) > 1][:_MAX_RUNS]
    if not runs:
        return None
    fig, axes = figure(8.6, 3.4, ncols=2, width_ratios=[2.6, 1.0], sharey=True)
    left, right = axes[0]
    for color, run in zip(SPECIES_COLORS, runs, strict=False):
        draw_run(left, run.time, run.density, color, label="")
        left.plot([], [], color=color, label=run.conditions)
        if run.stopped_by is not None:
            left.plot(run.time[-1], run.density[-1], marker="X", ms=9, color=RED, ls="", zorder=4)
        _histogram(right, _used(run), color)
    if any(run.stopped_by is not None for run in runs):
        left.plot([], [], marker="X", ms=8, color=RED, ls="", label="stopped")
    _draw_reference(left, right, evidence)
    left.set(xlabel="time (ps)", ylabel="density (g/cm³)", title="Density at constant pressure")
    right.set(xlabel="probability density", title="P(ρ)")
    right.set_xticks([])
    right.set_xlim(left=0.0)
    fig.legend(loc="outside lower center", ncols=min(4, len(runs) + 2))
    return fig


def _used(run: Run) -> Array:
    """Densities after equilibration."""
    s = run.density_statistics
    return run.density[s.equilibration :] if s is not None else run.density


def _histogram(axes: Axes, values: Array, color: str, line: str = "-") -> None:
    if len(values) < _MIN_BINS:
        return
    bins = int(np.clip(math.sqrt(len(values)), _MIN_BINS, _MAX_BINS))
    share, edges = np.histogram(values, bins, density=True)
    axes.stairs(share, edges, orientation="horizontal", color=color, ls=line, lw=1.5, fill=False)


def _draw_reference(left: Axes, right: Axes, evidence: Evidence) -> None:
    """Mean of the reference and its standard deviation where they are known, and its distribution."""
    comparison = evidence.comparison
    row = comparison.scalars.get("density") if comparison else None
    if comparison is not None and row is not None and (theirs := row.values[0]) is not None:
        left.axhline(theirs.value, color=INK, lw=1.2, ls="--", label=comparison.labels[0])
        if math.isfinite(theirs.std):
            low, high = theirs.value - theirs.std, theirs.value + theirs.std
            left.axhspan(low, high, color=MUTED, alpha=0.18, lw=0, label="its fluctuation (±σ)")
        series = comparison.results[0].series.get("density")
        if series is not None and np.ptp(series.used) > 0.0:
            _histogram(right, series.used, INK, "--")
        return
    known = [entry for entry in evidence.densities if entry.reference is not None]
    if len({entry.reference for entry in known}) == 1 and known[0].reference is not None:
        left.axhline(known[0].reference, color=INK, lw=1.2, ls="--", label=known[0].reference_source or "reference")


@styled
def run_temperature_figure(runs: Sequence[Run]) -> Figure | None:
    """Kinetic temperature over time with the targets; None without runs."""
    known = [run for run in runs if len(run.series.get("temperature_K", ())) > 1][:_MAX_RUNS]
    if not known:
        return None
    fig, axes = figure(8.4, 2.6)
    place = axes[0, 0]
    for color, run in zip(SPECIES_COLORS, known, strict=False):
        draw_run(place, run.time, run.series["temperature_K"], color, label="")
        place.plot([], [], color=color, label=run.conditions)
        if run.temperature is not None:
            place.axhline(run.temperature, color=color, lw=1.0, ls="--")
    place.set(xlabel="time (ps)", ylabel="temperature (K)", title="Kinetic temperature, and target (dashed)")
    fig.legend(loc="outside lower center", ncols=min(4, len(known)))
    return fig


@styled
def density_against_reference_figure(densities: Sequence[Density]) -> Figure | None:
    """Densities of all runs beside those of the reference (figure 5D); None without reference."""
    known = [entry for entry in densities if entry.reference is not None]
    if not known:
        return None
    fig, axes = figure(8.4, 1.5 + 0.42 * len(known))
    place = axes[0, 0]
    for line, entry in enumerate(known):
        right = float(entry.reference or 0.0)
        place.errorbar(right, line - 0.12, xerr=entry.reference_stderr or None, fmt="D", color=INK, ms=5, mfc="none")
        error = entry.stderr if math.isfinite(entry.stderr) else None
        place.errorbar(entry.value, line + 0.12, xerr=error, fmt="o", color=BLUE, ms=5, capsize=2)
    place.errorbar([], [], fmt="D", color=INK, ms=5, mfc="none", label="reference")
    place.errorbar([], [], fmt="o", color=BLUE, ms=5, label="model")
    names = [f"{entry.composition} {entry.temperature:g} K" if entry.temperature else entry.file for entry in known]
    place.set_yticks(range(len(known)), names)
    place.set(xlabel="density (g/cm³)", ylim=(len(known) - 0.5, -0.5))
    fig.legend(loc="outside upper right", ncols=2)
    return fig
