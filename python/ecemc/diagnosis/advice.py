"""What can be done about a model, and what to do first."""

from __future__ import annotations

__all__ = ["ACTIONS", "Action", "Advice", "ranked"]

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ecemc.diagnosis.finding import CAUSES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ecemc.diagnosis.evidence import Evidence
    from ecemc.diagnosis.finding import Finding


@dataclass(frozen=True)
class Action:
    """Something to do."""

    text: str
    #: the verb for it; empty if there is none
    command: str = ""


@dataclass(frozen=True)
class Advice:
    """An action, with what it is for."""

    #: name of the action
    name: str
    text: str
    command: str
    #: parts of the model that it is for
    because: tuple[str, ...]
    #: weight of the findings behind it; the largest comes first
    score: float


#: By name.
ACTIONS: dict[str, Action] = {
    "isolated": Action(
        "Add isolated molecules of every species, cut out of the liquid, to the training set.",
        "ecemc isolate liquid.extxyz -o molecules.extxyz",
    ),
    "expanded": Action(
        "Add boxes of volume scans with molecules pulled apart, s from 1.05 to 1.6, to the training set.",
        "ecemc scan liquid.extxyz --geometries-only --scales 1.05:1.6:6 -o pulled.extxyz",
    ),
    "compressed": Action(
        "Add boxes of volume scans with molecules pushed together, s from 0.88 to 0.97, to the training set.",
        "ecemc scan liquid.extxyz --geometries-only --scales 0.88:0.97:4 -o pushed.extxyz",
    ),
    "compositions": Action(
        "Add liquids of all compositions, from pure EC to pure EMC, to the training set.",
        "ecemc sample 8EC:4EMC -o rich.extxyz",
    ),
    "stop_frames": Action(
        "Label the configurations around the failure, which ecemc md keeps in RUN.stopped.extxyz, and add them.",
        "ecemc label run.stopped.extxyz --method dft.py -o failures.extxyz",
    ),
    "liquid": Action(
        "Add more liquid configurations about the density of the minimum, at several temperatures.",
        "ecemc sample 4EC:8EMC -o more.extxyz",
    ),
    "hotter": Action(
        "Add liquids at the temperature that fails, and beyond it.",
        "ecemc sample 4EC:8EMC --temperature 600 -o hot.extxyz",
    ),
    "conformers": Action(
        "Add isolated molecules from hot runs: bonds, angles and conformations that the liquid rarely shows.",
        "ecemc isolate hot.extxyz -o conformers.extxyz",
    ),
    "virials": Action("Give all liquids virials, converged ones, and check them.", "ecemc check train.extxyz"),
    "sparse": Action("Raise n_sparse: the model is not flexible enough for what it has seen."),
    "smoother": Action(
        "Use Turbo SOAP (preset DTS) or a larger atom_sigma: the model is not smooth enough.",
        "ecemc fit train.extxyz --preset DTS -o model.xml",
    ),
    "longer": Action("Run longer before you trust the answer."),
    "timestep": Action("Use a shorter time step, or looser thermostat and barostat, and check forces and virial.",
                       "ecemc check-calculator liquid.extxyz --model model.xml"),
}  # fmt: skip

#: How much a finding of each severity weighs; the second of its actions counts half as much, the third a third.
_WEIGHT = {"bad": 3.0, "weak": 1.0, "unknown": 0.3, "sound": 0.0}
#: Findings about what shows in runs weigh less than those about what causes it.
_SYMPTOM = 0.5
#: Certainty beyond this does not weigh more.
_CERTAIN = 3.0
#: Types of configurations that an action adds.
_ADDS = {"isolated": "isolated_molecule", "expanded": "volume_scan", "compressed": "volume_scan"}


def ranked(findings: Sequence[Finding], evidence: Evidence) -> tuple[Advice, ...]:
    """Put the actions of all findings in order.

    An action weighs as much as the findings that ask for it: by severity, certainty, and its place among their
    actions; those about causes count twice as much as those about what shows in runs. If the training set is known and
    lacks what an action adds, it counts twice.

    Examples
    --------
    >>> from ecemc.diagnosis import Evidence, Finding
    >>> wall = Finding("wall", "bad", 3.0, "Too soft.", (), ("compressed", "sparse"))
    >>> [(advice.name, advice.score) for advice in ranked([wall], Evidence("model"))]
    [('compressed', 9.0), ('sparse', 4.5)]
    """
    scores: dict[str, float] = defaultdict(float)
    because: dict[str, list[str]] = defaultdict(list)
    for finding in findings:
        weight = _WEIGHT[finding.severity] * max(1.0, min(_CERTAIN, abs(finding.sigmas)))
        weight *= 1.0 if finding.part in CAUSES else _SYMPTOM
        if not weight:
            continue
        for place, name in enumerate(finding.advice):
            lacking = bool(evidence.training) and not evidence.training.get(_ADDS.get(name, ""), name not in _ADDS)
            scores[name] += weight / (1 + place) * (2.0 if lacking else 1.0)
            because[name].append(finding.part)
    order = sorted(scores, key=lambda name: -scores[name])
    return tuple(
        Advice(name, ACTIONS[name].text, ACTIONS[name].command, tuple(dict.fromkeys(because[name])), scores[name])
        for name in order
    )
