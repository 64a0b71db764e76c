"""Figures of structure: radial distribution functions and local composition."""

from __future__ import annotations

__all__ = ["centers_figure", "environments_figure", "rdf_figure"]

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ecemc.analysis.mixing import ideal_mixing, marginal
from ecemc.comparison import Curve
from ecemc.comparison.curves import rebin
from ecemc.plots.style import BLUE, INK, MUTED, ORANGE, SPECIES_COLORS, figure, styled, twin
from ecemc.plots.thin import merged

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from ecemc.environments import LocalEnvironments
    from ecemc.rdf import RDF

#: Species in a figure of local composition.
MAX_SPECIES = 4


@styled
def rdf_figure(rdf: RDF) -> Figure:
    """All partial RDFs, intra- and intermolecular, with coordination numbers on a second axis."""
    curves = {
        pair: Curve(rdf.edges, inter, rdf.stderr_inter[pair], rdf.n_blocks, {pair: rdf.coordination_inter[pair]})
        for pair, inter in rdf.inter.items()
    }
    # Centres of mass and single atoms have nothing in the same molecule.
    bonded = any(g.any() for g in rdf.intra.values())
    return _panels(
        curves, {pair: replace(curve, g=rdf.intra[pair]) for pair, curve in curves.items()} if bonded else {}
    )


@styled
def centers_figure(curves: Mapping[tuple[str, str], Curve]) -> Figure:
    """RDFs of centres of mass, a panel for each pair of species, with coordination numbers on a second axis."""
    return _panels(curves, {})


def _panels(curves: Mapping[tuple[str, str], Curve], intra: Mapping[tuple[str, str], Curve]) -> Figure:
    columns = min(3, len(curves))
    rows = math.ceil(len(curves) / columns)
    # Legend and labels of both axes need their room where there is one panel only.
    width = 6.2 if columns == 1 else 2.9 * columns + 0.5
    fig, axes = figure(width, 2.35 * rows + 0.5, nrows=rows, ncols=columns, sharex=True)
    for place, (pair, curve) in zip(axes.flat, curves.items(), strict=False):
        edges = merged(curve.edges, len(curves))
        _draw_pair(place, pair, rebin(curve, edges), rebin(intra[pair], edges).g if pair in intra else None)
    for place in axes.flat[len(curves) :]:
        place.set_visible(False)
    for column in range(columns):
        lowest = axes[(len(curves) - 1 - column) // columns, column]
        lowest.set_xlabel("r (Å)")
        lowest.tick_params(labelbottom=True)
    for place in axes[:, 0]:
        place.set_ylabel("g(r)")
    for number, place in enumerate(fig.axes[len(axes.flat) :], start=1):
        if number % columns == 0 or number == len(curves):
            place.set_ylabel("coordination number", color=ORANGE)
    handles, labels = axes.flat[0].get_legend_handles_labels()
    fig.legend(handles, labels, loc="outside upper center", ncols=3)
    return fig


def _draw_pair(axes: Axes, pair: tuple[str, str], curve: Curve, intra: NDArray[np.float64] | None) -> None:
    r, inter, error = curve.r, curve.g, curve.stderr
    top = 1.25 * max(1.4, float(inter.max(initial=0.0)))
    if intra is not None:
        axes.fill_between(r, np.minimum(intra, top), color=MUTED, alpha=0.35, lw=0, label="same molecule (clipped)")
    axes.axhline(1.0, color=INK, lw=0.6, ls=":")
    axes.plot(r, inter, color=BLUE, label="other molecules")
    if np.isfinite(error).all():
        axes.fill_between(r, inter - error, inter + error, color=BLUE, alpha=0.3, lw=0)
    axes.set(xlim=(0.0, float(curve.edges[-1])), ylim=(0.0, top), title="–".join(pair))
    count = twin(axes)
    number = curve.coordination[pair]
    count.plot(r, number, color=ORANGE, ls="--", lw=1.2)
    count.set_ylim(0.0, max(1e-9, float(number.max(initial=0.0))))
    count.tick_params(axis="y", colors=ORANGE, labelsize=7.5)
    axes.plot([], [], color=ORANGE, ls="--", lw=1.2, label="coordination number, other molecules (right)")


@styled
def environments_figure(environments: LocalEnvironments) -> Figure:
    """Numbers of neighbours of each species around each, beside those of ideal mixing; the four commonest species."""
    common = sorted(environments.species, key=lambda name: -environments.composition[name])[:MAX_SPECIES]
    species = sorted(common)
    place_of = {name: column for column, name in enumerate(environments.species)}
    n = len(species)
    fig, axes = figure(max(4.2, 2.9 * n + 0.4), 2.35 * n + 0.5, nrows=n, ncols=n)
    # A pure liquid is its own ideal mixture.
    ideal = ideal_mixing(environments) if len(environments.species) > 1 else None
    for row, central in zip(axes, species, strict=True):
        for place, name in zip(row, species, strict=True):
            column = place_of[name]
            measured = marginal(environments.distribution[central], column)
            place.bar(
                np.arange(len(measured)), measured, width=0.8, color=SPECIES_COLORS[column % len(SPECIES_COLORS)],
                alpha=0.75, label="measured",
            )  # fmt: skip
            if ideal is not None:
                expected = ideal[central][column]
                place.plot(
                    np.arange(len(expected)), expected, color=INK, marker="o", ms=3, lw=1.0, label="ideal mixing"
                )
                highest = max(np.flatnonzero(expected > 1e-4).max(initial=0), len(measured) - 1)
                place.set_xlim(-0.7, highest + 0.7)
            place.set_title(f"{name} around {central}")
            place.xaxis.get_major_locator().set_params(integer=True)
            place.set_xlabel(f"{name} within {environments.radius:g} Å")
        row[0].set_ylabel("probability")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    fig.legend(handles[::-1], labels[::-1], loc="outside upper center", ncols=2)
    return fig
