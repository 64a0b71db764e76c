"""Two or more analyses side by side: what differs, what agrees, what nobody can tell yet."""

from __future__ import annotations

from ecemc.comparison.curves import CurveDifference
from ecemc.comparison.judgement import AGREE_SIGMAS, DIFFER_SIGMAS, NOISE_RATIO, Difference
from ecemc.comparison.result import (
    SCHEMA,
    Comparison,
    CoordinationComparison,
    CurveComparison,
    LocalComparison,
    ScalarComparison,
)
from ecemc.comparison.run import compare
from ecemc.comparison.sources import Curve, LocalComposition, Motion, Result, Scalar, SeriesValues

__all__ = [
    "AGREE_SIGMAS",
    "DIFFER_SIGMAS",
    "NOISE_RATIO",
    "SCHEMA",
    "Comparison",
    "CoordinationComparison",
    "Curve",
    "CurveComparison",
    "CurveDifference",
    "Difference",
    "LocalComparison",
    "LocalComposition",
    "Motion",
    "Result",
    "Scalar",
    "ScalarComparison",
    "SeriesValues",
    "compare",
]
