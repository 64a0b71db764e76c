"""Rigid-molecule volume scan of a liquid: the wall, the minimum and the attraction of its intermolecular energy.

Energies come from OPLS-AA; a GAP model or any ASE calculator can take its place, and models can stand beside it. Writes
``volume_scan.png``. Needs the extra ``sample``.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

import ecemc
from ecemc.plots import png, scan_figure
from ecemc.sampling import OplsOptions, SampleOptions, opls_liquid, sample
from ecemc.scans import ScanOptions, scan

# The box must stay thicker than twice the cutoff while it is sampled.
liquid = opls_liquid("4EC:8EMC", density=1.0, seed=1, options=OplsOptions(cutoff=5.0))
options = SampleOptions(temperature=400.0, time=100.0, equilibration=1000.0, frame_interval=100.0, seed=1)
with tempfile.TemporaryDirectory() as folder:
    frame = ecemc.read(sample(liquid, Path(folder) / "liquid.extxyz", options).path)[-1]

# Molecules stay rigid, so the energy changes by its intermolecular part alone.
result = scan(frame, "opls", options=ScanOptions((*np.geomspace(0.9, 1.5, 20), 2.0, 3.0), cell=None), n_jobs=1)
(score,) = result.scores
wall = 1000.0 * result.scans[0].energy_inter(0)[0]
print(f"minimum {score.depth:.1f} meV/atom at s = {score.s_min:.3f}; {wall:.1f} meV/atom at s = 0.9")
Path("volume_scan.png").write_bytes(png(scan_figure(result)))
