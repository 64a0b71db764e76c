"""Thin a run of ``ecemc sample`` to the small trajectory that documentation and tests analyse; see README.md here."""

from __future__ import annotations

import gzip
import io
import sys
from pathlib import Path

import ase.io

EVERY = 20
KEPT = (
    "REF_energy",
    "REF_virial",
    "temperature",
    "temperature_target",
    "density",
    "composition",
    "seed",
    "time",
    "step",
)


def main() -> None:
    """Read the run named on the command line, write every 20th frame with positions rounded to 0.001 Å."""
    text = io.StringIO()
    for frame in ase.io.iread(sys.argv[1], f"{EVERY - 1}::{EVERY}"):
        info = {key: frame.info[key] for key in KEPT}
        frame.info = info | {"REF_energy": round(info["REF_energy"], 6), "REF_virial": info["REF_virial"].round(4)}
        frame.info |= {key: round(info[key], 4) for key in ("temperature", "density")}
        frame.cell[:] = frame.cell.array.round(6)
        ase.io.write(text, frame, format="extxyz", columns=["symbols", "positions"])
    lines = [
        " ".join(_short(word) for word in line.split()) if "=" not in line else line
        for line in text.getvalue().splitlines()
    ]
    path = Path(__file__).parent / "ec_emc_400K.extxyz.gz"
    # No name and no time in the header: the same run gives the same bytes.
    with path.open("wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as packed:
        packed.write(("\n".join(lines) + "\n").encode())
    print(f"{path}: {path.stat().st_size} bytes")


def _short(word: str) -> str:
    """Three decimals of a coordinate; symbols and counts as they are."""
    return f"{float(word):.3f}" if "." in word else word


if __name__ == "__main__":
    main()
