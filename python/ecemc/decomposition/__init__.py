"""Intra- and intermolecular parts of energy, forces and virial; their storage beside the labels."""

from __future__ import annotations

from ecemc.decomposition.collect import LabelledMolecules
from ecemc.decomposition.compute import Decomposed, Task, decompose_properties, decomposed, plan
from ecemc.decomposition.isolated import cell_name, read_cell
from ecemc.decomposition.parts import Parts, PropertyParts
from ecemc.decomposition.run import DecomposeOptions, DecomposeResult, decompose
from ecemc.decomposition.stored import has_parts, part_keys, read_parts, with_parts
from ecemc.decomposition.summary import Moments, PartsSummary

__all__ = [
    "DecomposeOptions",
    "DecomposeResult",
    "Decomposed",
    "LabelledMolecules",
    "Moments",
    "Parts",
    "PartsSummary",
    "PropertyParts",
    "Task",
    "cell_name",
    "decompose",
    "decompose_properties",
    "decomposed",
    "has_parts",
    "part_keys",
    "plan",
    "read_cell",
    "read_parts",
    "with_parts",
]
