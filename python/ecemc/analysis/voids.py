"""Bubbles: is the largest hole in the liquid larger than a liquid's holes are?"""

from __future__ import annotations

__all__ = ["ATTENTION_RATIO", "FAIL_RATIO", "check_voids", "void_thresholds"]

from typing import TYPE_CHECKING

import numpy as np

from ecemc.analysis.checks import Check

if TYPE_CHECKING:
    from ecemc.analysis.result import Analysis, Series

#: Largest empty sphere in units of the molecular spacing.
ATTENTION_RATIO = 0.85
FAIL_RATIO = 1.1


def void_thresholds(analysis: Analysis) -> tuple[float, float]:
    """Radii in Å from which on a hole deserves attention and is a bubble, at the mean molecular spacing of the run."""
    return ATTENTION_RATIO * analysis.molecular_spacing, FAIL_RATIO * analysis.molecular_spacing


def check_voids(radius: Series, ratio: Series) -> Check:
    """Is there a bubble?"""
    worst = int(np.argmax(ratio.values))
    largest, share = float(radius.values[worst]), float(ratio.values[worst])
    usual = float(np.median(radius.values))
    measured = f"radius up to {largest:.1f} Å (frame {worst}), {share:.2f} molecular spacings, {largest / usual:.1f}× the median"
    threshold = f"below {ATTENTION_RATIO:g} molecular spacings; from {FAIL_RATIO:g} on it is a bubble"
    if share < ATTENTION_RATIO:
        return Check(
            "voids", "pass", measured, threshold, f"No bubble: the largest hole has a radius of {largest:.1f} Å."
        )
    if share < FAIL_RATIO:
        return Check(
            "voids", "attention", measured, threshold,
            f"An empty sphere of {largest:.1f} Å in frame {worst} is larger than a dense liquid's holes.",
            "Look at the frame. Stretched and very hot liquids have such holes; if they grow, a bubble forms.",
        )  # fmt: skip
    return Check(
        "voids", "fail", measured, threshold,
        f"An empty sphere of {largest:.1f} Å in frame {worst}, {share:.1f} times the distance between molecules, "
        "looks like a bubble.",
        "The model is likely too weakly attractive at this density: add frames around the onset, labelled, and volume "
        "scans to the training set.",
    )  # fmt: skip
