"""ASE's RDF, which knows partials but no molecules and no images beyond half the cell."""

from __future__ import annotations

import numpy as np
from ase import Atoms
from ase.geometry.rdf import get_rdf

import ecemc


def test_equals_ase():
    rng = np.random.default_rng(5)
    n = 120
    atoms = Atoms("C40H60O20", rng.uniform(0, 11, (n, 3)), cell=[[11, 0, 0], [2, 11, 0], [-1, 1.5, 12]], pbc=True)
    r_max, n_bins = 5.0, 50
    found = ecemc.rdf(atoms, r_max, n_bins)
    total, r = get_rdf(atoms, r_max, n_bins)
    np.testing.assert_allclose(found.r, r, rtol=1e-14)
    np.testing.assert_allclose(found.total, total, rtol=1e-10, atol=1e-12)
    for a, b in found.inter:
        partial, _ = get_rdf(atoms, r_max, n_bins, elements=[Atoms(a).numbers[0], Atoms(b).numbers[0]])
        both = found.inter[a, b] + found.intra[a, b]
        np.testing.assert_allclose(both, partial, rtol=1e-10, atol=1e-12)
