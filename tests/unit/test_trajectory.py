"""Reading extended XYZ: slices, what goes where, and the message for every kind of bad file."""

from __future__ import annotations

import gzip

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.calculator import PropertyNotImplementedError
from ase.calculators.singlepoint import SinglePointCalculator
from ase.constraints import FixAtoms, FixCartesian

import ecemc
from ecemc import _core
from ecemc.errors import FileFormatError, InputError
from ecemc.frames import atoms_from_record, batch
from ecemc.testing import liquid
from ecemc.trajectory import iread_batches

HEAD = 'Lattice="5 0 0 0 6 0 0 0 7" Properties=species:S:1:pos:R:3'


@pytest.fixture
def steps(tmp_path):
    """A file of ten frames with 1 to 10 atoms."""
    path = tmp_path / "steps.xyz"
    path.write_text("".join(f"{k + 1}\n{HEAD} step={k}\n" + "He 0 0 0.5\n" * (k + 1) for k in range(10)))
    return path


def write(folder, text):
    path = folder / "file.xyz"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize(
    "index",
    [":", "::3", "2:9:4", "-3:", ":-8", "::-1", "-2:1:-3", "5:5", "20:", "-100:2", slice(1, None, 2), slice(None, 3)],
)
def test_slices_are_those_of_a_list(steps, index):
    bounds = index if isinstance(index, slice) else slice(*[int(p) if p else None for p in index.split(":")])
    assert [atoms.info["step"] for atoms in ecemc.iread(steps, index)] == list(range(10))[bounds]
    assert [len(atoms) for atoms in ecemc.read(steps, index)] == list(range(1, 11))[bounds]


@pytest.mark.parametrize("index", [0, 3, -1, -10, "4", "-2", np.int64(5)])
def test_a_single_index_gives_one_frame(steps, index):
    assert ecemc.read(steps, index).info["step"] == list(range(10))[int(index)]
    assert len(list(ecemc.iread(steps, index))) == 1


@pytest.mark.parametrize("index", ["x", "1:2:3:4", "", 1.5, None, "::0", (1,)])
def test_what_is_no_index_is_refused(steps, index):
    with pytest.raises(InputError, match="index: got"):
        ecemc.iread(steps, index)


@pytest.mark.parametrize("index", [10, -11, "99"])
def test_a_frame_that_is_not_there(steps, index):
    with pytest.raises(InputError, match=rf"index: got {index}, but .*steps.xyz has 10 frames"):
        ecemc.read(steps, index)


def test_frames_are_lazy_and_equal_for_any_number_of_threads(steps):
    for n_threads in (1, 2, 3):
        assert [a.info["step"] for a in ecemc.iread(steps, n_threads=n_threads)] == list(range(10))
    with pytest.raises(InputError, match="n_threads"):
        ecemc.read(steps, n_threads=0)


def test_gzip_is_known_by_its_content(steps, tmp_path):
    packed = write(tmp_path, gzip.compress(steps.read_bytes()))
    assert [atoms.info["step"] for atoms in ecemc.iread(packed, "::-4")] == [9, 5, 1]
    with pytest.raises(FileFormatError, match="compressed data are damaged"):
        ecemc.read(write(tmp_path, packed.read_bytes()[:-20]))


def test_labels_of_ase_go_to_a_calculator_and_ours_stay(tmp_path):
    text = (
        "1\nProperties=species:S:1:pos:R:3:forces:R:3:REF_forces:R:3:charge:R:1 energy=-1.5 REF_energy=-2.5 "
        'stress="1 2 3 2 5 6 3 6 9" virial="1 2 3 4 5 6 7 8 9" REF_virial="1 2 3 4 5 6 7 8 9"\n'
        "He 0 0 0 1 2 3 4 5 6 0.25\n"
    )
    atoms = ecemc.read(write(tmp_path, text), 0)
    assert atoms.get_potential_energy() == -1.5
    assert atoms.get_forces().tolist() == [[1, 2, 3]]
    assert atoms.get_stress().tolist() == [1, 5, 9, 6, 3, 2]
    assert atoms.get_charges().tolist() == [0.25]
    assert atoms.arrays["REF_forces"].tolist() == [[4, 5, 6]]
    assert atoms.info["REF_energy"] == -2.5
    assert atoms.info["REF_virial"].tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert atoms.info["virial"].tolist() == [[1, 4, 7], [2, 5, 8], [3, 6, 9]]
    with pytest.raises(PropertyNotImplementedError):
        atoms.get_dipole_moment()
    assert ecemc.read(write(tmp_path, "1\n\nHe 0 0 0\n"), 0).calc is None


def test_values_of_every_kind(tmp_path):
    text = (
        '1\nname=liquid flag n=3 x=1.5d2 on=T flags="T F" ints="1 2" matrix=[[1, 2], [3, 4]] words=["a b", c] '
        'json="_JSON {\\"a\\": [1, 2]}" table="_JSON [[1, 2], [3, 4]]" ragged="_JSON [[1], [2, 3]]"\nHe 0 0 0\n'
    )
    info = ecemc.read(write(tmp_path, text), 0).info
    assert (info["name"], info["flag"], info["n"], info["x"], info["on"]) == ("liquid", True, 3, 150.0, True)
    assert (info["words"], info["json"], info["ragged"]) == (["a b", "c"], {"a": [1, 2]}, [[1], [2, 3]])
    assert [info[key].tolist() for key in ("flags", "ints", "matrix")] == [[True, False], [1, 2], [[1, 2], [3, 4]]]
    assert info["table"].tolist() == [[1, 2], [3, 4]]


def test_plain_xyz_keeps_its_comment(tmp_path):
    atoms = ecemc.read(write(tmp_path, "2\nwater, without a hydrogen\nO 0 0 0\nh 0 0 0.97\n"), 0)
    assert atoms.info == {"comment": "water, without a hydrogen"}
    assert (str(atoms.symbols), atoms.pbc.any(), atoms.cell.any()) == ("OH", False, False)


def test_move_masks_are_constraints(tmp_path):
    rows = "He 0 0 0 {}\nHe 0 0 2 {}\n"
    head = "2\nProperties=species:S:1:pos:R:3:move_mask:L:{}\n"
    whole = ecemc.read(write(tmp_path, head.format(1) + rows.format("T", "F")), 0)
    assert isinstance(whole.constraints[0], FixAtoms)
    assert whole.constraints[0].index.tolist() == [1]
    parts = ecemc.read(write(tmp_path, head.format(3) + rows.format("T T T", "T F T")), 0)
    assert isinstance(parts.constraints[0], FixCartesian)
    assert parts.constraints[0].mask.tolist() == [False, True, False]


def test_frames_before_a_cut_are_kept(steps, tmp_path):
    path = write(tmp_path, steps.read_bytes()[:-30])
    seen = []
    with pytest.raises(
        FileFormatError, match=r"frame 9, line 64: the file ends inside this frame: it has 8 of 10 rows"
    ):
        seen.extend(atoms.info["step"] for atoms in ecemc.iread(path))
    assert seen == list(range(9))
    assert ecemc.read(path, -1).info["step"] == 8


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file is empty, expected at least one frame"),
        ("\n\n", "the file is empty"),
        (b"\x7fELF\x02\x01\x01\x00\xff\xfe" * 50, r"frame 0, line 1: got '\\u\{7f\}ELF.*expected the number of atoms"),
        ("two\n\nHe 0 0 0\n", "frame 0, line 1: got 'two', expected the number of atoms"),
        ("2\n\nHe 0 0 0\n", "it has 1 of 2 rows; the frames before it are whole"),
        ("1\n\nHe 0 0\nmore\n", "frame 0, line 3: got 3 columns in 'He 0 0', expected 4 columns"),
        (f"1\n{HEAD}\nHe 0 0 0 1\n", "frame 0, line 3: got 5 columns in 'He 0 0 0 1', expected 4 columns"),
        ("1\n\nHe 0 O 0\n", r"frame 0, line 3: got 'O' in column 3 \(pos\), expected a real number"),
        ("1\n\nHe 0 0 0\n1\n\nOW 0 0 0\n", r"frame 1, line 6: got 'OW' in column 1 \(species\), expected a chemical"),
        ("1\n\nHe 0 0 0\nHe 0 0 1\n", "does the frame before have more rows than it says"),
        ('1\nLattice="1 2 3 4"\nHe 0 0 0\n', "frame 0, line 2: got Lattice=.*expected nine numbers"),
        ('1\nLattice="1 2 3\nHe 0 0 0\n', 'expected a closing " in the comment line'),
        ("1\nProperties=species:S:1:pos:Q:3\nHe 0 0 0\n", "expected one of the types R, I, S, L after pos"),
    ],
)
def test_messages_for_bad_content(tmp_path, text, message):
    path = write(tmp_path, text)
    with pytest.raises(FileFormatError, match=rf"file.xyz: .*{message}") as caught:
        ecemc.read(path)
    assert isinstance(caught.value, ValueError)


def test_messages_for_what_is_no_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"No such file or directory: '.*absent.xyz'"):
        ecemc.iread(tmp_path / "absent.xyz")
    with pytest.raises(FileNotFoundError, match=r"absent.xyz"):
        ecemc.read(str(tmp_path / "absent.xyz"), -1)
    with pytest.raises(OSError, match=r"directory"):
        ecemc.iread(tmp_path)


def test_nan_positions_are_read_and_refused_where_they_are_used(tmp_path):
    atoms = ecemc.read(write(tmp_path, f"2\n{HEAD}\nHe 0 0 nan\nHe 0 0 1\n"), 0)
    assert np.isnan(atoms.positions[0, 2])
    with pytest.raises(InputError, match="positions: atom 0 has"):
        ecemc.neighbor_list("i", atoms, 2.0)


def test_batches_hold_what_the_frames_hold(steps):
    batches = list(iread_batches(steps, "1::2"))
    records = [frames[k] for frames in batches for k in range(len(frames))]
    assert [record["info"]["step"] for record in records] == [1, 3, 5, 7, 9]
    assert records[0]["lattice"].tolist() == [[5, 0, 0], [0, 6, 0], [0, 0, 7]]
    with pytest.raises(InputError, match="positive step"):
        iread_batches(steps, "::-1")
    with pytest.raises(IndexError, match="frame 99 of"):
        batches[0][99]
    with pytest.raises(InputError, match="step: got 0"):
        _core.TrajectoryReader(steps, step=0)


def test_atoms_become_a_batch():
    atoms = liquid(2, 2, 0.9)
    record = batch([atoms, atoms])[1]
    assert np.array_equal(record["positions"], atoms.positions)
    assert np.array_equal(record["numbers"], atoms.numbers)
    assert np.array_equal(record["lattice"], atoms.cell.array)
    assert record["pbc"] == atoms.pbc.tolist()
    with pytest.raises(InputError, match="atoms: got str"):
        batch(["x"])


def test_everything_about_a_frame_goes_into_a_batch_and_comes_back():
    atoms = Atoms("CO", [[0, 0, 0], [0, 0, 1.1]], cell=[4, 5, 6], pbc=[True, True, False])
    atoms.set_masses([13.0, 16.0])
    atoms.set_momenta([[1.0, -2.0, 0.5], [0.0, 0.25, 3.0]])
    atoms.arrays["tag"] = np.array(["a", "b"])
    atoms.arrays["tensor"] = np.zeros((2, 3, 3))
    atoms.info |= {
        "step": 7,
        "time": np.float64(3.5),
        "n": np.int32(2),
        "liquid": True,
        "matrix": np.arange(4).reshape(2, 2),
    }
    atoms.info |= {"name": "x y", "list": [1, 2.5], "left out": {"a": 1}, "ragged": [[1], [1, 2]], "none": None}
    stress = np.arange(6.0)
    atoms.calc = SinglePointCalculator(atoms, energy=-1.5, forces=np.ones((2, 3)), stress=stress)
    frames = batch([atoms])
    back = atoms_from_record(frames[0])
    assert np.allclose(back.get_momenta(), atoms.get_momenta(), rtol=1e-15, atol=0.0)
    assert back.get_masses().tolist() == [13.0, 16.0]
    assert back.arrays["tag"].tolist() == ["a", "b"]
    assert back.arrays["tensor"].shape == (2, 9)
    assert set(back.info) == {"step", "time", "n", "liquid", "matrix", "name", "list", "left out", "ragged", "none"}
    assert (back.info["left out"], back.info["none"]) == ({"a": 1}, None)
    assert (back.info["n"], back.info["liquid"], back.info["name"]) == (2, True, "x y")
    assert back.info["matrix"].tolist() == [[0, 1], [2, 3]]
    assert back.get_potential_energy() == -1.5
    assert np.array_equal(back.get_stress(), stress)
    assert np.array_equal(back.get_forces(), np.ones((2, 3)))
    again = _core.Frames.from_records([frames[0]])[0]
    assert repr(again) == repr(frames[0])
    # Energies of other positions are not those of the frame.
    atoms.positions[0, 0] += 0.1
    assert "energy" not in batch([atoms])[0]["info"]


def test_numbers_of_all_frames_at_once():
    table = np.arange(119.0)
    box = Atoms("CO", [[0, 0, 0], [0, 0, 1.1]], cell=[4, 5, 6], pbc=True, info={"virial": np.eye(3), "energy": 2})
    heavy = box.copy()
    heavy.set_masses([1.0, 2.5])
    heavy.info = {"stress": np.arange(9), "other": np.arange(6), "energy": "high"}
    cluster = Atoms("H", info={"virial": np.ones(6)})
    frames = batch([box, heavy, cluster])
    assert frames.n_atoms.tolist() == [2, 2, 1]
    assert np.array_equal(frames.lattices[:2], [box.cell.array] * 2)
    assert np.isnan(frames.lattices[2]).all()
    assert frames.pbc.tolist() == [[True] * 3] * 2 + [[False] * 3]
    assert np.array_equal(frames.volumes, [120.0, 120.0, np.nan], equal_nan=True)
    assert frames.masses(table).tolist() == [14.0, 3.5, 1.0]
    assert np.isnan(frames.masses(table[:7])).tolist() == [True, False, False]
    virials = frames.reals(["virial", "stress"], 9)
    assert np.array_equal(virials, [np.eye(3).ravel(), np.arange(9), [np.nan] * 9], equal_nan=True)
    assert np.array_equal(frames.reals(["energy"], 1), [[2.0], [np.nan], [np.nan]], equal_nan=True)
    part = frames.slice(1, 9)
    assert (len(part), part.n_atoms.tolist(), len(frames.slice(2, 1))) == (2, [2, 1], 0)
    assert _core.Frames.from_records([]).lattices.shape == (0, 3, 3)


def test_records_that_do_not_fit_together_are_refused():
    record = batch([Atoms("CO", [[0, 0, 0], [0, 0, 1.1]])])[0]
    for change, message in (
        ({"numbers": np.zeros(3, np.uint8)}, "numbers: got"),
        ({"velocities": np.zeros((3, 3))}, "velocities: got"),
        ({"columns": {"forces": np.zeros((3, 3))}}, "forces: got"),
    ):
        with pytest.raises(InputError, match=message):
            _core.Frames.from_records([record | change])
