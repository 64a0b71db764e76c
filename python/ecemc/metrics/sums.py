"""Sums over any number of pairs of reference and prediction, whose result does not depend on order or division."""

from __future__ import annotations

__all__ = ["ErrorSums"]

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ecemc.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Every double is a whole number of 2^-1074, so sums of them in whole numbers are exact.
_EXPONENT = 1074
#: 2^27 + 1 splits a double in halves whose products are exact (Dekker).
_SPLIT = 134217729.0


@dataclass
class ErrorSums:
    """What RMSE, MAE, RRMSE and bias are made of, merged exactly.

    Sums of one call are taken to twice the digits of a double, sums over calls and merges without any rounding. So the
    spread of energies is right to the last digit although it is a millionth of the energies.

    Examples
    --------
    >>> sums = ErrorSums()
    >>> sums.add(np.array([0.0, 2.0]), np.array([1.0, 1.0]))
    >>> sums.n, sums.rmse, sums.mae, sums.bias, sums.rrmse, sums.max_error
    (2, 1.0, 1.0, 0.0, 1.0, 1.0)
    """

    #: numbers, not frames: a force counts three
    n: int = 0
    #: largest absolute error
    max_error: float = 0.0
    #: Σ ref, Σ ref², Σ err, Σ err², Σ |err|, in 2^-1074
    _reference: int = 0
    _reference_squared: int = 0
    _error: int = 0
    _error_squared: int = 0
    _error_absolute: int = 0

    def add(self, reference: NDArray[np.float64], prediction: NDArray[np.float64]) -> None:
        """Take in pairs.

        Raises
        ------
        InputError
            If shapes differ or a number is not finite.
        """
        if reference.shape != prediction.shape:
            raise InputError(f"prediction: got shape {prediction.shape}, expected that of reference, {reference.shape}")
        if not (np.isfinite(reference).all() and np.isfinite(prediction).all()):
            raise InputError("reference or prediction: holds NaN or infinity, expected finite numbers")
        if not reference.size:
            return
        error = prediction - reference
        self.n += error.size
        self.max_error = max(self.max_error, float(np.abs(error).max()))
        self._reference += _sum(reference)
        self._reference_squared += _sum(*_squares(reference))
        self._error += _sum(error)
        self._error_squared += _sum(*_squares(error))
        self._error_absolute += _sum(np.abs(error))

    def merge(self, other: ErrorSums) -> None:
        """Take in the sums of other pairs."""
        self.n += other.n
        self.max_error = max(self.max_error, other.max_error)
        self._reference += other._reference
        self._reference_squared += other._reference_squared
        self._error += other._error
        self._error_squared += other._error_squared
        self._error_absolute += other._error_absolute

    @property
    def rmse(self) -> float:
        """Root mean square error; NaN without numbers, as all others."""
        return math.sqrt(self._mean(self._error_squared))

    @property
    def mae(self) -> float:
        """Mean absolute error."""
        return self._mean(self._error_absolute)

    @property
    def bias(self) -> float:
        """Mean of prediction − reference."""
        return self._mean(self._error)

    @property
    def mean(self) -> float:
        """Mean of the reference."""
        return self._mean(self._reference)

    @property
    def std(self) -> float:
        """Standard deviation of the reference."""
        return math.sqrt(self._variance()) if self.n else math.nan

    @property
    def rrmse(self) -> float:
        """RMSE in units of the standard deviation of the reference; NaN if that is zero."""
        std = self.std
        return self.rmse / std if std > 0.0 else math.nan

    def _mean(self, total: int) -> float:
        return total / (self.n << _EXPONENT) if self.n else math.nan

    def _variance(self) -> float:
        # Exact until the last division: n Σx² − (Σx)² is where digits would be lost.
        spread = ((self.n * self._reference_squared) << _EXPONENT) - self._reference**2
        # Squares are exact to twice the digits of a double only.
        return max(0, spread) / ((self.n * self.n) << (2 * _EXPONENT))


def _sum(*arrays: NDArray[np.float64]) -> int:
    """Sum of all numbers, to twice the digits of a double."""
    terms = [value for array in arrays for value in array.ravel().tolist()]
    total = math.fsum(terms)
    return _exact(total) + _exact(math.fsum([*terms, -total]))


def _exact(value: float) -> int:
    numerator, denominator = value.as_integer_ratio()
    return numerator << (_EXPONENT + 1 - denominator.bit_length())


def _squares(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Squares, and what rounding has taken from them."""
    scaled = _SPLIT * values
    high = scaled - (scaled - values)
    low = values - high
    square = values * values
    return square, ((high * high - square) + 2.0 * high * low) + low * low
