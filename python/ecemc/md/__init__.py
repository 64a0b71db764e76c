"""Molecular dynamics with any method: run, watched while it goes on, continued exactly; and a check of calculators."""

from __future__ import annotations

from ecemc.md.check import CalculatorCheck, Finding, check_calculator
from ecemc.md.files import read_thermo
from ecemc.md.monitors import Monitors, Stop
from ecemc.md.options import MDOptions
from ecemc.md.record import Progress
from ecemc.md.run import MDResult, run_md

__all__ = [
    "CalculatorCheck",
    "Finding",
    "MDOptions",
    "MDResult",
    "Monitors",
    "Progress",
    "Stop",
    "check_calculator",
    "read_thermo",
    "run_md",
]
