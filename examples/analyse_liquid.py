"""Analyse a liquid: density with its error, molecules, bubbles, and a report.

Takes a trajectory named on the command line, else the small one in examples/data. Writes the folder ``report``.
"""

from __future__ import annotations

import sys
from pathlib import Path

import ecemc
from ecemc.report import write_report

DATA = Path(__file__).parent / "data" / "ec_emc_400K.extxyz.gz"

path = Path(sys.argv[1]) if len(sys.argv) > 1 else DATA
analysis = ecemc.analyze(path)

print(f"{analysis.n_frames} frames of {analysis.integrity.compositions[0]}")
density = analysis.series["density"].statistics
if density is not None:
    print(f"density {density.mean:.4f} ± {density.stderr:.4f} g/cm³ from {density.n_effective:.0f} independent samples")
for check in analysis.verdict.checks:
    print(f"{check.status:10s} {check.name}: {check.measured}")
print(f"report: {write_report(analysis, 'report')}")
