"""Statistics of time series: density, mean and statistical error of correlated data, drift."""

from __future__ import annotations

__all__ = ["SeriesStatistics", "density", "mean_with_error"]

import logging
import math
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from ecemc.errors import InputError
from ecemc.units import AMU_PER_A3_TO_G_PER_CM3

if TYPE_CHECKING:
    from ase import Atoms
    from numpy.typing import ArrayLike, NDArray

#: Candidate equilibration cuts looked at; more would cost time and change the cut by less than a hundredth of the run.
_N_CUTS = 100


@dataclass(frozen=True)
class SeriesStatistics:
    """Mean of a correlated time series and how far to trust it; in the unit of the series unless said otherwise."""

    #: mean of the entries after the equilibration cut
    mean: float
    #: standard error of the mean, correlation included; NaN if there are fewer than two entries
    stderr: float
    #: standard deviation of single entries
    std: float
    #: entries given
    n: int
    #: first entry used (0-based); those before are equilibration
    equilibration: int
    #: entries that count as independent, no unit
    n_effective: float
    #: entries per independent entry, 1 for uncorrelated data, no unit
    statistical_inefficiency: float
    #: mean of the second half of the used entries minus that of the first half
    drift: float
    #: drift over its standard error, no unit; NaN if the series is constant or too short
    drift_sigmas: float

    @property
    def n_used(self) -> int:
        """Entries after the equilibration cut."""
        return self.n - self.equilibration


def density(atoms: Atoms) -> float:
    """Mass density of a periodic configuration in g/cm³.

    Raises
    ------
    InputError
        If the cell has no volume.

    Examples
    --------
    >>> from ase import Atoms
    >>> round(density(Atoms("OH2", cell=[3.104] * 3, pbc=True)), 3)
    1.0
    """
    volume = abs(float(np.linalg.det(np.asarray(atoms.cell, dtype=np.float64))))
    if not volume > 0.0:
        message = f"atoms: got a cell of volume {volume} Å³, expected three vectors that span a volume"
        raise InputError(message)
    return float(np.sum(atoms.get_masses())) / volume * AMU_PER_A3_TO_G_PER_CM3


def mean_with_error(series: ArrayLike, *, equilibration: int | None = None) -> SeriesStatistics:
    r"""Mean and standard error of a correlated time series.

    The beginning is cut where the number of independent entries left is largest [1]_, then the statistical inefficiency
    :math:`g = 1 + 2\tau` of the rest gives the standard error :math:`s \sqrt{g/N}` [2]_ (both by pymbar).

    Parameters
    ----------
    series
        (n,) entries equally spaced in time, any unit.
    equilibration
        Number of entries to cut; by default it is detected.

    Notes
    -----
    A run shorter than a few dozen correlation times underestimates both g and the error: look at ``n_effective``.
    A constant series has error 0.

    References
    ----------
    .. [1] J. D. Chodera, J. Chem. Theory Comput. 12, 1799 (2016).
    .. [2] J. D. Chodera et al., J. Chem. Theory Comput. 3, 26 (2007).

    Raises
    ------
    InputError
        For an empty series, NaN or infinite entries, a cut that leaves nothing.

    Examples
    --------
    >>> noise = np.random.default_rng(1).normal(1.0, 0.1, size=10_000)
    >>> result = mean_with_error(noise, equilibration=0)
    >>> round(result.mean, 2), round(result.stderr, 3)
    (1.0, 0.001)
    """
    x = _checked(series)
    if equilibration is None:
        equilibration = _detect_equilibration(x)
    elif not 0 <= equilibration < x.size:
        message = f"equilibration: got {equilibration}, expected 0 to {x.size - 1} (the series has {x.size} entries)"
        raise InputError(message)
    used = x[equilibration:]
    g = _inefficiency(used)
    mean, std = float(np.mean(used)), math.nan
    if used.size > 1:
        mean, std = (float(used[0]), 0.0) if _is_constant(used) else (mean, float(np.std(used, ddof=1)))
    drift, drift_sigmas = _drift(used)
    return SeriesStatistics(
        mean=mean,
        stderr=std * math.sqrt(g / used.size),
        std=std,
        n=x.size,
        equilibration=equilibration,
        n_effective=used.size / g,
        statistical_inefficiency=g,
        drift=drift,
        drift_sigmas=drift_sigmas,
    )


def _checked(series: ArrayLike) -> NDArray[np.float64]:
    x = np.asarray(series, dtype=np.float64)
    if x.ndim != 1 or x.size == 0:
        message = f"series: got an array of shape {x.shape}, expected (n,) with n >= 1"
        raise InputError(message)
    bad = np.flatnonzero(~np.isfinite(x))
    if bad.size:
        message = f"series: got {x[bad[0]]} at entry {bad[0]}, expected finite numbers"
        raise InputError(message)
    return x


def _is_constant(x: NDArray[np.float64]) -> bool:
    """Whether all entries agree to rounding: a density computed from a fixed cell, say."""
    return bool(np.ptp(x) <= 1e-12 * np.max(np.abs(x)))


def _detect_equilibration(x: NDArray[np.float64]) -> int:
    """Find the cut that leaves most independent entries, but never more than half of the series away."""
    if x.size < 4 or _is_constant(x):
        return 0
    step = max(1, x.size // _N_CUTS)
    cuts = range(0, x.size // 2 + 1, step)
    return max(cuts, key=lambda cut: (x.size - cut) / _inefficiency(x[cut:]))


def _inefficiency(x: NDArray[np.float64]) -> float:
    if x.size < 3 or _is_constant(x):
        return 1.0
    return min(float(_pymbar_timeseries().statistical_inefficiency(x, fast=True)), float(x.size))


def _drift(x: NDArray[np.float64]) -> tuple[float, float]:
    """Difference of the means of the halves, and the same over its standard error.

    The error comes from the residuals of a straight line: a steady slope must not hide itself by widening the error.
    """
    half = x.size // 2
    if half == 0:
        return math.nan, math.nan
    drift = float(np.mean(x[x.size - half :]) - np.mean(x[:half]))
    if half < 2 or _is_constant(x):
        return drift, math.nan
    t = np.arange(x.size) - 0.5 * (x.size - 1)
    residuals = x - np.mean(x) - t * (t @ x / (t @ t))
    if np.ptp(residuals) <= 1e-12 * np.ptp(x):
        return drift, math.copysign(math.inf, drift)
    error = math.sqrt(np.var(residuals, ddof=2) * 2.0 * min(_inefficiency(residuals), half) / half)
    return drift, drift / error


@cache
def _pymbar_timeseries() -> Any:
    """Import pymbar without the warnings it logs while being imported (they speak about JAX, which we do not use)."""
    logger = logging.getLogger("pymbar")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        import pymbar.timeseries  # noqa: PLC0415
    finally:
        logger.setLevel(level)
    return pymbar.timeseries
