"""Diagnosis of a model: stable or not, what is to blame, how sure, and what to do about it."""

from __future__ import annotations

from ecemc.diagnosis.advice import ACTIONS, Action, Advice
from ecemc.diagnosis.evidence import Density, EquationOfState, Errors, Evidence, Run, Source
from ecemc.diagnosis.finding import CAUSES, PARTS, Finding, Number
from ecemc.diagnosis.gather import gather
from ecemc.diagnosis.limits import LIMITS, Limit
from ecemc.diagnosis.result import SCHEMA, Blame, Diagnosis, Judged, Missing
from ecemc.diagnosis.rules import RULES
from ecemc.diagnosis.run import diagnose, diagnose_evidence

__all__ = [
    "ACTIONS",
    "CAUSES",
    "LIMITS",
    "PARTS",
    "RULES",
    "SCHEMA",
    "Action",
    "Advice",
    "Blame",
    "Density",
    "Diagnosis",
    "EquationOfState",
    "Errors",
    "Evidence",
    "Finding",
    "Judged",
    "Limit",
    "Missing",
    "Number",
    "Run",
    "Source",
    "diagnose",
    "diagnose_evidence",
    "gather",
]
