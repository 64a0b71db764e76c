"""Correct, fast diagnostics for machine-learning force fields of molecular liquids."""

from __future__ import annotations

from ecemc._core import __version__
from ecemc.neighbors import neighbor_list

__all__ = ["__version__", "neighbor_list"]
