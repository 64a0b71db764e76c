"""Equations of state ``P(ρ) = a ρⁿ + b`` from pressures at constant volume."""

from __future__ import annotations

__all__ = ["EOS", "fit_eos"]

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy  # its parts are loaded when they are used

from ecemc.errors import InputError
from ecemc.text import plain
from ecemc.thermodynamics.murnaghan import EXPONENTS, Problem
from ecemc.thermodynamics.profile import Profile

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

#: Name and version of the layout of :meth:`EOS.to_dict`.
SCHEMA = "ecemc-eos/1"
_LEVEL = 0.95
#: Probability below which the points are said to scatter more than their errors allow.
_UNLIKELY = 0.05


@dataclass(frozen=True, eq=False)
class EOS:
    r"""Pressure of a liquid against its density, :math:`P(\rho) = a \rho^n + b`; made by :func:`fit_eos`."""

    #: bar/(g/cm³)ⁿ
    a: float
    #: no unit; the derivative of the bulk modulus with pressure
    n: float
    #: bar
    b: float
    #: g/cm³, where the pressure is zero; NaN if the curve has no zero
    zero_pressure_density: float
    #: g/cm³, 95 % confidence interval of it, from the profile likelihood
    ci95: tuple[float, float]
    #: bar, ``ρ dP/dρ`` at the zero-pressure density
    bulk_modulus: float
    #: 95 % confidence intervals (profile likelihood) of ``a``, ``n``, ``b`` and ``bulk_modulus``
    intervals: dict[str, tuple[float, float]]
    #: (n_points,) g/cm³
    densities: Floats
    #: (n_points,) bar
    pressures: Floats
    #: (n_points,) bar, as given, or the scatter about the curve for all if none were given
    stderr: Floats
    #: sum of squares over errors
    chi2: float
    #: points minus parameters
    dof: int
    #: factor by which errors were widened, as the points scatter more than they say; else 1
    scale: float
    #: whether the zero is outside the densities that were simulated
    extrapolated: bool
    #: what a reader has to know
    notes: tuple[str, ...]
    _profile: Profile = field(repr=False)

    def pressure(self, density: ArrayLike) -> Floats:
        """Pressure in bar at densities in g/cm³, of the same shape."""
        rho = np.asarray(density, dtype=np.float64)
        return np.asarray(self.a * rho**self.n + self.b)

    def pressure_interval(self, density: float) -> tuple[float, float]:
        """95 % confidence interval (profile likelihood) of the pressure in bar at a density in g/cm³.

        Raises
        ------
        InputError
            If the density is not positive.
        """
        if not (math.isfinite(density) and density > 0.0):
            raise InputError(f"density: got {density}, expected g/cm³ > 0")
        return self._profile.pressure(float(self.pressure(density)), density)

    def bootstrap(self, n_samples: int = 2000, *, seed: int) -> tuple[float, float]:
        """95 % interval of the zero-pressure density by parametric bootstrap, a second witness beside ``ci95``.

        Normal noise of the size of the errors is added to the fitted pressures, and all is fitted again. If more than
        one sample in a hundred has no zero, the interval is unknown (NaN).

        Parameters
        ----------
        n_samples
            Number of samples.
        seed
            Of the random numbers.
        """
        rng = np.random.default_rng(seed)
        shape = (n_samples, len(self.densities))
        noisy = self.pressure(self.densities) + rng.normal(size=shape) * self.stderr * self.scale
        problem = self._profile.problem
        n = problem.best_exponents(noisy)
        zeros = problem.zeros(n, problem.coefficients(n, noisy))
        if np.isnan(zeros).mean() > 0.01:
            return math.nan, math.nan
        low, high = np.nanpercentile(zeros, [50.0 * (1.0 - _LEVEL), 50.0 * (1.0 + _LEVEL)])
        return float(low), float(high)

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, strings and lists, valid as strict JSON; units in :class:`EOS`."""
        record = {
            "schema": SCHEMA,
            **{name: getattr(self, name) for name in ("a", "n", "b", "zero_pressure_density", "ci95", "bulk_modulus")},
            "intervals95": self.intervals,
            "chi2": self.chi2,
            "dof": self.dof,
            "scale": self.scale,
            "extrapolated": self.extrapolated,
            "units": {"a": "bar/(g/cm³)^n", "b": "bar", "density": "g/cm³", "pressure": "bar", "bulk_modulus": "bar"},
            "points": [
                {"density_g_cm3": rho, "pressure_bar": p, "stderr_bar": error, "fit_bar": float(self.pressure(rho))}
                for rho, p, error in zip(self.densities, self.pressures, self.stderr, strict=True)
            ],
            "notes": self.notes,
        }
        found: dict[str, Any] = plain(record)
        return found


def fit_eos(
    densities: ArrayLike,
    pressures: ArrayLike,
    stderr: ArrayLike | None = None,
    *,
    exponent: float | None = None,
    extrapolate: bool = False,
) -> EOS:
    r"""Fit ``P(ρ) = a ρⁿ + b`` by weighted least squares.

    Parameters
    ----------
    densities
        (n_points,) g/cm³ at which pressures were computed at constant volume; at least three different ones.
    pressures
        (n_points,) bar, averages over the runs.
    stderr
        (n_points,) bar, their standard errors (:func:`ecemc.mean_with_error`). Without them all points have the same
        weight and the error is taken from the scatter about the curve, which takes four points.
    exponent
        Hold n at this value; then two densities are enough.
    extrapolate
        Accept a zero outside the simulated densities, or none; it is flagged.

    Notes
    -----
    Intervals hold the values with which the best fit is not worse by more than :math:`\Delta\chi^2 = 3.84` (profile
    likelihood). If points scatter more than their errors allow (probability below 5 %), errors are widened by
    :math:`\sqrt{\chi^2/\mathrm{dof}}`, and a note says so. The form is that of the paper (section 2.4, figure 4E), and
    Murnaghan's equation [1]_. It is meant for a liquid around its equilibrium density, not for a vapour.

    References
    ----------
    .. [1] F. D. Murnaghan, Proc. Natl. Acad. Sci. U.S.A. 30, 244 (1944).

    Raises
    ------
    InputError
        Lengths that differ, numbers that are not finite, densities or errors that are not positive, too few different
        densities, pressures that fall with density, a zero outside the data without `extrapolate`.

    Examples
    --------
    >>> rho = np.array([0.82, 0.95, 1.02, 1.08])
    >>> eos = fit_eos(rho, 9000.0 * (rho**8 - 0.95**8), [40.0, 40.0, 40.0, 40.0])
    >>> round(eos.zero_pressure_density, 4), round(eos.n, 3), round(float(eos.pressure(1.0)))
    (0.95, 8.0, 3029)
    >>> low, high = eos.ci95
    >>> 0.94 < low < 0.95 < high < 0.96
    True
    """
    rho, p, sigma = _checked(densities, pressures, stderr, exponent)
    problem = Problem(rho, p, np.ones(len(rho)) if sigma is None else sigma, exponent)
    n = np.array([problem.best_exponent()])
    coefficients = problem.coefficients(n, p[None])
    if not coefficients[0, 1] > 0.0:
        raise InputError("pressures: fall where the density rises, so there is no stable liquid among these points")
    zero = float(problem.zeros(n, coefficients)[0])
    if not extrapolate and not rho.min() <= zero <= rho.max():
        raise InputError(_outside(rho, p, zero))
    return _finish(problem, float(n[0]), zero, scatter=sigma is None)


def _finish(problem: Problem, n: float, zero: float, *, scatter: bool) -> EOS:
    """Judge the fit, turn it into the parameters of the paper and find their intervals."""
    rho, p = problem.densities, problem.pressures
    chi2, dof = problem.chi2_of_exponent(n), len(rho) - (3 if problem.exponent is None else 2)
    scale, quantile = 1.0, float(scipy.stats.chi2.ppf(_LEVEL, 1))
    if scatter:
        sigma = math.sqrt(chi2 / dof)
        if not sigma > 1e-9 * np.abs(p).max():
            raise InputError("stderr: none given, and the points lie exactly on a curve; give the errors of the means")
        problem, chi2, quantile = Problem(rho, p, np.full(len(rho), sigma), problem.exponent), float(dof), _t2(dof)
    elif dof > 0 and scipy.stats.chi2.sf(chi2, dof) < _UNLIKELY:
        scale, quantile = math.sqrt(chi2 / dof), _t2(dof)
    c0, c1 = problem.coefficients(np.array([n]), p[None])[0]
    a, b = float(c1 / n * problem.center**-n), float(c0 - c1 / n)
    has_zero = math.isfinite(zero)
    modulus, nothing = (-n * b if has_zero else math.nan), (math.nan, math.nan)
    extrapolated = not rho.min() <= zero <= rho.max()
    profile = Profile(problem, chi2 + quantile * scale**2)
    ci95 = profile.zero(zero) if has_zero else nothing
    return EOS(
        a=a, n=n, b=b, zero_pressure_density=zero, ci95=ci95,
        bulk_modulus=modulus,
        intervals={
            "a": profile.a(a), "n": profile.exponent(n), "b": profile.b(b),
            "bulk_modulus": profile.modulus(modulus) if has_zero else nothing,
        },
        densities=rho, pressures=p, stderr=problem.sigma, chi2=chi2, dof=dof, scale=scale, extrapolated=extrapolated,
        notes=tuple(_notes(problem, n, scale, ci95, zero)), _profile=profile,
    )  # fmt: skip


def _t2(dof: int) -> float:
    return float(scipy.stats.t.ppf(0.5 * (1.0 + _LEVEL), dof) ** 2)


def _checked(
    densities: ArrayLike, pressures: ArrayLike, stderr: ArrayLike | None, exponent: float | None
) -> tuple[Floats, Floats, Floats | None]:
    """Refuse what cannot be fitted, one reason at a time."""
    rho, p = (np.asarray(values, dtype=np.float64) for values in (densities, pressures))
    sigma = None if stderr is None else np.asarray(stderr, dtype=np.float64)
    shapes = {"densities": rho.shape, "pressures": p.shape} | ({} if sigma is None else {"stderr": sigma.shape})
    if rho.ndim != 1 or len(set(shapes.values())) > 1:
        found = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise InputError(f"densities: got the shapes {found}, expected (n_points,) for all")
    for name, array, positive in (
        ("densities", rho, True), ("pressures", p, False), ("stderr", rho if sigma is None else sigma, True),
    ):  # fmt: skip
        bad = np.flatnonzero(~np.isfinite(array) | (array <= 0.0 if positive else False))
        if bad.size:
            hint = "; a run without noise has no error: leave stderr out" if name == "stderr" else ""
            kind = "finite numbers > 0" if positive else "finite numbers"
            raise InputError(f"{name}: got {array[bad[0]]} at point {bad[0]} (from 0), expected {kind}{hint}")
    if exponent is not None and not (math.isfinite(exponent) and exponent != 0.0):
        raise InputError(f"exponent: got {exponent}, expected a finite number other than 0, such as 8")
    needed = 3 if exponent is None else 2
    different = len(np.unique(np.round(rho / rho.max(), 9))) if rho.size else 0
    if different < needed:
        shown = ", ".join(f"{value:.4g}" for value in np.unique(rho))
        hint = "" if exponent is not None else ", or hold the exponent (exponent=8, --exponent 8)"
        raise InputError(
            f"densities: got {different} different ({shown or 'none'}), {needed} are needed "
            f"for {needed} parameters; add runs at other densities{hint}"
        )
    if sigma is None and len(rho) == needed:
        raise InputError(f"stderr: none given; with {needed} points for {needed} parameters no error can be estimated")
    return rho, p, sigma


def _outside(rho: Floats, p: Floats, zero: float) -> str:
    """Say why a zero is refused, and where to simulate."""
    place = f"the curve crosses zero at {zero:.4g} g/cm³" if math.isfinite(zero) else "the curve does not cross zero"
    side = "lower" if (p > 0.0).all() or zero < rho.min() else "higher"
    signs = " (all are positive)" if (p > 0.0).all() else " (all are negative)" if (p < 0.0).all() else ""
    return (
        f"pressures: {place}, outside the densities {rho.min():.4g} to {rho.max():.4g} g/cm³{signs}; add runs at "
        f"{side} densities, or accept an extrapolated zero (extrapolate=True, --extrapolate-zero)"
    )


def _notes(problem: Problem, n: float, scale: float, ci95: tuple[float, float], zero: float) -> list[str]:
    notes = []
    rho = problem.densities
    if math.isnan(zero):
        notes.append("the curve has no zero: there is no zero-pressure density")
    elif not rho.min() <= zero <= rho.max():
        notes.append("the zero-pressure density is extrapolated: it is outside the densities of the runs")
    if ci95[0] == 0.0 or math.isinf(ci95[1]):
        notes.append("the pressures do not bound the zero-pressure density: run longer, or at more densities")
    if scale > 1.0:
        notes.append(f"the points scatter {scale:.1f} times as much as their errors say; errors were widened by that")
    if problem.exponent is not None:
        notes.append(f"the exponent was held at {problem.exponent:g}; intervals do not include its uncertainty")
    elif not EXPONENTS[0] + 0.2 < n < EXPONENTS[1] - 0.2:
        notes.append(f"the exponent is at the edge of what is looked at ({EXPONENTS[0]:g} to {EXPONENTS[1]:g})")
    return notes
