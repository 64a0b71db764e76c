"""Geometries of volume scans."""

from __future__ import annotations

import numpy as np
import pytest
from ase.build import molecule

import ecemc
from ecemc.errors import InputError


def box():
    atoms = molecule("CH3OH", cell=[[6, 0, 0], [2, 6, 0], [-1, 3, 6]], pbc=True).repeat((2, 1, 1))
    atoms.positions += 2.5
    return atoms


def test_rigid_scan_is_the_formula():
    atoms = box()
    found = ecemc.find_molecules(atoms)
    for s, frame in zip([0.8, 1.0, 1.7], ecemc.volume_scan(atoms, [0.8, 1.0, 1.7]), strict=True):
        np.testing.assert_allclose(frame.cell[:], s * atoms.cell[:], rtol=1e-15)
        assert frame.get_volume() == pytest.approx(s**3 * atoms.get_volume())
        for members in found.members:
            tau = atoms[members].get_center_of_mass()
            expected = s * tau + (atoms.positions[members] - tau)
            np.testing.assert_allclose(frame.positions[members], expected, rtol=0, atol=1e-12)


def test_scale_one_gives_whole_molecules_back_bit_for_bit():
    for mode in ("rigid", "affine"):
        (frame,) = ecemc.volume_scan(box(), [1.0], mode=mode)
        np.testing.assert_array_equal(frame.positions, box().positions)


def test_broken_molecules_stay_rigid():
    atoms = box()
    atoms.positions += np.random.default_rng(2).integers(-2, 3, (len(atoms), 3)) @ atoms.cell[:]
    found = ecemc.find_molecules(atoms)
    whole = ecemc.make_whole(atoms, found)
    for frame in ecemc.volume_scan(atoms, [0.7, 1.0, 3.0], molecules=found):
        for members in found.members:
            inner = whole[members].get_all_distances()
            np.testing.assert_allclose(frame[members].get_all_distances(), inner, rtol=0, atol=1e-12)
    # Another choice of images is the same structure in the scaled cell.
    (one,), (other,) = (ecemc.volume_scan(frame, [1.3]) for frame in (atoms, whole))
    difference = np.linalg.solve(one.cell[:].T, (one.positions - other.positions).T)
    np.testing.assert_allclose(difference, np.round(difference), atol=1e-10)


def test_affine_scan_stretches_bonds():
    (frame,) = ecemc.volume_scan(box(), [1.2], mode="affine")
    np.testing.assert_allclose(frame.positions, 1.2 * box().positions, rtol=1e-15)


def test_open_clusters_scale_their_centres():
    pair = molecule("CO2") + molecule("CO2")
    pair.positions[3:] += [0, 4.0, 0]
    (frame,) = ecemc.volume_scan(pair, [2.0])
    assert not frame.cell.array.any()
    centers = ecemc.rigid_bodies(frame).centers
    assert np.linalg.norm(centers[1] - centers[0]) == pytest.approx(8.0)


def test_what_frames_carry():
    atoms = box()
    atoms.info |= {"REF_energy": 1.0, "density": 0.8, "config_type": "liquid", "free_energy": 2.0}
    atoms.arrays |= {"REF_forces": np.zeros((12, 3)), "kind": np.arange(12)}
    frames = ecemc.volume_scan(atoms, [1, 2], mode="affine")
    assert frames[1].info == {"config_type": "liquid", "scan_scale": 2.0, "scan_mode": "affine"}
    assert set(frames[1].arrays) == {"numbers", "positions", "kind"}
    frames[0].arrays["kind"][0] = 5
    assert atoms.arrays["kind"][0] == frames[1].arrays["kind"][0] == 0
    assert set(atoms.info) == {"REF_energy", "density", "config_type", "free_energy"}


@pytest.mark.parametrize(
    ("scales", "message"),
    [
        ([], "scales: got an array of shape"),
        (1.0, "scales: got an array of shape"),
        ([1.0, 0.0], "scales: got 0, expected linear scale factors > 0 and at most 1e6"),
        ([-1.0], "scales: got -1"),
        ([np.nan], "scales: got NaN"),
        ([np.inf], "scales: got inf"),
    ],
)
def test_bad_scales(scales, message):
    with pytest.raises(InputError, match=message):
        ecemc.volume_scan(box(), scales)


def test_bad_mode():
    with pytest.raises(InputError, match="mode: got 'stiff', expected 'rigid' or 'affine'"):
        ecemc.volume_scan(box(), [1.0], mode="stiff")
