"""Figures of thermodynamics: densities against temperature and composition, equations of state."""

from __future__ import annotations

__all__ = ["densities_figure", "eos_figure"]

import math
from itertools import cycle
from typing import TYPE_CHECKING, Any

import numpy as np

from ecemc.plots.style import INK, MUTED, RED, SPECIES_COLORS, figure, styled
from ecemc.thermodynamics import EOS, mole_fractions, mole_ratio

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from ecemc.thermodynamics import Condition, DensityTable, ReferenceDensity

    Floats = NDArray[np.float64]

_MARKERS = ("o", "s", "^", "D", "v", "P")
_DENSITY = "density (g/cm³)"


@styled
def densities_figure(table: DensityTable) -> Figure:
    """Densities against temperature, a colour for each composition; of mixtures also against the mole fraction.

    Full markers are means over replicas with their standard errors, small open ones single runs. Lines are the
    reference, with a band of its standard error, dashed where it is extrapolated. A red cross is a run that was
    stopped. Several methods have different markers. As figures 2C and 5 of the paper.

    Parameters
    ----------
    table
        Result of :func:`ecemc.thermodynamics.density_table`.
    """
    pair = _pair(table)
    fig, axes = figure(5.4 if pair is None else 9.6, 4.0, ncols=1 if pair is None else 2, sharey=True)
    _draw_temperatures(axes[0, 0], table)
    if pair is not None:
        _draw_fractions(axes[0, 1], table, pair)
    axes[0, 0].set_ylabel(_DENSITY)
    return fig


def _draw_temperatures(axes: Axes, table: DensityTable) -> None:
    axes.set_xlabel("temperature (K)")
    values = [each.temperature for each in table.conditions]
    margin = max(10.0, 0.06 * (max(values) - min(values)))
    grid = np.linspace(min(values) - margin, max(values) + margin, 60)
    axes.set_xlim(grid[0], grid[-1])

    def series(each: Condition) -> str:
        return mole_ratio(each.composition).replace(":", " : ") if len(each.composition) > 1 else min(each.composition)

    def place(each: Any) -> float:
        return float(each.temperature)

    for (label, group), color in zip(_series(table.conditions, series), cycle(SPECIES_COLORS), strict=False):
        composition = group[0].composition
        _draw_reference(axes, grid, [table.reference(composition, float(t))[0] for t in grid], color)
        _draw_points(axes, table, group, place, color=color, label=label)
    _legend(axes, table)


def _draw_fractions(axes: Axes, table: DensityTable, pair: tuple[str, str]) -> None:
    first, second = pair
    axes.set_xlabel(f"mole fraction of {first}")
    axes.set_xlim(-0.03, 1.03)
    grid = np.linspace(0.0, 1.0, 61)

    def series(each: Condition) -> str:
        return f"{each.temperature:g} K"

    def place(each: Any) -> float:
        return mole_fractions(each.composition).get(first, 0.0)

    for (label, group), color in zip(_series(table.conditions, series), cycle(SPECIES_COLORS), strict=False):
        temperature = group[0].temperature
        told = [table.reference({first: float(x), second: 1.0 - float(x)}, temperature)[0] for x in grid]
        _draw_reference(axes, grid, told, color)
        _draw_points(axes, table, group, place, color=color, label=label)
    _legend(axes, table)


def _draw_points(
    axes: Axes, table: DensityTable, group: Sequence[Condition], place: Callable[[Any], float],
    *, color: str, label: str,
) -> None:  # fmt: skip
    """Draw means with errors, single runs, and crosses for runs that were stopped."""
    for method, marker in _method_markers(table).items():
        found = [each for each in group if each.method == method and each.density is not None]
        if not found:
            continue
        means = np.array([each.density.mean for each in found if each.density])
        errors = np.nan_to_num([each.density.stderr for each in found if each.density])
        axes.errorbar(
            [place(each) for each in found], means, yerr=errors, color=color, marker=marker, ms=5.5, ls="",
            capsize=2.5, elinewidth=1.0, label=label, zorder=4,
        )  # fmt: skip
        label = "_nolegend_"
    states = {(each.method, each.temperature, tuple(each.composition.items()), repr(each.pressure)) for each in group}
    for run in table.runs:
        if (run.method, run.temperature, tuple(run.composition.items()), repr(run.pressure)) not in states:
            continue
        if run.density is not None and run.is_stable:
            axes.plot(place(run), run.density.mean, color=color, marker="o", ms=3.0, mfc="white", mew=0.7, zorder=3)
        elif run.density is not None:
            axes.plot(place(run), run.density.mean, color=RED, marker="x", ms=7.0, mew=1.8, ls="", zorder=5)


def _draw_reference(axes: Axes, x: Floats, told: Sequence[ReferenceDensity | None], color: str) -> None:
    """Draw what is known of a reference as a line, dashed where it is extrapolated, with a band."""
    value = np.array([each.density if each else math.nan for each in told])
    error = np.array([each.stderr if each else math.nan for each in told])
    inside = np.array([each is not None and not each.extrapolated for each in told])
    axes.plot(x, np.where(inside, value, np.nan), color=color, lw=1.3, zorder=2)
    axes.plot(x, value, color=color, lw=1.0, ls=(0, (3, 2)), zorder=1)
    axes.fill_between(x, value - np.nan_to_num(error), value + np.nan_to_num(error), color=color, alpha=0.15, lw=0)


def _series(conditions: Iterable[Condition], name: Callable[[Condition], str]) -> list[tuple[str, list[Condition]]]:
    groups: dict[str, list[Condition]] = {}
    for each in conditions:
        groups.setdefault(name(each), []).append(each)
    return list(groups.items())


def _method_markers(table: DensityTable) -> dict[str, str]:
    methods = dict.fromkeys(each.method for each in table.conditions)
    return dict(zip(methods, cycle(_MARKERS), strict=False))


def _legend(axes: Axes, table: DensityTable) -> None:
    markers = _method_markers(table)
    if len(markers) > 1:
        for method, marker in markers.items():
            axes.plot([], [], color=MUTED, marker=marker, ls="", ms=5.5, label=method or "(no method)")
    if table.data is not None:
        axes.plot([], [], color=MUTED, lw=1.3, label=f"reference: {table.data.name}")
    if any(not run.is_stable for run in table.runs):
        axes.plot([], [], color=RED, marker="x", ms=7.0, mew=1.8, ls="", label="stopped")
    handles, labels = axes.get_legend_handles_labels()
    order = sorted(range(len(labels)), key=lambda k: labels[k].startswith(("reference: ", "stopped")))
    axes.legend([handles[k] for k in order], [labels[k] for k in order], loc="best")


def _pair(table: DensityTable) -> tuple[str, str] | None:
    """Two species of which all runs are mixtures, if there is more than one composition."""
    species = list(dict.fromkeys(name for each in table.conditions for name in sorted(each.composition)))
    ratios = {mole_ratio(each.composition) for each in table.conditions}
    return (min(species), max(species)) if len(species) == 2 and len(ratios) > 1 else None


@styled
def eos_figure(found: EOS | Mapping[str, EOS], *, reference: ReferenceDensity | None = None) -> Figure:
    """Pressures against density with the fitted curve and its 95 % band, and below them what the curve misses.

    Bars are standard errors. The vertical band is the 95 % interval of the zero-pressure density. As figure 4E of the
    paper.

    Parameters
    ----------
    found
        An equation of state, or several by name.
    reference
        Measured density, drawn as a dashed line.
    """
    curves = {"": found} if isinstance(found, EOS) else dict(found)
    fig, axes = figure(5.4, 4.8, nrows=2, sharex=True, height_ratios=[2.6, 1.0])
    above, below = axes[:, 0]
    above.axhline(0.0, color=MUTED, lw=0.8)
    below.axhline(0.0, color=MUTED, lw=0.8)
    heights = [0.0]
    for (name, eos), color in zip(curves.items(), cycle(SPECIES_COLORS), strict=False):
        heights += _draw_eos(above, below, eos, name, color)
    room = 0.12 * (max(heights) - min(heights))  # a badly known curve has a band without end
    above.set_ylim(min(heights) - room, max(heights) + room)
    if reference is not None:
        text = f"{'extrapolated' if reference.extrapolated else 'measured'} density"
        above.axvline(reference.density, color=INK, lw=1.0, ls="--", label=f"{text} {reference.density:.3f} g/cm³")
        below.axvline(reference.density, color=INK, lw=1.0, ls="--")
    above.set_ylabel("pressure (bar)")
    below.set(xlabel=_DENSITY, ylabel="minus fit\n(bar)")
    above.legend(loc="upper left")
    fig.align_ylabels()
    return fig


def _draw_eos(above: Axes, below: Axes, eos: EOS, name: str, color: str) -> list[float]:
    """Draw one equation of state; give the pressures that should be in view."""
    zero, (low, high) = eos.zero_pressure_density, eos.ci95
    ends = [value for value in (*eos.densities, zero) if math.isfinite(value)]
    margin = 0.06 * (max(ends) - min(ends))
    grid = np.linspace(min(ends) - margin, max(ends) + margin, 41)
    band = np.array([eos.pressure_interval(float(rho)) for rho in grid])
    curve = eos.pressure(grid)
    prefix = f"{name}: " if name else ""
    label = rf"{prefix}$a\rho^n + b$, n = {eos.n:.1f}"
    above.fill_between(grid, *band.T, color=color, alpha=0.22, lw=0)
    above.plot(grid, curve, color=color, label=label)
    below.fill_between(grid, *(band - curve[:, None]).T, color=color, alpha=0.22, lw=0)
    style: dict[str, Any] = {"color": color, "marker": "o", "ms": 4.5, "ls": "", "capsize": 2.5, "elinewidth": 1.0}
    above.errorbar(eos.densities, eos.pressures, yerr=eos.stderr, **style)
    below.errorbar(eos.densities, eos.pressures - eos.pressure(eos.densities), yerr=eos.stderr, **style)
    if math.isfinite(zero):
        text = f"{prefix}P = 0 at {zero:.4f} g/cm³ ({low:.4f} to {high:.4f})"
        above.plot(zero, 0.0, color=color, marker="D", ms=6.5, mfc="white", mew=1.4, ls="", zorder=5, label=text)
        if not (math.isnan(low) or math.isnan(high)):
            for axes in (above, below):
                axes.axvspan(max(low, grid[0]), min(high, grid[-1]), color=color, alpha=0.15, lw=0)
    return [*curve.tolist(), *(eos.pressures + eos.stderr).tolist(), *(eos.pressures - eos.stderr).tolist()]
