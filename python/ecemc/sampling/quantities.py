"""OpenMM's quantities as plain numbers."""

from __future__ import annotations

__all__ = ["plain"]

from typing import Any

from ecemc.errors import require


def plain(quantity: Any) -> Any:
    """Strip the unit off a quantity: the number or array in OpenMM's own units (nm, ps, amu, kJ/mol)."""
    return quantity.value_in_unit_system(require("openmm.unit", "sample").md_unit_system)
