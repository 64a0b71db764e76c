"""Rules about ``ecemc scan``: wall, minimum, tail, isolated molecules, smoothness."""

from __future__ import annotations

__all__ = ["composition_scans", "expansion", "isolated_limit", "minimum", "smoothness", "tail", "wall"]

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ecemc.diagnosis.finding import Finding, Number, graded
from ecemc.diagnosis.limits import LIMITS
from ecemc.scans import locate_minimum
from ecemc.text import number

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from ecemc.diagnosis.evidence import Evidence
    from ecemc.scans import VolumeScan

    Array = NDArray[np.float64]

_MEV = 1000.0
#: Linear scale, from the minimum, at which the density is 40% lower (section 2.9).
_EXPANDED = 0.6 ** (-1.0 / 3.0)
#: Liquid and molecules are off by the same, to this share of it, if the methods count energies from other zeros.
_SAME = 0.1
#: Where the wall begins, in units of the scale of the minimum.
_FOOT = 0.9
#: Share of the energy above the minimum that the wall may be wrong by.
_WALL_SHARE = 0.1
#: meV/atom above the minimum up to which the wall matters: ten times what the intermolecular motion holds at 500 K.
_WALL_HEIGHT = 100.0


@dataclass(frozen=True, eq=False)
class Shape:
    """Energies of reference and model along one scan, meV/atom, both counted from the reference's minimum."""

    #: scale of the reference's minimum
    center: float
    scales: Array
    reference: Array
    model: Array
    #: model minus reference with the same zero for both: in the well, and of the isolated molecules
    well: float
    isolated: float
    composition: str

    def at(self, scale: float) -> tuple[float, float]:
        """Energies of reference and model at a scale between the points; NaN outside."""
        s = math.log(scale)
        x = np.log(self.scales)
        if not x[0] <= s <= x[-1]:
            return math.nan, math.nan
        return float(np.interp(s, x, self.reference)), float(np.interp(s, x, self.model))


def shapes(evidence: Evidence) -> list[Shape]:
    """Curves of all scans that have a minimum of the reference; what only one of the two knows is left out."""
    scans = evidence.scan.scans if evidence.scan else ()
    return [shape for each in scans if (shape := _shape(each)) is not None]


def _shape(each: VolumeScan) -> Shape | None:
    known = np.isfinite(each.curves[0].energy + each.curves[1].energy)
    s = each.scales[known]
    if len(s) < 3:
        return None
    reference, model = (_MEV * curve.energy[known] / each.n_atoms for curve in each.curves)
    center, _ = locate_minimum(s, reference)
    if not math.isfinite(center):
        return None
    x = np.log(s)
    zero, own = (float(np.interp(math.log(center), x, values)) for values in (reference, model))
    isolated = _MEV * (each.curves[1].isolated.sum() - each.curves[0].isolated.sum()) / each.n_atoms
    composition = ":".join(f"{count}{name}" for name, count in each.composition.items())
    return Shape(center, s, reference - zero, model - own, own - zero, float(isolated), composition)


def isolated_limit(evidence: Evidence) -> list[Finding]:
    """Ask whether the curve ends at the energy of the molecules (section 2.7: Gen10 did not, Gen11 did)."""
    found = [shape for shape in shapes(evidence) if math.isfinite(shape.isolated)]
    if not found:
        return []
    isolated, well = _rms(shape.isolated for shape in found), _rms(shape.well for shape in found)
    own, liquid = (float(np.mean([getattr(shape, name) for shape in found])) for name in ("isolated", "well"))
    numbers = (
        Number("error of the isolated molecules", own, "meV/atom", "energy"),
        Number("error of the liquid, same zero", liquid, "meV/atom"),
    )
    if _other_zero(found):
        sentence = "Liquid and molecules are off by the same energy: the methods count from different zeros."
        return [Finding("isolated molecules", "sound", 1.0, sentence, numbers)]
    severity, sigmas = graded(isolated, "energy", len(found))
    sentence = f"At low density the energy ends {number(isolated, 2)} meV/atom from that of the molecules."
    if severity == "bad":
        beside = f", while the liquid itself is right to {number(well, 2)}" if well < 0.5 * isolated else ""
        sentence = (
            f"At low density the energy ends {number(isolated, 3)} meV/atom away from that of the molecules{beside}: "
            "isolated molecules are missing in the training set."
        )
    return [Finding("isolated molecules", severity, sigmas, sentence, numbers, ("isolated", "expanded"))]


def wall(evidence: Evidence) -> list[Finding]:
    """Ask whether molecules that are pushed together repel each other as they should (section 2.7)."""
    parts = [_wall_errors(shape) for shape in shapes(evidence)]
    errors, allowed = (np.concatenate([part[k] for part in parts]) if parts else np.empty(0) for k in (0, 1))
    if not len(errors):
        return []
    ratio, lean = _rms(errors / allowed), float(np.mean(errors))
    severity, sigmas = graded(ratio, "wall", len(parts))
    numbers = (
        Number("error of the wall over what is allowed", ratio, "1", "wall"),
        Number("mean error of the wall", lean, "meV/atom"),
    )
    holes = [shape for shape in shapes(evidence) if _has_hole(shape)]
    if holes:
        sentence = (
            "The wall has a hole: pushed together, molecules find an energy below that of the liquid. A run that gets "
            "there collapses."
        )
        return [Finding("wall", "bad", max(2.0, sigmas), sentence, numbers, ("compressed",), unstable=True)]
    soft = "soft: molecules come too close" if lean < 0.0 else "hard: the liquid becomes too thin"
    sentence = (
        f"The wall at s < 1 is too {soft} (on average {number(lean, 2)} meV/atom)."
        if severity != "sound"
        else "The wall at s < 1 is right."
    )
    return [Finding("wall", severity, sigmas, sentence, numbers, ("compressed", "sparse"))]


def _wall_errors(shape: Shape) -> tuple[Array, Array]:
    """Errors inside of the minimum, and how large they may be."""
    inside = (shape.scales < shape.center) & (shape.reference <= _WALL_HEIGHT)
    rise = np.maximum(shape.reference[inside], 0.0)
    return shape.model[inside] - shape.reference[inside], np.maximum(LIMITS["energy"].fine, _WALL_SHARE * rise)


def _has_hole(shape: Shape) -> bool:
    """Whether the model's energy is lower than at the minimum where the reference's is high."""
    high = (shape.scales < shape.center) & (shape.reference > _WALL_HEIGHT)
    return bool((shape.model[high] < 0.0).any())


def minimum(evidence: Evidence) -> list[Finding]:
    """Ask whether the minimum lies at the right density, and whether there is one."""
    found = shapes(evidence)
    if not found:
        return []
    places = [_minimum(shape) for shape in found]
    # Far out a model without molecules may have its lowest energy: that is no liquid.
    lost = [not math.isfinite(s) or s > _EXPANDED * shape.center for s, shape in zip(places, found, strict=True)]
    if any(lost):
        share = "" if len(found) == 1 else f" in {sum(lost)} of {len(found)} scans"
        sentence = (
            f"The model has no minimum at the density of the liquid{share}: its energy is lowest far apart, so nothing "
            "holds the liquid together at constant pressure."
        )
        _, sigmas = graded(_lost_depth(found), "energy", len(found))
        numbers = (Number("energy gained by expanding", _lost_depth(found), "meV/atom", "energy"),)
        return [Finding("minimum", "bad", sigmas, sentence, numbers, _far_advice(found), unstable=True)]
    shifts = np.array([(shape.center / s) ** 3 - 1.0 for s, shape in zip(places, found, strict=True)])
    mean = float(np.mean(shifts))
    severity, sigmas = graded(_rms(shifts), "minimum", len(found))
    way = "high" if mean > 0.0 else "low"
    sentence = f"The minimum lies at a density that is right to {_rms(shifts):.1%}."
    if severity != "sound":
        sentence = f"The minimum lies at a density that is {abs(mean):.1%} too {way}."
        if abs(mean) < 0.5 * _rms(shifts):
            sentence = f"The minimum lies at a density that is off by {_rms(shifts):.1%}, now up, now down."
    numbers = (Number("relative density at the minimum, rms error", _rms(shifts), "1", "minimum"),)
    return [Finding("minimum", severity, sigmas, sentence, numbers, ("liquid", "expanded", "sparse"))]


def _minimum(shape: Shape) -> float:
    """Scale of the model's minimum, from the foot of the wall outwards: a hole in the wall is another matter."""
    outside = shape.scales >= _FOOT * shape.center
    return locate_minimum(shape.scales[outside], shape.model[outside])[0]


def _far_advice(found: list[Shape]) -> tuple[str, ...]:
    """Say what to add if the curve is wrong far out: molecules first, unless these are known."""
    known = _offset(found) < LIMITS["energy"].bad
    return ("expanded", "isolated") if known else ("isolated", "expanded")


def _other_zero(found: list[Shape]) -> bool:
    """Whether liquid and molecules are off by the same in every scan: then the methods count from other zeros."""
    return all(abs(shape.isolated - shape.well) < _SAME * abs(shape.isolated) for shape in found)


def _offset(found: list[Shape]) -> float:
    """Error of the isolated molecules beside that of the liquid, which other zeros of energy leave alone."""
    return _rms(shape.isolated - shape.well for shape in found)


def _lost_depth(found: list[Shape]) -> float:
    return max(float(-np.min(shape.model)) for shape in found)


def expansion(evidence: Evidence) -> list[Finding]:
    """Ask what a density 40% lower costs: the barrier against bubbles (section 2.9, figure 9B)."""
    found = shapes(evidence)
    ends = [shape.at(_EXPANDED * shape.center) for shape in found]
    known = np.array([pair for pair in ends if all(map(math.isfinite, pair))]).reshape(-1, 2)
    if not len(known):
        return []
    right, own = known.mean(axis=0)
    error = float(own - right)
    severity, sigmas = graded(error, "barrier", len(known))
    numbers = (
        Number("energy to a density 40% lower, model", float(own), "meV/atom"),
        Number("the same, reference", float(right), "meV/atom"),
        Number("difference", error, "meV/atom", "barrier"),
    )
    costs = f"A density 40% lower costs {number(float(own), 3)} meV/atom, in the reference {number(float(right), 3)}"
    missing = own < 0.5 * right
    if missing:
        sentence = f"{costs}: hardly anything stands against bubbles."
        return [Finding("tail", "bad", max(sigmas, 1.0), sentence, numbers, _far_advice(found), unstable=True)]
    if severity == "sound":
        return [Finding("tail", severity, sigmas, f"{costs}.", numbers)]
    way = "bubbles form too easily" if error < 0.0 else "bound too strongly, too dense and too slow"
    return [Finding("tail", severity, sigmas, f"{costs}: {way}.", numbers, ("expanded", "sparse"))]


def tail(evidence: Evidence) -> list[Finding]:
    """Ask whether the attraction fades as it should (section 2.7), each method against its own molecules."""
    shape = shapes(evidence)
    if evidence.scan is None or not shape:
        return []
    error = evidence.scan.summary[1].tail
    if not math.isfinite(error):
        return []
    numbers = (Number("error of the tail", error, "meV/atom", "tail"),)
    if _offset(shape) > _rms(each.well for each in shape) + LIMITS["energy"].bad:
        sentence = f"The tail is off by {number(error, 3)} meV/atom, passed on from the isolated molecules."
        return [Finding("tail", "unknown", 0.0, sentence, numbers)]
    severity, sigmas = graded(error, "tail", len(shape))
    sentence = f"The attraction at s > 1 is right to {number(error, 2)} meV/atom."
    if severity != "sound":
        sentence = f"The attraction at s > 1 is wrong by {number(error, 2)} meV/atom; about 1 is needed."
    return [Finding("tail", severity, sigmas, sentence, numbers, ("expanded", "smoother"))]


def smoothness(evidence: Evidence) -> list[Finding]:
    """Ask whether forces change smoothly between training configurations (figure 9D)."""
    ratio = evidence.scan.summary[1].roughness_ratio if evidence.scan else math.nan
    if evidence.scan is None or not math.isfinite(ratio):
        return []
    severity, sigmas = graded(ratio, "roughness", len(evidence.scan.scans))
    numbers = (Number("roughness of net forces over the reference's", ratio, "1", "roughness"),)
    sentence = (
        f"Forces on whole molecules are {number(ratio, 2)} times as rough as those of the reference along a scan."
    )
    return [Finding("smoothness", severity, sigmas, sentence, numbers, ("smoother", "expanded"))]


def composition_scans(evidence: Evidence) -> list[Finding]:
    """Ask whether the liquid is equally right at all compositions (section 2.8, figure 8)."""
    wells: dict[str, list[float]] = defaultdict(list)
    found = shapes(evidence)
    molecules = _other_zero(found)
    for shape in found:
        wells[shape.composition].append(shape.well - shape.isolated if molecules else shape.well)
    if len(wells) < 2:
        return []
    errors = {name: _rms(values) for name, values in wells.items()}
    best, worst = min(errors, key=errors.__getitem__), max(errors, key=errors.__getitem__)
    ratio = errors[worst] / max(errors[best], LIMITS["energy"].fine)
    severity, sigmas = graded(ratio, "composition", min(len(values) for values in wells.values()))
    numbers = tuple(Number(f"error at s ≈ 1 of {name}", error, "meV/atom", "energy") for name, error in errors.items())
    sentence = f"At s ≈ 1 all {len(wells)} compositions are about equally right."
    if severity != "sound":
        sentence = (
            f"At s ≈ 1 the energy of {worst} is off by {number(errors[worst], 2)} meV/atom, that of {best} by "
            f"{number(errors[best], 2)}: the model extrapolates in composition."
        )
    return [Finding("composition", severity, sigmas, sentence, numbers, ("compositions", "isolated"))]


def _rms(values: Iterable[float]) -> float:
    return float(np.sqrt(np.mean(np.square(list(values)))))
