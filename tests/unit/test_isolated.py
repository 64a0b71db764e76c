"""Molecules and atoms cut out of frames."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule
from scipy.spatial.transform import Rotation

import ecemc
from ecemc.errors import InfiniteMoleculeError, InputError
from ecemc.isolated import isolated_atoms, isolated_molecules
from ecemc.testing import ec, liquid


def boxes():
    return [liquid(2, 3, 0.6, seed=seed) for seed in range(3)]


def test_molecules_say_where_they_come_from_and_fit_back():
    frames = boxes()
    frames[1].positions += np.random.default_rng(0).integers(-2, 3, (len(frames[1]), 3)) @ frames[1].cell[:]  # broken
    frames[2].info |= {"REF_energy": 1.0, "time": 5.0, "config_type": "liquid"}
    frames[2].arrays["REF_forces"] = np.ones((len(frames[2]), 3))
    parts = list(isolated_molecules(frames))
    assert [part.info["parent_frame"] for part in parts] == [0] * 5 + [1] * 5 + [2] * 5
    assert [part.info["molecule"] for part in parts] == [0, 1, 2, 3, 4] * 3
    assert [part.info["molecule_species"] for part in parts[:5]] == ["EC", "EC", "EMC", "EMC", "EMC"]
    for number, frame in enumerate(frames):
        ours = [part for part in parts if part.info["parent_frame"] == number]
        assert sorted(np.concatenate([part.arrays["parent_atom"] for part in ours])) == list(range(len(frame)))
        for part in ours:
            assert part.info["config_type"] == "isolated_molecule"
            assert part.pbc.all()
            np.testing.assert_array_equal(part.cell.lengths(), 20.0)
            np.testing.assert_allclose(part.get_center_of_mass(), 10.0, atol=1e-9)
            atoms = part.arrays["parent_atom"]
            np.testing.assert_array_equal(part.numbers, frame.numbers[atoms])
            for a in range(1, len(part)):  # the same bond vectors up to cell vectors: geometry and orientation
                shift = (part.positions[a] - part.positions[0]) - (
                    frame.positions[atoms[a]] - frame.positions[atoms[0]]
                )
                fractional = np.linalg.solve(frame.cell[:].T, shift)
                np.testing.assert_allclose(fractional, np.round(fractional), atol=1e-9)
            assert ecemc.find_molecules(part).species == [part.info["molecule_species"]]
    assert "REF_energy" not in parts[-1].info
    assert "REF_forces" not in parts[-1].arrays
    assert parts[-1].info["time"] == 5.0


@pytest.mark.parametrize(("cell", "periodic", "length"), [(None, False, 0.0), ("parent", True, None), (15, True, 15.0)])
def test_cells(cell, periodic, length):
    box = liquid(1, 1, 0.3)
    for part in isolated_molecules(box, cell=cell):
        assert part.pbc.all() == periodic
        np.testing.assert_allclose(part.cell.lengths(), box.cell.lengths() if length is None else length)


def test_a_seeded_number_of_each_species():
    frames = boxes()
    chosen = list(isolated_molecules(frames, per_frame=2, seed=3))
    assert [part.info["molecule_species"] for part in chosen] == ["EC", "EC", "EMC", "EMC"] * 3
    again = list(isolated_molecules(frames, per_frame=2, seed=3))
    assert [part.info["molecule"] for part in chosen] == [part.info["molecule"] for part in again]
    # A frame's choice is its own: it does not depend on what the frames before hold.
    frames[0] = liquid(5, 1, 0.6)
    later = [part.info["molecule"] for part in isolated_molecules(frames, per_frame=2, seed=3)][-8:]
    assert later == [part.info["molecule"] for part in chosen][-8:]
    seeds = {
        tuple(part.info["molecule"] for part in isolated_molecules(boxes(), per_frame=1, seed=k)) for k in range(8)
    }
    assert len(seeds) > 3


def test_near_duplicates_are_left_out_whatever_their_orientation_and_order():
    start = ec()
    turned = start.copy()
    turned.positions = Rotation.from_euler("xyz", [1.0, 2.0, 0.5]).apply(turned.positions) * [1, 1, -1]  # and mirrored
    shuffled = start[np.random.default_rng(1).permutation(len(start))]
    bent = start.copy()
    bent.positions[6] += [0.25, 0, 0]
    frames = [start, turned, shuffled, bent, bent.copy(), molecule("H2O")]
    kept = [part.info["parent_frame"] for part in isolated_molecules(frames, distinct=0.02)]
    assert kept == [0, 3, 5]
    assert [part.info["parent_frame"] for part in isolated_molecules(frames, distinct=1.0)] == [0, 5]
    argon = Atoms("Ar2", [[0, 0, 0], [0, 0, 4.0]])
    assert len(list(isolated_molecules([argon, argon], distinct=0.1))) == 1


def test_atoms():
    hydrogen, oxygen = isolated_atoms(["O", "H", "O"])
    assert (str(hydrogen.symbols), str(oxygen.symbols)) == ("H", "O")
    assert oxygen.info == {"config_type": "isolated_atom"}
    np.testing.assert_array_equal(oxygen.positions, [[10.0, 10.0, 10.0]])
    assert oxygen.pbc.all()
    (free,) = isolated_atoms("C", cell=None)
    assert not free.pbc.any()
    assert not free.cell.array.any()


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: isolated_molecules(boxes(), per_frame=0), "per_frame: got 0, expected a whole number >= 1"),
        (lambda: isolated_molecules(boxes(), distinct=-1.0), "distinct: got -1.0, expected a length"),
        (lambda: isolated_molecules(boxes(), cell=4.0), r"frame 0: cell: got 4.0 Å, but a molecule E"),
        (lambda: isolated_molecules(boxes(), cell="box"), "frame 0: cell: got 'box', expected 'parent', None or"),
        (lambda: isolated_molecules([ec(), "x"]), "frames: got str as number 1, expected ase.Atoms"),
        (lambda: isolated_atoms(["C", "Q"]), "elements: got 'Q', expected symbols"),
        (lambda: isolated_atoms("C", cell="parent"), "cell: got 'parent', expected None or a length"),
        (lambda: isolated_atoms("C", cell=0), "cell: got 0, expected None or a length"),
    ],
)
def test_bad_input(call, text):
    with pytest.raises(InputError, match=text):
        list(call())


def test_infinite_networks_are_named_with_their_frame():
    with pytest.raises(InfiniteMoleculeError, match="frame 1: "):
        list(isolated_molecules([molecule("H2O"), bulk("Cu", cubic=True)]))
