"""Two or more results side by side."""

from __future__ import annotations

__all__ = ["compare"]

import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ecemc.comparison.conditions import remarks, same_composition
from ecemc.comparison.curves import common_edges, compare_curves, rebin
from ecemc.comparison.judgement import Difference, judge_scalar
from ecemc.comparison.result import (
    Comparison,
    CoordinationComparison,
    CurveComparison,
    LocalComparison,
    ScalarComparison,
)
from ecemc.comparison.sources import RESULTS, load
from ecemc.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ecemc.analysis import Analysis
    from ecemc.comparison.sources import Curve, Result

#: Quantities that mean nothing between boxes of different mole fractions.
_OF_COMPOSITION = ("energy",)
#: Their zero is arbitrary, or they are near it.
_NO_ZERO = ("energy", "pressure")
#: Not compared: settings, and what says the same as another quantity or nothing between boxes of different sizes.
_LEFT_OUT = ("temperature_target", "volume")


def compare(*results: Analysis | str | Path, labels: Sequence[str] | None = None) -> Comparison:
    """Compare results of :func:`ecemc.analyze`, the first one being the reference.

    Means are compared by their combined standard errors, with Student's t where the samples are few; RDFs bin by bin,
    in common bins, with the limit raised for the number of bins. What the results do not have in common (elements,
    species, quantities) is said and left out.

    Parameters
    ----------
    *results
        Two or more: folders that ``ecemc analyze`` wrote, their ``results.json``, or :class:`ecemc.Analysis` objects.
    labels
        Names of the results in tables and figures, all different; default: names of the folders, or A, B, ...

    Raises
    ------
    InputError
        With fewer than two results, the same one twice, or labels that do not fit.
    FileFormatError
        If a file is no result of an analysis, of an unknown layout, or damaged.
    FileNotFoundError
        If there is no result.

    Examples
    --------
    >>> from ecemc import analyze
    >>> from ecemc.testing import liquid, trajectory
    >>> first, second = (analyze(trajectory(liquid(4, 8, 0.9), 40, seed=seed)) for seed in (1, 2))
    >>> found = compare(first, second, labels=["seed 1", "seed 2"])
    >>> found.labels, found.curves[0].part, found.curves[0].pair
    (('seed 1', 'seed 2'), 'inter', ('C', 'C'))
    """
    if len(results) < 2:
        raise InputError(f"results: got {len(results)}, expected at least two to compare")
    _check_different(results)
    names = _checked_labels(labels, len(results)) if labels is not None else _labels(results)
    loaded = tuple(load(source, label) for source, label in zip(results, names, strict=True))
    return Comparison(
        results=loaded,
        remarks=remarks(loaded),
        scalars=_scalars(loaded),
        curves=_curves(loaded),
        local=_local(loaded),
    )


def _place(source: Analysis | str | Path) -> object:
    """Tell what makes two results the same one."""
    if not isinstance(source, (str, Path)):
        return id(source)
    path = Path(source).resolve()
    return path.parent if path.name == RESULTS else path


def _check_different(results: Sequence[Analysis | str | Path]) -> None:
    seen: set[object] = set()
    for source in results:
        if (place := _place(source)) in seen:
            name = str(source) if isinstance(source, (str, Path)) else "the same Analysis"
            raise InputError(f"results: got {name} twice, expected different results")
        seen.add(place)


def _checked_labels(labels: Sequence[str], n: int) -> list[str]:
    names = [labels] if isinstance(labels, str) else [str(label).strip() for label in labels]
    if len(names) != n or len(set(names)) != n or not all(names):
        shown = ", ".join(map(repr, names))
        raise InputError(f"labels: got {shown}, expected {n} different names, one for each result")
    return names


def _labels(results: Sequence[Analysis | str | Path]) -> list[str]:
    """Name results by the last parts of their paths, as many as tell them apart, and what has no path by a letter."""
    paths = [_place(source) for source in results]
    depth = 1
    while True:
        names = [
            "/".join(path.parts[-depth:]) if isinstance(path, Path) else chr(ord("A") + place)
            for place, path in enumerate(paths)
        ]
        if len(set(names)) == len(names):
            return names
        depth += 1


def _scalars(results: Sequence[Result]) -> dict[str, ScalarComparison]:
    names = dict.fromkeys(name for result in results for name in result.scalars if name not in _LEFT_OUT)
    return {name: _scalar(name, results) for name in names}


def _scalar(name: str, results: Sequence[Result]) -> ScalarComparison:
    reference = results[0]
    unit = next(result.units[name] for result in results if name in result.units)
    differences = []
    for other in results[1:]:
        missing = [result.label for result in (reference, other) if name not in result.scalars]
        if missing:
            why = f"Not known in {' and '.join(missing)}."
        elif other.units[name] != reference.units[name]:
            why = f"Given in {reference.units[name]} and in {other.units[name]}."
        elif name in _OF_COMPOSITION and not same_composition(reference, other):
            why = "Not comparable: the compositions are different."
        else:
            first, second = reference.scalars[name], other.scalars[name]
            differences.append(judge_scalar(first, second, unit, relative=name not in _NO_ZERO))
            continue
        differences.append(Difference(math.nan, math.nan, math.nan, "cannot tell", why))
    values = tuple(result.scalars.get(name) for result in results)
    return ScalarComparison(name, unit, values, tuple(differences))


def _curves(results: Sequence[Result]) -> tuple[CurveComparison, ...]:
    """All pairs that all results have."""
    common = [key for key in results[0].curves if all(key in result.curves for result in results)]
    order = ("inter", "intra", "centers")
    found = []
    for part, pair in sorted(common, key=lambda key: (order.index(key[0]), key[1])):
        curves = [result.curves[part, pair] for result in results]
        edges = common_edges(curves)
        if edges is None:
            continue
        curves = [rebin(curve, edges) for curve in curves]
        if not any(curve.g.any() for curve in curves):
            continue
        differences = tuple(compare_curves(curves[0], curve, peaks=part != "intra") for curve in curves[1:])
        coordination = _coordination(curves) if part != "intra" else ()
        found.append(CurveComparison(part, pair, tuple(curves), differences, coordination))
    return tuple(found)


def _coordination(curves: Sequence[Curve]) -> tuple[CoordinationComparison, ...]:
    """Neighbours up to the first minimum of the reference, for either order of the pair."""
    foot = curves[0].first_minimum
    upper = curves[0].edges[1:]
    if not foot <= upper[-1]:
        return ()
    place = int(np.searchsorted(upper, foot))
    return tuple(
        CoordinationComparison(
            central, around, float(upper[place]),
            tuple(float(curve.coordination[central, around][place]) for curve in curves),
        )
        for central, around in curves[0].coordination
    )  # fmt: skip


def _local(results: Sequence[Result]) -> tuple[LocalComparison, ...]:
    """All pairs of species that all results have, if they count within the same radius."""
    local = [result.local for result in results if result.local is not None]
    if len(local) < len(results) or any(abs(found.radius - local[0].radius) > 1e-9 for found in local):
        return ()
    common = [key for key in local[0].marginals if all(key in found.marginals for found in local)]
    found = []
    for central, around in sorted(common):
        marginals = [entry.marginals[central, around] for entry in local]
        longest = max(map(len, marginals))
        padded: list[NDArray[np.float64]] = [np.pad(p, (0, longest - len(p))) for p in marginals]
        means = tuple(float(p @ np.arange(longest)) for p in padded)
        distances = tuple(0.5 * float(np.abs(p - padded[0]).sum()) for p in padded[1:])
        found.append(LocalComparison(central, around, tuple(padded), means, distances))
    return tuple(found)
