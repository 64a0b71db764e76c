"""Interaction curves of two rigid molecules: orientations, energies by any set of methods, minima."""

from __future__ import annotations

from ecemc.dimers.geometry import Pose, even_poses, monomer, pair
from ecemc.dimers.result import DimerCurve, DimerFailure, DimerMinimum, DimerResult
from ecemc.dimers.run import DEFAULT_OFFSETS, DimerOptions, dimer_curves
from ecemc.dimers.search import SearchOptions, find_poses
from ecemc.dimers.tables import curve_table, minimum_table

__all__ = [
    "DEFAULT_OFFSETS",
    "DimerCurve",
    "DimerFailure",
    "DimerMinimum",
    "DimerOptions",
    "DimerResult",
    "Pose",
    "SearchOptions",
    "curve_table",
    "dimer_curves",
    "even_poses",
    "find_poses",
    "minimum_table",
    "monomer",
    "pair",
]
