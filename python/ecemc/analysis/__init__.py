"""One pass over a trajectory: what is in it, whether the liquid is sound, and how well that is known."""

from __future__ import annotations

from ecemc.analysis.checks import Check, Verdict
from ecemc.analysis.integrity import BondChange, Integrity
from ecemc.analysis.options import AnalysisOptions
from ecemc.analysis.result import SCHEMA, Analysis, Input, Series
from ecemc.analysis.run import analyze, default_r_max

__all__ = [
    "SCHEMA",
    "Analysis",
    "AnalysisOptions",
    "BondChange",
    "Check",
    "Input",
    "Integrity",
    "Series",
    "Verdict",
    "analyze",
    "default_r_max",
]
