"""Named conversions between the units at the boundaries (Å, eV, amu, fs) and those of reports."""

from __future__ import annotations

__all__ = ["AMU_PER_A3_TO_G_PER_CM3", "EV_PER_A3_TO_BAR", "EV_PER_A3_TO_GPA", "KCAL_PER_MOL_TO_EV", "KJ_PER_MOL_TO_EV"]

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
