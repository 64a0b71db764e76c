"""What is known about two molecules: order of the depths, dipoles far apart, dispersion."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms

from ecemc.dimers import DimerOptions, Pose, SearchOptions, dimer_curves, monomer
from ecemc.dimers.result import PUBLISHED

UP = Pose((0.0, 0.0, 1.0), (0.0, 0.0, 0.0, 1.0), 4.0)


def methane():
    b = 1.087 / np.sqrt(3.0)
    return Atoms("CH4", b * np.array([[0, 0, 0], [1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]))


def test_depths_are_near_the_published_ones_and_in_their_order():
    depths = {}
    for pair in (("EC", "EC"), ("EC", "EMC"), ("EMC", "EMC")):
        (found,) = dimer_curves(*pair, ["opls"], DimerOptions(search=SearchOptions(100, 8)), n_jobs=1).minima
        depths[frozenset(pair)] = found.energy
        assert 3.0 < found.distance < 6.5
    for pair, depth in PUBLISHED.items():
        assert depths[pair] == pytest.approx(depth, abs=0.05)
    assert sorted(depths, key=depths.__getitem__) == sorted(PUBLISHED, key=PUBLISHED.__getitem__)


def test_far_apart_two_ec_are_two_dipoles():
    # Along the dipole of EC, which is that of its C=O; across the magic angle other moments would show.
    ec = monomer("EC")[1].positions
    along = (ec[5] - ec[2]) / np.linalg.norm(ec[5] - ec[2])
    far = DimerOptions((0.0, 76.0, 156.0), pose=Pose(tuple(along), UP.rotation, 4.0))
    (curve,) = dimer_curves("EC", "EC", ["opls"], far, n_jobs=1).curves
    assert curve.interaction[2] / curve.interaction[1] == pytest.approx(2.0**-3, rel=1e-2)
    assert curve.interaction[2] < 0.0
    assert curve.force[2] == pytest.approx(3.0 * curve.interaction[2] / 160.0, rel=1e-2)


def test_methane_is_bound_by_dispersion():
    pytest.importorskip("pyscf", reason="needs the extra dft")
    pytest.importorskip("dftd3", reason="needs the extra dft")
    options = DimerOptions((0.0, 8.0, 20.0), pose=UP)
    level = "sto-3g"
    bare, corrected = dimer_curves(methane(), methane(), [f"hf/{level}", f"hf-d3bj/{level}"], options, n_jobs=1).curves
    assert bare.counterpoise
    assert corrected.counterpoise
    dispersion = corrected.interaction - bare.interaction
    assert bare.interaction[0] > -0.001  # Hartree-Fock does not bind methane
    assert -0.05 < corrected.interaction[0] < -0.005  # coupled cluster: −0.023 eV at 3.7 Å
    assert dispersion[2] / dispersion[1] == pytest.approx((12.0 / 24.0) ** 6, rel=0.1)  # C8 is still there at 12 Å
