"""Unwrapped centres of mass as arrays, for other programs."""

from __future__ import annotations

__all__ = ["UnwrappedCenters", "unwrapped_centers"]

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ecemc import _core
from ecemc.dynamics.reference import Reference
from ecemc.errors import InputError
from ecemc.frames import batches

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ecemc.frames import Input
    from ecemc.molecules import Molecules


class UnwrappedCenters(NamedTuple):
    """Paths of the centres of mass of m molecules through F frames.

    Examples
    --------
    >>> UnwrappedCenters(np.zeros((2, 1, 3)), ["EC"]).positions.shape
    (2, 1, 3)
    """

    #: (F, m, 3) Å, inside the cell in the first frame
    positions: NDArray[np.float64]
    #: name of each molecule
    species: list[str]


def unwrapped_centers(
    frames: Input, *, molecules: Molecules | None = None, remove_drift: bool = True, n_threads: int | None = None
) -> UnwrappedCenters:
    """Centres of mass of all molecules in all frames, unwrapped as in :func:`ecemc.mean_squared_displacement`.

    Memory grows with the number of frames: 24 bytes for each frame and molecule. For programs that need whole paths,
    such as kinisi.

    Parameters
    ----------
    frames
        As in :func:`ecemc.mean_squared_displacement`.
    molecules
        Result of :func:`ecemc.find_molecules` for the first frame; found with the default bond criterion if not given.
    remove_drift
        Take off the motion of the whole system's centre of mass.
    n_threads
        Default: ``ECEMC_NUM_THREADS``, else ``OMP_NUM_THREADS``, else all cores. Does not change the result.

    Raises
    ------
    InputError
        Without frames, or if the atoms change.
    InfiniteMoleculeError
        If a molecule of the first frame is bonded to its own periodic image and has no centre.

    Examples
    --------
    >>> from ase import Atoms
    >>> frames = [Atoms("He", [[x, 0, 0]], cell=[4, 4, 4], pbc=True) for x in (3.0, 0.5, 1.5)]
    >>> unwrapped_centers(frames, remove_drift=False).positions[:, 0, 0].tolist()
    [3.0, 4.5, 5.5]
    """
    parts: list[NDArray[np.float64]] = []
    reference = path = particles = None
    first = 0
    for portion in batches(frames):
        if not len(portion):
            continue
        if reference is None or path is None or particles is None:
            reference = Reference.of_frame(portion[0], molecules, "molecules")
            particles = reference.particles("molecules")
            path = _core.Unwrapper(reference.weights("molecules"), remove_drift)
        parts.append(path.add_frames(first, portion, particles, n_threads))
        first += len(portion)
    if reference is None:
        raise InputError("frames: got none, expected at least one")
    return UnwrappedCenters(np.concatenate(parts), reference.species)
