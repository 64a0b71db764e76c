"""Compositions: round trip and rounding for any counts and fractions."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ecemc.sampling import composition_from_fractions, format_composition, parse_composition

names = st.from_regex(r"[A-Za-z][A-Za-z0-9_+-]{0,5}", fullmatch=True)


@given(st.dictionaries(names, st.integers(1, 10**6), min_size=1))
def test_text_round_trip(counts):
    assert parse_composition(format_composition(counts)) == counts


@given(st.dictionaries(names, st.floats(0.001, 1.0), min_size=1, max_size=6), st.integers(1, 1000))
def test_counts_sum_and_stay_next_to_the_fractions(fractions, n_molecules):
    counts = composition_from_fractions(fractions, n_molecules)
    assert sum(counts.values()) == n_molecules
    total = sum(fractions.values())
    for name, fraction in fractions.items():
        assert abs(counts.get(name, 0) - n_molecules * fraction / total) < 1.0 + 1e-9
