"""Build the wheel and the sdist, audit them, and analyse a file with the wheel alone in an empty environment."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LINUX = sys.platform == "linux"


def run(*command, **options):
    print("+", *map(str, command), flush=True)
    return subprocess.run([str(part) for part in command], check=True, text=True, **options)


def build(folder):
    # zig links against an old C library, so that the wheel runs wherever manylinux2014 wheels do.
    portable = ["--zig", "--compatibility", "manylinux2014"] if LINUX else []
    maturin = [sys.executable, "-m", "maturin"]
    run(*maturin, "build", "--release", "--locked", "--out", folder, *portable, cwd=ROOT)
    run(*maturin, "sdist", "--out", folder, cwd=ROOT)
    (wheel,), (sdist,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    return wheel, sdist


def audit(wheel):
    assert "cp310-abi3" in wheel.name, wheel.name
    run(sys.executable, "-m", "abi3audit", "--strict", "--assume-minimum-abi3", "3.10", wheel)
    if LINUX:
        shown = run(sys.executable, "-m", "auditwheel", "show", wheel, capture_output=True).stdout
        print(shown)
        assert "manylinux_2_17" in shown, shown
    names = zipfile.ZipFile(wheel).namelist()
    for wanted in ("ecemc/py.typed", "ecemc/_core.pyi"):
        assert wanted in names, wanted
    assert any(name.endswith("LICENSE-MIT") for name in names)
    assert not any("/tests/" in name for name in names)


def try_alone(wheel, folder):
    """Install the wheel with nothing but its dependencies and do the main job."""
    venv.create(folder / "env", with_pip=True)
    python = folder / "env" / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    run(python, "-m", "pip", "install", "--quiet", wheel)
    make = (
        "import ase.io, ecemc.testing as t\n"
        "ase.io.write('liquid.extxyz', [t.liquid(4, 8, density=0.95, seed=s) for s in range(12)])"
    )
    run(python, "-c", make, cwd=folder)
    run(python, "-m", "ecemc", "analyze", "liquid.extxyz", "-o", "report", cwd=folder)
    results = json.loads((folder / "report" / "results.json").read_text())
    assert results["schema"].startswith("ecemc.analysis/")
    assert (folder / "report" / "index.html").stat().st_size > 10_000
    refused = subprocess.run(
        [python, "-m", "ecemc", "sample", "4EC:8EMC", "-o", "x.extxyz"],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert refused.returncode == 2, refused
    assert "pip install 'ecemc[sample]'" in refused.stderr, refused.stderr


def main():
    dist = ROOT / "dist"
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        wheel, sdist = build(folder)
        audit(wheel)
        try_alone(wheel, folder)
        dist.mkdir(exist_ok=True)
        for path in (wheel, sdist):
            shutil.move(path, dist / path.name)
            print(f"{dist.name}/{path.name}: {(dist / path.name).stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
