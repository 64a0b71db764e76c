"""From boxes to a fitted and judged potential: sample, label, split, fit, errors, volume scan, map.

The reference is OPLS-AA, so everything runs in two minutes on a laptop; with DFT, only the labels would come from
elsewhere. Three models: double SOAP trained on liquid boxes alone, the same with isolated molecules and volume scans
added, and that with Turbo-SOAP. Their force errors are alike; what happens when the liquid expands is not. Writes all
files and figures to ``train_gap``. Boxes hold 2 EC + 4 EMC; better models come of larger ones, such as in
``python train_gap.py 4EC:8EMC`` (five minutes, 7 GB). Needs the extras ``sample`` and ``gap``.
"""

from __future__ import annotations

import sys
from pathlib import Path

import ecemc
from ecemc.dataset import split_dataset, write_split
from ecemc.evaluation import Ledger, label
from ecemc.gap import fit_gap, preset
from ecemc.maps import KernelPCAOptions, kernel_pca
from ecemc.methods import get_method
from ecemc.metrics import ErrorOptions, model_errors
from ecemc.plots import force_parity_figure, map_figure, png, scan_figure
from ecemc.sampling import OplsOptions, SampleOptions, opls_liquid, sample
from ecemc.scans import ScanOptions, build_scans, scan

folder = Path("train_gap")
folder.mkdir(exist_ok=True)
opls = get_method("opls")
composition = sys.argv[1] if len(sys.argv) > 1 else "2EC:4EMC"

# 1. Liquid boxes at 500 K, four frames of each density (g/cm³), labelled and split.
boxes = []
for seed, density in enumerate((0.75, 0.95, 1.1), start=1):
    liquid = opls_liquid(composition, density=density, seed=seed, options=OplsOptions(cutoff=4.8))
    run = SampleOptions(500.0, time=8000.0, equilibration=4000.0, frame_interval=2000.0, seed=seed)
    boxes += ecemc.read(sample(liquid, folder / f"liquid_{density}.extxyz", run, overwrite=True).path)
label(boxes, folder / "boxes.extxyz", opls)
split = split_dataset(folder / "boxes.extxyz", {"train": 0.75, "test": 0.25}, seed=1)
paths = write_split(folder / "boxes.extxyz", split, folder)
train, test = ecemc.read(paths["train"]), ecemc.read(paths["test"])

# 2. What liquid boxes do not tell: isolated molecules, and molecules that are pulled apart and pushed together.
molecules = list(ecemc.isolated_molecules(train, per_frame=1, seed=1))
scales = (0.92, 0.96, 1.05, 1.15, 1.3, 1.6)
pulled = [box for each in build_scans(train[::4], scales) for box in each.boxes]
extra = label([*molecules, *pulled], folder / "extra.extxyz", opls).path

# 3. Fits. OPLS-AA knows no free atoms; with DFT the default, frames with one atom, gives their energies.
liquid_only, everything = [paths["train"]], [paths["train"], extra]
sets = {"DS-liquid": ("DS:quick", liquid_only), "DS": ("DS:quick", everything), "DTS": ("DTS:quick", everything)}
models = {}
for name, (settings, data) in sets.items():
    params = preset(settings).replace(e0={"H": 0.0, "C": 0.0, "O": 0.0})
    fitted = fit_gap(data, params, folder / f"{name}.xml", overwrite=True)
    models[name] = get_method(fitted.path)
    print(f"{name:9s} fitted to {fitted.counts} in {fitted.seconds:.0f} s and {fitted.peak_memory / 1e9:.1f} GB")

# 4. Errors on boxes that no model has seen, within and between molecules, and by motion.
with Ledger(folder / "ledger") as ledger:
    for name, model in models.items():
        report = model_errors(test, model, opls, options=ErrorOptions(by=(), ledger=ledger))
        for row in report.table.rows():
            if row.quantity != "virial":
                rmse = f"{1000 * row.rmse:6.1f} m{row.unit}"
                print(f"{name:9s} {row.quantity:6s} {row.part:5s} RMSE {rmse}, {row.rrmse:.0%}")
        (folder / f"forces_{name}.png").write_bytes(png(force_parity_figure(report)))

    # 5. A volume scan of a test box.
    scales = (0.92, 0.95, 0.98, 1.01, 1.04, 1.08, 1.12, 1.2, 1.3, 1.5, 2.0, 3.0)
    result = scan(test[0], opls, models, ScanOptions(scales), ledger=ledger)
for score in result.scores[1:]:
    print(
        f"{score.method:9s} wall {score.wall:5.1f}, well {score.well:5.1f}, tail {score.tail:5.1f}, "
        f"isolated molecules {score.isolated_error:6.1f} meV/atom"
    )
(folder / "scan.png").write_bytes(png(scan_figure(result, relative="reference")))

# 6. Where the configurations lie: scans fill the gap between molecules and liquid.
found = kernel_pca(train + ecemc.read(extra), KernelPCAOptions(n_landmarks=200))
(folder / "map.png").write_bytes(png(map_figure(found, "config_type")))
print("figures:", *sorted(path.name for path in folder.glob("*.png")))
