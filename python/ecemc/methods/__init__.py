"""Methods that compute energy, forces and virial: named ones, models, and whatever ASE has a calculator for."""

from __future__ import annotations

from ecemc.methods.convergence import scf_converged
from ecemc.methods.lookup import get_method
from ecemc.methods.method import Method
from ecemc.methods.opls import OplsCalculator
from ecemc.methods.pyscf import PyscfCalculator, PyscfOptions, counterpoise

__all__ = [
    "Method",
    "OplsCalculator",
    "PyscfCalculator",
    "PyscfOptions",
    "counterpoise",
    "get_method",
    "scf_converged",
]
