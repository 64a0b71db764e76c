"""RDFs of any configuration equal their definition, and add up exactly."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from ase import Atoms
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from tests.reference import rdf_numpy

import ecemc


@st.composite
def frames(draw, max_atoms=9):
    n = draw(st.integers(1, max_atoms))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    symbols = rng.choice(["C", "H", "O"], n)
    cell = np.diag(rng.uniform(2.5, 5, 3))
    if draw(st.booleans()):
        cell += np.tril(rng.uniform(-6, 6, (3, 3)), -1)
    pbc = draw(arrays(bool, 3))
    return [
        Atoms(symbols, positions=rng.uniform(-6, 6, (n, 3)), cell=cell * scale, pbc=pbc) for scale in (1, 1.1, 0.97)
    ]


@settings(max_examples=40)
@given(frames(), st.floats(0.8, 7), st.integers(1, 40))
def test_equals_the_definition(frames, r_max, n_bins):
    molecules = [ecemc.find_molecules(atoms) for atoms in frames]
    # What belongs to no molecule is intermolecular.
    for found in molecules:
        if found.infinite.any():
            return
    pair, total, g, coordination = rdf_numpy.rdf(frames, molecules, r_max, n_bins)
    for normalization, expected in (("pair", pair), ("total", total)):
        found = ecemc.rdf(frames, r_max, n_bins, normalization=normalization)
        assert set(found.inter) == {key for key in expected if key[0] <= key[1]}
        for key in found.inter:
            np.testing.assert_allclose(found.intra[key], expected[key][0], rtol=1e-10, atol=1e-12)
            np.testing.assert_allclose(found.inter[key], expected[key][1], rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(found.total, g, rtol=1e-10, atol=1e-12)
        assert set(found.coordination) == set(coordination)
        for key, (intra, inter) in coordination.items():
            np.testing.assert_allclose(found.coordination_intra[key], intra, rtol=1e-10, atol=1e-12)
            np.testing.assert_allclose(found.coordination_inter[key], inter, rtol=1e-10, atol=1e-12)


@settings(max_examples=30)
@given(frames(), st.floats(0.8, 9), st.permutations(range(4)), st.sampled_from([1, 2, 3]))
def test_any_order_and_any_number_of_threads_give_the_same_bits(frames, r_max, order, n_threads):
    trajectory = (frames * 14)[:40]
    whole = ecemc.RDFAccumulator(r_max, 10)
    whole.add(iter(trajectory), n_threads=1)
    merged = ecemc.RDFAccumulator(r_max, 10)
    for part in order:
        chunk = ecemc.RDFAccumulator(r_max, 10)
        chunk.add(trajectory[10 * part : 10 * part + 10], start=10 * part, n_threads=n_threads)
        merged.merge(pickle.loads(pickle.dumps(chunk)))
    assert merged.to_bytes() == whole.to_bytes()
    assert merged.n_frames == 40
    assert merged.result().to_dict() == whole.result().to_dict()


@settings(max_examples=30)
@given(frames(), st.integers(0, 2**32))
def test_rotation_translation_permutation_and_wrapping_change_nothing(frames, seed):
    atoms = frames[0]
    rng = np.random.default_rng(seed)
    other = atoms[rng.permutation(len(atoms))]
    other.rotate(rng.uniform(0, 360), rng.normal(size=3), rotate_cell=True)
    other.positions += rng.normal(size=3)
    other.positions += (rng.integers(-2, 3, (len(other), 3)) * other.pbc) @ other.cell[:]
    first, second = ecemc.rdf(atoms, 5.0, 3), ecemc.rdf(other, 5.0, 3)
    for key in first.inter:
        assert first.inter[key] == pytest.approx(second.inter[key], rel=1e-9)
        assert first.intra[key] == pytest.approx(second.intra[key], rel=1e-9)
