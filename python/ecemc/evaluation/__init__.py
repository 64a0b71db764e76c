"""Many configurations through one method: in parallel, past failures, never twice."""

from __future__ import annotations

from ecemc.evaluation.compute import compute
from ecemc.evaluation.evaluate import Outcome, evaluate
from ecemc.evaluation.label import FailedFrame, LabelResult, label
from ecemc.evaluation.ledger import Ledger

__all__ = ["FailedFrame", "LabelResult", "Ledger", "Outcome", "compute", "evaluate", "label"]
