"""Rigid-molecule volume scan of a liquid: the wall, the minimum and the attraction of its intermolecular energy.

Energies come from OPLS-AA; any ASE calculator can take its place. Writes ``volume_scan.png``. Needs the extra
``sample``.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import ecemc
from ecemc.sampling import Labeller, OplsOptions, SampleOptions, opls_liquid, sample

# The box must stay thicker than twice the cutoff down to the smallest scale.
liquid = opls_liquid("4EC:8EMC", density=1.0, seed=1, options=OplsOptions(cutoff=5.0))
options = SampleOptions(temperature=400.0, time=100.0, equilibration=1000.0, frame_interval=100.0, seed=1)
with tempfile.TemporaryDirectory() as folder:
    frame = ecemc.read(sample(liquid, Path(folder) / "liquid.extxyz", options).path)[-1]

scales = np.geomspace(0.9, 1.5, 16)
scan = ecemc.volume_scan(frame, scales)

# Molecules stay rigid, so the energy changes by its intermolecular part alone.
labeller = Labeller(liquid.system)
energies = np.array([labeller(scaled.positions, scaled.cell.array).energy for scaled in scan])
per_atom = 1000.0 * (energies - energies[-1]) / len(frame)
lowest = int(np.argmin(per_atom))
print(f"minimum {per_atom[lowest]:.1f} meV/atom below s = {scales[-1]:.2f}, at s = {scales[lowest]:.3f}")
print(f"at s = {scales[0]:.2f} the wall rises to {per_atom[0] - per_atom[lowest]:.0f} meV/atom above the minimum")

figure, axes = plt.subplots(figsize=(5, 3.5), layout="constrained")
axes.plot(scales, per_atom, "o-")
axes.set_ylim(1.1 * per_atom[lowest], -2.0 * per_atom[lowest])
axes.set_xlabel("linear scale s of centres and cell")
axes.set_ylabel(f"E(s) − E({scales[-1]:.1f})  (meV/atom)")
figure.savefig("volume_scan.png", dpi=150)
