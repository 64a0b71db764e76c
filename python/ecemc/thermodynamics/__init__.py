"""Thermodynamics of liquids: densities, equations of state, expansion, excess volumes, and what experiment says."""

from __future__ import annotations

from ecemc.thermodynamics.composition import (
    mass_fractions,
    molar_mass,
    mole_fractions,
    mole_fractions_from_mass,
    mole_ratio,
)
from ecemc.thermodynamics.densities import Condition, DensityTable, Excess, Slope, density_table
from ecemc.thermodynamics.derived import Combined, Expansion, combine, excess_volume, thermal_expansion
from ecemc.thermodynamics.eos import EOS, fit_eos
from ecemc.thermodynamics.experiment import DensityData, ReferenceDensity, experimental_density, reference_data
from ecemc.thermodynamics.isotherm import Isotherm, eos_of_runs
from ecemc.thermodynamics.runs import Average, ReadRunOptions, Run, read_runs

__all__ = [
    "EOS",
    "Average",
    "Combined",
    "Condition",
    "DensityData",
    "DensityTable",
    "Excess",
    "Expansion",
    "Isotherm",
    "ReadRunOptions",
    "ReferenceDensity",
    "Run",
    "Slope",
    "combine",
    "density_table",
    "eos_of_runs",
    "excess_volume",
    "experimental_density",
    "fit_eos",
    "mass_fractions",
    "molar_mass",
    "mole_fractions",
    "mole_fractions_from_mass",
    "mole_ratio",
    "read_runs",
    "reference_data",
    "thermal_expansion",
]
