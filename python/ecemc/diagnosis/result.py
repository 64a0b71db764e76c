"""The diagnosis: verdict, what is to blame, findings, advice, and what is not known."""

from __future__ import annotations

__all__ = ["SCHEMA", "Blame", "Diagnosis", "Judged", "Missing", "Stable"]

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from ecemc._core import __version__
from ecemc.diagnosis.finding import confidence_word
from ecemc.diagnosis.limits import LIMITS
from ecemc.text import plain

if TYPE_CHECKING:
    from ecemc.diagnosis.advice import Advice
    from ecemc.diagnosis.evidence import Evidence
    from ecemc.diagnosis.finding import Confidence, Finding, Severity

#: Name and version of the layout of :meth:`Diagnosis.to_dict`.
SCHEMA = "ecemc-diagnosis/1"

Stable = Literal["stable", "not stable", "not yet known"]


@dataclass(frozen=True)
class Judged:
    """A finding and the rule that made it."""

    rule: str
    finding: Finding


@dataclass(frozen=True)
class Blame:
    """A part of the model that is wrong enough to explain a bad liquid."""

    part: str
    #: of the worst finding about it
    sigmas: float
    sentence: str

    @property
    def confidence(self) -> Confidence:
        """How sure, in words."""
        return confidence_word(self.sigmas)


@dataclass(frozen=True)
class Missing:
    """A result that is not there."""

    what: str
    #: what cannot be said without it
    leaves_open: str
    #: how to get it
    command: str


@dataclass(frozen=True, eq=False)
class Diagnosis:
    """Result of :func:`ecemc.diagnosis.diagnose`."""

    #: name of the model
    model: str
    stable: Stable
    #: of the verdict, in standard errors
    sigmas: float
    #: the verdict in words
    sentence: str
    #: the worst first; empty if nothing is
    to_blame: tuple[Blame, ...]
    #: in the order of the rules
    judged: tuple[Judged, ...]
    #: the most useful first
    advice: tuple[Advice, ...]
    missing: tuple[Missing, ...]
    evidence: Evidence

    @property
    def confidence(self) -> Confidence:
        """How sure the verdict is, in words."""
        return confidence_word(self.sigmas)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings, without the names of the rules."""
        return tuple(entry.finding for entry in self.judged)

    @property
    def sound(self) -> bool:
        """Whether nothing is known to be wrong."""
        wrong = any(finding.severity == "bad" and finding.sigmas >= 1.0 for finding in self.findings)
        return self.stable != "not stable" and not wrong

    def severity(self, part: str) -> Severity | None:
        """Worst severity of a part; None if nothing is said about it."""
        order: tuple[Severity, ...] = ("bad", "weak", "unknown", "sound")
        found = {finding.severity for finding in self.findings if finding.part == part}
        return next((severity for severity in order if severity in found), None)

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, strings, lists and dictionaries, valid as strict JSON: what is not a number is None.

        The layout is described by ``diagnosis.schema.json`` beside this module.
        """
        record = {
            "schema": SCHEMA,
            "model": self.model,
            "verdict": {
                "stable": self.stable,
                "confidence": self.confidence,
                "sigmas": self.sigmas,
                "sentence": self.sentence,
            },
            "to_blame": [asdict(entry) | {"confidence": entry.confidence} for entry in self.to_blame],
            "findings": [_finding(entry) for entry in self.judged],
            "advice": [asdict(entry) for entry in self.advice],
            "missing": [asdict(entry) for entry in self.missing],
            "limits": {name: asdict(limit) for name, limit in LIMITS.items()},
            "sources": [
                {"kind": source.kind, "file": source.path.name, "sha256": source.sha256}
                for source in self.evidence.sources
            ],
            "software": {"ecemc": __version__},
        }
        found: dict[str, Any] = plain(record)
        return found


def _finding(entry: Judged) -> dict[str, Any]:
    found = entry.finding
    return {
        "rule": entry.rule,
        "part": found.part,
        "severity": found.severity,
        "confidence": found.confidence,
        "sigmas": found.sigmas,
        "sentence": found.sentence,
        "unstable": found.unstable,
        "numbers": [asdict(number) | {"limit": number.limit or None} for number in found.numbers],
        "advice": found.advice,
    }
