"""Radial distribution functions against each other: common bins, differences, peaks."""

from __future__ import annotations

__all__ = ["CurveDifference", "Peak", "common_edges", "compare_curves", "peak", "rebin"]

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ecemc.analysis.checks import MIN_EFFECTIVE
from ecemc.comparison.judgement import (
    AGREE_SIGMAS,
    DIFFER_SIGMAS,
    NOISE_RATIO,
    Difference,
    Verdict,
    combined_freedom,
    critical_sigmas,
    signed,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ecemc.comparison.sources import Curve

#: Å; bounds of bins closer than this are the same.
_SAME = 1e-9
#: Å; errors are shared over that much.
_POOLED = 0.5
#: Å; the top of a peak is fitted by a parabola over that much on either side, at least two bins.
_TOP = 0.25
#: Å; peaks of two curves further apart are not the same peak.
_NEAR = 0.5
#: Å; smoothing that finds the peak, and how much it must stand out, as for first shells.
_SMOOTHING, _PROMINENCE = 0.15, 0.05


@dataclass(frozen=True)
class Peak:
    """Top of the first peak above 1 of a g(r); Å, errors from those of the bins taken as independent."""

    r: float
    stderr: float


@dataclass(frozen=True, eq=False)
class CurveDifference:
    """A g(r) minus that of the reference, bin by bin and in numbers."""

    #: (n_bins,)
    delta: NDArray[np.float64]
    #: (n_bins,) combined standard errors
    stderr: NDArray[np.float64]
    #: middle of the bin, Å, whose difference is largest in units of its error, and that difference
    r: float
    largest: Difference
    #: largest of all significant differences and where it is; NaN if no bin differs significantly
    significant: float
    r_significant: float
    #: integral of the absolute difference over r, Å, and what the errors alone would give
    integrated: float
    noise: float
    #: shift of the first peak, Å, and its error; NaN without one
    shift: float
    shift_stderr: float


def common_edges(curves: Sequence[Curve]) -> NDArray[np.float64] | None:
    """Bounds of the coarsest bins among the curves, up to the smallest upper end; None if no bin lies below that.

    Examples
    --------
    >>> from ecemc.comparison import Curve
    >>> bins = (np.linspace(0.0, 6.0, 61), np.linspace(0.0, 8.0, 41))
    >>> edges = common_edges([Curve(edges, np.ones(len(edges) - 1), np.ones(len(edges) - 1), 2, {}) for edges in bins])
    >>> edges[[0, 1, -1]].tolist()
    [0.0, 0.2, 6.0]
    """
    widest = max(curves, key=lambda curve: float(curve.edges[1] - curve.edges[0]))
    end = min(float(curve.edges[-1]) for curve in curves)
    edges = widest.edges[widest.edges <= end + _SAME]
    return edges if len(edges) > 1 else None


def rebin(curve: Curve, edges: NDArray[np.float64]) -> Curve:
    """Bring a g(r) into other bins.

    A g(r) in a bin is a number of pairs over the volume of the shell, so the volumes of the shells are the weights:
    exact where the new bounds are some of the old ones. The share of a bin that is cut is read off a monotone cubic
    through the running number of pairs; by how much that differs from sharing it out by volume is added to the error,
    which matters for peaks as narrow as the bins. Errors are averaged with the same weights, which is right for
    neighbouring bins that fluctuate together and too large for those that do not. Coordination numbers are
    interpolated in r³.

    Parameters
    ----------
    curve
        Covers the new bins.
    edges
        (n + 1,) bounds of the new bins, Å.
    """
    from scipy.interpolate import PchipInterpolator  # noqa: PLC0415  (slow to import)

    n = len(edges)
    if n <= len(curve.edges) and np.allclose(curve.edges[:n], edges, rtol=0.0, atol=_SAME):
        coordination = {pair: numbers[: n - 1] for pair, numbers in curve.coordination.items()}
        return replace(curve, edges=edges, g=curve.g[: n - 1], stderr=curve.stderr[: n - 1], coordination=coordination)
    old, new = curve.edges**3, np.minimum(edges**3, curve.edges[-1] ** 3)
    shells, shares = np.diff(old), np.diff(new)
    pairs = np.concatenate([[0.0], np.cumsum(curve.g * shells)])
    smooth, even = PchipInterpolator(old, pairs)(new), np.interp(new, old, pairs)
    unsure = np.abs(smooth - even)
    noise = np.diff(np.interp(new, old, np.concatenate([[0.0], np.cumsum(curve.stderr * shells)])))
    coordination = {
        pair: np.interp(new[1:], old, np.concatenate([[0.0], numbers])) for pair, numbers in curve.coordination.items()
    }
    return replace(
        curve,
        edges=edges,
        g=np.diff(smooth) / shares,
        stderr=(noise + unsure[1:] + unsure[:-1]) / shares,
        coordination=coordination,
    )


def _steady(error: NDArray[np.float64], widths: NDArray[np.float64]) -> NDArray[np.float64]:
    """Raise errors to those of the bins around them, as root mean squares over 0.5 Å.

    An error from few blocks or few pairs is small by chance in one bin of many, and there every difference looks large.
    """
    half = round(_POOLED / (2.0 * float(np.median(widths))))
    bins = np.ones(2 * half + 1)
    if len(bins) > len(error):
        return error
    mean = np.convolve(error**2, bins, mode="same") / np.convolve(np.ones_like(error), bins, mode="same")
    return np.maximum(error, np.sqrt(mean))


def compare_curves(reference: Curve, other: Curve, *, peaks: bool = True) -> CurveDifference:
    """Compare two curves in the same bins, and the places of their first peaks if asked to.

    They differ if one bin does, beyond :data:`DIFFER_SIGMAS` for as many bins as there are; they agree if no bin is
    beyond :data:`AGREE_SIGMAS` in the same sense and the integrated difference is explained by the errors.
    """
    delta, widths = other.g - reference.g, np.diff(reference.edges)
    error = np.hypot(_steady(reference.stderr, widths), _steady(other.stderr, widths))
    with np.errstate(divide="ignore", invalid="ignore"):
        sigmas = np.where((delta == 0.0) & ~np.isnan(error), 0.0, delta / error)
    freedom = combined_freedom(reference.stderr, reference.n_blocks - 1, other.stderr, other.n_blocks - 1)
    tries = max(1, int(np.count_nonzero(error)))
    beyond = np.abs(sigmas) > critical_sigmas(DIFFER_SIGMAS, freedom, tries)
    near = np.abs(sigmas) <= critical_sigmas(AGREE_SIGMAS, freedom, tries)
    worst = 0 if np.isnan(sigmas).all() else int(np.nanargmax(np.abs(sigmas)))
    largest = int(np.argmax(np.where(beyond, np.abs(delta), -1.0)))
    before = peak(reference) if peaks else None
    after = peak(other, before.r) if before else None
    shift = (after.r - before.r, math.hypot(before.stderr, after.stderr)) if before and after else (math.nan, math.nan)
    found = CurveDifference(
        delta=delta,
        stderr=error,
        r=float(reference.r[worst]),
        largest=Difference(float(delta[worst]), float(error[worst]), float(sigmas[worst]), "cannot tell", ""),
        significant=float(delta[largest]) if beyond.any() else math.nan,
        r_significant=float(reference.r[largest]) if beyond.any() else math.nan,
        integrated=float(np.abs(delta) @ widths),
        noise=math.sqrt(2.0 / math.pi) * float(error @ widths),
        shift=shift[0],
        shift_stderr=shift[1],
    )
    verdict, sentence = _verdict(found, min(reference.n_blocks, other.n_blocks), near=bool(near.all()))
    return replace(found, largest=replace(found.largest, verdict=verdict, sentence=sentence))


def _verdict(found: CurveDifference, n_blocks: int, *, near: bool) -> tuple[Verdict, str]:
    """Judge what was found; ``near``: no bin is off by more than chance would have it."""
    far, off = found.largest, f"({abs(found.largest.sigmas):.1f}σ)"
    noise = f"∫|Δg|dr is {found.integrated:.2f} Å, noise alone {found.noise:.2f} Å"
    if np.isnan(found.stderr).any():
        return "cannot tell", "There are no errors to judge by: they need at least two frames in each run."
    if math.isfinite(found.significant):
        return "differ", (
            f"Off by {signed(found.significant)} at {found.r_significant:.2f} Å, most significantly by "
            f"{signed(far.value, far.stderr)} at {found.r:.2f} Å {off}; {noise}."
        )
    if n_blocks < MIN_EFFECTIVE:
        return "cannot tell", f"No difference is seen, but the errors are from {n_blocks} blocks of frames only."
    if near and found.integrated <= NOISE_RATIO * found.noise:
        return "agree", f"The same within errors; {noise}."
    where = f"Largest difference {signed(far.value, far.stderr)} at {found.r:.2f} Å {off}; {noise}"
    return "cannot tell", f"{where}: run longer to decide."


def peak(curve: Curve, near: float | None = None) -> Peak | None:
    """Find the first peak above 1, or the one near a place, and fit its top by a parabola: finer than the bins.

    None without such a peak. Meant for the broad peaks between molecules; those within are no wider than a few bins.
    """
    from scipy.ndimage import gaussian_filter1d  # noqa: PLC0415  (slow to import)
    from scipy.signal import find_peaks  # noqa: PLC0415

    width = float(curve.edges[1] - curve.edges[0])
    if len(curve.g) < 5 or not (curve.g > 1.0).any():
        return None
    found, _ = find_peaks(gaussian_filter1d(curve.g, _SMOOTHING / width), height=1.0, prominence=_PROMINENCE)
    tops: list[int] = found.tolist()
    if near is not None:
        tops = [top for top in tops if abs(curve.r[top] - near) <= _NEAR]
        tops.sort(key=lambda top: float(abs(curve.r[top] - near)))
    if not tops:
        return None
    reach = max(2, round(_TOP / width))
    part = slice(max(0, tops[0] - reach), tops[0] + reach + 1)
    r = curve.r[part] - curve.r[tops[0]]
    design = np.stack([np.ones_like(r), r, r**2], axis=1)
    inverse = np.linalg.pinv(design)
    _, slope, bend = inverse @ curve.g[part]
    if not bend < 0.0:
        return None
    top = -slope / (2.0 * bend)
    if abs(top) > r[-1]:
        return None
    derivative = np.array([0.0, -1.0 / (2.0 * bend), slope / (2.0 * bend**2)]) @ inverse
    error = float(np.sqrt((derivative**2) @ (curve.stderr[part] ** 2)))
    return Peak(float(curve.r[tops[0]] + top), error)
