"""Files written by ASE and by the C library read as those two read them themselves."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path

import ase.io
import numpy as np
import pytest
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator
from ase.constraints import FixAtoms
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import ecemc

FINITE = st.floats(-1e6, 1e6, width=64)
KEYS = st.text("abcdefgXYZ_019", min_size=1, max_size=8).filter(
    lambda key: key[0].isalpha() and key not in {"X", "Z", "pbc", "e"}
)
# Text of commas alone is text here, an empty array in ASE.
WORDS = st.text("abcXYZ .,:;-+*/%$#@!?()<>|~^&'", min_size=1, max_size=12).filter(
    lambda text: text.strip() == text and text.strip(", ")
)
VALUES = st.one_of(
    st.integers(-(2**62), 2**62),
    FINITE,
    st.booleans(),
    WORDS,
    hnp.arrays(np.float64, st.integers(2, 9), elements=FINITE),
    hnp.arrays(np.int64, st.integers(2, 9), elements=st.integers(-(2**62), 2**62)),
    hnp.arrays(np.bool_, st.integers(2, 5)),
    hnp.arrays(np.float64, (2, 3), elements=FINITE),
    st.lists(st.text("abc ", min_size=1, max_size=3), min_size=1, max_size=3),
)


@st.composite
def random_atoms(draw):
    n = draw(st.integers(1, 6))
    numbers = draw(st.lists(st.integers(1, 118), min_size=n, max_size=n))
    real = lambda *shape: draw(hnp.arrays(np.float64, shape, elements=FINITE))  # noqa: E731
    atoms = Atoms(numbers, positions=real(n, 3), info=draw(st.dictionaries(KEYS, VALUES, max_size=5)))
    if draw(st.booleans()):
        atoms.cell = real(3, 3)
    atoms.pbc = draw(st.tuples(st.booleans(), st.booleans(), st.booleans()))
    for name, array in {
        "REF_forces": real(n, 3),
        "tags": draw(hnp.arrays(np.int64, n, elements=st.integers(-1000, 1000))),
        "masses": real(n),
        "picked": draw(hnp.arrays(np.bool_, n)),
        "label": np.array(draw(st.lists(st.text("abc123", min_size=1, max_size=4), min_size=n, max_size=n))),
    }.items():
        if draw(st.booleans()):
            atoms.arrays[name] = array
    if draw(st.booleans()):
        results = {"energy": draw(FINITE), "forces": real(n, 3), "stress": real(6), "charges": real(n)}
        atoms.calc = SinglePointCalculator(atoms, **results)
    if draw(st.booleans()):
        atoms.set_constraint(FixAtoms([0]))
    return atoms


def assert_same_table(got, want):
    assert list(got) == list(want)
    for key, value in want.items():
        if isinstance(value, np.ndarray):
            assert np.shape(got[key]) == value.shape, key
        assert np.array_equal(got[key], value), (key, got[key], value)


def assert_same(got, want):
    assert_same_table({k: got.arrays[k] for k in sorted(got.arrays)}, {k: want.arrays[k] for k in sorted(want.arrays)})
    assert np.array_equal(got.cell.array, want.cell.array)
    assert got.pbc.tolist() == want.pbc.tolist()
    assert_same_table(got.info, want.info)
    assert (got.calc is None) == (want.calc is None)
    if want.calc is not None:
        assert_same_table(got.calc.results, want.calc.results)
    assert [c.todict() for c in got.constraints] == [c.todict() for c in want.constraints]


@settings(max_examples=100)
@given(st.lists(random_atoms(), min_size=1, max_size=4))
def test_files_written_by_ase_read_as_ase_reads_them(frames):
    text = io.StringIO()
    ase.io.write(text, frames, format="extxyz")
    want = ase.io.read(io.StringIO(text.getvalue()), ":", format="extxyz")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "frames.xyz"
        path.write_text(text.getvalue())
        got = ecemc.read(path)
    assert len(got) == len(want)
    for a, b in zip(got, want, strict=True):
        assert_same(a, b)


@settings(max_examples=100)
@given(st.lists(random_atoms(), min_size=1, max_size=4))
def test_what_we_write_reads_as_it_was_and_as_ase_reads_it(frames):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "frames.xyz"
        assert ecemc.write(path, frames) == len(frames)
        got = ecemc.read(path)
        of_ase = ase.io.read(path, ":", format="extxyz")
    assert len(got) == len(of_ase) == len(frames)
    for one, other, original in zip(got, of_ase, frames, strict=True):
        assert_same(one, other)
        for key in ("numbers", "positions", "REF_forces", "masses", "picked"):
            if key in original.arrays:
                assert np.array_equal(one.arrays[key], original.arrays[key]), key  # every digit
        assert set(one.info) == set(original.info)
        for key, value in original.info.items():
            assert np.array_equal(one.info[key], value), key
        if original.calc is not None:
            results = original.calc.results
            assert_same_table({key: one.calc.results[key] for key in results}, results)
            assert len(one.calc.results) == len(results)


def test_the_dft_boxes_are_written_as_they_are(shared, tmp_path):
    want = ecemc.read(shared / "data" / "dft" / "ecemc_dft.extxyz")
    for name in ("copy.extxyz", "copy.xyz.gz"):
        ecemc.write(tmp_path / name, want)
        for a, b in zip(ecemc.read(tmp_path / name), want, strict=True):
            assert_same(a, b)


def test_the_dft_boxes_read_as_ase_reads_them(shared):
    path = shared / "data" / "dft" / "ecemc_dft.extxyz"
    want = ase.io.read(path, ":", format="extxyz")
    got = ecemc.read(path)
    assert len(got) == len(want) == 103
    for a, b in zip(got, want, strict=True):
        assert_same(a, b)


C_COMMENT = (
    'Lattice="4.0 0.1 0 0 5 0.2 0.3 0 6" Properties=pos:R:3:species:S:1:tag:I:1:fixed:L:2:forces:R:3 pbc=[T, F, T] '
    'n=3 x=-1.5e-3 s=bare q="two words" b=F iv=[1, 2, 3] rv="1 2.5 3" bv=[T, F] sv=["a b", c] '
    "m=[[1, 2], [3, 4]] rm=[[1.5, 2, 3], [4, 5, 6]]"
)
C_ROWS = """ 1.0 -2.25 3e1 C 7 T F 0.1 0.2 0.3
 1.12345678901234567 .5 1.e0 O -8 F F 1e-300 2D0 -0.0
0 0 0 Li 0 T T 123456789.123456789 1 1
"""


def test_the_specification_as_the_c_library_reads_it(tmp_path):
    extxyz = pytest.importorskip("extxyz")
    path = tmp_path / "c.xyz"
    path.write_text(f"3\n{C_COMMENT}\n{C_ROWS}")
    frame = extxyz.read_dicts(str(path), index=0)
    atoms = ecemc.read(path, 0)
    assert np.array_equal(atoms.cell.array, frame.cell.T)  # the C library gives the cell vectors as columns
    assert atoms.pbc.tolist() == list(frame.pbc)
    assert atoms.get_chemical_symbols() == list(frame.arrays["species"])
    assert np.array_equal(atoms.positions, frame.arrays["pos"])
    assert np.array_equal(atoms.get_forces(), frame.arrays["forces"])
    for name in ("tag", "fixed"):
        assert np.array_equal(atoms.arrays[name], frame.arrays[name])
    keys = ["n", "x", "s", "q", "b", "iv", "rv", "bv", "sv", "m", "rm"]
    assert list(atoms.info) == keys
    for key in keys:
        assert np.array_equal(atoms.info[key], frame.info[key]), key
