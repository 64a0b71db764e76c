"""Compositions: what is read, what is refused, and whole-molecule counts."""

from __future__ import annotations

import pytest

from ecemc.errors import InputError
from ecemc.sampling import composition_from_fractions, format_composition, parse_composition


@pytest.mark.parametrize(
    ("given", "counts"),
    [
        ("16EC:32EMC", {"EC": 16, "EMC": 32}),
        ("32EMC:16EC", {"EMC": 32, "EC": 16}),
        ("16 EC", {"EC": 16}),
        ("16EC, 32EMC", {"EC": 16, "EMC": 32}),
        ("0EC:1EMC", {"EMC": 1}),
        ({"EC": 3}, {"EC": 3}),
    ],
)
def test_reads(given, counts):
    read = parse_composition(given)
    assert list(read.items()) == list(counts.items())


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ("EC:EMC", "'EC'"),
        ("16EC:32EMC:1EC", "twice"),
        ("", "cannot read ''"),
        ("16EC:", "cannot read ''"),
        ("16EC 32EMC", "'16EC 32EMC'"),
        ("0EC", "no molecule"),
        ("-1EC", "'-1EC'"),
        ("1.5EC", "'1.5EC'"),
        ({"EC": -1}, "-1"),
        ({"EC": 1.5}, "1.5"),
        ({"EC": True}, "True"),
        ({}, "no molecule"),
    ],
)
def test_refuses(given, named):
    with pytest.raises(InputError, match=named):
        parse_composition(given)


def test_fractions_refuse_nonsense():
    for fractions, n in (({"EC": -1.0, "EMC": 2.0}, 10), ({"EC": 0.0}, 10), ({"EC": float("nan")}, 10), ({"EC": 1}, 0)):
        with pytest.raises(InputError):
            composition_from_fractions(fractions, n)


def test_writing_is_the_inverse():
    assert format_composition(parse_composition("16EC:32EMC")) == "16EC:32EMC"
