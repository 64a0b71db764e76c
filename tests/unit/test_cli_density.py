"""``ecemc density``."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest

from ecemc.cli import main
from ecemc.plots.thermodynamics import densities_figure
from ecemc.thermodynamics import density_table, read_runs, reference_data

TABLE = """method,composition,temperature_K,density_g_cm3,stderr_g_cm3,status
gap,16EC:32EMC,300,1.094,0.003,
gap,16EC:32EMC,300,1.097,0.003,
gap,16EC:32EMC,350,1.040,0.003,
gap,64EC,300,1.300,0.003,
gap,43EMC,300,1.020,0.003,
gap,43EMC,300,0.500,0.003,stopped
"""


@pytest.fixture
def call(tmp_path, monkeypatch, capsys, root):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    Path("runs.csv").write_text(TABLE)
    shutil.copy(root / "examples" / "data" / "ec_emc_400K.extxyz.gz", tmp_path)

    def run(*arguments):
        with pytest.raises(SystemExit) as done:
            main(["density", *arguments])
        printed = capsys.readouterr()
        return done.value.code, printed.out, printed.err

    return run


def test_table_of_a_table(call):
    status, shown, warnings = call("runs.csv")
    assert status == 0
    assert "1.0955 ± 0.0021" in shown
    assert "1.0918 ± 0.0013" in shown
    assert "16EC:32EMC: mole % 33.3 : 66.7, mass % 29.7 : 70.3" in shown
    assert "1 + 1 stopped" in shown
    assert "Thermal expansion" in shown
    assert "Excess volume" in shown
    assert "runs.csv, line 7: unstable, not counted: stopped, as the table says" in warnings
    assert "no reference for 64EC at 300 K, 16EC:32EMC at 350 K: outside its data; --extrapolate" in warnings


def test_extrapolated_references_are_marked(call):
    status, shown, warnings = call("runs.csv", "--extrapolate")
    assert status == 0
    assert "1.3376 ± 0.0026*" in shown
    assert "the reference is extrapolated for 64EC at 300 K" in warnings


def test_strict(call):
    assert call("runs.csv", "--strict")[0] == 1
    Path("runs.csv").write_text("\n".join(TABLE.splitlines()[:-1]))
    assert call("runs.csv", "--strict")[0] == 0
    Path("runs.csv").write_text(TABLE.replace("1.097", "1.150").replace(",stopped", ","))
    assert call("runs.csv", "--strict")[0] == 1


def test_json_csv_and_figure(call):
    status, shown, _ = call("runs.csv", "--json", "-o", "a.json", "-o", "a.csv", "-o", "a.png")
    assert status == 0
    record = json.loads(shown)
    assert record == json.loads(Path("a.json").read_text("utf-8"))
    assert (record["schema"], record["reference"]) == ("ecemc-density/1", "ec-emc")
    assert [run["status"] for run in record["runs"]].count("stopped") == 1
    assert record["runs"][0]["reference"]["density_g_cm3"] == pytest.approx(1.092, abs=0.001)
    with Path("a.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["composition"] for row in rows] == ["64EC", "16EC:32EMC", "16EC:32EMC", "43EMC"]
    assert float(rows[1]["density_g_cm3"]) == pytest.approx(1.0955)
    assert Path("a.png").read_bytes().startswith(b"\x89PNG")


def test_its_csv_is_a_table_again(call):
    call("runs.csv", "-o", "a.csv")
    status, shown, _ = call("a.csv")
    assert status == 0
    assert "1.0955 ± 0.0021" in shown


def test_real_liquid_against_its_force_field(call):
    """The example data are OPLS-AA at 400 K: their density is that of the table of OPLS densities."""
    status, shown, warnings = call("ec_emc_400K.extxyz.gz", "--experiment", "opls", "--json")
    assert (status, warnings) == (0, "")
    (found,) = json.loads(shown)["conditions"]
    assert found["reference"]["source"].startswith("opls")
    assert abs(found["deviation_g_cm3"]) < 2.5 * found["deviation_stderr"]


def test_own_measurements(call):
    Path("mine.csv").write_text("temperature_K,w_EC,w_EMC,density_g_cm3\n300,0.3,0.7,1.09\n300,0,1,1.0\n300,1,0,1.3\n")
    _, shown, _ = call("runs.csv", "--experiment", "mine.csv")
    assert "mine.csv" in shown
    _, shown, warnings = call("runs.csv", "--experiment", "none")
    assert "ec-emc" not in shown
    assert "reference" not in warnings


def test_liquids_without_measurement_are_not_compared(call):
    Path("water.csv").write_text("composition,temperature_K,density_g_cm3\n64H2O,300,0.99\n")
    status, shown, warnings = call("water.csv")
    assert (status, warnings) == (0, "")
    assert "64H2O" in shown


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["absent.extxyz"], "absent.extxyz: No such file or directory"),
        (["runs.csv", "-o", "a.pdf"], "--out: got a.pdf"),
        (["runs.csv", "-o", "absent/a.csv"], "there is no folder absent"),
        (["runs.csv", "--experiment", "opls2"], "expected a CSV file or one of ec-emc, opls"),
        (["runs.csv", "runs.csv"], "given twice"),
        (["ec_emc_400K.extxyz.gz", "--discard", "1e9"], "leaves nothing"),
    ],
)
def test_bad_input_is_one_line(call, arguments, message):
    status, shown, errors = call(*arguments)
    assert (status, shown) == (2, "")
    assert errors.startswith("ecemc: error: ")
    assert errors.count("\n") == 1
    assert message in errors


@pytest.mark.usefixtures("call")
def test_figure_shows_every_run():
    table = density_table(read_runs(["runs.csv"]), reference_data(), extrapolate=True)
    fig = densities_figure(table)
    temperature, fraction = fig.axes
    labels = [text.get_text() for text in temperature.get_legend().get_texts()]
    assert labels == ["EC", "1EC : 2EMC", "EMC", "reference: ec-emc", "stopped"]
    assert fraction.get_xlabel() == "mole fraction of EC"
    crosses = [line for line in temperature.lines if line.get_marker() == "x" and len(line.get_xdata())]
    assert [tuple(line.get_xydata()[0]) for line in crosses] == [(300.0, 0.5)]
    single = [line for line in temperature.lines if line.get_markersize() == 3.0]
    assert len(single) == 5
    one = density_table([run for run in table.runs if len(run.composition) == 2 and run.temperature == 300.0])
    assert len(densities_figure(one).axes) == 1
