"""Correct, fast diagnostics for machine-learning force fields of molecular liquids."""

from __future__ import annotations

from ecemc._core import __version__
from ecemc.analysis import Analysis, AnalysisOptions, analyze
from ecemc.comparison import Comparison, compare
from ecemc.dynamics import (
    MSD,
    Diffusion,
    MSDAccumulator,
    finite_size_correction,
    mean_squared_displacement,
    self_diffusion,
    unwrapped_centers,
)
from ecemc.environments import LocalEnvironments, local_environments
from ecemc.molecules import Molecules, find_molecules, make_whole, register_species, split_molecules
from ecemc.neighbors import neighbor_list
from ecemc.rdf import RDF, RDFAccumulator, rdf
from ecemc.rigid_body import ForceDecomposition, RigidBodies, decompose_forces, rigid_bodies
from ecemc.trajectory import iread, read, write
from ecemc.voids import Voids, voids
from ecemc.volume_scan import volume_scan

__all__ = [
    "MSD",
    "RDF",
    "Analysis",
    "AnalysisOptions",
    "Comparison",
    "Diffusion",
    "ForceDecomposition",
    "LocalEnvironments",
    "MSDAccumulator",
    "Molecules",
    "RDFAccumulator",
    "RigidBodies",
    "Voids",
    "__version__",
    "analyze",
    "compare",
    "decompose_forces",
    "find_molecules",
    "finite_size_correction",
    "iread",
    "local_environments",
    "make_whole",
    "mean_squared_displacement",
    "neighbor_list",
    "rdf",
    "read",
    "register_species",
    "rigid_bodies",
    "self_diffusion",
    "split_molecules",
    "unwrapped_centers",
    "voids",
    "volume_scan",
    "write",
]
