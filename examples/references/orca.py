"""ORCA through ASE: PBE-D3(BJ) for isolated molecules and clusters; ORCA has no periodic boundaries.

Needs ORCA. Give its full path, for `orca` is a screen reader on many Linux desktops:

    ecemc label molecules.extxyz --method orca.py --set command=/opt/orca/orca -o labelled.extxyz
"""

from __future__ import annotations

import os

from ase.calculators.orca import ORCA, OrcaProfile

from ecemc.methods import scf_converged


def calculator(command: str = "orca", functional: str = "PBE D3BJ def2-TZVP") -> ORCA:
    """Make the calculator."""
    return ORCA(
        profile=OrcaProfile(command=command),
        directory=f"orca-{os.getpid()}",  # a folder for each process
        orcasimpleinput=f"{functional} TightSCF EnGrad",
        # Below 125 steps ORCA gives up on hard cases; what it has then is no label.
        orcablocks="%pal nprocs 1 end\n%scf MaxIter 300 end",
    )


def converged(calculator: ORCA) -> str | None:
    """Refuse what has not converged."""
    return scf_converged(calculator.directory / calculator.template.outputname)
