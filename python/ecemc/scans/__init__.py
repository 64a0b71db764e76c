"""Rigid volume scans: geometries, energies and forces of a reference and of models, and scores."""

from __future__ import annotations

from ecemc.scans.geometry import DEFAULT_SCALES, ScanGeometry, build_scans, group_scans
from ecemc.scans.result import ScanCurve, ScanFailure, ScanResult, VolumeScan
from ecemc.scans.run import ScanOptions, scan
from ecemc.scans.scores import ScanScore, locate_minimum, roughness

__all__ = [
    "DEFAULT_SCALES",
    "ScanCurve",
    "ScanFailure",
    "ScanGeometry",
    "ScanOptions",
    "ScanResult",
    "ScanScore",
    "VolumeScan",
    "build_scans",
    "group_scans",
    "locate_minimum",
    "roughness",
    "scan",
]
