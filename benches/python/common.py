"""What all benchmarks share: the input, the clock, the table."""

from __future__ import annotations

import os
import platform
import statistics
import time
from dataclasses import dataclass
from pathlib import Path

# Peers are compared on one thread each unless a benchmark is about threads.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"):
    os.environ[_name] = "1"

from typing import TYPE_CHECKING  # noqa: E402

import ecemc.testing  # noqa: E402

if TYPE_CHECKING:
    from ase import Atoms


@dataclass(frozen=True)
class Row:
    """One contender: best and median time of a call in seconds."""

    name: str
    best: float
    median: float


def box(copies: int = 1) -> Atoms:
    """EC:EMC 1:2, 1280 atoms, L = 25.7 Å; repeated ``copies`` times along each axis (8 -> 10 240 atoms at 2)."""
    return ecemc.testing.liquid(32, 64, density=0.9275, seed=1).repeat(copies)


def measure(name, call, *, seconds=1.0, at_least=5) -> Row:
    """Time a call again and again for about a second; the first call warms up and does not count."""
    call()
    times = []
    while len(times) < at_least or sum(times) < seconds:
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return Row(name, min(times), statistics.median(times))


def show(title, rows, *, unit=1e3, label="ms", rate=None):
    """Print a Markdown table; the first row is ours, ratios are to it, by best times."""
    print(f"\n### {title}\n")
    extra = f" {rate[1]} |" if rate else ""
    print(f"| contender | best ({label}) | median ({label}) |{extra} ratio |")
    print("|---|---:|---:|" + ("---:|" if rate else "") + "---:|")
    for row in rows:
        speed = f" {rate[0] / row.best:.0f} |" if rate else ""
        ratio = row.best / rows[0].best
        print(f"| {row.name} | {row.best * unit:.3f} | {row.median * unit:.3f} |{speed} {ratio:.1f} |", flush=True)


def machine() -> str:
    """Processor, cores and versions, for the heading."""
    model = "unknown processor"
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line.partition(":")[2].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        model = names[0] if names else model
    versions = f"Python {platform.python_version()}, ecemc {ecemc.__version__}"
    return f"{model}, {os.cpu_count()} cores, {platform.system()}, {versions}"
