"""The report: files, page, figures; its folder is handled with care."""

from __future__ import annotations

import csv
import json
import re
import threading
from importlib.resources import files

import jsonschema
import matplotlib as mpl
import numpy as np
import pytest
from tests.reference.documents import Page

from ecemc import AnalysisOptions, analyze
from ecemc.errors import InputError
from ecemc.report import write_report
from ecemc.report.files import write_atomically
from ecemc.testing import liquid, trajectory


@pytest.fixture(scope="module")
def analysis():
    frames = list(trajectory(liquid(4, 8, 0.9, seed=3), 40, seed=1))
    for frame in frames:
        frame.info |= {"REF_energy": -1.5 * len(frame), "temperature": 300.0 + 1e4 * (frame.info["step"] % 700) / 1e6}
    frames[5].positions[9] += [1.2, 0.9, 0.0]
    return analyze(frames, AnalysisOptions(r_max=6.0, n_bins=50, local_radius=6.0))


@pytest.fixture(scope="module")
def folder(analysis, tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    write_report(analysis, folder, command="ecemc analyze <run>.extxyz -o 'a & b'")
    return folder


def test_everything_is_there(folder):
    names = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    record = json.loads((folder / "results.json").read_text())
    assert names == {"index.html", "results.json", *record["files"]}
    for figure in ("density", "voids", "molecules", "rdf", "local_composition", "thermodynamics"):
        assert (folder / "figures" / f"{figure}.png").read_bytes().startswith(b"\x89PNG")
        assert "<svg" in (folder / "figures" / f"{figure}.svg").read_text()
    schema = json.loads(files("ecemc.analysis").joinpath("analysis.schema.json").read_text())
    jsonschema.validate(record, schema)


def test_the_page_is_one_valid_offline_file(folder, analysis):
    text = (folder / "index.html").read_text()
    page = Page(text)
    assert page.open == []
    assert len(page.ids) == len(set(page.ids)) > 20
    assert "script" not in page.tags
    outside = [link for link in page.links if not link.startswith("#")]
    assert outside
    for link in outside:
        assert (folder / link).is_file(), link
    inside = set(re.findall(r"url\(#([^)]+)\)", text)) | {link[1:] for link in page.links if link.startswith("#")}
    assert inside <= set(page.ids)
    assert not re.search(r"@import|https?://(?!www\.w3\.org)", text)
    figures = {path.stem for path in (folder / "figures").glob("*.svg")}
    assert {"density", "rdf", "centers", "motion"} < figures
    assert page.tags.count("svg") == len(page.labels) == len(figures)
    assert all(len(label) > 20 for label in page.labels)
    assert len(text) < 5_000_000
    assert analysis.verdict.summary in text
    assert "&lt;run&gt;.extxyz" in text
    assert "None" not in re.sub(r"<svg.*?</svg>|<style>.*?</style>", "", text, flags=re.DOTALL)
    assert not re.search(r"\bnan\b", text)


def test_tables_read_back_as_the_same_numbers(folder, analysis):
    rows = list(csv.reader((folder / "tables" / "series.csv").read_text().splitlines()))
    column = rows[0].index("density (g/cm³)")
    assert np.array_equal([float(row[column]) for row in rows[1:]], analysis.series["density"].values)
    rows = list(csv.reader((folder / "tables" / "rdf_C-O.csv").read_text().splitlines()))
    assert np.array_equal([float(row[2]) for row in rows[1:]], analysis.rdf.inter["C", "O"])
    rows = list(csv.reader((folder / "tables" / "local_composition.csv").read_text().splitlines()))
    assert sum(float(row[-1]) for row in rows[1:] if row[0] == "EC") == pytest.approx(1.0)


def test_same_analysis_same_bytes(folder, analysis, tmp_path):
    write_report(analysis, tmp_path, command="ecemc analyze <run>.extxyz -o 'a & b'")
    for path in folder.rglob("*"):
        if path.is_file():
            assert path.read_bytes() == (tmp_path / path.relative_to(folder)).read_bytes(), path.name


def test_matplotlib_settings_of_the_user_neither_matter_nor_change(analysis, folder, tmp_path):
    with mpl.rc_context({"axes.facecolor": "red", "font.size": 30}):
        before = dict(mpl.rcParams)
        write_report(analysis, tmp_path, command="ecemc analyze <run>.extxyz -o 'a & b'")
        assert dict(mpl.rcParams) == before
    assert (tmp_path / "figures/rdf.svg").read_bytes() == (folder / "figures/rdf.svg").read_bytes()


def test_a_second_report_takes_the_place_of_the_first_and_of_nothing_else(analysis, tmp_path):
    write_report(analysis, tmp_path)
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "figures" / "mine.png").write_text("mine")
    frames = list(trajectory(liquid(2, 4, 0.8, seed=3), 3, seed=1))
    write_report(analyze(frames), tmp_path)
    assert not (tmp_path / "figures" / "molecules.png").exists()
    assert not (tmp_path / "figures" / "thermodynamics.svg").exists()
    assert (tmp_path / "figures" / "density.png").exists()
    assert (tmp_path / "notes.txt").read_text() == (tmp_path / "figures" / "mine.png").read_text() == "mine"


@pytest.mark.parametrize(
    ("name", "content"), [("results.json", '{"schema": "other"}'), ("results.json", "["), ("index.html", "x")]
)
def test_folders_of_others_are_left_alone(analysis, tmp_path, name, content):
    (tmp_path / name).write_text(content)
    with pytest.raises(InputError, match="choose another folder"):
        write_report(analysis, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == content


def test_a_list_of_files_cannot_reach_outside(analysis, tmp_path):
    (tmp_path / "precious.csv").write_text("mine")
    inner = tmp_path / "report"
    write_report(analysis, inner)
    record = json.loads((inner / "results.json").read_text())
    record["files"] += ["../precious.csv", "tables/../../precious.csv", str(tmp_path / "precious.csv")]
    (inner / "results.json").write_text(json.dumps(record))
    write_report(analysis, inner)
    assert (tmp_path / "precious.csv").exists()


def test_a_reader_never_sees_half_a_file(tmp_path):
    path = tmp_path / "file"
    contents = [b"a" * 200_000, b"b" * 300_000]
    write_atomically(path, contents[0])
    stop = threading.Event()
    seen = set()

    def read():
        while not stop.is_set():
            seen.add(path.read_bytes())

    reader = threading.Thread(target=read)
    reader.start()
    for turn in range(60):
        write_atomically(path, contents[turn % 2])
    stop.set()
    reader.join()
    assert seen <= set(contents)
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_one_frame_makes_a_report(tmp_path):
    page = write_report(analyze([liquid(4, 8, 0.9, seed=3)]), tmp_path)
    Page(page.read_text())
    assert "one frame" in page.read_text()
