"""Correct, fast diagnostics for machine-learning force fields of molecular liquids."""

from __future__ import annotations

from ecemc._core import __version__
from ecemc.analysis import Analysis, AnalysisOptions, analyze
from ecemc.comparison import Comparison, compare
from ecemc.decomposition import PropertyParts, decompose_properties
from ecemc.diagnosis import diagnose
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
from ecemc.gap import GAP, Committee, descriptors, fit_gap, predict
from ecemc.isolated import isolated_atoms, isolated_molecules
from ecemc.labels import LabelKeys, Labels, read_labels, with_labels
from ecemc.md import MDOptions, Monitors, check_calculator, run_md
from ecemc.metrics import mae, rmse, rrmse
from ecemc.molecules import Molecules, find_molecules, make_whole, register_species, split_molecules
from ecemc.neighbors import neighbor_list
from ecemc.rdf import RDF, RDFAccumulator, rdf
from ecemc.rigid_body import ForceDecomposition, RigidBodies, decompose_forces, rigid_bodies
from ecemc.thermodynamics import density_table, experimental_density, fit_eos
from ecemc.trajectory import iread, read, write
from ecemc.voids import Voids, voids
from ecemc.volume_scan import volume_scan

__all__ = [
    "GAP",
    "MSD",
    "RDF",
    "Analysis",
    "AnalysisOptions",
    "Committee",
    "Comparison",
    "Diffusion",
    "ForceDecomposition",
    "LabelKeys",
    "Labels",
    "LocalEnvironments",
    "MDOptions",
    "MSDAccumulator",
    "Molecules",
    "Monitors",
    "PropertyParts",
    "RDFAccumulator",
    "RigidBodies",
    "Voids",
    "__version__",
    "analyze",
    "check_calculator",
    "compare",
    "decompose_forces",
    "decompose_properties",
    "density_table",
    "descriptors",
    "diagnose",
    "experimental_density",
    "find_molecules",
    "finite_size_correction",
    "fit_eos",
    "fit_gap",
    "iread",
    "isolated_atoms",
    "isolated_molecules",
    "local_environments",
    "mae",
    "make_whole",
    "mean_squared_displacement",
    "neighbor_list",
    "predict",
    "rdf",
    "read",
    "read_labels",
    "register_species",
    "rigid_bodies",
    "rmse",
    "rrmse",
    "run_md",
    "self_diffusion",
    "split_molecules",
    "unwrapped_centers",
    "voids",
    "volume_scan",
    "with_labels",
    "write",
]
