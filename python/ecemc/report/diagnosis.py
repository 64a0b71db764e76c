"""The page of a model: the diagnosis in words, then the figures of the paper for what is known."""

from __future__ import annotations

__all__ = ["write_diagnosis"]

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ecemc import plots
from ecemc.diagnosis import LIMITS
from ecemc.diagnosis.finding import PARTS
from ecemc.plots import diagnosis as drawn
from ecemc.report.borrowed import borrowed_svg
from ecemc.report.files import DIAGNOSIS, PAGE, to_json, write_folder
from ecemc.report.html import PageFigure, draw, render
from ecemc.text import number

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ecemc.diagnosis import Diagnosis, Evidence

TITLES = {
    "density": "Density and P(ρ)",
    "densities": "Density against reference",
    "errors": "Errors by part",
    "parity": "Forces, point by point",
    "inter": "Between molecules, point by point",
    "compositions": "Errors by composition",
    "scan": "Volume scan, energy",
    "scan_forces": "Volume scan, forces",
    "rdf_inter": "RDFs between molecules",
    "rdf_centers": "RDFs of centres of mass",
    "rdf_intra": "RDFs within molecules",
    "temperatures": "Temperatures",
}
CAPTIONS = {
    "density": (
        "Density of the runs at constant pressure, each value pale and its running mean in full; dashed the mean of "
        "the reference, grey how far the reference fluctuates about it. Right: distribution after equilibration. A "
        "sound liquid wanders about a level mean; a bubble shows as a density that falls and does not come back "
        "(figures 1C, 2 and 9A of the paper)."
    ),
    "densities": "Density of each run with its standard error, beside that of the reference (figure 5D).",
    "errors": (
        "Root mean square errors of energy and forces, and of forces relative to their spread, on logarithmic axes. "
        "Blue: what acts between molecules (inter), and what moves (trans) and turns them (rot): it makes the liquid. "
        "Grey: all, and what acts within molecules (intra, vib), ten times larger, which hides the rest. Red: up to "
        "about here a liquid is stable."
    ),
    "parity": "Forces of the model against the reference, by part and by motion (figure 6).",
    "inter": "Energies and forces between molecules (figure 9C): energies should be right to 1 meV/atom.",
    "compositions": (
        "Energy errors by composition (figure 8): a model that saw one composition extrapolates at the others. Red: "
        "what a liquid needs."
    ),
    "scan": (
        "Energy of boxes whose rigid molecules are pushed together (s < 1) and pulled apart (s > 1), counted from the "
        "isolated molecules of the reference, as in figure 7C: a curve that does not end at zero belongs to a model "
        "that does not know molecules on their own. Below: model minus reference, with ±1 meV/atom in grey."
    ),
    "scan_forces": (
        "Net force on the molecule for which it is roughest (figure 9D). Between training configurations a good model "
        "is as smooth as the reference."
    ),
    "rdf_inter": "g(r) between molecules with standard errors, and the difference to the reference (figure 4C).",
    "rdf_centers": "g(r) of centres of mass, by pairs of species, and the difference to the reference.",
    "rdf_intra": "g(r) within molecules: bonds, angles and conformations (figure 4A and B).",
    "temperatures": "Kinetic temperature of each run and its target: if it is off, look at time step and thermostat.",
}
#: Figures that ecemc errors has drawn beside its table.
_BORROWED = {"parity": "forces", "inter": "inter"}
_ORDER = ("bad", "weak", "unknown", "sound")
_STATUS = {"bad": "fail", "weak": "attention", "unknown": "unknown", "sound": "pass"}


def write_diagnosis(diagnosis: Diagnosis, folder: str | Path, *, command: str | None = None) -> Path:
    """Write ``diagnosis.json``, ``figures/*.png`` and ``*.svg``, and ``index.html`` into a folder.

    Each file is written whole or not at all. A diagnosis that stands in the folder is replaced; other files stay.

    Parameters
    ----------
    diagnosis
        Result of :func:`ecemc.diagnosis.diagnose`.
    folder
        Made if it does not exist.
    command
        The command line, to be shown on the page.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    InputError
        If the folder is a file or holds a page of something else.

    Examples
    --------
    >>> import tempfile
    >>> from ecemc.diagnosis import Evidence, diagnose_evidence
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_diagnosis(diagnose_evidence(Evidence("new model")), folder).name
    'index.html'
    """
    folder = Path(folder)
    on_page, files = draw(
        _figures(diagnosis.evidence), TITLES, CAPTIONS, lambda name: f"{TITLES[name]} of {diagnosis.model}."
    )
    borrowed, copied = _borrowed(diagnosis.evidence)
    order = list(TITLES)
    figures = sorted([*on_page, *borrowed], key=lambda entry: order.index(entry.name))
    page = _render(diagnosis, figures, command)
    files |= copied
    files[DIAGNOSIS.results] = to_json(diagnosis.to_dict() | {"files": sorted(files)})
    write_folder(folder, files | {PAGE: page.encode()}, DIAGNOSIS)
    return folder / PAGE


def _figures(evidence: Evidence) -> dict[str, Figure | None]:
    """Draw what is known."""
    errors, scan, comparison = evidence.errors, evidence.scan, evidence.comparison
    return {
        "density": drawn.run_density_figure(evidence),
        "densities": drawn.density_against_reference_figure(evidence.densities),
        "errors": drawn.error_figure(errors) if errors else None,
        "compositions": drawn.composition_error_figure(errors) if errors else None,
        "scan": plots.scan_figure(scan, relative="reference") if scan else None,
        "scan_forces": plots.scan_force_figure(scan) if scan else None,
        "rdf_inter": plots.curve_comparison_figure(comparison, "inter") if comparison else None,
        "rdf_centers": plots.curve_comparison_figure(comparison, "centers") if comparison else None,
        "rdf_intra": plots.curve_comparison_figure(comparison, "intra") if comparison else None,
        "temperatures": drawn.run_temperature_figure(evidence.runs),
    }


def _borrowed(evidence: Evidence) -> tuple[list[PageFigure], dict[str, bytes]]:
    """Parity figures that stand beside errors.json, for the page and as files."""
    folders = [source.path.parent for source in evidence.sources if source.kind == "errors"]
    figures: list[PageFigure] = []
    files: dict[str, bytes] = {}
    for folder in folders:
        for name, file in _BORROWED.items():
            text, picture = borrowed_svg(folder / f"{file}.svg"), folder / f"{file}.png"
            if text is None or not picture.is_file():
                continue
            inline = plots.inline_svg(text, name, f"{TITLES[name]} of {evidence.model}.")
            figures.append(PageFigure(name, TITLES[name], inline, CAPTIONS[name]))
            files |= {f"figures/{name}.svg": text.encode(), f"figures/{name}.png": picture.read_bytes()}
    return figures, files


def _render(diagnosis: Diagnosis, figures: list[PageFigure], command: str | None) -> str:
    """Fill the template."""
    status = {"not stable": "fail", "stable": "pass", "not yet known": "unknown"}[diagnosis.stable]
    if status != "fail" and not diagnosis.sound:
        status = "attention"
    judged = sorted(
        diagnosis.judged,
        key=lambda entry: (
            _ORDER.index(entry.finding.severity), -abs(entry.finding.sigmas), PARTS.index(entry.finding.part)
        ),
    )  # fmt: skip
    return render(
        "diagnosis.html",
        diagnosis=diagnosis,
        status=status,
        judged=judged,
        statuses=_STATUS,
        numbers=[_numbers(entry.finding.numbers) for entry in judged],
        figures=figures,
        limits=LIMITS,
        command=command,
        software=diagnosis.to_dict()["software"],
    )


def _numbers(numbers: Any) -> str:
    """Write what a finding rests on in one line."""
    texts = []
    for entry in numbers:
        unit = "" if entry.unit in {"", "1"} else f" {entry.unit}"
        limit = f" (up to {LIMITS[entry.limit].fine:g})" if entry.limit else ""
        value = f"{entry.value:g}" if isinstance(entry.value, int) else number(entry.value, 3)
        texts.append(f"{entry.name} {value}{unit}{limit}")
    return "; ".join(texts)
