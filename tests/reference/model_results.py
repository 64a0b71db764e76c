"""A folder with results of all verbs about one model, really computed, in some seconds.

The reference is OPLS-AA of a box of a few molecules, the model the same with a shorter cutoff.
"""

from __future__ import annotations

import contextlib
import io
import json
from typing import TYPE_CHECKING

import ecemc
from ecemc.cli import main
from ecemc.testing import liquid, trajectory

if TYPE_CHECKING:
    from pathlib import Path

MODEL = """
from ecemc.methods import OplsCalculator

def calculator():
    return OplsCalculator(cutoff=6.5, switch_width=0.5)
"""


def verb(*words):
    """Run a verb quietly in this process."""
    printed = io.StringIO()
    with (
        contextlib.redirect_stdout(printed),
        contextlib.redirect_stderr(printed),
        contextlib.suppress(SystemExit),
    ):
        main([str(word) for word in words])


def results(folder: Path) -> Path:
    """Write errors, scan, run, analyses of run and reference, comparison and density into a folder."""
    model = folder / "model.py"
    model.write_text(MODEL)
    boxes = [liquid(1, 2, density, seed=seed) for seed, density in enumerate((0.7, 0.8, 0.9), start=1)]
    ecemc.write(folder / "boxes.extxyz", [*boxes, liquid(2, 1, 0.9, seed=4)])
    verb("errors", folder / "boxes.extxyz", "-m", model, "-r", "opls", "-o", folder / "errors", "-j", "1")
    verb(
        "scan", folder / "boxes.extxyz", "--select", ":1", "-r", "opls", "-m", model, "-o", folder / "scan", "-j", "1",
        "--scales", "0.85:1.6:12,2,3",
    )  # fmt: skip
    verb(
        "md", folder / "boxes.extxyz", "-m", model, "-o", folder / "npt.extxyz", "--ensemble", "npt",
        "--temperature", "300", "--time", "30fs", "--every", "2fs", "--log-every", "1fs", "--checkpoint", "10fs",
    )  # fmt: skip
    for name, seed in (("reference", 1), ("analysis", 2)):
        ecemc.write(folder / f"{name}.extxyz", list(trajectory(liquid(4, 8, 0.9, seed=3), 40, seed=seed)))
        found = ecemc.analyze(folder / f"{name}.extxyz", ecemc.AnalysisOptions(r_max=6.0, local_radius=6.0))
        (folder / name).mkdir()
        (folder / name / "results.json").write_text(json.dumps(found.to_dict()), encoding="utf-8")
    compared = ecemc.compare(folder / "reference", folder / "analysis", labels=["OPLS", "model"])
    (folder / "compare.json").write_text(json.dumps(compared.to_dict()), encoding="utf-8")
    verb("density", folder / "npt.extxyz", "--extrapolate", "-o", folder / "density.json")
    return folder
