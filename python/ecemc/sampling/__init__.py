"""Sampling of real liquids: packed boxes and molecular dynamics with OPLS-AA or a user's force field in OpenMM."""

from __future__ import annotations

from ecemc.composition import composition_from_fractions, format_composition, parse_composition
from ecemc.sampling.boxes import guess_density, pack_box
from ecemc.sampling.labels import Labeller
from ecemc.sampling.liquids import Liquid, forcefield_liquid, opls_liquid, system_liquid
from ecemc.sampling.opls import OplsOptions
from ecemc.sampling.options import SampleOptions
from ecemc.sampling.run import Progress, SampleResult, sample

__all__ = [
    "Labeller",
    "Liquid",
    "OplsOptions",
    "Progress",
    "SampleOptions",
    "SampleResult",
    "composition_from_fractions",
    "forcefield_liquid",
    "format_composition",
    "guess_density",
    "opls_liquid",
    "pack_box",
    "parse_composition",
    "sample",
    "system_liquid",
]
