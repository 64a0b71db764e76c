"""RDFs: all partials, intra and inter, against peers that give the total only; voids."""

from __future__ import annotations

from common import box, measure, show  # first: it sets the number of threads

import importlib.util  # isort: skip
import os

import numpy as np

import ecemc

N_BINS = 200


def by_numpy(atoms, r_max):
    """The whole distance matrix, minimum image, total only."""
    d = atoms.positions[:, None] - atoms.positions
    lengths = atoms.cell.lengths()
    d -= lengths * np.round(d / lengths)
    counts = np.histogram(np.sqrt((d**2).sum(-1)), N_BINS, (0, r_max))[0]
    counts[0] -= len(atoms)
    return counts


def by_mdtraj(atoms, r_max):
    """mdtraj.compute_rdf wants the list of pairs; it is made before the clock starts, as its users do."""
    mdtraj = importlib.import_module("mdtraj")

    topology = mdtraj.Topology()
    residue = topology.add_residue("ALL", topology.add_chain())
    for symbol in atoms.get_chemical_symbols():
        topology.add_atom(symbol, mdtraj.element.get_by_symbol(symbol), residue)
    lengths, angles = atoms.cell.lengths()[None] / 10, atoms.cell.angles()[None]
    frames = mdtraj.Trajectory(atoms.positions[None] / 10, topology, unitcell_lengths=lengths, unitcell_angles=angles)
    pairs = np.array(np.triu_indices(len(atoms), 1)).T
    return lambda: mdtraj.compute_rdf(frames, pairs, r_range=(0, r_max / 10), n_bins=N_BINS)


def by_freud(atoms, r_max):
    """freud.density.RDF on one thread; it refuses r_max = L/2, so a little less."""
    freud = importlib.import_module("freud")

    freud.parallel.set_num_threads(1)
    lengths = atoms.cell.lengths()
    system = (freud.box.Box(*lengths), atoms.positions - lengths / 2)
    analysis = freud.density.RDF(bins=N_BINS, r_max=r_max * (1 - 1e-6))
    return lambda: analysis.compute(system, reset=True)


def against_peers():
    """One frame, r_max = L/2, one thread."""
    atoms = box()
    atoms.wrap()
    r_max, molecules = atoms.cell.lengths().min() / 2, ecemc.find_molecules(atoms)
    known = measure(
        "ecemc, all partials, intra and inter, molecules known",
        lambda: ecemc.rdf(atoms, r_max, N_BINS, molecules=molecules, n_threads=1),
    )
    rows = [
        known,
        measure("ecemc, molecules found too", lambda: ecemc.rdf(atoms, r_max, N_BINS, n_threads=1)),
        measure("NumPy distance matrix, total only", lambda: by_numpy(atoms, r_max)),
    ]
    for name, make in (("mdtraj", by_mdtraj), ("freud", by_freud)):
        if importlib.util.find_spec(name):
            rows.append(measure(f"{name}, total only", make(atoms, r_max)))
    show(f"RDF, {len(atoms)} atoms, r_max = L/2, {N_BINS} bins, one thread", rows)


def scaling():
    """Atoms at r_max = 12 Å, and threads over frames."""
    rows = []
    for copies in (1, 2, 4):
        atoms = box(copies)
        molecules = ecemc.find_molecules(atoms)
        call = lambda a=atoms, m=molecules: ecemc.rdf(a, 12.0, N_BINS, molecules=m, n_threads=1)  # noqa: E731
        rows.append(measure(f"{len(atoms)} atoms", call, at_least=3))
    show("RDF to 12 Å, one thread, number of atoms", rows)
    frames = [box()] * 32
    counts = sorted({1, 2, os.cpu_count() or 1})
    rows = [
        measure(f"{n} threads", lambda n=n: ecemc.rdf(frames, 12.0, N_BINS, n_threads=n), at_least=3) for n in counts
    ]
    show("RDF of 32 frames of 1280 atoms, molecules found, number of threads", rows)


def voids():
    """Largest empty sphere and void fraction."""
    rows = [
        measure(f"{len(atoms)} atoms", lambda a=atoms: ecemc.voids(a, n_threads=1), at_least=3)
        for atoms in (box(), box(2))
    ]
    show("Largest empty sphere (to 0.001 Å) and void fraction (0.5 Å), one thread", rows)


def main():
    against_peers()
    scaling()
    voids()


if __name__ == "__main__":
    main()
