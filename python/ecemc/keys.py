"""The only spelling of the keys that ``ecemc`` writes to or looks for in ``Atoms.info`` and ``Atoms.arrays``."""

from __future__ import annotations

__all__ = [
    "COMPOSITION",
    "CONFIG_TYPE",
    "DENSITY",
    "FORCE_FIELD",
    "ISOLATED_ATOM",
    "ISOLATED_CELL",
    "ISOLATED_MOLECULE",
    "LABEL_METHOD",
    "LIQUID",
    "MOLECULE",
    "MOLECULE_SPECIES",
    "PARENT_ATOM",
    "PARENT_FRAME",
    "REF_ENERGY",
    "REF_FORCES",
    "REF_STRESS",
    "REF_VIRIAL",
    "SCAN_MODE",
    "SCAN_SCALE",
    "SEED",
    "STEP",
    "TEMPERATURE",
    "TEMPERATURE_TARGET",
    "TIME",
    "VOLUME_SCAN",
    "belongs_to_geometry",
]

#: Labels: total energy (eV), forces (eV/Å), virial (9 numbers, eV, W = −stress·V).
#: Never ASE's own ``energy``/``forces``, which ASE >= 3.23 moves into a calculator on reading.
REF_ENERGY = "REF_energy"
REF_FORCES = "REF_forces"
REF_VIRIAL = "REF_virial"
#: Stress, eV/Å³, only where there is no virial: nine numbers, or six in ASE's order.
REF_STRESS = "REF_stress"
#: What computed the labels.
LABEL_METHOD = "label_method"
#: Kind of configuration, as in gap_fit.
CONFIG_TYPE = "config_type"
#: Values of ``config_type`` that ecemc writes.
LIQUID = "liquid"
ISOLATED_ATOM = "isolated_atom"
ISOLATED_MOLECULE = "isolated_molecule"
VOLUME_SCAN = "volume_scan"
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
#: Number and species of the molecule that was cut out of a larger configuration.
MOLECULE = "molecule"
MOLECULE_SPECIES = "molecule_species"
#: Array: index of each atom in the configuration it was cut out of.
PARENT_ATOM = "parent_atom"
#: Number, from 0, of the frame that a molecule or a scan was made of, among those that were read.
PARENT_FRAME = "parent_frame"
#: Where the molecules of an intra/inter decomposition were evaluated: ``none``, ``parent`` or a length in Å.
ISOLATED_CELL = "isolated_cell"
#: Linear factor on cell vectors and centres of mass, and ``rigid`` or ``affine``.
SCAN_SCALE = "scan_scale"
SCAN_MODE = "scan_mode"

_OF_GEOMETRY = frozenset(
    {
        "density",
        "dipole",
        "energies",
        "energy",
        "force",
        "forces",
        "pressure",
        "stress",
        "stresses",
        "virial",
        "virials",
        "volume",
    }
)


def belongs_to_geometry(key: str) -> bool:
    """Whether a key names a quantity that is wrong once atoms or cell are moved, such as an energy.

    Examples
    --------
    >>> [belongs_to_geometry(key) for key in ("REF_energy", "forces_trans", "density", "config_type")]
    [True, True, True, False]
    """
    return not _OF_GEOMETRY.isdisjoint(key.lower().split("_"))
