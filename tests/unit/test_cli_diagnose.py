"""``ecemc diagnose``."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest
from ase.build import bulk
from ase.calculators.lj import LennardJones

from ecemc.cli import main
from ecemc.scans import scan


@pytest.fixture
def call(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    argon = bulk("Ar", "fcc", a=5.4, cubic=True)
    right, same, weak = (LennardJones(sigma=3.4, epsilon=e, rc=9.0) for e in (0.01, 0.0101, 0.002))
    for name, model in (("good", same), ("bad", weak)):
        record = scan(argon, right, {name: model}, n_jobs=1).to_dict()
        Path(name).mkdir()
        Path(name, "scan.json").write_text(json.dumps(record))

    def run(*arguments):
        with pytest.raises(SystemExit) as done:
            main(["diagnose", *arguments])
        printed = capsys.readouterr()
        return done.value.code, printed.out, printed.err

    return run


def test_words_and_exit_status(call):
    status, out, err = call("bad")
    assert (status, err) == (1, "")
    lines = out.splitlines()
    assert lines[0] == "bad: not stable"
    assert lines[1].startswith("Foreseen from the scan: A density 40% lower costs ")
    assert "To blame: tail" in lines[1]
    assert lines[2].startswith("  ✖ tail: ")
    assert "What to do, the most useful first:" in lines
    assert "Not known:" in lines
    status, out, _ = call("good")
    assert (status, out.splitlines()[0]) == (0, "good: not yet known")
    assert sorted(path.name for path in Path().iterdir()) == ["bad", "good"]


def test_the_page_and_json(call):
    status, out, _ = call("bad", "-o", "page")
    assert (status, out.splitlines()[-1]) == (1, "Page: page/index.html")
    assert sorted(path.name for path in Path("page").iterdir()) == ["diagnosis.json", "figures", "index.html"]
    status, out, _ = call("bad", "--json")
    record = json.loads(out)
    jsonschema.validate(record, json.loads(files("ecemc.diagnosis").joinpath("diagnosis.schema.json").read_text()))
    written = json.loads(Path("page/diagnosis.json").read_text("utf-8"))
    assert written.pop("files") == sorted(f"figures/{p.name}" for p in Path("page/figures").iterdir())
    assert written == record
    # What diagnose itself has written is no result of a model.
    assert call("bad", "page", "-o", "page")[0] == 1


@pytest.mark.parametrize(("arguments", "words"), [
    (["nowhere"], "nowhere: no such file or folder"),
    (["bad", "good"], "both are results of kind 'scan'"),
    (["bad", "-o", "good/scan.json"], "is a file, expected a folder"),
])  # fmt: skip
def test_bad_input(call, arguments, words):
    status, out, err = call(*arguments)
    assert (status, out) == (2, "")
    assert words in err
    assert err.count("\n") == 1


def test_a_folder_of_something_else_is_left_alone(call):
    Path("page").mkdir()
    Path("page/index.html").write_text("mine")
    status, _, err = call("bad", "-o", "page")
    assert status == 2
    assert "holds an index.html that is not of a diagnosis" in err
    assert Path("page/index.html").read_text() == "mine"
