"""``ecemc eos``."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from ecemc.cli import main
from ecemc.plots.thermodynamics import eos_figure
from ecemc.thermodynamics import experimental_density, fit_eos

RHO = (0.82, 0.90, 0.95, 1.00, 1.08)
PRESSURE = (-3690.0, -1910.0, 40.0, 2830.0, 10180.0)


@pytest.fixture
def call(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    write()

    def run(*arguments):
        with pytest.raises(SystemExit) as done:
            main(["eos", *arguments])
        printed = capsys.readouterr()
        return done.value.code, printed.out, printed.err

    return run


def write(rho=RHO, pressure=PRESSURE, stderr=60.0):
    rows = "".join(f"{x},{p},{stderr},400,4EC:8EMC\n" for x, p in zip(rho, pressure, strict=True))
    Path("nvt.csv").write_text("density_g_cm3,pressure_bar,stderr_bar,temperature_K,composition\n" + rows)


def test_table_and_files(call):
    status, shown, warnings = call("nvt.csv", "--extrapolate", "-o", "e.json", "-o", "e.csv", "-o", "e.png")
    assert status == 0
    expected = fit_eos(RHO, PRESSURE, [60.0] * 5)
    assert f"{expected.zero_pressure_density:.4f}" in shown
    assert "{:.4f} to {:.4f}".format(*expected.ci95) in shown
    assert "4EC:8EMC (mole % 33.3 : 66.7, mass % 29.7 : 70.3), 400 K" in shown
    assert "the reference density is extrapolated" in warnings
    record = json.loads(Path("e.json").read_text("utf-8"))
    assert record["schema"] == "ecemc-eos/1"
    assert record["ci95"] == pytest.approx(expected.ci95)
    assert record["bootstrap95"] == pytest.approx(expected.ci95, abs=3e-4)
    assert record["reference"]["pressure_ci95"][0] < record["reference"]["pressure_bar"]
    with Path("e.csv").open(encoding="utf-8") as file:
        assert [float(row["pressure_bar"]) for row in csv.DictReader(file)] == list(PRESSURE)
    assert Path("e.png").read_bytes().startswith(b"\x89PNG")


def test_json(call):
    status, shown, warnings = call("nvt.csv", "--json")
    assert status == 0
    assert json.loads(shown)["reference"] is None
    assert "outside the data of ec-emc" in warnings


def test_held_exponent_takes_two_densities(call):
    write(RHO[1:4:2], PRESSURE[1:4:2])
    status, _, errors = call("nvt.csv")
    assert status == 2
    assert "got 2 different (0.9, 1), 3 are needed" in errors
    status, shown, warnings = call("nvt.csv", "--exponent", "8")
    assert status == 0
    assert "which the curve meets" in shown
    assert "held at 8" in warnings


def test_zero_outside_the_runs(call):
    write(RHO[2:], PRESSURE[2:])
    status, shown, errors = call("nvt.csv")
    assert (status, shown) == (2, "")
    assert "add runs at lower densities" in errors
    assert "--extrapolate-zero" in errors
    status, _, warnings = call("nvt.csv", "--extrapolate-zero")
    assert status == 0
    assert "extrapolated" in warnings


@pytest.mark.parametrize(
    ("stderr", "message"),
    [("0", "the error of its pressure is 0"), ("-1", "expected a number >= 0"), ("nan", "expected a finite number")],
)
def test_bad_errors(call, stderr, message):
    write(stderr=stderr)
    status, shown, errors = call("nvt.csv")
    assert (status, shown) == (2, "")
    assert errors.startswith("ecemc: error: nvt.csv, line 2")
    assert message in errors
    assert errors.count("\n") == 1


def test_points_of_constant_volume_have_no_density(capsys, call):
    assert call("nvt.csv")[0] == 0
    with pytest.raises(SystemExit) as done:
        main(["density", "nvt.csv"])
    assert done.value.code == 2
    assert "see ecemc eos" in capsys.readouterr().err


def test_figure_shows_points_curve_and_zero():
    first = fit_eos(RHO, PRESSURE, [60.0] * 5)
    second = fit_eos(RHO, np.array(PRESSURE) + 900.0, [60.0] * 5)
    fig = eos_figure({"GAP": first, "AIMD": second}, reference=experimental_density("EMC", 300.0))
    above, below = fig.axes
    labels = [text.get_text() for text in above.get_legend().get_texts()]
    assert sum("P = 0 at" in label for label in labels) == 2
    assert any(label.startswith("measured density 1.004") for label in labels)
    zeros = [line.get_xydata()[0] for line in above.lines if line.get_marker() == "D"]
    assert [zero[0] for zero in zeros] == [first.zero_pressure_density, second.zero_pressure_density]
    residuals = [line.get_ydata() for line in below.lines if line.get_marker() == "o"]
    assert residuals[0] == pytest.approx(first.pressures - first.pressure(first.densities))
    low, high = above.get_ylim()
    assert low < min(PRESSURE)
    assert high > max(PRESSURE)


def test_figure_of_a_badly_known_zero_stays_at_the_points():
    """The interval of the zero has no lower end here; the axis must not run to zero density."""
    vague = fit_eos([1.1, 1.2, 1.3, 1.4], [-99.0, -19.0, 51.0, 486.0], [50.0, 42.0, 83.0, 22.0])
    assert vague.ci95[0] == 0.0
    assert "do not bound" in vague.notes[-1]
    above = eos_figure(vague).axes[0]
    assert above.get_xlim()[0] > 1.0
    assert above.get_ylim()[1] < 1500.0
