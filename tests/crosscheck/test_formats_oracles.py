"""Formats that come through ASE and MDAnalysis, written by those two, and CP2K's files written by hand."""

from __future__ import annotations

import warnings

import ase.io
import ase.units
import MDAnalysis
import numpy as np
import pytest
from ase.calculators.singlepoint import SinglePointCalculator

import ecemc
from ecemc.errors import FileFormatError
from ecemc.testing import liquid
from ecemc.trajectory import ReadOptions, Trajectory, iread_batches
from ecemc.units import BOHR_TO_A, HARTREE_TO_EV

N_FRAMES = 5
SKEWED = np.array([[9.0, 0.0, 0.0], [2.0, 8.0, 0.0], [-1.5, 1.0, 10.0]])


@pytest.fixture(scope="module")
def frames():
    """Frames of changing triclinic cell, with energy, forces and velocities."""
    rng = np.random.default_rng(3)
    start = liquid(1, 2, 0.9, seed=1)
    result = []
    for k in range(N_FRAMES):
        atoms = start.copy()
        atoms.set_cell(SKEWED * (1.0 + 0.01 * k))
        atoms.positions += rng.normal(scale=0.1, size=atoms.positions.shape)
        atoms.set_velocities(rng.normal(scale=0.05, size=atoms.positions.shape))
        forces = rng.normal(size=atoms.positions.shape)
        atoms.calc = SinglePointCalculator(atoms, energy=-10.0 - k, forces=forces, stress=rng.normal(size=6))
        result.append(atoms)
    return result


def assert_geometry(got, want, atol):
    assert len(got) == len(want)
    for one, other in zip(got, want, strict=True):
        assert (one.numbers == other.numbers).all()
        np.testing.assert_allclose(one.positions, other.positions, atol=atol)
        np.testing.assert_allclose(one.cell.cellpar(), other.cell.cellpar(), atol=100 * atol)
        assert one.pbc.all()


@pytest.mark.parametrize("name", ["run.traj", "XDATCAR", "run.xsf", "run.cif"])
def test_what_ase_writes_is_read(frames, tmp_path, name):
    kinds = {"XDATCAR": "vasp-xdatcar"}
    # XDATCAR keeps atoms of one element together, and one species line for all frames
    sorted_frames = [atoms[np.argsort(atoms.numbers, kind="stable")] for atoms in frames]
    ase.io.write(tmp_path / name, sorted_frames, format=kinds.get(name))
    want = ase.io.read(tmp_path / name, ":")
    got = ecemc.read(tmp_path / name)
    assert_geometry(got, want, 1e-12)
    assert_geometry(ecemc.read(tmp_path / name, "::-2"), want[::-2], 1e-12)
    assert_geometry([ecemc.read(tmp_path / name, -2)], [want[-2]], 1e-12)
    assert sum(len(batch) for batch in iread_batches(tmp_path / name, "1:4")) == len(want[1:4])


def test_a_traj_keeps_energies_forces_and_momenta(frames, tmp_path):
    ase.io.write(tmp_path / "run.traj", frames)
    for got, want in zip(ecemc.iread(tmp_path / "run.traj"), frames, strict=True):
        assert got.get_potential_energy() == want.get_potential_energy()
        assert np.array_equal(got.get_forces(), want.get_forces())
        assert np.array_equal(got.get_momenta(), want.get_momenta())
    (batch,) = iread_batches(tmp_path / "run.traj")
    assert np.array_equal(batch[2]["columns"]["forces"], frames[2].get_forces())
    assert batch.reals(["energy"], 1)[:, 0].tolist() == [-10.0, -11.0, -12.0, -13.0, -14.0]


def test_castep_md_has_times_in_fs(frames, tmp_path):
    ase.io.write(tmp_path / "run.md", frames)  # whose time is the number of the frame, in atomic units
    got = ecemc.read(tmp_path / "run.md")
    np.testing.assert_allclose(
        [atoms.info["time"] for atoms in got], 0.02418884326585747 * np.arange(N_FRAMES), rtol=1e-6
    )


SINGLE_PRECISION = 2e-5


@pytest.mark.parametrize("kind", ["xtc", "trr", "dcd", "ncdf", "h5md"])
def test_what_mdanalysis_writes_is_read(frames, tmp_path, kind):
    path, topology = tmp_path / f"run.{kind}", tmp_path / "top.pdb"
    ase.io.write(topology, frames[0])
    n_atoms = len(frames[0])
    universe = MDAnalysis.Universe.empty(n_atoms, trajectory=True, velocities=True, forces=True)
    units = {
        "timeunit": "ps",
        "lengthunit": "Angstrom",
        "velocityunit": "Angstrom/ps",
        "forceunit": "kJ/(mol*Angstrom)",
    }
    arguments = {"positions": True, "velocities": True, "forces": True, **units} if kind == "h5md" else {}
    arguments |= {"velocities": True, "forces": True} if kind == "ncdf" else {}
    arguments |= {"dt": 0.5} if kind == "dcd" else {}
    per_ps = 1000.0 * ase.units.fs  # of ASE's velocities in Å/ps
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with MDAnalysis.Writer(str(path), n_atoms, **arguments) as writer:
            for k, atoms in enumerate(frames):
                ts = universe.trajectory.ts
                ts.positions, ts.dimensions = atoms.positions, atoms.cell.cellpar()
                ts.velocities = atoms.get_velocities() * per_ps
                ts.forces = atoms.get_forces() * 96.48533212
                ts.time, ts.data["step"], ts.frame = 0.5 * k, 250 * k, k
                writer.write(universe.atoms)
    trajectory = Trajectory(path, ":", ReadOptions(topology=topology))
    got = list(trajectory.atoms())
    assert trajectory.formats == (kind,)
    assert_geometry(got, frames, 6e-3 if kind == "xtc" else SINGLE_PRECISION)
    times = [atoms.info["time"] for atoms in got]
    np.testing.assert_allclose(np.diff(times), 500.0, rtol=1e-5)
    if kind in {"xtc", "trr", "h5md"}:
        assert [atoms.info["step"] for atoms in got] == [0, 250, 500, 750, 1000]
    for one, other in zip(got, frames, strict=True):
        if kind in {"trr", "ncdf", "h5md"}:
            np.testing.assert_allclose(one.get_velocities(), other.get_velocities(), atol=1e-6)
            np.testing.assert_allclose(one.get_forces(), other.get_forces(), atol=1e-5)
        else:
            assert not one.has("momenta")
            assert one.calc is None
    assert_geometry(ecemc.read(path, "1::2", topology=topology), frames[1::2], 6e-3)
    assert_geometry([ecemc.read(path, -1, topology=topology)], frames[-1:], 6e-3)
    assert sum(map(len, iread_batches(path, topology=topology))) == N_FRAMES
    assert sorted(entry.name for entry in tmp_path.iterdir()) == sorted([path.name, "top.pdb"])
    cut = tmp_path / f"cut.{kind}"
    cut.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    with pytest.raises(FileFormatError, match=rf"cut.{kind}: frame \d: cannot be read as {kind}"):
        ecemc.read(cut, topology=topology)
    if kind in {"xtc", "trr", "dcd"}:
        trajectory = Trajectory(cut, ":", ReadOptions(topology=topology, incomplete="stop"))
        assert_geometry(list(trajectory.atoms()), frames[:3], 6e-3)
        assert "frame 3" in trajectory.truncated[0]


@pytest.fixture
def cp2k(frames, tmp_path):
    """A run of CP2K: positions, forces, velocities and cells, all with their own units."""
    velocity = BOHR_TO_A / 0.02418884326585747  # of one atomic unit, in Å/fs

    def write(name, arrays, factor):
        with (tmp_path / name).open("w") as file:
            for k, (atoms, array) in enumerate(zip(frames, arrays, strict=True)):
                file.write(f"{len(atoms):>8}\n i = {5 * k:>8}, time = {2.5 * k:>12.3f}, E = {-17.25 - k:>20.10f}\n")
                for symbol, row in zip(atoms.symbols, array / factor, strict=True):
                    file.write(f" {symbol:>3} " + " ".join(f"{x:20.10f}" for x in row) + "\n")

    write("water-pos-1.xyz", [atoms.positions for atoms in frames], 1.0)
    write("water-frc-1.xyz", [atoms.get_forces() for atoms in frames], HARTREE_TO_EV / BOHR_TO_A)
    write("water-vel-1.xyz", [atoms.get_velocities() * ase.units.fs for atoms in frames], velocity)
    with (tmp_path / "water-1.cell").open("w") as file:
        file.write("#   Step   Time [fs]       Ax [Angstrom]       Ay [Angstrom] ... Volume [Angstrom^3]\n")
        for step in range(5 * N_FRAMES):  # written more often than the positions
            cell = frames[step // 5].cell.array
            row = " ".join(f"{x:.10f}" for x in cell.ravel())
            file.write(f"{step:>8} {0.5 * step:.3f} {row} {abs(np.linalg.det(cell)):.10f}\n")
    return tmp_path


def test_a_run_of_cp2k(cp2k, frames):
    trajectory = Trajectory(cp2k / "water-pos-1.xyz", ":", ReadOptions())
    got = list(trajectory.atoms())
    assert trajectory.formats == ("cp2k",)
    assert_geometry(got, frames, 1e-9)
    assert [atoms.info for atoms in got] == [{"step": 5 * k, "time": 2.5 * k} for k in range(N_FRAMES)]
    for k, (one, other) in enumerate(zip(got, frames, strict=True)):
        assert one.get_potential_energy() == pytest.approx((-17.25 - k) * HARTREE_TO_EV)
        np.testing.assert_allclose(one.get_forces(), other.get_forces(), atol=1e-8)
        np.testing.assert_allclose(one.get_velocities(), other.get_velocities(), atol=1e-7)
    assert_geometry(ecemc.read(cp2k / "water-pos-1.xyz", "1::2"), frames[1::2], 1e-9)
    assert [len(batch) for batch in iread_batches(cp2k / "water-pos-1.xyz")] == [N_FRAMES]


def test_cp2k_without_files_beside_and_with_gaps(cp2k, frames, tmp_path):
    with (cp2k / "water-frc-1.xyz").open("a") as file:
        file.write("")
    (cp2k / "water-1.cell").unlink()
    (cp2k / "water-vel-1.xyz").unlink()
    plain = ecemc.read(cp2k / "water-pos-1.xyz", 0)
    assert not plain.pbc.any()
    assert not plain.has("momenta")
    frames[0].write(tmp_path / "cell.extxyz", format="extxyz")
    boxed = ecemc.read(cp2k / "water-pos-1.xyz", 1, topology=tmp_path / "cell.extxyz")
    np.testing.assert_allclose(boxed.cell.array, frames[0].cell.array)
    lines = (cp2k / "water-frc-1.xyz").read_text().splitlines(keepends=True)
    (cp2k / "water-frc-1.xyz").write_text("".join(lines[: (len(frames[0]) + 2) * 2]))
    with pytest.raises(FileFormatError, match=r"frc-1.xyz: has nothing for step 10 of water-pos-1.xyz"):
        ecemc.read(cp2k / "water-pos-1.xyz")
