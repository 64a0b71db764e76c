"""``ecemc map``."""

from __future__ import annotations

import csv
import gzip
import json

import numpy as np
import pytest

from ecemc import split_molecules, write
from ecemc.cli import main
from ecemc.maps import KernelPCAOptions, kernel_pca
from ecemc.testing import liquid
from ecemc.trajectory import Trajectory

SMALL = "soap cutoff=4 n_max=3 l_max=2 atom_sigma=0.6"


@pytest.fixture
def data(tmp_path, monkeypatch):
    """Two files of liquids, one with isolated molecules too, and one of another composition."""
    monkeypatch.chdir(tmp_path)
    boxes = [liquid(2, 2, 0.8, seed=seed) for seed in range(4)]
    for box in boxes:
        box.info["config_type"] = "liquid"
    parts = split_molecules(boxes[0], cell=None)
    for part in parts:
        part.info["config_type"] = "isolated_molecule"
    write("one.extxyz", [*boxes[:2], *parts])
    write("two.extxyz", boxes[2:])
    write("new.extxyz", [liquid(1, 3, 0.8, seed=seed) for seed in range(2)])
    return tmp_path


def call(*arguments):
    with pytest.raises(SystemExit) as done:
        main(["map", *arguments])
    return done.value.code


def rows_of(path):
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_every_kind_of_file(data, capsys):
    pytest.importorskip("chemiscope", reason="needs chemiscope (extra map)")
    names = ("map.csv", "map.json", "map.png", "map.svg", "map.chemiscope.json", "map.chemiscope.json.gz")
    outs = [word for name in names for word in ("-o", name)]
    assert call("one.extxyz", "two.extxyz", "--descriptor", SMALL, "--project", "new.extxyz", *outs) == 0
    shown = capsys.readouterr()
    assert not shown.err
    assert "isolated_molecule" in shown.out
    assert "projected" in shown.out
    assert "0.0 % is out of reach of the 8 landmarks." in shown.out
    found = kernel_pca(Trajectory(["one.extxyz", "two.extxyz"], join="append"), KernelPCAOptions(descriptor=SMALL))
    rows = rows_of(data / "map.csv")
    assert list(rows[0])[:3] == ["set", "frame", "config_type"]
    assert [row["set"] for row in rows] == ["map"] * 8 + ["projected"] * 2
    assert [row["composition"] for row in rows[5:]] == ["1EMC", "2EC:2EMC", "2EC:2EMC", "1EC:3EMC", "1EC:3EMC"]
    assert [row["config_type"] for row in rows[-3:]] == ["liquid", "", ""]
    np.testing.assert_array_equal([float(row["pc2"]) for row in rows[:8]], found.coordinates[:, 1])
    record = json.loads((data / "map.json").read_text("utf-8"))
    assert record["points"]["pc1"] == found.coordinates[:, 0].tolist()
    assert len(record["projected"]["pc1"]) == 2
    assert (data / "map.png").read_bytes().startswith(b"\x89PNG")
    assert "isolated_molecule" in (data / "map.svg").read_text("utf-8")
    plain = json.loads((data / "map.chemiscope.json").read_text("utf-8"))
    with gzip.open(data / "map.chemiscope.json.gz", "rt", encoding="utf-8") as file:
        assert json.load(file) == plain
    assert len(plain["structures"]) == 8


def test_atoms_and_json_on_the_terminal(data, capsys):
    arguments = ("one.extxyz", "--by", "EC:C1", "--descriptor", SMALL, "--color", "species", "--components", "1")
    assert call(*arguments, "--landmarks", "3", "--choose", "farthest", "--seed", "7", "--json") == 0
    record = json.loads(capsys.readouterr().out)
    assert record["options"] == {
        "by": "EC:C1", "descriptor": SMALL, "zeta": 4, "n_components": 1, "n_landmarks": 3, "landmarks": "farthest",
        "seed": 7,
    }  # fmt: skip
    assert record["n_landmarks"] == 3
    assert set(record["points"]["type"]) == {"EC:C1"}
    assert record["n_points"] == len(record["points"]["pc1"]) == 6
    assert not list(data.glob("*.json"))


def test_a_map_that_its_landmarks_do_not_span_says_so(data, capsys):
    assert data.is_dir()
    assert call("one.extxyz", "--by", "C", "--descriptor", SMALL, "--landmarks", "3", "--color", "density") == 0
    shown = capsys.readouterr().out
    assert "all" in shown
    assert "Warning: the landmarks do not span the data; give more --landmarks." in shown


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("no.extxyz",), "no.extxyz: No such file"),
        (("one.extxyz", "--by", "carbon"), "by: got 'carbon', expected 'frame', an element"),
        (("one.extxyz", "--by", "EC:N1"), "one.extxyz: frames: none of 6 holds what is asked for; there are EC:C1"),
        (("one.extxyz", "--select", ":2"), "one.extxyz: frames: hold 2 points, expected more than n_components=2"),
        (("one.extxyz", "--color", "colour"), "color: nothing is called 'colour'; there are config_type"),
        (("one.extxyz", "--descriptor", "soap cutoff=4"), "descriptor: 'soap cutoff=4' lacks n_max"),
        (("one.extxyz", "--zeta", "0"), "zeta: got 0"),
        (("one.extxyz", "-o", "map.pdf"), "--out: got map.pdf, expected a name that ends in .chemiscope.json"),
        (("one.extxyz", "-o", "no/map.png"), "--out: there is no folder no"),
        (("one.extxyz", "--project", "none.extxyz"), "none.extxyz: No such file"),
    ],
)
def test_errors(data, arguments, message, capsys):
    before = sorted(data.iterdir())
    assert call(*arguments) == 2
    shown = capsys.readouterr()
    assert message in shown.err
    assert shown.err.count("\n") == 1
    assert not shown.out
    assert sorted(data.iterdir()) == before
