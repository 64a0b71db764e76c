"""GAP models: parameters, presets, fitting with QUIP's gap_fit, and the fitted model as ASE calculator."""

from __future__ import annotations

__all__ = [
    "GAP",
    "PRESETS",
    "Committee",
    "Distance2b",
    "Finding",
    "FitParams",
    "FitProgress",
    "FitResult",
    "GapFile",
    "GapFitError",
    "Preflight",
    "Sigmas",
    "Soap",
    "SoapTurbo",
    "descriptors",
    "fit_gap",
    "forget_radial_basis",
    "predict",
    "preflight",
    "preset",
    "read_gap_file",
    "read_params",
    "write_params",
]

from ecemc.gap.committee import Committee
from ecemc.gap.config import read_params, write_params
from ecemc.gap.files import GapFile, read_gap_file
from ecemc.gap.findings import Finding
from ecemc.gap.fit import FitResult, fit_gap
from ecemc.gap.log import FitProgress
from ecemc.gap.model import GAP
from ecemc.gap.native import descriptors
from ecemc.gap.params import Distance2b, FitParams, Sigmas, Soap, SoapTurbo
from ecemc.gap.predict import predict
from ecemc.gap.preflight import Preflight, preflight
from ecemc.gap.presets import PRESETS, preset
from ecemc.gap.quip import forget_radial_basis
from ecemc.gap.run import GapFitError
