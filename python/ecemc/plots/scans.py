"""Figures of volume scans: energies against the scale, and the net force on a molecule."""

from __future__ import annotations

__all__ = ["scan_figure", "scan_force_figure"]

import math
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from matplotlib.gridspec import GridSpec
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from ecemc.errors import InputError
from ecemc.plots.style import INK, MUTED, SPECIES_COLORS, empty_figure, figure, styled
from ecemc.scans import locate_minimum, roughness

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from ecemc.scans import ScanResult, VolumeScan

    Floats = NDArray[np.float64]

_MEV = 1000.0
#: meV/atom, what decides the density of a liquid.
_ALLOWED = 1.0
#: Scale beyond which net forces are nothing to look at.
_FAR = 2.04
_COLUMNS = 3
_LINES = ("-", "--", ":", "-.")
_TICKS = (0.7, 0.8, 0.9, 1.0, 1.2, 1.5, 2.0, 3.0, 5.0, 10.0)


@styled
def scan_figure(result: ScanResult, *, relative: Literal["own", "reference"] = "own") -> Figure:
    """Intermolecular energy per atom against the scale, a panel for each composition, and below the error of models.

    The reference is drawn as black circles, models as coloured lines, all scans of a composition over each other. The
    wall and holes in it leave the picture. The grey band of the errors is ±1 meV/atom.

    Parameters
    ----------
    result
        Result of :func:`ecemc.scans.scan`.
    relative
        See :meth:`ecemc.scans.VolumeScan.energy_inter`.
    """
    groups: dict[tuple[tuple[str, int], ...], list[VolumeScan]] = defaultdict(list)
    for each in result.scans:
        groups[tuple(each.composition.items())].append(each)
    columns = min(_COLUMNS, len(groups))
    rows = math.ceil(len(groups) / columns)
    errors = len(result.methods) > 1
    fig = empty_figure(max(5.2, 3.3 * columns + 0.4), (4.2 if errors else 3.0) * rows + 0.5)
    ratios = [2.4, 1.0] if errors else [1.0]
    grid = GridSpec(len(ratios) * rows, columns, figure=fig, height_ratios=ratios * rows)
    for number, (composition, scans) in enumerate(groups.items()):
        row, column = divmod(number, columns)
        above = fig.add_subplot(grid[len(ratios) * row, column])
        _draw_energies(above, scans, relative)
        kinds = " + ".join(f"{count} {name}" for name, count in composition)
        above.set_title(kinds if len(scans) == 1 else f"{kinds}, {len(scans)} scans")
        lowest = above
        if errors:
            lowest = fig.add_subplot(grid[2 * row + 1, column], sharex=above)
            above.tick_params(labelbottom=False)
            _draw_errors(lowest, scans, relative, result.well)
        lowest.set_xlabel("linear scale s")
        if column == 0:
            above.set_ylabel(r"$E_{\mathrm{inter}}$ (meV/atom)")
            if errors:
                lowest.set_ylabel("error\n(meV/atom)")
    _legend(fig, result, len(groups) == 1)
    return fig


def _style(method: int) -> dict[str, Any]:
    """Look of a method: the reference as markers, models as lines."""
    if method == 0:
        return {"color": INK, "ls": "", "marker": "o", "ms": 3.4, "mfc": "none", "mew": 1.0, "zorder": 3}
    number = method - 1
    line = _LINES[number // len(SPECIES_COLORS) % len(_LINES)]
    return {"color": SPECIES_COLORS[number % len(SPECIES_COLORS)], "ls": line, "lw": 1.4}


def _scale_axis(axes: Axes) -> None:
    """Logarithmic scale axis with plain numbers."""
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(FixedLocator(_TICKS))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda s, _: f"{s:g}"))


def _draw_energies(axes: Axes, scans: list[VolumeScan], relative: Literal["own", "reference"]) -> None:
    _scale_axis(axes)
    lowest = []
    for each in scans:
        for method in range(len(each.curves)):
            energy = _MEV * each.energy_inter(method, relative)
            known = np.isfinite(energy)
            axes.plot(each.scales[known], energy[known], **_style(method))
        reference = _MEV * each.energy_inter(0)
        if np.isfinite(reference).any():
            lowest.append(float(np.nanmin(reference)))
    axes.axhline(0.0, color=MUTED, lw=0.8)
    depth = -min(lowest, default=-1.0)
    if depth > 0.0:
        axes.set_ylim(-1.5 * depth, depth)


def _draw_errors(
    axes: Axes, scans: list[VolumeScan], relative: Literal["own", "reference"], well: tuple[float, float]
) -> None:
    axes.axhspan(-_ALLOWED, _ALLOWED, color=MUTED, alpha=0.2, lw=0)
    axes.axhline(0.0, color=INK, lw=0.8)
    largest = [2.0 * _ALLOWED]
    for each in scans:
        reference = each.energy_inter(0)
        center = locate_minimum(each.scales, reference)[0]
        seen = each.scales >= well[0] * (center if math.isfinite(center) else 1.0)
        for method in range(1, len(each.curves)):
            error = _MEV * (each.energy_inter(method, relative) - reference)
            known = np.isfinite(error)
            axes.plot(each.scales[known], error[known], **_style(method))
            largest += np.abs(error[seen & known]).tolist()
    limit = 1.15 * max(largest)
    axes.set_ylim(-limit, limit)


@styled
def scan_force_figure(result: ScanResult, *, parent_frame: int | None = None, molecule: int | None = None) -> Figure:
    """Net force on the centre of mass of one molecule against the scale, from the well outwards, x, y and z.

    The smoother the curves, the better a model behaves between its training configurations (figure 9D of the paper).

    Parameters
    ----------
    result
        Result of :func:`ecemc.scans.scan`.
    parent_frame, molecule
        Which scan, and which of its molecules; that with the roughest force of a model if not given.

    Raises
    ------
    InputError
        If there is no such scan or molecule.
    """
    each, chosen = _chosen(result, parent_frame, molecule)
    center = locate_minimum(each.scales, each.energy_inter(0))[0]
    seen = each.scales >= result.well[0] * (center if math.isfinite(center) else 1.0)
    fig, axes = figure(8.4, 3.2, ncols=3, sharey=True)
    for axis, place in enumerate(axes[0]):
        _scale_axis(place)
        place.axhline(0.0, color=MUTED, lw=0.8)
        for method, curve in enumerate(each.curves):
            force = _MEV * curve.net_forces[:, chosen, axis]
            known = seen & np.isfinite(force)
            style = _style(method) | ({"marker": ".", "ms": 4.0} if method else {})
            place.plot(each.scales[known], force[known], **style)
        place.set(title="xyz"[axis], xlabel="linear scale s")
        place.set_xlim(right=min(_FAR, 1.02 * float(each.scales[-1])))
    axes[0, 0].set_ylabel("net force (meV/Å)")
    fig.suptitle(
        f"Molecule {chosen} ({each.species[chosen]}) of frame {each.parent_frame}", x=0.02, ha="left", fontsize=10.5
    )
    _legend(fig, result, single=False)
    return fig


def _chosen(result: ScanResult, parent_frame: int | None, molecule: int | None) -> tuple[VolumeScan, int]:
    """Scan and molecule that are asked for, else those with the roughest force."""
    scans = [each for each in result.scans if parent_frame is None or each.parent_frame == parent_frame]
    if not scans:
        raise InputError(f"parent_frame: got {parent_frame}, there is no scan of that frame")
    if molecule is not None and not 0 <= molecule < len(scans[0].species):
        raise InputError(f"molecule: got {molecule}, expected 0 to {len(scans[0].species) - 1}")
    rough: list[tuple[float, VolumeScan, int]] = []
    for each in scans:
        center = locate_minimum(each.scales, each.energy_inter(0))[0]
        seen = each.scales >= (center if math.isfinite(center) else 1.0)
        for number in range(len(each.species)) if molecule is None else [molecule]:
            found = [
                roughness(each.scales[seen], curve.net_forces[seen][:, [number]])
                for curve in each.curves[1:] or each.curves
            ]
            rough.append((max((value for value in found if math.isfinite(value)), default=0.0), each, number))
    _, scan, number = max(rough, key=lambda entry: entry[0])
    return scan, number


def _legend(fig: Figure, result: ScanResult, single: bool) -> None:
    handles = [Line2D([], [], label=name, **_style(method)) for method, name in enumerate(result.methods)]
    fig.legend(
        handles=handles, loc="outside lower center", ncols=1 if single and len(handles) < 3 else min(4, len(handles))
    )
