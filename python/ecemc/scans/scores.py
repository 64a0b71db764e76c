"""Scores: where the minimum lies and how deep, errors by region, the limit of isolated molecules, smoothness."""

from __future__ import annotations

__all__ = ["ScanScore", "locate_minimum", "pooled", "roughness", "score"]

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.interpolate import CubicSpline

from ecemc.errors import InputError
from ecemc.frames import reals

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from ecemc.scans.result import VolumeScan

    Floats = NDArray[np.float64]

_MEV = 1000.0
#: Points on either side of the lowest that its spline takes in: the wall further off has nothing to say.
_REACH = 3
#: Five points further apart than this, last s over first, are no fine grid: nothing is said about smoothness there.
_SPAN = 1.35


@dataclass(frozen=True)
class ScanScore:
    """Scores of a method on one scan, or on all; NaN where there is nothing to score.

    Energies are intermolecular, meV/atom, each method against its own isolated molecules. Errors of the reference
    itself are NaN.
    """

    method: str
    #: None over all scans
    parent_frame: int | None
    #: linear scale of the lowest energy; NaN where it lies at the end of the scan
    s_min: float
    #: s_min minus the reference's
    s_min_error: float
    #: energy there
    depth: float
    #: depth minus the reference's
    depth_error: float
    #: root mean square error below, in and above the well of the reference
    wall: float
    well: float
    tail: float
    #: energy at the largest scale: what is left of the interaction there
    limit: float
    #: error of the sum of the isolated molecules; the methods need the same zero of energy
    isolated_error: float
    #: meV/Å, of the net forces on the molecules beyond the minimum, see :func:`roughness`
    roughness: float
    #: over the reference's, at the same points
    roughness_ratio: float

    def to_dict(self) -> dict[str, Any]:
        """Fields by name, with units where they have one."""
        units = dict.fromkeys(
            ("depth", "depth_error", "wall", "well", "tail", "limit", "isolated_error"), "meV_per_atom"
        )
        units["roughness"] = "meV_per_A"
        return {f"{name}_{units[name]}" if name in units else name: value for name, value in asdict(self).items()}


def locate_minimum(scales: ArrayLike, energy: ArrayLike) -> tuple[float, float]:
    """Position and depth of the minimum between the points of a curve.

    The cubic spline through the lowest point and up to three neighbours on either side. NaN, NaN if the lowest point is
    the first or the last: then the minimum lies outside.

    Parameters
    ----------
    scales, energy
        (n,) each, scales ascending; points that are NaN are left out.

    Raises
    ------
    InputError
        If the two are of different length.

    Examples
    --------
    >>> s = np.linspace(0.9, 1.3, 9)
    >>> [round(found, 6) for found in locate_minimum(s, (s - 1.03) ** 2 - 2.0)]
    [1.03, -2.0]
    >>> locate_minimum(s, s)
    (nan, nan)
    """
    s, e = reals("scales", scales, "numbers"), reals("energy", energy, "numbers")
    if s.shape != e.shape or s.ndim != 1:
        raise InputError(f"energy: got shape {e.shape} for scales of shape {s.shape}, expected one energy for each")
    known = np.isfinite(e)
    s, e = s[known], e[known]
    if len(s) < 3:
        return math.nan, math.nan
    lowest = int(np.argmin(e))
    if lowest in {0, len(s) - 1}:
        return math.nan, math.nan
    near = slice(max(0, lowest - _REACH), lowest + _REACH + 1)
    spline = CubicSpline(s[near], e[near])
    turns = spline.derivative().roots(extrapolate=False)
    turns = turns[(turns >= s[lowest - 1]) & (turns <= s[lowest + 1])]
    candidates = np.array([*turns, s[lowest]])
    best = candidates[np.argmin(spline(candidates))]
    return float(best), float(spline(best))


def roughness(scales: ArrayLike, forces: ArrayLike) -> float:
    r"""How much forces jump from point to point of a scan, in their own unit.

    .. math::
        \sqrt{\langle | \mathbf F_j(s_k) - \mathbf P_{jk}(\ln s_k) |^2 \rangle_{jk}}

    where :math:`\mathbf P_{jk}` is the cubic through the forces at the two points before and the two after
    :math:`s_k`. A smooth curve on a fine grid gives almost nothing (its fourth derivative times the step to the fourth
    power); independent noise of standard deviation σ in each component gives 2.4 σ on an even grid; a wave as long as
    six steps shows a sixth of its amplitude, a longer one less. Runs of five points that span more than a factor 1.35
    in s are left out.

    Parameters
    ----------
    scales
        (n,) ascending.
    forces
        (n, m, 3), such as net forces on m molecules; scales where one is NaN are left out.

    Returns
    -------
    float
        NaN if there are no five points near enough to each other.

    Raises
    ------
    InputError
        If there is not one set of forces for each scale.

    Examples
    --------
    >>> s = np.geomspace(1.0, 1.6, 15)
    >>> smooth = np.repeat(s ** -7, 3).reshape(15, 1, 3)
    >>> noisy = smooth + np.random.default_rng(0).normal(scale=0.01, size=smooth.shape)
    >>> roughness(s, smooth) < 0.001, 0.01 < roughness(s, noisy) < 0.05
    (True, True)
    """
    s, f = reals("scales", scales, "numbers"), reals("forces", forces, "(n, m, 3)")
    if f.ndim != 3 or f.shape[0] != len(s) or f.shape[2] != 3:
        raise InputError(f"forces: got shape {f.shape}, expected ({len(s)}, m, 3)")
    known = np.isfinite(f).all(axis=(1, 2))
    x, f = np.log(s[known]), f[known]
    jumps = [
        np.sum((f[k] - _through(x[k - 2 : k + 3], f[k - 2 : k + 3])) ** 2, axis=-1)
        for k in range(2, len(x) - 2)
        if x[k + 2] - x[k - 2] <= math.log(_SPAN)
    ]
    return float(np.sqrt(np.mean(jumps))) if jumps and f.shape[1] else math.nan


def _through(x: Floats, f: Floats) -> Floats:
    """Value at the third of five points of the cubic through the other four (Lagrange)."""
    others = [0, 1, 3, 4]
    weights = [math.prod((x[2] - x[b]) / (x[a] - x[b]) for b in others if b != a) for a in others]
    return np.asarray(np.tensordot(weights, f[others], axes=1))


def score(scan: VolumeScan, method: int, well: tuple[float, float]) -> ScanScore:
    """Score a method on one scan."""
    reference, energy = _MEV * scan.energy_inter(0), _MEV * scan.energy_inter(method)
    s_ref, depth_ref = locate_minimum(scan.scales, reference)
    s_min, depth = locate_minimum(scan.scales, energy)
    center = s_ref if math.isfinite(s_ref) else 1.0
    low, high = well[0] * center, well[1] * center
    error = energy - reference if method else np.full_like(energy, np.nan)
    s = scan.scales
    beyond = s >= center
    own, theirs = (scan.curves[number].net_forces[beyond] for number in (method, 0))
    rough = roughness(s[beyond], own)
    common = np.isfinite(own + theirs).all(axis=(1, 2))
    base = roughness(s[beyond][common], theirs[common]) if method else math.nan
    shared = roughness(s[beyond][common], own[common])
    isolated = scan.curves[method].isolated.sum() - scan.curves[0].isolated.sum()
    return ScanScore(
        method=scan.curves[method].method,
        parent_frame=scan.parent_frame,
        s_min=s_min,
        s_min_error=s_min - s_ref if method else math.nan,
        depth=depth,
        depth_error=depth - depth_ref if method else math.nan,
        wall=_rms(error[s < low]),
        well=_rms(error[(s >= low) & (s <= high)]),
        tail=_rms(error[s > high]),
        limit=float(energy[-1]),
        isolated_error=float(_MEV * isolated / scan.n_atoms) if method else math.nan,
        roughness=_MEV * rough,
        roughness_ratio=shared / base if base > 0.0 else math.nan,
    )


def pooled(scores: Sequence[ScanScore]) -> ScanScore:
    """One score of a method over all scans: root mean squares, but means of position, depth and ratio."""
    of = {name: np.array([getattr(each, name) for each in scores]) for name in _MEANS + _SQUARES}
    return ScanScore(
        method=scores[0].method,
        parent_frame=None,
        **{name: _mean(of[name]) for name in _MEANS},
        **{name: _rms(of[name]) for name in _SQUARES},
    )


_MEANS = ("s_min", "depth", "roughness_ratio")
_SQUARES = ("s_min_error", "depth_error", "wall", "well", "tail", "limit", "isolated_error", "roughness")


def _mean(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else math.nan


def _rms(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(np.sqrt(np.mean(known**2))) if len(known) else math.nan
