"""Curves and minima as rows of tables."""

from __future__ import annotations

__all__ = ["curve_table", "minimum_table"]

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ecemc.dimers.result import DimerResult


def curve_table(result: DimerResult) -> tuple[list[str], list[list[Any]]]:
    """Heading and rows, one for each method and distance.

    Examples
    --------
    >>> from ecemc.dimers import DimerOptions, Pose, dimer_curves
    >>> options = DimerOptions((0.0, 1.0), pose=Pose((0.0, 0.0, 1.0), (1.0, 0.0, 0.0, 0.0), 4.0))
    >>> heading, rows = curve_table(dimer_curves("EC", "EC", ["opls"], options, n_jobs=1))
    >>> [row[:3] for row in rows]
    [['OPLS-AA/LigParGen', 'no', 4.0], ['OPLS-AA/LigParGen', 'no', 5.0]]
    """
    heading = ["method", "counterpoise", "distance (Å)", "interaction (eV)", "force (eV/Å)"]
    rows: list[list[Any]] = []
    for curve in result.curves:
        corrected = "yes" if curve.counterpoise else "no"
        points = zip(result.distances.tolist(), curve.interaction.tolist(), curve.force.tolist(), strict=True)
        rows += [[curve.method, corrected, *point] for point in points]
    return heading, rows


def minimum_table(result: DimerResult) -> tuple[list[str], list[list[Any]]]:
    """Heading and rows, one for each method; the published depth, if there is one, in the last column.

    Examples
    --------
    >>> from ecemc.dimers import DimerOptions, SearchOptions, dimer_curves
    >>> options = DimerOptions(search=SearchOptions(20, 1))
    >>> heading, rows = minimum_table(dimer_curves("EC", "EC", ["opls"], options, n_jobs=1))
    >>> heading[2:4], rows[0][-1]
    (['distance (Å)', 'depth (eV)'], -0.45)
    """
    heading = ["method", "counterpoise", "distance (Å)", "depth (eV)", "published (eV)"]
    rows = [
        [each.method, "yes" if each.counterpoise else "no", each.distance, each.energy, result.published]
        for each in result.minima
    ]
    return heading, rows
