"""Figures of time series."""

from __future__ import annotations

__all__ = ["density_figure", "draw_run", "integrity_figure", "thermodynamics_figure", "time_axis", "void_figure"]

from typing import TYPE_CHECKING

import numpy as np

from ecemc.plots.style import BLUE, GREEN, MUTED, ORANGE, PURPLE, RED, figure, legend_above, styled
from ecemc.plots.thin import running_mean, thinned
from ecemc.text import with_error

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from ecemc.analysis import Analysis, Series


def time_axis(analysis: Analysis) -> tuple[NDArray[np.float64], str]:
    """Time in ps where the frames tell it, else their numbers; and the label of the axis."""
    if analysis.time is None:
        return np.arange(analysis.n_frames, dtype=np.float64), "frame"
    return analysis.time / 1000.0, "time (ps)"


@styled
def density_figure(analysis: Analysis) -> Figure | None:
    """Density over time with running mean, equilibration cut, mean and error, histogram; None if it is fixed."""
    if np.ptp(analysis.series["density"].values) <= 1e-9 * analysis.series["density"].values[0]:
        return None
    fig, axes = figure(8.4, 3.1, ncols=2, width_ratios=[4, 1], sharey=True)
    left, right = axes[0]
    series = analysis.series["density"]
    x, label = time_axis(analysis)
    _draw(left, x, series, BLUE)
    left.set(xlabel=label, ylabel=f"density ({series.unit})", title="Density")
    used = series.values[series.statistics.equilibration :] if series.statistics else series.values
    bins = min(40, max(5, int(np.sqrt(len(used)))))
    right.hist(used, bins=bins, orientation="horizontal", color=BLUE, alpha=0.55, density=True)
    right.set(xlabel="probability", title="Histogram")
    right.set_xticks([])
    if series.statistics is not None:
        legend_above(left)
    return fig


@styled
def thermodynamics_figure(analysis: Analysis) -> Figure | None:
    """Energy, temperature and pressure over time; None if the file has none of them."""
    names = [name for name in ("energy", "temperature", "pressure") if name in analysis.series]
    if not names:
        return None
    fig, axes = figure(8.4, 1.0 + 1.65 * len(names), nrows=len(names), sharex=True)
    x, label = time_axis(analysis)
    for row, name, color in zip(axes[:, 0], names, (GREEN, RED, PURPLE), strict=False):
        series = analysis.series[name]
        _draw(row, x, series, color)
        row.set(title=name.capitalize(), ylabel=f"{name}\n({series.unit})")
        row.ticklabel_format(useOffset=False)
        if name == "temperature" and "temperature_target" in analysis.series:
            target = analysis.series["temperature_target"].values
            some = thinned(target)
            row.plot(x[some], target[some], color=MUTED, lw=1.0, ls="--", label="target")
        if series.statistics is not None:
            legend_above(row)
    axes[-1, 0].set_xlabel(label)
    return fig


@styled
def void_figure(analysis: Analysis, attention: float, fail: float) -> Figure | None:
    """Radius of the largest empty sphere over time, with its median and the thresholds (Å); None without a liquid."""
    if "largest_void" not in analysis.series:
        return None
    fig, axes = figure(8.4, 2.9)
    row = axes[0, 0]
    x, label = time_axis(analysis)
    values = analysis.series["largest_void"].values
    some = thinned(values)
    row.plot(x[some], values[some], color=BLUE, lw=1.0, marker="." if len(x) < 60 else "", ms=4)
    row.axhline(float(np.nanmedian(values)), color=BLUE, lw=1.2, ls=":", label="median of this run")
    row.axhline(attention, color=ORANGE, lw=1.2, ls="--", label="attention")
    row.axhline(fail, color=RED, lw=1.2, ls="--", label="bubble")
    row.set(xlabel=label, ylabel="radius (Å)", title="Largest empty sphere")
    row.set_ylim(0.0, 1.08 * max(fail, float(np.nanmax(values))))
    legend_above(row)
    return fig


@styled
def integrity_figure(analysis: Analysis) -> Figure | None:
    """Draw the number of changed bonds in each frame; None if no bond ever changes."""
    if not analysis.integrity.changed_frames:
        return None
    fig, axes = figure(8.4, 2.4)
    x, label = time_axis(analysis)
    changed = np.array(analysis.integrity.n_changed, dtype=np.float64)
    some = thinned(changed)
    axes[0, 0].vlines(x[some], 0, changed[some], color=RED, lw=1.2)
    axes[0, 0].plot(x[some], changed[some], ls="", marker=".", ms=4, color=RED)
    axes[0, 0].set(xlabel=label, ylabel="changed bonds", title="Bonds broken or formed since the first frame")
    axes[0, 0].set_ylim(bottom=0)
    axes[0, 0].yaxis.get_major_locator().set_params(integer=True)
    return fig


def _draw(axes: Axes, x: NDArray[np.float64], series: Series, color: str) -> None:
    """Draw values, running mean, and what the statistics say; without them the frames are no run, only points."""
    statistics = series.statistics
    some = thinned(series.values)
    if statistics is None:
        axes.plot(x[some], series.values[some], color=color, ls="", marker=".", ms=4)
        return
    draw_run(axes, x, series.values, color, label="running mean")
    cut = statistics.equilibration
    if cut:
        axes.axvspan(x[0], x[cut], color=MUTED, alpha=0.18, lw=0, label="equilibration, left out")
    low, high = statistics.mean - statistics.stderr, statistics.mean + statistics.stderr
    used = [x[cut], x[-1]]
    axes.fill_between(used, low, high, color=ORANGE, alpha=0.35, lw=0)
    label = f"mean {with_error(statistics.mean, statistics.stderr)}"
    axes.plot(used, [statistics.mean] * 2, color=ORANGE, lw=1.4, label=label)


def draw_run(axes: Axes, x: NDArray[np.float64], values: NDArray[np.float64], color: str, *, label: str) -> None:
    """Draw a series, pale, and its running mean over a twentieth of the run, which carries the label."""
    window = max(1, len(x) // 20)
    averaged = window > 2
    some = thinned(values)
    axes.plot(
        x[some], values[some], color=color, alpha=0.35 if averaged else 0.8, lw=0.8, zorder=1.5,
        marker="" if averaged else ".", ms=4,
    )  # fmt: skip
    if averaged:
        smooth = running_mean(values, window)
        start = (window - 1) // 2
        some = thinned(smooth)
        axes.plot(x[start : start + len(smooth)][some], smooth[some], color=color, lw=1.6, label=label)
