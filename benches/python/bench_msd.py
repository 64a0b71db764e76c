"""Mean squared displacements: ours with all that belongs to it, against FFTs of paths that are already unwrapped."""

from __future__ import annotations

from common import measure, show  # first: it sets the number of threads

import importlib.util  # isort: skip
import os
import warnings

import numpy as np

from ecemc import _core

LENGTH = 25.7
N_FRAMES, N_ATOMS = 2000, 1000


def paths(n_frames=N_FRAMES, n_atoms=N_ATOMS):
    """Random walks, unwrapped."""
    rng = np.random.default_rng(0)
    steps = rng.normal(scale=0.1, size=(n_frames, n_atoms, 3))
    return rng.uniform(0, LENGTH, (n_atoms, 3)) + np.cumsum(steps, axis=0)


def ours(positions, *, per_atom, n_threads=1):
    """Wrap, unwrap, take off the drift, sum: by atom or by 300 groups (elements of molecules)."""
    n = positions.shape[1]
    groups = np.arange(n) if per_atom else np.arange(n) * 300 // n
    cells = np.repeat(LENGTH * np.eye(3)[None], len(positions), axis=0)

    def work():
        sums = _core.MSDAccumulator(groups.astype(np.uint32), np.ones(n), True)
        sums.add(0, positions, cells, (True, True, True), n_threads)
        return sums.result()

    return work


def by_numpy(positions):
    """All lags by FFT (Calandrini et al. 2011), mean over atoms; positions must be unwrapped and all in memory."""
    n = len(positions)
    square = np.append((positions**2).sum(axis=2), np.zeros((1, positions.shape[1])), axis=0)
    total, first = 2 * square.sum(axis=0), np.empty((n, positions.shape[1]))
    for lag in range(n):
        total = total - square[lag - 1] - square[n - lag]
        first[lag] = total / (n - lag)
    spectrum = np.fft.fft(positions, n=2 * n, axis=0)
    second = np.fft.ifft((spectrum * spectrum.conj()).real, axis=0)[:n].real.sum(axis=2)
    return (first - 2 * second / (n - np.arange(n))[:, None]).mean(axis=1)


def by_mdanalysis(positions):
    """EinsteinMSD with tidynamics; also wants unwrapped positions, reads them frame by frame from memory."""
    mda, msd = importlib.import_module("MDAnalysis"), importlib.import_module("MDAnalysis.analysis.msd")
    universe = mda.Universe.empty(positions.shape[1], trajectory=True)
    universe.load_new(positions.astype(np.float32))
    return lambda: msd.EinsteinMSD(universe, select="all", msd_type="xyz", fft=True).run().results.timeseries


def against_peers():
    """One trajectory, one thread."""
    positions = paths()
    found, twin = ours(positions, per_atom=True)(), by_numpy(positions)
    centered = by_numpy(positions - positions.mean(axis=1, keepdims=True) + positions[0].mean(axis=0))
    assert np.allclose(found["msd"].mean(axis=1)[:16], centered[1:17], rtol=1e-5)
    assert not np.allclose(twin[1:17], centered[1:17], rtol=1e-5)
    rows = [
        measure("ecemc, 300 groups", ours(positions, per_atom=False), at_least=3),
        measure("ecemc, every atom", ours(positions, per_atom=True), at_least=3),
        measure("NumPy FFT, unwrapped before", lambda: by_numpy(positions), at_least=2),
    ]
    if importlib.util.find_spec("MDAnalysis") and importlib.util.find_spec("tidynamics"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            rows.append(measure("MDAnalysis EinsteinMSD, unwrapped before", by_mdanalysis(positions), at_least=2))
    rate = (N_FRAMES, "frames/s")
    show(f"MSD of {N_FRAMES} frames of {N_ATOMS} atoms, one thread", rows, rate=rate)


def scaling():
    """Frames, atoms, threads."""
    rows = [
        measure(f"{n} frames of 1000 atoms", ours(paths(n), per_atom=False), at_least=2) for n in (1000, 2000, 4000)
    ]
    show("MSD, number of frames", rows)
    large = paths(20, 100_000)
    counts = sorted({1, 2, os.cpu_count() or 1})
    rows = [measure(f"{n} threads", ours(large, per_atom=False, n_threads=n), at_least=2) for n in counts]
    show("MSD of 20 frames of 100 000 atoms, number of threads", rows)


def main():
    against_peers()
    scaling()


if __name__ == "__main__":
    main()
