"""One pass over a trajectory: what is in it, whether the liquid is sound, and how well that is known."""

from __future__ import annotations

from ecemc.analysis.analyzer import Analyzer, default_n_bins, default_r_max
from ecemc.analysis.checks import Check, Verdict
from ecemc.analysis.integrity import BondChange, Integrity
from ecemc.analysis.motion import Motion
from ecemc.analysis.options import AnalysisOptions
from ecemc.analysis.result import SCHEMA, Analysis, Input, Series
from ecemc.analysis.run import analyze, analyze_files

__all__ = [
    "SCHEMA",
    "Analysis",
    "AnalysisOptions",
    "Analyzer",
    "BondChange",
    "Check",
    "Input",
    "Integrity",
    "Motion",
    "Series",
    "Verdict",
    "analyze",
    "analyze_files",
    "default_n_bins",
    "default_r_max",
]
