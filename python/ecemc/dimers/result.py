"""Results: curves of a dimer by several methods, their minima, published depths."""

from __future__ import annotations

__all__ = ["PUBLISHED", "SCHEMA", "DimerCurve", "DimerFailure", "DimerMinimum", "DimerResult", "locate_minimum"]

import math
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.interpolate import CubicSpline

from ecemc.text import plain

if TYPE_CHECKING:
    from ase import Atoms
    from numpy.typing import NDArray

    from ecemc.dimers.geometry import Pose

    Floats = NDArray[np.float64]

SCHEMA = "ecemc-dimer/1"
#: eV, depths of interaction curves by PNO-LCCSD(T)-F12/AVTZ-F12 (paper, section 2.3 and figure 3A). The geometries of
#: its molecules and dimers are not published, so the last 0.02 eV of a difference mean nothing.
PUBLISHED: dict[frozenset[str], float] = {
    frozenset({"EC"}): -0.45,
    frozenset({"EC", "EMC"}): -0.31,
    frozenset({"EMC"}): -0.23,
}
#: Points on either side of the lowest that its spline takes in.
_REACH = 2


@dataclass(frozen=True)
class DimerFailure:
    """A configuration without result; its point is left out."""

    method: str
    #: such as ``"3.25 Å"``, or the name of a molecule alone
    where: str
    reason: str


@dataclass(frozen=True)
class DimerMinimum:
    """Where a curve is lowest; NaN where that is its first or last point."""

    method: str
    #: whether the curve is counterpoise-corrected
    counterpoise: bool
    #: Å, of the centres of mass
    distance: float
    #: eV
    energy: float


@dataclass(frozen=True, eq=False)
class DimerCurve:
    """Interaction of two molecules by one method; NaN where it failed."""

    method: str
    #: whether both molecules were computed in the basis set of the pair
    counterpoise: bool
    #: (n,) eV
    interaction: Floats
    #: (n,) eV/Å, of the second molecule along the line of centres: minus the slope, positive pushes apart
    force: Floats


@dataclass(frozen=True, eq=False)
class DimerResult:
    """Curves of two rigid molecules pulled apart in one orientation.

    Examples
    --------
    >>> from ecemc.dimers import DimerOptions, SearchOptions, dimer_curves
    >>> result = dimer_curves("EC", "EC", ["opls"], DimerOptions(search=SearchOptions(20, 1)), n_jobs=1)
    >>> result.name, bool(result.minima[0].energy < -0.2)
    ('EC-EC', True)
    """

    #: species of the two molecules
    species: tuple[str, str]
    #: orientation, with the distance and energy of the search (energy None if it was given)
    pose: Pose
    #: name of the method that found it; None if it was given
    searched_by: str | None
    #: (n,) Å, ascending, of the centres of mass
    distances: Floats
    curves: tuple[DimerCurve, ...]
    failures: tuple[DimerFailure, ...]
    #: the configurations, one for each distance
    frames: tuple[Atoms, ...]

    def __repr__(self) -> str:
        """Show what it is about."""
        return f"DimerResult({self.name}: {', '.join(curve.method for curve in self.curves)})"

    @property
    def name(self) -> str:
        """Such as ``"EC-EMC"``."""
        return "-".join(self.species)

    @cached_property
    def minima(self) -> tuple[DimerMinimum, ...]:
        """Minimum of each curve."""
        return tuple(
            DimerMinimum(curve.method, curve.counterpoise, *locate_minimum(self.distances, curve.interaction))
            for curve in self.curves
        )

    @property
    def published(self) -> float | None:
        """Depth by PNO-LCCSD(T)-F12/AVTZ-F12 in the paper, eV; None for other molecules than EC and EMC."""
        return PUBLISHED.get(frozenset(self.species))

    def to_dict(self) -> dict[str, Any]:
        """Strict JSON, with units in the names."""
        record: dict[str, Any] = plain(
            {
                "schema": SCHEMA,
                "species": self.species,
                "pose": asdict(self.pose),
                "searched_by": self.searched_by,
                "published_eV": self.published,
                "distances_A": self.distances,
                "curves": [
                    {
                        "method": curve.method,
                        "counterpoise": curve.counterpoise,
                        "interaction_eV": curve.interaction,
                        "force_eV_per_A": curve.force,
                    }
                    for curve in self.curves
                ],
                "minima": [
                    {
                        "method": each.method,
                        "counterpoise": each.counterpoise,
                        "distance_A": each.distance,
                        "energy_eV": each.energy,
                    }
                    for each in self.minima
                ],
                "failures": [asdict(failure) for failure in self.failures],
            }
        )
        return record


def locate_minimum(distances: Floats, energy: Floats) -> tuple[float, float]:
    """Position and depth of the minimum between points: a cubic spline through the lowest and two on either side.

    Examples
    --------
    >>> r = np.linspace(3.0, 5.0, 9)
    >>> [round(found, 6) for found in locate_minimum(r, (r - 3.9) ** 2 - 0.4)]
    [3.9, -0.4]
    >>> locate_minimum(r, r)
    (nan, nan)
    """
    known = np.isfinite(energy)
    r, e = distances[known], energy[known]
    lowest = int(np.argmin(e)) if len(e) else 0
    if len(e) < 3 or lowest in {0, len(e) - 1}:
        return math.nan, math.nan
    near = slice(max(0, lowest - _REACH), lowest + _REACH + 1)
    spline = CubicSpline(r[near], e[near])
    turns = spline.derivative().roots(extrapolate=False)
    candidates = np.array([r[lowest], *turns[(turns > r[lowest - 1]) & (turns < r[lowest + 1])]])
    best = candidates[np.argmin(spline(candidates))]
    return float(best), float(spline(best))
