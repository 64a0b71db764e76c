"""What each figure shows and what to look for."""

from __future__ import annotations

__all__ = ["CAPTIONS", "TITLES", "alt_text"]

from typing import TYPE_CHECKING

from ecemc.text import number, with_error

if TYPE_CHECKING:
    from ecemc.analysis import Analysis

CAPTIONS = {
    "density": (
        "Density of every frame (of a long run the lowest and the highest of each piece), its running mean over a "
        "twentieth of the run, and the mean with its standard error (band) after the part left out as equilibration "
        "(grey). A sound run wanders about a level mean many times; a slope, or one that bends away late, is an "
        "unstable or unfinished run."
    ),
    "voids": (
        "Radius of the largest sphere that touches no atom, in every frame, with its median and the thresholds at the "
        "mean molecular spacing of the run. In a dense liquid it fluctuates around 0.4 molecular spacings; a bubble is "
        "a hole that grows and stays."
    ),
    "molecules": (
        "Bonds that are missing or new in each frame, compared with the first frame. In a liquid without chemistry "
        "every frame shows zero."
    ),
    "bonds": (
        "Bonds that form and break from one frame to the next, and how many of either there were so far. A bond at the "
        "edge of the criterion comes and goes; a reaction leaves a step in one curve only."
    ),
    "rdf": (
        "Radial distribution functions of all pairs of elements, normalised pair by pair; the intermolecular part "
        "must settle at 1, its band is the standard error from blocks of frames. Grey: atoms of the same molecule, "
        "clipped. Dashed: how many atoms of the second element in other molecules surround one of the first within r "
        "(right axis)."
    ),
    "centers": (
        "Radial distribution functions of centres of mass by species: which molecules sit next to which, and how far "
        "order reaches."
    ),
    "local_composition": (
        "How many molecules of each species (centres of mass) surround a molecule. Line: the same total number of "
        "neighbours drawn at random from the other molecules of the box. Bars to the right of the line show "
        "preference, bars to the left avoidance."
    ),
    "motion": (
        "Mean squared displacement of the centres of mass, unwrapped in a way that is right at constant pressure, with "
        "the error from the spread over molecules. Where a curve runs parallel to the dotted line motion is diffusive; "
        "the grey window is fitted."
    ),
    "temperatures": (
        "Temperatures of translation, rotation and vibration of the molecules. In equilibrium all are equal; bonds of "
        "fixed length make the vibration look colder."
    ),
    "thermodynamics": (
        "Quantities that the file itself gives, with running mean, mean and standard error. Look for jumps and "
        "slopes, and for a temperature away from its target."
    ),
}

#: In the list of contents.
TITLES = {
    "density": "Density",
    "voids": "Voids",
    "molecules": "Changed bonds",
    "bonds": "Bonds formed and broken",
    "rdf": "RDFs",
    "centers": "RDFs of centres of mass",
    "local_composition": "Local composition",
    "motion": "Diffusion",
    "temperatures": "Temperatures of the motions",
    "thermodynamics": "Energy, temperature, pressure",
}
_ALTERNATIVES = {
    "density": "Density over time with its histogram",
    "voids": "Radius of the largest empty sphere over time",
    "molecules": "Number of broken and formed bonds over time",
    "bonds": "Bonds formed and broken in each frame",
    "centers": "Radial distribution functions of centres of mass",
    "motion": "Mean squared displacements over time, both logarithmic",
    "temperatures": "Temperatures of translation, rotation and vibration over time",
    "rdf": "Partial radial distribution functions",
    "local_composition": "Distribution of the numbers of neighbouring molecules",
    "thermodynamics": "Energy, temperature and pressure over time",
}


def alt_text(name: str, analysis: Analysis) -> str:
    """One sentence in place of a figure, with its main number where there is one."""
    main = {"density": "density", "voids": "largest_void", "thermodynamics": "energy"}.get(name)
    if main is None or main not in analysis.series:
        return f"{_ALTERNATIVES[name]}."
    series = analysis.series[main]
    if series.statistics is None:
        return f"{_ALTERNATIVES[name]}; {number(series.values[0])} {series.unit} in the first frame."
    value = with_error(series.statistics.mean, series.statistics.stderr)
    return f"{_ALTERNATIVES[name]}; mean {main.replace('_', ' ')} {value} {series.unit}."
