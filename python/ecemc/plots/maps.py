"""Figure of a kernel-PCA map."""

from __future__ import annotations

__all__ = ["map_figure"]

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.collections import PathCollection

from ecemc.plots.style import INK, MUTED, SPECIES_COLORS, figure, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from ecemc.maps import KernelPCA

    Array = NDArray[np.float64]

#: Shapes that tell more categories apart than there are colours.
_MARKERS = ("o", "^", "s", "D", "v")
_MAX_CATEGORIES = len(_MARKERS) * len(SPECIES_COLORS)
#: Letters in a line of the legend, with 5 for each marker.
_LEGEND_WIDTH = 90
#: More points are a picture within an SVG file.
_MAX_SHAPES = 2000


@styled
def map_figure(found: KernelPCA, color: str | None = None, projected: KernelPCA | None = None) -> Figure:
    """Draw the first two axes of a map, points coloured by a property.

    Parameters
    ----------
    found
        The map; with one component, the points are drawn over their number.
    color
        Property of the points (:meth:`ecemc.maps.Points.values`): numbers get a colour bar, anything else a legend in
        the order of the number of points. One colour for all if not given.
    projected
        Other points placed in the same map, drawn as crosses.

    Raises
    ------
    InputError
        If nothing is called ``color``.
    """
    values = [""] * len(found.points) if color is None else found.points.values(color)
    fig, panels = figure(6.4, 4.6)
    axes = panels[0, 0]
    coordinates = _two(found.coordinates)
    if color is not None and found.points.numeric(color):
        _numbers(fig, axes, coordinates, np.array(values, dtype=np.float64), color)
    else:
        _categories(axes, coordinates, ["n/a" if value is None else str(value) for value in values])
    if projected is not None:
        place = _two(projected.coordinates)
        axes.scatter(*place.T, marker="x", s=18, lw=0.9, color=INK, alpha=0.7, label="projected", zorder=4)
    axes.set(xlabel=_label(found, 0), ylabel=_label(found, 1))
    if color is not None or projected is not None:
        _legend(fig, axes, color or "")
    return fig


def _two(coordinates: Array) -> Array:
    """First two coordinates; number of the point beside a single one."""
    if coordinates.shape[1] > 1:
        return coordinates[:, :2]
    return np.column_stack([coordinates[:, 0], np.arange(len(coordinates))])


def _label(found: KernelPCA, axis: int) -> str:
    if axis >= found.coordinates.shape[1]:
        return "point"
    return f"PC{axis + 1} ({100.0 * found.explained_variance_ratio[axis]:.1f} % of the variance)"


def _look(n: int) -> dict[str, Any]:
    """Size and transparency that suit the number of points."""
    few = np.clip((4.0 - np.log10(max(n, 1))) / 2.0, 0.0, 1.0)
    return {"s": 5.0 + 19.0 * few, "alpha": 0.35 + 0.45 * few, "lw": 0, "rasterized": n > _MAX_SHAPES}


def _numbers(fig: Figure, axes: Axes, place: Array, values: Array, name: str) -> None:
    look = _look(len(values))
    known = np.isfinite(values)
    axes.scatter(*place[~known].T, color=MUTED, **look)
    drawn = axes.scatter(place[known, 0], place[known, 1], c=values[known], cmap="viridis", **look)
    bar: Any = fig.colorbar(drawn, ax=axes, label=_spelled(name), pad=0.02)
    bar.solids.set(alpha=1.0)
    bar.outline.set_visible(False)


def _categories(axes: Axes, place: Array, values: list[str]) -> None:
    look = _look(len(values))
    labels = np.array(values, dtype=object)
    counts = Counter(values)
    kept = sorted(value for value, _ in counts.most_common(_MAX_CATEGORIES))
    for k, value in enumerate(kept):
        of = place[labels == value]
        # Rare ones are drawn over common ones.
        axes.scatter(
            *of.T, color=SPECIES_COLORS[k % len(SPECIES_COLORS)], marker=_MARKERS[k // len(SPECIES_COLORS)],
            label=value, zorder=3.0 - len(of) / len(values), **look,
        )  # fmt: skip
    rest = ~np.isin(labels, kept)
    if rest.any():
        axes.scatter(*place[rest].T, color=MUTED, label="others", zorder=1.9, **look)


def _legend(fig: Figure, axes: Axes, title: str) -> None:
    handles, labels = axes.get_legend_handles_labels()
    if not any(labels):
        return
    widths = [5 + len(label) for label in labels]
    columns = len(labels) if sum(widths) <= _LEGEND_WIDTH else max(1, _LEGEND_WIDTH // max(widths))
    legend = fig.legend(
        handles, labels, loc="outside upper left", ncols=columns, title=_spelled(title), alignment="left",
        handletextpad=0.2, columnspacing=1.2,
    )  # fmt: skip
    for handle in legend.legend_handles:
        if isinstance(handle, PathCollection):
            handle.set(alpha=1.0, sizes=[26.0])


def _spelled(name: str) -> str:
    """Name of a property with its unit."""
    units = {"density": "g/cm³", "temperature": "K", "temperature_target": "K", "time": "fs"}
    spelled = name.replace("_", " ") if name in {*units, "config_type"} else name
    return f"{spelled} ({units[name]})" if name in units else spelled
