"""The whole loop: a reference liquid, labels, a GAP, its errors, a volume scan, NPT dynamics, a diagnosis, one page.

Shows and runs one command after another, in the folder ``quickstart`` or the one that is given. Commands that are done
are not run again, so the loop goes on where it was interrupted. Takes about eight minutes on two cores and 4 GB of
memory; ``--small`` shows the way in a minute or two, with numbers that mean nothing. The reference is OPLS-AA; with
DFT, only the labels would come from elsewhere. Needs the extras ``sample`` and ``gap``.
"""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
import time
from pathlib import Path

#: Every line is a command, or says what the next commands are for.
LOOP = """
# The reference: a liquid at constant pressure, and its density, structure and motion.
ecemc sample {composition} --temperature 400 --cutoff {cutoff} --time {reference} --equilibration {settle} --seed 1 \
-o reference.extxyz
ecemc analyze reference.extxyz -o reference

# What the model learns from: boxes of three densities, hotter than the liquid it is meant for; some are for tests.
ecemc sample {composition} --ensemble nvt --density 0.75 --temperature 500 --cutoff {cutoff} --time {boxes} \
--equilibration {boxes} --every 2ps --seed 2 -o thin.extxyz
ecemc sample {composition} --ensemble nvt --density 0.95 --temperature 500 --cutoff {cutoff} --time {boxes} \
--equilibration {boxes} --every 2ps --seed 3 -o liquid.extxyz
ecemc sample {composition} --ensemble nvt --density 1.15 --temperature 500 --cutoff {cutoff} --time {boxes} \
--equilibration {boxes} --every 2ps --seed 4 -o dense.extxyz
ecemc label thin.extxyz liquid.extxyz dense.extxyz --method opls -o boxes.extxyz
ecemc split boxes.extxyz --train 0.8 --test 0.2 --seed 1

# Liquid boxes do not tell what is within and what between molecules: isolated molecules and volume scans do.
ecemc isolate train.extxyz --per-frame 1 -o molecules.extxyz
ecemc label molecules.extxyz --method opls -o isolated.extxyz
ecemc scan train.extxyz --select ::4 --reference opls --scales 0.92,0.96,1.05,1.12,1.2,1.3,1.6 \
--write-frames scans.extxyz
ecemc fit train.extxyz isolated.extxyz scans.extxyz --preset DTS:quick --n-sparse {n_sparse} --virial-sigma 0.01 \
--e0 C=0,H=0,O=0 -o gap.xml

# How wrong is it, and where: within molecules, between them, when they are pulled apart?
ecemc errors test.extxyz --model gap.xml --reference opls -o errors
ecemc scan test.extxyz --select 0 --reference opls --model gap.xml -o scan
ecemc check-calculator test.extxyz --model gap.xml

# The test that counts: does its liquid keep the density of the reference?
ecemc md reference.extxyz --model gap.xml --ensemble npt --temperature 400 --time {run} --timestep 1fs --every 100fs \
--seed 1 -o npt.extxyz
ecemc analyze npt.extxyz -o npt
ecemc density npt.extxyz --experiment opls -o density.json -o density.png
ecemc compare reference npt -o comparison
ecemc diagnose . -o model
"""

FULL = {
    "composition": "4EC:8EMC", "cutoff": 5.5, "reference": "100ps", "settle": "20ps", "boxes": "10ps", "n_sparse": 100,
    "run": "40ps",
}  # fmt: skip
SMALL = {
    "composition": "2EC:4EMC", "cutoff": 4.5, "reference": "4ps", "settle": "1ps", "boxes": "4ps", "n_sparse": 30,
    "run": "1ps",
}  # fmt: skip


def run(command: str, folder: Path) -> None:
    """Run a command of the loop, unless it was done before; end if it fails."""
    done = folder / "done.txt"
    if done.exists() and command in done.read_text().splitlines():
        print(f"$ {command}\n  (done)")
        return
    print(f"$ {command}", flush=True)
    started = time.monotonic()
    program = [sys.executable, "-m", *shlex.split(command)]
    status = subprocess.run(program, cwd=folder, check=False).returncode  # noqa: S603 (from the list above)
    # 1: the work is done and found something to complain about, which the page says too.
    if status not in {0, 1}:
        sys.exit(status)
    print(f"  [{time.monotonic() - started:.0f} s]", flush=True)
    with done.open("a") as file:
        file.write(f"{command}\n")


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folder", nargs="?", type=Path, default=Path("quickstart"))
    options.add_argument("--small", action="store_true", help="the same loop with less of everything")
    chosen = options.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("COLUMNS", "110")
    for line in LOOP.format(**(SMALL if chosen.small else FULL)).splitlines():
        if line.startswith("#"):
            print(f"\n{line}")
        elif line:
            run(line, chosen.folder)
    print(f"\nPage of the model: {chosen.folder / 'model' / 'index.html'}")
