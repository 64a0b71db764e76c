"""Errors of predictions in one number (section 2.6 of Magdău et al. 2023)."""

from __future__ import annotations

__all__ = ["mae", "rmse", "rrmse"]

import math
from typing import TYPE_CHECKING

import numpy as np

from ecemc.errors import InputError
from ecemc.frames import reals

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def rmse(ref: ArrayLike, pred: ArrayLike) -> float:
    """Root mean square error over all components: ``sqrt(mean((ref − pred)²))``.

    Parameters
    ----------
    ref
        Right numbers, of any shape.
    pred
        Predicted ones, of the same shape and unit, which is also that of the result.

    Raises
    ------
    InputError
        If shapes differ, there is no number, or one is not finite.

    Examples
    --------
    >>> rmse([[0.0, 0.0, 0.0, 0.0]], [[0.0, 3.0, 0.0, 0.0]])
    1.5
    """
    reference, predicted = _checked(ref, pred)
    return _length(reference - predicted) / math.sqrt(reference.size)


def mae(ref: ArrayLike, pred: ArrayLike) -> float:
    """Mean absolute error over all components: ``mean(|ref − pred|)``.

    Parameters
    ----------
    ref
        Right numbers, of any shape.
    pred
        Predicted ones, of the same shape and unit, which is also that of the result.

    Raises
    ------
    InputError
        As :func:`rmse`.

    Examples
    --------
    >>> mae([1.0, 2.0], [2.0, 2.0])
    0.5
    """
    reference, predicted = _checked(ref, pred)
    return float(np.mean(np.abs(reference - predicted)))


def rrmse(ref: ArrayLike, pred: ArrayLike) -> float:
    """Relative root mean square error: the RMSE in units of the standard deviation of the reference.

    ``sqrt(Σ(ref − pred)² / Σ(ref − mean(ref))²)``, with one mean over all components. 0 is perfect; 1 is as good as a
    constant, the mean.

    Parameters
    ----------
    ref
    pred
        As for :func:`rmse`.

    Returns
    -------
    float
        NaN if all numbers of the reference are the same, which leaves it undefined.

    Raises
    ------
    InputError
        As :func:`rmse`.

    Examples
    --------
    >>> rrmse([0.0, 2.0], [1.0, 1.0]), rrmse([1.0, 1.0], [1.0, 2.0])
    (1.0, nan)
    """
    reference, predicted = _checked(ref, pred)
    # A constant is told by its values: its mean may be off by rounding.
    if np.ptp(reference) == 0.0:
        return math.nan
    return _length(reference - predicted) / _length(reference - reference.mean())


def _length(values: NDArray[np.float64]) -> float:
    """Euclidean norm without squares of tiny or huge numbers."""
    scale = float(np.abs(values).max())
    return scale * math.sqrt(float(np.sum((values / scale) ** 2))) if scale > 0.0 else 0.0


def _checked(ref: ArrayLike, pred: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    reference, predicted = reals("ref", ref, "numbers"), reals("pred", pred, "numbers")
    if reference.shape != predicted.shape:
        raise InputError(f"pred: got shape {predicted.shape}, expected that of ref, {reference.shape}")
    if not reference.size:
        raise InputError("ref: got no number, expected at least one")
    for name, values in (("ref", reference), ("pred", predicted)):
        if not np.isfinite(values).all():
            raise InputError(f"{name}: holds NaN or infinity, expected finite numbers")
    return reference, predicted
