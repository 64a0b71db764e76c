"""Many runs from one plan: all combinations of temperatures, compositions, densities, models, seeds."""

from __future__ import annotations

from ecemc.sweep.grid import Run, expand
from ecemc.sweep.plan import Plan, make_plan, read_plan
from ecemc.sweep.run import RunStatus, SweepResult, sweep, sweep_status

__all__ = ["Plan", "Run", "RunStatus", "SweepResult", "expand", "make_plan", "read_plan", "sweep", "sweep_status"]
