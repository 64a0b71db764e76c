"""Figures: a result goes in, a Matplotlib figure comes out; nothing is shown or written here."""

from __future__ import annotations

from ecemc.plots.comparison import (
    curve_comparison_figure,
    deviation_figure,
    local_comparison_figure,
    msd_comparison_figure,
    series_comparison_figure,
)
from ecemc.plots.dimers import dimer_figure
from ecemc.plots.dynamics import msd_figure
from ecemc.plots.errors import force_parity_figure, inter_parity_figure, property_parity_figure
from ecemc.plots.maps import map_figure
from ecemc.plots.molecules import bond_events_figure, temperature_parts_figure
from ecemc.plots.scans import scan_figure, scan_force_figure
from ecemc.plots.series import density_figure, integrity_figure, thermodynamics_figure, time_axis, void_figure
from ecemc.plots.structure import centers_figure, environments_figure, rdf_figure
from ecemc.plots.style import inline_svg, png, svg
from ecemc.plots.thermodynamics import densities_figure, eos_figure

__all__ = [
    "bond_events_figure",
    "centers_figure",
    "curve_comparison_figure",
    "densities_figure",
    "density_figure",
    "deviation_figure",
    "dimer_figure",
    "environments_figure",
    "eos_figure",
    "force_parity_figure",
    "inline_svg",
    "integrity_figure",
    "inter_parity_figure",
    "local_comparison_figure",
    "map_figure",
    "msd_comparison_figure",
    "msd_figure",
    "png",
    "property_parity_figure",
    "rdf_figure",
    "scan_figure",
    "scan_force_figure",
    "series_comparison_figure",
    "svg",
    "temperature_parts_figure",
    "thermodynamics_figure",
    "time_axis",
    "void_figure",
]
