"""Rules about ``ecemc errors``: which part of energy, forces and virial is wrong."""

from __future__ import annotations

__all__ = [
    "composition_errors", "intermolecular_energy", "intermolecular_forces", "intermolecular_virial",
    "intramolecular_forces", "isolated_molecules",
]  # fmt: skip

import math
import re
from typing import TYPE_CHECKING

from ecemc.diagnosis.finding import Finding, Number, graded
from ecemc.diagnosis.limits import LIMITS
from ecemc.text import number, with_error

if TYPE_CHECKING:
    from ecemc.diagnosis.evidence import Errors, Evidence
    from ecemc.diagnosis.finding import Severity
    from ecemc.metrics import ErrorRow

_MEV = 1000.0
#: Intermolecular errors below that share of the others are no part of these.
_SAME = 0.1
#: meV/atom of virial up to which what it does to the density is in proportion to it.
_FAR = 10.0
#: Intra- and intermolecular errors that many times the total one cancel each other, so neither is real.
_CANCEL = 3.0


def cancelling(errors: Errors | None) -> bool:
    """Whether intra- and intermolecular energies are wrong by much more than their sum, and by the opposite."""
    rows = [errors.liquid("energy", part) for part in ("total", "intra", "inter")] if errors else []
    if not rows or any(row is None for row in rows):
        return False
    total, intra, inter = (row.rmse for row in rows if row is not None)
    return min(intra, inter) > _CANCEL * total and _MEV * intra > LIMITS["energy"].bad


def other_zero(errors: Errors) -> bool:
    """Whether the two methods count energies from other zeros: at all compositions, liquid and molecules are off alike.

    A model that extrapolates in composition is right at some composition, which tells the two apart.
    """
    groups = [group for group in errors.groups("composition") if _is_liquid(group)]
    places = [("composition", group) for group in groups] or [("all", "all")]
    for by, group in places:
        rows = [errors.row("energy", part, by, group) for part in ("total", "intra", "inter")]
        known = [row.rmse for row in rows if row is not None]
        if len(known) < 3 or not known[2] < _SAME * min(known[0], known[1]):
            return False
    return True


def isolated_molecules(evidence: Evidence) -> list[Finding]:
    """Ask whether the model knows molecules on their own (section 2.6: Gen10 did not, Gen11 did)."""
    errors = evidence.errors
    row = errors.liquid("energy", "intra") if errors else None
    if errors is None or row is None:
        return []
    error, n = _MEV * row.rmse, errors.n_frames
    numbers = (Number("intramolecular energy RMSE", error, "meV/atom", "energy"),)
    if other_zero(errors):
        sentence = "Liquid and molecules are off by the same energy: the methods seem to count from different zeros."
        return [Finding("isolated molecules", "unknown", 0.0, sentence, numbers)]
    if not cancelling(errors):
        severity, sigmas = graded(error, "energy", n)
        known = "well" if severity == "sound" else "roughly" if severity == "weak" else "badly"
        sentence = f"Molecules cut out of the liquid are known {known}: {number(error, 2)} meV/atom."
        return [Finding("isolated molecules", severity, sigmas, sentence, numbers, ("isolated", "sparse"))]
    _, sigmas = graded(error, "energy", n)
    sentence = (
        f"Isolated molecules are wrong by {number(error, 3)} meV/atom, and the intermolecular part by the opposite: "
        "the model has not seen molecules on their own, so its parts mean nothing yet."
    )
    return [Finding("isolated molecules", "bad", sigmas, sentence, numbers, ("isolated", "expanded"))]


def intermolecular_energy(evidence: Evidence) -> list[Finding]:
    """Ask for 1 meV/atom between molecules (section 2.9)."""
    errors = evidence.errors
    row = errors.liquid("energy", "inter") if errors else None
    if errors is None or row is None:
        return []
    error, bias = _MEV * row.rmse, _MEV * row.bias
    severity, sigmas = graded(error, "energy", row.n)
    numbers = (
        Number("intermolecular energy RMSE", error, "meV/atom", "energy"),
        Number("its mean error", bias, "meV/atom"),
    )
    if cancelling(errors):
        sentence = (
            f"The intermolecular energy is off by {number(error, 3)} meV/atom, but that is the error of the isolated "
            "molecules passed on: how good it is cannot be told."
        )
        return [Finding("intermolecular energy", "unknown", 0.0, sentence, numbers)]
    way = "too weakly bound" if bias > 0.0 else "too strongly bound"
    lean = f", on average {way} by {number(abs(bias), 2)}" if abs(bias) > 0.5 * error else ""
    sentence = f"The intermolecular energy is right to {number(error, 2)} meV/atom{lean}; a liquid needs about 1."
    if severity == "bad":
        sentence = (
            f"The intermolecular energy is wrong by {number(error, 2)} meV/atom{lean}; a liquid needs about 1, and "
            "4 to 9 were enough for density fluctuations that are not physical."
        )
    return [Finding("intermolecular energy", severity, sigmas, sentence, numbers, ("liquid", "expanded", "sparse"))]


def intermolecular_virial(evidence: Evidence) -> list[Finding]:
    """Ask whether the pressure is right on average; its scatter averages out."""
    errors = evidence.errors
    part = "total" if cancelling(errors) else "inter"
    row = errors and (errors.liquid("virial", part) or errors.liquid("virial", "total"))
    if errors is None or not row:
        return []
    # The row's mean is over nine components, of which three are diagonal and the others average to nothing.
    bias = 3.0 * _MEV * row.bias
    stderr = _MEV * row.rmse / math.sqrt(max(1, errors.n_frames))
    numbers = (
        Number(f"{row.part} virial, mean error of the diagonal", bias, "meV/atom", "virial"),
        Number("its standard error", stderr, "meV/atom"),
    )
    severity, sigmas = graded(bias, "virial")
    off = f"The virial is off by {with_error(bias, stderr)} meV/atom on average"
    if abs(bias) < 2.0 * stderr and stderr > LIMITS["virial"].fine:
        sentence = f"{off}: {errors.n_frames} frames are too few to tell what that does to the pressure."
        return [Finding("intermolecular virial", "unknown", 0.0, sentence, numbers)]
    way = "low" if bias > 0.0 else "high"  # a virial that is too positive pushes outwards
    sigmas = min(sigmas, (abs(bias) - LIMITS["virial"].fine) / stderr) if stderr > 0.0 else sigmas
    share = f"about {0.01 * abs(bias):.0%}" if abs(bias) < _FAR else "far"
    then = "" if severity == "sound" else f", which makes the density {share} too {way}"
    sentence = f"{off}{then}."
    return [Finding("intermolecular virial", severity, sigmas, sentence, numbers, ("virials", "liquid"))]


def intermolecular_forces(evidence: Evidence) -> list[Finding]:
    """Ask whether forces between molecules are better than none (section 2.6); of the motion if parts mean nothing."""
    errors = evidence.errors
    if errors is None:
        return []
    inter = None if cancelling(errors) else errors.liquid("forces", "inter")
    row = inter or max(
        filter(None, (errors.liquid("forces", "trans"), errors.liquid("forces", "rot"))),
        key=lambda row: row.rrmse,
        default=None,
    )
    if row is None or not math.isfinite(row.rrmse):
        return []
    severity, sigmas = graded(row.rrmse, "inter_forces", errors.n_frames)
    name = {"inter": "between molecules", "trans": "that move molecules", "rot": "that turn molecules"}[row.part]
    numbers = [
        Number(f"RRMSE of forces {name}", row.rrmse, "1", "inter_forces"),
        Number("RMSE", _MEV * row.rmse, "meV/Å"),
    ]
    total = errors.liquid("forces", "total")
    small = ""
    if total is not None:
        numbers.append(Number("RRMSE of all forces", total.rrmse, "1"))
        if severity != "sound":
            small = f" The total force looks good beside it ({number(total.rrmse, 2)}): it is that within molecules."
    sentence = f"Forces {name} have a relative error of {number(row.rrmse, 2)}{_worth(severity)}.{small}"
    return [
        Finding("intermolecular forces", severity, sigmas, sentence, tuple(numbers), ("liquid", "smoother", "sparse"))
    ]


def _worth(severity: Severity) -> str:
    return "" if severity == "sound" else ", no better than no force at all"


def intramolecular_forces(evidence: Evidence) -> list[Finding]:
    """Ask whether molecules hold together as they should (section 2.6: 0.09)."""
    errors = evidence.errors
    row = errors and _first(errors.liquid("forces", "vib"), errors.liquid("forces", "total"))
    if errors is None or row is None or not row or not math.isfinite(row.rrmse):
        return []
    severity, sigmas = graded(row.rrmse, "intra_forces", errors.n_frames)
    what = "vibration" if row.part == "vib" else "all forces together, which are those within molecules,"
    sentence = f"Forces of {what} have a relative error of {number(row.rrmse, 2)}; 0.1 is good."
    numbers = (Number(f"RRMSE of {row.part} forces", row.rrmse, "1", "intra_forces"),)
    return [Finding("intramolecular forces", severity, sigmas, sentence, numbers, ("conformers", "sparse"))]


def _first(*rows: ErrorRow | None) -> ErrorRow | None:
    return next((row for row in rows if row is not None), None)


def composition_errors(evidence: Evidence) -> list[Finding]:
    """Ask whether all compositions are equally good, in the total energy or between molecules (section 2.8)."""
    errors = evidence.errors
    if errors is None:
        return []
    parts = ("total",) if cancelling(errors) else ("inter",) if other_zero(errors) else ("total", "inter")
    found = [spread for part in parts if (spread := _spread(errors, part)) is not None]
    if not found:
        return []
    ratio, known = max(found, key=lambda spread: spread[0])
    best, worst = known[0], known[-1]
    error = _MEV * worst.rmse
    severity, sigmas = graded(ratio, "composition", min(best.n, worst.n))
    if error <= LIMITS["energy"].fine:
        severity = "sound"
    numbers = (
        *(Number(f"{row.part} energy RMSE of {row.group}", _MEV * row.rmse, "meV/atom", "energy") for row in known),
        Number("worst over best", ratio, "1", "composition"),
    )
    sentence = f"All {len(known)} compositions are about equally good; the worst is {worst.group}."
    if severity != "sound":
        sentence = (
            f"At {worst.group} the energy is wrong by {number(error, 2)} meV/atom, {number(ratio, 2)} times as much as "
            f"at {best.group}: the model extrapolates in composition."
        )
    return [Finding("composition", severity, sigmas, sentence, numbers, ("compositions",))]


def _spread(errors: Errors, part: str) -> tuple[float, list[ErrorRow]] | None:
    """Energy errors of liquids by composition, the best first, and worst over best; None unless there are two."""
    rows = [errors.row("energy", part, "composition", group) for group in errors.groups("composition")]
    known = sorted((row for row in rows if row is not None and _is_liquid(row.group)), key=lambda row: row.rmse)
    if len(known) < 2:
        return None
    return known[-1].rmse / max(known[0].rmse, LIMITS["energy"].fine / _MEV), known


def _is_liquid(composition: str) -> bool:
    """Whether a composition such as ``4EC:8EMC`` is more than one molecule."""
    return sum(map(int, re.findall(r"(?:^|:)(\d+)", composition))) > 1
