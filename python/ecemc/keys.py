"""The only spelling of the keys that ``ecemc`` writes to or looks for in ``Atoms.info`` and ``Atoms.arrays``."""

from __future__ import annotations

__all__ = [
    "COMPOSITION",
    "CONFIG_TYPE",
    "DENSITY",
    "FORCE_FIELD",
    "REF_ENERGY",
    "REF_FORCES",
    "REF_VIRIAL",
    "SEED",
    "STEP",
    "TEMPERATURE",
    "TEMPERATURE_TARGET",
    "TIME",
]

#: Labels: total energy (eV), forces (eV/Å), virial (9 numbers, eV, W = −stress·V).
#: Never ASE's own ``energy``/``forces``, which ASE >= 3.23 moves into a calculator on reading.
REF_ENERGY = "REF_energy"
REF_FORCES = "REF_forces"
REF_VIRIAL = "REF_virial"
#: Kind of configuration, as in gap_fit.
CONFIG_TYPE = "config_type"
#: Instantaneous kinetic temperature, K; the thermostat's target stands beside it.
TEMPERATURE = "temperature"
TEMPERATURE_TARGET = "temperature_target"
#: Name of the force field that made the labels.
FORCE_FIELD = "force_field"
#: g/cm³.
DENSITY = "density"
#: Such as ``16EC:32EMC``.
COMPOSITION = "composition"
#: Seed of the run that made the frame.
SEED = "seed"
#: fs since the start of the production run.
TIME = "time"
#: MD step since the start of the production run.
STEP = "step"
