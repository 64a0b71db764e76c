"""GAP models: the native engine against QUIP, same model and frames; threads, size, molecules in batches."""

from __future__ import annotations

from common import measure, show  # first: it sets the number of threads

import hashlib  # isort: skip
import resource
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from ecemc.gap.native import NativeModel, descriptors
from ecemc.testing import ec, liquid

try:
    from quippy.potential import Potential
except ImportError:
    Potential = None

ELEMENTS = (1, 6, 8)
N_SPARSE = 500
LABEL = "GAP_bench"
TURBO = (
    "soap_turbo l_max=4 alpha_max={8 8 8} basis=poly3gauss radial_enhancement=1 scaling_mode=polynomial "
    "central_weight={1 1 1} nf=4"
)
MODELS = {
    "DS": (
        "soap cutoff=3.0 cutoff_transition_width=0.5 n_max=8 l_max=4 atom_sigma=0.3",
        "soap cutoff=6.0 cutoff_transition_width=1.0 n_max=8 l_max=4 atom_sigma=0.5",
    ),
    "DTS": (
        f"{TURBO} rcut_hard=3.0 rcut_soft=2.5 atom_sigma_r={{0.3 0.3 0.3}} atom_sigma_t={{0.3 0.3 0.3}}",
        f"{TURBO} rcut_hard=6.0 rcut_soft=5.0 atom_sigma_r={{0.6 0.6 0.6}} atom_sigma_t={{0.6 0.6 0.6}}",
    ),
}
MODELS["DTS trivial"] = tuple(text + " compress_mode=trivial" for text in MODELS["DTS"])


def box(n_atoms, density, seed=0):
    """EC:EMC 1:2."""
    return liquid(n_atoms // 40, n_atoms // 20, density=density, seed=seed)


def write_model(path, templates, frames):
    """A model whose sparse points are environments of frames; weights are random, which costs the same time."""
    rng = np.random.default_rng(0)
    terms = []
    for template in templates:
        for index, number in enumerate(ELEMENTS):
            center = f"central_index={index + 1}" if "turbo" in template else f"Z={number}"
            text = f"{template} n_species=3 species_Z={{1 6 8}} {center}"
            points = descriptors(text, frames)[1]
            points = points[rng.permutation(len(points))[:N_SPARSE]]
            label, n = f"{LABEL}{len(terms) + 1}", len(points)
            file = path.with_name(f"{path.name}.sparseX.{label}")
            np.savetxt(file, points.reshape(-1), fmt="%.20e")
            md5 = hashlib.md5(file.read_bytes()).hexdigest()
            weights = "".join(
                f'<sparseX i="{k + 1}" alpha="{alpha:.17e}" sparseCutoff="1.0"/>\n'
                for k, alpha in enumerate(rng.normal(size=n))
            )
            terms.append(
                f'<gpCoordinates label="{label}" dimensions="{points.shape[1]}" signal_variance="0.1" '
                f'signal_mean="0.0" sparsified="T" n_permutations="1" covariance_type="2" zeta="4.0" '
                f'n_sparseX="{n}" sparseX_filename="{file.name}" sparseX_md5sum="{md5}">'
                f'<descriptor>{text}</descriptor><permutation i="1">1</permutation>{weights}</gpCoordinates>\n'
            )
    path.write_text(
        f'<{LABEL}>\n<Potential label="{LABEL}" init_args="IP GAP label={LABEL}"/>\n'
        f'<GAP_params label="{LABEL}" gap_version="1769700636">\n<GAP_data do_core="F"/>\n'
        f'<gpSparse label="{LABEL}" n_coordinate="{len(terms)}" fitted="T">\n{"".join(terms)}</gpSparse>\n'
        f"</GAP_params>\n</{LABEL}>\n"
    )


def native(model, frame, n_threads=1):
    """A step of a simulation at each call: all atoms move a little."""
    moved, rng = frame.copy(), np.random.default_rng(0)

    def call():
        moved.positions += rng.normal(scale=0.001, size=moved.positions.shape)
        return model.predict(moved, n_threads=n_threads)

    return call


def quip(path, frame):
    """The same with QUIP."""
    potential, moved, rng = Potential("", param_filename=str(path)), frame.copy(), np.random.default_rng(0)

    def call():
        moved.positions += rng.normal(scale=0.001, size=moved.positions.shape)
        potential.calculate(moved, ["energy", "forces", "stress"])

    return call


def against_quip(name, path):
    """Time per atom at three densities, in small and large boxes."""
    model = NativeModel(path)
    for density in (0.5, 0.95, 1.2):
        frame = box(160, density)
        rows = [measure("ecemc, 160 atoms", native(model, frame))]
        rows.append(measure("ecemc, 1280 atoms", native(model, box(1280, density)), at_least=3))
        if Potential is not None:
            rows.append(measure("quippy, 160 atoms", quip(path, frame), at_least=1))
        sizes = (160, 1280, 160)[: len(rows)]
        per_atom = [replace(row, best=row.best / n, median=row.median / n) for row, n in zip(rows, sizes, strict=True)]
        show(f"{name}, {density} g/cm³: one call with forces and virial, per atom", per_atom)


def threads(path):
    """One thread against two."""
    model, frame = NativeModel(path), box(1280, 0.95)
    small = box(160, 0.95)
    show(
        "DS: threads",
        [
            measure("1280 atoms, two threads", native(model, frame, 2)),
            measure("1280 atoms, one thread", native(model, frame, 1)),
            measure("160 atoms, two threads", native(model, small, 2)),
            measure("160 atoms, one thread", native(model, small, 1)),
        ],
    )


def rate(path):
    """Operations of the large products per second, counted over the whole time, and what NumPy reaches."""
    model, frame = NativeModel(path), box(1280, 0.95)
    row = measure("", native(model, frame), at_least=3)
    flops = 2 * 2 * 2 * 1500 * N_SPARSE * len(frame)
    a, b = np.random.default_rng(0).normal(size=(2, 1500, 1500))
    peer = measure("", lambda: a @ b)
    print(
        f"\nDS: {flops / row.best * 1e-9:.1f} GFlop/s counting the products alone; "
        f"NumPy's own matrix product reaches {2 * 1500**3 / peer.best * 1e-9:.1f} on one thread"
    )


def size(path):
    """Time per atom and memory of large boxes."""
    model = NativeModel(path)
    print("\n### DS: size\n\n| atoms | ms per atom | largest memory so far (MB) |\n|---:|---:|---:|")
    for copies in (1, 2, 3, 4):
        frame = box(1600, 0.95).repeat(copies)
        start = time.perf_counter()
        model.predict(frame, n_threads=1)
        seconds = time.perf_counter() - start
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"| {len(frame)} | {seconds / len(frame) * 1e3:.3f} | {memory:.0f} |", flush=True)


def molecules(path):
    """Isolated molecules one by one and all at once."""
    model, rng = NativeModel(path), np.random.default_rng(0)
    frames = [ec() for _ in range(300)]
    for frame in frames:
        frame.positions += rng.normal(scale=0.05, size=frame.positions.shape)
    show(
        "DS: 300 molecules of ethylene carbonate",
        [
            measure("in one call", lambda: model.predict_many(frames, n_threads=1)),
            measure("one by one", lambda: [model.predict(frame, n_threads=1) for frame in frames]),
        ],
    )


def main():
    with tempfile.TemporaryDirectory() as folder:
        frames = [box(640, 0.985, seed) for seed in range(6)]
        for name, templates in MODELS.items():
            path = Path(folder) / name.replace(" ", "_") / "model.xml"
            path.parent.mkdir()
            write_model(path, templates, frames)
            against_quip(name, path)
        path = Path(folder) / "DS" / "model.xml"
        rate(path)
        threads(path)
        molecules(path)
        size(path)


if __name__ == "__main__":
    main()
