"""VASP through ASE: PBE-D3(BJ) for molecular liquids.

Needs VASP, and VASP_PP_PATH for its pseudopotentials:

    ecemc label boxes.extxyz --method vasp.py --set command="mpirun -n 8 vasp_gam" --jobs 1 -o labelled.extxyz
"""

from __future__ import annotations

import os

from ase.calculators.vasp import Vasp

from ecemc.methods import scf_converged


def calculator(command: str = "vasp_gam", encut: float = 800.0) -> Vasp:
    """Make the calculator; `encut` in eV."""
    return Vasp(
        directory=f"vasp-{os.getpid()}",  # a folder for each process
        command=command,
        xc="PBE",
        ivdw=12,
        encut=encut,
        prec="Accurate",
        ediff=1.0e-6,
        nelm=100,
        ismear=0,
        sigma=0.05,
        kpts=(1, 1, 1),
        gamma=True,
        ibrion=-1,
        nsw=0,
        isif=2,  # also the stress
        isym=0,
        lreal=False,
        lwave=False,
        lcharg=False,
    )


def converged(calculator: Vasp) -> str | None:
    """Refuse what has not converged: ASE notes it in `calculator.converged`, wrongly for VASP 5, and goes on."""
    return scf_converged(f"{calculator.directory}/OUTCAR")
