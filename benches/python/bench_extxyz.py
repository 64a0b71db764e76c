"""Extended XYZ into arrays: ours against the C library, chemfiles and ASE."""

from __future__ import annotations

from common import box, measure, show  # first: it sets the number of threads

import tempfile  # isort: skip
from pathlib import Path

import ase.io
import chemfiles
import extxyz
import numpy as np

import ecemc
from ecemc.trajectory import iread_batches

FRAMES = 200


def write(path):
    """Write a liquid with thermal noise, positions and forces with eight decimals; gives the size in MB."""
    rng = np.random.default_rng(0)
    atoms = box()
    with path.open("w") as file:
        for step in range(FRAMES):
            frame = atoms.copy()
            frame.positions += rng.normal(scale=0.1, size=frame.positions.shape)
            frame.arrays["forces"] = rng.normal(size=frame.positions.shape)
            frame.info = {"energy": -1.0e4 + rng.normal(), "step": step}
            ase.io.write(file, frame, format="extxyz")
    return path.stat().st_size / 1e6


def in_batches(path, n_threads):
    return sum(len(frames) for frames in iread_batches(path, n_threads=n_threads))


def as_arrays(path, n_threads):
    return sum(len(frames[k]) for frames in iread_batches(path, n_threads=n_threads) for k in range(len(frames)))


def by_chemfiles(path):
    with chemfiles.Trajectory(str(path), "r", "XYZ") as trajectory:
        return sum(len(trajectory.read().positions) for _ in range(trajectory.nsteps))


def contenders(path):
    """One call each over the whole file; a few frames for ASE."""
    yield "ecemc, NumPy arrays of each frame, 1 thread", lambda: as_arrays(path, 1)
    yield "ecemc, batches for accumulators, 1 thread", lambda: in_batches(path, 1)
    yield "ecemc, batches for accumulators, 2 threads", lambda: in_batches(path, 2)
    yield "ecemc, ase.Atoms of each frame, 1 thread", lambda: sum(1 for _ in ecemc.iread(path, n_threads=1))
    yield "extxyz (C), NumPy arrays", lambda: sum(1 for _ in extxyz.iread_dicts(str(path)))
    yield "extxyz (C), fast comment parser", lambda: sum(1 for _ in extxyz.iread_dicts(str(path), use_cleri=False))
    yield "chemfiles", lambda: by_chemfiles(path)
    yield "ASE", lambda: ase.io.read(path, ":", format="extxyz")


def main():
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "liquid.xyz"
        megabytes = write(path)
        rows = [measure(name, call) for name, call in contenders(path)]
        title = f"Extended XYZ, {FRAMES} frames of 1280 atoms with positions and forces, {megabytes:.0f} MB"
        show(title, rows, rate=(megabytes, "MB/s"))


if __name__ == "__main__":
    main()
