"""Equations of state, replicas, expansion, excess volumes, compositions: against oracles and by simulation."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import curve_fit

from ecemc.errors import InputError
from ecemc.sampling import composition_from_fractions
from ecemc.thermodynamics import (
    combine,
    excess_volume,
    fit_eos,
    mass_fractions,
    molar_mass,
    mole_fractions,
    mole_fractions_from_mass,
    mole_ratio,
    thermal_expansion,
)
from ecemc.thermodynamics.murnaghan import Problem, phi

RHO = np.array([0.82, 0.90, 0.95, 1.00, 1.08])
#: K0 = n |b|, and zero at 0.95 g/cm³.
A, N, ZERO = 8000.0, 8.5, 0.95
B = -A * ZERO**N
TRUE = A * RHO**N + B
SIGMA = np.array([50.0, 60.0, 40.0, 70.0, 90.0])


def power(rho, a, n, b):
    return a * rho**n + b


@pytest.fixture(scope="module")
def noisy():
    return TRUE + SIGMA * np.random.default_rng(5).normal(size=5)


@pytest.fixture(scope="module")
def eos(noisy):
    return fit_eos(RHO, noisy, SIGMA)


def test_exact_points_give_the_parameters_back():
    found = fit_eos(RHO[[0, 2, 4]], TRUE[[0, 2, 4]], SIGMA[[0, 2, 4]])
    assert (found.a, found.n, found.b) == pytest.approx((A, N, B), rel=1e-5)
    assert found.zero_pressure_density == pytest.approx(ZERO, rel=1e-7)
    assert found.bulk_modulus == pytest.approx(N * A * ZERO**N, rel=1e-5)
    assert found.dof == 0
    assert not found.extrapolated
    assert found.notes == ()


def test_parameters_are_those_of_scipy(eos, noisy):
    best, _ = curve_fit(power, RHO, noisy, sigma=SIGMA, absolute_sigma=True, p0=(A, N, B), xtol=1e-14, ftol=1e-14)
    assert (eos.a, eos.n, eos.b) == pytest.approx(tuple(best), rel=1e-5)
    assert eos.chi2 == pytest.approx((((noisy - power(RHO, *best)) / SIGMA) ** 2).sum(), rel=1e-8)
    assert eos.pressure(RHO) == pytest.approx(power(RHO, *best), abs=0.05)


def test_intervals_are_those_of_the_covariance_where_noise_is_small(noisy):
    """A twentieth of the noise: the likelihood is normal, and the delta method is the oracle."""
    small = TRUE + (noisy - TRUE) / 20.0
    found = fit_eos(RHO, small, SIGMA / 20.0)

    def by_zero(rho, zero, modulus, n):
        return modulus / n * ((rho / zero) ** n - 1.0)

    start = (ZERO, found.bulk_modulus, N)
    best, covariance = curve_fit(by_zero, RHO, small, sigma=SIGMA / 20.0, absolute_sigma=True, p0=start)
    errors = 1.96 * np.sqrt(np.diag(covariance))
    intervals = (found.ci95, found.intervals["bulk_modulus"], found.intervals["n"])
    for value, error, (low, high) in zip(best, errors, intervals, strict=True):
        assert low == pytest.approx(value - error, abs=0.03 * error)
        assert high == pytest.approx(value + error, abs=0.03 * error)
    tight = {"xtol": 1e-15, "ftol": 1e-15}
    best, covariance = curve_fit(power, RHO, small, sigma=SIGMA / 20.0, absolute_sigma=True, p0=(A, N, B), **tight)
    for name, value, error in zip("anb", best, 1.96 * np.sqrt(np.diag(covariance)), strict=True):
        assert found.intervals[name] == pytest.approx((value - error, value + error), abs=0.05 * error)
    gradient = np.array([1.0**N, best[0] * math.log(1.0), 1.0])
    error = 1.96 * math.sqrt(gradient @ covariance @ gradient)
    assert np.diff(found.pressure_interval(1.0))[0] == pytest.approx(2.0 * error, rel=0.03)


def test_interval_of_the_zero_covers_the_truth_as_often_as_it_says():
    """A value is in the interval if the profile likelihood accepts it: 600 experiments, three points each."""
    rng = np.random.default_rng(0)
    rho, sigma = RHO[[0, 2, 4]], np.array([150.0, 150.0, 300.0])
    hits = 0
    for _ in range(600):
        problem = Problem(rho, TRUE[[0, 2, 4]] + sigma * rng.normal(size=3), sigma)
        least = problem.chi2(lambda n: (0.0, phi(n, np.log(rho / ZERO))))
        hits += least - problem.chi2_of_exponent(problem.best_exponent()) <= 3.841
    assert 0.92 < hits / 600 < 0.98


def test_bootstrap_agrees_with_the_profile(eos):
    low, high = eos.bootstrap(4000, seed=1)
    width = eos.ci95[1] - eos.ci95[0]
    assert (low, high) == pytest.approx(eos.ci95, abs=0.1 * width)
    assert eos.bootstrap(200, seed=1) == eos.bootstrap(200, seed=1)
    assert eos.bootstrap(200, seed=1) != eos.bootstrap(200, seed=2)


def test_scatter_beyond_the_errors_widens_the_interval(noisy):
    honest = fit_eos(RHO, noisy, SIGMA)
    proud = fit_eos(RHO, noisy + np.array([0.0, 300.0, -300.0, 300.0, 0.0]), SIGMA / 3.0)
    assert honest.scale == 1.0
    assert proud.scale == pytest.approx(math.sqrt(proud.chi2 / 2.0))
    assert proud.scale > 5.0
    assert np.ptp(proud.ci95) > 3.0 * np.ptp(honest.ci95)
    assert "scatter" in proud.notes[0]


def test_without_errors_the_scatter_tells_them(noisy):
    found = fit_eos(RHO, noisy)
    best, covariance = curve_fit(power, RHO, noisy, p0=(A, N, B))
    assert (found.a, found.n, found.b) == pytest.approx(tuple(best), rel=1e-4)
    assert found.stderr == pytest.approx(np.sqrt(((noisy - power(RHO, *best)) ** 2).sum() / 2.0) * np.ones(5), rel=1e-5)
    n = 4.303 * math.sqrt(covariance[1, 1])  # Student's t for two degrees of freedom
    assert np.ptp(found.intervals["n"]) == pytest.approx(2.0 * n, rel=0.1)


def test_scale_of_pressures_and_order_do_not_matter(eos, noisy):
    order = [3, 0, 4, 2, 1]
    shuffled = fit_eos(RHO[order], 10.0 * noisy[order], 10.0 * SIGMA[order])
    assert shuffled.zero_pressure_density == pytest.approx(eos.zero_pressure_density, rel=1e-8)
    assert shuffled.ci95 == pytest.approx(eos.ci95, rel=1e-6)
    assert shuffled.bulk_modulus == pytest.approx(10.0 * eos.bulk_modulus, rel=1e-6)


def test_held_exponent_is_a_straight_line_in_its_power(noisy):
    found = fit_eos(RHO[[1, 3]], noisy[[1, 3]], SIGMA[[1, 3]], exponent=8.0)
    slope = (noisy[3] - noisy[1]) / (RHO[3] ** 8 - RHO[1] ** 8)
    assert (found.a, found.n) == pytest.approx((slope, 8.0))
    assert found.intervals["n"] == (8.0, 8.0)
    assert "held at 8" in found.notes[0]


def test_extrapolated_zero_is_refused_or_flagged():
    above = RHO > 0.97
    rho, p = np.array([1.0, 1.04, 1.08]), power(np.array([1.0, 1.04, 1.08]), A, N, B)
    assert above.sum() == 2
    with pytest.raises(InputError, match=r"crosses zero at 0\.95 g/cm³, outside .*all are positive.*lower densities"):
        fit_eos(rho, p, [1.0, 1.0, 1.0])
    found = fit_eos(rho, p, [1.0, 1.0, 1.0], extrapolate=True)
    assert found.zero_pressure_density == pytest.approx(ZERO, rel=1e-4)
    assert found.extrapolated
    assert "extrapolated" in found.notes[0]
    with pytest.raises(InputError, match=r"all are negative.*higher densities"):
        fit_eos([0.7, 0.8, 0.9], power(np.array([0.7, 0.8, 0.9]), A, N, B), [1.0, 1.0, 1.0])


def test_curve_without_zero_is_flagged():
    rho = np.array([0.9, 1.0, 1.1])
    found = fit_eos(rho, 5000.0 * rho**9 + 100.0, [1.0, 1.0, 1.0], extrapolate=True)
    assert math.isnan(found.zero_pressure_density)
    assert "no zero" in found.notes[0]
    record = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert record["zero_pressure_density"] is None
    assert record["ci95"] == [None, None]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0.9, 1.0], [-5.0, 5.0], [1.0, 1.0]), "got 2 different .0.9, 1., 3 are needed"),
        (([1.0] * 4, [-5.0, 5.0, 1.0, 2.0], [1.0] * 4), "got 1 different"),
        (([], [], []), "got 0 different"),
        (([0.9, 1.0, 1.1], [-5.0, math.nan, 9.0], [1.0] * 3), "pressures: got nan at point 1"),
        (([0.9, 1.0, -1.1], [-5.0, 0.0, 9.0], [1.0] * 3), "densities: got -1.1 at point 2"),
        (([0.9, 1.0, 1.1], [-5.0, 0.0, 9.0], [1.0, 0.0, 1.0]), "stderr: got 0.0 at point 1.*leave stderr out"),
        (([0.9, 1.0, 1.1], [-5.0, 0.0, 9.0], [1.0, math.inf, 1.0]), "stderr: got inf at point 1"),
        (([0.9, 1.0, 1.1], [-5.0, 0.0, 9.0]), "stderr: none given; with 3 points"),
        (([0.9, 1.0, 1.1, 1.2], [-5.0, 0.0, 9.0], [1.0] * 3), r"shapes densities \(4,\), pressures \(3,\)"),
        (([0.9, 1.0, 1.1], [9.0, 0.0, -5.0], [1.0] * 3), "fall where the density rises"),
    ],
)
def test_bad_points_give_one_message(arguments, message):
    with pytest.raises(InputError, match=message):
        fit_eos(*arguments)


@pytest.mark.parametrize("exponent", [0.0, math.nan])
def test_bad_exponent(exponent):
    with pytest.raises(InputError, match="exponent: got"):
        fit_eos([0.9, 1.1], [-1.0, 1.0], [1.0, 1.0], exponent=exponent)
    with pytest.raises(InputError, match="density: got 0"):
        fit_eos([0.9, 1.1], [-1.0, 1.0], [1.0, 1.0], exponent=8.0).pressure_interval(0.0)


# -- replicas ---------------------------------------------------------------------------------------------------------


def test_runs_that_agree_are_averaged_by_their_errors():
    means, errors = np.array([1.000, 1.003, 0.999]), np.array([0.002, 0.004, 0.003])
    found = combine(means, errors)
    weights = errors**-2.0
    assert found.mean == pytest.approx(weights @ means / weights.sum())
    assert found.stderr == pytest.approx(weights.sum() ** -0.5)
    assert found.between == 0.0
    assert found.p_value > 0.5


def test_runs_that_differ_make_the_error_larger():
    found = combine([0.95, 1.00, 1.05], [0.002] * 3)
    assert found.p_value < 1e-6
    assert found.stderr == pytest.approx(0.05 / math.sqrt(3.0), rel=0.01)
    assert math.hypot(found.between, 0.002) == pytest.approx(0.05, rel=1e-6)


def test_combined_error_covers_the_truth():
    """Runs that differ by more than they say, as replicas of a liquid that is slow to equilibrate."""
    rng = np.random.default_rng(3)
    pulls = []
    for _ in range(300):
        means = 1.0 + 0.01 * rng.normal(size=8) + 0.003 * rng.normal(size=8)
        found = combine(means, np.full(8, 0.003))
        pulls.append((found.mean - 1.0) / found.stderr)
    assert np.std(pulls) == pytest.approx(1.0, abs=0.2)


def test_runs_without_errors_have_their_scatter():
    found = combine([1.0, 1.1, 1.3], [math.nan, 0.0, 0.1])
    assert found.mean == pytest.approx(3.4 / 3.0)
    assert found.stderr == pytest.approx(np.std([1.0, 1.1, 1.3], ddof=1) / math.sqrt(3.0))
    single = combine([1.0], [0.1])
    assert (single.mean, single.stderr, single.n) == (1.0, 0.1, 1)
    assert math.isnan(single.p_value)
    with pytest.raises(InputError, match="means: got"):
        combine([], [])
    with pytest.raises(InputError, match="means: got"):
        combine([1.0, math.nan], [0.1, 0.1])


# -- expansion and excess volume --------------------------------------------------------------------------------------


def test_line_is_that_of_scipy():
    t, s = np.array([280.0, 300.0, 350.0, 400.0]), np.array([0.001, 0.002, 0.003, 0.002])
    rho = 1.4 - 1.1e-3 * t + s * np.random.default_rng(2).normal(size=4)
    found = thermal_expansion(t, rho, s)
    (slope, _), covariance = curve_fit(lambda t, m, c: m * t + c, t, rho, sigma=s, absolute_sigma=True)
    assert (found.slope, found.slope_stderr) == pytest.approx((slope, math.sqrt(covariance[0, 0])), rel=1e-5)
    assert found.alpha == pytest.approx(-slope / found.density)
    unweighted = thermal_expansion(t, rho)
    (slope, _), covariance = curve_fit(lambda t, m, c: m * t + c, t, rho)
    assert (unweighted.slope, unweighted.slope_stderr) == pytest.approx((slope, math.sqrt(covariance[0, 0])), rel=1e-5)


def test_expansion_of_a_liquid_that_expands_exponentially():
    """ρ ∝ exp(−αT) has the same α everywhere."""
    t = np.linspace(295.0, 305.0, 5)
    assert thermal_expansion(t, 1.2 * np.exp(-1.1e-3 * (t - 300.0))).alpha == pytest.approx(1.1e-3, rel=1e-4)
    assert thermal_expansion(t, 1.2 * np.exp(-1.1e-3 * (t - 300.0)), np.full(5, 0.001)).p_value > 0.999


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([300.0, 300.0], [1.0, 1.0]), "got 1 different"),
        (([300.0, 310.0], [1.0, math.nan]), "expected numbers > 0"),
        (([300.0, 310.0], [1.0]), "shapes"),
    ],
)
def test_bad_expansion(arguments, message):
    with pytest.raises(InputError, match=message):
        thermal_expansion(*arguments)


@given(st.floats(0.05, 0.95), st.floats(0.8, 1.5), st.floats(0.8, 1.5))
@settings(max_examples=25, deadline=None)
def test_ideal_mixture_has_no_excess_volume(x, first, second):
    """Volumes that add up: ρ = M / (V₁ + V₂)."""
    volume = x * molar_mass("EC") / first + (1.0 - x) * molar_mass("EMC") / second
    density = (x * molar_mass("EC") + (1.0 - x) * molar_mass("EMC")) / volume
    pure = {"EC": (first, 0.001), "EMC": (second, 0.002)}
    value, error = excess_volume({"EC": x, "EMC": 1.0 - x}, (density, 0.003), pure)
    assert value == pytest.approx(0.0, abs=1e-10)
    assert error > 0.0


def test_error_of_the_excess_volume_is_what_a_simulation_gives():
    rng = np.random.default_rng(1)
    pure = {"EC": (1.30, 0.004), "EMC": (1.02, 0.003)}
    _, error = excess_volume("1EC:2EMC", (1.10, 0.002), pure)
    drawn = [
        excess_volume(
            "1EC:2EMC",
            (rng.normal(1.10, 0.002), 0.0),
            {name: (rng.normal(*told), 0.0) for name, told in pure.items()},
        )[0]
        for _ in range(2000)
    ]
    assert error == pytest.approx(np.std(drawn), rel=0.07)
    with pytest.raises(InputError, match="no density of EMC"):
        excess_volume("1EC:2EMC", (1.1, 0.0), {"EC": (1.3, 0.0)})
    with pytest.raises(InputError, match="got -1"):
        excess_volume("1EC:2EMC", (-1.0, 0.0), pure)


# -- compositions -----------------------------------------------------------------------------------------------------


def test_masses_are_those_of_the_literature():
    assert molar_mass("EC") == pytest.approx(88.062, abs=0.002)
    assert molar_mass("EMC") == pytest.approx(104.105, abs=0.002)
    assert molar_mass("PF6") == pytest.approx(144.964, abs=0.002)
    assert molar_mass("Ar") == pytest.approx(39.948, abs=0.002)
    with pytest.raises(InputError, match="the mass of 'electrolyte' is not known"):
        molar_mass("electrolyte")


@given(st.lists(st.integers(1, 60), min_size=2, max_size=3))
@settings(max_examples=25, deadline=None)
def test_conversions_are_inverse_to_each_other(counts):
    composition = dict(zip(("EC", "EMC", "DMC"), counts, strict=False))
    x = mole_fractions(composition)
    assert sum(x.values()) == pytest.approx(1.0)
    assert mole_fractions_from_mass(mass_fractions(composition)) == pytest.approx(x)
    assert composition_from_fractions(x, sum(counts)) == composition
    assert mole_fractions(mole_ratio(composition)) == pytest.approx(x)


def test_known_compositions():
    assert mole_ratio("4EC:8EMC") == mole_ratio("16EC:32EMC") == "1EC:2EMC"
    # 3:7 by mass is 0.3363 by mole: the paper's boxes of 1:2 are close to both "3:7"
    assert mole_fractions_from_mass({"EC": 3.0, "EMC": 7.0})["EC"] == pytest.approx(0.336275, abs=1e-6)
    assert mass_fractions("1EC:2EMC")["EC"] == pytest.approx(0.2972, abs=1e-4)
    assert mole_ratio({"EC": 1.0 / 3.0, "EMC": 2.0 / 3.0}) == "1EC:2EMC"
    for bad in ({"EC": -1.0, "EMC": 2.0}, {"EC": 0.0}, {"EC": math.nan}, "EC:EMC:"):
        with pytest.raises(InputError, match="composition"):
            mole_fractions(bad)
