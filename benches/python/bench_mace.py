"""GAP models on the native engine beside MACE networks on PyTorch, both in double and MACE also in single precision."""

from __future__ import annotations

from common import measure, show  # first: it sets the number of threads

import tempfile  # isort: skip
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np

from ecemc.gap.native import NativeModel

from bench_gap import MODELS, box, native, write_model  # isort: skip

try:
    import torch
    from mace import modules
    from mace.calculators import MACECalculator
except ImportError:
    torch = None

#: Channels and cutoff (Å), as the small and the medium MACE-OFF23 have them.
NETWORKS = {"small": ("96x0e", 4.5), "medium": ("128x0e + 128x1o", 5.0)}


def network(irreps, cutoff):
    """A network with random weights, which costs the same time."""
    from e3nn.o3 import Irreps  # noqa: PLC0415  (after mace, which sets how e3nn is loaded)

    torch.manual_seed(0)
    return modules.ScaleShiftMACE(
        r_max=cutoff,
        num_bessel=8,
        num_polynomial_cutoff=5,
        max_ell=3,
        interaction_cls=modules.interaction_classes["RealAgnosticResidualInteractionBlock"],
        interaction_cls_first=modules.interaction_classes["RealAgnosticResidualInteractionBlock"],
        num_interactions=2,
        num_elements=3,
        hidden_irreps=Irreps(irreps),
        MLP_irreps=Irreps("16x0e"),
        atomic_energies=np.zeros(3),
        avg_num_neighbors=40.0,
        atomic_numbers=[1, 6, 8],
        correlation=3,
        gate=torch.nn.functional.silu,
        radial_MLP=[64, 64, 64],
        atomic_inter_scale=1.0,
        atomic_inter_shift=0.0,
    )


def mace(model, precision, frame, n_threads):
    """A step of a simulation at each call, as in the other benchmark."""
    calculator = MACECalculator(models=[model], device="cpu", default_dtype=precision)
    moved, rng = frame.copy(), np.random.default_rng(0)

    def call():
        torch.set_num_threads(n_threads)
        moved.positions += rng.normal(scale=0.001, size=moved.positions.shape)
        calculator.calculate(moved)

    return call


def main():
    if torch is None:
        print("\nmace: skipped, mace-torch is not installed")
        return
    warnings.simplefilter("ignore")
    torch.set_default_dtype(torch.float64)
    networks = {name: network(*shape) for name, shape in NETWORKS.items()}
    with tempfile.TemporaryDirectory() as folder:
        sparse = [box(640, 0.985, seed) for seed in range(6)]
        models = {}
        for name, templates in MODELS.items():
            path = Path(folder) / name.replace(" ", "_") / "model.xml"
            path.parent.mkdir()
            write_model(path, templates, sparse)
            models[name] = NativeModel(path)
    for n_atoms in (160, 640):
        for n_threads in (1, 2):
            frame = box(n_atoms, 0.95)
            rows = [measure(f"ecemc, {name}", native(model, frame, n_threads)) for name, model in models.items()]
            rows += [
                measure(f"MACE {name}, {precision}", mace(model, precision, frame, n_threads), at_least=2)
                for name, model in networks.items()
                for precision in ("float32", "float64")
            ]
            show(
                f"{n_atoms} atoms, {n_threads} thread{'s' * (n_threads > 1)}: energy, forces and virial, per atom",
                [replace(row, best=row.best / n_atoms, median=row.median / n_atoms) for row in rows],
            )


if __name__ == "__main__":
    main()
