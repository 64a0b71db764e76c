"""Whatever is passed, the kernels answer or refuse with one clear error: never a panic, a hang or a crash."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from hypothesis import given, settings
from hypothesis import strategies as st

import ecemc
from ecemc.errors import EcemcError

CALLS = {
    "neighbor_list": lambda atoms, x: ecemc.neighbor_list("ijSDd", atoms, x),
    "neighbor_list by elements": lambda atoms, x: ecemc.neighbor_list("ij", atoms, {("H", "O"): x, ("C", "C"): 1.0}),
    "find_molecules": lambda atoms, x: ecemc.find_molecules(atoms, scale=x),
    "make_whole": lambda atoms, _: ecemc.make_whole(atoms),
    "split_molecules": lambda atoms, x: ecemc.split_molecules(atoms, cell=x),
    "rigid_bodies": lambda atoms, _: ecemc.rigid_bodies(atoms),
    "decompose_forces": lambda atoms, x: ecemc.decompose_forces(atoms, np.full((len(atoms), 3), x)),
    "volume_scan": lambda atoms, x: ecemc.volume_scan(atoms, [1.0, x]),
    "rdf": lambda atoms, x: ecemc.rdf(atoms, x, 10),
    "local_environments": ecemc.local_environments,
    "voids": lambda atoms, x: ecemc.voids(atoms, probe=x),
}

ODD_NUMBERS = st.sampled_from([0.0, -1.0, 1e-300, 1e-3, 1.0, 2.5, 1e308, float("nan"), float("inf"), -float("inf")])
ODD_POSITIONS = st.one_of(
    st.floats(-8, 8), st.sampled_from([0.0, 1e-12, 1e6, -1e15, 1e300, float("nan"), float("inf")])
)


@st.composite
def odd_frames(draw):
    n = draw(st.integers(0, 5))
    positions = draw(st.lists(st.tuples(*[ODD_POSITIONS] * 3), min_size=n, max_size=n))
    numbers = draw(st.lists(st.sampled_from([0, 1, 6, 8, 3, 92, 118]), min_size=n, max_size=n))
    cell = draw(
        st.one_of(
            st.sampled_from([0.0, 1e-9, 3.0, 1e8, float("nan"), -4.0]).map(lambda a: np.eye(3) * a),
            st.lists(st.floats(-9, 9), min_size=9, max_size=9).map(lambda a: np.reshape(a, (3, 3))),
        )
    )
    return Atoms(
        numbers=numbers, positions=np.reshape(positions, (n, 3)), cell=cell, pbc=draw(st.tuples(*[st.booleans()] * 3))
    )


@pytest.mark.parametrize("name", CALLS)
@settings(max_examples=150)
@given(atoms=odd_frames(), number=ODD_NUMBERS)
def test_an_answer_or_one_clear_error(name, atoms, number):
    before = atoms.copy()
    try:
        CALLS[name](atoms, number)
    except EcemcError as error:
        text = str(error)
        assert 10 < len(text) < 1000
        assert "panicked" not in text
    assert np.array_equal(atoms.positions, before.positions, equal_nan=True)
    assert np.array_equal(atoms.cell[:], before.cell[:], equal_nan=True)


def test_every_public_function_that_takes_frames_is_tried():
    takers = {"neighbor_list", "find_molecules", "make_whole", "split_molecules", "rigid_bodies", "decompose_forces"}
    takers |= {"volume_scan", "rdf", "local_environments", "voids"}
    assert takers <= set(CALLS)
