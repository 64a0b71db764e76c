"""A folder with everything an analysis found: numbers, tables, figures and one page to look at and to pass on."""

from __future__ import annotations

__all__ = ["check_folder", "write_comparison", "write_diagnosis", "write_report"]

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ecemc import plots
from ecemc.analysis.voids import void_thresholds
from ecemc.report import comparison as side_by_side
from ecemc.report.captions import CAPTIONS, TITLES, alt_text
from ecemc.report.diagnosis import write_diagnosis
from ecemc.report.files import ANALYSIS, COMPARISON, PAGE, check_folder, to_json, write_folder
from ecemc.report.html import draw
from ecemc.report.page import render_page
from ecemc.report.tables import tables

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ecemc.analysis import Analysis
    from ecemc.comparison import Comparison


def write_report(analysis: Analysis, folder: str | Path, *, command: str | None = None) -> Path:
    """Write ``results.json``, ``tables/*.csv``, ``figures/*.png`` and ``*.svg``, and ``index.html`` into a folder.

    Each file is written whole or not at all. A report that stands in the folder is replaced; other files stay.

    Parameters
    ----------
    analysis
        Result of :func:`ecemc.analyze`.
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
        If the folder is a file or holds a page or results of something else.
    """
    folder = Path(folder)
    files = tables(analysis)
    record = analysis.to_dict()
    on_page, drawn = draw(_figures(analysis), TITLES, CAPTIONS, lambda name: alt_text(name, analysis))
    page = render_page(analysis, record, on_page, list(files), command)
    files |= drawn
    files[ANALYSIS.results] = to_json(record | {"files": sorted(files)})
    write_folder(folder, files | {PAGE: page.encode()})
    return folder / PAGE


def write_comparison(comparison: Comparison, folder: str | Path, *, command: str | None = None) -> Path:
    """Write ``compare.json``, ``tables/*.csv``, ``figures/*.png`` and ``*.svg``, and ``index.html`` into a folder.

    Each file is written whole or not at all. A comparison that stands in the folder is replaced; other files stay.

    Parameters
    ----------
    comparison
        Result of :func:`ecemc.compare`.
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
        If the folder is a file or holds a page of something else, such as one of the results.
    """
    folder = Path(folder)
    files = side_by_side.tables(comparison)
    on_page, drawn = draw(
        side_by_side.figures(comparison), side_by_side.TITLES, side_by_side.CAPTIONS,
        lambda name: f"{side_by_side.TITLES[name]}: {', '.join(comparison.labels)}.",
    )  # fmt: skip
    page = side_by_side.render_page(comparison, on_page, list(files), command)
    files |= drawn
    files[COMPARISON.results] = to_json(comparison.to_dict() | {"files": sorted(files)})
    write_folder(folder, files | {PAGE: page.encode()}, COMPARISON)
    return folder / PAGE


def _figures(analysis: Analysis) -> dict[str, Figure | None]:
    centers, motion = analysis.centers, analysis.motion
    return {
        "density": plots.density_figure(analysis),
        "voids": plots.void_figure(analysis, *void_thresholds(analysis)),
        "molecules": plots.integrity_figure(analysis),
        "bonds": _bond_events(analysis),
        "rdf": plots.rdf_figure(analysis.rdf) if analysis.rdf.inter else None,
        "centers": plots.rdf_figure(centers) if centers is not None and centers.inter else None,
        "local_composition": plots.environments_figure(analysis.environments) if analysis.environments else None,
        "motion": plots.msd_figure(motion.molecules, motion.diffusion) if motion.molecules is not None else None,
        "temperatures": _temperatures(analysis),
        "thermodynamics": plots.thermodynamics_figure(analysis),
    }


def _bond_events(analysis: Analysis) -> Figure | None:
    """Bonds that form and break in each frame."""
    x, label = plots.time_axis(analysis)
    events = analysis.integrity.events
    frames = events[:, 0] - analysis.options.first_frame
    formed, broken = (
        np.bincount(frames[events[:, 3] == sign], minlength=analysis.n_frames).astype(np.float64) for sign in (1, -1)
    )
    return plots.bond_events_figure(x, label, formed, broken)


def _temperatures(analysis: Analysis) -> Figure | None:
    """Temperatures of the parts of the motion, if there are velocities."""
    prefix = "temperature_"
    parts = {
        name.removeprefix(prefix): series.values
        for name, series in analysis.series.items()
        if name.startswith(prefix) and name != f"{prefix}target"
    }
    if not parts:
        return None
    x, label = plots.time_axis(analysis)
    target = None
    if "temperature_target" in analysis.series:
        targets = analysis.series["temperature_target"].values
        target = float(targets[0]) if (targets == targets[0]).all() else None
    return plots.temperature_parts_figure(x, label, parts, analysis.temperatures, target)
