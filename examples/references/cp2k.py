"""CP2K through ASE: PBE-D3 for molecular liquids.

Needs CP2K, and CP2K_DATA_DIR where it does not know its own data folder. ASE talks to one CP2K shell per process:

    ecemc label boxes.extxyz --method cp2k.py --jobs 4 -o labelled.extxyz
"""

from __future__ import annotations

import os

from ase.calculators.cp2k import CP2K
from ase.units import Rydberg

from ecemc.methods import scf_converged

# No IGNORE_CONVERGENCE_FAILURE: CP2K from 2024 on stops at an SCF that fails, older ones go on, and the gate sees it.
TEMPLATE = """
&FORCE_EVAL
  &DFT
    &QS
      EPS_DEFAULT 1.0E-12
    &END QS
    &SCF
      SCF_GUESS ATOMIC
      EPS_SCF 1.0E-6
      &OT
        PRECONDITIONER FULL_SINGLE_INVERSE
        MINIMIZER DIIS
      &END OT
      &OUTER_SCF
        EPS_SCF 1.0E-6
        MAX_SCF 10
      &END OUTER_SCF
    &END SCF
    &XC
      &VDW_POTENTIAL
        POTENTIAL_TYPE PAIR_POTENTIAL
        &PAIR_POTENTIAL
          TYPE DFTD3
          PARAMETER_FILE_NAME dftd3.dat
          REFERENCE_FUNCTIONAL PBE
        &END PAIR_POTENTIAL
      &END VDW_POTENTIAL
    &END XC
  &END DFT
&END FORCE_EVAL
"""


def calculator(cutoff: float = 600.0, max_scf: int = 30) -> CP2K:
    """Make the calculator; `cutoff` in Ry."""
    return CP2K(
        label=f"cp2k-{os.getpid()}",  # a file for each process
        command="cp2k.psmp -s",
        inp=TEMPLATE,
        xc="PBE",
        basis_set="TZV2P-MOLOPT-GTH",
        basis_set_file="BASIS_MOLOPT",
        pseudo_potential="GTH-PBE",
        cutoff=cutoff * Rydberg,
        max_scf=max_scf,
        poisson_solver="auto",
        print_level="LOW",
    )


def converged(calculator: CP2K) -> str | None:
    """Refuse what has not converged."""
    return scf_converged(f"{calculator.label}.out")
