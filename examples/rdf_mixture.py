"""Partial RDFs of a mixture, within and between molecules, with error bars; writes ``rdf.png``.

Takes a trajectory named on the command line, else the small one in examples/data.
"""

from __future__ import annotations

import sys
from pathlib import Path

import ecemc
from ecemc import plots

DATA = Path(__file__).parent / "data" / "ec_emc_400K.extxyz.gz"

path = Path(sys.argv[1]) if len(sys.argv) > 1 else DATA
result = ecemc.rdf(ecemc.iread(path), r_max=10.0, n_bins=100)

print(f"{result.n_frames} frames; highest intermolecular peak of each pair of elements")
for (a, b), g in result.inter.items():
    peak = int(g.argmax())
    around = result.coordination_inter[a, b]
    closer = around[result.edges[1:] <= 5.0][-1]
    print(
        f"{a}-{b}: g = {g[peak]:.2f} ± {result.stderr_inter[a, b][peak]:.2f} at {result.r[peak]:.2f} Å, "
        f"{closer:.1f} {b} of other molecules within 5 Å of a {a}"
    )
plots.rdf_figure(result).savefig("rdf.png", dpi=150)
