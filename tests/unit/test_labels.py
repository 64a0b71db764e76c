"""Labels: what is read, in every form, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.lj import LennardJones
from ase.calculators.singlepoint import SinglePointCalculator

import ecemc
from ecemc.errors import InputError
from ecemc.labels import LabelKeys, Labels, read_labels, with_labels

W = np.array([[1.0, 0.1, 0.2], [0.1, 2.0, 0.3], [0.2, 0.3, 3.0]])
VOIGT = [0, 1, 2, 1, 0, 0], [0, 1, 2, 2, 2, 1]


@pytest.fixture
def pair():
    atoms = Atoms("He2", [[0, 0, 0], [0, 0, 2.5]], cell=[4, 5, 6], pbc=True)
    atoms.info = {"REF_energy": -1.5, "REF_virial": W.ravel().copy()}
    atoms.arrays["REF_forces"] = np.array([[0, 0, 1.0], [0, 0, -1.0]])
    return atoms


def test_all_labels(pair):
    labels = read_labels(pair)
    assert labels.energy == -1.5
    assert isinstance(labels.energy, float)
    assert np.array_equal(labels.forces, pair.arrays["REF_forces"])
    assert np.array_equal(labels.virial, W)


def test_no_labels():
    labels = read_labels(Atoms("He"))
    assert (labels.energy, labels.forces, labels.virial) == (None, None, None)


@pytest.mark.parametrize("form", [W, W.ravel(), W.tolist(), W.ravel().tolist()])
def test_forms_of_the_virial(pair, form):
    pair.info["REF_virial"] = form
    assert np.array_equal(read_labels(pair).virial, W)


def test_rows_come_first(pair):
    """xx xy xz yx ..., also where nine numbers are not symmetric."""
    pair.info["REF_virial"] = np.arange(9.0)
    assert read_labels(pair).virial.tolist() == [[0, 1, 2], [3, 4, 5], [6, 7, 8]]


@pytest.mark.parametrize("form", [lambda s: s[VOIGT], lambda s: s, lambda s: s.ravel()])
def test_a_stress_becomes_a_virial(pair, form):
    del pair.info["REF_virial"]
    pair.info["REF_stress"] = form(-W / pair.get_volume())
    assert np.allclose(read_labels(pair).virial, W, rtol=1e-14)
    pair.info["REF_virial"] = W
    assert np.array_equal(read_labels(pair).virial, W)  # the virial itself, not what is derived


def test_sign_and_order_against_a_calculator():
    """W of an ASE calculator is −stress·V, and the slope of the energy under a strain of cell and atoms."""
    rng = np.random.default_rng(0)
    atoms = Atoms("Ar4", rng.uniform(0, 5, (4, 3)), cell=[[9, 0, 0], [1, 9, 0], [0, 2, 9]], pbc=True)
    atoms.calc = LennardJones(sigma=3.0, rc=4.0, smooth=True)
    atoms.info["REF_stress"] = atoms.get_stress()
    virial = read_labels(atoms).virial
    h = 1e-5
    for a in range(3):
        for b in range(3):
            strain = np.zeros((3, 3))
            strain[a, b] += h / 2
            strain[b, a] += h / 2
            energies = []
            for sign in (1, -1):
                strained = atoms.copy()
                strained.set_cell(atoms.cell.array @ (np.eye(3) + sign * strain), scale_atoms=True)
                strained.calc = LennardJones(sigma=3.0, rc=4.0, smooth=True)
                energies.append(strained.get_potential_energy())
            assert virial[a, b] == pytest.approx(-(energies[0] - energies[1]) / (2 * h), rel=1e-5, abs=1e-6)


def test_names_that_ase_moves(pair, tmp_path):
    pair.calc = SinglePointCalculator(pair, energy=-2.5, forces=np.ones((2, 3)), stress=(-W / pair.get_volume())[VOIGT])
    ecemc.write(tmp_path / "a.extxyz", pair)
    for atoms in (pair, ecemc.read(tmp_path / "a.extxyz", 0)):
        labels = read_labels(atoms, LabelKeys.prefixed(""))
        assert labels.energy == -2.5
        assert np.array_equal(labels.forces, np.ones((2, 3)))
        assert np.allclose(labels.virial, W, rtol=1e-12)
        assert read_labels(atoms).energy == -1.5  # under its own key nothing has changed


def test_results_of_atoms_that_have_moved_since_are_no_labels(pair):
    pair.calc = SinglePointCalculator(pair, energy=-2.5)
    pair.positions[0] += 0.1
    assert read_labels(pair, LabelKeys.prefixed("")).energy is None


def test_own_keys(pair):
    pair.info["E"] = -3
    labels = read_labels(pair, LabelKeys(energy="E", forces="nothing"))
    assert (labels.energy, labels.forces) == (-3.0, None)


BAD = {
    r"here: REF_energy: got str, expected a number \(eV\)": lambda a: a.info.update(REF_energy="low"),
    r"here: REF_energy: got shape \(2,\), expected a number": lambda a: a.info.update(REF_energy=[1.0, 2.0]),
    r"here: REF_energy: holds NaN": lambda a: a.info.update(REF_energy=np.nan),
    r"REF_forces: got shape \(2,\), expected \(2, 3\) numbers": lambda a: a.arrays.update(REF_forces=np.ones(2)),
    r"REF_forces: got shape \(2, 4\)": lambda a: a.arrays.update(REF_forces=np.ones((2, 4))),
    r"REF_forces: holds NaN or infinity": lambda a: a.arrays.update(REF_forces=np.full((2, 3), np.inf)),
    r"REF_virial: got six numbers, expected nine plain numbers": lambda a: a.info.update(REF_virial=W[VOIGT]),
    r"REF_virial: got a number": lambda a: a.info.update(REF_virial=1.0),
    r"REF_virial: got shape \(8,\)": lambda a: a.info.update(REF_virial=np.ones(8)),
    r"REF_virial and REF_stress contradict each other": lambda a: a.info.update(REF_stress=W[VOIGT]),
    r"REF_stress: got shape \(5,\)": lambda a: a.info.update(REF_stress=np.ones(5)),
}


@pytest.mark.parametrize("message", BAD)
def test_what_is_no_label_is_refused(pair, message):
    BAD[message](pair)
    with pytest.raises(InputError, match=message):
        read_labels(pair, where="here")


def test_a_contradiction_shows_both_virials(pair):
    pair.info["REF_stress"] = W / pair.get_volume()  # the sign of other codes
    with pytest.raises(InputError, match=r"would be \[-1\..*got \[1\. .*remove the one that is wrong"):
        read_labels(pair)


def test_digits_lost_in_a_text_file_are_no_contradiction(pair):
    pair.info["REF_stress"] = (-W / pair.get_volume()).round(6)[VOIGT]
    assert np.array_equal(read_labels(pair).virial, W)


def test_a_stress_needs_a_volume():
    with pytest.raises(InputError, match="REF_stress: a stress, but the cell has no volume"):
        read_labels(Atoms("He", info={"REF_stress": np.ones(6)}))


def test_with_labels(pair, tmp_path):
    labels = Labels(-7.0, np.arange(6.0).reshape(2, 3), W)
    pair.info["REF_stress"] = np.ones(6)
    copy = with_labels(pair, labels)
    assert "REF_stress" not in copy.info  # the old one would contradict
    assert copy.info["REF_virial"].shape == (9,)
    assert pair.info["REF_energy"] == -1.5
    ecemc.write(tmp_path / "a.extxyz", copy)
    assert "_JSON" not in (tmp_path / "a.extxyz").read_text()
    back = read_labels(ecemc.read(tmp_path / "a.extxyz", 0))
    assert back.energy == -7.0
    assert np.array_equal(back.forces, labels.forces)
    assert np.array_equal(back.virial, W)
    labels.forces[:] = 0.0
    assert copy.arrays["REF_forces"].any()  # a copy


def test_with_no_labels_takes_them_off(pair):
    bare = with_labels(pair, Labels())
    assert bare.info == {}
    assert "REF_forces" not in bare.arrays


def test_labels_of_other_methods_stay(pair):
    both = with_labels(pair, Labels(energy=-9.0), LabelKeys.prefixed("GAP_"))
    assert (both.info["GAP_energy"], both.info["REF_energy"]) == (-9.0, -1.5)


def test_difference(pair):
    labels = read_labels(pair)
    zero = labels - labels
    assert zero.energy == 0.0
    assert not zero.forces.any()
    assert not zero.virial.any()
    partly = labels - Labels(energy=1.0)
    assert (partly.energy, partly.forces, partly.virial) == (-2.5, None, None)
    assert (Labels() - labels).energy is None
