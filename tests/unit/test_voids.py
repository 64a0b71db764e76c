"""Empty spheres whose size is known, and bad input."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

import ecemc
from ecemc import _core
from ecemc.frames import batch
from ecemc.voids import largest_hole

ARGON = 1.88


@pytest.mark.parametrize(
    ("structure", "hole"), [("fcc", 0.5), ("bcc", np.sqrt(5) / 4), ("sc", np.sqrt(3) / 2)], ids=["fcc", "bcc", "sc"]
)
@pytest.mark.parametrize("repeat", [1, (2, 3, 1)])
def test_holes_of_lattices(structure, hole, repeat):
    crystal = bulk("Ar", structure, a=6.0).repeat(repeat)
    crystal.positions += [100.3, -7.7, 0.1]
    found = ecemc.voids(crystal)
    assert 0 <= hole * 6.0 - ARGON - found.radius <= 1e-3
    assert clearance(crystal, found.center) == pytest.approx(found.radius, abs=1e-9)


def clearance(atoms, point, radius=ARGON):
    """Distance from a point to the nearest surface, by ASE."""
    probe = atoms + Atoms("X", [point])
    distances = ecemc.neighbor_list("ijd", probe, 12.0)
    return distances[2][distances[0] == len(atoms)].min() - radius


def test_a_bubble_is_found():
    rng = np.random.default_rng(2)
    size, hole, center = 22.0, 5.0, np.array([21.0, 3.0, 11.0])
    points = rng.uniform(0, size, (900, 3))
    d = points - center
    d -= size * np.round(d / size)
    points = points[np.linalg.norm(d, axis=1) > hole]
    atoms = Atoms(f"Ar{len(points)}", points, cell=[size] * 3, pbc=True)
    found = ecemc.voids(atoms, radii={"Ar": 0.0})
    assert found.radius > hole - 1e-3
    offset = found.center - center
    assert np.linalg.norm(offset - size * np.round(offset / size)) < 1.5
    assert clearance(atoms, found.center, 0.0) == pytest.approx(found.radius, abs=1e-9)


def test_void_larger_than_the_cell():
    wire = Atoms("Ar", cell=[3.0, 40.0, 40.0], pbc=True)
    expected = np.sqrt(1.5**2 + 2 * 20**2) - ARGON
    assert ecemc.voids(wire).radius == pytest.approx(expected, abs=1e-3)


def test_threads_and_input():
    rng = np.random.default_rng(4)
    atoms = Atoms("O300", rng.uniform(-30, 30, (300, 3)), cell=[[15, 0, 0], [40, 14, 0], [3, -2, 16]], pbc=True)
    before = atoms.copy()
    one, two = (ecemc.voids(atoms, n_threads=n) for n in (1, 2))
    assert (one.radius, one.fraction) == (two.radius, two.fraction)
    assert np.array_equal(one.center, two.center)
    assert atoms == before


def test_fraction_against_the_volume_of_spheres():
    crystal = Atoms("Ar", cell=[7.0, 8.0, 9.0], pbc=True)
    for probe in (0.0, 1.4):
        found = ecemc.voids(crystal, probe=probe, spacing=0.05)
        assert found.fraction == pytest.approx(1 - 4 / 3 * np.pi * (ARGON + probe) ** 3 / 504, abs=1e-3)
        assert found.probe == probe


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"atoms": Atoms(cell=[4, 4, 4], pbc=True)}, "no atom"),
        ({"atoms": Atoms("Fe", cell=[4, 4, 4], pbc=True)}, r"radii: got no van der Waals radius for Fe.*radii=\{"),
        ({"atoms": Atoms("H", [[np.nan, 0, 0]], cell=[4, 4, 4], pbc=True)}, "positions: atom 0"),
        ({"atoms": Atoms("H", cell=[4, 4, 0], pbc=True)}, "cell"),
        ({"radii": {"Ar": -1.0}}, "radii"),
        ({"radii": {"Argon": 1.0}}, "radii: unknown element 'Argon'"),
        ({"probe": -1.0}, "probe"),
        ({"probe": np.nan}, "probe"),
        ({"spacing": 0.0}, "spacing"),
        ({"spacing": 1e-9}, "spacing"),
        ({"n_threads": 0}, "n_threads"),
    ],
)
def test_bad_input(change, text):
    arguments = {"atoms": Atoms("Ar", cell=[4, 4, 4], pbc=True)} | change
    with pytest.raises(ecemc.errors.InputError, match=text):
        ecemc.voids(**arguments)


def test_a_radius_can_be_given_for_any_element():
    iron = bulk("Fe", "bcc", a=4.0)
    assert ecemc.voids(iron, radii={"Fe": 1.0}).radius == pytest.approx(np.sqrt(5) - 1, abs=1e-3)


def gas(seed):
    rng = np.random.default_rng(seed)
    cell = np.diag(rng.uniform(8, 14, 3)) + np.tril(rng.uniform(-3, 3, (3, 3)), -1)
    positions = rng.uniform(-1, 2, (40, 3)) @ cell
    return Atoms(rng.choice(["C", "O", "Fe"], 40), positions, cell=cell, pbc=rng.random(3) < 0.7)


def test_largest_holes_of_many_frames():
    frames = [gas(seed) for seed in range(7)]
    holes = _core.largest_holes(0, batch(frames), 0.01, 1)
    assert holes.tolist() == [largest_hole(atoms) for atoms in frames]
    for n_threads in (2, 3):
        assert _core.largest_holes(5, batch(frames), 0.01, n_threads).tobytes() == holes.tobytes()
    finer = [ecemc.voids(atoms, radii={"Fe": 2.0}).radius for atoms in frames]
    assert np.abs(holes - finer).max() <= 0.01
    assert _core.largest_holes(0, batch([]), 0.01).shape == (0,)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (Atoms("H", [[np.nan, 0, 0]], cell=[4, 4, 4], pbc=True), "frame 12: positions: atom 0"),
        (Atoms(cell=[4, 4, 4], pbc=True), "frame 12: atoms: got no atom"),
        (Atoms("H2", [[0, 0, 0], [0, 0, 1]]), "frame 12: cell: got no volume"),
        (Atoms("H", cell=[4, 4, 0], pbc=[True, True, False]), "frame 12: cell: got no volume"),
        (Atoms("H", cell=[4, 4, 0], pbc=True), "frame 12: cell: "),
    ],
)
def test_largest_holes_name_the_frame(bad, message):
    for n_threads in (1, 2):
        with pytest.raises(ecemc.errors.InputError, match=message):
            _core.largest_holes(10, batch([gas(0), gas(1), bad, bad]), 0.01, n_threads)
    with pytest.raises(ecemc.errors.InputError, match="tolerance"):
        _core.largest_holes(0, batch([gas(0)]), 0.0)
