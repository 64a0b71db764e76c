"""From files to a diagnosis."""

from __future__ import annotations

__all__ = ["diagnose", "diagnose_evidence"]

from typing import TYPE_CHECKING

from ecemc.analysis.checks import MIN_EFFECTIVE
from ecemc.diagnosis.advice import ranked
from ecemc.diagnosis.finding import CAUSES
from ecemc.diagnosis.gather import gather
from ecemc.diagnosis.limits import RUN_LENGTH
from ecemc.diagnosis.missing import missing
from ecemc.diagnosis.result import Blame, Diagnosis, Judged
from ecemc.diagnosis.rules import RULES
from ecemc.text import number

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ecemc.diagnosis.evidence import Evidence
    from ecemc.diagnosis.finding import Finding
    from ecemc.diagnosis.result import Stable


def diagnose(*paths: str | Path, model: str | None = None) -> Diagnosis:
    """Say whether a model gives a stable liquid, what is to blame if not, how sure that is, and what to do.

    Parameters
    ----------
    *paths
        Folders, in which results of the other verbs are found by their content, and such files: errors, a volume scan,
        a comparison with the reference, runs, densities, an equation of state. What is missing is named, with what it
        leaves open.
    model
        Which model, if files are about several: the name of the method, or of its file.

    Returns
    -------
    Diagnosis

    Raises
    ------
    InputError
        If there is no result, or results are of different models.
    FileFormatError
        If a file is damaged or no result.
    FileNotFoundError
        If a path is not there.

    Notes
    -----
    The rules are those of the paper (sections 2.1 to 2.9), with its thresholds where it gives any; each names its
    source, see :data:`ecemc.diagnosis.LIMITS`. They say what to look at first and prove nothing: a model that passes
    them all may still fail in a longer run.

    Examples
    --------
    >>> import json, tempfile
    >>> from ecemc.scans import scan
    >>> from ase.build import bulk
    >>> from ase.calculators.lj import LennardJones
    >>> argon = bulk("Ar", "fcc", a=5.4, cubic=True)
    >>> right, weak = (LennardJones(sigma=3.4, epsilon=e, rc=9.0) for e in (0.01, 0.004))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with open(f"{folder}/scan.json", "w") as file:
    ...         json.dump(scan(argon, right, {"weak": weak}, n_jobs=1).to_dict(), file)
    ...     found = diagnose(folder)
    >>> found.stable, found.to_blame[0].part, found.missing[0].what
    ('not stable', 'tail', 'runs')
    """
    return diagnose_evidence(gather(paths, model))


def diagnose_evidence(evidence: Evidence) -> Diagnosis:
    """Apply all rules to what is known; see :func:`diagnose`.

    Examples
    --------
    >>> from ecemc.diagnosis import Evidence
    >>> diagnose_evidence(Evidence("new model")).stable
    'not yet known'
    """
    judged = tuple(Judged(name, finding) for name, rule in RULES.items() for finding in rule(evidence))
    findings = tuple(entry.finding for entry in judged)
    blamed = _blamed(findings)
    stable, sigmas, reason = _verdict(evidence, findings)
    return Diagnosis(
        model=evidence.model,
        stable=stable,
        sigmas=sigmas,
        sentence=f"{reason} {_blame_sentence(stable, blamed, findings)}".strip(),
        to_blame=blamed,
        judged=judged,
        advice=ranked(findings, evidence),
        missing=missing(evidence),
        evidence=evidence,
    )


def _blamed(findings: Sequence[Finding]) -> tuple[Blame, ...]:
    """Causes that are bad, likely at least; what explains others (isolated molecules) comes first among equals."""
    worst: dict[str, Finding] = {}
    for finding in findings:
        if finding.part in CAUSES and finding.severity == "bad" and finding.sigmas >= 1.0:
            known = worst.get(finding.part)
            if known is None or finding.sigmas > known.sigmas:
                worst[finding.part] = finding
    order = sorted(worst.values(), key=lambda finding: (-min(3, int(finding.sigmas)), CAUSES.index(finding.part)))
    return tuple(Blame(finding.part, finding.sigmas, finding.sentence) for finding in order)


def _verdict(evidence: Evidence, findings: Sequence[Finding]) -> tuple[Stable, float, str]:
    """Stable or not, how sure, and why: what was seen in runs goes before what scans and errors let expect."""
    seen = [finding for finding in findings if finding.part == "stability" and finding.unstable]
    if seen:
        worst = max(seen, key=lambda finding: finding.sigmas)
        return "not stable", worst.sigmas, worst.sentence
    lasting = [run for run in evidence.npt_runs if run.stopped_by is None]
    length = max((run.length for run in lasting), default=0.0)
    samples = max((s.n_effective for run in lasting if (s := run.density_statistics)), default=0.0)
    if length >= RUN_LENGTH and samples >= MIN_EFFECTIVE:
        sigmas = 3.0 if length >= 10.0 * RUN_LENGTH else 2.0
        return "stable", sigmas, f"Nothing went wrong in runs of up to {number(length, 3)} ps."
    expected = [finding for finding in findings if finding.unstable]
    if expected:
        worst = max(expected, key=lambda finding: finding.sigmas)
        held = f" A run of {number(length, 3)} ps did not show it yet." if length else " No run was made to see it."
        return "not stable", min(2.9, worst.sigmas), f"Foreseen from the scan: {worst.sentence}{held}"
    if length:
        return (
            "not yet known",
            0.0,
            f"Nothing went wrong in {number(length, 2)} ps, which is too short to call it stable.",
        )
    return "not yet known", 0.0, "Whether the liquid is stable is not known: there is no run at constant pressure."


def _blame_sentence(stable: Stable, blamed: Sequence[Blame], findings: Sequence[Finding]) -> str:
    if blamed:
        others = [entry.part for entry in blamed[1:4]]
        more = f"; besides, {_listed(others)}" if others else ""
        return f"To blame: {blamed[0].part} ({blamed[0].confidence}){more}."
    wrong = [finding for finding in findings if finding.part == "density" and finding.severity == "bad"]
    if wrong and stable != "not stable":
        return f"{wrong[0].sentence} What is to blame for that is not known."
    weak = list(dict.fromkeys(finding.part for finding in findings if finding.severity == "weak"))
    if stable == "not stable":
        return "What is to blame is not known: look at errors and a volume scan."
    if weak:
        return f"No part is to blame; {_listed(weak[:4])} could be better."
    return "No part is to blame." if findings else ""


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
