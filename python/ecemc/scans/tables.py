"""Curves and scores as rows of tables."""

from __future__ import annotations

__all__ = ["curve_table", "score_table"]

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from ecemc.scans.result import ScanResult

_MEV = 1000.0


def curve_table(result: ScanResult) -> tuple[list[str], list[list[Any]]]:
    """Heading and rows, one for each scan, method and scale.

    Examples
    --------
    >>> from ecemc.scans import ScanOptions, scan
    >>> from ecemc.testing import liquid
    >>> heading, rows = curve_table(scan(liquid(1, 2, 0.9), "opls", options=ScanOptions([1.0, 1.1]), n_jobs=1))
    >>> heading[:3], [row[:3] for row in rows]
    (['parent_frame', 'method', 's'], [[0, 'OPLS-AA/LigParGen', 1.0], [0, 'OPLS-AA/LigParGen', 1.1]])
    """
    heading = [
        "parent_frame", "method", "s", "density (g/cm³)", "energy (eV)", "energy_inter (meV/atom)", "error (meV/atom)",
        "largest net force (eV/Å)",
    ]  # fmt: skip
    rows = []
    for each in result.scans:
        reference = each.energy_inter(0)
        for number, curve in enumerate(each.curves):
            inter = each.energy_inter(number)
            error = inter - reference if number else np.full_like(inter, np.nan)
            largest = np.linalg.norm(curve.net_forces, axis=2).max(axis=1)
            columns = (each.scales, each.density, curve.energy, _MEV * inter, _MEV * error, largest)
            rows += [[each.parent_frame, curve.method, *values] for values in np.stack(columns, axis=1).tolist()]
    return heading, rows


def score_table(result: ScanResult) -> tuple[list[str], list[list[Any]]]:
    """Heading and rows, one for each scan and method; those over all scans come last, without ``parent_frame``.

    Examples
    --------
    >>> from ecemc.scans import ScanOptions, scan
    >>> from ecemc.testing import liquid
    >>> heading, rows = score_table(scan(liquid(1, 2, 0.9), "opls", options=ScanOptions([1.0, 1.1]), n_jobs=1))
    >>> heading[:2], [row[:2] for row in rows]
    (['method', 'parent_frame'], [['OPLS-AA/LigParGen', 0], ['OPLS-AA/LigParGen', None]])
    """
    scores = [*result.scores, *result.summary]
    return list(scores[0].to_dict()), [list(asdict(each).values()) for each in scores]
