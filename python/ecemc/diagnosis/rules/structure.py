"""Rules about ``ecemc compare``: structure of the model's liquid beside that of the reference."""

from __future__ import annotations

__all__ = ["structure"]

from typing import TYPE_CHECKING

from ecemc.comparison.names import curve_title
from ecemc.diagnosis.finding import OBSERVED, Finding, Number

if TYPE_CHECKING:
    from ecemc.comparison import Comparison, CurveComparison
    from ecemc.diagnosis.evidence import Evidence

_NAMES = {"inter": "between molecules", "centers": "of centres of mass", "intra": "within molecules"}
_ADVICE = {"inter": ("liquid", "expanded"), "centers": ("liquid", "compositions"), "intra": ("conformers",)}


def structure(evidence: Evidence) -> list[Finding]:
    """Ask whether the RDFs are those of the reference (section 2.4, figure 4A-C)."""
    found = evidence.comparison
    if found is None:
        return []
    return [
        _judged(found, part, rows) for part in _NAMES if (rows := [row for row in found.curves if row.part == part])
    ]


def _judged(comparison: Comparison, part: str, rows: list[CurveComparison]) -> Finding:
    verdicts = [row.differences[0].largest for row in rows]
    differ = [row for row, verdict in zip(rows, verdicts, strict=True) if verdict.verdict == "differ"]
    numbers = (Number(f"different RDFs {_NAMES[part]} (of {len(rows)})", len(differ), "1"),)
    if differ:
        worst = max(differ, key=lambda row: abs(row.differences[0].largest.sigmas))
        largest = worst.differences[0].largest
        others = f" and {len(differ) - 1} more differ" if len(differ) > 1 else " differs"
        sentence = f"{curve_title(part, worst.pair)}{others} from the reference. {largest.sentence}"
        if _other_density(comparison):
            sentence += " The densities differ too, and with them any g(r)."
        return Finding("structure", "weak", min(OBSERVED, abs(largest.sigmas)), sentence, numbers, _ADVICE[part])
    if all(verdict.verdict == "agree" for verdict in verdicts):
        return Finding("structure", "sound", 2.0, f"All RDFs {_NAMES[part]} are those of the reference.", numbers)
    sentence = f"No RDF {_NAMES[part]} differs for certain, but not all are known well enough to agree."
    return Finding("structure", "unknown", 0.0, sentence, numbers, ("longer",))


def _other_density(comparison: Comparison) -> bool:
    row = comparison.scalars.get("density")
    return row is not None and row.differences[0].verdict == "differ"
