"""Thermodynamics against textbook physics and against a real force field."""

from __future__ import annotations

import numpy as np
import pytest
from ase.build import bulk
from ase.calculators.lj import LennardJones
from scipy.optimize import brentq

from ecemc.thermo import density, mean_with_error
from ecemc.thermodynamics import (
    combine,
    density_table,
    eos_of_runs,
    fit_eos,
    read_runs,
    reference_data,
    thermal_expansion,
)
from ecemc.units import EV_PER_A3_TO_BAR


def correlated(rng, n, mean, std, time):
    """First-order autoregressive series with correlation time ``time`` (entries), mean and standard deviation."""
    decay = np.exp(-1.0 / time)
    noise = rng.normal(size=n) * np.sqrt(1.0 - decay**2)
    series = np.empty(n)
    series[0] = rng.normal()
    for k in range(1, n):
        series[k] = decay * series[k - 1] + noise[k]
    return mean + std * series


def test_density_of_correlated_series_has_an_honest_error():
    """Replicas of a known mean: the combined pull is that of a unit normal, with correlation as in real runs."""
    rng = np.random.default_rng(11)
    pulls = []
    for _ in range(60):
        found = [mean_with_error(correlated(rng, 2000, 0.985, 0.025, 20.0), equilibration=0) for _ in range(3)]
        replicas = combine([each.mean for each in found], [each.stderr for each in found])
        pulls.append((replicas.mean - 0.985) / replicas.stderr)
    assert np.std(pulls) == pytest.approx(1.0, abs=0.3)
    assert np.mean(np.abs(np.array(pulls)) < 1.96) > 0.85


def test_van_der_waals_liquid():
    """Zero pressure, bulk modulus and expansion of a fluid whose equation of state is known (reduced units).

    P = 8ρT/(3 − ρ) − 3ρ²: the power law is another function, so it is asked near its zero only.
    """

    def pressure(rho, t):
        return 8.0 * rho * t / (3.0 - rho) - 3.0 * rho**2

    def zero(t):
        return brentq(lambda rho: pressure(rho, t), 1.5, 2.9)

    t = 0.6
    exact = zero(t)
    rho = exact * np.linspace(0.97, 1.03, 7)
    found = fit_eos(rho, pressure(rho, t), np.full(7, 1e-3))
    assert found.zero_pressure_density == pytest.approx(exact, rel=1e-4)
    modulus = exact * (24.0 * t / (3.0 - exact) ** 2 - 6.0 * exact)
    assert found.bulk_modulus == pytest.approx(modulus, rel=5e-3)
    temperatures = np.array([0.59, 0.60, 0.61])
    expansion = thermal_expansion(temperatures, [zero(t) for t in temperatures])
    # α = (∂P/∂T)_ρ / (ρ (∂P/∂ρ)_T), exact
    assert expansion.alpha == pytest.approx(8.0 * exact / (3.0 - exact) / modulus, rel=2e-3)


def test_real_liquid_has_the_density_of_its_force_field(root):
    """48 molecules of OPLS-AA at 400 K in OpenMM, against GROMACS runs of the same force field."""
    table = density_table(read_runs([root / "examples" / "data" / "ec_emc_400K.extxyz.gz"]), reference_data("opls"))
    (found,) = table.conditions
    difference, error = found.deviation
    assert error < 0.01
    assert abs(difference) < 2.5 * error
    assert table.runs[0].density.n_effective > 10


def test_cold_crystal_routes_agree(tmp_path):
    """Without thermal motion P(ρ) comes from the cell alone; its zero is where the energy has its minimum."""
    rows, energies = [], []
    for a in np.linspace(5.15, 5.45, 7):
        crystal = bulk("Ar", "fcc", a=a, cubic=True)
        crystal.calc = LennardJones(sigma=3.4, epsilon=0.0104, rc=9.0, smooth=True)
        rows.append((density(crystal), -crystal.get_stress()[:3].mean() * EV_PER_A3_TO_BAR))
        energies.append(crystal.get_potential_energy())
    path = tmp_path / "cold.csv"
    path.write_text("density_g_cm3,pressure_bar\n" + "".join(f"{rho},{p}\n" for rho, p in rows))
    found = eos_of_runs(read_runs([path]))
    rho = np.array([row[0] for row in rows])
    curve = np.poly1d(np.polyfit(rho, energies, 5))
    minimum = brentq(curve.deriv(), rho.min(), rho.max())
    assert found.eos.zero_pressure_density == pytest.approx(minimum, rel=1e-3)
    assert 5.0 < found.eos.n < 12.0  # Lennard-Jones crystals: K' = 8 or so
