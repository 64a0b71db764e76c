"""The page and the tables of a comparison."""

from __future__ import annotations

__all__ = ["CAPTIONS", "TITLES", "figures", "render_page", "tables"]

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ecemc import plots
from ecemc.comparison import AGREE_SIGMAS, DIFFER_SIGMAS, NOISE_RATIO
from ecemc.comparison.judgement import MIN_EFFECTIVE, signed
from ecemc.comparison.names import curve_title, title, unit_text
from ecemc.plots.comparison import drawn_series, histogram, series_unit
from ecemc.report.html import render
from ecemc.report.tables import csv_bytes
from ecemc.text import number, with_error

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure

    from ecemc.comparison import Comparison, CurveComparison
    from ecemc.report.html import PageFigure

TITLES = {
    "deviations": "Differences in standard errors",
    "series": "Series and distributions",
    "rdf_inter": "RDFs between molecules",
    "rdf_centers": "RDFs of centres of mass",
    "rdf_intra": "RDFs within molecules",
    "local_composition": "Local composition",
    "msd": "Mean squared displacements",
}
CAPTIONS = {
    "deviations": (
        "Each quantity minus that of the reference, in combined standard errors. Grey: where chance differences lie in "
        "95 of 100 cases; dashed: beyond, a well-known difference is certain. Triangles lie further out."
    ),
    "series": (
        "Left: values and running means, each run from its first frame on. Right: the distribution over the frames "
        "after equilibration; bands are standard errors of as many counts as there are independent samples."
    ),
    "rdf_inter": (
        "Intermolecular g(r) in common bins with standard errors (bands) from blocks of frames; below each, the "
        "difference to the reference with its combined error."
    ),
    "rdf_centers": (
        "g(r) of the centres of mass of molecules, by pairs of species; below each, the difference to the reference."
    ),
    "rdf_intra": (
        "g(r) of atoms of the same molecule: bond lengths, angles and conformations. It is relative to the mean "
        "density of atoms, so that of runs of different density differs by that ratio."
    ),
    "local_composition": (
        "Probabilities of the numbers of neighbours (centres of mass within the same radius of a molecule)."
    ),
    "msd": "Mean squared displacement of the centres of mass, with standard errors; the slope at long times gives the "
    "self-diffusion.",
}  # fmt: skip


def figures(comparison: Comparison) -> dict[str, Figure | None]:
    """All figures, None where there is nothing to show."""
    return {
        "deviations": plots.deviation_figure(comparison),
        "series": plots.series_comparison_figure(comparison),
        "rdf_inter": plots.curve_comparison_figure(comparison, "inter"),
        "rdf_centers": plots.curve_comparison_figure(comparison, "centers"),
        "rdf_intra": plots.curve_comparison_figure(comparison, "intra"),
        "local_composition": plots.local_comparison_figure(comparison),
        "msd": plots.msd_comparison_figure(comparison),
    }


def render_page(
    comparison: Comparison, on_page: Sequence[PageFigure], table_names: Sequence[str], command: str | None
) -> str:
    """Fill the template."""
    verdicts = {found.verdict for _, _, found in comparison.findings}
    return render(
        "compare.html",
        heading=" · ".join(comparison.labels),
        comparison=comparison,
        status="attention" if "differ" in verdicts else "pass" if verdicts == {"agree"} else "unknown",
        quantities=_quantities(comparison),
        curves=_curves(comparison),
        figures=on_page,
        tables=table_names,
        command=command,
        limits={"agree": AGREE_SIGMAS, "differ": DIFFER_SIGMAS, "noise": NOISE_RATIO, "samples": MIN_EFFECTIVE},
        software=comparison.to_dict()["software"],
    )


def _quantities(comparison: Comparison) -> list[dict[str, Any]]:
    """Rows of the table of means."""
    rows = []
    for row in comparison.scalars.values():
        unit = unit_text(row.unit)
        values = [f"{with_error(v.value, v.stderr)}{unit}" if v else "–" for v in row.values]
        rows.append(
            {
                "name": title(row.name),
                "values": list(zip(comparison.labels, values, strict=True)),
                "found": list(zip(comparison.labels[1:], row.differences, strict=True)),
            }
        )
    return rows


def _curves(comparison: Comparison) -> list[dict[str, Any]]:
    """Rows of the table of RDFs."""
    rows = []
    for row in comparison.curves:
        remarks = [
            f"First peak of {label} shifted by {signed(found.shift, found.shift_stderr)} Å."
            for label, found in zip(comparison.labels[1:], row.differences, strict=True)
            if math.isfinite(found.shift)
        ]
        remarks += [
            f"{entry.around} around {entry.central} within {entry.r:.2f} Å: "
            + ", ".join(number(value, 3) for value in entry.values)
            for entry in row.coordination
        ]
        found = [(label, entry.largest) for label, entry in zip(comparison.labels[1:], row.differences, strict=True)]
        rows.append({"name": curve_title(row.part, row.pair), "found": found, "remarks": remarks})
    return rows


def tables(comparison: Comparison) -> dict[str, bytes]:
    """CSV files by name: the judged quantities, each RDF with its differences, distributions, local composition."""
    files = {"tables/quantities.csv": _quantity_table(comparison)}
    for row in comparison.curves:
        files[f"tables/rdf_{row.part}_{'-'.join(row.pair)}.csv"] = _curve_table(comparison, row)
    for name in drawn_series(comparison):
        files[f"tables/distribution_{name}.csv"] = _distribution_table(comparison, name)
    if comparison.local:
        files["tables/local_composition.csv"] = _local_table(comparison)
    return files


def _quantity_table(comparison: Comparison) -> bytes:
    heading = [
        "quantity", "unit", "result", "reference", "reference stderr", "value", "stderr", "difference",
        "difference stderr", "sigmas", "verdict",
    ]  # fmt: skip
    rows = []
    for row in comparison.scalars.values():
        numbers = [(v.value, v.stderr) if v else (math.nan, math.nan) for v in row.values]
        for label, value, found in zip(comparison.labels[1:], numbers[1:], row.differences, strict=True):
            rows.append(
                [row.name, row.unit, label, *numbers[0], *value, found.value, found.stderr, found.sigmas, found.verdict]
            )
    return csv_bytes(heading, rows)


def _curve_table(comparison: Comparison, row: CurveComparison) -> bytes:
    columns = {"r (Å)": row.curves[0].r}
    for label, curve in zip(comparison.labels, row.curves, strict=True):
        columns |= {f"g {label}": curve.g, f"stderr {label}": curve.stderr}
    for label, found in zip(comparison.labels[1:], row.differences, strict=True):
        columns |= {f"difference {label}": found.delta, f"difference stderr {label}": found.stderr}
    return csv_bytes(list(columns), zip(*columns.values(), strict=True))


def _distribution_table(comparison: Comparison, name: str) -> bytes:
    edges, found = histogram(comparison, name)
    unit = series_unit(comparison, name)
    columns = {f"from ({unit})": edges[:-1], f"to ({unit})": edges[1:]}
    for place, (p, error) in found.items():
        label = comparison.labels[place]
        columns |= {f"probability density {label}": p, f"stderr {label}": error}
    return csv_bytes(list(columns), zip(*columns.values(), strict=True))


def _local_table(comparison: Comparison) -> bytes:
    rows = [
        [row.central, row.around, n, *(float(p[n]) for p in row.marginals)]
        for row in comparison.local
        for n in np.arange(len(row.marginals[0])).tolist()
    ]
    return csv_bytes(
        ["central", "around", "neighbours", *(f"probability {label}" for label in comparison.labels)], rows
    )
