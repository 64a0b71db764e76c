"""Independent points have g(r) = 1 at every distance, within the errors claimed."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms

import ecemc


@pytest.mark.parametrize("r_max", [5.0, 16.5])
def test_ideal_gas(r_max):
    rng = np.random.default_rng(11)
    n, size = 200, 12.0
    frames = [Atoms("Ar150Ne50", rng.uniform(0, size, (n, 3)), cell=[size] * 3, pbc=True) for _ in range(64)]
    alone = [ecemc.find_molecules(Atoms("Ar150Ne50", 9.0 * np.arange(3 * n).reshape(n, 3)))] * 64
    found = ecemc.rdf(frames, r_max, 40, molecules=alone)
    assert (found.n_blocks, found.block_length) == (32, 2)
    for (a, b), number in {("Ar", "Ar"): 150, ("Ar", "Ne"): np.inf, ("Ne", "Ne"): 50}.items():
        # Below L/2 no atom sees its own image, so the atom itself is missing among the N.
        beyond = found.edges[1:] < size / 2
        g = found.inter[a, b][beyond]
        deviation = (g - (1 - 1 / number)) / np.maximum(found.stderr[a, b][beyond], 1e-3)
        assert np.abs(deviation[2:]).max() < 4.5
        assert 0.4 < np.sqrt(np.mean(deviation[2:] ** 2)) < 1.6
    assert found.total[-5:] == pytest.approx(1.0, abs=0.03)
