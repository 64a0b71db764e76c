"""The checks on real DFT labels: they pass as they are, and each fault is told apart from physics."""

from __future__ import annotations

import numpy as np
import pytest

from ecemc import find_molecules, make_whole, read, write
from ecemc.dataset import check_dataset, split_dataset
from ecemc.labels import read_labels

ORDER = "virial sign and order"


@pytest.fixture(scope="module")
def path(shared):
    return shared / "data" / "dft" / "ecemc_dft.extxyz"


@pytest.fixture(scope="module")
def frames(path):
    return read(path)


def test_the_set_passes(path):
    report = check_dataset(path)
    assert report.status == "pass", report.findings
    assert [finding.name for finding in report.findings if finding.status == "unknown"] == ["convergence"]
    assert [(group.config_type, group.n_frames) for group in report.groups] == [("isolated_atom", 3), ("liquid", 100)]


def test_forces_within_molecules_are_most_of_the_virial(frames):
    """What the check of sign and order stands on, computed here the slow way."""
    pairs = []
    for atoms in frames[3:]:
        labels, found = read_labels(atoms), find_molecules(atoms)
        whole = make_whole(atoms, found).positions
        inner = np.zeros((3, 3))
        for members in found.members:
            for atom in members:
                inner += np.outer(whole[atom] - whole[members].mean(axis=0), labels.forces[atom])
        upper = np.triu_indices(3, 1)
        pairs.append((labels.virial[upper], ((inner + inner.T) / 2.0)[upper]))
    given, inner = np.array(pairs).transpose(1, 0, 2)
    correlation = np.corrcoef(given.ravel(), inner.ravel())[0, 1]
    assert correlation > 0.98
    assert (given * inner).sum() / (inner**2).sum() == pytest.approx(1.0, abs=0.05)
    for order in ([0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]):
        assert np.corrcoef(given[:, order].ravel(), inner.ravel())[0, 1] < 0.7


@pytest.mark.parametrize("hot", [False, True])
def test_ten_boxes_are_enough_to_tell_sign_and_order(frames, hot):
    """Of thin boxes at 300 K as of dense ones at 1200 K."""
    boxes = [
        atoms.copy() for atoms in sorted(frames[3:], key=lambda a: a.info["temperature"])[-10 if hot else 0 :][:10]
    ]
    assert check_dataset(boxes).finding(ORDER).status == "pass"
    virials = [atoms.info["REF_virial"].reshape(3, 3) for atoms in boxes]
    for order, sign, text in (
        (None, -1.0, "the sign is wrong"),
        ([2, 1, 0], 1.0, "exchanged"),
        ([1, 2, 0], 1.0, "exch"),
    ):
        for atoms, w in zip(boxes, virials, strict=True):
            new = sign * w.copy()
            if order is not None:
                new[np.triu_indices(3, 1)] = w[np.triu_indices(3, 1)][order]
                new = np.triu(new) + np.triu(new, 1).T
            atoms.info["REF_virial"] = new.ravel()
        finding = check_dataset(boxes).finding(ORDER)
        assert finding.status == "fail"
        assert text in finding.text


@pytest.mark.parametrize("temperature", [300, 600, 1200])
def test_a_bond_is_as_stiff_at_any_temperature(frames, temperature):
    boxes = [atoms for atoms in frames[3:] if atoms.info["temperature"] == temperature]
    text = check_dataset(boxes).finding("force units").text
    stiffness = float(text.split("force constant ")[1].split(" eV")[0])
    assert 31.0 < stiffness < 36.5


def test_a_split_of_it_represents_it(path, frames, tmp_path):
    split = split_dataset(path, {"train": 0.8, "test": 0.2}, seed=1)
    assert split.counts == {"train": 83, "test": 20}
    write(tmp_path / "test.extxyz", (frames[k] for k in split.parts["test"]))
    report = check_dataset(tmp_path / "test.extxyz")
    assert {f.name for f in report.findings if f.status in {"attention", "fail"}} == {"isolated atoms"}
