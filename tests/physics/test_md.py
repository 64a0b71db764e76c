"""Molecular dynamics against textbook physics: the right ensembles, by averages, fluctuations and distributions.

Seeds are fixed; every threshold is at least four standard errors of what is measured, estimated from the data's own
autocorrelation or stated beside it.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from ase import Atoms
from scipy import optimize, stats
from tests.reference.md_systems import IdealGas, soft_spheres, soft_water, thermal_pressure, vectors

from ecemc import analyze, read
from ecemc.md import MDOptions, Monitors, run_md
from ecemc.thermo import mean_with_error
from ecemc.units import BOLTZMANN, EV_PER_A3_TO_BAR

SIGMAS = 4.0


def run(folder, system, **options):
    """Run a (atoms, calculator) without monitors."""
    settings = {"frame_interval": options["time"] / 10, "checkpoint_interval": options["time"] / 10, **options}
    return run_md(*system, folder / "run.extxyz", MDOptions(**settings), monitors=Monitors.off(), overwrite=True)


@pytest.mark.parametrize("thermostat", ["bussi", "langevin"])
def test_volume_of_an_ideal_gas(tmp_path, thermostat):
    """The barostat samples exp(−β(F + PV)) dV of N − 1 relative positions: V^(N−1) exp(−βPV), a Gamma distribution.

    Mean N kT/P, variance N (kT/P)²; had the centre of mass a share of its own, it would be N + 1 instead of N = 8, and
    an eighth is more than five standard errors.
    """
    n, volume = 8, 1000.0
    positions = np.random.default_rng(0).uniform(0.0, 10.0, (n, 3))
    gas = Atoms("Ar8", positions, cell=[10.0] * 3, pbc=True)
    log = run(
        tmp_path, (gas, IdealGas()), ensemble="npt", thermostat=thermostat, pressure=thermal_pressure(n, 300.0, volume),
        time=60_000.0, timestep=2.0, tau_t=40.0, tau_p=40.0, thermo_interval=20.0,
    ).thermo()  # fmt: skip
    volumes = log["volume_A3"][50:]
    found = mean_with_error(volumes)
    assert found.stderr < 0.025 * volume
    assert found.mean == pytest.approx(volume, abs=SIGMAS * found.stderr)
    squares = mean_with_error((volumes - volume) ** 2)
    assert squares.mean == pytest.approx(volume**2 / n, abs=SIGMAS * squares.stderr)
    assert squares.stderr < 0.2 * volume**2 / n
    # All of the distribution, on samples far enough apart to be independent.
    thinned = volumes[:: int(np.ceil(len(volumes) / found.n_effective))]
    assert stats.kstest(thinned, stats.gamma(n, scale=volume / n).cdf).pvalue > 1e-4
    temperature = mean_with_error(log["temperature_K"][50:])
    assert temperature.mean == pytest.approx(300.0, abs=SIGMAS * temperature.stderr)


def test_energy_of_nve_scales_with_the_square_of_the_time_step(tmp_path):
    spread = []
    for timestep in (1.0, 2.0, 4.0):
        log = run(
            tmp_path, soft_spheres(), ensemble="nve", time=1200.0, timestep=timestep, thermo_interval=4.0
        ).thermo()
        spread.append(np.std(log["conserved_eV"]))
        total = log["potential_energy_eV"] + log["kinetic_energy_eV"]
        assert np.array_equal(total, log["conserved_eV"])
    assert spread[0] < 1e-4 * np.std(log["kinetic_energy_eV"])
    for fine, coarse in pairwise(spread):
        assert coarse / fine == pytest.approx(4.0, rel=0.2)


@pytest.mark.parametrize("thermostat", ["bussi", "langevin"])
def test_kinetic_energy_of_nvt_has_the_canonical_distribution(tmp_path, thermostat):
    log = run(
        tmp_path, soft_spheres(), thermostat=thermostat, time=50_000.0, timestep=5.0, tau_t=50.0, thermo_interval=50.0
    ).thermo()
    temperature, freedom = log["temperature_K"][50:], 78
    found = mean_with_error(temperature)
    assert found.stderr < 4.0
    assert found.mean == pytest.approx(300.0, abs=SIGMAS * found.stderr)
    squares = mean_with_error((temperature - 300.0) ** 2)
    assert squares.mean == pytest.approx(2.0 * 300.0**2 / freedom, abs=SIGMAS * squares.stderr)
    thinned = temperature[:: int(np.ceil(len(temperature) / found.n_effective))]
    canonical = stats.gamma(freedom / 2.0, scale=300.0 / (freedom / 2.0))
    assert stats.kstest(thinned, canonical.cdf).pvalue > 1e-4
    # What the thermostat gives is counted: the conserved energy stays, while the energy moves.
    drift = abs(log["conserved_eV"][-1] - log["conserved_eV"][0])
    assert drift < 0.01 * np.std(log["potential_energy_eV"] + log["kinetic_energy_eV"])


def test_volume_distributions_of_two_pressures_belong_together(tmp_path):
    """ln p₂(V)/p₁(V) is linear in V with the slope −β(P₂ − P₁), whatever the free energy (Shirts 2013)."""
    pressures, samples = (3000.0, 5000.0), []
    for pressure in pressures:
        log = run(
            tmp_path, soft_spheres(), ensemble="npt", pressure=pressure, time=80_000.0, timestep=5.0, tau_t=50.0,
            tau_p=100.0, thermo_interval=50.0,
        ).thermo()  # fmt: skip
        volumes = log["volume_A3"][100:]
        found = mean_with_error(volumes)
        samples.append(volumes[:: int(np.ceil(len(volumes) / found.n_effective))])
        # On average the pressure is that of the barostat, less kT/V (the equipartition of the volume).
        expected = pressure - BOLTZMANN * 300.0 * np.mean(1.0 / volumes) * EV_PER_A3_TO_BAR
        inner = mean_with_error(log["pressure_bar"][100:])
        assert inner.mean == pytest.approx(expected, abs=SIGMAS * inner.stderr)
        temperature = mean_with_error(log["temperature_K"][100:])
        assert temperature.mean == pytest.approx(300.0, abs=SIGMAS * temperature.stderr)
    slope, error = logistic_slope(*samples)
    expected = -(pressures[1] - pressures[0]) / EV_PER_A3_TO_BAR / (BOLTZMANN * 300.0)
    assert error < 0.2 * abs(expected)
    assert slope == pytest.approx(expected, abs=SIGMAS * error)


def logistic_slope(first, second):
    """Slope of ln p₂/p₁ by maximum likelihood, and its standard error."""
    values = np.concatenate([first, second])
    center, width = values.mean(), values.std()
    x = np.stack([np.ones(len(values)), (values - center) / width])
    y = np.repeat([0.0, 1.0], [len(first), len(second)])
    fit = optimize.minimize(lambda a: np.sum(np.logaddexp(0.0, a @ x)) - y @ (a @ x), [0.0, 0.0])
    p = 1.0 / (1.0 + np.exp(-(fit.x @ x)))
    covariance = np.linalg.inv((x * (p * (1.0 - p))) @ x.T)
    return fit.x[1] / width, np.sqrt(covariance[1, 1]) / width


def test_translation_rotation_and_vibration_have_the_same_temperature(tmp_path):
    result = run(
        tmp_path, soft_water(), thermostat="langevin", time=8_000.0, timestep=0.5, tau_t=50.0, thermo_interval=50.0,
        frame_interval=10.0,
    )  # fmt: skip
    series = analyze(result.path).series
    for part in ("translational", "rotational", "vibrational"):
        found = mean_with_error(series[f"temperature_{part}"].values[20:])
        assert found.stderr < 12.0
        # Whole-step velocities of the stiffest vibrations are 1 % too cold.
        assert found.mean == pytest.approx(300.0, abs=SIGMAS * found.stderr + 3.0)


def test_a_fast_barostat_does_not_heat_stiff_bonds(tmp_path):
    """Springs of X-H stiffness keep kT/2 each, though the cell and all bonds with it are moved at every step.

    The barostat is ten times as fast as by default, the thermostat weak, but one of each atom: these springs are so
    nearly harmonic that they take tens of picoseconds to share energy with the rest. Kinetic temperature and pressure
    are those of half steps; of whole steps the temperature would be 1 % too small here.
    """
    atoms, calculator = soft_water()
    result = run(
        tmp_path, (atoms, calculator), ensemble="npt", thermostat="langevin", pressure=4000.0, time=12_000.0,
        timestep=0.5, tau_t=100.0, tau_p=50.0, thermo_interval=10.0, frame_interval=10.0,
    )  # fmt: skip
    log = result.thermo()
    temperature = mean_with_error(log["temperature_K"][100:])
    assert temperature.stderr < 8.0
    assert temperature.mean == pytest.approx(300.0, abs=SIGMAS * temperature.stderr)
    i, j, rest = calculator.bonds
    energies = []
    for frame in read(result.path, "100:"):
        lengths = np.linalg.norm(vectors(frame.positions, i, j, frame.cell[0, 0]), axis=1)
        energies.append(0.5 * calculator.spring * np.mean((lengths - rest) ** 2))
    found = mean_with_error(np.array(energies))
    assert found.stderr < 0.08 * 0.5 * BOLTZMANN * 300.0
    # Rotation stretches bonds and soft neighbours push them, both by about 1 %.
    assert found.mean == pytest.approx(0.5 * BOLTZMANN * 300.0, abs=SIGMAS * found.stderr + 0.02 * found.mean)
