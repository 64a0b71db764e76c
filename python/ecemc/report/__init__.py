"""A folder with everything an analysis found: numbers, tables, figures and one page to look at and to pass on."""

from __future__ import annotations

__all__ = ["check_folder", "write_report"]

import json
from pathlib import Path
from typing import TYPE_CHECKING

from ecemc import plots
from ecemc.analysis.voids import void_thresholds
from ecemc.report.captions import CAPTIONS, alt_text
from ecemc.report.files import PAGE, RESULTS, check_folder, write_folder
from ecemc.report.page import PageFigure, render_page
from ecemc.report.tables import tables

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ecemc.analysis import Analysis


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
    figures = _figures(analysis)
    files = tables(analysis)
    table_names = list(files)
    on_page = []
    for name, figure in figures.items():
        text = plots.svg(figure)
        files[f"figures/{name}.svg"] = text.encode()
        files[f"figures/{name}.png"] = plots.png(figure)
        inline = plots.inline_svg(text, name, alt_text(name, analysis))
        on_page.append(PageFigure(name, inline, CAPTIONS[name]))
    record = analysis.to_dict() | {"files": sorted(files)}
    files[RESULTS] = (json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()
    files[PAGE] = render_page(analysis, on_page, table_names, command).encode()
    write_folder(folder, files)
    return folder / PAGE


def _figures(analysis: Analysis) -> dict[str, Figure]:
    found = {
        "density": plots.density_figure(analysis),
        "voids": plots.void_figure(analysis, *void_thresholds(analysis)),
        "molecules": plots.integrity_figure(analysis),
        "rdf": plots.rdf_figure(analysis.rdf),
        "local_composition": plots.environments_figure(analysis.environments) if analysis.environments else None,
        "thermodynamics": plots.thermodynamics_figure(analysis),
    }
    return {name: figure for name, figure in found.items() if figure is not None}
