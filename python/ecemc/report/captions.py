"""What each figure shows and what to look for."""

from __future__ import annotations

__all__ = ["CAPTIONS", "alt_text"]

from typing import TYPE_CHECKING

from ecemc.text import number, with_error

if TYPE_CHECKING:
    from ecemc.analysis import Analysis

CAPTIONS = {
    "density": (
        "Density of every frame, its running mean over a twentieth of the run, and the mean with its standard error "
        "(band) after the part left out as equilibration (grey). A sound run wanders about a level mean many times; a "
        "slope, or one that bends away late, is an unstable or unfinished run."
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
    "rdf": (
        "Radial distribution functions of all pairs of elements, normalised pair by pair; the intermolecular part "
        "must settle at 1, its band is the standard error from blocks of frames. Grey: atoms of the same molecule, "
        "clipped. Dashed: how many atoms of the second element in other molecules surround one of the first within r "
        "(right axis)."
    ),
    "local_composition": (
        "How many molecules of each species (centres of mass) surround a molecule. Line: the same total number of "
        "neighbours drawn at random from the other molecules of the box. Bars to the right of the line show "
        "preference, bars to the left avoidance."
    ),
    "thermodynamics": (
        "Quantities that the file itself gives, with running mean, mean and standard error. Look for jumps and "
        "slopes, and for a temperature away from its target."
    ),
}

_TITLES = {
    "density": "Density over time with its histogram",
    "voids": "Radius of the largest empty sphere over time",
    "molecules": "Number of broken and formed bonds over time",
    "rdf": "Partial radial distribution functions",
    "local_composition": "Distribution of the numbers of neighbouring molecules",
    "thermodynamics": "Energy, temperature and pressure over time",
}


def alt_text(name: str, analysis: Analysis) -> str:
    """One sentence in place of a figure, with its main number where there is one."""
    main = {"density": "density", "voids": "largest_void", "thermodynamics": "energy"}.get(name)
    if main is None or main not in analysis.series:
        return f"{_TITLES[name]}."
    series = analysis.series[main]
    if series.statistics is None:
        return f"{_TITLES[name]}; {number(series.values[0])} {series.unit} in the first frame."
    value = with_error(series.statistics.mean, series.statistics.stderr)
    return f"{_TITLES[name]}; mean {main.replace('_', ' ')} {value} {series.unit}."
