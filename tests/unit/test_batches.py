"""Batches of frames give what the same functions give frame by frame."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms, units
from ase.build import molecule
from ase.data import atomic_masses

from ecemc import _core, find_molecules
from ecemc.environments import local_environments, named_environments
from ecemc.errors import InfiniteMoleculeError, InputError
from ecemc.frames import batch
from ecemc.molecules import kind_names, molecule_tracker
from ecemc.rdf import RDFAccumulator, rdf, rdf_groups
from ecemc.rigid_body import kinetic_energies, rigid_bodies
from ecemc.testing import ec, emc, liquid, trajectory
from ecemc.voids import largest_hole, largest_holes


@pytest.fixture(scope="module")
def frames():
    """A liquid in motion, with one frame of another size."""
    return [*trajectory(liquid(4, 8, 0.9), 5), liquid(2, 2, 0.8)]


@pytest.fixture(scope="module")
def tracked(frames):
    tracker = molecule_tracker()
    together = batch(frames)
    return tracker, together, tracker.add(0, together)


def test_rdfs_of_elements_have_the_same_bits(frames, tracked):
    _, together, molecules = tracked
    single, whole, parts = (RDFAccumulator(6.0, 40) for _ in range(3))
    single.add(frames)
    whole.add_frames(together, molecules, n_threads=1)
    parts.add_frames(together.slice(4, 6), molecules.slice(4, 6), start=4)
    parts.add_frames(together.slice(0, 4), molecules.slice(0, 4), start=0, n_threads=2)
    assert single.to_bytes() == whole.to_bytes() == parts.to_bytes()


def test_rdfs_by_species_add_up_to_those_of_elements(frames):
    elements = rdf(frames, 6.0, 40, normalization="total")
    species = rdf(frames, 6.0, 40, by="species", normalization="total")
    assert np.allclose(species.total, elements.total, rtol=1e-13)
    assert {group.split(".")[0] for pair in species.inter for group in pair} == {"EC", "EMC"}
    for part in ("intra", "inter"):
        for pair, curve in getattr(elements, part).items():
            groups = [
                curve
                for (a, b), curve in getattr(species, part).items()
                if tuple(sorted((a.split(".")[1], b.split(".")[1]))) == pair
            ]
            assert np.allclose(sum(groups), curve, rtol=1e-12, atol=1e-15)
    assert not any(species.intra["EC.C", "EMC.O"])


def test_rdfs_of_centres_are_those_of_atoms_in_their_places(frames):
    found = rdf(frames, 6.0, 12, by="center")
    stand_ins = []
    for atoms in frames:
        molecules = find_molecules(atoms)
        symbols = [{"EC": "He", "EMC": "Ne"}[name] for name in molecules.species]
        centers = rigid_bodies(atoms, molecules).centers
        stand_ins.append(Atoms(symbols, centers, cell=atoms.cell, pbc=True))
    expected = RDFAccumulator(6.0, 12)
    expected.add(stand_ins, [_apart(atoms) for atoms in stand_ins])
    expected = expected.result()
    for pair, key in (("He", "He"), ("EC", "EC")), (("He", "Ne"), ("EC", "EMC")), (("Ne", "Ne"), ("EMC", "EMC")):
        assert np.allclose(found.inter[key], expected.inter[pair], rtol=1e-9)
        assert not found.intra[key].any()


def _apart(atoms):
    """Every atom a molecule of its own, however near the next one is."""
    return find_molecules(atoms, scale={"He": 0.0, "Ne": 0.0})


def test_species_that_come_later_are_other():
    box = {"cell": [6, 6, 6], "pbc": True}
    frames = [molecule("H2O", **box)] * 64 + [molecule("CO", **box)]
    assert set(rdf(frames, 2.0, 4, by="center").inter) == {("H2O", "H2O"), ("other", "other")}
    assert ("other", "other") in rdf(frames, 2.0, 4, by="species").inter


def test_groups_are_checked(frames, tracked):
    tracker, together, molecules = tracked
    grouped = RDFAccumulator(5.0, 5, groups=rdf_groups(tracker, "center"))
    with pytest.raises(InputError, match="add_frames"):
        grouped.add(frames)
    grouped.add_frames(together, molecules)
    assert RDFAccumulator.from_bytes(grouped.to_bytes()).result().inter.keys() == grouped.result().inter.keys()
    with pytest.raises(InputError, match="groups"):
        grouped.merge(RDFAccumulator(5.0, 5))
    with pytest.raises(InputError, match="other frames"):
        grouped.add_frames(together.slice(0, 5), molecules)
    with pytest.raises(InputError, match="by: got 'atom'"):
        rdf(frames, 5.0, 5, by="atom")
    with pytest.raises(InputError, match="molecules: are found anew"):
        rdf(frames, 5.0, 5, by="species", molecules=find_molecules(frames[0]))
    chain = Atoms("C2", [[0, 0, 0], [1.4, 0, 0]], cell=[2.8, 9, 9], pbc=True)
    with pytest.raises(InfiniteMoleculeError, match="frame 0"):
        rdf(chain, 5.0, 5, by="center")


def test_environments_are_those_of_single_frames(frames, tracked):
    tracker, together, molecules = tracked
    expected = local_environments(frames, 6.5)
    sums = _core.EnvironmentAccumulator(6.5)
    sums.add(together, molecules, atomic_masses)
    found = named_environments(sums, kind_names(tracker))
    assert (found.n_frames, found.occurrences) == (6, expected.occurrences)
    # In parts, each with kinds of its own.
    late = molecule_tracker()
    later = together.slice(3, 6)
    rest = _core.EnvironmentAccumulator(6.5)
    rest.add(later, late.add(3, later), atomic_masses, 2)
    early = molecule_tracker()
    parts = _core.EnvironmentAccumulator(6.5)
    parts.add(together.slice(0, 3), early.add(0, together.slice(0, 3)), atomic_masses)
    parts.merge(_core.EnvironmentAccumulator.from_bytes(rest.to_bytes()), early.merge(late))
    assert parts.to_bytes() == sums.to_bytes()
    chain = batch([Atoms("C2", [[0, 0, 0], [1.4, 0, 0]], cell=[2.8, 9, 9], pbc=True)])
    lost = _core.EnvironmentAccumulator(6.5)
    lost.add(chain, tracker.add(6, chain), atomic_masses)
    assert lost.result() == (0, 1, [])
    assert named_environments(lost, []) is None
    with pytest.raises(InputError, match="state"):
        _core.EnvironmentAccumulator.from_bytes(sums.to_bytes()[:-1])


def test_holes_are_those_of_single_frames(frames):
    metal = Atoms("Fe", cell=[4, 4, 4], pbc=True)
    everything = [*frames, metal]
    holes = largest_holes(batch(everything))
    assert holes.tolist() == [largest_hole(atoms) for atoms in everything]
    bad = frames[0].copy()
    bad.positions[3] = np.nan
    with pytest.raises(InputError, match="frame 12: positions: atom 3"):
        largest_holes(batch([metal, metal, bad]), first=10)


def moving(atoms, temperature, seed):
    """The same atoms with velocities of Maxwell and Boltzmann."""
    atoms = atoms.copy()
    normal = np.random.default_rng(seed).normal(size=(len(atoms), 3))
    atoms.set_momenta(normal * np.sqrt(units.kB * temperature * atoms.get_masses())[:, None])
    return atoms


def test_kinetic_energies_add_up_and_are_shared_equally():
    frames = [moving(liquid(8, 16, 0.9), 400.0, seed) for seed in range(40)]
    tracker, together = molecule_tracker(), batch(frames)
    energies, dof = kinetic_energies(together, tracker.add(0, together))
    assert energies.shape == dof.shape == (40, 2, 3)
    for atoms, parts in zip(frames, energies, strict=True):
        momentum = atoms.get_momenta().sum(axis=0)
        drift = 0.5 * momentum @ momentum / atoms.get_masses().sum()
        assert parts.sum() == pytest.approx(atoms.get_kinetic_energy() - drift, rel=1e-7)
    assert dof.sum(axis=(1, 2)) == pytest.approx(np.full(40, 3 * len(frames[0]) - 3), rel=1e-12)
    assert dof[0, :, 1:].tolist() == [[24, 8 * 24], [48, 16 * 39]]
    shares = np.array([np.sum(part.get_masses()) for part in (ec(), emc())]) / np.sum(atoms.get_masses())
    assert dof[0, :, 0] == pytest.approx(np.array([24, 48]) * (1 - shares), rel=1e-12)
    temperatures = 2 * energies.sum(axis=0) / dof.sum(axis=0) / units.kB
    errors = 400.0 * np.sqrt(2 / dof.sum(axis=0))
    assert (abs(temperatures - 400.0) < 4 * errors).all()


@pytest.mark.parametrize("name", ["velocities", "velo", "vel"])
def test_velocities_are_taken_from_where_they_are(name):
    atoms = moving(molecule("H2O"), 300.0, 1)
    velocities = np.ascontiguousarray(atoms.get_velocities() * units.fs)
    momenta = batch([atoms])[0]
    none = momenta | {"columns": {}}
    plain = none | {"velocities": velocities}
    column = none | {"columns": {name: velocities}}
    frames = _core.Frames.from_records([plain, column, momenta, none])
    tracker = molecule_tracker()
    energies, dof = kinetic_energies(frames, tracker.add(0, frames))
    assert np.array_equal(energies[0], energies[1])
    assert np.allclose(energies[0], energies[2], rtol=1e-7)
    assert np.isnan(energies[3]).all()
    assert np.isnan(dof[3]).all()
    wrong = _core.Frames.from_records([plain | {"velocities": np.full((3, 3), np.nan)}])
    with pytest.raises(InputError, match="frame 4: velocities: atom 0"):
        kinetic_energies(wrong, tracker.add(4, wrong))


def test_clusters_and_empty_frames():
    cluster = moving(molecule("C2H6"), 300.0, 2)
    together = batch([cluster, Atoms()])
    tracker = molecule_tracker()
    molecules = tracker.add(0, together)
    assert molecules.n_molecules.tolist() == [1, 0]
    energies, _ = kinetic_energies(together, molecules)
    momentum = cluster.get_momenta().sum(axis=0)
    drift = 0.5 * momentum @ momentum / cluster.get_masses().sum()
    assert energies[0].sum() == pytest.approx(cluster.get_kinetic_energy() - drift, rel=1e-7)
    assert np.isnan(energies[1]).all()  # ASE has no momenta of no atoms
    sums = _core.EnvironmentAccumulator(3.0)
    sums.add(together, molecules, atomic_masses)
    assert sums.result() == (2, 0, [(0, [], 1)])
    with pytest.raises(InputError, match="frame 0: cell: got a frame without a volume"):
        RDFAccumulator(3.0, 3).add_frames(together, molecules)
    with pytest.raises(InputError, match="frame 0: cell: got no volume"):
        largest_holes(together)
