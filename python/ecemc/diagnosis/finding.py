"""What a rule says about one part of a model: how bad, how sure, why, and what to do."""

from __future__ import annotations

__all__ = ["CAUSES", "OBSERVED", "PARTS", "Confidence", "Finding", "Number", "Severity", "confidence_word", "graded"]

import math
from dataclasses import dataclass
from typing import Literal

from ecemc.diagnosis.limits import LIMIT_SPREAD, LIMITS

Severity = Literal["sound", "weak", "bad", "unknown"]
Confidence = Literal["almost certain", "very likely", "likely", "borderline", "undecided"]

#: Standard errors of what was seen with one's own eyes, such as a run that was stopped: all that are counted.
OBSERVED = 9.0
#: Parts of a model that can be to blame; what is missing in the data goes before what follows from it.
CAUSES = (
    "isolated molecules", "composition", "intermolecular energy", "intermolecular virial", "intermolecular forces",
    "wall", "minimum", "tail", "smoothness", "temperature", "intramolecular forces",
)  # fmt: skip
#: All parts: causes, and what shows in runs.
PARTS = ("stability", "density", "structure", *CAUSES, "thermostat", "statistics")


@dataclass(frozen=True)
class Number:
    """A number that a finding rests on."""

    name: str
    value: float
    unit: str
    #: name of the limit it was held against, see :data:`ecemc.diagnosis.LIMITS`; empty if there is none
    limit: str = ""


@dataclass(frozen=True)
class Finding:
    """What a rule found.

    Examples
    --------
    >>> found = Finding("wall", "bad", 2.4, "The wall is too soft.", (Number("error", 5.0, "1", "wall"),), ("wall",))
    >>> found.confidence
    'very likely'
    """

    #: one of :data:`PARTS`
    part: str
    severity: Severity
    #: how far the evidence lies from the limit, in units of its own error (and that of the limit)
    sigmas: float
    #: for people
    sentence: str
    numbers: tuple[Number, ...] = ()
    #: names of actions, the best first, see :data:`ecemc.diagnosis.ACTIONS`
    advice: tuple[str, ...] = ()
    #: whether it means that the liquid does not hold together at constant pressure
    unstable: bool = False

    @property
    def confidence(self) -> Confidence:
        """How sure, in words."""
        return confidence_word(self.sigmas)


def confidence_word(sigmas: float) -> Confidence:
    """Say standard errors in words: 3 is a chance of 1 in 700 to be on the other side, 2 of 1 in 40, 1 of 1 in 6.

    Examples
    --------
    >>> [confidence_word(sigmas) for sigmas in (-4.0, 2.5, 1.0, 0.3, 0.0)]
    ['almost certain', 'very likely', 'likely', 'borderline', 'undecided']
    """
    words: tuple[Confidence, ...] = ("borderline", "likely", "very likely", "almost certain")
    return words[min(3, int(abs(sigmas)))] if math.isfinite(sigmas) and sigmas else "undecided"


def graded(value: float, limit: str, n: float = math.inf) -> tuple[Severity, float]:
    """Hold the size of a number against a limit.

    Parameters
    ----------
    value
        In the unit of the limit; its sign does not matter.
    limit
        One of :data:`ecemc.diagnosis.LIMITS`.
    n
        Number of independent errors that a root mean square comes from. Its own relative error is then 1/√(2n).

    Returns
    -------
    tuple
        Severity, and the distance from the limit in standard errors: of the logarithm, since both the number and the
        limit are known to a factor.

    Examples
    --------
    >>> severity, sigmas = graded(5.0, "energy", n=20)
    >>> severity, round(sigmas, 1), graded(0.5, "energy")[0], graded(2.0, "energy")[0]
    ('bad', 3.7, 'sound', 'weak')
    """
    if not math.isfinite(value):
        return "unknown", 0.0
    allowed = LIMITS[limit]
    severity: Severity = "sound" if abs(value) <= allowed.fine else "weak" if abs(value) < allowed.bad else "bad"
    distance = math.log(max(abs(value), 1e-9) / allowed.fine)
    sigmas = distance / math.hypot(LIMIT_SPREAD, 1.0 / math.sqrt(2.0 * max(n, 1.0)))
    return severity, max(-OBSERVED, min(OBSERVED, sigmas))
