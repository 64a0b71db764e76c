"""When two numbers, or two curves, agree, differ, or cannot be told apart from noise."""

from __future__ import annotations

__all__ = [
    "AGREE_SIGMAS", "DIFFER_SIGMAS", "FREEDOM_PER_SAMPLE", "MIN_EFFECTIVE", "NOISE_RATIO", "Difference", "Verdict",
    "combined_freedom", "critical_sigmas", "judge_scalar", "signed",
]  # fmt: skip

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from ecemc.analysis.checks import MIN_EFFECTIVE
from ecemc.comparison.names import unit_text
from ecemc.text import number, with_error

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ecemc.comparison.sources import Scalar

Verdict = Literal["agree", "differ", "cannot tell"]

#: A difference within that many combined standard errors is none: 95 of 100 chance differences are smaller.
AGREE_SIGMAS = 2.0
#: A difference beyond that many is real: 997 of 1000 chance differences are smaller. Between the two nobody can tell.
DIFFER_SIGMAS = 3.0
#: Degrees of freedom of the error of a correlated series for each independent sample. The number of samples is itself
#: estimated: with n of them the correlation time has a relative error of sqrt(6/n) (Madras and Sokal, window of three
#: correlation times) and the variance one of sqrt(2/n), together that of a variance from n/4 samples. Measured on pairs
#: of equal random series with 8 to 20 samples each: with n degrees of freedom 2 to 6 of 100 seem to differ, with n/4
#: 0 to 2.
FREEDOM_PER_SAMPLE = 0.25
#: Two curves whose mean distance is more than that many times what their errors explain do not simply agree.
NOISE_RATIO = 2.0


@dataclass(frozen=True)
class Difference:
    """A result minus the reference."""

    value: float
    #: combined standard error; NaN if one is not known
    stderr: float
    #: value over error
    sigmas: float
    verdict: Verdict
    #: the verdict in words
    sentence: str


def critical_sigmas(sigmas: float, freedom: float | NDArray[np.float64], tries: int = 1) -> NDArray[np.float64]:
    """Turn a limit meant for one well-known difference into one for errors from few samples and for many looks.

    Errors from few independent samples are themselves uncertain, which Student's t accounts for; of many bins one is
    far off by chance, for which the probability is divided by their number (Bonferroni).

    Parameters
    ----------
    sigmas
        Limit for a normal distribution, two-sided.
    freedom
        Degrees of freedom behind the error.
    tries
        Number of differences looked at.

    Examples
    --------
    >>> [round(float(critical_sigmas(3.0, freedom)), 1) for freedom in (np.inf, 20.0, 2.0)]
    [3.0, 3.4, 19.2]
    >>> round(float(critical_sigmas(3.0, np.inf, tries=200)), 1)
    4.4
    """
    from scipy.stats import norm, t  # noqa: PLC0415  (takes longer than everything else that "import ecemc" does)

    tail = norm.sf(sigmas) / tries
    freedom = np.asarray(freedom, dtype=np.float64)
    normal = np.full(freedom.shape, norm.isf(tail))
    return np.where(np.isinf(freedom), normal, t.isf(tail, np.where(np.isinf(freedom), 1.0, freedom)))


def combined_freedom(
    first: NDArray[np.float64] | float, of_first: float, second: NDArray[np.float64] | float, of_second: float
) -> NDArray[np.float64]:
    """Degrees of freedom of the difference of two means with these errors of so many degrees of freedom (Welch).

    At least 1 each; infinite where both errors are zero or the numbers are not known (NaN).
    """
    a, b = np.asarray(first, dtype=np.float64) ** 2, np.asarray(second, dtype=np.float64) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        found = (a + b) ** 2 / (a**2 / np.maximum(of_first, 1.0) + b**2 / np.maximum(of_second, 1.0))
    return np.where(np.isfinite(found), found, np.inf)


def judge_scalar(reference: Scalar, other: Scalar, unit: str, *, relative: bool = True) -> Difference:
    """Compare two means: agree, differ, or cannot tell, and why; ``relative``: give the share of the value too."""
    unit = unit_text(unit)
    delta, error, sigmas = _difference(reference, other)
    if math.isnan(sigmas):
        sentence = "There is no error to judge the difference by."
        return Difference(delta, error, sigmas, "cannot tell", sentence)
    share = f", {signed(100.0 * delta / abs(reference.value))}%" if relative and reference.value and delta else ""
    shown, off = f"{signed(delta, error)}{unit}{share}", f"{abs(sigmas):.1f}σ"
    verdict: Verdict = "cannot tell"
    fewest = min((n for n in (reference.n_effective, other.n_effective) if not math.isnan(n)), default=math.inf)
    freedom = combined_freedom(
        reference.stderr,
        FREEDOM_PER_SAMPLE * reference.n_effective,
        other.stderr,
        FREEDOM_PER_SAMPLE * other.n_effective,
    )
    if reservation := reference.reservation or other.reservation:
        sentence = f"Difference {shown}, but {reservation}."
    elif error == 0.0:
        verdict = "differ" if delta else "agree"
        sentence = f"Both are fixed, {shown} apart." if delta else "Both are fixed at the same value."
    elif abs(sigmas) > float(critical_sigmas(DIFFER_SIGMAS, freedom)):
        verdict, sentence = "differ", f"Off by {shown} ({off})."
    elif fewest < MIN_EFFECTIVE:
        sentence = f"Difference {shown} ({off}), but only {fewest:.1f} independent samples in one of the runs."
    elif abs(sigmas) <= AGREE_SIGMAS:
        verdict = "agree"
        sentence = f"Difference {shown} ({off}), within errors."
    else:
        sentence = f"Difference {shown} ({off}): run longer to decide."
    return Difference(delta, error, sigmas, verdict, sentence)


def _difference(reference: Scalar, other: Scalar) -> tuple[float, float, float]:
    """Difference, error and ratio; what is rounding of a fixed value counts as zero."""
    rounding = 1e-9 * max(abs(reference.value), abs(other.value))
    delta = other.value - reference.value
    error = math.hypot(reference.stderr, other.stderr)
    delta = 0.0 if abs(delta) <= rounding else delta
    error = 0.0 if error <= 1e-3 * rounding else error
    if error == 0.0 and delta:
        return delta, error, math.copysign(math.inf, delta)
    return delta, error, delta / error if error else 0.0


def signed(value: float, error: float = math.nan) -> str:
    """Write a difference with its sign.

    Examples
    --------
    >>> signed(0.0123, 0.0041), signed(-2.5)
    ('+0.0123 ± 0.0041', '−2.5')
    """
    text = with_error(value, error) if math.isfinite(error) else number(value, 2)
    return text if value < 0.0 else f"+{text}"
