"""What is found before gap_fit starts; the sets are made wrong one by one."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from tests.reference.gap_sets import LONG, PARAMS, SIGMAS, SOAP, TURBO, free_atom, labelled, training_set, water

from ecemc import write
from ecemc.errors import InputError
from ecemc.gap import Distance2b, FitParams, Sigmas, preflight
from ecemc.labels import LabelKeys, Labels, with_labels


def texts(found, severity):
    return [finding.text for finding in found.findings if finding.severity == severity]


def only_error(train, params=PARAMS["soap"], **options):
    errors = preflight(train, params, **options).errors
    assert len(errors) == 1, errors
    return errors[0].text


@pytest.fixture
def train():
    return training_set(2)


def test_a_good_set_has_no_errors_and_no_warnings(train):
    found = preflight(train, PARAMS["soap"].with_n_sparse(4))
    assert found.findings == ()
    assert found.e0 == {1: train[0].info["REF_energy"], 8: train[1].info["REF_energy"]}
    assert found.data.counts() == {"energies": 4, "forces": 2 * 36 + 6, "virials": 12}


def test_wrong_energy_key_names_the_keys_that_may_be_meant(train):
    for atoms in train:
        atoms.info["dft_energy"] = atoms.info.pop("REF_energy")
    found = preflight(train, PARAMS["soap"])
    assert found.errors[0].text == (
        "no energies in the training set (key REF_energy); there is dft_energy: give it as --energy-key "
        "(LabelKeys in Python)"
    )
    assert not preflight(train, PARAMS["soap"], names=LabelKeys(energy="dft_energy")).errors


def test_no_forces(train):
    for atoms in train[2:]:
        del atoms.arrays["REF_forces"]
    assert only_error(train).startswith("no forces in the training set (key REF_forces); keys that are there:")


def test_some_frames_without_labels_are_counted(train):
    del train[2].arrays["REF_forces"], train[3].info["REF_virial"], train[3].info["REF_energy"]
    warnings = texts(preflight(train, PARAMS["soap"]), "warning")
    assert [text.split(":")[0] for text in warnings] == [
        "no REF_energy in frame 3",
        "no REF_forces in frame 2",
        "no REF_virial in frame 3 with a periodic cell",
    ]


def test_zero_forces_and_virials(train):
    for atoms in train[2:]:
        atoms.arrays["REF_forces"][:] = 0.0
        atoms.info["REF_virial"] = np.zeros(9)
    assert only_error(train).startswith("REF_forces are all zero in 2 of 4 frames (2 liquid; first: frame 2)")
    assert texts(preflight(train, PARAMS["soap"]), "warning")[0].startswith("REF_virial is zero in 2 of 4")


def test_no_virials_at_all(train):
    for atoms in train[2:]:
        del atoms.info["REF_virial"]
    assert "no virials (key REF_virial)" in texts(preflight(train, PARAMS["soap"]), "warning")[0]


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (lambda a: a.arrays.update(REF_forces=np.zeros((len(a), 2))), r"frame 2: REF_forces: got shape \(12, 2\)"),
        (lambda a: a.arrays["REF_forces"].__setitem__((3, 1), np.nan), "frame 2: REF_forces: holds NaN"),
        (lambda a: a.info.update(REF_virial=np.arange(6.0)), "frame 2: REF_virial: got six numbers"),
        (lambda a: a.info.update(REF_stress=np.eye(3)), "frame 2: REF_virial and REF_stress contradict each other"),
        (lambda a: a.info.update(REF_energy="-3 eV"), "frame 2: REF_energy: got str"),
        (lambda a: a.positions.__setitem__((0, 0), np.inf), "frame 2: a position or the cell is NaN"),
        (lambda a: a.set_cell([5.0, 5.0, 0.0]), r"frame 2: periodic \(T T T\), but the cell has no volume"),
    ],
)
def test_unusable_frames_are_refused(train, spoil, expected):
    spoil(train[2])
    with pytest.raises(InputError, match=expected):
        preflight(train, PARAMS["soap"])


def test_messages_name_file_and_frame(train, tmp_path):
    train[3].info["REF_virial"] = np.arange(6.0)
    write(tmp_path / "train.extxyz", train)
    with pytest.raises(InputError, match=r"train\.extxyz: frame 3: REF_virial: got six numbers"):
        preflight(tmp_path / "train.extxyz", PARAMS["soap"])


def test_several_files_are_one_set(train, tmp_path):
    write(tmp_path / "atoms.extxyz", train[:2])
    write(tmp_path / "boxes.extxyz", train[2:])
    found = preflight([tmp_path / "atoms.extxyz", tmp_path / "boxes.extxyz"], PARAMS["soap"])
    assert found.data.counts() == preflight(train, PARAMS["soap"]).data.counts()
    assert found.data.examples[3].where == f"{tmp_path / 'boxes.extxyz'}: frame 1"


def test_no_frames_and_no_atoms():
    with pytest.raises(InputError, match="training set: no frames"):
        preflight([], PARAMS["soap"])
    with pytest.raises(InputError, match="frame 0: no atoms"):
        preflight([Atoms()], PARAMS["soap"])


def test_missing_free_atoms(train):
    assert only_error(train[1:]).startswith("no frame with one free atom of H, for E0; make one")
    assert len(preflight(train[2:], PARAMS["soap"]).errors) == 2


def test_free_atom_without_energy(train):
    del train[0].info["REF_energy"]
    assert only_error(train).startswith("frame 0: the free atom of H has no REF_energy")


def test_free_atom_that_sees_its_images(train):
    train[1].cell = [2.5, 20.0, 20.0]
    assert only_error(train).startswith(
        "frame 1: one atom of O, but it sees its periodic images within the cutoff of 3"
    )


def test_free_atom_without_cell_is_fine(train):
    train[0].pbc = False
    train[0].cell = None
    found = preflight(train, PARAMS["soap"])
    assert not found.errors
    assert any("ignores pbc" in text for text in texts(found, "note"))


def test_two_free_atoms_of_one_element(train):
    same = free_atom("H")
    found = preflight([*train, same], PARAMS["soap"])
    assert not found.errors
    assert len(found.data.examples) == len(train)
    assert "free atoms that are there already, left out: frame 4" in texts(found, "note")
    other = free_atom("H")
    other.info["REF_energy"] += 0.01
    assert only_error([*train, other]) == (
        "two free atoms of H with different energies: frame 0 has 3.210000 eV, frame 4 has 3.220000 eV; "
        "remove the one that was not computed as the other frames were"
    )


def test_given_e0(train):
    params = PARAMS["soap"].replace(e0={"H": 3.21, "O": 4.6, "C": 1.0})
    found = preflight(train[2:], params)
    assert not found.errors
    assert found.e0 == {1: 3.21, 8: 4.6}
    assert "no energy of O given" in only_error(train, params.replace(e0={"H": 3.21}))


def test_average_e0_is_warned_of(train):
    found = preflight(train[2:], PARAMS["soap"].replace(e0="average"))
    assert found.e0 is None
    assert texts(found, "warning")[0].startswith("e0: the average energy per atom")


def test_energies_in_other_units_are_noticed(train):
    for atoms in train[2:]:
        atoms.info["REF_energy"] *= 627.5
    assert "eV per atom relative to free atoms (2 such frames)" in texts(preflight(train, PARAMS["soap"]), "warning")[0]


def test_coincident_atoms(train):
    train[2].positions[1] = train[2].positions[0] + 0.01
    assert only_error(train).startswith("frame 2: two atoms 0.017 Å apart (1 such frames)")


def test_clusters_get_cells_in_which_nothing_changes(train):
    cluster = labelled(Atoms("OH2", [[0, 0, 0.1], [0.8, 0, -0.5], [-0.8, 0, -0.5]]), "isolated_molecule")
    found = preflight([*train, cluster], PARAMS["soap"])
    assert any(text.startswith("frame 4 not periodic in all directions") for text in texts(found, "note"))
    (boxed,) = found.data.gap_fit_frames(3.0)[4:]
    assert boxed.pbc.all()
    assert boxed.cell.lengths().min() > 3.0 + 1.6 * 0
    distances = boxed.get_all_distances(mic=True)
    assert np.allclose(distances, cluster.get_all_distances())
    boxed.positions += boxed.cell[0] + boxed.cell[2]  # an image: all of it is farther away than the cutoff
    assert np.linalg.norm(boxed.positions[:, None] - cluster.positions[None], axis=-1).min() > 3.0


def test_slab_keeps_its_periodic_vectors():
    slab = Atoms("H2", [[0, 0, 0], [0, 0, 9.0]], cell=[[4, 1, 0], [0, 5, 0], [0, 0, 1]], pbc=[True, True, False])
    slab = with_labels(slab, Labels(0.0, np.ones((2, 3))))
    (frame,) = preflight(slab, PARAMS["soap"]).data.gap_fit_frames(3.0)
    assert np.array_equal(frame.cell[:2], slab.cell[:2])
    assert frame.cell[2] @ frame.cell[0] == frame.cell[2] @ frame.cell[1] == 0.0
    assert frame.cell.lengths()[2] == pytest.approx(9.0 + 3.0 + 1.0)


def test_config_types_without_sigmas(train):
    train[3].info["config_type"] = "surprise"
    del train[2].info["config_type"]
    params = PARAMS["soap"].replace(config_type_sigmas={"isolated_atom": SIGMAS})
    (text,) = texts(preflight(train, params), "warning")
    assert "(none): 1 frames, surprise: 1 frames" in text
    assert "there are sigmas for isolated_atom" in text


def test_only_config_types_with_sigmas_reach_gap_fit(train):
    data = preflight(train, PARAMS["soap"]).data
    told = [frame.info.get("config_type") for frame in data.gap_fit_frames(3.0, ["liquid"])]
    assert told == [None, None, "liquid", "liquid"]


def test_foreign_keys_and_arrays_do_not_reach_gap_fit(train):
    train[2].info.update(virial="nonsense", stress=np.eye(3), note={"a": 1}, energy_sigma=0.0)
    train[2].arrays["force_mask"] = np.ones(len(train[2]), dtype=bool)
    frame = preflight(train, PARAMS["soap"]).data.gap_fit_frames(3.0)[2]
    assert set(frame.info) == {"REF_energy", "REF_virial"}
    assert set(frame.arrays) == {"numbers", "positions", "REF_forces"}
    assert frame.info["REF_virial"].shape == (9,)


def test_pairs_without_data_are_left_out(train):
    near = Distance2b(cutoff=1.2, cutoff_transition_width=0.3, delta=1.0, n_sparse=4)
    params = FitParams(descriptors=(near, SOAP), sigmas=SIGMAS)
    found = preflight(train, params)
    assert [line.name for line in found.lines] == ["distance_2b 1.2 Å, H–O", "soap 3 Å, H", "soap 3 Å, O"]
    assert "left out, since no frame has data for it: distance_2b 1.2 Å, H–H, distance_2b 1.2 Å, O–O" in texts(
        found, "note"
    )
    nothing = near.model_copy(update={"cutoff": 0.5})
    assert "no frame has data" in only_error(train, params.replace(descriptors=(nothing,)))


def test_more_sparse_points_than_environments(train):
    assert any("O: 9 of 100" in text for text in texts(preflight(train, PARAMS["soap"].with_n_sparse(100)), "note"))


@pytest.mark.parametrize(
    ("change", "warned"),
    [
        ({}, False),
        ({"atom_sigma_r": 0.5}, True),
        ({"atom_sigma_r": 0.5, "alpha_max": 5}, False),
        ({"basis": "poly3"}, True),
        ({"atom_sigma_t": 0.5, "l_max": 3}, False),
    ],
)
def test_shared_radial_basis(train, change, warned):
    other = type(LONG)(**{**dict(LONG), **change})
    found = preflight(train, FitParams(descriptors=(TURBO, SOAP, other), sigmas=SIGMAS))
    assert any("QUIP would take the radial basis of the first" in text for text in texts(found, "warning")) == warned


@pytest.fixture(scope="module")
def large():
    return [free_atom("H"), free_atom("O"), *water(4, n_water=40)]


WIDE = PARAMS["soap_turbo"].replace(
    descriptors=(TURBO, type(LONG)(**{**dict(LONG), "compress_mode": "none", "alpha_max": 8, "l_max": 8}))
)


def test_memory_that_is_not_there_is_an_error_with_what_would_fit(large):
    needed = preflight(large, WIDE, memory=1e12).memory.total
    text = only_error(large, WIDE, memory=0.8 * needed)
    assert text.startswith(f"gap_fit will take about {needed / 1e9:.3f} GB, and {0.8 * needed / 1e9:.3f} GB are free.")
    for change in ("of the 6 frames", 'compress_mode = "trivial" (', "l_max 3 less (", "n_max and alpha_max 2 less ("):
        assert change in text
    assert "no virials" in text
    (tight,) = texts(preflight(large, WIDE, memory=1.05 * needed), "warning")
    assert tight.startswith("gap_fit will take about")
    assert not preflight(large, WIDE, memory=1.2 * needed).findings


def test_changes_that_are_said_to_fit_do(large):
    limit = 0.8 * preflight(large, WIDE, memory=1e12).memory.total
    text = only_error(large, WIDE, memory=limit)
    n = int(text.split("What would fit: ")[1].split(" of the ")[0])
    assert 0 < n < len(large)
    assert preflight(large[:n], WIDE, memory=limit).memory.total <= limit
    less = int(text.split("l_max ")[1].split(" less")[0])
    first, second = WIDE.descriptors

    def reduced(by):
        l_max = second.l_max - by
        terms = (first.model_copy(update={"l_max": 2}), second.model_copy(update={"l_max": l_max}))
        return WIDE.replace(descriptors=terms)

    assert preflight(large, reduced(less), memory=limit).memory.total <= 0.9 * limit
    assert preflight(large, reduced(less - 1), memory=limit).memory.total > 0.9 * limit


def test_sigmas_are_never_zero():
    with pytest.raises(InputError, match=r"forces: got 0\.0, expected greater than 0"):
        Sigmas(energy=0.1, forces=0.0, virial=0.1)
