"""The whole of ``ecemc analyze`` on about 1 GB: time, peak memory, scaling; peers on what they can do."""

from __future__ import annotations

from common import Row, measure, show  # first: it sets the number of threads

import importlib.util  # isort: skip
import io
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import ase.io
import numpy as np
from ase import units

import ecemc.testing

FRAMES = 10_000
#: Frames that peers get; their times are per frame.
PEER_FRAMES = 100


def real_frames(n):
    """1000 atoms of EC:EMC that move and turn, with velocities, energy and virial."""
    liquid = ecemc.testing.liquid(25, 50, density=0.98, seed=1)
    rng = np.random.default_rng(1)
    for k, atoms in enumerate(ecemc.testing.trajectory(liquid, n, seed=1)):
        thermal = np.sqrt(units.kB * 400.0 * atoms.get_masses())[:, None]
        atoms.arrays["momenta"] = thermal * rng.normal(size=(len(atoms), 3))
        # An NPT run breathes.
        atoms.set_cell(atoms.cell * (1.0 + 0.002 * np.sin(0.1 * k)), scale_atoms=True)
        atoms.info = {"REF_energy": -10.0 + rng.normal(), "REF_virial": rng.normal(size=9) * 30.0}
        atoms.calc = None
        yield atoms


def write(path, texts, n):
    """The same frames there and back again, with their own times."""
    with path.open("w") as file:
        for k in range(n):
            turn, place = divmod(k, len(texts))
            text = texts[place if turn % 2 == 0 else -1 - place]
            file.write(text.replace("TIME", f"{200.0 * k}", 1))


def as_text(atoms):
    buffer = io.StringIO()
    atoms.info["time"] = "TIME"
    ase.io.write(buffer, atoms, format="extxyz", write_results=False)
    return buffer.getvalue()


def run(path, folder, *options):
    """Wall time in seconds and peak memory in MB of the command, in a process of its own."""
    code = (
        "import resource, sys, time; start = time.perf_counter(); from ecemc.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "finally: print('TIME', time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3)"
    )
    environment = {**os.environ, "OMP_NUM_THREADS": ""}
    command = [sys.executable, "-c", code, "analyze", str(path), "-o", str(folder), *options]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode not in (0, 1):
        sys.exit(done.stderr)
    *_, seconds, peak = next(line for line in done.stdout.splitlines() if line.startswith("TIME")).split()
    return float(seconds), float(peak)


def scaling(folder, texts):
    """Frames and threads; gives the time per frame of the last line, which is on one thread."""
    print(f"\n### ecemc analyze, {len(texts)} different frames of 1000 atoms over and over, everything on\n")
    print("| frames | file (MB) | threads | time (s) | per frame (ms) | peak memory (MB) |")
    print("|---:|---:|---:|---:|---:|---:|")
    path = folder / "run.extxyz"
    cores = os.cpu_count() or 1
    for n, threads in [(FRAMES // 4, cores), (FRAMES // 2, cores), (FRAMES, cores), (FRAMES, 1)]:
        write(path, texts, n)
        seconds, peak = run(path, folder / "report", "--threads", str(threads))
        size = path.stat().st_size / 1e6
        print(f"| {n} | {size:.0f} | {threads} | {seconds:.1f} | {1e3 * seconds / n:.2f} | {peak:.0f} |", flush=True)
    return seconds / n


def peers(frames, ours):
    """Time per frame of peers, one thread, on what they can do of it, from a binary file without parsing of text."""
    rows = [Row(f"ecemc analyze, everything, from text, of {FRAMES} frames", ours, ours)]
    r_max = frames[0].cell.lengths().min() / 2 - 0.1
    for name, make in (("MDAnalysis", by_mdanalysis), ("mdtraj", by_mdtraj)):
        if importlib.util.find_spec(name):
            for what, call in make(frames, r_max).items():
                row = measure(f"{name}, {what}", call, at_least=1)
                rows.append(Row(row.name, row.best / len(frames), row.median / len(frames)))
    show(f"Per frame of {len(frames)} frames of 1000 atoms, one thread", rows)


def by_mdanalysis(frames, r_max):
    mda = importlib.import_module("MDAnalysis")
    rdf = importlib.import_module("MDAnalysis.analysis.rdf")
    msd = importlib.import_module("MDAnalysis.analysis.msd")
    universe = mda.Universe.empty(len(frames[0]), trajectory=True)
    coordinates = np.array([atoms.positions for atoms in frames], dtype=np.float32)
    boxes = np.array([[*atoms.cell.lengths(), 90, 90, 90] for atoms in frames], dtype=np.float32)
    universe.load_new(coordinates, order="fac", dimensions=boxes)
    return {
        "total RDF": lambda: rdf.InterRDF(
            universe.atoms, universe.atoms, 200, (0.0, r_max), exclusion_block=(1, 1)
        ).run(),
        "MSD of atoms, windowed, without unwrapping": lambda: msd.EinsteinMSD(universe, fft=False).run(),
    }


def by_mdtraj(frames, r_max):
    mdtraj = importlib.import_module("mdtraj")
    topology = mdtraj.Topology()
    residue = topology.add_residue("ALL", topology.add_chain())
    for symbol in frames[0].get_chemical_symbols():
        topology.add_atom(symbol, mdtraj.element.get_by_symbol(symbol), residue)
    coordinates = np.array([atoms.positions for atoms in frames]) / 10
    boxes = np.array([atoms.cell.lengths() for atoms in frames]) / 10
    trajectory = mdtraj.Trajectory(
        coordinates, topology, unitcell_lengths=boxes, unitcell_angles=np.full_like(boxes, 90)
    )
    pairs = np.array(np.triu_indices(len(frames[0]), 1)).T
    return {"total RDF": lambda: mdtraj.compute_rdf(trajectory, pairs, r_range=(0, r_max / 10), n_bins=200)}


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        frames = list(real_frames(PEER_FRAMES))
        peers(frames, scaling(folder, [as_text(atoms) for atoms in frames]))


if __name__ == "__main__":
    main()
