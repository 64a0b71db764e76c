"""Results of the verbs are found by their content, read back, and refused if they do not belong together."""

from __future__ import annotations

import json
import shlex
import shutil

import numpy as np
import pytest
from ase.build import bulk
from ase.calculators.lj import LennardJones
from tests.reference.documents import parse_only

import ecemc
from ecemc.diagnosis import ACTIONS, Evidence, diagnose, gather
from ecemc.diagnosis.find import find
from ecemc.diagnosis.missing import missing
from ecemc.errors import FileFormatError, InputError
from ecemc.md.files import COLUMNS
from ecemc.methods import get_method
from ecemc.metrics import ErrorOptions, model_errors
from ecemc.scans import scan
from ecemc.testing import liquid, trajectory

RIGHT, SMALL, WEAK = (
    get_method(LennardJones, sigma=s, epsilon=e, rc=9.0) for s, e in ((3.4, 0.01), (3.3, 0.01), (3.4, 0.004))
)  # fmt: skip
DENSITY = {
    "schema": "ecemc-density/1",
    "runs": [
        {
            "file": "npt.extxyz", "method": "small", "composition": "4Ar", "temperature_K": 90.0, "pressure_bar": 1.0,
            "status": "finished", "density_g_cm3": 1.2, "stderr": 0.01, "n_effective": 30.0,
            "reference": {"density_g_cm3": 1.4, "stderr": None, "source": "book"},
        },
        {
            "file": "other.extxyz", "method": "right", "composition": "4Ar", "temperature_K": 90.0, "pressure_bar": 1.0,
            "status": "finished", "density_g_cm3": 1.3, "stderr": None, "n_effective": None, "reference": None,
        },
    ],
}  # fmt: skip


def named(method, name):
    return type(method)(name, method.identity, method.make)


def argon():
    atoms = bulk("Ar", "fcc", a=5.4, cubic=True)
    atoms.info["config_type"] = "liquid"
    return atoms


def write(path, record):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record), encoding="utf-8")
    return path


def write_run(path, method="small", **changes):
    """A run as ecemc md leaves it."""
    record = {
        "schema": "ecemc-md/1", "method": method, "ensemble": "npt", "temperature_K": 90.0, "temperature_end_K": None,
        "pressure_bar": 1.0, "composition": "4Ar", "status": "finished", "stopped_by": None,
        "files": {"trajectory": path.name.replace(".md.json", ".extxyz")},
    }  # fmt: skip
    write(path, record | changes)
    rows = np.ones((30, len(COLUMNS)))
    rows[:, 1] = 1000.0 * np.arange(30)
    text = "\n".join([",".join(COLUMNS), *(",".join(map(str, row)) for row in rows.tolist())])
    path.with_name(path.name.replace(".md.json", ".thermo.csv")).write_text(text + "\n")
    return path


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Errors, a scan with two models, runs of two methods, densities: names say nothing."""
    folder = tmp_path_factory.mktemp("made")
    small, weak = named(SMALL, "small"), named(WEAK, "weak")
    report = model_errors(argon(), small, named(RIGHT, "right"), options=ErrorOptions(n_jobs=1))
    write(folder / "a.json", report.to_dict())
    write(folder / "deep" / "b.json", scan(argon(), named(RIGHT, "right"), [small, weak], n_jobs=1).to_dict())
    write_run(folder / "npt.md.json")
    write_run(folder / "other.md.json", method="right")
    write(folder / "c.json", DENSITY)
    write(folder / "d.json", {"schema": "ecemc-eos/1", "zero_pressure_density": 1.25, "ci95": [1.2, None]})
    write(folder / "model.provenance.json", {
        "layout": "ecemc.provenance/1", "step": "fit", "file": "small.xml",
        "parameters": {"config_types": {"liquid": 9, "isolated_molecule": 4}},
    })  # fmt: skip
    write(folder / "data.provenance.json", {"layout": "ecemc.provenance/1", "step": "label", "file": "x"})
    write(folder / "foreign.json", {"schema": "someone.else/1"})
    (folder / "list.json").write_text("[1, 2]")
    write(folder / ".hidden" / "e.json", report.to_dict())
    return folder


@pytest.fixture
def folder(made, tmp_path):
    return shutil.copytree(made, tmp_path / "results")


def test_everything_is_found_by_its_content(folder):
    evidence = gather([folder])
    assert evidence.model == "small"
    assert sorted({source.kind for source in evidence.sources}) == ["density", "eos", "errors", "fit", "run", "scan"]
    assert evidence.training == {"liquid": 9, "isolated_molecule": 4}
    # The other run is one of the reference, and so is its density.
    assert [run.path.name for run in evidence.runs] == ["npt.md.json"]
    assert [entry.file for entry in evidence.densities] == ["npt.extxyz"]
    assert (evidence.densities[0].reference, evidence.densities[0].reference_stderr) == (1.4, 0.0)
    assert evidence.eos is not None
    assert np.isnan(evidence.eos.high)
    assert evidence.runs[0].length == pytest.approx(29.0)


def test_what_is_read_is_what_was_written(made):
    small, weak = named(SMALL, "small"), named(WEAK, "weak")
    written = scan(argon(), named(RIGHT, "right"), [small, weak], n_jobs=1)
    evidence = gather([made])
    assert evidence.scan is not None
    for got, expected in zip(evidence.scan.scores, written.scores[:2], strict=True):
        assert got.to_dict() == pytest.approx(expected.to_dict(), nan_ok=True)
    report = model_errors(argon(), small, named(RIGHT, "right"), options=ErrorOptions(n_jobs=1))
    assert evidence.errors is not None
    assert [repr(row) for row in evidence.errors.rows] == [repr(row) for row in report.table.rows()]


def test_another_model_of_the_same_scan(folder):
    (folder / "a.json").unlink()
    with pytest.raises(InputError, match="holds the models small, weak; say which one is meant with --model"):
        gather([folder])
    evidence = gather([folder / "deep"], model="weak")
    assert (evidence.model, evidence.scan.methods) == ("weak", ("right", "weak"))
    found = diagnose(folder / "deep", model="weak")
    assert (found.stable, found.to_blame[0].part) == ("not stable", "tail")
    with pytest.raises(InputError, match="got 'strong'"):
        gather([folder / "deep"], model="strong")


def test_a_comparison_is_read_back_with_its_series(tmp_path):
    for name, seed in (("ref", 1), ("own", 2)):
        ecemc.write(tmp_path / f"{name}.extxyz", list(trajectory(liquid(1, 2, 0.5), 20, seed=seed)))
        found = ecemc.analyze(tmp_path / f"{name}.extxyz")
        write(tmp_path / name / "results.json", found.to_dict())
    compared = ecemc.compare(tmp_path / "ref", tmp_path / "own", labels=["ref", "own"])
    path = write(tmp_path / "compare.json", compared.to_dict())
    alone = gather([path]).comparison
    assert alone.results[0].series == {}
    found = gather([tmp_path]).comparison
    assert found.labels == ("ref", "own")
    assert found.results[0].series["density"].values.tolist() == compared.results[0].series["density"].values.tolist()
    for got, expected in zip(found.curves, compared.curves, strict=True):
        assert (got.part, got.pair) == (expected.part, expected.pair)
        assert got.differences[0].largest == expected.differences[0].largest or np.isnan(got.differences[0].r)
        np.testing.assert_array_equal(got.curves[1].g, expected.curves[1].g)
    assert {name: row.values for name, row in found.scalars.items()}.keys() == compared.scalars.keys()
    for name, row in found.scalars.items():
        assert repr(row.values) == repr(compared.scalars[name].values)


def test_a_named_file_takes_the_place_of_one_that_is_found(folder):
    other = write(folder.parent / "else.json", json.loads((folder / "a.json").read_text()) | {"prediction": "weak"})
    shutil.copy(folder / "a.json", folder / "b2.json")
    with pytest.raises(InputError, match=r"a\.json and .*b2\.json: both are results of kind 'errors'"):
        gather([folder])
    (folder / "npt.md.json").unlink()
    (folder / "other.md.json").unlink()
    assert gather([folder, other]).model == "weak"


@pytest.mark.parametrize("name", ["npt.md.json", "npt.extxyz", "npt.thermo.csv"])
def test_a_run_is_found_from_any_of_its_files(folder, name):
    assert [run.path.name for run in gather([folder / name]).runs] == ["npt.md.json"]


def test_different_models_are_not_mixed(folder):
    record = json.loads((folder / "a.json").read_text())
    write(folder / "a.json", record | {"prediction": "GAP small.xml 11111111"})
    text = (folder / "deep" / "b.json").read_text().replace('"small"', '"GAP small.xml 22222222"')
    (folder / "deep" / "b.json").write_text(text)
    with pytest.raises(InputError, match=r"GAP small.xml 11111111 and of GAP small.xml 22222222|say which one"):
        gather([folder])


def test_runs_of_unknown_models(folder):
    with pytest.raises(InputError, match=r"runs of small, right: say which is the model"):
        gather([folder / "npt.md.json", folder / "other.md.json"])
    assert gather([folder / "other.md.json"]).model == "right"


DAMAGE = {
    "a.json": lambda record: record["errors"][0].pop("rmse"),
    "deep/b.json": lambda record: record["scans"][0]["curves"][0].pop("energy_eV"),
    "c.json": lambda record: record["runs"][0].pop("density_g_cm3"),
    "d.json": lambda record: record.pop("zero_pressure_density"),
    "npt.md.json": lambda record: record.pop("ensemble"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_damaged_files_are_named(folder, name):
    record = json.loads((folder / name).read_text())
    DAMAGE[name](record)
    write(folder / name, record)
    with pytest.raises(FileFormatError, match=f"{name.split('/')[-1]}: damaged, key .* is missing"):
        gather([folder])


def test_files_that_are_no_results(folder, tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere: no such file or folder"):
        find([tmp_path / "nowhere"])
    with pytest.raises(FileFormatError, match=r"foreign.json: its layout is 'someone.else/1', expected one of"):
        find([folder / "foreign.json"])
    with pytest.raises(FileFormatError, match="its layout is 'None'"):
        find([folder / "list.json"])
    with pytest.raises(FileFormatError, match="expected one of"):
        find([folder / "data.provenance.json"])
    (folder / "a.json").write_text((folder / "a.json").read_text()[:-5])
    with pytest.raises(FileFormatError, match=r"a.json: not JSON .* or cut off"):
        find([folder])
    write(folder / "a.json", {"layout": "ecemc.errors/7"})
    with pytest.raises(FileFormatError, match=r"has the layout ecemc.errors/7, this version of ecemc reads"):
        find([folder])
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"empty: holds no results of a model; expected those of ecemc errors"):
        find([tmp_path / "empty"])
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(FileFormatError, match=r"there is no notes\.txt\.md\.json beside it"):
        find([tmp_path / "notes.txt"])


def test_a_run_without_its_log(folder):
    (folder / "npt.thermo.csv").unlink()
    with pytest.raises(FileNotFoundError, match=r"npt\.thermo\.csv"):
        gather([folder])
    (folder / "npt.thermo.csv").write_text("time,density\n1,2\n")
    with pytest.raises(FileFormatError, match=r"is no log of ecemc md"):
        gather([folder])


def test_commands_that_are_advised_exist():
    commands = [action.command for action in ACTIONS.values()] + [entry.command for entry in missing(Evidence("m"))]
    given = [command for command in commands if command.startswith("ecemc ")]
    assert len(given) > 10
    for command in given:
        assert parse_only(shlex.split(command)[1:]) == (0, ""), command
