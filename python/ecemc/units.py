"""Named conversions between the units at the boundaries (Å, eV, amu, fs) and those of reports."""

from __future__ import annotations

__all__ = [
    "A2_PER_FS_TO_1E5_CM2_PER_S",
    "AMU_PER_A3_TO_G_PER_CM3",
    "BOHR_TO_A",
    "BOLTZMANN",
    "BOLTZMANN_J_PER_K",
    "EV_PER_A3_TO_BAR",
    "EV_PER_A3_TO_GPA",
    "HARTREE_TO_EV",
    "HBAR_EV_FS",
    "KCAL_PER_MOL_TO_EV",
    "KJ_PER_MOL_TO_EV",
    "femtoseconds",
]

import math
import re

#: 1 amu/Å³ in g/cm³ (CODATA 2018 atomic mass constant).
AMU_PER_A3_TO_G_PER_CM3: float = 1.66053906660
#: 1 eV/Å³ in GPa (exact since 2019: e·10³⁰ Pa).
EV_PER_A3_TO_GPA: float = 160.2176634
#: 1 eV/Å³ in bar.
EV_PER_A3_TO_BAR: float = EV_PER_A3_TO_GPA * 1.0e4
#: 1 kJ/mol in eV (exact: 1000 / (e N_A)).
KJ_PER_MOL_TO_EV: float = 1000.0 / (1.602176634e-19 * 6.02214076e23)
#: 1 kcal/mol (thermochemical) in eV.
KCAL_PER_MOL_TO_EV: float = 4.184 * KJ_PER_MOL_TO_EV
#: 1 Å²/fs in 10⁻⁵ cm²/s, the unit of diffusion coefficients (exact).
A2_PER_FS_TO_1E5_CM2_PER_S: float = 1.0e4
#: Boltzmann constant in J/K (exact since 2019).
BOLTZMANN_J_PER_K: float = 1.380649e-23
#: The same in eV/K.
BOLTZMANN: float = BOLTZMANN_J_PER_K / 1.602176634e-19
#: 1 bohr in Å (CODATA 2018).
BOHR_TO_A: float = 0.529177210903
#: 1 hartree in eV (CODATA 2018).
HARTREE_TO_EV: float = 27.211386245988
#: ħ in eV·fs (exact since 2019).
HBAR_EV_FS: float = 6.62607015e-34 / (2.0 * math.pi) / 1.602176634e-19 * 1.0e15

_FS = {"fs": 1.0, "ps": 1.0e3, "ns": 1.0e6}


def femtoseconds(text: str) -> float:
    """Read a time with its unit, in fs.

    Raises
    ------
    ValueError
        If it is no number followed by fs, ps or ns.

    Examples
    --------
    >>> femtoseconds("20ps"), femtoseconds("0.5 fs")
    (20000.0, 0.5)
    """
    match = re.fullmatch(r"\s*(\d+\.?\d*|\.\d+)\s*(fs|ps|ns)\s*", text)
    if match is None:
        raise ValueError(f"cannot read the time {text!r}; write a number and its unit, such as 20ps or 500fs")
    return float(match[1]) * _FS[match[2]]
