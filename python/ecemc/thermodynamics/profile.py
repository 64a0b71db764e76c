"""Profile likelihoods of an equation of state: how far a quantity can go before the best fit becomes too bad."""

from __future__ import annotations

__all__ = ["Profile"]

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy  # its parts are loaded when they are used

from ecemc.thermodynamics.murnaghan import EXPONENTS, Problem, phi

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from ecemc.thermodynamics.murnaghan import Parts

    Floats = NDArray[np.float64]

_LARGE = 1e100


@dataclass(frozen=True, eq=False)
class Profile:
    """Intervals in which the least weighted squares, over all other parameters, stay below a limit.

    With one quantity given and one exponent, what is left of the curve has a single free factor.
    """

    problem: Problem
    #: largest sum of weighted squares that is accepted
    limit: float

    def zero(self, best: float) -> tuple[float, float]:
        """Interval of the zero-pressure density, g/cm³: the curve goes through zero there.

        0 or infinite where the points set no bound.
        """
        rho = self.problem.densities
        bounds = (0.1 * float(rho.min()), 10.0 * float(rho.max()))
        low, high = self._interval(lambda n, value: (0.0, phi(n, np.log(rho / value))), best, 1e-4 * best, bounds)
        return max(low, 0.0), high

    def pressure(self, best: float, density: float) -> tuple[float, float]:
        """Interval of the pressure at a density, bar: the curve goes through it there."""
        x = np.log(self.problem.densities / density)
        step = 1e-3 * abs(best) + 0.1 * float(self.problem.sigma.min())
        return self._interval(lambda n, value: (value, phi(n, x)), best, step)

    def exponent(self, best: float) -> tuple[float, float]:
        """Interval of the exponent; infinite where it cannot be told within what is looked at."""
        if self.problem.exponent is not None:
            return best, best
        low = self._end(self.problem.chi2_of_exponent, best, -0.05, EXPONENTS[0])
        return low, self._end(self.problem.chi2_of_exponent, best, 0.05, EXPONENTS[1])

    def a(self, best: float) -> tuple[float, float]:
        """Interval of a, bar/(g/cm³)ⁿ."""
        rho = self.problem.densities
        return self._interval(lambda n, value: (value * rho**n, np.ones_like(rho)), best, 0.02 * abs(best))

    def b(self, best: float) -> tuple[float, float]:
        """Interval of b, bar."""
        rho = self.problem.densities / self.problem.center
        return self._interval(lambda n, value: (value, rho**n), best, 0.02 * abs(best))

    def modulus(self, best: float) -> tuple[float, float]:
        """Interval of the bulk modulus at the zero, bar, which gives b = −K/n for each exponent."""
        rho = self.problem.densities / self.problem.center

        def parts(n: Floats, value: float) -> Parts:
            n = np.where(n == 0.0, 1e-9, n)  # its curve is as good as that of the exponents beside it
            return -value / n, rho**n

        low, high = self._interval(parts, best, 0.01 * best, (0.0, _LARGE))
        return max(low, 0.0), high

    def _interval(
        self,
        parts: Callable[[Floats, float], Parts],
        best: float,
        step: float,
        bounds: tuple[float, float] = (-_LARGE, _LARGE),
    ) -> tuple[float, float]:
        def chi2(value: float) -> float:
            return self.problem.chi2(lambda n: parts(n, value))

        low = self._end(chi2, best, -step, bounds[0])
        return low, self._end(chi2, best, step, bounds[1])

    def _end(self, chi2: Callable[[float], float], best: float, step: float, bound: float) -> float:
        """Go outwards in growing steps until the fit is too bad, then back to where it becomes so."""
        inner = best
        while inner != bound:
            outer = max(inner + step, bound) if step < 0.0 else min(inner + step, bound)
            if not chi2(outer) <= self.limit:
                excess = lambda value: min(chi2(value) - self.limit, _LARGE)  # noqa: E731
                return float(scipy.optimize.brentq(excess, inner, outer, xtol=1e-9 * abs(best) + 1e-300))
            inner, step = outer, 2.0 * step
        return float(np.copysign(np.inf, step))
