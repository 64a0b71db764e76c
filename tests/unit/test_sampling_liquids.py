"""Other molecules: a user's force-field XML with a PDB, a serialised system with any box, and what is refused."""

from __future__ import annotations

import sys

import ase.io
import numpy as np
import pytest

from ecemc.errors import FileFormatError, InputError, MissingExtraError
from ecemc.sampling import (
    Labeller,
    Liquid,
    OplsOptions,
    SampleOptions,
    forcefield_liquid,
    opls_liquid,
    sample,
    system_liquid,
)

mm = pytest.importorskip("openmm", reason="needs ecemc[sample]")
pytest.importorskip("packmol", reason="needs ecemc[sample]")

QUICK = SampleOptions(300.0, pressure=1.0, time=100.0, equilibration=100.0, frame_interval=50.0, n_threads=2)


@pytest.fixture(scope="module")
def water(tmp_path_factory):
    """A PDB of a water box."""
    from openmm import app, unit  # noqa: PLC0415 (an extra)

    modeller = app.Modeller(app.Topology(), [] * unit.nanometer)
    size = mm.Vec3(1.6, 1.6, 1.6) * unit.nanometer
    modeller.addSolvent(app.ForceField("amber14/tip3p.xml"), model="tip3p", boxSize=size, neutralize=False)
    path = tmp_path_factory.mktemp("water") / "water.pdb"
    with path.open("w") as file:
        app.PDBFile.writeFile(modeller.topology, modeller.positions, file)
    return path


@pytest.fixture(scope="module")
def small():
    return opls_liquid("4EC:8EMC", density=0.9, options=OplsOptions(cutoff=5.0))


def test_water_from_force_field_xml(water, tmp_path):
    liquid = forcefield_liquid(["amber14/tip3p.xml"], water, cutoff=7.0)
    assert list(liquid.composition) == ["H2O"]
    assert len(liquid.atoms) == 3 * liquid.composition["H2O"] > 300
    path = sample(liquid, tmp_path / "water.extxyz", QUICK).path
    frames = ase.io.read(path, ":")
    assert len(frames) == 2
    assert all(frame.info["force_field"] == "tip3p.xml" for frame in frames)
    bonds = frames[-1].get_distances(0, [1, 2])
    assert np.all((bonds > 0.8) & (bonds < 1.2))


def test_virial_of_any_system_is_its_volume_derivative(water):
    """Trace of the virial against energies of the same system in scaled boxes, by an OpenMM context of its own."""
    liquid = forcefield_liquid(["amber14/tip3p.xml"], water, cutoff=7.0)
    positions, cell = liquid.atoms.positions, liquid.atoms.cell.array
    trace = np.trace(Labeller(liquid.system)(positions, cell).virial)
    system = mm.XmlSerializer.clone(liquid.system)
    for force in system.getForces():
        if isinstance(force, mm.NonbondedForce):
            force.setPMEParameters(5.6, 80, 80, 80)
    context = mm.Context(system, mm.VerletIntegrator(1.0), mm.Platform.getPlatformByName("Reference"))

    def energy(scale):
        context.setPeriodicBoxVectors(*(0.1 * scale * cell))
        context.setPositions(0.1 * scale * positions)
        return context.getState(getEnergy=True).getPotentialEnergy()._value / 96.48533212

    h = 1e-4
    assert trace == pytest.approx(-(energy(1 + h) - energy(1 - h)) / (2 * h), abs=1e-4 * len(positions))


def test_serialised_system_gives_the_same_labels(small, tmp_path):
    (tmp_path / "system.xml").write_text(mm.XmlSerializer.serialize(small.system))
    small.atoms.write(tmp_path / "start.extxyz")
    liquid = system_liquid(tmp_path / "system.xml", tmp_path / "start.extxyz")
    assert liquid.composition == {"C3H4O3": 4, "C4H8O3": 8}
    one, two = (Labeller(x.system)(small.atoms.positions, small.atoms.cell.array) for x in (small, liquid))
    assert one.energy == pytest.approx(two.energy, abs=1e-9)
    result = sample(liquid, tmp_path / "out.extxyz", QUICK)
    assert ase.io.read(result.path).info["composition"] == "4C3H4O3:8C4H8O3"


def test_constraints_are_refused(small):
    system = mm.XmlSerializer.clone(small.system)
    system.addConstraint(0, 1, 0.1)
    with pytest.raises(InputError, match="constraints=None, rigidWater=False"):
        Liquid(small.atoms, system, {}, "")


def test_barostat_is_refused(small):
    system = mm.XmlSerializer.clone(small.system)
    system.addForce(mm.MonteCarloBarostat(1.0, 300.0))
    with pytest.raises(InputError, match="MonteCarloBarostat"):
        Liquid(small.atoms, system, {}, "")


def test_broken_molecules_are_refused(small):
    atoms = small.atoms.copy()
    atoms.positions[0] += atoms.cell[0]
    with pytest.raises(InputError, match=r"atoms 1 and 0 are bound .* make molecules whole"):
        Liquid(atoms, small.system, {}, "")


def test_wrong_number_of_atoms_is_refused(small):
    with pytest.raises(InputError, match="160 particles, the start box 159 atoms"):
        Liquid(small.atoms[:-1], small.system, {}, "")


@pytest.mark.parametrize("change", ["open", "skewed"])
def test_cells_that_do_not_fit_are_refused(small, change):
    atoms = small.atoms.copy()
    if change == "open":
        atoms.pbc = [True, True, False]
    else:
        atoms.cell[1, 0] = 1.0
    with pytest.raises(InputError, match="rectangular cell, periodic in all three"):
        Liquid(atoms, small.system, {}, "")


def test_box_thinner_than_twice_the_cutoff_is_refused(water):
    with pytest.raises(InputError, match="half the periodic box size"):
        forcefield_liquid(["amber14/tip3p.xml"], water, cutoff=9.0)


def test_missing_and_wrong_files_are_named(tmp_path, water):
    with pytest.raises(FileNotFoundError, match=r"nowhere\.pdb"):
        forcefield_liquid(["tip3p.xml"], tmp_path / "nowhere.pdb")
    with pytest.raises(InputError, match=r"nowhere\.xml"):
        forcefield_liquid(["nowhere.xml"], water)
    with pytest.raises(FileFormatError, match="not a serialised OpenMM system"):
        system_liquid(water, water)
    (tmp_path / "integrator.xml").write_text(mm.XmlSerializer.serialize(mm.VerletIntegrator(1.0)))
    with pytest.raises(FileFormatError, match="VerletIntegrator"):
        system_liquid(tmp_path / "integrator.xml", water)


def test_without_openmm_the_message_says_how_to_get_it(monkeypatch):
    for module in [name for name in sys.modules if name.partition(".")[0] == "openmm"]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "openmm", None)
    with pytest.raises(MissingExtraError, match=r"'openmm' is not installed.*pip install 'ecemc\[sample\]'"):
        opls_liquid("16EC:32EMC")
