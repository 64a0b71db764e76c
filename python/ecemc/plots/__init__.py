"""Figures: a result goes in, a Matplotlib figure comes out; nothing is shown or written here."""

from __future__ import annotations

from ecemc.plots.series import density_figure, integrity_figure, thermodynamics_figure, void_figure
from ecemc.plots.structure import environments_figure, rdf_figure
from ecemc.plots.style import inline_svg, png, svg

__all__ = [
    "density_figure",
    "environments_figure",
    "inline_svg",
    "integrity_figure",
    "png",
    "rdf_figure",
    "svg",
    "thermodynamics_figure",
    "void_figure",
]
