"""Many configurations through one method: in parallel, past failures, never twice."""

from __future__ import annotations

from ecemc.evaluation.engine import Outcome, Tally, evaluate
from ecemc.evaluation.labelling import FailedFrame, LabelResult, label
from ecemc.evaluation.ledger import Ledger
from ecemc.evaluation.single_point import compute

__all__ = ["FailedFrame", "LabelResult", "Ledger", "Outcome", "Tally", "compute", "evaluate", "label"]
