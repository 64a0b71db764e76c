"""Arguments of every kind: what is meant is understood, what is wrong gets one clear InputError."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from ase import Atoms
from ase.build import molecule

import ecemc
from ecemc.errors import InputError
from ecemc.frames import batch
from ecemc.rdf.accumulator import _portions
from ecemc.voids import largest_hole


@pytest.fixture
def box():
    return molecule("H2O", cell=[4, 4, 4], pbc=True).repeat((2, 1, 1))


@pytest.mark.parametrize("cutoff", [np.float32(2.5), np.array(2.5), np.float64(2.5)])
def test_a_numpy_scalar_is_one_cutoff(box, cutoff):
    assert np.array_equal(ecemc.neighbor_list("ij", box, cutoff), ecemc.neighbor_list("ij", box, 2.5))
    assert np.array_equal(ecemc.neighbor_list("ij", box, np.int64(3)), ecemc.neighbor_list("ij", box, 3.0))


def test_anything_with_the_same_attributes_will_do(box):
    like = SimpleNamespace(
        positions=box.positions.tolist(), cell=box.cell.tolist(), pbc=[True] * 3, numbers=box.numbers.tolist()
    )
    forces = np.random.default_rng(0).normal(size=(len(box), 3))
    assert np.array_equal(ecemc.neighbor_list("j", like, [1.0] * 6), ecemc.neighbor_list("j", box, [1.0] * 6))
    assert np.array_equal(ecemc.rigid_bodies(like).inertia, ecemc.rigid_bodies(box).inertia)
    parts, expected = ecemc.decompose_forces(like, forces), ecemc.decompose_forces(box, forces)
    assert np.array_equal(parts.vibrational, expected.vibrational)
    assert np.array_equal(ecemc.rdf(like, 5.0, 20).total, ecemc.rdf(box, 5.0, 20).total)
    assert ecemc.local_environments(like, 5.0).counts == ecemc.local_environments(box, 5.0).counts


def test_no_atoms_have_no_forces():
    assert ecemc.decompose_forces(Atoms(), []).vibrational.shape == (0, 3)


WRONG = {
    "cutoff: got str": lambda box: ecemc.neighbor_list("i", box, "far"),
    "cutoff: got list": lambda box: ecemc.neighbor_list("i", box, ["a"] * 6),
    r"cutoff: got \('C', 'H'\): 'a'": lambda box: ecemc.neighbor_list("i", box, {("C", "H"): "a"}),
    r"cutoff: got \('C',\)": lambda box: ecemc.neighbor_list("i", box, {("C",): 1.0}),
    "quantities": lambda box: ecemc.neighbor_list(["i", "j"], box, 1.0),
    "forces: got str": lambda box: ecemc.decompose_forces(box, "abc"),
    "forces: got list": lambda box: ecemc.decompose_forces(box, [[1, 2], [1]]),
    "molecules: got ndarray": lambda box: ecemc.rigid_bodies(box, np.zeros(6, dtype=int)),
    "molecules: got list": lambda box: ecemc.split_molecules(box, [0, 1]),
    "molecules: got float64": lambda box: ecemc.rdf(box, 3.0, 10, molecules=np.zeros(6)),
    "scales: got list": lambda box: ecemc.volume_scan(box, ["a"]),
    "scales: got generator": lambda box: ecemc.volume_scan(box, (s for s in [1.0])),
    r"cell: got \[9, 9, 9\]": lambda box: ecemc.split_molecules(box, cell=[9, 9, 9]),
    "radii: got": lambda box: ecemc.voids(box, radii={"H": None}),
    "radii: got .* expected {element": lambda box: ecemc.voids(box, radii=[1.0]),
    "probe: got 'x'": lambda box: ecemc.voids(box, probe="x"),
    "probe: got 1.* expected a radius": lambda box: ecemc.voids(box, probe=1e300),
    "spacing: got None": lambda box: ecemc.voids(box, spacing=None),
    "radius: got str": lambda box: ecemc.local_environments(box, "x"),
    "radius: got an array": lambda box: ecemc.local_environments(box, [1.0]),
    "frames: got NoneType": lambda _: ecemc.rdf(None, 3.0, 10),
    "frames: got int": lambda _: ecemc.local_environments(3, 3.0),
    "atoms: got int": lambda _: ecemc.make_whole(3),
    "n_threads: got -1": lambda box: ecemc.find_molecules(box, n_threads=-1),
    "n_threads: got 0": lambda box: ecemc.voids(box, n_threads=0),
}


@pytest.mark.parametrize("message", WRONG)
def test_what_is_wrong_is_named(box, message):
    with pytest.raises(InputError, match=message):
        WRONG[message](box)


@pytest.mark.parametrize("number", [-1, 119, 256])
def test_atomic_numbers_that_do_not_exist_are_refused(box, number):
    molecules = ecemc.find_molecules(box)
    box.arrays["numbers"][4] = number
    for work in (
        ecemc.find_molecules,
        ecemc.voids,
        largest_hole,
        lambda atoms: batch([atoms]),
        lambda atoms: ecemc.rigid_bodies(atoms, molecules),
        lambda atoms: ecemc.rdf(atoms, 3.0, 10, molecules=molecules),
    ):
        with pytest.raises(InputError, match=f"got {number} for atom 4"):
            work(box)


def test_voids_refuse_atoms_that_have_lost_their_digits(box):
    box.positions[0, 0] = 1e12
    with pytest.raises(InputError, match="outside the cell"):
        ecemc.voids(box)


@pytest.mark.parametrize(("sizes", "portions"), [([10] * 130, [64, 64, 2]), ([600_000] * 2, [1, 1]), ([], [])])
def test_large_frames_are_not_gathered(sizes, portions):
    frames = ((range(size),) for size in sizes)
    assert [len(portion) for portion in _portions(frames)] == portions
