"""Figures of structure: radial distribution functions and local composition."""

from __future__ import annotations

__all__ = ["environments_figure", "rdf_figure"]

import math
from typing import TYPE_CHECKING

import numpy as np

from ecemc.analysis.mixing import ideal_mixing, marginal
from ecemc.plots.style import BLUE, INK, MUTED, ORANGE, SPECIES_COLORS, figure, styled, twin

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ecemc.environments import LocalEnvironments
    from ecemc.rdf import RDF

#: Species in a figure of local composition.
MAX_SPECIES = 4


@styled
def rdf_figure(rdf: RDF) -> Figure:
    """All partial RDFs, intra- and intermolecular, with coordination numbers on a second axis."""
    pairs = list(rdf.inter)
    columns = min(3, len(pairs))
    rows = math.ceil(len(pairs) / columns)
    fig, axes = figure(2.9 * columns + 0.5, 2.35 * rows + 0.5, nrows=rows, ncols=columns, sharex=True)
    for place, pair in zip(axes.flat, pairs, strict=False):
        _draw_pair(place, rdf, pair)
    for place in axes.flat[len(pairs) :]:
        place.set_visible(False)
    for place in axes[-1]:
        place.set_xlabel("r (Å)")
    for place in axes[:, 0]:
        place.set_ylabel("g(r)")
    for number, place in enumerate(fig.axes[len(axes.flat) :], start=1):
        if number % columns == 0 or number == len(pairs):
            place.set_ylabel("coordination number", color=ORANGE)
    handles, labels = axes.flat[0].get_legend_handles_labels()
    fig.legend(handles, labels, loc="outside upper center", ncols=3)
    return fig


def _draw_pair(axes: Axes, rdf: RDF, pair: tuple[str, str]) -> None:
    intra, inter, error = rdf.intra[pair], rdf.inter[pair], rdf.stderr_inter[pair]
    top = 1.25 * max(1.4, float(inter.max(initial=0.0)))
    axes.fill_between(rdf.r, np.minimum(intra, top), color=MUTED, alpha=0.35, lw=0, label="same molecule (clipped)")
    axes.axhline(1.0, color=INK, lw=0.6, ls=":")
    axes.plot(rdf.r, inter, color=BLUE, label="other molecules")
    if np.isfinite(error).all():
        axes.fill_between(rdf.r, inter - error, inter + error, color=BLUE, alpha=0.3, lw=0)
    axes.set(xlim=(0.0, float(rdf.edges[-1])), ylim=(0.0, top), title="–".join(pair))
    count = twin(axes)
    number = rdf.coordination_inter[pair]
    count.plot(rdf.r, number, color=ORANGE, ls="--", lw=1.2)
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
    ideal = ideal_mixing(environments)
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
