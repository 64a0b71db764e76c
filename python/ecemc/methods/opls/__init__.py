"""OPLS-AA of EC and EMC for any configuration of these molecules: an ASE calculator with analytic forces and virial."""

from __future__ import annotations

from ecemc.methods.opls.calculator import OplsCalculator, method

__all__ = ["OplsCalculator", "method"]
