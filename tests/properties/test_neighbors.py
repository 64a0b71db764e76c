"""What must hold for the neighbour list of any configuration."""

from __future__ import annotations

import numpy as np
from ase import Atoms
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from tests.reference import neighbors_numpy

import ecemc


@st.composite
def configurations(draw, max_atoms=8):
    n = draw(st.integers(0, max_atoms))
    positions = draw(arrays(float, (n, 3), elements=st.floats(-20, 20, width=32)))
    diagonal = draw(arrays(float, 3, elements=st.floats(0.8, 6)))
    lower = draw(arrays(float, (3, 3), elements=st.floats(-30, 30)))
    cell = np.diag(diagonal) + np.tril(lower, -1)
    if draw(st.booleans()):
        cell = cell[[1, 0, 2]]  # left-handed
    return Atoms("C" * n, positions=positions, cell=cell, pbc=draw(arrays(bool, 3)))


def keys(i, j, S):
    return [(int(a), int(b), *map(int, s)) for a, b, s in zip(i, j, S, strict=True)]


@given(configurations(), st.floats(0.3, 4.0))
def test_equals_numpy_twin(atoms, cutoff):
    i, j, S, D, d = ecemc.neighbor_list("ijSDd", atoms, cutoff)
    twin = neighbors_numpy.neighbor_list(atoms.positions, atoms.cell[:], atoms.pbc, cutoff)
    # A pair within rounding of the cutoff may fall on either side.
    sure, sure_twin = abs(d - cutoff) > 1e-9, abs(twin[4] - cutoff) > 1e-9
    assert keys(i[sure], j[sure], S[sure]) == keys(*(column[sure_twin] for column in twin[:3]))
    np.testing.assert_allclose(d[sure], twin[4][sure_twin], rtol=0, atol=1e-9)
    np.testing.assert_allclose(D[sure], twin[3][sure_twin], rtol=0, atol=1e-9)


@given(configurations(), st.floats(0.3, 4.0))
def test_symmetric_sorted_and_consistent(atoms, cutoff):
    i, j, S, D, d = ecemc.neighbor_list("ijSDd", atoms, cutoff)
    pairs = keys(i, j, S)
    assert pairs == sorted(set(pairs))
    assert {(b, a, -x, -y, -z) for a, b, x, y, z in pairs} == set(pairs)
    np.testing.assert_allclose(D, atoms.positions[j] - atoms.positions[i] + S @ atoms.cell[:], rtol=0, atol=1e-9)
    np.testing.assert_allclose(d, np.linalg.norm(D, axis=1), rtol=1e-14)
    assert (d < cutoff).all()


@given(configurations(), st.floats(0.5, 3.0), st.integers(0, 2**32 - 1))
def test_lattice_translations_and_permutations(atoms, cutoff, seed):
    rng = np.random.default_rng(seed)
    permutation = rng.permutation(len(atoms))
    jumps = rng.integers(-3, 4, (len(atoms), 3)) * atoms.pbc
    moved = atoms[permutation]
    moved.positions += (jumps @ atoms.cell[:])[permutation]
    i, j, S, d = ecemc.neighbor_list("ijSd", atoms, cutoff)
    p, q, T, e = ecemc.neighbor_list("ijSd", moved, cutoff)
    sure, sure_moved = abs(d - cutoff) > 1e-9, abs(e - cutoff) > 1e-9
    original = sorted(keys(i[sure], j[sure], (S - jumps[j] + jumps[i])[sure]))
    assert original == sorted(keys(permutation[p[sure_moved]], permutation[q[sure_moved]], T[sure_moved]))
