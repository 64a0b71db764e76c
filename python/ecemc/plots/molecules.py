"""Figures of what molecules do: how warm their motions are, which bonds break and form."""

from __future__ import annotations

__all__ = ["bond_events_figure", "temperature_parts_figure"]

from typing import TYPE_CHECKING, Any

import numpy as np

from ecemc.plots.series import draw_run
from ecemc.plots.style import BLUE, GREEN, INK, MUTED, ORANGE, RED, figure, legend_above, styled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from ecemc.thermo import SeriesStatistics

    Array = NDArray[np.float64]

#: Colours of the three kinds of motion.
_PARTS = {"translational": BLUE, "rotational": ORANGE, "vibrational": GREEN}
_SHORT = {"translational": "trans.", "rotational": "rot.", "vibrational": "vib."}
#: Bars of either kind in a figure of events.
_MAX_BARS = 600


@styled
def temperature_parts_figure(
    x: Array,
    xlabel: str,
    parts: Mapping[str, Array],
    means: Mapping[str, Mapping[str, SeriesStatistics]],
    target: float | None = None,
) -> Figure:
    """Draw the temperatures of the kinds of motion over time, and their means by species.

    Parameters
    ----------
    x, xlabel
        (n_frames,) times or frame numbers, and what they are.
    parts
        ``"translational"``, ``"rotational"``, ``"vibrational"``: (n_frames,) in K; NaN where a frame has no velocities.
        What is absent is not drawn.
    means
        By species and part, in K.
    target
        Of the thermostat, K.
    """
    shown = [(species, part) for species, of in means.items() for part in _PARTS if part in of]
    panels: dict[str, Any] = {"ncols": 2, "width_ratios": [3.2, 1.5]} if shown else {"ncols": 1}
    fig, axes = figure(8.4, 3.1, **panels)
    left = axes[0, 0]
    for name, color in _PARTS.items():
        if name in parts:
            draw_run(left, x, parts[name], color, label="")
            left.plot([], [], color=color, label=name)
    left.set(xlabel=xlabel, ylabel="temperature (K)")
    for row, (species, part) in enumerate(shown):
        s = means[species][part]
        axes[0, 1].errorbar(s.mean, row, xerr=s.stderr, color=_PARTS[part], marker="o", ms=4, lw=1.4, capsize=2)
    if shown:
        axes[0, 1].set_yticks(range(len(shown)), [f"{species} {_SHORT[part]}" for species, part in shown])
        axes[0, 1].invert_yaxis()
        axes[0, 1].set(xlabel="mean (K)", title="By species")
    if target is not None:
        left.axhline(target, color=INK, lw=1.0, ls="--", label="target")
        for place in axes[0, 1:]:
            place.axvline(target, color=INK, lw=1.0, ls="--")
    legend_above(left)
    return fig


@styled
def bond_events_figure(x: Array, xlabel: str, formed: Array, broken: Array) -> Figure | None:
    """Bonds formed (upwards) and broken (downwards) over time, and their running totals; None without any.

    Parameters
    ----------
    x, xlabel
        (n_frames,) times or frame numbers, and what they are.
    formed, broken
        (n_frames,) numbers of bonds formed and broken in each frame, relative to the one before.
    """
    formed, broken = np.asarray(formed, dtype=np.float64), np.asarray(broken, dtype=np.float64)
    if not (formed.any() or broken.any()):
        return None
    fig, axes = figure(8.4, 4.0, nrows=2, sharex=True, height_ratios=[1.6, 1.0])
    events, balance = axes[:, 0]
    # Long runs: all events of a piece of the run are one bar, so that none is lost.
    size = max(1, -(-len(x) // _MAX_BARS))
    starts = np.arange(0, len(x), size)
    for counts, sign, color, label in ((formed, 1.0, BLUE, "formed"), (broken, -1.0, RED, "broken")):
        sums = sign * np.add.reduceat(counts, starts)
        some = np.flatnonzero(sums)
        events.vlines(x[starts[some]], 0.0, sums[some], color=color, lw=1.6)
        events.plot(x[starts[some]], sums[some], ls="", marker=".", ms=5, color=color, label=label)
    events.axhline(0.0, color=MUTED, lw=0.8)
    per = "frame" if size == 1 else f"{size} frames"
    events.set(ylabel=f"bonds per {per}", title="Bonds formed and broken")
    legend_above(events)
    for counts, color, label in ((formed, BLUE, "formed"), (broken, RED, "broken")):
        sums = np.cumsum(np.add.reduceat(counts, starts))
        balance.plot([*x[starts], x[-1]], [*sums, sums[-1]], color=color, drawstyle="steps-post", label=label)
    balance.set(xlabel=xlabel, ylabel="bonds so far", ylim=(0.0, None))
    for place in (events, balance):
        place.yaxis.get_major_locator().set_params(integer=True)
        place.set_xlim(x[0], x[-1] if len(x) > 1 else x[0] + 1.0)
    return fig
