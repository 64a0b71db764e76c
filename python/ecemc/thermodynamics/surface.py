"""Least-squares surface ρ(x, T) through measured densities."""

from __future__ import annotations

__all__ = ["Surface"]

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: Degree in the mole fraction, as in figure 5C of the paper.
_DEGREE = 3
_SAME_X, _SAME_T = 0.005, 1.0


@dataclass(frozen=True, eq=False)
class Surface:
    """Polynomial in mole fraction and temperature through rows with errors; of lower degree where rows are few."""

    #: (n,) mole fractions
    x: Floats
    #: (n,) K
    temperatures: Floats
    #: (n,) g/cm³
    densities: Floats
    #: (n,) g/cm³, NaN where unknown
    stderr: Floats

    def at(self, x: float, temperature: float) -> tuple[float, float]:
        """Density and its standard error, g/cm³."""
        density, variance = self._direct.predict(self._row(x, temperature))
        inverse = self._inverse.predict(self._row(x, temperature))[0]
        form = density - 1.0 / inverse
        scatter = self._direct.scale * float(np.median(self._sigma))
        return density, math.sqrt(variance + scatter**2 + form**2)

    def slope(self, x: float) -> tuple[float, float]:
        """``dρ/dT`` and its standard error, g/(cm³ K)."""
        span = 10.0
        row = self._row(x, self._middle + span) - self._row(x, self._middle)
        value, variance = self._direct.predict(row)
        return value / span, math.sqrt(variance) / span

    @cached_property
    def _middle(self) -> float:
        return float(self.temperatures.mean())

    @cached_property
    def _sigma(self) -> Floats:
        """Errors; those that are unknown are as large as the median of the others."""
        known = np.isfinite(self.stderr) & (self.stderr > 0.0)
        if not known.any():
            return np.ones(len(self.x))
        filled: Floats = np.where(known, self.stderr, np.median(self.stderr[known]))
        return filled

    @cached_property
    def _powers(self) -> tuple[tuple[int, int], ...]:
        """Powers of x and T, as many as the rows allow."""
        n_x, n_t = _distinct(self.x, _SAME_X), _distinct(self.temperatures, _SAME_T)
        degree = min(_DEGREE, n_x - 1)
        powers = [(k, 0) for k in range(degree + 1)]
        if n_t > 1:
            powers += [(k, 1) for k in range(min(degree, 1) + 1)]
        # One composition at a time: rows may all be at different temperatures.
        while len(powers) > 1 and np.linalg.matrix_rank(_columns(self.x, self._t(self.temperatures), powers)) < len(
            powers
        ):
            powers.pop()
        return tuple(powers)

    def _t(self, temperature: Floats | float) -> Floats:
        scaled: Floats = (np.asarray(temperature, dtype=np.float64) - self._middle) / 100.0
        return scaled

    def _row(self, x: float, temperature: float) -> Floats:
        row: Floats = _columns(np.array([x]), self._t(np.array([temperature])), self._powers)[0]
        return row

    @cached_property
    def _direct(self) -> _Linear:
        return _Linear.fit(self._design, self.densities, self._sigma, known=self._known)

    @cached_property
    def _inverse(self) -> _Linear:
        sigma = self._sigma / self.densities**2
        return _Linear.fit(self._design, 1.0 / self.densities, sigma, known=self._known)

    @property
    def _design(self) -> Floats:
        return _columns(self.x, self._t(self.temperatures), self._powers)

    @property
    def _known(self) -> bool:
        return bool((np.isfinite(self.stderr) & (self.stderr > 0.0)).any())


@dataclass(frozen=True, eq=False)
class _Linear:
    """A weighted linear fit."""

    coefficients: Floats
    covariance: Floats
    #: factor by which residuals exceed the errors, at least 1 if errors are known; NaN if nobody knows
    scale: float

    @classmethod
    def fit(cls, design: Floats, values: Floats, sigma: Floats, *, known: bool) -> _Linear:
        weighted = design / sigma[:, None]
        coefficients = np.linalg.lstsq(weighted, values / sigma, rcond=None)[0]
        residuals = values / sigma - weighted @ coefficients
        dof = len(values) - design.shape[1]
        scale = math.sqrt(float(residuals @ residuals) / dof) if dof > 0 else math.nan
        if known:
            scale = max(1.0, scale) if dof > 0 else 1.0
        covariance = np.linalg.pinv(weighted.T @ weighted)
        return cls(coefficients.astype(np.float64), covariance.astype(np.float64), scale)

    def predict(self, row: Floats) -> tuple[float, float]:
        """Value and variance."""
        return float(row @ self.coefficients), self.scale**2 * float(row @ self.covariance @ row)


def _columns(x: Floats, t: Floats, powers: tuple[tuple[int, int], ...] | list[tuple[int, int]]) -> Floats:
    return np.stack([x**k * t**m for k, m in powers], axis=-1)


def _distinct(values: Floats, same: float) -> int:
    return 1 + int(np.count_nonzero(np.diff(np.sort(values)) > same))
