"""Correct, fast diagnostics for machine-learning force fields of molecular liquids."""

from __future__ import annotations

from ecemc._core import __version__

__all__ = ["__version__"]
