"""Figures of dynamics: mean squared displacements."""

from __future__ import annotations

__all__ = ["msd_figure"]

from typing import TYPE_CHECKING, Any

import numpy as np

from ecemc.plots.style import INK, MUTED, SPECIES_COLORS, figure, styled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ecemc.dynamics import MSD, Diffusion

#: fs in a ps, the unit of the time axis.
_PS = 1000.0


@styled
def msd_figure(msd: MSD, diffusion: Mapping[Any, Diffusion] | None = None) -> Figure:
    """Mean squared displacements over lags, both logarithmic, with error bands, the window of the fit and its lines.

    Where the curve runs parallel to the dotted guide of slope 1 motion is diffusive.
    """
    fig, axes = figure(5.6, 4.0)
    place: Axes = axes[0, 0]
    place.set(xscale="log", yscale="log", xlabel="t (ps)", ylabel="MSD (Å²)")
    for number, (key, curve) in enumerate(msd.msd.items()):
        color = SPECIES_COLORS[number % len(SPECIES_COLORS)]
        label = key if isinstance(key, str) else " in ".join(reversed(key))
        error = np.nan_to_num(msd.stderr[key])
        seen = curve > 0.0
        place.plot(msd.time[seen] / _PS, curve[seen], color=color, label=label)
        low = np.maximum(curve - error, 0.05 * curve)
        place.fill_between(msd.time[seen] / _PS, low[seen], (curve + error)[seen], color=color, alpha=0.25, lw=0)
    if diffusion:
        _draw_fits(place, diffusion)
    _draw_guide(place, msd)
    place.legend(loc="upper left")
    return fig


def _draw_fits(place: Axes, diffusion: Mapping[Any, Diffusion]) -> None:
    """Shade the window; draw the straight line of each fit in it."""
    low, high = next(iter(diffusion.values())).window
    place.axvspan(low / _PS, high / _PS, color=MUTED, alpha=0.15, lw=0, label="window of the fit")
    time = np.geomspace(low, high, 30)
    for found in diffusion.values():
        # 6 D t + c, D from 10⁻⁵ cm²/s to Å²/fs.
        place.plot(time / _PS, 6.0e-4 * found.D * time + found.intercept, color=INK, lw=0.9, ls="--")


def _draw_guide(place: Axes, msd: MSD) -> None:
    """Draw a line of slope 1 above the highest curve."""
    ends = [curve[-1] / msd.time[-1] for curve in msd.msd.values() if len(curve) and curve[-1] > 0.0]
    if ends:
        limits = place.get_ylim()
        place.plot(msd.time / _PS, 1.6 * max(ends) * msd.time, color=INK, lw=0.8, ls=":", label="slope 1")
        place.set_ylim(limits[0], 2.5 * limits[1])
