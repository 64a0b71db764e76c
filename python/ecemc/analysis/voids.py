"""Bubbles: whether the largest hole in the liquid is larger than a liquid's holes are."""

from __future__ import annotations

__all__ = ["ATTENTION_RATIO", "FAIL_RATIO", "MIN_MOLECULES", "check_voids", "void_thresholds"]

from typing import TYPE_CHECKING

import numpy as np

from ecemc.analysis.checks import Check

if TYPE_CHECKING:
    from ecemc.analysis.result import Analysis, Series

#: Radius of the largest sphere that touches no atom (van der Waals surfaces) in units of the molecular spacing
#: (V/N)^(1/3), measured on EC:EMC (1:2) liquids in OPLS-AA, boxes of 48 molecules: 0.31 to 0.54 in 40 ps at 400 K and
#: 1 atm (0.99 g/cm³), 0.39 to 0.51 at 500 K (0.88 g/cm³), 0.88 to 1.09 in the cavity that opens when the box is held at
#: 0.60 g/cm³ and 350 K. In the 12-molecule boxes of the DFT training set it is 0.26 to 0.40 above 0.75 g/cm³ and 0.64
#: to 0.71 where the liquid is stretched to 0.48 g/cm³.
ATTENTION_RATIO = 0.65
FAIL_RATIO = 0.8
#: Fewer molecules in a frame make no liquid that could have a bubble.
MIN_MOLECULES = 8


def void_thresholds(analysis: Analysis) -> tuple[float, float]:
    """Radii in Å from which on a hole deserves attention and is a bubble, at the mean molecular spacing of the run."""
    return ATTENTION_RATIO * analysis.molecular_spacing, FAIL_RATIO * analysis.molecular_spacing


def check_voids(radius: Series, ratio: Series, first_frame: int = 0) -> Check:
    """Ask whether there is a bubble."""
    place = int(np.nanargmax(ratio.values))
    largest, share, worst = float(radius.values[place]), float(ratio.values[place]), first_frame + place
    usual = float(np.nanmedian(radius.values))
    measured = (
        f"radius up to {largest:.1f} Å (frame {worst}), {share:.2f} molecular spacings, "
        f"{largest / usual:.1f}× the median"
    )
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
