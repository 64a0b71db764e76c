"""Dimers: monomers, poses, the search, curves and their minima, against brute force and closed forms."""

from __future__ import annotations

import json

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.lj import LennardJones
from scipy.spatial.transform import Rotation

import ecemc
from ecemc.dimers import (
    DimerOptions,
    Pose,
    SearchOptions,
    curve_table,
    dimer_curves,
    even_poses,
    find_poses,
    minimum_table,
    monomer,
    pair,
)
from ecemc.dimers.search import _left_jacobian
from ecemc.errors import CalculationError, InputError
from ecemc.evaluation import Ledger
from ecemc.methods import OplsCalculator
from ecemc.plots.dimers import dimer_figure
from ecemc.testing import liquid, molecule

UP = Pose((0.0, 0.0, 1.0), (0.0, 0.0, 0.0, 1.0), 4.0)
QUICK = DimerOptions(search=SearchOptions(20, 1))


def argon(epsilon=0.0104):
    return LennardJones(sigma=3.4, epsilon=epsilon, rc=40.0)


def test_monomers_from_names_files_and_frames(tmp_path):
    boxed = molecule("EC")
    boxed.set_cell([6.0] * 3)
    boxed.pbc = True
    boxed.wrap()  # broken by the boundary
    ecemc.write(tmp_path / "ec.extxyz", boxed)
    reference = monomer("EC")[1]
    for spec in (boxed, tmp_path / "ec.extxyz", str(tmp_path / "ec.extxyz")):
        name, atoms = monomer(spec)
        assert name == "EC"
        assert not atoms.pbc.any()
        assert not atoms.cell.rank
        np.testing.assert_allclose(atoms.get_center_of_mass(), 0.0, atol=1e-12)
        np.testing.assert_allclose(atoms.get_all_distances(), reference.get_all_distances(), atol=1e-8)


def test_refused_monomers():
    with pytest.raises(InputError, match="PC: neither a file nor one of EC, EMC, water"):
        monomer("PC")
    with pytest.raises(InputError, match="got 1 EC, 2 EMC, expected one molecule; cut one out with ecemc isolate"):
        monomer(liquid(1, 2, 0.5))


def test_pair_keeps_both_rigid_and_places_the_second():
    (_, a), (_, b) = monomer("EC"), monomer("EMC")
    turn = Rotation.from_euler("xyz", [0.3, -1.1, 2.0])
    direction = np.array([2.0, -1.0, 2.0]) / 3.0
    both = pair(a, b, Pose(tuple(direction), tuple(turn.as_quat()), 5.0))
    np.testing.assert_allclose(both.positions[:10], a.positions)
    np.testing.assert_allclose(both.positions[10:], b.positions @ turn.as_matrix().T + 5.0 * direction)


def test_even_poses_touch_and_are_spread_evenly():
    (_, a), (_, b) = monomer("EC"), monomer("EMC")
    poses = list(even_poses(a, b, 400))
    radii = {1: 1.10, 6: 1.70, 8: 1.52}
    for pose in poses[:20]:
        both = pair(a, b, pose)
        d = np.linalg.norm(both.positions[:10, None] - both.positions[None, 10:], axis=2)
        contact = np.add.outer([radii[z] for z in a.numbers], [radii[z] for z in b.numbers])
        assert (d - contact).min() == pytest.approx(0.0, abs=1e-9)
        further = pair(a, b, pose.at(pose.distance + 0.5))  # nothing touches further out
        assert (np.linalg.norm(further.positions[:10, None] - further.positions[None, 10:], axis=2) > contact).all()
    directions = np.array([pose.direction for pose in poses])
    matrices = Rotation.from_quat([pose.rotation for pose in poses]).as_matrix()
    # Means of uniform directions and rotations vanish as 1/n for an even sequence, as 1/√n (0.05) for a random one.
    assert np.abs(directions.mean(axis=0)).max() < 0.02
    assert np.abs(directions.T @ directions / 400 - np.eye(3) / 3).max() < 0.02
    assert np.abs(matrices.mean(axis=0)).max() < 0.03
    assert list(even_poses(a, b, 5, seed=2)) == list(even_poses(a, b, 6, seed=2))[:5]
    assert list(even_poses(a, b, 5, seed=2)) != poses[:5]


@pytest.mark.parametrize("size", [0.0, 1e-6, 0.3, 2.5])
def test_jacobian_of_rotation_vectors(size):
    v = size * np.array([2.0, -1.0, 2.0]) / 3.0
    change = 1e-6 * np.array([0.2, 0.7, -0.4])
    turned = Rotation.from_rotvec(v + change) * Rotation.from_rotvec(v).inv()
    np.testing.assert_allclose(turned.as_rotvec(), _left_jacobian(v) @ change, atol=1e-11)


def test_search_finds_what_no_other_orientation_beats():
    (_, a), (_, b) = monomer("EC"), monomer("EC")
    best, *others = find_poses(a, b, "opls", SearchOptions(60, 8), n_jobs=1)
    assert best.energy <= min(pose.energy for pose in others)
    assert find_poses(a, b, "opls", SearchOptions(60, 8, seed=5), n_jobs=1)[0].energy == pytest.approx(
        best.energy, abs=1e-3
    )
    calculator = OplsCalculator()
    alone = 2.0 * calculator.get_potential_energy(a)
    assert calculator.get_potential_energy(pair(a, b, best)) - alone == pytest.approx(best.energy, abs=1e-9)
    rng = np.random.default_rng(0)
    for _ in range(30):  # a minimum in all six degrees of freedom
        shift, turn = 0.02 * rng.normal(size=3), Rotation.from_rotvec(0.02 * rng.normal(size=3))
        place = best.distance * np.array(best.direction) + shift
        near = Pose(
            tuple(place / np.linalg.norm(place)),
            tuple((turn * Rotation.from_quat(best.rotation)).as_quat()),
            float(np.linalg.norm(place)),
        )
        assert calculator.get_potential_energy(pair(a, b, near)) - alone > best.energy - 1e-6


def test_curve_of_atoms_is_the_pair_potential():
    offsets = np.linspace(-0.6, 3.0, 19)
    options = DimerOptions(offsets, pose=UP)
    result = dimer_curves(Atoms("Ar"), Atoms("Ar"), {"strong": argon(), "weak": argon(0.005)}, options, n_jobs=1)
    r = result.distances
    np.testing.assert_allclose(r, 4.0 + offsets)
    for curve, epsilon in zip(result.curves, (0.0104, 0.005), strict=True):
        x = (3.4 / r) ** 6
        shift = 4.0 * epsilon * ((3.4 / 40.0) ** 12 - (3.4 / 40.0) ** 6)
        np.testing.assert_allclose(curve.interaction, 4.0 * epsilon * (x * x - x) - shift, atol=1e-12)
        np.testing.assert_allclose(curve.force, 24.0 * epsilon * (2.0 * x * x - x) / r, atol=1e-12)
        assert not curve.counterpoise
    deep, flat = result.minima
    assert deep.distance == pytest.approx(2.0 ** (1 / 6) * 3.4, abs=1e-2)
    assert (deep.energy, flat.energy) == pytest.approx((-0.0104, -0.005), abs=2e-5)
    assert result.published is None
    assert (result.searched_by, result.name) == (None, "Ar-Ar")


def test_force_is_the_slope_of_the_curve():
    result = dimer_curves("EC", "EMC", ["opls"], DimerOptions((0.0, 0.001, 0.002), pose=UP.at(6.0)), n_jobs=1)
    (curve,) = result.curves
    assert curve.force[1] == pytest.approx(-(curve.interaction[2] - curve.interaction[0]) / 0.002, rel=1e-5)


def test_published_depths_and_minimum_at_an_end():
    result = dimer_curves("EMC", "EC", ["opls"], DimerOptions((0.0, 1.0, 2.0), pose=UP.at(9.0)), n_jobs=1)
    assert result.published == -0.31
    assert np.isnan(result.minima[0].energy)
    record = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert record["minima"][0]["energy_eV"] is None
    assert record["distances_A"] == [9.0, 10.0, 11.0]


def test_failures_leave_gaps_and_are_named():
    def calculator():
        class Fragile(LennardJones):
            def calculate(self, atoms=None, properties=None, changes=None):
                if len(atoms) == 2 and atoms.get_distance(0, 1) < 3.5:
                    raise ValueError("too near")
                super().calculate(atoms, properties, changes)

        return Fragile(sigma=3.4, epsilon=0.01, rc=40.0)

    result = dimer_curves(
        Atoms("Ar"), Atoms("Ar"), {"fragile": calculator}, DimerOptions((-1.0, 0.0, 1.0), pose=UP), n_jobs=1
    )
    assert [(each.method, each.where, each.reason) for each in result.failures] == [
        ("fragile", "3.00 Å", "ValueError: too near")
    ]
    assert np.isnan(result.curves[0].interaction).tolist() == [True, False, False]
    with pytest.raises(CalculationError, match=r"fragile: no curve: 3.00 Å: ValueError: too near"):
        dimer_curves(Atoms("Ar"), Atoms("Ar"), {"fragile": calculator}, DimerOptions((-1.0,), pose=UP), n_jobs=1)


def test_finished_results_are_not_computed_again(tmp_path):
    calls = []

    class Counted(OplsCalculator):
        def calculate(self, *arguments):
            calls.append(1)
            super().calculate(*arguments)

    with Ledger(tmp_path / "ledger") as ledger:
        options = DimerOptions((0.0, 1.0), pose=UP.at(6.0))
        first = dimer_curves("EC", "EC", {"a": Counted}, options, n_jobs=1, ledger=ledger)
        assert len(calls) == 3  # two pairs, and EC once
        again = dimer_curves("EC", "EC", {"a": Counted}, options, n_jobs=1, ledger=ledger)
    assert len(calls) == 3
    np.testing.assert_array_equal(first.curves[0].interaction, again.curves[0].interaction)


def test_same_result_in_one_process_and_in_two():
    one, two = (dimer_curves("EC", "EC", ["opls"], QUICK, n_jobs=n) for n in (1, 2))
    assert one.to_dict() == two.to_dict()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("EC", "EC", []), "methods: none given"),
        (("EC", "EC", ["opls", "opls"]), "two are called 'OPLS-AA/LigParGen'"),
    ],
)
def test_refused_methods(arguments, message):
    with pytest.raises(InputError, match=message):
        dimer_curves(*arguments, QUICK, n_jobs=1)


def test_refused_options():
    with pytest.raises(InputError, match=r"offsets: -5 Å from 4.00 Å is no distance"):
        dimer_curves("EC", "EC", ["opls"], DimerOptions((-5.0, 0.0), pose=UP), n_jobs=1)
    with pytest.raises(InputError, match="offsets: got"):
        DimerOptions(offsets=(0.0, float("nan")))
    with pytest.raises(InputError, match="n_orientations"):
        SearchOptions(0)
    with pytest.raises(InputError, match="tolerance"):
        SearchOptions(tolerance=0.0)
    (_, a), (_, water) = monomer("EC"), monomer("water")
    with pytest.raises(CalculationError, match="fails on a molecule alone"):
        find_poses(a, water, "opls", SearchOptions(2, 0), n_jobs=1)


def test_tables_and_figure():
    result = dimer_curves("EC", "EC", {"full": "opls", "short": OplsCalculator(cutoff=5.0)}, QUICK, n_jobs=1)
    heading, rows = curve_table(result)
    assert len(rows) == 2 * len(result.distances)
    assert dict(zip(heading, rows[0], strict=True))["method"] == "full"
    heading, rows = minimum_table(result)
    assert [row[0] for row in rows] == ["full", "short"]
    assert rows[0][4] == -0.45
    (axes,) = dimer_figure(result).axes
    assert [line.get_label() for line in axes.lines if not line.get_label().startswith("_")] == [
        "PNO-LCCSD(T)-F12, depth (paper)", "full", "short",
    ]  # fmt: skip
    bottom, top = axes.get_ylim()
    assert bottom < -0.44
    assert top < 0.5
