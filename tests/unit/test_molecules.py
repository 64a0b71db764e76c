"""Molecules in all the cells and orders they come in."""

from __future__ import annotations

import dataclasses
import pickle

import numpy as np
import pytest
from ase import Atoms
from ase.build import graphene, molecule

import ecemc
from ecemc.errors import InfiniteMoleculeError, InputError


def water_box():
    return molecule("H2O", cell=[4.0, 4.0, 4.0], pbc=True).repeat((2, 2, 1))


def chain(n, spacing=1.5):
    """A zigzag of carbon atoms along x, free of periodic contacts in a wide cell."""
    k = np.arange(n)
    return Atoms("C" * n, positions=np.column_stack([k * spacing * 0.85, 0.4 * (k % 2), 0 * k]))


def test_waters():
    found = ecemc.find_molecules(water_box())
    assert len(found) == 4
    assert found.index.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]
    assert found.species == ["H2O"] * 4
    assert found.formulas == ["H2O"] * 4
    assert found.composition == {"H2O": 4}
    assert [m.tolist() for m in found.members] == [[0, 1, 2], [3, 4, 5], [6, 7, 8], [9, 10, 11]]
    assert found.bonds.tolist()[:2] == [[0, 1], [0, 2]]
    assert not found.infinite.any()
    assert (found.index.dtype, found.image.dtype, found.bond_shifts.shape) == (np.int64, np.int64, (8, 3))
    assert repr(found) == "Molecules(4 H2O; 12 atoms)"


def test_results_are_frozen_and_survive_pickling():
    found = ecemc.find_molecules(water_box())
    with pytest.raises(ValueError, match="read-only"):
        found.index[0] = 7
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.species = []
    again = pickle.loads(pickle.dumps(found))
    assert again.composition == found.composition
    np.testing.assert_array_equal(ecemc.make_whole(water_box(), again).positions, water_box().positions)


def test_interleaved_atoms():
    box = water_box()
    order = np.random.default_rng(3).permutation(len(box))
    found = ecemc.find_molecules(box[order])
    assert found.composition == {"H2O": 4}
    # Numbered by first atom, and the same partition as before.
    firsts = [members[0] for members in found.members]
    assert firsts == sorted(firsts)
    original = order // 3
    assert len(set(zip(original, found.index, strict=True))) == 4


def test_empty_frame_and_single_atoms():
    nothing = ecemc.find_molecules(Atoms(cell=[3, 3, 3], pbc=True))
    assert (len(nothing), nothing.composition, nothing.members) == (0, {}, [])
    assert (nothing.index.shape, nothing.image.shape, nothing.bonds.shape) == ((0,), (0, 3), (0, 2))
    assert repr(nothing) == "Molecules(none; 0 atoms)"
    assert len(ecemc.make_whole(Atoms())) == 0
    assert ecemc.split_molecules(Atoms()) == []
    ions = ecemc.find_molecules(Atoms("LiNaXe", positions=[[0, 0, 0], [5, 0, 0], [0, 9, 0]]))
    assert ions.species == ["Li", "Na", "Xe"]


def test_coincident_atoms_are_bonded():
    assert ecemc.find_molecules(Atoms("He2", positions=np.zeros((2, 3)))).composition == {"He2": 1}


def test_bond_length_is_strictly_less_than_the_scaled_radii():
    reach = 1.3 * (0.31 + 0.31)
    at = Atoms("H2", positions=[[0, 0, 0], [reach, 0, 0]])
    below = Atoms("H2", positions=[[0, 0, 0], [np.nextafter(reach, 0), 0, 0]])
    assert len(ecemc.find_molecules(at)) == 2
    assert len(ecemc.find_molecules(below)) == 1


def test_scale_per_element_keeps_ions_apart():
    solvated = molecule("CH3OH", cell=[9, 9, 9], pbc=True)
    oxygen = solvated.positions[solvated.numbers == 8]
    solvated += Atoms("Li", positions=np.add(oxygen, [0, 0, 1.95]))
    assert len(ecemc.find_molecules(solvated)) == 1
    assert ecemc.find_molecules(solvated, scale={"Li": 0.5}).composition == {"Li": 1, "MeOH": 1}


@pytest.mark.parametrize(
    ("scale", "message"),
    [
        (0.0, "scale: got 0, expected a finite number > 0"),
        (float("nan"), "scale: got NaN"),
        ("big", "scale: got 'big', expected a number such as 1.3"),
        ({"Qq": 1.0}, "scale: unknown element 'Qq'"),
        ({"H": -1.0}, "scale: got -1 for H"),
        ({"H": "wide"}, "scale: got .*wide"),
        ({3: 0.5}, "scale: unknown element 3"),
    ],
)
def test_bad_scales(scale, message):
    with pytest.raises(InputError, match=message):
        ecemc.find_molecules(water_box(), scale=scale)


@pytest.mark.parametrize("number", [0, 97, 118])
def test_elements_without_radius(number):
    with pytest.raises(InputError, match=rf"numbers: got \w+ \(atomic number {number}\) for atom 1, expected elements"):
        ecemc.find_molecules(Atoms(numbers=[1, number], positions=np.zeros((2, 3))))


@pytest.mark.parametrize("number", [-1, 300])
def test_numbers_that_are_no_elements(number):
    atoms = water_box()
    atoms.numbers[2] = number
    with pytest.raises(InputError, match=f"numbers: got {number} for atom 2"):
        ecemc.find_molecules(atoms)


CELLS = {
    "cubic": np.eye(3) * 8.0,
    "triclinic": np.array([[8, 0, 0], [3, 7, 0], [-2, 4, 9.0]]),
    "very skewed": np.array([[8, 0, 0], [40, 8, 0], [-31, 22, 8.0]]),
    "left-handed": np.array([[0, 8, 0], [8, 0, 0], [1, 2, 9.0]]),
    "thin": np.array([[30, 0, 0], [0, 3.4, 0], [0, 0, 3.4]]),
}


@pytest.mark.parametrize("name", CELLS)
def test_a_molecule_longer_than_half_the_cell(name):
    """A chain as long as the cell allows, broken at random: nothing but a walk along bonds can mend it."""
    whole = chain(5 if name != "thin" else 20)
    whole.set_cell(CELLS[name])
    whole.pbc = True
    assert np.ptp(whole.positions[:, 0]) > 0.5 * min(np.linalg.norm(CELLS[name], axis=1))
    broken = whole.copy()
    broken.positions += [1.3, 0.7, 2.1]
    broken.positions += np.random.default_rng(5).integers(-2, 3, (len(whole), 3)) @ CELLS[name]
    mended = ecemc.make_whole(broken)
    shape = mended.positions - mended.positions[0]
    np.testing.assert_allclose(shape, whole.positions - whole.positions[0], atol=1e-9)
    inside = mended.cell.scaled_positions(mended.get_center_of_mass()[None])
    assert (inside >= -1e-12).all()
    assert (inside < 1 + 1e-12).all()


def test_whole_molecules_inside_stay_bit_for_bit():
    box = water_box()
    box.positions += 2.0
    np.testing.assert_array_equal(ecemc.make_whole(box).positions, box.positions)


def test_make_whole_wraps_periodic_axes_only_and_copies_everything():
    atoms = molecule("CO2", cell=[5, 5, 5], pbc=[True, False, False])
    atoms.positions += [12.0, 12.0, -3.0]
    atoms.info["name"] = "far"
    atoms.arrays["REF_forces"] = np.ones((3, 3))
    before = atoms.positions.copy()
    whole = ecemc.make_whole(atoms)
    np.testing.assert_allclose(whole.positions, before - [10, 0, 0], atol=1e-12)
    assert whole.info == {"name": "far"}
    assert whole.arrays["REF_forces"].all()
    np.testing.assert_array_equal(atoms.positions, before)
    whole.info["name"] = "near"
    assert atoms.info["name"] == "far"


@pytest.mark.parametrize(
    "make",
    [
        lambda: graphene(vacuum=4.0, size=(2, 2, 1)),
        lambda: graphene(vacuum=4.0, size=(1, 1, 1)),
        lambda: Atoms("C2", positions=[[0, 0, 0], [1.25, 0, 0]], cell=[2.5, 9, 9], pbc=True),
        lambda: Atoms("C", cell=[9, 1.4, 9], pbc=True),
    ],
    ids=["graphene 2x2", "graphene 1x1", "polymer", "one atom per cell"],
)
def test_infinite_networks_are_reported_and_never_unwrapped(make):
    network = make()
    network += Atoms("He", positions=[network.positions[0] + [0, 0, 4]])
    network.pbc = True
    found = ecemc.find_molecules(network)
    assert found.infinite.tolist() == [True, False]
    assert found.species[0].startswith("(C")
    assert ")n-" in found.species[0]
    for work in (ecemc.make_whole, ecemc.split_molecules, ecemc.rigid_bodies):
        with pytest.raises(InfiniteMoleculeError, match=r"molecule 0 \(first atom 0\) is bonded to its own periodic"):
            work(network)
    with pytest.raises(InfiniteMoleculeError):
        ecemc.volume_scan(network, [1.0])
    with pytest.raises(InfiniteMoleculeError):
        ecemc.local_environments(network, 3.0)
    with pytest.raises(InfiniteMoleculeError):
        ecemc.decompose_forces(network, np.zeros((len(network), 3)))


def test_a_network_that_is_not_periodic_is_finite():
    flake = graphene(vacuum=4.0, size=(3, 3, 1))
    flake.pbc = False
    assert not ecemc.find_molecules(flake).infinite.any()


def test_molecules_of_other_atoms_are_refused():
    stale = ecemc.find_molecules(water_box())
    message = r"molecules: got 12 atoms, expected molecules of these 24 atoms; find them again"
    for work in (ecemc.make_whole, ecemc.rigid_bodies, ecemc.split_molecules):
        with pytest.raises(InputError, match=message):
            work(water_box().repeat((1, 1, 2)), stale)


def test_damaged_molecules_are_refused():
    box = water_box()
    found = ecemc.find_molecules(box)
    with pytest.raises(InputError, match=r"molecules.index: got no atom in molecule 3"):
        ecemc.make_whole(box, dataclasses.replace(found, index=np.minimum(found.index, 2)))
    with pytest.raises(InputError, match=r"molecules.index: got 6, expected numbers below 4"):
        ecemc.make_whole(box, dataclasses.replace(found, index=found.index + 6))
    with pytest.raises(InputError, match="out of range"):
        ecemc.make_whole(box, dataclasses.replace(found, index=found.index - 1))
    with pytest.raises(InputError, match="out of range"):
        ecemc.make_whole(box, dataclasses.replace(found, image=found.image + 2**40))


def labelled():
    box = water_box()
    box.info |= {"REF_energy": -3.0, "density": 1.0, "config_type": "liquid", "composition": "4H2O"}
    box.arrays["REF_forces"] = np.ones((12, 3))
    box.set_tags(np.arange(12))
    box.positions[1] += [8, 0, 0]
    return box


def test_split_in_the_parent_cell():
    box = labelled()
    parts = ecemc.split_molecules(box)
    assert [part.get_chemical_formula() for part in parts] == ["H2O"] * 4
    assert [part.info["molecule"] for part in parts] == [0, 1, 2, 3]
    assert parts[2].info == {"config_type": "liquid", "molecule": 2, "molecule_species": "H2O"}
    assert parts[2].arrays["parent_atom"].tolist() == parts[2].get_tags().tolist() == [6, 7, 8]
    assert "REF_forces" not in parts[0].arrays
    np.testing.assert_array_equal(parts[1].cell[:], box.cell[:])
    assert parts[1].pbc.all()
    whole = ecemc.make_whole(box)
    np.testing.assert_array_equal(np.vstack([part.positions for part in parts]), whole.positions)
    assert "REF_energy" in box.info


def test_split_into_vacuum_and_into_boxes():
    box = labelled()
    bare = ecemc.split_molecules(box, cell=None)[0]
    assert not bare.pbc.any()
    assert not bare.cell.array.any()
    boxed = ecemc.split_molecules(box, cell=6.5)[0]
    np.testing.assert_array_equal(boxed.cell[:], np.eye(3) * 6.5)
    assert boxed.pbc.all()
    np.testing.assert_allclose(boxed.get_center_of_mass(), [3.25] * 3)
    np.testing.assert_allclose(boxed.get_all_distances(), bare.get_all_distances(), atol=1e-12)


@pytest.mark.parametrize("cell", ["child", 0.0, -2.0, float("inf")])
def test_bad_cells_to_split_into(cell):
    with pytest.raises(InputError, match="expected 'parent', None or a length in Å"):
        ecemc.split_molecules(water_box(), cell=cell)


def test_too_small_a_box_to_split_into():
    with pytest.raises(InputError, match=r"but a molecule H2O is 1\.53 Å long"):
        ecemc.split_molecules(water_box(), cell=1.5)
