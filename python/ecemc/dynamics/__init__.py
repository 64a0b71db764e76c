"""Mean squared displacements and self-diffusion of molecules and atoms, in one pass and constant memory."""

from __future__ import annotations

from ecemc.dynamics.accumulator import MSDAccumulator, mean_squared_displacement
from ecemc.dynamics.centers import UnwrappedCenters, unwrapped_centers
from ecemc.dynamics.diffusion import Diffusion, finite_size_correction, self_diffusion
from ecemc.dynamics.result import MSD

__all__ = [
    "MSD",
    "Diffusion",
    "MSDAccumulator",
    "UnwrappedCenters",
    "finite_size_correction",
    "mean_squared_displacement",
    "self_diffusion",
    "unwrapped_centers",
]
