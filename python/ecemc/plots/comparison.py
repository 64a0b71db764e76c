"""Figures of two or more results over each other."""

from __future__ import annotations

__all__ = [
    "curve_comparison_figure", "deviation_figure", "drawn_series", "histogram", "local_comparison_figure",
    "msd_comparison_figure", "series_comparison_figure", "series_unit",
]  # fmt: skip

import math
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.gridspec import GridSpec
from matplotlib.lines import Line2D

from ecemc.comparison import AGREE_SIGMAS, DIFFER_SIGMAS
from ecemc.comparison.curves import rebin
from ecemc.comparison.names import title
from ecemc.plots.series import draw_run
from ecemc.plots.style import INK, MUTED, SPECIES_COLORS, empty_figure, figure, styled
from ecemc.plots.thin import merged

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from ecemc.comparison import Comparison, CurveComparison

    Array = NDArray[np.float64]

#: Series that are drawn, where all results have them and one of them fluctuates.
_SERIES = ("density", "pressure", "temperature", "energy", "largest_void")
_LINES = ("-", "--", ":", "-.")
_MIN_BINS, _MAX_BINS = 8, 40
#: σ; deviations beyond are drawn at the edge.
_EDGE = 8.0


def _style(number: int) -> tuple[str, str]:
    """Colour and line of a result; the colours repeat with other lines."""
    return SPECIES_COLORS[number % len(SPECIES_COLORS)], _LINES[number // len(SPECIES_COLORS) % len(_LINES)]


@styled
def series_comparison_figure(comparison: Comparison) -> Figure | None:
    """Series over time and their distributions, a row for each quantity; None if nothing fluctuates in two results."""
    names = drawn_series(comparison)
    if not names:
        return None
    fig, axes = figure(8.4, 0.7 + 2.0 * len(names), nrows=len(names), ncols=2, width_ratios=[2.4, 1.0])
    timed = all(result.time is not None for result in comparison.results)
    for (left, right), name in zip(axes, names, strict=True):
        for number, result in enumerate(comparison.results):
            if name in result.series:
                values = result.series[name].values
                frames = np.arange(len(values), dtype=np.float64)
                x = result.time - result.time[0] if timed and result.time is not None else frames
                draw_run(left, x, values, _style(number)[0], label="")
        unit = series_unit(comparison, name)
        left.set(ylabel=f"{title(name)}\n({unit})")
        left.ticklabel_format(useOffset=False)
        _draw_histograms(right, comparison, name)
        right.set(xlabel=f"{title(name)} ({unit})", ylabel="probability density")
        right.set_yticks([])
        right.xaxis.get_major_locator().set_params(nbins=4)
    axes[0, 0].set_title("Over time, with running means")
    axes[0, 1].set_title("Distributions")
    axes[-1, 0].set_xlabel("time since the first frame (ps)" if timed else "frame")
    _legend(fig, comparison)
    return fig


def drawn_series(comparison: Comparison) -> list[str]:
    """Names of the series that two results have at least, and that fluctuate."""
    found = []
    for name in _SERIES:
        used = [result.series[name].used for result in comparison.results if name in result.series]
        used = [values for values in used if len(values)]
        if len(used) > 1 and any(np.ptp(values) > 1e-9 * np.abs(values).max() for values in used):
            found.append(name)
    return found


def series_unit(comparison: Comparison, name: str) -> str:
    """Look up the unit of a series."""
    return next(result.series[name].unit for result in comparison.results if name in result.series)


def histogram(comparison: Comparison, name: str) -> tuple[Array, dict[int, tuple[Array, Array]]]:
    """Probability densities of a series in common bins, equilibration left out.

    Returns
    -------
    tuple
        Bounds of the bins, and by number of the result the densities and their standard errors: those of counting as
        many independent entries as the statistics of the series say, NaN without. Results without the series are
        left out.
    """
    known = {n: result.series[name] for n, result in enumerate(comparison.results) if name in result.series}
    used = {n: entry.used for n, entry in known.items() if len(entry.used)}
    low, high = min(float(u.min()) for u in used.values()), max(float(u.max()) for u in used.values())
    n_bins = int(np.clip(math.sqrt(min(map(len, used.values()))), _MIN_BINS, _MAX_BINS))
    edges = np.linspace(low, high, n_bins + 1)
    found = {}
    for n, values in used.items():
        share = np.histogram(values, edges)[0] / len(values)
        error = np.sqrt(share * (1.0 - share) / known[n].n_effective)
        found[n] = (share / np.diff(edges), error / np.diff(edges))
    return edges, found


def _draw_histograms(axes: Axes, comparison: Comparison, name: str) -> None:
    edges, found = histogram(comparison, name)
    for number, (p, error) in found.items():
        color, line = _style(number)
        axes.stairs(p, edges, color=color, ls=line, lw=1.4)
        if np.isfinite(error).all():
            low, high = np.maximum(p - error, 0.0), p + error
            axes.fill_between(edges, [*low, low[-1]], [*high, high[-1]], step="post", color=color, alpha=0.2, lw=0)
    axes.set_ylim(bottom=0.0)


@styled
def curve_comparison_figure(comparison: Comparison, part: str) -> Figure | None:
    """RDFs over each other with error bands, and below each the differences to the first result; None without pairs."""
    rows = [row for row in comparison.curves if row.part == part]
    if not rows:
        return None
    columns = min(3, len(rows))
    height = math.ceil(len(rows) / columns)
    fig = empty_figure(6.2 if columns == 1 else 2.9 * columns + 0.4, 3.3 * height + 0.5)
    grid = GridSpec(2 * height, columns, figure=fig, height_ratios=[2.2, 1.0] * height)
    for number, row in enumerate(rows):
        above = fig.add_subplot(grid[2 * (number // columns), number % columns])
        below = fig.add_subplot(grid[2 * (number // columns) + 1, number % columns], sharex=above)
        _draw_curves(above, below, row, len(rows) * len(comparison.results))
        if number % columns == 0:
            above.set_ylabel("g(r)")
            below.set_ylabel("Δg(r)")
        if number >= len(rows) - columns:
            below.set_xlabel("r (Å)")
    _legend(fig, comparison)
    return fig


def _draw_curves(above: Axes, below: Axes, row: CurveComparison, n_curves: int) -> None:
    edges = merged(row.curves[0].edges, n_curves)
    curves = [rebin(curve, edges) for curve in row.curves]
    for number, curve in enumerate(curves):
        color, line = _style(number)
        # The reference shows on both sides of curves that lie on it.
        above.plot(curve.r, curve.g, color=color, ls=line, lw=1.2 if number else 2.2)
        if np.isfinite(curve.stderr).all():
            above.fill_between(curve.r, curve.g - curve.stderr, curve.g + curve.stderr, color=color, alpha=0.25, lw=0)
        if number:
            delta, error = curve.g - curves[0].g, np.hypot(curve.stderr, curves[0].stderr)
            below.plot(curve.r, delta, color=color, ls=line, lw=1.0)
            if np.isfinite(error).all():
                below.fill_between(curve.r, delta - error, delta + error, color=color, alpha=0.25, lw=0)
    if row.part == "intra":
        reach = np.flatnonzero(np.any([curve.g > 0.0 for curve in curves], axis=0))
        above.set_xlim(max(0.0, float(edges[reach[0]]) - 0.2), min(float(edges[-1]), float(edges[reach[-1] + 1]) + 0.2))
    else:
        above.axhline(1.0, color=INK, lw=0.6, ls=":")
        above.set_xlim(0.0, float(edges[-1]))
    above.set(ylim=(0.0, None), title="–".join(row.pair))
    above.tick_params(labelbottom=False)
    below.axhline(0.0, color=INK, lw=0.6, ls=":")


@styled
def deviation_figure(comparison: Comparison) -> Figure | None:
    """All quantities in combined standard errors from the reference; None if no error is known."""
    rows = [row for row in comparison.scalars.values() if any(math.isfinite(entry.sigmas) for entry in row.differences)]
    if not rows:
        return None
    fig, axes = figure(8.4, 1.2 + 0.32 * len(rows))
    place = axes[0, 0]
    place.axvspan(-AGREE_SIGMAS, AGREE_SIGMAS, color=MUTED, alpha=0.15, lw=0)
    for limit in (-DIFFER_SIGMAS, DIFFER_SIGMAS):
        place.axvline(limit, color=MUTED, lw=1.0, ls="--")
    place.axvline(0.0, color=INK, lw=0.8)
    n = len(comparison.results) - 1
    for line, row in enumerate(rows):
        for number, entry in enumerate(row.differences):
            if math.isfinite(entry.sigmas):
                shown = float(np.clip(entry.sigmas, -_EDGE, _EDGE))
                marker = "o" if shown == entry.sigmas else "<" if shown < 0.0 else ">"
                height = line + 0.5 * ((number + 0.5) / n - 0.5)
                place.plot(shown, height, marker=marker, ms=5.5, ls="", color=_style(number + 1)[0])
    place.set_yticks(range(len(rows)), [title(row.name) for row in rows])
    place.set(xlim=(-_EDGE - 0.5, _EDGE + 0.5), ylim=(len(rows) - 0.5, -0.5))
    place.set_xlabel(f"difference to {comparison.labels[0]} in combined standard errors (σ)")
    _legend(fig, comparison, points=True)
    return fig


@styled
def local_comparison_figure(comparison: Comparison) -> Figure | None:
    """Numbers of neighbours of each species around each, over each other; None if they cannot be compared."""
    if not comparison.local:
        return None
    species = sorted({row.central for row in comparison.local})[:4]
    n = len(species)
    fig, axes = figure(max(5.2, 2.9 * n + 0.4), 2.35 * n + 0.6, nrows=n, ncols=n)
    for row in comparison.local:
        if row.central not in species or row.around not in species:
            continue
        place = axes[species.index(row.central), species.index(row.around)]
        for number, p in enumerate(row.marginals):
            color, line = _style(number)
            place.plot(np.arange(len(p)), p, color=color, ls=line, marker="o", ms=3.5, lw=1.2)
        place.set(title=f"{row.around} around {row.central}", xlabel="neighbours", ylim=(0.0, None))
        place.xaxis.get_major_locator().set_params(integer=True)
    for place in axes[:, 0]:
        place.set_ylabel("probability")
    _legend(fig, comparison)
    return fig


@styled
def msd_comparison_figure(comparison: Comparison) -> Figure | None:
    """Mean squared displacements of the centres of mass by species, over each other; None if not all have them."""
    motions = [result.motion for result in comparison.results if result.motion is not None]
    common = set.intersection(*(set(motion.msd) for motion in motions)) if motions else set()
    if len(motions) < len(comparison.results) or not common:
        return None
    species = sorted(common)[:4]
    fig, axes = figure(max(5.2, 2.9 * len(species) + 0.4), 3.2, ncols=len(species))
    for place, name in zip(axes[0], species, strict=True):
        for number, motion in enumerate(motions):
            color, line = _style(number)
            msd, error = motion.msd[name]
            drawn = (motion.time > 0.0) & (msd > 0.0)
            t, y, e = motion.time[drawn] / 1000.0, msd[drawn], error[drawn]
            place.plot(t, y, color=color, ls=line)
            if np.isfinite(e).all():
                place.fill_between(t, np.maximum(y - e, 0.1 * y), y + e, color=color, alpha=0.25, lw=0)
        place.set(xscale="log", yscale="log", title=name, xlabel="time (ps)")
    axes[0, 0].set_ylabel("MSD (Å²)")
    _legend(fig, comparison)
    return fig


def _legend(fig: Figure, comparison: Comparison, *, points: bool = False) -> None:
    """Name the results above everything; those that differences are shown of, if they are shown as points."""
    handles = [
        Line2D(
            [],
            [],
            color=_style(number)[0],
            ls="" if points else _style(number)[1],
            marker="o" if points else "",
            label=label,
        )
        for number, label in enumerate(comparison.labels)
        if number or not points
    ]
    widest = max(map(len, comparison.labels))
    fig.legend(handles=handles, loc="outside upper center", ncols=max(1, min(4, 90 // (widest + 8))))
