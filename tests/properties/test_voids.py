"""No point of space is emptier than the sphere that was found."""

from __future__ import annotations

import itertools

import numpy as np
from ase import Atoms
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import ecemc

RADII = {"H": 0.4, "C": 1.3}


def clearance(atoms, points):
    """Distance of points to the nearest surface, over all images that may matter."""
    radii = np.array([RADII[symbol] for symbol in atoms.get_chemical_symbols()])
    ranges = [range(-5, 6) if periodic else (0,) for periodic in atoms.pbc]
    best = np.full(len(points), np.inf)
    for shift in itertools.product(*ranges):
        centers = atoms.positions + np.array(shift) @ atoms.cell[:]
        d = np.linalg.norm(points[:, None] - centers, axis=2) - radii
        best = np.minimum(best, d.min(axis=1))
    return best


@settings(max_examples=40)
@given(st.integers(0, 2**32), st.integers(1, 12), arrays(bool, 3))
def test_the_largest_of_all_points(seed, n, pbc):
    rng = np.random.default_rng(seed)
    cell = np.diag(rng.uniform(3, 7, 3)) + np.tril(rng.uniform(-1.5, 1.5, (3, 3)), -1)
    fractional = rng.uniform(0, 1, (n, 3))
    atoms = Atoms(rng.choice(list(RADII), n), positions=fractional @ cell, cell=cell, pbc=pbc)
    found = ecemc.voids(atoms, radii=RADII)
    low, high = np.where(pbc, 0, fractional.min(axis=0)), np.where(pbc, 1, fractional.max(axis=0))
    # Rounding of the bounding box aside, the centre is one of the points allowed.
    center = np.linalg.solve(cell.T, found.center)
    assert (center >= low - 1e-9).all()
    assert (center <= high + 1e-9).all()
    np.testing.assert_allclose(clearance(atoms, found.center[None])[0], found.radius, atol=1e-9)
    points = (low + (high - low) * rng.uniform(0, 1, (3000, 3))) @ cell
    assert clearance(atoms, points).max() <= found.radius + 1e-3
