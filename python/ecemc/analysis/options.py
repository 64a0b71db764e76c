"""What an analysis is asked to do."""

from __future__ import annotations

__all__ = ["AnalysisOptions"]

import math
from dataclasses import dataclass

from ecemc.errors import InputError


@dataclass(frozen=True)
class AnalysisOptions:
    """Settings of :func:`ecemc.analyze`; what is ``None`` is chosen from the first liquid frame.

    Raises
    ------
    InputError
        If a setting is out of its domain.

    Examples
    --------
    >>> AnalysisOptions(r_max=10.0).n_bins
    200
    """

    #: Å, upper end of the RDFs; default the smaller of 12 Å and half the smallest height of that frame's cell
    r_max: float | None = None
    #: bins of the RDFs
    n_bins: int = 200
    #: Å, around centres of mass, for the local composition; default 1.4 times the molecular spacing of that frame
    local_radius: float | None = None
    #: bond criterion, see :func:`ecemc.find_molecules`
    bond_scale: float = 1.3
    #: frames to leave out of all averages at the beginning; by default detected for series, none for structure
    equilibration: int | None = None
    #: frames of a file to read, as a Python slice such as ``"100::2"``; frame numbers in the result count those read
    select: str = ":"
    #: threads; default ``ECEMC_NUM_THREADS``, else ``OMP_NUM_THREADS``, else all cores; does not change the result
    n_threads: int | None = None

    def __post_init__(self) -> None:
        """Check all settings."""
        for name, unit in (("r_max", " in Å"), ("local_radius", " in Å"), ("bond_scale", "")):
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and value > 0.0):
                raise InputError(f"{name}: got {value}, expected a finite number > 0{unit}")
        for name, least in (("n_bins", 1), ("equilibration", 0), ("n_threads", 1)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise InputError(f"{name}: got {value}, expected a whole number >= {least}")
