"""Between ``ase.Atoms`` and the contiguous arrays of the kernels: the only such place."""

from __future__ import annotations

__all__ = ["Geometry", "geometry", "iterate", "without_labels"]

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from ase import Atoms

from ecemc.errors import InputError
from ecemc.keys import belongs_to_geometry

if TYPE_CHECKING:
    from collections.abc import Iterable

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


def iterate(frames: Atoms | Iterable[Atoms]) -> Iterable[Atoms]:
    """Frames one by one, from one ``Atoms`` object, a list or any iterator."""
    return [frames] if isinstance(frames, Atoms) else frames


def without_labels(atoms: Atoms) -> Atoms:
    """Copy without calculator and without the energies, forces and other quantities of this very geometry.

    Examples
    --------
    >>> from ase import Atoms
    >>> sorted(without_labels(Atoms("He", info={"REF_energy": 1.0, "config_type": "liquid"})).info)
    ['config_type']
    """
    copy: Atoms = atoms.copy()
    for table in (copy.info, copy.arrays):
        for key in [key for key in table if belongs_to_geometry(str(key))]:
            del table[key]
    return copy
