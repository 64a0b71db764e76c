"""Correct, fast diagnostics for machine-learning force fields of molecular liquids."""

from __future__ import annotations

from ecemc._core import __version__
from ecemc.environments import LocalEnvironments, local_environments
from ecemc.molecules import Molecules, find_molecules, make_whole, register_species, split_molecules
from ecemc.neighbors import neighbor_list
from ecemc.rdf import RDF, RDFAccumulator, rdf
from ecemc.rigid_body import ForceDecomposition, RigidBodies, decompose_forces, rigid_bodies
from ecemc.trajectory import iread, read
from ecemc.voids import Voids, voids
from ecemc.volume_scan import volume_scan

__all__ = [
    "RDF",
    "ForceDecomposition",
    "LocalEnvironments",
    "Molecules",
    "RDFAccumulator",
    "RigidBodies",
    "Voids",
    "__version__",
    "decompose_forces",
    "find_molecules",
    "iread",
    "local_environments",
    "make_whole",
    "neighbor_list",
    "rdf",
    "read",
    "register_species",
    "rigid_bodies",
    "split_molecules",
    "voids",
    "volume_scan",
]
