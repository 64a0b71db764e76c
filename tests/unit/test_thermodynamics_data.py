"""Measured densities and tables of users: interpolation, its limits, and every message of bad tables."""

from __future__ import annotations

import csv
import math

import numpy as np
import pytest

from ecemc.errors import FileFormatError, InputError
from ecemc.thermodynamics import experimental_density, reference_data
from ecemc.thermodynamics.surface import Surface
from ecemc.thermodynamics.tables import read_table, row_composition


def test_interpolation_is_near_every_measurement():
    data = reference_data()
    assert len(data.densities) > 20
    for fractions, t, density, stderr in zip(
        data.fractions, data.temperatures, data.densities, data.stderr, strict=True
    ):
        found = data.at(dict(zip(data.species, map(float, fractions), strict=True)), float(t))
        assert not found.extrapolated
        assert abs(found.density - density) < 2.5 * math.hypot(found.stderr, stderr)
        assert 0.001 < found.stderr < 0.003


def test_independent_interpolation_agrees(shared):
    """The same data, a cubic at each temperature: the boxes of the paper, mixtures inside the data."""
    with (shared / "data" / "experiment" / "exp_density_targets_interpolated.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if float(row["T_K"]) < 314.0 and float(row["x_EC"]) < 0.99]
    assert len(rows) == 9
    for row in rows:
        x = float(row["x_EC"])
        found = experimental_density({"EC": x, "EMC": 1.0 - x}, float(row["T_K"]))
        assert found.density == pytest.approx(float(row["rho_cubic_in_x"]), abs=2.0 * found.stderr)


def test_outside_is_refused_or_flagged():
    for composition, temperature in (("1EC:2EMC", 400.0), ("EC", 300.0), ("1EC:2EMC", 270.0)):
        with pytest.raises(InputError, match=r"is outside the data of ec-emc \(283.15 to 313.15 K"):
            experimental_density(composition, temperature)
        assert experimental_density(composition, temperature, extrapolate=True).extrapolated
    assert not experimental_density("EC", 313.0).extrapolated
    with pytest.raises(InputError, match="has no density with DMC, only with"):
        experimental_density("1EC:2DMC", 300.0, extrapolate=True)
    with pytest.raises(InputError, match="temperature: got -5"):
        experimental_density("EMC", -5.0)


def test_error_grows_outside_and_covers_what_the_form_decides():
    """At 400 K densities linear in T give 0.974, specific volumes linear in T 0.986."""
    errors = [experimental_density("1EC:2EMC", t, extrapolate=True).stderr for t in (300.0, 350.0, 400.0, 500.0)]
    assert errors == sorted(errors)
    found = experimental_density("1EC:2EMC", 400.0, extrapolate=True)
    assert abs(found.density - 0.986) < 1.5 * found.stderr


def test_slopes_of_pure_liquids():
    """Thermal expansion of organic liquids is about 1e-3/K; that of EC is smaller than that of EMC."""
    data = reference_data()
    emc, error = data.slope("EMC")
    assert emc == pytest.approx(-1.21e-3, abs=3.0 * error)
    assert 0.8e-3 < -data.slope("EC")[0] / 1.32 < -emc / 1.0 < 1.4e-3


def test_opls_table_gives_its_rows_back():
    data = reference_data("opls")
    for fractions, t, density, stderr in zip(
        data.fractions, data.temperatures, data.densities, data.stderr, strict=True
    ):
        found = data.at(dict(zip(data.species, map(float, fractions), strict=True)), float(t))
        assert abs(found.density - density) < 2.0 * math.hypot(found.stderr, stderr)


def test_table_of_a_user(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("# measured on Monday\ntemperature_K,composition,density_g_cm3\n300,H2O,0.9965\n320,H2O,0.9894\n")
    found = experimental_density("H2O", 310.0, data=path)
    assert found.density == pytest.approx(0.99295)
    assert math.isnan(found.stderr)
    assert found.source == "mine.csv"
    assert reference_data(path).slope("H2O")[0] == pytest.approx(-3.55e-4)


def test_table_of_three_liquids(tmp_path):
    """With more than two species only rows of these species count; other mixtures must be there themselves."""
    path = tmp_path / "mine.csv"
    path.write_text(
        "temperature_K,x_EC,x_EMC,x_DMC,density_g_cm3,stderr_g_cm3,source\n"
        "300,0.5,0.5,,1.14,0.001,A\n300,0,1,,1.00,0.001,A\n300,1,,,1.33,0.001,B\n300,0.2,0.4,0.4,1.08,0.001,B\n"
    )
    data = reference_data(path)
    assert data.at({"EC": 2, "EMC": 4, "DMC": 4}, 300.0).density == pytest.approx(1.08)
    assert data.at("1EC:1EMC", 300.0).density == pytest.approx(1.14)
    assert data.at("1EC:1EMC", 300.0).source == "mine.csv: A, B"
    with pytest.raises(InputError, match="has no density of 1EC:1EMC:1DMC"):
        data.at("1EC:1EMC:1DMC", 300.0)
    with pytest.raises(InputError, match="at one temperature"):
        data.slope("EC")


def test_mass_fractions_are_converted(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("temperature_K,w_EC,w_EMC,density_g_cm3\n300,0.3,0.7,1.09\n")
    assert reference_data(path).fractions[0] == pytest.approx([0.336275, 0.663725], abs=1e-6)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("temperature_K,density_g_cm3,composition\n", "has a heading but no rows"),
        ("T,rho\n300,1.0\n", r"line 1: no column 'temperature_K' in the heading \(T, rho\)"),
        ("temperature_K,density_g_cm3,composition\n300,1.0\n", "line 2: got 2 cells, the heading has 3"),
        ("temperature_K,density_g_cm3,composition\n300,dense,EC\n", "line 2, column density_g_cm3: got 'dense'"),
        ("temperature_K,density_g_cm3,composition\n300,-1,EC\n", "density_g_cm3: got '-1', expected a number > 0"),
        ("temperature_K,density_g_cm3,composition\nnan,1,EC\n", "temperature_K: got 'nan'"),
        ("temperature_K,density_g_cm3,composition\n300,1,two EC\n", "line 2: composition: cannot read"),
        ("temperature_K,density_g_cm3\n300,1\n", "line 2: no composition"),
        ("temperature_K,density_g_cm3,x_EC,x_EMC\n300,1,0.3,0.6\n", "fractions that add up to 1.*give 0.9"),
        ("temperature_K,density_g_cm3,composition,stderr_g_cm3\n300,1,EC,-0.1\n", "stderr_g_cm3.*>= 0"),
    ],
)
def test_bad_tables_name_file_line_and_column(tmp_path, text, message):
    path = tmp_path / "mine.csv"
    path.write_text(text)
    with pytest.raises(FileFormatError, match=message) as found:
        reference_data(path)
    assert "mine.csv" in str(found.value)


def test_binary_and_absent_tables(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_bytes(b"\x80\x81\xff")
    with pytest.raises(FileFormatError, match="not a text file"):
        reference_data(path)
    with pytest.raises(InputError, match="expected a CSV file or one of ec-emc, opls"):
        reference_data("experiment")
    with pytest.raises(FileNotFoundError):
        reference_data(tmp_path / "absent.csv")


def test_cells_of_a_table(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text('density_g_cm3,composition,source\n1.0,"4EC,8EMC","Doe, 2020"\n')
    (row,) = read_table(path, ("density_g_cm3",))
    assert row_composition(row) == {"EC": 4, "EMC": 8}
    assert row.text("source") == "Doe, 2020"
    assert math.isnan(row.optional("stderr_g_cm3"))


def test_surface_is_the_weighted_polynomial_of_numpy():
    x, rho = np.array([0.0, 0.2, 0.5, 0.8, 1.0]), np.array([1.0, 1.05, 1.14, 1.25, 1.33])
    errors = np.array([0.001, 0.002, 0.001, 0.002, 0.001])
    surface = Surface(x, np.full(5, 300.0), rho, errors)
    coefficients = np.polyfit(x, rho, 3, w=1.0 / errors)
    for place in (0.1, 0.5, 0.9):
        assert surface.at(place, 300.0)[0] == pytest.approx(np.polyval(coefficients, place), abs=1e-9)
