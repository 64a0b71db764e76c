"""Bubbles: is the largest hole in the liquid larger than a liquid's holes are?"""

from __future__ import annotations

__all__ = ["ATTENTION_RATIO", "FAIL_RATIO", "check_voids", "void_thresholds"]

from typing import TYPE_CHECKING

import numpy as np

from ecemc.analysis.checks import Check

if TYPE_CHECKING:
    from ecemc.analysis.result import Analysis, Series

#: Radius of the largest empty sphere in units of the molecular spacing (V/N)^(1/3), measured on EC:EMC (1:2) liquids in
#: OPLS-AA, boxes of 48 molecules: 0.53 to 0.73 at 400 K and 1 atm (0.99 g/cm³); 1.04 to 1.26 in the cavity that opens
#: when the same box is held at 0.60 g/cm³ and 350 K. In 12-molecule boxes stretched to 0.48 g/cm³ (DFT training set)
#: holes of 0.69 to 0.83 are seen before they collect into a bubble.
ATTENTION_RATIO = 0.85
#: A sphere whose radius is the distance between molecules: one could put several molecules in.
FAIL_RATIO = 1.0


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
