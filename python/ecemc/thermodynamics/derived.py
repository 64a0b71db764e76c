"""Quantities derived from densities: replicas combined, thermal expansion, excess volume."""

from __future__ import annotations

__all__ = ["Combined", "Expansion", "combine", "excess_volume", "thermal_expansion"]

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy  # its parts are loaded when they are used

from ecemc.errors import InputError
from ecemc.thermodynamics.composition import molar_mass, mole_fractions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

    from ecemc.thermodynamics.composition import CompositionLike

    Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Combined:
    """Mean over independent runs of one condition."""

    mean: float
    #: standard error, with what runs differ by beyond their own errors
    stderr: float
    #: standard deviation between runs beyond their own errors
    between: float
    #: probability of a scatter at least as large if errors are right and nothing else differs; NaN for one run
    p_value: float
    #: number of runs
    n: int


@dataclass(frozen=True)
class Expansion:
    """Slope of the density with temperature."""

    #: 1/K, ``−(dρ/dT)/ρ`` at ``temperature``
    alpha: float
    alpha_stderr: float
    #: g/(cm³ K)
    slope: float
    slope_stderr: float
    #: K, weighted mean of the temperatures
    temperature: float
    #: g/cm³ there
    density: float
    #: number of temperatures
    n: int
    #: probability of a scatter at least as large about a straight line; NaN for two temperatures
    p_value: float


def combine(means: ArrayLike, stderr: ArrayLike) -> Combined:
    r"""Mean of runs of the same condition from different starts or seeds (figure 2C of the paper).

    Parameters
    ----------
    means
        (n,) averages of independent runs.
    stderr
        (n,) their standard errors. If one is not known (NaN) or zero, all runs have the same weight and the error
        comes from their scatter alone.

    Notes
    -----
    Weights are :math:`1/(s_i^2 + \tau^2)`, with the between-run variance :math:`\tau^2` of Paule and Mandel [1]_: zero
    if the runs agree within their errors, else so large that they do. With two or three runs :math:`\tau` is badly
    known.

    References
    ----------
    .. [1] R. C. Paule, J. Mandel, J. Res. Natl. Bur. Stand. 87, 377 (1982).

    Raises
    ------
    InputError
        For no means, means that are not finite, or shapes that differ.

    Examples
    --------
    >>> round(combine([1.0, 1.02], [0.01, 0.01]).between, 4)
    0.01
    >>> found = combine([1.0, 1.0], [0.01, 0.01])
    >>> round(found.stderr, 4), found.between
    (0.0071, 0.0)
    """
    m, s = (np.asarray(values, dtype=np.float64) for values in (means, stderr))
    if m.ndim != 1 or m.shape != s.shape or not m.size or not np.isfinite(m).all():
        raise InputError(f"means: got {m.tolist()} with {s.shape} errors, expected (n,) finite numbers and errors")
    if m.size == 1:
        return Combined(float(m[0]), float(s[0]), 0.0, math.nan, 1)
    if not (s > 0.0).all():
        scatter = float(m.std(ddof=1))
        return Combined(float(m.mean()), scatter / math.sqrt(m.size), scatter, math.nan, m.size)

    def excess(variance: float) -> float:
        weights = 1.0 / (s**2 + variance)
        return float(weights @ (m - weights @ m / weights.sum()) ** 2) - (m.size - 1)

    dof, squares = m.size - 1, excess(0.0) + m.size - 1
    variance = 0.0
    if squares > dof:
        variance = float(scipy.optimize.brentq(excess, 0.0, float(np.ptp(m)) ** 2 * m.size))
    weights = 1.0 / (s**2 + variance)
    total = float(weights.sum())
    p_value = float(scipy.stats.chi2.sf(squares, dof))
    return Combined(float(weights @ m) / total, 1.0 / math.sqrt(total), math.sqrt(variance), p_value, m.size)


def thermal_expansion(temperatures: ArrayLike, densities: ArrayLike, stderr: ArrayLike | None = None) -> Expansion:
    r"""Thermal expansion :math:`\alpha = -\rho^{-1}\, d\rho/dT` from a straight line through densities.

    Parameters
    ----------
    temperatures
        (n,) K, at least two different ones.
    densities
        (n,) g/cm³.
    stderr
        (n,) g/cm³. Without them, or if one is NaN or zero, all points have the same weight and the error comes from
        the scatter about the line (NaN for two points).

    Notes
    -----
    The line is a mean over the range of temperatures: α of a liquid grows with temperature. If ``p_value`` is small
    the range is too wide for a line.

    Raises
    ------
    InputError
        For shapes that differ, numbers that are not positive, or fewer than two temperatures.

    Examples
    --------
    >>> found = thermal_expansion([300.0, 350.0, 400.0], [1.0987, 1.042, 0.9855], [0.003, 0.003, 0.003])
    >>> round(1e3 * found.alpha, 3), round(1e3 * found.alpha_stderr, 3)
    (1.086, 0.041)
    """
    t, rho = (np.asarray(values, dtype=np.float64) for values in (temperatures, densities))
    s = np.full(rho.shape, math.nan) if stderr is None else np.asarray(stderr, dtype=np.float64)
    if not (t.ndim == 1 and t.shape == rho.shape == s.shape):
        raise InputError(f"temperatures: got the shapes {t.shape}, {rho.shape}, {s.shape}, expected (n,) for all")
    if not (np.isfinite(t) & np.isfinite(rho) & (t > 0.0) & (rho > 0.0)).all():
        raise InputError(f"temperatures: got {t.tolist()} K with {rho.tolist()} g/cm³, expected numbers > 0")
    n = len(np.unique(t))
    if n < 2:
        raise InputError(f"temperatures: got {n} different, expected at least 2")
    known = bool((s > 0.0).all())
    weights = 1.0 / s**2 if known else np.ones(len(t))
    middle, mean = float(weights @ t / weights.sum()), float(weights @ rho / weights.sum())
    moment = float(weights @ (t - middle) ** 2)
    slope = float(weights @ ((t - middle) * (rho - mean))) / moment
    squares, dof = float(weights @ (rho - mean - slope * (t - middle)) ** 2), len(t) - 2
    variance = 1.0 if known else squares / dof if dof else math.nan
    slope_stderr, mean_stderr = math.sqrt(variance / moment), math.sqrt(variance / weights.sum())
    alpha = -slope / mean
    return Expansion(
        alpha, math.hypot(slope_stderr / mean, alpha * mean_stderr / mean), slope, slope_stderr, middle, mean, n,
        float(scipy.stats.chi2.sf(squares, dof)) if known and dof else math.nan,
    )  # fmt: skip


def excess_volume(
    composition: CompositionLike, density: tuple[float, float], pure: Mapping[str, tuple[float, float]]
) -> tuple[float, float]:
    r"""Excess molar volume :math:`V^E = \sum_i x_i M_i (1/\rho - 1/\rho_i)` in cm³/mol, and its standard error.

    Negative: the mixture is denser than its parts side by side.

    Parameters
    ----------
    composition
        Of the mixture.
    density
        Of the mixture, and its standard error, g/cm³.
    pure
        The same for each species, at the same temperature and pressure, by the same method.

    Raises
    ------
    InputError
        If a species has no density, or a density is not positive.

    Examples
    --------
    >>> volume, error = excess_volume("1EC:2EMC", (1.0987, 0.0028), {"EC": (1.2973, 0.0034), "EMC": (1.0233, 0.0025)})
    >>> round(volume, 2), round(error, 2)
    (-0.56, 0.29)
    """
    fractions = mole_fractions(composition)
    if missing := sorted(set(fractions) - set(pure)):
        raise InputError(f"pure: no density of {missing[0]}, expected one for each of {', '.join(fractions)}")
    for value, _ in [density, *(pure[name] for name in fractions)]:
        if not (math.isfinite(value) and value > 0.0):
            raise InputError(f"density: got {value}, expected g/cm³ > 0")
    masses = {name: x * molar_mass(name) for name, x in fractions.items()}
    total = sum(masses.values())
    volume = total / density[0] - sum(mass / pure[name][0] for name, mass in masses.items())
    variance = (total / density[0] ** 2 * density[1]) ** 2
    variance += sum((mass / pure[name][0] ** 2 * pure[name][1]) ** 2 for name, mass in masses.items())
    return volume, math.sqrt(variance)
