"""LAMMPS export: boxes, types, units and text; the model's files; what is refused."""

from __future__ import annotations

import re
from pathlib import Path

import ase.io
import numpy as np
import pytest
from ase import Atoms
from scipy.spatial.transform import Rotation
from tests.reference.gap_sets import PARAMS, training_set

import ecemc
from ecemc.errors import FileFormatError, InputError
from ecemc.export import LammpsOptions, export_lammps, lammps_data
from ecemc.gap import fit_gap, read_gap_file
from ecemc.testing import liquid


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    pytest.importorskip("quippy", reason="needs the extra gap")
    folder = tmp_path_factory.mktemp("gap")
    ecemc.write(folder / "train.extxyz", training_set())
    return fit_gap(folder / "train.extxyz", PARAMS["distance_2b"], folder / "gap.xml").path


@pytest.fixture
def water():
    return liquid(0, 0, 0.5, n_water=8, seed=1)


def skewed(seed, *, left=False):
    """Atoms in a general cell with large tilts."""
    rng = np.random.default_rng(seed)
    cell = np.array([[9.0, 0, 0], [7.5, 8.0, 0], [-6.0, 7.0, 10.0]]) + 0.3 * rng.normal(size=(3, 3))
    cell = cell @ Rotation.from_quat(rng.normal(size=4)).as_matrix()
    if left:
        cell = cell[[1, 0, 2]]
    return Atoms("OHHCH4", rng.normal(scale=5.0, size=(8, 3)), cell=cell, pbc=True, velocities=rng.normal(size=(8, 3)))


@pytest.mark.parametrize("left", [False, True], ids=["right-handed", "left-handed"])
@pytest.mark.parametrize("seed", range(5))
def test_any_cell_becomes_a_box_of_the_same_lattice(seed, left):
    atoms = skewed(seed, left=left)
    data = lammps_data(atoms)
    a, b, c = data.cell
    assert a[1] == a[2] == b[2] == 0.0
    assert min(np.diag(data.cell)) > 0.0
    assert max(abs(b[0]) / a[0], abs(c[0]) / a[0], abs(c[1]) / b[1]) <= 0.5 + 1e-12
    np.testing.assert_allclose(data.rotation @ data.rotation.T, np.eye(3), atol=1e-14)
    assert np.linalg.det(data.rotation) == pytest.approx(1.0)  # no mirror image
    # Each lattice's vectors are whole numbers of the other's, and the volume is the same.
    steps = atoms.cell.array @ data.rotation @ np.linalg.inv(data.cell)
    np.testing.assert_allclose(steps, np.rint(steps), atol=1e-10)
    assert abs(np.linalg.det(steps)) == pytest.approx(1.0)
    turned = Atoms(atoms.numbers, data.positions, cell=data.cell, pbc=True)
    np.testing.assert_allclose(turned.get_all_distances(mic=True), atoms.get_all_distances(mic=True), atol=1e-10)
    np.testing.assert_allclose(turned.get_all_distances(), atoms.get_all_distances(), atol=1e-10)


def test_rectangular_boxes_keep_every_bit(water):
    data = lammps_data(water)
    assert (data.positions == water.positions).all()
    assert (data.cell == water.cell.array).all()
    assert "xy xz yz" not in data.text()


def test_velocities_and_kinetic_energy():
    atoms = skewed(1)
    data = lammps_data(atoms)
    joule = 1.66053906660e-27 * 100.0**2  # amu (Å/ps)² in J
    kinetic = 0.5 * (np.array(data.masses)[data.types - 1] * (data.velocities**2).sum(axis=1)).sum() * joule
    assert kinetic / 1.602176634e-19 == pytest.approx(atoms.get_kinetic_energy(), rel=1e-6)
    atoms.set_momenta(np.zeros((8, 3)))
    assert lammps_data(atoms).velocities is None


@pytest.mark.parametrize("seed", [0, 3])
def test_ase_reads_the_data_file(tmp_path, seed):
    atoms = skewed(seed)
    data = lammps_data(atoms)
    (tmp_path / "system.data").write_text(data.text())
    theirs = ase.io.read(tmp_path / "system.data", format="lammps-data", units="metal", atom_style="atomic")
    assert theirs.get_chemical_formula() == atoms.get_chemical_formula()
    np.testing.assert_allclose(theirs.cell.array, data.cell, atol=1e-12)
    # ASE wraps atoms into the box.
    steps = theirs.cell.scaled_positions(theirs.positions - data.positions)
    np.testing.assert_allclose(steps, np.rint(steps), atol=1e-9)
    np.testing.assert_allclose(theirs.get_velocities(), atoms.get_velocities() @ data.rotation, rtol=1e-6, atol=1e-9)


def test_refused_starts():
    for atoms, message in (
        (Atoms(pbc=True, cell=[5.0] * 3), "no atoms"),
        (Atoms("He"), r"periodic along \[False, False, False\], volume 0 Å³; expected a cell"),
        (Atoms("He", cell=[5.0] * 3, pbc=[True, True, False]), "expected a cell that is periodic along all three"),
        (Atoms("H2", cell=[5.0] * 3, pbc=True, masses=[1.0, 2.0]), "atoms of H have masses from 1 to 2 amu"),
    ):
        with pytest.raises(InputError, match=message):
            lammps_data(atoms)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ensemble": "nph"}, "ensemble: got 'nph', expected one of nve, nvt, npt"),
        ({"temperature": -300.0}, "temperature: got -300.0, expected K > 0"),
        ({"timestep": 0.0}, "timestep: got 0.0"),
        ({"timestep": 1000.0}, "timestep: got 1000.0 fs, expected about 1"),
        ({"pressure": float("inf")}, "pressure: got inf"),
        ({"n_steps": 0}, "n_steps: got 0"),
        ({"damping": (1.0, 1000.0)}, "damping: got"),
    ],
)
def test_refused_options(options, message):
    with pytest.raises(InputError, match=message):
        LammpsOptions(**options)


def test_the_folder_is_complete(model, water, tmp_path):
    done = export_lammps(water, model, tmp_path / "run", LammpsOptions("npt", 350.0, 2.0, 0.5, n_steps=77, interval=11))
    file = read_gap_file(model)
    assert done.symbols == ("H", "O")
    assert {path.name for path in done.folder.iterdir()} == {
        "in.lammps", "system.data", "gap.xml", *(path.name for path in file.sparse_files),
    }  # fmt: skip
    text = done.input.read_text()
    assert text.isascii()
    assert f'pair_coeff * * gap.xml "Potential xml_label={file.label}" 1 8' in text
    assert "fix run all npt temp 350 350 0.1 iso 2 2 1" in text
    assert "timestep 0.0005" in text
    assert re.search(r"^run 77$", text, re.MULTILINE)
    ours, theirs = ecemc.GAP(done.model), ecemc.GAP(model)
    assert ours.get_potential_energy(water) == theirs.get_potential_energy(water)


def test_links_and_a_second_export(model, water, tmp_path):
    for link in (True, False, True):
        done = export_lammps(water, model, tmp_path, LammpsOptions("nve", link_model=link))
        assert done.model.is_symlink() == link
        assert done.model.read_bytes() == model.read_bytes()
        assert "fix run all nve" in done.input.read_text()
    beside = export_lammps(water, model, model.parent)
    assert not beside.model.is_symlink()
    assert ecemc.GAP(model).get_potential_energy(water) == ecemc.GAP(done.model).get_potential_energy(water)


def test_refused_models(model, water, tmp_path):
    with pytest.raises(InputError, match="knows H, O, but not C, which the start has"):
        export_lammps(liquid(1, 0, 0.5), model, tmp_path / "run")
    broken = tmp_path / "broken.xml"
    broken.write_text("<GAP>")
    with pytest.raises(FileFormatError, match="not whole"):
        export_lammps(water, broken, tmp_path / "run")
    assert not (tmp_path / "run").exists()
    blank = tmp_path / "my gap.xml"
    blank.write_bytes(model.read_bytes())
    for path in read_gap_file(model).sparse_files:
        (tmp_path / path.name).write_bytes(path.read_bytes())
    with pytest.raises(InputError, match="cannot read names with blanks"):
        export_lammps(water, blank, tmp_path / "run")
    Path(tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="is a file, expected a folder"):
        export_lammps(water, model, tmp_path / "file")
