"""Partial radial distribution functions, intra- and intermolecular, over any number of frames."""

from __future__ import annotations

from ecemc.rdf.accumulator import RDFAccumulator
from ecemc.rdf.compute import rdf
from ecemc.rdf.groups import Group, rdf_groups
from ecemc.rdf.result import RDF

__all__ = ["RDF", "Group", "RDFAccumulator", "rdf", "rdf_groups"]
