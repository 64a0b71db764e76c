"""Parity plots of a model against its reference, by part, shaded by density (figures 6B-C and 9C of the paper)."""

from __future__ import annotations

__all__ = ["force_parity_figure", "inter_parity_figure", "property_parity_figure"]

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.colors import LinearSegmentedColormap, LogNorm
from matplotlib.ticker import MaxNLocator

from ecemc.errors import InputError
from ecemc.metrics import PARTS, UNITS
from ecemc.plots.style import BLUE, INK, MUTED, figure, styled
from ecemc.text import number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from ecemc.metrics import ErrorReport

    Panel = tuple[str, str]

_NAMES = {
    "total": "total", "intra": "intramolecular", "inter": "intermolecular",
    "trans": "translational", "rot": "rotational", "vib": "vibrational",
}  # fmt: skip
_QUANTITIES = {"energy": "energy", "forces": "forces", "virial": "virial"}
#: Squares along an axis, and number of points from which on they are shaded instead of drawn one by one.
_SQUARES, _MANY = 110, 2000
#: From light to dark, told apart in grey as well.
_SHADES = LinearSegmentedColormap.from_list("ecemc", ["#c6dff0", BLUE, "#08213a"])
_MARGIN = 0.04
#: Spreads of the energy that two methods are apart if they count from another zero; a bias is far smaller.
_OTHER_ZERO = 20.0


@dataclass(frozen=True, eq=False)
class _Points:
    """Points of a panel in the unit that is shown."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    counts: NDArray[np.int64]
    #: edge of the squares that the points stand for
    width: float
    unit: str
    #: what is subtracted along both axes, eV/atom
    zeros: tuple[float, float]

    @property
    def limits(self) -> tuple[float, float]:
        """Common ends of both axes."""
        low, high = min(self.x.min(), self.y.min()), max(self.x.max(), self.y.max())
        margin = _MARGIN * (high - low) or self.width
        return float(low - margin), float(high + margin)


@styled
def force_parity_figure(report: ErrorReport) -> Figure:
    """Show forces: total, intra- and intermolecular; translational, rotational and vibrational.

    Raises
    ------
    InputError
        If there are no forces.
    """
    panels = [("forces", part) for part in PARTS["forces"] if ("forces", part) in report.parity]
    return _parity(report, panels, 3 if len(panels) != 4 else 4)


@styled
def property_parity_figure(report: ErrorReport) -> Figure:
    """Show energy and virial per atom: total, intra- and intermolecular.

    Raises
    ------
    InputError
        If there are neither.
    """
    panels = [
        (quantity, part)
        for quantity in ("energy", "virial")
        for part in PARTS[quantity]
        if (quantity, part) in report.parity
    ]
    return _parity(report, panels, 3 if any(part != "total" for _, part in panels) else 2)


@styled
def inter_parity_figure(report: ErrorReport) -> Figure:
    """Show energy per atom and forces between molecules, which decide density and diffusion.

    Raises
    ------
    InputError
        If there are no intermolecular parts.
    """
    panels = [(quantity, "inter") for quantity in ("energy", "forces") if (quantity, "inter") in report.parity]
    return _parity(report, panels, 2)


def _parity(report: ErrorReport, panels: Sequence[Panel], columns: int) -> Figure:
    """Draw square panels with common shading."""
    if not panels:
        raise InputError("report: holds nothing of what the figure shows")
    columns = min(columns, len(panels))
    rows = -(-len(panels) // columns)
    fig, axes = figure(2.75 * columns + 0.7, 2.75 * rows + 0.25, nrows=rows, ncols=columns)
    places, images = list(axes.flat), []
    for place, panel in zip(places, panels, strict=False):
        images.append(_draw(place, report, panel))
    for place in places[len(panels) :]:
        place.set_visible(False)
    shaded = [image for image in images if image is not None]
    if shaded:
        norm = LogNorm(1, max(10, *(image.get_array().max() for image in shaded)))
        for image in shaded:
            image.set_norm(norm)
        fig.colorbar(shaded[0], ax=places[: len(panels)], shrink=0.6, aspect=30, label="numbers in a square")
    return fig


def _draw(axes: Axes, report: ErrorReport, panel: Panel) -> Any:
    """Draw one panel; returns its image if there is one."""
    quantity, part = panel
    points = _points(report, panel)
    low, high = points.limits
    axes.plot([low, high], [low, high], color=MUTED, lw=0.8, zorder=0)
    image = None
    if int(points.counts.sum()) > _MANY:
        image = _shade(axes, points)
    else:
        axes.plot(points.x, points.y, "o", color=BLUE, ms=3, mew=0, alpha=0.6)
    axes.set(xlim=(low, high), ylim=(low, high), aspect="equal", title=f"{_NAMES[part]} {_QUANTITIES[quantity]}")
    axes.title.set_fontsize(9.5)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(5))
    axes.set_xlabel(f"{report.reference} ({points.unit})")
    axes.set_ylabel(f"{report.prediction} ({points.unit})")
    row = report.table.row(quantity, part)
    if row is not None:
        unit = "m" + UNITS[quantity]
        text = f"RMSE {number(1e3 * row.rmse, 3)} {unit}\nRRMSE {number(row.rrmse, 3)}"
        axes.text(0.04, 0.96, text, transform=axes.transAxes, va="top", fontsize=8, color=INK)
    if any(points.zeros):
        zeros = " and ".join(number(zero, 6) for zero in dict.fromkeys(points.zeros))
        axes.text(
            0.96, 0.04, f"{zeros} eV/atom\nsubtracted", transform=axes.transAxes,
            ha="right", va="bottom", fontsize=7, color=MUTED,
        )  # fmt: skip
    return image


def _points(report: ErrorReport, panel: Panel) -> _Points:
    quantity, part = panel
    counts = report.parity[panel]
    i, j, number_in = counts.cells()
    x, y = (np.asarray((places + 0.5) * counts.width, dtype=np.float64) for places in (i, j))
    zeros = (0.0, 0.0)
    if quantity == "energy" and part != "inter":
        zeros = _zeros(x, y, number_in)
        x, y = x - zeros[0], y - zeros[1]
    span = float(max(np.ptp(x), np.ptp(y)))
    factor, unit = (1e3, "m" + UNITS[quantity]) if span < 0.5 else (1.0, UNITS[quantity])
    return _Points(factor * x, factor * y, number_in, factor * counts.width, unit, zeros)


def _zeros(x: NDArray[np.float64], y: NDArray[np.float64], counts: NDArray[np.int64]) -> tuple[float, float]:
    """Mean of the reference for both axes; the own mean for each if the methods count energies from another zero."""
    mean = float(np.average(x, weights=counts))
    own = float(np.average(y, weights=counts))
    spread = float(np.sqrt(np.average((x - mean) ** 2, weights=counts)))
    return (mean, own) if abs(own - mean) > _OTHER_ZERO * max(spread, 1e-3) else (mean, mean)


def _shade(axes: Axes, points: _Points) -> Any:
    """Count points in squares made of whole cells, so that no pattern appears, and show them."""
    low, high = points.limits
    # Middles of cells are odd multiples of half their width from a common corner.
    cell = points.width
    squares = max(1, round((high - low) / (_SQUARES * cell)))
    edge = squares * cell
    corner = points.x.min() - 0.5 * cell, points.y.min() - 0.5 * cell
    columns, rows = (
        np.floor((values - start) / edge + 1e-6).astype(np.int64)
        for values, start in zip((points.x, points.y), corner, strict=True)
    )
    table = np.zeros((int(rows.max()) + 1, int(columns.max()) + 1))
    np.add.at(table, (rows, columns), points.counts)
    extent = (corner[0], corner[0] + edge * table.shape[1], corner[1], corner[1] + edge * table.shape[0])
    return axes.imshow(
        np.ma.masked_equal(table, 0.0), origin="lower", extent=extent, cmap=_SHADES, interpolation="nearest", zorder=2
    )
