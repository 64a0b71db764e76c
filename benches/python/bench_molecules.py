"""Molecules, make whole, force decomposition, volume scan: ours against NumPy/SciPy/ASE twins of the usual scripts."""

from __future__ import annotations

from common import box, measure, show  # first: it sets the number of threads

import ase.neighborlist  # isort: skip
import numpy as np
from ase.neighborlist import natural_cutoffs
from scipy.sparse.csgraph import connected_components

import ecemc


def find_by_ase(atoms):
    """ASE's neighbour list object and SciPy's connected components."""
    neighbors = ase.neighborlist.NeighborList(natural_cutoffs(atoms, mult=1.3), self_interaction=False, bothways=True)
    neighbors.update(atoms)
    return connected_components(neighbors.get_connectivity_matrix())[1], neighbors


def whole_by_walk(atoms):
    """Breadth-first walk over the bonds in Python."""
    index, neighbors = find_by_ase(atoms)
    positions, seen = atoms.positions.copy(), np.zeros(len(atoms), bool)
    for molecule in range(index.max() + 1):
        queue = [int(np.flatnonzero(index == molecule)[0])]
        seen[queue[0]] = True
        while queue:
            i = queue.pop()
            for j, shift in zip(*neighbors.get_neighbors(i), strict=True):
                if not seen[j]:
                    seen[j] = True
                    d = atoms.positions[j] + shift @ atoms.cell[:] - atoms.positions[i]
                    positions[j] = positions[i] + d
                    queue.append(int(j))
    return positions


def decompose_by_loop(atoms, forces, index):
    """One molecule after the other in NumPy, on whole molecules."""
    translational, rotational = np.zeros_like(forces), np.zeros_like(forces)
    masses = atoms.get_masses()
    for molecule in range(index.max() + 1):
        own = np.flatnonzero(index == molecule)
        m, f = masses[own], forces[own]
        r = atoms.positions[own] - m @ atoms.positions[own] / m.sum()
        inertia = (m * (r**2).sum(1)).sum() * np.eye(3) - np.einsum("i,ij,ik->jk", m, r, r)
        translational[own] = m[:, None] / m.sum() * f.sum(0)
        rotational[own] = m[:, None] * np.cross(np.linalg.pinv(inertia) @ np.cross(r, f).sum(0), r)
    return translational, rotational, forces - translational - rotational


def scan_by_loop(atoms, scales, index):
    """A copy of the frame for each scale, molecules moved one after the other."""
    frames, masses = [], atoms.get_masses()
    for scale in scales:
        frame = atoms.copy()
        for molecule in range(index.max() + 1):
            own = np.flatnonzero(index == molecule)
            center = masses[own] @ atoms.positions[own] / masses[own].sum()
            frame.positions[own] += (scale - 1) * center
        frame.set_cell(atoms.cell * scale)
        frames.append(frame)
    return frames


def main():
    atoms = box()
    atoms.wrap()
    whole = ecemc.make_whole(atoms)
    molecules, found = ecemc.find_molecules(atoms), ecemc.find_molecules(whole)
    forces = np.random.default_rng(0).normal(size=(len(atoms), 3))
    scales = np.linspace(0.9, 1.6, 20)
    title = f"{len(atoms)} atoms, one thread"
    rows = [
        measure("ecemc", lambda: ecemc.find_molecules(atoms, n_threads=1)),
        measure("ASE + SciPy", lambda: find_by_ase(atoms)),
    ]
    show(f"Find molecules, {title}", rows)
    rows = [
        measure("ecemc, molecules known", lambda: ecemc.make_whole(atoms, molecules)),
        measure("ecemc, molecules found first", lambda: ecemc.make_whole(atoms)),
        measure("ASE + walk in Python", lambda: whole_by_walk(atoms)),
    ]
    show(f"Make whole, {title}", rows)
    rows = [
        measure("ecemc", lambda: ecemc.decompose_forces(whole, forces, found, n_threads=1)),
        measure("NumPy, molecule by molecule", lambda: decompose_by_loop(whole, forces, found.index)),
    ]
    show(f"Force decomposition, {title}", rows)
    rows = [
        measure("ecemc", lambda: ecemc.volume_scan(whole, scales, molecules=found)),
        measure("NumPy + ASE copies", lambda: scan_by_loop(whole, scales, found.index)),
    ]
    show(f"Volume scan, 20 points, {title}", rows)


if __name__ == "__main__":
    main()
