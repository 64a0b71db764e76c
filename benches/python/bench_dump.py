"""LAMMPS text dumps into arrays: ours against MDAnalysis, chemfiles and ASE."""

from __future__ import annotations

from common import box, measure, show  # first: it sets the number of threads

import tempfile  # isort: skip
import warnings
from pathlib import Path

import ase.io
import chemfiles
import numpy as np
from MDAnalysis.coordinates.LAMMPS import DumpReader

from ecemc import _core
from ecemc.frames import atoms_from_record

FRAMES = 100
SYMBOLS = ["C", "H", "O"]
HEADER = """ITEM: TIMESTEP
{step}
ITEM: NUMBER OF ATOMS
{n}
ITEM: BOX BOUNDS pp pp pp
0.0000000000000000e+00 {length:.16e}
0.0000000000000000e+00 {length:.16e}
0.0000000000000000e+00 {length:.16e}
ITEM: ATOMS id type {columns}
"""


def write(path, columns, vectors):
    """Write a liquid with thermal noise as LAMMPS does: six digits, atoms in changing order; gives the size in MB."""
    rng = np.random.default_rng(0)
    atoms = box()
    types = [SYMBOLS.index(symbol) + 1 for symbol in atoms.symbols]
    with path.open("w") as file:
        for step in range(FRAMES):
            arrays = [atoms.positions + rng.normal(scale=0.1, size=(len(atoms), 3))]
            arrays += [rng.normal(size=(len(atoms), 3)) for _ in range(vectors)]
            rows = np.hstack(arrays)
            file.write(HEADER.format(step=100 * step, n=len(atoms), length=atoms.cell[0, 0], columns=columns))
            for i in rng.permutation(len(atoms)):
                file.write(f"{i + 1} {types[i]} " + "".join(f"{x:g} " for x in rows[i]) + "\n")
    return path.stat().st_size / 1e6


def batches(path, n_threads):
    return _core.TrajectoryReader(path, n_threads=n_threads, types=SYMBOLS)


def in_batches(path, n_threads):
    return sum(len(frames) for frames in batches(path, n_threads))


def as_arrays(path, n_threads):
    return sum(len(frames[k]) for frames in batches(path, n_threads) for k in range(len(frames)))


def as_atoms(path):
    return sum(len(atoms_from_record(frames[k])) for frames in batches(path, 1) for k in range(len(frames)))


def by_chemfiles(path):
    with chemfiles.Trajectory(str(path), "r", "LAMMPS") as trajectory:
        return sum(len(trajectory.read().positions) for _ in range(trajectory.nsteps))


def by_mdanalysis(path, vectors):
    columns = ["vx", "vy", "vz", "fx", "fy", "fz"][: 3 * vectors] or None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with DumpReader(str(path), additional_columns=columns) as reader:
            return sum(len(step.positions) for step in reader)


def contenders(path, vectors):
    """One call each over the whole file."""
    yield "ecemc, NumPy arrays of each frame, 1 thread", lambda: as_arrays(path, 1)
    yield "ecemc, batches for accumulators, 1 thread", lambda: in_batches(path, 1)
    yield "ecemc, batches for accumulators, 2 threads", lambda: in_batches(path, 2)
    yield "ecemc, ase.Atoms of each frame, 1 thread", lambda: as_atoms(path)
    yield "chemfiles", lambda: by_chemfiles(path)
    yield "MDAnalysis", lambda: by_mdanalysis(path, vectors)
    yield "ASE", lambda: ase.io.read(path, ":", format="lammps-dump-text", specorder=SYMBOLS)


def main():
    with tempfile.TemporaryDirectory() as folder:
        for columns, vectors in (("x y z", 0), ("x y z vx vy vz fx fy fz", 2)):
            path = Path(folder) / "liquid.dump"
            megabytes = write(path, columns, vectors)
            rows = [measure(name, call) for name, call in contenders(path, vectors)]
            title = f"LAMMPS dump, {FRAMES} frames of 1280 atoms, id type {columns}, {megabytes:.0f} MB"
            show(title, rows, rate=(megabytes, "MB/s"))


if __name__ == "__main__":
    main()
