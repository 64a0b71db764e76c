"""The folder and the page of a comparison, and the command that writes them."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
from importlib.resources import files

import jsonschema
import numpy as np
import pytest
from tests.reference.documents import Page

from ecemc import AnalysisOptions, analyze, compare
from ecemc.errors import InputError
from ecemc.report import write_comparison, write_report
from ecemc.testing import liquid, trajectory

OPTIONS = AnalysisOptions(r_max=6.0, n_bins=60, local_radius=6.0)
FIGURES = {"deviations", "series", "rdf_inter", "rdf_centers", "rdf_intra", "local_composition", "msd"}


def analysis(density, seed, n=40):
    frames = list(trajectory(liquid(4, 8, density, seed=3), n, seed=seed))
    rng = np.random.default_rng(seed)
    for frame in frames:
        frame.info |= {"temperature": rng.normal(300.0, 10.0), "temperature_target": 300.0}
    return analyze(frames, OPTIONS)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Folders of three analyses, the last of another liquid."""
    folder = tmp_path_factory.mktemp("results")
    for name, density, seed in (("a", 0.9, 1), ("<b>", 0.9, 2), ("thin", 0.75, 3)):
        write_report(analysis(density, seed), folder / name)
    return folder


@pytest.fixture(scope="module")
def comparison(results):
    return compare(results / "a", results / "<b>", results / "thin")


@pytest.fixture(scope="module")
def folder(comparison, tmp_path_factory):
    folder = tmp_path_factory.mktemp("comparison")
    write_comparison(comparison, folder, command="ecemc compare a '<b>' thin")
    return folder


def test_everything_is_there(folder):
    names = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    record = json.loads((folder / "compare.json").read_text("utf-8"))
    assert names == {"index.html", "compare.json", *record["files"]}
    assert {path.stem for path in (folder / "figures").iterdir()} == FIGURES
    assert len(list((folder / "figures").glob("*.png"))) == len(FIGURES)
    schema = json.loads(files("ecemc.comparison").joinpath("comparison.schema.json").read_text("utf-8"))
    jsonschema.validate(record, schema)


def test_the_page_is_one_valid_offline_file(folder, comparison):
    text = (folder / "index.html").read_text("utf-8")
    page = Page(text)
    assert page.open == []
    assert len(page.ids) == len(set(page.ids)) > 20
    assert "script" not in page.tags
    for link in page.links:
        assert link[1:] in page.ids if link.startswith("#") else (folder / link).is_file(), link
    assert not re.search(r"@import|https?://(?!www\.w3\.org)", text)
    assert page.tags.count("svg") == len(page.labels) == len(FIGURES)
    assert len(text) < 5_000_000
    assert "&lt;b&gt;" in text
    assert "<b>:" not in text
    for name, label, found in comparison.findings:
        assert name in text, label
        assert found.sentence in text
    plain = re.sub(r"<svg.*?</svg>|<style>.*?</style>", "", text, flags=re.DOTALL)
    assert not re.search(r"\bnan\b|None|\binf\b", plain)


def test_tables_read_back_as_the_same_numbers(folder, comparison):
    rows = list(csv.DictReader((folder / "tables" / "rdf_inter_C-O.csv").read_text("utf-8").splitlines()))
    row = next(row for row in comparison.curves if (row.part, row.pair) == ("inter", ("C", "O")))
    assert [float(line["difference thin"]) for line in rows] == row.differences[1].delta.tolist()
    rows = list(csv.DictReader((folder / "tables" / "quantities.csv").read_text("utf-8").splitlines()))
    density = next(line for line in rows if line["quantity"] == "density" and line["result"] == "thin")
    assert density["verdict"] == "differ"
    assert float(density["difference"]) == comparison.scalars["density"].differences[1].value
    rows = list(csv.DictReader((folder / "tables" / "distribution_density.csv").read_text("utf-8").splitlines()))
    widths = [float(line["to (g/cm³)"]) - float(line["from (g/cm³)"]) for line in rows]
    total = sum(float(line["probability density thin"]) * width for line, width in zip(rows, widths, strict=True))
    assert total == pytest.approx(1.0)
    rows = list(csv.DictReader((folder / "tables" / "local_composition.csv").read_text("utf-8").splitlines()))
    shares = [float(line["probability a"]) for line in rows if (line["central"], line["around"]) == ("EC", "EMC")]
    assert sum(shares) == pytest.approx(1.0)


def test_same_comparison_same_bytes(folder, comparison, tmp_path):
    write_comparison(comparison, tmp_path, command="ecemc compare a '<b>' thin")
    for path in folder.rglob("*"):
        if path.is_file():
            assert path.read_bytes() == (tmp_path / path.relative_to(folder)).read_bytes(), path.name


def test_a_second_comparison_takes_the_place_of_the_first_and_of_nothing_else(comparison, tmp_path):
    write_comparison(comparison, tmp_path)
    (tmp_path / "tables" / "mine.csv").write_text("mine")
    single = [analyze([liquid(4, 8, 0.9, seed=seed)], OPTIONS) for seed in (1, 2)]
    write_comparison(compare(*single), tmp_path)
    assert not (tmp_path / "figures" / "series.png").exists()
    assert (tmp_path / "figures" / "rdf_inter.png").exists()
    assert (tmp_path / "tables" / "mine.csv").read_text() == "mine"


def test_an_analysis_and_a_comparison_do_not_overwrite_each_other(comparison, results, folder):
    with pytest.raises(InputError, match="not of a comparison; choose another folder"):
        write_comparison(comparison, results / "a")
    with pytest.raises(InputError, match="not of an analysis; choose another folder"):
        write_report(analysis(0.9, 1, n=2), folder)


@pytest.mark.parametrize("content", ['{"schema": "other"}', "[", '{"schema": "ecemc.analysis/1"}'])
def test_folders_of_others_are_left_alone(comparison, tmp_path, content):
    (tmp_path / "compare.json").write_text(content)
    with pytest.raises(InputError, match="choose another folder"):
        write_comparison(comparison, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["compare.json"]


# -- the command -----------------------------------------------------------------------------------------------------


def ecemc(*arguments, cwd):
    env = {key: value for key, value in os.environ.items() if key != "ECEMC_DEBUG"}
    command = [sys.executable, "-m", "ecemc", "compare", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False, timeout=120)


def test_the_command_writes_a_folder_and_says_what_differs(results, tmp_path):
    done = ecemc("a", "thin", "-o", tmp_path / "out", cwd=results)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0].startswith("Different: Density")
    assert any(line.startswith("  ▲ Density: Off by −0.1") for line in lines)
    assert lines[-1] == f"Comparison: {tmp_path / 'out' / 'index.html'}"
    assert (tmp_path / "out" / "compare.json").exists()


def test_the_default_folder(results, tmp_path):
    assert ecemc(results / "a", results / "<b>", cwd=tmp_path).returncode == 0
    assert (tmp_path / "comparison" / "index.html").exists()


def test_json_goes_to_the_terminal(results, tmp_path):
    done = ecemc(results / "a", results / "thin", "--json", "--labels", "one, two", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert [entry["label"] for entry in json.loads(done.stdout)["results"]] == ["one", "two"]
    assert list(tmp_path.iterdir()) == []
    done = ecemc(results / "a", results / "thin", "--json", "-o", "out", cwd=tmp_path)
    assert json.loads(done.stdout)
    assert (tmp_path / "out" / "index.html").exists()


def test_strict_tells_by_the_exit_status(results, tmp_path):
    assert ecemc(results / "a", results / "thin", "--strict", cwd=tmp_path).returncode == 1
    assert ecemc(results / "a", results / "<b>", "--strict", cwd=tmp_path).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], ["A B", "--help"]),
        (["a"], ["got 1", "at least two"]),
        (["a", "a"], ["a twice"]),
        (["a", "a/results.json"], ["twice"]),
        (["a", "missing"], ["missing", "no such file or folder"]),
        (["a", "."], ["there is no results.json"]),
        (["a", "a/index.html"], ["index.html", "not JSON"]),
        (["a", "thin", "-o", "a"], ["not of a comparison", "another folder"]),
        (["a", "thin", "-o", "a/index.html"], ["is a file"]),
        (["a", "thin", "--labels", "x"], ["expected 2 different names"]),
        (["a", "thin", "--labels", "x,x"], ["expected 2 different names"]),
    ],
)
def test_bad_input_gets_one_clear_line(results, arguments, words):
    before = {path: path.stat().st_mtime_ns for path in results.rglob("*")}
    done = ecemc(*arguments, cwd=results)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("ecemc: error: ")
    assert done.stderr.count("\n") == 1
    for word in words:
        assert word in done.stderr, done.stderr
    assert {path: path.stat().st_mtime_ns for path in results.rglob("*")} == before


def test_bins_that_end_below_the_first_neighbour(tmp_path):
    """Curves without a single pair have nothing to compare; the page is made of the rest."""
    frames = list(trajectory(liquid(4, 8, 0.9, seed=3), 12, seed=1))
    short, long = (analyze(frames, AnalysisOptions(r_max=r_max, local_radius=6.0)) for r_max in (1.3, 6.0))
    for order in ((short, long), (long, short)):
        found = compare(*order)
        pairs = [(row.part, row.pair) for row in found.curves]
        assert ("intra", ("C", "H")) in pairs
        assert ("inter", ("C", "O")) not in pairs
        write_comparison(found, tmp_path)
    nothing = compare(*(analyze(frames, AnalysisOptions(r_max=r_max, local_radius=6.0)) for r_max in (0.3, 6.0)))
    assert nothing.curves == ()
    page = write_comparison(nothing, tmp_path)
    assert "figure-rdf" not in page.read_text("utf-8")


def test_many_results_of_many_bins_make_a_small_page(tmp_path):
    frames = [list(trajectory(liquid(4, 8, 0.9, seed=3), 12, seed=seed)) for seed in range(7)]
    runs = [analyze(of, AnalysisOptions(r_max=6.0, n_bins=3000, local_radius=6.0)) for of in frames]
    page = write_comparison(compare(*runs), tmp_path)
    assert page.stat().st_size < 3_000_000
