"""``ecemc decompose`` as its users meet it."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import numpy as np
import pytest
from ase.build import bulk

import ecemc as package
from ecemc.decomposition import decompose_properties, read_parts
from ecemc.evaluation import compute
from ecemc.isolated import isolated_molecules
from ecemc.labels import LabelKeys, with_labels
from ecemc.methods import OplsCalculator
from ecemc.testing import liquid, trajectory

ECEMC = [sys.executable, "-m", "ecemc"]
#: A calculator of a user: soft spheres, which take a moment.
SLOW = """
import time
from ase.calculators.lj import LennardJones

class Slow(LennardJones):
    def calculate(self, *args, **kwargs):
        time.sleep({pause})
        super().calculate(*args, **kwargs)
        with open({calls!r}, "a") as file:
            file.write(".")

def calculator():
    return Slow(sigma=1.0, epsilon=0.01, rc=4.0)
"""


def ecemc(*arguments, cwd=None):
    return subprocess.run(
        [*ECEMC, *map(str, arguments)], cwd=cwd, capture_output=True, text=True, check=False, timeout=120
    )


def refused(result, *words):
    assert result.returncode == 2, result
    assert result.stdout == ""
    assert result.stderr.startswith("ecemc: error: ")
    assert result.stderr.count("\n") == 1
    for word in words:
        assert word in result.stderr, result.stderr


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Three frames with labels of OPLS-AA under DFT_, and their molecules."""
    folder = tmp_path_factory.mktemp("decompose")
    names, calculator = LabelKeys.prefixed("DFT_"), OplsCalculator(cutoff=6.0)
    frames = [with_labels(f, compute(f, calculator), names) for f in trajectory(liquid(1, 1, 0.25, seed=1), 3, seed=1)]
    package.write(folder / "boxes.extxyz", frames)
    alone = [with_labels(m, compute(m, calculator), names) for m in isolated_molecules(frames, cell=None)]
    package.write(folder / "molecules.extxyz", alone)
    package.write(folder / "part.extxyz", alone[:-1])
    (folder / "slow.py").write_text(SLOW.format(pause=0.05, calls=str(folder / "calls")))
    return folder


def test_method_computes_frames_and_molecules(folder, tmp_path):
    out = tmp_path / "parts.extxyz"
    result = ecemc("decompose", folder / "boxes.extxyz", "--method", "opls", "--set", "cutoff=6", "-o", out, "-j", "1")
    assert result.returncode == 0, result
    assert result.stderr == ""
    assert result.stdout.splitlines()[-1] == f"{out}: 3 frames in parts"
    for word in ("total", "intra", "inter", "trans", "rot", "vib"):
        assert f"  {word} " in result.stdout
    for atoms in package.iread(out):
        expected = decompose_properties(atoms, OplsCalculator(cutoff=6.0))
        assert read_parts(atoms).inter.energy == pytest.approx(expected.inter.energy, abs=1e-9)
    again = ecemc("decompose", folder / "boxes.extxyz", "-o", out)
    refused(again, "parts.extxyz: is there already", "--overwrite")


def test_molecules_labelled_elsewhere_and_stored_totals_agree(folder, tmp_path):
    common = ["decompose", folder / "boxes.extxyz", "--prefix", "DFT_", "--json"]
    collected = ecemc(*common, "--molecules", folder / "molecules.extxyz", "-o", tmp_path / "a.extxyz")
    computed = ecemc(
        *common, "-m", "opls", "--set", "cutoff=6", "--stored-total", "-o", tmp_path / "b.extxyz", "-j", "1"
    )
    assert collected.returncode == computed.returncode == 0, (collected, computed)
    one, other = (json.loads(result.stdout) for result in (collected, computed))
    assert one["n_frames"] == other["n_frames"] == 3
    assert one["parts"]["forces"]["inter"]["n"] == 3 * 25 * 3
    for quantity, parts in one["parts"].items():
        for part, numbers in parts.items():
            twin = other["parts"][quantity][part]
            assert numbers["rms"] == pytest.approx(twin["rms"], rel=1e-6), (quantity, part)
    assert package.read(tmp_path / "a.extxyz", 0).info["isolated_cell"] == "none"


def test_frames_that_lack_molecules_are_told_and_left_out(folder, tmp_path):
    out = tmp_path / "parts.extxyz"
    result = ecemc(
        "decompose", folder / "boxes.extxyz", "--prefix", "DFT_", "--molecules", folder / "part.extxyz", "-o", out
    )
    assert result.returncode == 1
    assert "warning: frame 2: " in result.stderr
    assert "part.extxyz lacks 1 of its 2 molecules: 1 (EMC)" in result.stderr
    assert result.stdout.splitlines()[-1] == f"{out}: 2 frames in parts, 1 failed"
    assert len(package.read(out)) == 2


def test_stored_forces_are_split_without_any_calculation(folder, tmp_path):
    out = tmp_path / "moving.extxyz"
    result = ecemc("decompose", folder / "boxes.extxyz", "--prefix", "DFT_", "-o", out)
    assert result.returncode == 0, result
    atoms = package.read(out, 0)
    expected = package.decompose_forces(atoms, atoms.arrays["DFT_forces"])
    np.testing.assert_allclose(atoms.arrays["DFT_forces_vib"], expected.vibrational, atol=1e-12)
    assert "DFT_energy_intram" not in atoms.info
    assert [path.name for path in tmp_path.iterdir() if "ledger" in path.name] == []


def test_killed_runs_go_on(folder, tmp_path):
    out, calls, slow = tmp_path / "parts.extxyz", tmp_path / "calls", tmp_path / "slow.py"
    slow.write_text(SLOW.format(pause=0.3, calls=str(calls)))
    command = ["decompose", folder / "boxes.extxyz", "-m", slow, "-o", out, "-j", "1"]

    def finished():
        return len(calls.read_text()) if calls.exists() else 0

    with subprocess.Popen([*ECEMC, *map(str, command)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
        until = time.monotonic() + 60.0
        while finished() < 4 and time.monotonic() < until:
            time.sleep(0.02)
        run.kill()
    before = finished()
    assert 4 <= before < 9
    assert not out.exists()
    assert ecemc(*command).returncode == 0
    # 3 frames and 6 molecules; the one under way when the process died may come twice.
    assert 9 <= finished() <= 10
    assert len(package.read(out)) == 3


def test_bad_input(folder, tmp_path):
    boxes, out = folder / "boxes.extxyz", tmp_path / "out.extxyz"
    refused(ecemc("decompose", boxes, "-o", out), "boxes.extxyz: frame 0: no forces under 'REF_forces'")
    refused(ecemc("decompose", boxes, "-o", out, "--stored-total"), "--stored-total", "--method")
    refused(ecemc("decompose", boxes, "-o", out, "--set", "cutoff=5"), "--set", "--method")
    refused(ecemc("decompose", boxes, "-o", out, "-m", "opls", "--cell", "large"), "--cell: got 'large', expected none")
    refused(ecemc("decompose", boxes, "-o", out, "-m", "pm7"), "method: got 'pm7'")
    refused(ecemc("decompose", boxes, "-o", out, "-m", "opls", "--molecules", folder / "molecules.extxyz"), "not both")
    refused(ecemc("decompose", boxes, "-o", out, "--molecules", boxes), "boxes.extxyz: frame 0: has no 'parent_frame'")
    package.write(tmp_path / "diamond.extxyz", bulk("C", cubic=True))
    refused(
        ecemc("decompose", tmp_path / "diamond.extxyz", "-o", out, "-m", folder / "slow.py"),
        "all 1 frames failed; frame 0: molecule 0", "periodic image",
    )  # fmt: skip
    assert not out.exists()
