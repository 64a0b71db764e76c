"""CASTEP through ASE: PBE with Grimme's dispersion for molecular liquids.

Needs CASTEP. Without keyword tables of its own ASE passes the settings on as they are:

    ecemc label boxes.extxyz --method castep.py --set command="mpirun -n 8 castep.mpi" --jobs 1 -o labelled.extxyz
"""

from __future__ import annotations

import os

from ase.calculators.castep import Castep

from ecemc.methods import scf_converged


def calculator(command: str = "castep.serial", cutoff: float = 900.0) -> Castep:
    """Make the calculator; `cutoff` in eV."""
    castep = Castep(
        directory=f"castep-{os.getpid()}",  # a folder for each process
        label="frame",
        castep_command=command,
        check_castep_version=False,
        keyword_tolerance=3,
    )
    castep.param.task = "SinglePoint"
    castep.param.xc_functional = "PBE"
    castep.param.sedc_apply = True
    castep.param.sedc_scheme = "G06"
    castep.param.cut_off_energy = cutoff
    castep.param.elec_energy_tol = 1.0e-7
    castep.param.max_scf_cycles = 100
    castep.param.calculate_stress = True
    castep.param.write_checkpoint = "none"
    castep.cell.kpoint_mp_grid = "1 1 1"
    return castep


def converged(calculator: Castep) -> str | None:
    """Refuse what has not converged: ASE reads the energy of a failed SCF like any other."""
    return scf_converged(f"{calculator._directory}/{calculator._label}.castep")  # noqa: SLF001 (ASE has no other name)
