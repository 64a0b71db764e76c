"""Results to one HTML page that needs nothing but itself."""

from __future__ import annotations

__all__ = ["render_page"]

import math
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from ecemc.analysis.checks import MIN_EFFECTIVE
from ecemc.analysis.mixing import ideal_means
from ecemc.analysis.peaks import first_shell
from ecemc.analysis.voids import ATTENTION_RATIO, FAIL_RATIO
from ecemc.report.html import render
from ecemc.text import number, with_error

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ecemc.analysis import Analysis
    from ecemc.dynamics import Diffusion
    from ecemc.report.html import PageFigure


def render_page(
    analysis: Analysis, record: dict[str, Any], figures: Sequence[PageFigure], table_names: Sequence[str],
    command: str | None,
) -> str:  # fmt: skip
    """Fill the template; ``record`` is the analysis as a dictionary."""
    return render(
        "page.html",
        title=" + ".join(source.name for source in analysis.inputs[:3]) or "Analysis of a liquid",
        analysis=analysis,
        record=record,
        verdict=analysis.verdict,
        facts=_facts(analysis),
        subtitle=_subtitle(analysis),
        shells=_shells(analysis),
        neighbours=_neighbours(analysis),
        figures=figures,
        tables=table_names,
        options={key: value for key, value in asdict(analysis.options).items() if value is not None},
        command=command,
        void_ratios=(ATTENTION_RATIO, FAIL_RATIO),
    )


def _facts(analysis: Analysis) -> list[tuple[str, str, str]]:
    """Key numbers: name, value with error and unit, remark."""
    facts = [("Frames", f"{analysis.n_frames}", _length(analysis) or "the file tells no times")]
    systems = _systems(analysis)
    facts += [_composition_fact(composition, n_frames, analysis) for composition, n_frames in systems[:5]]
    if len(systems) > 5:
        facts.append(("Other systems", f"{len(systems) - 5}", "see results.json"))
    names = {
        "density": "Density",
        "temperature": "Temperature",
        "pressure": "Pressure",
        "energy": "Energy",
        "largest_void": "Largest empty sphere",
    }
    for name, title in names.items():
        if name in analysis.series:
            series = analysis.series[name]
            s = series.statistics
            if s is None:
                low, high = np.nanmin(series.values), np.nanmax(series.values)
                facts.append((title, f"{number(low)} to {number(high)} {series.unit}", "range over the frames"))
            else:
                remark = "constant" if s.n > 1 else "one frame"
                if s.stderr > 1e-12 * abs(s.mean):
                    remark = f"standard deviation {number(s.std, 3)}"
                    remark += f"; {number(s.n_effective, 2)} independent samples"
                    remark += " (too few to trust the error)" if s.n_effective < MIN_EFFECTIVE else ""
                    remark += f", first {s.equilibration} frames left out" if s.equilibration else ""
                facts.append((title, f"{with_error(s.mean, s.stderr)} {series.unit}", remark))
    for name, found in analysis.motion.diffusion.items():
        facts.append((f"Diffusion of {name}", f"{with_error(found.D, found.stderr)} 1e-5 cm²/s", _how_diffusive(found)))
    spacing = analysis.molecular_spacing
    facts.append(("Molecular spacing", f"{spacing:.2f} Å", "cube root of the volume per molecule"))
    return facts


def _how_diffusive(found: Diffusion) -> str:
    """Whether the number may be trusted."""
    exponent = f"exponent {found.exponent:.2f}".replace("-", "−")
    return {
        "diffusive": f"diffusive ({exponent}); too small by 2.84 kT/(6πηL) in a periodic box",
        "not yet": f"not diffusive yet ({exponent}): run longer",
        "uncertain": f"cannot be told yet ({exponent}): run longer",
    }[found.verdict]


def _length(analysis: Analysis) -> str:
    if analysis.time is None or analysis.n_frames < 2:
        return ""
    span = (analysis.time[-1] - analysis.time[0]) / 1000.0
    return f"over {number(span, 3)} ps"


def _systems(analysis: Analysis) -> list[tuple[dict[str, int], int]]:
    """Compositions and their numbers of frames, the most frequent first."""
    frames = Counter(analysis.integrity.system.tolist())
    return [(analysis.integrity.compositions[system], n_frames) for system, n_frames in frames.most_common()]


def _molecules(composition: dict[str, int]) -> str:
    return " + ".join(f"{count} {name}" for name, count in composition.items())


def _subtitle(analysis: Analysis) -> str:
    systems = _systems(analysis)
    others = len(systems) - 1
    text = _molecules(systems[0][0]) + (f" and {others} other system{'s' * (others > 1)}" if others else "")
    frames = f"{analysis.n_frames} frame{'s' * (analysis.n_frames > 1)}"
    return f"{text}, {frames} {_length(analysis)}".strip()


def _composition_fact(composition: dict[str, int], n_frames: int, analysis: Analysis) -> tuple[str, str, str]:
    total = sum(composition.values())
    ratio = _molecules(composition)
    fractions = ", ".join(f"{name} {count / total:.3f}" for name, count in composition.items())
    remark = f"mole fractions: {fractions}"
    if n_frames < analysis.n_frames:
        remark += f"; in {n_frames} frame{'s' * (n_frames > 1)}"
    return ("Molecules", ratio, remark)


def _shells(analysis: Analysis) -> list[dict[str, Any]]:
    """First shells of all intermolecular RDFs."""
    rows = []
    for a, b in analysis.rdf.inter:
        for p, q in dict.fromkeys([(a, b), (b, a)]):
            shell = first_shell(analysis.rdf, p, q)
            if shell is not None:
                rows.append({"central": p, "around": q, **asdict(shell)})
    return rows


def _neighbours(analysis: Analysis) -> list[dict[str, Any]]:
    """Mean numbers of neighbours, measured and in an ideal mixture."""
    found = analysis.environments
    if found is None:
        return []
    ideal = ideal_means(found)
    rows = []
    for central in found.species:
        for column, name in enumerate(found.species):
            measured = float(found.mean[central][column])
            expected = ideal[central][column] if ideal else math.nan
            ratio = measured / expected if expected > 0.0 else math.nan
            rows.append({"central": central, "around": name, "mean": measured, "ideal": expected, "ratio": ratio})
    return rows
