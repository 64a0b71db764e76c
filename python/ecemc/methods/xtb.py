"""GFN1-xTB and GFN2-xTB tight binding by tblite."""

from __future__ import annotations

__all__ = ["XtbOptions", "method"]

import os
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Literal

from ecemc.errors import InputError, require
from ecemc.methods.method import Method
from ecemc.methods.user import check_options, described

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class XtbOptions:
    """Settings of the self-consistent calculation."""

    #: tblite's accuracy: thresholds of integrals and charges scale with it; smaller is tighter
    accuracy: float = 1.0
    #: of the charges; a frame that needs more fails
    max_iterations: int = 250

    def __post_init__(self) -> None:
        """Refuse settings outside their domain."""
        if not (isinstance(self.accuracy, (int, float)) and 1e-4 <= self.accuracy <= 1e3):
            raise InputError(f"accuracy: got {self.accuracy!r}, expected a number from 0.0001 (tightest) to 1000")
        if not (isinstance(self.max_iterations, int) and self.max_iterations >= 1):
            raise InputError(f"max_iterations: got {self.max_iterations!r}, expected a whole number >= 1")


def method(hamiltonian: Literal["GFN1-xTB", "GFN2-xTB"], **options: Any) -> Method:
    """GFN1-xTB or GFN2-xTB with options of :class:`XtbOptions`."""
    require("tblite", "xtb")
    check_options(hamiltonian.lower(), XtbOptions, (), options)
    settings = XtbOptions(**options)
    number = version("tblite")
    return Method(
        name=f"{hamiltonian} (tblite {number})",
        identity=described(hamiltonian, asdict(settings), {"tblite": number}),
        make=partial(_make, hamiltonian, settings),
    )


def _make(hamiltonian: str, settings: XtbOptions) -> Any:
    """Quiet, on one thread unless OMP_NUM_THREADS says otherwise, and every frame from scratch.

    By default tblite starts from the wavefunction of the frame before. Results would then depend, within the accuracy,
    on which frames a process has seen, and so on how many processes there are and on interruptions.
    """
    with _one_thread():
        calculators = require("tblite.ase", "xtb")
    return calculators.TBLite(method=hamiltonian, verbosity=0, cache_api=False, **asdict(settings))


@contextmanager
def _one_thread() -> Iterator[None]:
    """Frames are computed side by side, so each takes one thread; OpenMP reads this when it is loaded."""
    if "OMP_NUM_THREADS" in os.environ:
        yield
        return
    os.environ["OMP_NUM_THREADS"] = "1"
    try:
        yield
    finally:
        del os.environ["OMP_NUM_THREADS"]
