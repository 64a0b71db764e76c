"""Edges and bad input of the neighbour list."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms

import ecemc
from ecemc.errors import EcemcError, InputError


def test_no_atoms_and_one_atom():
    for atoms in (Atoms(cell=[3, 3, 3], pbc=True), Atoms("H")):
        i, j, S, D, d = ecemc.neighbor_list("ijSDd", atoms, 5.0 if not len(atoms) else 1.0)
        assert len(i) == len(j) == len(d) == 0
        assert S.shape == D.shape == (0, 3)
        assert (i.dtype, S.dtype, D.dtype) == (np.int64, np.int64, np.float64)


def test_single_letter_gives_its_array():
    atoms = Atoms("H2", positions=[[0, 0, 0], [0, 0, 0.7]])
    np.testing.assert_array_equal(ecemc.neighbor_list("d", atoms, 1.0), [0.7, 0.7])


def test_coincident_atoms_are_pairs_at_distance_zero():
    atoms = Atoms("H3", positions=np.ones((3, 3)), cell=[4, 4, 4], pbc=True)
    i, j, d = ecemc.neighbor_list("ijd", atoms, 1.0)
    assert i.tolist() == [0, 0, 1, 1, 2, 2]
    assert j.tolist() == [1, 2, 0, 2, 0, 1]
    assert not d.any()


def test_strictly_less_than_the_cutoff():
    atoms = Atoms("H", cell=[3, 3, 3], pbc=True)
    assert len(ecemc.neighbor_list("i", atoms, 3.0)) == 0
    assert len(ecemc.neighbor_list("i", atoms, np.nextafter(3.0, 4))) == 6


def test_atoms_far_outside_the_cell():
    near = Atoms("H2", positions=[[0.1, 0, 0], [0.9, 0, 0]], cell=[5, 5, 5], pbc=True)
    far = near.copy()
    far.positions[1] += [5e5, -5e5, 5e6]
    S, d = ecemc.neighbor_list("Sd", far, 1.0)
    assert S.tolist() == [[-100000, 100000, -1000000], [100000, -100000, 1000000]]
    np.testing.assert_allclose(d, 0.8, atol=1e-8)


def test_input_is_not_changed_and_other_types_are_taken():
    class Frame:  # whatever has these attributes
        positions = np.array([[0, 0, 0], [1, 0, 0]])
        cell = ((4, 0, 0), (0, 4, 0), (0, 0, 4))
        pbc = (True, True, True)

    assert ecemc.neighbor_list("d", Frame(), 1.5).tolist() == [1.0, 1.0]
    assert Frame.positions.dtype.kind == "i"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a: a.positions.__setitem__((1, 0), np.nan), r"positions: atom 1 has \[NaN, .*expected finite numbers"),
        (lambda a: a.set_cell([[1, 0, 0], [2, 0, 0], [0, 0, 3]]), r"cell: the vectors are coplanar or parallel"),
        (lambda a: a.set_cell([1, 2, 0]), r"cell: a periodic vector is zero"),
    ],
)
def test_bad_frames(change, message):
    atoms = Atoms("H2", positions=[[0, 0, 0], [0, 0, 0.7]], cell=[3, 3, 3], pbc=True)
    change(atoms)
    with pytest.raises(InputError, match=message):
        ecemc.neighbor_list("ij", atoms, 2.0)


@pytest.mark.parametrize(
    ("quantities", "cutoff", "message"),
    [
        ("ijx", 1.0, r"quantities: got 'ijx', expected different letters of 'ijSDd'"),
        ("", 1.0, r"quantities"),
        ("ii", 1.0, r"quantities"),
        ("ij", 0.0, r"cutoff: got 0, expected a finite distance > 0 in Å"),
        ("ij", -1, r"cutoff"),
        ("ij", float("nan"), r"cutoff: got NaN"),
        ("ij", float("inf"), r"cutoff"),
        ("ij", {("C", "Xy"): 1.0}, r"unknown element 'Xy'"),
        ("ij", {("H", "H"): -1.0}, r"cutoff: got -1"),
        ("ij", [1.0, 2.0, 3.0], r"cutoff: got an array of shape \(3,\), expected one radius per atom, \(2,\)"),
    ],
)
def test_bad_arguments(quantities, cutoff, message):
    with pytest.raises(InputError, match=message):
        ecemc.neighbor_list(quantities, Atoms("H2", positions=[[0, 0, 0], [0, 0, 0.7]]), cutoff)


def test_not_atoms():
    with pytest.raises(EcemcError, match=r"atoms: got str, expected ase.Atoms"):
        ecemc.neighbor_list("ij", "water", 1.0)


def test_bad_thread_counts(monkeypatch):
    atoms = Atoms("H")
    with pytest.raises(InputError, match="n_threads: got 0"):
        ecemc.neighbor_list("i", atoms, 1.0, n_threads=0)
    monkeypatch.setenv("ECEMC_NUM_THREADS", "many")
    with pytest.raises(InputError, match='environment variable ECEMC_NUM_THREADS: got "many"'):
        ecemc.neighbor_list("i", atoms, 1.0)
