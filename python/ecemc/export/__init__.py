"""What other programs need to run a model: LAMMPS."""

from __future__ import annotations

from ecemc.export.data import LammpsData, lammps_data
from ecemc.export.lammps import LammpsExport, LammpsOptions, export_lammps

__all__ = ["LammpsData", "LammpsExport", "LammpsOptions", "export_lammps", "lammps_data"]
