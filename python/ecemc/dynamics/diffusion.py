"""Self-diffusion coefficients from mean squared displacements."""

from __future__ import annotations

__all__ = ["Diffusion", "finite_size_correction", "self_diffusion"]

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ecemc.dynamics.result import spread
from ecemc.errors import InputError
from ecemc.units import A2_PER_FS_TO_1E5_CM2_PER_S, BOLTZMANN_J_PER_K

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ecemc.dynamics.reference import Key
    from ecemc.dynamics.result import MSD

#: Default window of the fit, as parts of the longest lag.
_WINDOW = (0.1, 0.5)
#: Lags that a fit with two parameters must have.
_FEWEST = 3
#: How far the exponent of a diffusive particle may be from 1, and how well it must be known.
_EXPONENT = 0.1
#: Of a simple cubic lattice of periodic images (Dünweg and Kremer 1993; Yeh and Hummer 2004).
_XI = 2.837297


@dataclass(frozen=True)
class Diffusion:
    """Self-diffusion coefficient of one species in units of 1e-5 cm²/s (1e-9 m²/s), for the periodic box as it is.

    Examples
    --------
    >>> Diffusion(1.5, 0.1, (1e3, 5e3), 0.99, 0.02, "diffusive", 0.3, 6.7, 64)
    Diffusion(1.50 ± 0.10 × 10⁻⁵ cm²/s, diffusive)
    """

    #: 1e-5 cm²/s, a sixth of the slope of the MSD in the window
    D: float
    #: 1e-5 cm²/s, standard error from the spread over molecules; NaN for a single molecule
    stderr: float
    #: fs, lags of the fit
    window: tuple[float, float]
    #: d ln MSD / d ln t in the window: 1 for diffusion, 2 for free flight, below 1 in a cage
    exponent: float
    #: its standard error from leaving out each molecule in turn; NaN for a single molecule
    exponent_stderr: float
    #: ``"diffusive"``: the exponent is 1 within 0.1, and known so well. ``"not yet"``: it is not,
    #: by more than its error. ``"uncertain"``: it may be, but is not known well enough.
    verdict: str
    #: Å², of the straight line at lag 0
    intercept: float
    #: Å, root of the MSD at the end of the window
    displacement: float
    #: molecules behind it
    n_molecules: int

    def __repr__(self) -> str:
        """Value, error, verdict."""
        error = "" if math.isnan(self.stderr) else f" ± {self.stderr:.2f}"
        return f"Diffusion({self.D:.2f}{error} × 10⁻⁵ cm²/s, {self.verdict})"

    @property
    def note(self) -> str:
        """What the number leaves out."""
        return (
            "D of a periodic box is too small by 2.837297 kT/(6πηL) (cubic box of length L, viscosity η): "
            "see finite_size_correction"
        )


def self_diffusion(msd: MSD, *, window: tuple[float, float] | None = None) -> dict[Key, Diffusion]:
    """Self-diffusion coefficients by a straight line through the mean squared displacements, ``MSD = 6 D t + c``.

    The line is fitted with weights ``(T - t)/t³``, the inverse variance of the MSD of a random walk of length T, to
    each molecule on its own; D is the mean and its error the standard error of the mean. That is honest as long as
    molecules move independently; the lags of one molecule need not be independent. The intercept takes up what
    happens before diffusion sets in.

    Parameters
    ----------
    msd
        Result of :func:`ecemc.mean_squared_displacement`.
    window
        fs, first and last lag of the fit. Default: 10 % to 50 % of the longest lag. Shorter lags may not be diffusive
        yet; longer ones have few independent origins.

    Returns
    -------
    dict
        A :class:`Diffusion` for each key of ``msd.msd``.

    Raises
    ------
    InputError
        If the window is none, or holds fewer than three lags.

    Notes
    -----
    Limits: three dimensions, all of them free (a slab diffuses in two). Where ballistic motion turns into rattling in a
    cage the exponent passes through 1 as well: look at ``displacement``, which should exceed the distance between
    molecules, and at the figure.

    Examples
    --------
    >>> from ecemc import mean_squared_displacement
    >>> from ase import Atoms
    >>> steps = np.random.default_rng(0).normal(size=(400, 50, 3)).cumsum(axis=0)
    >>> walk = mean_squared_displacement((Atoms("He50", r) for r in steps), dt=100.0, molecules=None)
    >>> found = self_diffusion(walk)["He"]
    >>> found.verdict, abs(found.D - 50.0) < 3 * found.stderr
    ('diffusive', True)
    """
    inside = _inside(msd, window)
    time = msd.time[inside]
    length = msd.dt * msd.n_frames
    weights = (length - time) / time**3
    found = {}
    for key, each in msd.by_molecule.items():
        curves = each[:, inside]
        slopes, intercepts = _lines(time, curves, weights)
        diffusion = slopes / 6.0 * A2_PER_FS_TO_1E5_CM2_PER_S
        exponent, exponent_error = _exponent(time, curves, weights)
        found[key] = Diffusion(
            D=float(diffusion.mean()),
            stderr=float(spread(diffusion[:, None])[0]),
            window=(float(time[0]), float(time[-1])),
            exponent=exponent,
            exponent_stderr=exponent_error,
            verdict=_verdict(exponent, exponent_error),
            intercept=float(intercepts.mean()),
            displacement=float(np.sqrt(curves[:, -1].mean())),
            n_molecules=len(each),
        )
    return found


def finite_size_correction(temperature: float, length: float, viscosity: float) -> float:
    r"""Missing part of a self-diffusion coefficient in a cubic periodic box, in 1e-5 cm²/s.

    .. math:: D_\infty - D_L = \frac{2.837297\, k T}{6 \pi \eta L}

    (Dünweg and Kremer, J. Chem. Phys. 1993, 99, 6983; Yeh and Hummer, J. Phys. Chem. B 2004, 108, 15873). Right for
    liquids in boxes some molecules wide; not for ions that drag others along, nor for boxes far from cubic.

    Parameters
    ----------
    temperature
        K.
    length
        Å, of the cubic box.
    viscosity
        mPa·s (cP), of the *simulated* liquid.

    Raises
    ------
    InputError
        If a number is not finite and > 0.

    Examples
    --------
    >>> round(finite_size_correction(298.15, 25.0, 0.89), 3)
    0.278
    """
    for name, value in (("temperature", temperature), ("length", length), ("viscosity", viscosity)):
        if not (math.isfinite(value) and value > 0.0):
            raise InputError(f"{name}: got {value}, expected a finite number > 0")
    square_metres_per_second = (
        _XI * BOLTZMANN_J_PER_K * temperature / (6.0 * math.pi * viscosity * 1e-3 * length * 1e-10)
    )
    return square_metres_per_second * 1e9


def _inside(msd: MSD, window: tuple[float, float] | None) -> NDArray[np.bool_]:
    """Lags of the fit."""
    longest = float(msd.time[-1]) if len(msd.time) else 0.0
    try:
        low, high = (part * longest for part in _WINDOW) if window is None else map(float, window)
    except (TypeError, ValueError) as error:
        raise InputError(f"window: got {window!r}, expected two times in fs") from error
    if not 0.0 <= low < high and window is not None:
        raise InputError(f"window: got {low:g} to {high:g} fs, expected 0 <= start < end")
    tolerance = 1e-9 * high
    inside: NDArray[np.bool_] = (msd.time >= low - tolerance) & (msd.time <= high + tolerance)
    if inside.sum() < _FEWEST:
        raise InputError(
            f"window: {low:g} to {high:g} fs holds {inside.sum()} lags of {msd.n_frames} frames, expected at least "
            f"{_FEWEST}: take a wider window or a longer trajectory"
        )
    return inside


def _lines(
    x: NDArray[np.float64], curves: NDArray[np.float64], weights: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Slope and intercept of the weighted straight line through each curve."""
    weights = weights / weights.sum()
    center = weights @ x
    arm = weights * (x - center)
    slopes = curves @ arm / (arm @ (x - center))
    return slopes, curves @ weights - slopes * center


def _exponent(
    time: NDArray[np.float64], curves: NDArray[np.float64], weights: NDArray[np.float64]
) -> tuple[float, float]:
    """Slope of ln MSD over ln t with the same relative weights, and its jackknife error over molecules."""
    n, total = len(curves), curves.sum(axis=0)
    means = np.vstack([total / n, (total - curves) / (n - 1)]) if n > 1 else total[None]
    with np.errstate(divide="ignore", invalid="ignore"):
        slopes, _ = _lines(np.log(time), np.log(means), weights * time**2)
    if n < 2:
        return float(slopes[0]), math.nan
    return float(slopes[0]), float(np.sqrt((n - 1) * np.var(slopes[1:])))


def _verdict(exponent: float, error: float) -> str:
    """Judge the exponent."""
    away = abs(exponent - 1.0)
    if away <= _EXPONENT and error <= _EXPONENT:
        return "diffusive"
    return "not yet" if away > _EXPONENT + error else "uncertain"
