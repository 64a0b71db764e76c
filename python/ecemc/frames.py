"""Between ``ase.Atoms`` and the contiguous arrays of the kernels: the only such place."""

from __future__ import annotations

__all__ = ["Geometry", "geometry"]

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ecemc.errors import InputError

if TYPE_CHECKING:
    from ase import Atoms
    from numpy.typing import NDArray


class Geometry(NamedTuple):
    """What the kernels take of one configuration."""

    #: (n, 3) float64, Å, C-contiguous
    positions: NDArray[np.float64]
    #: three rows, Å
    cell: NDArray[np.float64]
    #: three flags
    pbc: tuple[bool, bool, bool]


def geometry(atoms: Atoms) -> Geometry:
    """Take positions, cell and periodicity from an ``Atoms`` object or anything with these attributes.

    Arrays that already have the right type are not copied.

    Raises
    ------
    InputError
        If an attribute is missing or has the wrong shape.

    Examples
    --------
    >>> from ase import Atoms
    >>> geometry(Atoms("He", cell=[2, 3, 4], pbc=True)).pbc
    (True, True, True)
    """
    try:
        positions = np.ascontiguousarray(atoms.positions, dtype=np.float64)
        cell = np.asarray(atoms.cell, dtype=np.float64)
        x, y, z = np.asarray(atoms.pbc, dtype=bool).tolist()
    except (AttributeError, TypeError, ValueError) as error:
        message = f"atoms: got {type(atoms).__name__}, expected ase.Atoms (positions, cell, pbc): {error}"
        raise InputError(message) from error
    if positions.ndim != 2 or positions.shape[1] != 3 or cell.shape != (3, 3):
        message = (
            f"atoms: positions of shape {positions.shape} and cell of shape {cell.shape}, expected (n, 3) and (3, 3)"
        )
        raise InputError(message)
    return Geometry(positions, cell, (x, y, z))
