"""Series statistics on data whose truth is known."""

from __future__ import annotations

import logging
import math
import subprocess
import sys

import numpy as np
import pytest
from ase import Atoms
from hypothesis import given
from hypothesis import strategies as st

from ecemc.errors import InputError
from ecemc.testing import liquid
from ecemc.thermo import density, mean_with_error


def ar1(n, tau, rng):
    """Stationary series with unit variance and autocorrelation exp(-t/tau)."""
    a = math.exp(-1.0 / tau)
    kicks = rng.normal(size=n) * math.sqrt(1.0 - a * a)
    x = np.empty(n)
    x[0] = rng.normal()
    for i in range(1, n):
        x[i] = a * x[i - 1] + kicks[i]
    return x


@pytest.mark.parametrize(("n", "tau", "low"), [(300, 1.0, 0.60), (1000, 5.0, 0.60), (2000, 20.0, 0.56)])
def test_one_sigma_covers_two_thirds_of_correlated_runs(n, tau, low):
    rng = np.random.default_rng(7)
    results = [mean_with_error(ar1(n, tau, rng)) for _ in range(400)]
    covered = np.mean([abs(r.mean) < r.stderr for r in results])
    assert low <= covered <= 0.75
    exact = 1.0 / math.tanh(0.5 / tau)
    assert np.mean([r.statistical_inefficiency for r in results]) == pytest.approx(exact, rel=0.25)
    assert np.mean([abs(r.drift_sigmas) > 3 for r in results]) < 0.02


def test_a_falling_start_is_cut():
    rng = np.random.default_rng(3)
    x = 1.0 + 0.02 * ar1(1000, 3.0, rng)
    x[:100] += 0.5 * np.exp(-np.arange(100) / 25.0)
    result = mean_with_error(x)
    assert 50 <= result.equilibration <= 400
    assert abs(result.mean - 1.0) < 4 * result.stderr


def test_a_slope_is_a_drift_and_noise_is_not():
    rng = np.random.default_rng(5)
    noise = rng.normal(scale=0.01, size=400)
    assert abs(mean_with_error(noise, equilibration=0).drift_sigmas) < 3
    step = mean_with_error(noise + np.where(np.arange(400) < 200, 0.0, 0.05), equilibration=0)
    assert step.drift == pytest.approx(0.05, abs=0.005)
    assert step.drift_sigmas > 3


def test_constant_series_has_no_error():
    result = mean_with_error([0.6] * 50)
    assert (result.mean, result.stderr, result.std, result.n_effective) == (0.6, 0.0, 0.0, 50.0)
    assert math.isnan(result.drift_sigmas)


@pytest.mark.parametrize("x", [[2.0], [2.0, 4.0], [1.0, 2.0, 6.0]])
def test_very_short_series(x):
    result = mean_with_error(x)
    assert result.mean == pytest.approx(np.mean(x))
    assert result.n == result.n_used == len(x)
    assert math.isnan(result.stderr) == (len(x) == 1)


@given(st.lists(st.floats(-1e6, 1e6), min_size=4, max_size=60), st.floats(0.1, 10.0), st.floats(-100.0, 100.0))
def test_statistics_move_with_the_data(x, scale, shift):
    x = np.asarray(x)
    spread = np.ptp(x)
    if spread < 1e-3 * max(1.0, np.abs(x).max()):
        x = x + np.arange(len(x))
    one = mean_with_error(x, equilibration=0)
    two = mean_with_error(scale * x + shift, equilibration=0)
    assert two.mean == pytest.approx(scale * one.mean + shift, rel=1e-9, abs=1e-6)
    assert two.stderr == pytest.approx(scale * one.stderr, rel=1e-6)
    assert one.statistical_inefficiency >= 1.0


@pytest.mark.parametrize(
    ("series", "cut", "words"),
    [
        ([], None, "shape"),
        ([[1.0, 2.0]], None, "shape"),
        ([1.0, math.nan, 2.0], None, "entry 1"),
        ([1.0, math.inf], None, "inf"),
        ([1.0, 2.0], 2, "expected 0 to 1"),
        ([1.0, 2.0], -1, "expected 0 to 1"),
    ],
)
def test_bad_series_are_named(series, cut, words):
    with pytest.raises(InputError, match=words):
        mean_with_error(series, equilibration=cut)


def test_pymbar_is_imported_in_silence_and_logging_is_left_alone():
    code = (
        "import logging; from ecemc.thermo import mean_with_error; mean_with_error([1., 2., 1.5, 3.]);"
        "assert logging.getLogger('pymbar').level == logging.NOTSET"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout + result.stderr == ""
    assert logging.getLogger("pymbar").level == logging.NOTSET


def test_density_of_a_built_liquid_is_the_one_asked_for():
    assert density(liquid(3, 5, density=0.8, seed=2)) == pytest.approx(0.8, rel=1e-6)


def test_density_needs_a_volume():
    with pytest.raises(InputError, match="volume"):
        density(Atoms("He"))
