"""Mean squared displacements whose formula is in textbooks, and a barostat that must not make particles diffuse."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from tests.reference import msd_numpy

import ecemc
from ecemc import _core
from ecemc.testing import liquid


def msd_of(paths, cells, *, remove_drift=False):
    """By particle and lag, (n_lags, n); paths (F, n, 3)."""
    n = paths.shape[1]
    sums = _core.MSDAccumulator(np.arange(n, dtype=np.uint32), np.ones(n), remove_drift)
    sums.add(0, np.ascontiguousarray(paths), np.ascontiguousarray(cells), (True, True, True))
    found = sums.result()
    return found["lags"], found["msd"]


def agree(found, expected, errors=4.0):
    """Mean over particles within some standard errors, at every lag."""
    error = found.std(axis=1, ddof=1) / np.sqrt(found.shape[1])
    return np.all(np.abs(found.mean(axis=1) - expected) < errors * error)


def test_a_random_walk_has_its_diffusion_coefficient():
    rng = np.random.default_rng(4)
    true, dt = 2.5, 50.0  # 1e-5 cm²/s, fs
    steps = rng.normal(scale=np.sqrt(2 * true * 1e-4 * dt), size=(2000, 200, 3))
    frames = (Atoms("He200", r, cell=[20, 21, 22], pbc=True) for r in np.cumsum(steps, axis=0))
    molecules = ecemc.find_molecules(Atoms("He200", np.arange(600).reshape(-1, 3)))
    msd = ecemc.mean_squared_displacement(frames, dt=dt, molecules=molecules, remove_drift=False)
    (found,) = ecemc.self_diffusion(msd).values()
    assert abs(found.D - true) < 4 * found.stderr < 0.6
    assert found.verdict == "diffusive"
    assert abs(found.exponent - 1) < 4 * found.exponent_stderr


@pytest.mark.parametrize("skewed", [False, True])
def test_a_barostat_makes_nothing_diffuse(skewed):
    """The cell breathes by 2 %; particles that moved 30 cells away must not feel it 30 times."""
    rng = np.random.default_rng(5)
    cell = np.array([[10.0, 0, 0], [5.0, 9.0, 0], [-4.0, 3.0, 11.0]]) if skewed else 10.0 * np.eye(3)
    n_frames, n = 6000, 40
    scales = 1.0 + 0.02 * rng.normal(size=n_frames)
    cells = scales[:, None, None] * cell
    wrapped = [rng.uniform(0, 1, (n, 3)) @ cells[0]]
    for k in range(1, n_frames):
        # A barostat moves what is inside the cell along with it, then there is a step.
        moved = wrapped[-1] * (scales[k] / scales[k - 1]) + rng.normal(size=(n, 3))
        wrapped.append(msd_numpy.wrap(moved, cells[k], (True, True, True)))
    wrapped = np.array(wrapped)
    lags, found = msd_of(wrapped, cells)
    chosen = (lags >= 20) & (lags <= 200)
    slope = np.polyfit(lags[chosen], found.mean(axis=1)[chosen], 1)[0]
    assert slope == pytest.approx(3.0, rel=0.04)
    assert found.mean(axis=1)[0] == pytest.approx(3.0, rel=0.1)
    naive = msd_numpy.unwrap_by_image_flags(wrapped, cells, (True, True, True))
    assert msd_numpy.msd(naive, 1).mean() > 3 * 3.0
    # Positions that were unwrapped with image flags are wrapped first, so they do not bring that error along.
    assert msd_of(naive, cells)[1] == pytest.approx(found, rel=1e-6)


def test_a_langevin_particle():
    """MSD = 6 (kT/m)/γ² (γt − 1 + exp(−γt)), from ballistic to diffusive; the exact joint steps of r and v."""
    rng = np.random.default_rng(6)
    gamma, dt, n_frames, n = 0.05, 4.0, 1500, 300
    decay = np.exp(-gamma * dt)
    covariance = np.array(
        [
            [(2 * gamma * dt - 3 + 4 * decay - decay**2) / gamma**2, (1 - decay) ** 2 / gamma],
            [(1 - decay) ** 2 / gamma, 1 - decay**2],
        ]
    )
    noise = rng.normal(size=(n_frames, n, 3, 2)) @ np.linalg.cholesky(1e-3 * covariance).T
    v, r, paths = np.sqrt(1e-3) * rng.normal(size=(n, 3)), np.zeros((n, 3)), []
    for dr, dv in np.moveaxis(noise, -1, 1):
        paths.append(r)
        r = r + v * (1 - decay) / gamma + dr
        v = v * decay + dv
    lags, found = msd_of(np.array(paths), np.repeat(25.0 * np.eye(3)[None], n_frames, axis=0))
    t = gamma * dt * lags
    expected = 6 * 1e-3 / gamma**2 * (t - 1 + np.exp(-t))
    short = lags < 600
    assert t[0] < 0.25
    assert agree(found[short], expected[short])


def test_the_mean_of_many_walkers_at_rest_is_smaller_by_one_of_them():
    rng = np.random.default_rng(7)
    paths = np.cumsum(rng.normal(size=(4000, 5, 3)), axis=0)
    cells = np.repeat(30.0 * np.eye(3)[None], 4000, axis=0)
    lags, found = msd_of(paths, cells, remove_drift=True)
    assert found.mean(axis=1)[:10] == pytest.approx(3.0 * lags[:10] * (1 - 1 / 5), rel=0.05)


def test_rotations_translations_and_images_change_nothing():
    rng = np.random.default_rng(8)
    cell = np.array([[9.0, 0.0, 0.0], [4.0, 8.0, 0.5], [-3.0, 2.0, 10.0]])
    paths = rng.uniform(0, 10, (7, 3)) + np.cumsum(rng.normal(scale=0.5, size=(60, 7, 3)), axis=0)
    cells = np.repeat(cell[None], 60, axis=0)
    _, found = msd_of(paths, cells)
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    assert msd_of(paths @ turn, cells @ turn)[1] == pytest.approx(found, abs=1e-7)
    assert msd_of(paths + np.array([1.0, -50.0, 3.0]), cells)[1] == pytest.approx(found, abs=1e-7)
    assert msd_of(paths + rng.integers(-9, 9, (60, 7, 3)) @ cell, cells)[1] == pytest.approx(found, abs=1e-7)
    # Another choice of the three vectors of the same lattice.
    other = np.array([[1, 0, 0], [3, 1, 0], [-2, 5, 1]]) @ cell
    assert msd_of(paths, np.repeat(other[None], 60, axis=0))[1] == pytest.approx(found, abs=1e-7)
    order = rng.permutation(7)
    assert np.array_equal(msd_of(paths[:, order], cells)[1], found[:, order])


def test_threads_change_no_bit():
    start = liquid(4, 8, 0.9).repeat(5)
    rng = np.random.default_rng(9)
    paths = start.positions + np.cumsum(rng.normal(scale=0.1, size=(8, len(start), 3)), axis=0)
    cells = np.repeat(start.cell.array[None], 8, axis=0)
    states = []
    for n_threads in (1, 2, 5):
        sums = _core.MSDAccumulator(start.numbers.astype(np.uint32), start.get_masses(), True)
        sums.add(0, paths, cells, (True, True, True), n_threads)
        states.append(sums.to_bytes())
    assert len(start) > 16_384
    assert states[0] == states[1] == states[2]


@pytest.mark.parametrize(
    ("shape", "lattices", "message"),
    [((2, 3, 3), (2, 3, 3), "expected"), ((2, 4, 2), (2, 3, 3), "expected"), ((2, 4, 3), (1, 3, 3), "expected")],
)
def test_arrays_that_do_not_fit(shape, lattices, message):
    sums = _core.MSDAccumulator(np.zeros(4, dtype=np.uint32), np.ones(4), True)
    with pytest.raises(ecemc.errors.InputError, match=message):
        sums.add(0, np.zeros(shape), np.zeros(lattices), (True, True, True))
