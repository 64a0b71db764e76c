"""Empty space: the largest sphere that touches no atom, and the fraction of space outside all atoms."""

from __future__ import annotations

__all__ = ["Voids", "largest_hole", "largest_holes", "voids"]

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from ase.data import atomic_numbers as number_of

from ecemc import _core
from ecemc.errors import InputError
from ecemc.frames import atomic_numbers, geometry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ase import Atoms
    from numpy.typing import NDArray

#: Å, how much larger than the reported sphere an empty one could be.
_TOLERANCE = 1e-3


@dataclass(frozen=True, eq=False)
class Voids:
    """Result of :func:`voids`.

    Examples
    --------
    >>> from ase.build import bulk
    >>> round(voids(bulk("Ar", "fcc", a=5.26)).radius, 3)  # octahedral hole: a/2 - 1.88 Å
    0.75
    """

    #: radius of the largest empty sphere, Å; negative if atoms cover everything
    radius: float
    #: (3,) its centre, Å, wrapped into the cell
    center: NDArray[np.float64]
    #: fraction of space whose points are further than ``probe`` from every van der Waals surface
    fraction: float
    #: Å
    probe: float


def voids(
    atoms: Atoms,
    *,
    radii: Mapping[str, float] | None = None,
    probe: float = 1.4,
    spacing: float = 0.5,
    n_threads: int | None = None,
) -> Voids:
    """Find the largest empty sphere and the void fraction: a detector of bubbles.

    A sphere is empty if it overlaps no atom, atoms being spheres of their van der Waals radii, periodic images
    included. The largest one is found by branch and bound: none is more than 0.001 Å larger than the reported one, in
    any cell. The fraction is counted on a grid.

    Along non-periodic axes only the bounding box of the atomic centres (in fractional coordinates) is searched.

    Parameters
    ----------
    atoms
        The configuration, at least one atom.
    radii
        Å, ``{element: radius}`` for elements whose radius is not, or should not be, the one of Bondi (J. Phys. Chem.
        68, 441, 1964) and Mantina et al. (J. Phys. Chem. A 113, 5806, 2009), which cover the main group: H 1.10, Li
        1.81, C 1.70, N 1.55, O 1.52, F 1.47, P 1.80, S 1.80.
    probe
        Å; only points that could be the centre of a sphere of this radius count for the fraction. 1.4 is the customary
        water molecule; 0 gives the volume outside the van der Waals surfaces.
    spacing
        Å, largest distance of grid points along each axis, for the fraction only.
    n_threads
        Default: ``ECEMC_NUM_THREADS``, else ``OMP_NUM_THREADS``, else all cores. Does not change the result.

    Raises
    ------
    InputError
        For no atoms, elements without a radius, bad lengths, NaN positions, singular cells.

    Examples
    --------
    >>> from ase import Atoms
    >>> crystal = Atoms("Ar", cell=[4, 4, 4], pbc=True)
    >>> found = voids(crystal, probe=0.0, spacing=0.1)
    >>> round(found.radius, 3), found.center.round(3).tolist(), round(found.fraction, 2)
    (1.584, [2.0, 2.0, 2.0], 0.57)
    """
    frame = geometry(atoms)
    lengths = _length("probe", probe), _length("spacing", spacing)
    spheres = (*frame, atomic_numbers(atoms), _by_number(radii or {}))
    radius, center = _core.largest_empty_sphere(spheres, _TOLERANCE, n_threads)
    fraction = _core.void_fraction(spheres, *lengths, n_threads)
    return Voids(radius, np.array(center), fraction, lengths[0])


#: Å, exact enough to tell a bubble.
_COARSE = 0.01
#: Å, for elements that no table of van der Waals radii covers, most of them metals.
_UNKNOWN_RADIUS = 2.0


def largest_hole(atoms: Atoms, *, n_threads: int | None = None) -> float:
    """Radius of the largest empty sphere to 0.01 Å: :func:`voids` for long trajectories.

    Elements without a van der Waals radius in the table count with 2 Å.

    Raises
    ------
    InputError
        For no atoms, NaN positions, singular cells.

    Examples
    --------
    >>> from ase.build import bulk
    >>> round(largest_hole(bulk("Ar", "fcc", a=5.26)), 2)
    0.75
    """
    numbers = atomic_numbers(atoms)
    kinds = np.flatnonzero(np.bincount(numbers)).tolist()
    radii = {number: _UNKNOWN_RADIUS for number in kinds if _core.van_der_waals_radius(number) is None}
    radius, _ = _core.largest_empty_sphere((*geometry(atoms), numbers, radii), _COARSE, n_threads)
    return float(radius)


def largest_holes(frames: _core.Frames, *, first: int = 0, n_threads: int | None = None) -> NDArray[np.float64]:
    """:func:`largest_hole` of each frame of a batch, (n_frames,) Å.

    ``first`` is the number of the first frame, for messages.

    Raises
    ------
    InputError
        As :func:`largest_hole`, with the number of the frame.

    Examples
    --------
    >>> from ase.build import bulk
    >>> from ecemc.frames import batch
    >>> largest_holes(batch([bulk("Ar", "fcc", a=5.26)])).round(2).tolist()
    [0.75]
    """
    return _core.largest_holes(first, frames, _COARSE, n_threads)


def _length(name: str, value: float) -> float:
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        message = f"{name}: got {value!r}, expected a number in Å"
        raise InputError(message) from error


def _by_number(radii: Mapping[str, float]) -> dict[int, float]:
    try:
        return {number_of[element]: float(radius) for element, radius in radii.items()}
    except KeyError as error:
        message = f"radii: unknown element {error}, expected symbols such as 'Li'"
        raise InputError(message) from error
    except (AttributeError, TypeError, ValueError) as error:
        message = f"radii: got {radii!r}, expected {{element: radius in Å}}"
        raise InputError(message) from error
