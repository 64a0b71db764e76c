r"""Least squares for ``P(ρ) = a ρⁿ + b``: the best fit and profile likelihoods, linear but for the exponent.

With the zero :math:`\rho_0` and the bulk modulus :math:`K_0` there the same curve reads
:math:`P = K_0 \, [(\rho/\rho_0)^n - 1]/n`, which is Murnaghan's equation with :math:`K_0' = n`. For any reference
density r it is :math:`c_0 + c_1 \phi_n(\ln \rho/r)` with :math:`\phi_n(x) = (e^{n x} - 1)/n`, so only n is not linear:
it is looked for on a grid, for many data sets at once.
"""

from __future__ import annotations

__all__ = ["EXPONENTS", "Problem", "phi"]

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import scipy  # its parts are loaded when they are used

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]
    #: Known part and the curve with a free factor, (n_exponents, n_points) each.
    Parts = tuple[Floats | float, Floats]

#: Exponents that are looked at. Liquids have 5 to 15; the rest leaves room for noise.
EXPONENTS = (-20.0, 60.0)
_STEP = 0.1
_FINE = 1e-3


def phi(n: ArrayLike, x: ArrayLike) -> Floats:
    """``(exp(n x) - 1)/n``, and its limit x for n = 0.

    Examples
    --------
    >>> phi([0.0, 1.0], np.log(2.0)).round(3).tolist()
    [0.693, 1.0]
    """
    n, x = np.broadcast_arrays(np.asarray(n, dtype=np.float64), np.asarray(x, dtype=np.float64))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(n == 0.0, x, np.expm1(n * x) / n)


@dataclass(frozen=True, eq=False)
class Problem:
    """Points of an equation of state and their weights."""

    #: (n_points,) g/cm³
    densities: Floats
    #: (n_points,) bar
    pressures: Floats
    #: (n_points,) bar; only ratios matter for the best fit
    sigma: Floats
    #: a fixed exponent, or None
    exponent: float | None = None

    @cached_property
    def center(self) -> float:
        """Reference density r, g/cm³."""
        return float(np.exp(np.mean(np.log(self.densities))))

    @cached_property
    def grid(self) -> Floats:
        """(n_exponents,) exponents to look at."""
        if self.exponent is not None:
            return np.array([self.exponent])
        return np.linspace(*EXPONENTS, round((EXPONENTS[1] - EXPONENTS[0]) / _STEP) + 1)

    @cached_property
    def _projectors(self) -> Floats:
        """(n_exponents, n_points, 2) orthonormal bases of the weighted curves 1 and φ."""
        curves = phi(self.grid[:, None], np.log(self.densities / self.center))
        basis = np.stack([np.ones_like(curves), curves], axis=-1) / self.sigma[:, None]
        return np.linalg.qr(basis)[0]

    def best_exponents(self, pressures: Floats) -> Floats:
        """Exponents of the best fits to (n_sets, n_points) pressures, to a thousandth."""
        y = pressures / self.sigma
        chi2 = (y**2).sum(axis=1)[:, None] - (np.einsum("nmk,sm->snk", self._projectors, y) ** 2).sum(axis=-1)
        return _vertices(self.grid, chi2)[0]

    def best_exponent(self) -> float:
        """Exponent of the best fit to the points."""
        guess = float(self.best_exponents(self.pressures[None])[0])
        if self.exponent is not None or not EXPONENTS[0] < guess < EXPONENTS[1]:
            return guess
        found = scipy.optimize.minimize_scalar(
            self.chi2_of_exponent, bounds=(guess - _STEP, guess + _STEP), method="bounded",
            options={"xatol": 1e-9},
        )  # fmt: skip
        return float(found.x)

    def coefficients(self, n: ArrayLike, pressures: Floats) -> Floats:
        """(n_sets, 2) ``c0`` and ``c1`` for exponents (n_sets,) and pressures (n_sets, n_points)."""
        curves = phi(np.asarray(n, dtype=np.float64)[:, None], np.log(self.densities / self.center))
        basis = np.stack([np.ones_like(curves), curves], axis=-1) / self.sigma[:, None]
        found: Floats = np.einsum("skm,sm->sk", np.linalg.pinv(basis), pressures / self.sigma)
        return found

    def zeros(self, n: Floats, coefficients: Floats) -> Floats:
        """Zero-pressure densities, (n_sets,); NaN where the curve has none."""
        c0, c1 = coefficients.T
        with np.errstate(divide="ignore", invalid="ignore"):
            power = 1.0 - n * c0 / c1
            found = self.center * np.where(n == 0.0, np.exp(-c0 / c1), np.exp(np.log(power) / n))
        return np.where((c1 > 0.0) & (power > 0.0), found, np.nan)

    def chi2_of_exponent(self, n: float) -> float:
        """Weighted squares of the best fit with this exponent."""
        n_ = np.array([n])
        c0, c1 = self.coefficients(n_, self.pressures[None])[0]
        model = c0 + c1 * phi(n, np.log(self.densities / self.center))
        return float((((self.pressures - model) / self.sigma) ** 2).sum())

    def chi2(self, parts: Callable[[Floats], Parts]) -> float:
        """Least weighted squares over all exponents and a free factor.

        Parameters
        ----------
        parts
            Known part of the curve and the one with a free factor, for exponents (n, 1).
        """
        exponents = self.grid
        place, least = _vertices(exponents, self._chi2(parts, exponents)[None])
        step = _STEP
        while self.exponent is None and step > _FINE * _STEP:
            # The valley may be much narrower than a step, and no parabola across one.
            step *= 0.1
            exponents = place[0] + step * np.array([-1.0, 0.0, 1.0])
            place, least = _vertices(exponents, self._chi2(parts, exponents)[None])
        return float(least[0])

    def _chi2(self, parts: Callable[[Floats], Parts], exponents: Floats) -> Floats:
        """Weighted squares of the best factor for each exponent."""
        known, free = parts(exponents[:, None])
        rest, free = (self.pressures - known) / self.sigma, free / self.sigma
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            factor = np.nan_to_num((rest * free).sum(axis=-1) / (free**2).sum(axis=-1))
            found: Floats = ((rest - factor[:, None] * free) ** 2).sum(axis=-1)
        return found


def _vertices(grid: Floats, chi2: Floats) -> tuple[Floats, Floats]:
    """Places and heights of the minima of each row, by a parabola through the lowest entry and its neighbours."""
    chi2 = np.where(np.isfinite(chi2), chi2, np.inf)
    lowest = chi2.argmin(axis=1)
    rows = np.arange(len(chi2))
    if len(grid) < 3:
        return grid[lowest], chi2[rows, lowest]
    middle = np.clip(lowest, 1, len(grid) - 2)
    left, here, right = (chi2[rows, middle + shift] for shift in (-1, 0, 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        curvature = left - 2.0 * here + right
        shift = np.clip(0.5 * (left - right) / curvature, -1.0, 1.0)
        height = here - 0.125 * (left - right) ** 2 / curvature
    usable = np.isfinite(shift) & (lowest == middle) & (curvature > 0.0)
    step = grid[1] - grid[0]
    place = np.where(usable, grid[middle] + np.nan_to_num(shift) * step, grid[lowest])
    return place, np.where(usable, np.maximum(np.nan_to_num(height), 0.0), chi2[rows, lowest])
