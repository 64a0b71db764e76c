"""Neighbour list ``ijSDd``: ours against vesin, matscipy, freud and ASE."""

from __future__ import annotations

from common import box, measure, show  # first: it sets the number of threads

import ase.neighborlist  # isort: skip
import freud
import matscipy.neighbours
import vesin

import ecemc

CUTOFF = 6.0


def contenders(atoms):
    """One call each; vesin twice, since our list is sorted."""
    cell, positions = atoms.cell[:], atoms.positions
    free = vesin.NeighborList(cutoff=CUTOFF, full_list=True, sorted=False)
    ordered = vesin.NeighborList(cutoff=CUTOFF, full_list=True, sorted=True)
    freud_box = freud.box.Box.from_matrix(cell.T)

    def by_freud():
        query = freud.locality.AABBQuery(freud_box, positions)
        return query.query(positions, {"r_max": CUTOFF, "exclude_ii": True}).toNeighborList()

    yield "ecemc (sorted)", lambda: ecemc.neighbor_list("ijSDd", atoms, CUTOFF, n_threads=1)
    yield "vesin", lambda: free.compute(positions, cell, True, "ijSDd")
    yield "vesin (sorted)", lambda: ordered.compute(positions, cell, True, "ijSDd")
    yield "matscipy", lambda: matscipy.neighbours.neighbour_list("ijSDd", atoms, CUTOFF)
    yield "freud (ij, d in float32)", by_freud
    yield "ASE", lambda: ase.neighborlist.neighbor_list("ijSDd", atoms, CUTOFF)


def main():
    for copies in (1, 2, 4):
        atoms = box(copies)
        slow = {"ASE", "freud (ij, d in float32)"} if copies == 4 else set()
        rows = [measure(name, call) for name, call in contenders(atoms) if name not in slow]
        show(f"Neighbour list ijSDd, 6 Å, {len(atoms)} atoms, one thread", rows)
    atoms = box(4)
    threads = [
        measure(f"ecemc, {n} threads", lambda n=n: ecemc.neighbor_list("ijSDd", atoms, CUTOFF, n_threads=n))
        for n in (1, 2)
    ]
    show(f"The same by threads, {len(atoms)} atoms", threads)


if __name__ == "__main__":
    main()
