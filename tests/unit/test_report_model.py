"""The page of a model."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.reference.documents import Page
from tests.reference.model_results import results

from ecemc.diagnosis import Errors, Evidence, Run, diagnose, diagnose_evidence
from ecemc.metrics import ErrorRow
from ecemc.plots.diagnosis import (
    composition_error_figure,
    density_against_reference_figure,
    error_figure,
    run_density_figure,
    run_temperature_figure,
)
from ecemc.report import write_diagnosis
from ecemc.report.borrowed import borrowed_svg

FIGURES = {
    "density", "densities", "errors", "parity", "inter", "compositions", "scan", "scan_forces", "rdf_inter",
    "rdf_centers", "rdf_intra", "temperatures",
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return results(tmp_path_factory.mktemp("results"))


@pytest.fixture(scope="module")
def written(folder, tmp_path_factory):
    found = diagnose(folder)
    return found, write_diagnosis(found, tmp_path_factory.mktemp("page"), command="ecemc diagnose <results>")


def test_the_page_says_it_all_and_needs_nothing(written):
    found, path = written
    text = path.read_text("utf-8")
    page = Page(text)
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))
    assert {name.removeprefix("figure-") for name in page.ids if re.fullmatch(r"figure-[a-z_]+", name)} == FIGURES
    assert len(page.labels) == len(FIGURES)
    assert all(found.model in label for label in page.labels)
    outside = [link for link in page.links if re.match(r"(https?:)?//", link)]
    assert outside == []
    assert "<script" not in text
    for link in page.links:
        if not link.startswith(("#", "data:")):
            assert (path.parent / link).is_file(), link
    assert text.index("Not yet known") < text.index("What to do") < text.index("What was found") < text.index("<figure")
    for finding in found.findings:
        assert finding.sentence.split(" (")[0][:40].replace("<", "&lt;").replace(">", "&gt;") in text
    assert "ecemc diagnose &lt;results&gt;" in text
    for source in found.evidence.sources:
        assert source.sha256 in text
    assert len(text) < 2_000_000


def test_figures_and_record_stand_beside_it(written):
    found, path = written
    record = json.loads((path.parent / "diagnosis.json").read_text("utf-8"))
    assert record["files"] == sorted(f"figures/{name}.{ending}" for name in FIGURES for ending in ("png", "svg"))
    assert {str(file.relative_to(path.parent)) for file in (path.parent / "figures").iterdir()} == set(record["files"])
    assert record["verdict"]["sentence"] == found.sentence


def test_it_is_replaced_and_old_figures_go(written, tmp_path):
    found, _ = written
    write_diagnosis(found, tmp_path / "model")
    write_diagnosis(diagnose_evidence(Evidence("model", errors=found.evidence.errors)), tmp_path / "model")
    left = {path.stem for path in (tmp_path / "model" / "figures").iterdir()}
    assert left == {"errors", "compositions"}
    again = write_diagnosis(diagnose_evidence(Evidence("model", errors=found.evidence.errors)), tmp_path / "other")
    assert again.read_bytes() == (tmp_path / "model" / "index.html").read_bytes()


@pytest.mark.parametrize("text", [
    "<svg><script>x()</script></svg>", '<svg onload="x()"></svg>', '<svg><a href="https://a.b/c"/></svg>',
    '<svg><image href="file:///etc/passwd"/></svg>', "<svg><style>@import url(x)</style></svg>",
    '<svg><image xlink:href="data:text/html;base64,AA"/></svg>', "<svg><foreignObject/></svg>", "<html></html>", "",
    '<svg style="fill: url(http://a.b)"/>',
])  # fmt: skip
def test_only_plain_drawings_are_taken_over(tmp_path, text):
    (tmp_path / "a.svg").write_text(text)
    assert borrowed_svg(tmp_path / "a.svg") is None
    assert borrowed_svg(tmp_path / "b.svg") is None


def test_our_own_drawings_are_taken_over(folder):
    assert (borrowed_svg(folder / "errors" / "forces.svg") or "").startswith("<?xml")


# Figures show the numbers.


def row(quantity, part, rmse, by="all", group="all"):
    return ErrorRow(quantity, part, by, group, "", 5, rmse, rmse, 10.0 * rmse, rmse, -rmse)


def test_bars_are_as_high_as_the_errors():
    rows = [row("energy", part, 0.001 * k) for k, part in enumerate(("total", "intra", "inter"), start=1)]
    rows += [row("forces", part, 0.1 * k) for k, part in enumerate(("total", "trans", "rot", "vib"), start=1)]
    fig = error_figure(Errors("r", "m", 5, tuple(rows)))
    heights = [[round(bar.get_y() + bar.get_height(), 6) for bar in axes.patches] for axes in fig.axes]
    assert heights == [[1.0, 2.0, 3.0], [100.0, 200.0, 300.0, 400.0], [1.0, 2.0, 3.0, 4.0]]
    assert [label.get_text() for label in fig.axes[1].get_xticklabels()] == ["total", "trans", "rot", "vib"]
    assert error_figure(Errors("r", "m", 5, ())) is None
    assert len(error_figure(Errors("r", "m", 5, tuple(rows[:3]))).axes) == 1


def test_bars_of_compositions():
    rows = [row("energy", "inter", 0.001 * k, "composition", name) for k, name in enumerate(("12EC", "12EMC"), start=1)]
    (axes,) = composition_error_figure(Errors("r", "m", 5, tuple(rows))).axes
    assert [round(bar.get_width(), 9) for bar in axes.patches] == [1.0, 2.0]
    assert composition_error_figure(Errors("r", "m", 5, tuple(rows[:1]))) is None


def run(stopped_by=None, n=50):
    time = np.linspace(0.0, 5.0, n)
    series = {"density_g_cm3": 1.0 + 0.01 * np.sin(time), "temperature_K": 300.0 + np.cos(time)}
    return Run(
        Path("npt.md.json"), "npt.extxyz", "m", "npt", "4EC:8EMC", 300.0, 1.0, "finished", stopped_by, time, series
    )


def test_runs_are_drawn_with_their_reference(written):
    found, _ = written
    evidence = replace(found.evidence, runs=(run(), run({"monitor": "bubble"})))
    left, right = run_density_figure(evidence).axes
    assert "OPLS" in [line.get_label() for line in left.lines]
    assert any(line.get_marker() == "X" for line in left.lines)
    assert len(right.patches) == 3  # two runs and the reference
    assert run_density_figure(Evidence("m")) is None
    alone = run_density_figure(replace(Evidence("m", runs=(run(),)), densities=found.evidence.densities))
    assert found.evidence.densities[0].reference in [y for line in alone.axes[0].lines for y in line.get_ydata()]
    (axes,) = run_temperature_figure([run()]).axes
    assert any(set(np.ravel(line.get_ydata())) == {300.0} for line in axes.lines)
    assert run_temperature_figure([]) is None


def test_densities_stand_beside_their_reference(written):
    found, _ = written
    (axes,) = density_against_reference_figure(found.evidence.densities).axes
    drawn = {round(float(x), 6) for line in axes.lines for x in np.ravel(line.get_xdata())}
    (entry,) = found.evidence.densities
    assert {round(entry.value, 6), round(entry.reference, 6)} <= drawn
    assert density_against_reference_figure(()) is None
