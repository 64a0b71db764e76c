"""LAMMPS dumps read as ASE's own reader reads them, and positions where LAMMPS has them."""

from __future__ import annotations

import gzip

import ase.io
import numpy as np
import pytest

from ecemc import _core
from ecemc.errors import FileFormatError, InputError
from ecemc.frames import atoms_from_record

SYMBOLS = ["C", "H", "O", "Li"]
ORTHOGONAL = (np.diag([11.0, 12.0, 13.0]), np.array([-3.0, 1.5, 0.25]))
TRICLINIC = (np.array([[11.0, 0, 0], [2.5, 12, 0], [-3, 4, 13]]), np.array([-3.0, 1.5, 0.25]))
GENERAL = (np.array([[11.0, 1, 0.5], [-2, 12, 1], [1, 2, 13]]), np.array([0.5, -0.5, 4.0]))


def bounds(cell, origin, flags):
    """The four lines about the box, written by the formulas of LAMMPS' documentation."""
    if cell[0, 1] or cell[0, 2]:
        rows = [f"{x!r} {y!r} {z!r} {o!r}" for (x, y, z), o in zip(cell.tolist(), origin.tolist(), strict=True)]
        return "\n".join([f"ITEM: BOX BOUNDS abc origin {flags}", *rows])
    (lx, _, _), (xy, ly, _), (xz, yz, lz) = cell.tolist()
    xlo, ylo, zlo = origin.tolist()
    if not (xy or xz or yz):
        rows = [f"{xlo!r} {xlo + lx!r}", f"{ylo!r} {ylo + ly!r}", f"{zlo!r} {zlo + lz!r}"]
        return "\n".join([f"ITEM: BOX BOUNDS {flags}", *rows])
    shifts = [0.0, xy, xz, xy + xz]
    rows = [
        f"{xlo + min(shifts)!r} {xlo + lx + max(shifts)!r} {xy!r}",
        f"{ylo + min(0.0, yz)!r} {ylo + ly + max(0.0, yz)!r} {xz!r}",
        f"{zlo!r} {zlo + lz!r} {yz!r}",
    ]
    return "\n".join([f"ITEM: BOX BOUNDS xy xz yz {flags}", *rows])


def dump(path, box, columns, *, flags="pp pp pp", frames=4, atoms=23, head=""):
    """Write random atoms in random order; gives their Cartesian positions, in the order of ids, frame by frame."""
    cell, origin = box
    rng = np.random.default_rng(7)
    types = rng.integers(1, 5, atoms)
    text, positions = head, []
    for step in range(frames):
        images = rng.integers(-2, 3, (atoms, 3))
        scaled = rng.random((atoms, 3))
        wrapped = origin + scaled @ cell
        values = {"id": np.arange(1, atoms + 1) * 3, "type": types, "mol": rng.integers(0, 9, atoms)}
        values["element"] = [SYMBOLS[k - 1] for k in types]
        values["mass"] = [{1: 12.0107, 2: 1.00797, 3: 15.9994, 4: 6.94}[k] for k in types]
        values |= {name: rng.normal(size=atoms) for name in ("vx", "vy", "vz", "fx", "fy", "fz", "q", "c_pe", "f_2[3]")}
        values |= {"i_tag": rng.integers(-5, 5, atoms)}
        for k, letter in enumerate("xyz"):
            values[letter], values[letter + "s"] = wrapped[:, k], scaled[:, k]
            values[letter + "u"], values[letter + "su"] = (wrapped + images @ cell)[:, k], (scaled + images)[:, k]
            values["i" + letter] = images[:, k]
        names = columns.split()
        rows = [" ".join(str(values[name][i]) for name in names) for i in rng.permutation(atoms)]
        text += f"ITEM: TIMESTEP\n{step * 50}\nITEM: NUMBER OF ATOMS\n{atoms}\n{bounds(cell, origin, flags)}\n"
        text += f"ITEM: ATOMS {columns}\n" + "".join(row + " \n" for row in rows)
        unwrapped = ("xu" in names or "xsu" in names) and not {"x", "xs"} & set(names)
        positions.append(wrapped + images @ cell if unwrapped else wrapped)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return positions


def read(path, **options):
    reader = _core.TrajectoryReader(path, n_threads=1, **options)
    return [atoms_from_record(frames[k]) for frames in reader for k in range(len(frames))]


def same(ours, theirs, positions, *, is_scaled=False):
    """Compare with ASE, whose scaled coordinates leave the origin of the box out."""
    displacement = theirs.get_celldisp().ravel()
    assert np.array_equal(ours.numbers, theirs.numbers)
    assert ours.pbc.tolist() == theirs.pbc.tolist()
    assert ours.info["step"] == theirs.info["timestep"]
    np.testing.assert_allclose(ours.cell.array, theirs.cell.array, rtol=0, atol=1e-12)
    np.testing.assert_allclose(ours.info["Origin"], displacement, rtol=0, atol=1e-12)
    np.testing.assert_allclose(ours.positions, positions, rtol=0, atol=1e-12)
    np.testing.assert_allclose(ours.positions, theirs.positions + is_scaled * displacement, rtol=0, atol=1e-12)


@pytest.mark.parametrize("box", [ORTHOGONAL, TRICLINIC, GENERAL], ids=["orthogonal", "triclinic", "general"])
@pytest.mark.parametrize(
    "coordinates", ["x y z", "xs ys zs", "xu yu zu", "xsu ysu zsu", "z x y", "xsu zsu ysu ix iy iz"]
)
@pytest.mark.parametrize("name", ["file.dump", "file.dump.gz"])
def test_coordinates_in_every_box(tmp_path, box, coordinates, name):
    path = tmp_path / name
    positions = dump(path, box, f"type {coordinates} id")
    ours = read(path, types=SYMBOLS)
    with gzip.open(path, "rt") if name.endswith("gz") else path.open() as file:
        theirs = ase.io.read(file, ":", format="lammps-dump-text", specorder=SYMBOLS)
    assert len(ours) == len(theirs) == 4
    for a, b, r in zip(ours, theirs, positions, strict=True):
        same(a, b, r, is_scaled="s" in coordinates)
        assert a.arrays["type"].tolist() == b.arrays["type"].tolist()


@pytest.mark.parametrize("flags", ["pp pp pp", "pp ff pp", "fs ms pp", "ss mm ff"])
def test_boundaries(tmp_path, flags):
    path = tmp_path / "file.dump"
    positions = dump(path, TRICLINIC, "id element x y z", flags=flags, frames=1)
    theirs = ase.io.read(path, 0, format="lammps-dump-text")
    same(read(path)[0], theirs, positions[0])


@pytest.mark.parametrize("units", ["metal", "real"])
@pytest.mark.parametrize("columns", ["id element x y z vx vy vz fx fy fz q", "fz vz id vy fx q fy vx z y x element"])
def test_velocities_forces_and_charges(tmp_path, units, columns):
    path = tmp_path / "file.dump"
    positions = dump(path, ORTHOGONAL, columns)
    theirs = ase.io.read(path, ":", format="lammps-dump-text", units=units)
    for a, b, r in zip(read(path, units=units), theirs, positions, strict=True):
        same(a, b, r)
        np.testing.assert_allclose(a.get_velocities(), b.get_velocities(), rtol=1e-12)
        # ASE has the constants of 2014, which differ by 1e-8.
        np.testing.assert_allclose(a.get_forces(), b.get_forces(), rtol=1e-12 if units == "metal" else 2e-8)
        np.testing.assert_array_equal(a.get_initial_charges(), b.get_initial_charges())


def test_further_columns_keep_name_and_type(tmp_path):
    path = tmp_path / "file.dump"
    dump(path, ORTHOGONAL, "c_pe f_2[3] i_tag mol ix iy iz id mass type x y z")
    for ours, theirs in zip(read(path), ase.io.read(path, ":", format="lammps-dump-text"), strict=True):
        assert np.array_equal(ours.numbers, theirs.numbers)  # from the masses
        for name in ("c_pe", "f_2[3]", "i_tag", "type"):
            assert ours.arrays[name].dtype == theirs.arrays[name].dtype
            np.testing.assert_array_equal(ours.arrays[name], theirs.arrays[name])
        assert [ours.arrays[name].dtype.kind for name in ("mol", "ix", "iy", "iz", "id", "masses")] == list("iiiiif")


def test_types_are_given_in_several_ways(tmp_path):
    path = tmp_path / "file.dump"
    dump(path, ORTHOGONAL, "id type xs ys zs", frames=1)
    want = read(path, types=SYMBOLS)[0].numbers
    for types in (dict(enumerate(SYMBOLS, 1)), {str(k): symbol for k, symbol in enumerate(SYMBOLS, 1)}, tuple(SYMBOLS)):
        assert np.array_equal(read(path, types=types)[0].numbers, want)
    with pytest.raises(FileFormatError, match=r'give types=\["C", "H", "O"\] \(command line: --types C,H,O\)'):
        read(path)
    with pytest.raises(FileFormatError, match=r"got type 4, expected one of the types given \(1: C, 2: H, 3: O\)"):
        read(path, types=["C", "H", "O"])
    with pytest.raises(InputError, match=r"types: got 'C,H,O', expected chemical symbols"):
        read(path, types="C,H,O")
    with pytest.raises(InputError, match=r"types: got 'Q' for type 2, expected a chemical symbol"):
        read(path, types=["C", "Q"])


def test_arguments_of_the_reader(tmp_path):
    path = tmp_path / "file.dump"
    dump(path, ORTHOGONAL, "id element x y z vx vy vz", head="ITEM: UNITS\nreal\n")
    assert _core.detect_format(path) == "lammps-dump"
    assert _core.count_frames(path) == _core.count_frames(path, "lammps-dump") == 4
    with pytest.raises(InputError, match=r"file.dump: units: got 'metal', expected 'real', which the file names"):
        read(path, units="metal")
    for option, message in (
        ({"units": "lj"}, "units: got 'lj', expected 'metal' or 'real'"),
        ({"format": "pdb"}, "format: got 'pdb', expected 'extxyz' or 'lammps-dump'"),
        ({"incomplete": "no"}, "incomplete: got 'no', expected 'error' or 'stop'"),
    ):
        with pytest.raises(InputError, match=message):
            read(path, **option)
    with pytest.raises(FileFormatError, match="the number of atoms, the first line of an extended XYZ file"):
        read(path, format="extxyz")


def test_reading_stops_and_goes_on(tmp_path):
    path = tmp_path / "file.dump"
    dump(path, ORTHOGONAL, "id element x y z vx vy vz", frames=6)
    text, want = path.read_bytes(), read(path)
    for end in range(20, len(text), 997):
        path.write_bytes(text[:end])
        first = _core.TrajectoryReader(path, n_threads=1, incomplete="stop")
        got = [atoms_from_record(frames[k]) for frames in first for k in range(len(frames))]
        assert first.truncated is None or "the file ends inside this frame" in first.truncated
        assert first.position[1] == len(got)
        assert first.assumed_units == ("metal" if got else None)
        path.write_bytes(text)
        got += read(path, position=first.position)
        assert [a.info["step"] for a in got] == [a.info["step"] for a in want]
        assert all(np.array_equal(a.positions, b.positions) for a, b in zip(got, want, strict=True))
    path.write_bytes(text[:500])
    with pytest.raises(FileFormatError, match=r"was to go on at byte 5000, but the file has only 500"):
        read(path, position=(5000, 2, 60))
