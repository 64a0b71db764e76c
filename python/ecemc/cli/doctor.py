"""``ecemc doctor``: whether everything is there and computes what it should."""

from __future__ import annotations

__all__ = ["doctor"]

import json
import platform
import sys
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, metadata, requires, version
from pathlib import Path
from typing import Annotated

import typer

from ecemc.cli.main import DONE, FAILED
from ecemc.cli.show import say


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; ``ok`` is None for what is only information or optional."""

    name: str
    ok: bool | None
    text: str


def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> int:
    """Check the installation: versions, compiled kernels, processor and threads, optional packages, a small self-test.

    Exit status: 0 all is well, 1 something is broken.

    Example:  ecemc doctor
    """
    findings = [_ecemc(), *_packages(), _processor(), _threads(), *_extras(), _gap_fit(), *_self_tests()]
    if as_json:
        typer.echo(json.dumps([asdict(finding) for finding in findings], indent=1, ensure_ascii=False))
    else:
        width = max(len(finding.name) for finding in findings)
        for finding in findings:
            mark, style = {True: ("✔", "green"), False: ("✖", "red"), None: ("·", None)}[finding.ok]
            say(f"{mark} {finding.name:<{width}}  {finding.text}", style=style)
    return FAILED if any(finding.ok is False for finding in findings) else DONE


def _ecemc() -> Finding:
    from ecemc import _core

    try:
        installed = version("ecemc")
    except PackageNotFoundError:
        installed = "not installed"
    same = installed == _core.__version__
    text = f"{_core.__version__} in {Path(str(_core.__file__)).parent}"
    return Finding("ecemc", same, text if same else f"{text}, but the package is {installed}: install it again")


def _packages() -> list[Finding]:
    findings = [Finding("python", None, f"{platform.python_version()} in {sys.prefix}")]
    return findings + [_package(name, optional=False) for name in _required("")]


def _extras() -> list[Finding]:
    return [
        _package(name, optional=True, extra=extra)
        for extra in metadata("ecemc").get_all("Provides-Extra") or []
        for name in _required(extra)
    ]


def _required(extra: str) -> list[str]:
    """Name the packages that an extra brings (that are needed in any case: ``""``) on this system."""
    from packaging.requirements import Requirement

    def needed(requirement: Requirement, extra: str) -> bool:
        return requirement.marker is None or requirement.marker.evaluate({"extra": extra})

    found = map(Requirement, requires("ecemc") or [])
    return [one.name for one in found if needed(one, extra) and not (extra and needed(one, ""))]


def _package(name: str, *, optional: bool, extra: str = "") -> Finding:
    try:
        return Finding(name, True, version(name))
    except PackageNotFoundError:
        if optional:
            return Finding(name, None, f"not installed; pip install 'ecemc[{extra}]' brings it")
        return Finding(name, False, f"missing; pip install {name}")


def _processor() -> Finding:
    from ecemc import _core

    return Finding("processor", None, f"{platform.machine()}, kernels use {_core.simd_level()}")


def _threads() -> Finding:
    from ecemc.threads import thread_count

    return Finding("threads", None, f"{thread_count()} (set ECEMC_NUM_THREADS to change)")


def _gap_fit() -> Finding:
    """Find what `ecemc fit` would run; nothing else needs it."""
    from ecemc.errors import EcemcError
    from ecemc.gap.run import find_gap_fit

    try:
        return Finding("gap_fit", True, " ".join(find_gap_fit()))
    except EcemcError as error:
        return Finding("gap_fit", None, str(error))


def _self_tests() -> list[Finding]:
    """Kernels against plain NumPy on a small liquid in a skewed cell."""
    import numpy as np

    from ecemc.molecules import find_molecules
    from ecemc.neighbors import neighbor_list
    from ecemc.testing import liquid

    box = liquid(2, 4, density=0.9, seed=1)
    sheared = box.copy()
    sheared.cell[1] += 2.0 * sheared.cell[0]  # another basis of the same lattice
    i, j, S, d = neighbor_list("ijSd", sheared, 4.0)
    shifts = np.stack(np.meshgrid(*[np.arange(-1, 2)] * 3, indexing="ij"), axis=-1).reshape(-1, 3) @ box.cell.array
    D = box.positions[None, :, None] - box.positions[:, None, None] + shifts
    brute = np.sort(np.linalg.norm(D, axis=-1).ravel())
    brute = brute[(brute > 0.0) & (brute < 4.0)]
    same = len(d) == len(brute) and np.allclose(np.sort(d), brute, rtol=0.0, atol=1e-10)
    vectors = sheared.positions[j] - sheared.positions[i] + S @ sheared.cell.array
    same = same and np.allclose(np.linalg.norm(vectors, axis=1), d, rtol=0.0, atol=1e-10)
    found = find_molecules(sheared).composition
    return [
        Finding("self-test: pairs", bool(same), f"{len(d)} pairs, brute force finds {len(brute)}"),
        Finding("self-test: molecules", found == {"EC": 2, "EMC": 4}, f"{found}, expected 2 EC and 4 EMC"),
    ]
