"""What an analysis is asked to do."""

from __future__ import annotations

__all__ = ["AnalysisOptions"]

import math
from dataclasses import dataclass

from ase.data import atomic_numbers

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
    >>> AnalysisOptions(dt=100.0).select
    ':'
    """

    #: Å, upper end of the RDFs; default the smaller of 12 Å and half the smallest height of that frame's cell
    r_max: float | None = None
    #: bins of the RDFs; default bins of 0.05 Å, so that the RDFs of different runs can be compared bin by bin
    n_bins: int | None = None
    #: Å, around centres of mass, for the local composition; default 1.4 times the molecular spacing of that frame
    local_radius: float | None = None
    #: bond criterion, see :func:`ecemc.find_molecules`
    bond_scale: float = 1.3
    #: frames to leave out of all averages at the beginning; default detected for series, none for structure and motion
    equilibration: int | None = None
    #: fs between two frames of the file, before ``select``; needed for diffusion if the frames do not tell their time
    dt: float | None = None
    #: only RDFs and mean squared displacements of atoms of these elements; default all
    elements: tuple[str, ...] | None = None
    #: only mean squared displacements, temperatures and RDFs of centres of mass of these species; default all
    species: tuple[str, ...] | None = None
    #: frames of the trajectory to read, as a Python slice such as ``"100::2"``
    select: str = ":"
    #: number of the first frame that is read, for a part of a trajectory that is to be merged with others
    first_frame: int = 0
    #: threads; default ``ECEMC_NUM_THREADS``, else ``OMP_NUM_THREADS``, else all cores; does not change the result
    n_threads: int | None = None

    def __post_init__(self) -> None:
        """Check all settings."""
        for name, unit in (("r_max", " in Å"), ("local_radius", " in Å"), ("bond_scale", ""), ("dt", " in fs")):
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and value > 0.0):
                raise InputError(f"{name}: got {value}, expected a finite number > 0{unit}")
        for name, least in (("n_bins", 1), ("equilibration", 0), ("first_frame", 0), ("n_threads", 1)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise InputError(f"{name}: got {value}, expected a whole number >= {least}")
        for element in self.elements or ():
            if element not in atomic_numbers:
                raise InputError(f"elements: got {element!r}, expected symbols such as 'C'")
