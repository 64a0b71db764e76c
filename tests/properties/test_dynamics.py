"""What holds for mean squared displacements of any trajectory."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.reference import msd_numpy

from ecemc import _core

seeds = st.integers(0, 2**32 - 1)


def trajectory(seed, n_frames, n, pbc):
    """A walk in a skewed, breathing cell; the cell is never so thin that steps are ambiguous."""
    rng = np.random.default_rng(seed)
    cell = np.diag(rng.uniform(5, 12, 3)) + np.tril(rng.uniform(-6, 6, (3, 3)), -1)
    scales = 1.0 + 0.01 * rng.normal(size=n_frames)
    r = rng.uniform(-30, 30, (n, 3)) + np.cumsum(rng.normal(scale=0.2, size=(n_frames, n, 3)), axis=0)
    return np.ascontiguousarray(r), scales[:, None, None] * cell, tuple(pbc)


def accumulate(data, groups, first=0, start=0, stop=None):
    positions, cells, pbc = data
    masses = 1.0 + np.arange(len(groups))
    sums = _core.MSDAccumulator(np.asarray(groups, dtype=np.uint32), masses, True)
    if positions[start:stop].size:
        sums.add(first + start, positions[start:stop], cells[start:stop], pbc)
    return sums


@given(seed=seeds, n=st.integers(1, 4), pbc=st.tuples(*[st.booleans()] * 3))
@settings(max_examples=25)
def test_any_cell_gives_what_the_definition_gives(seed, n, pbc):
    data = trajectory(seed, 25, n, pbc)
    found = accumulate(data, range(n)).result()
    path = msd_numpy.unwrap(*data, masses=1.0 + np.arange(n))
    for lag, values in zip(found["lags"], found["msd"], strict=True):
        expected = msd_numpy.msd(path, lag, every=msd_numpy.spacing(lag))
        np.testing.assert_allclose(values, expected, rtol=1e-7, atol=1e-7)


@given(seed=seeds, first=st.integers(0, 2**40), cuts=st.sets(st.integers(0, 120), max_size=4), data=st.data())
@settings(max_examples=40)
def test_chunks_in_any_order_of_joining_have_the_bits_of_one_pass(seed, first, cuts, data):
    run = trajectory(seed, 120, 3, (True, True, True))
    groups = data.draw(st.sampled_from([(0, 1, 2), (1, 0, 1), (0, 0, 0)]))
    ends = [0, *sorted(cuts), 120]
    chunks = [accumulate(run, groups, first, a, b) for a, b in pairwise(ends)]
    while len(chunks) > 1:
        k = data.draw(st.integers(0, len(chunks) - 2))
        later = chunks.pop(k + 1)
        chunks[k].merge(_core.MSDAccumulator.from_bytes(later.to_bytes()))
    assert chunks[0].to_bytes() == accumulate(run, groups, first).to_bytes()


@given(seed=seeds)
@settings(max_examples=20)
def test_groups_are_means_of_their_members(seed):
    run = trajectory(seed, 40, 4, (True, True, False))
    alone, joined = accumulate(run, range(4)).result(), accumulate(run, (0, 1, 0, 1)).result()
    expected = (alone["msd"][:, :2] + alone["msd"][:, 2:]) / 2
    np.testing.assert_allclose(joined["msd"], expected, rtol=1e-12)
