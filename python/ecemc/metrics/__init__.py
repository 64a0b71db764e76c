"""Errors of models: RMSE, MAE and RRMSE by quantity, part and group; points of parity plots."""

from __future__ import annotations

from ecemc.metrics.parity import ParityCounts
from ecemc.metrics.run import LAYOUT, STORED_CELL, ErrorOptions, ErrorReport, model_errors
from ecemc.metrics.scores import mae, rmse, rrmse
from ecemc.metrics.sums import ErrorSums
from ecemc.metrics.table import GROUPINGS, PARTS, UNITS, ErrorRow, ErrorTable, part_values

__all__ = [
    "GROUPINGS",
    "LAYOUT",
    "PARTS",
    "STORED_CELL",
    "UNITS",
    "ErrorOptions",
    "ErrorReport",
    "ErrorRow",
    "ErrorSums",
    "ErrorTable",
    "ParityCounts",
    "mae",
    "model_errors",
    "part_values",
    "rmse",
    "rrmse",
]
