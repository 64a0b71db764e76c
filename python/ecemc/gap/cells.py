"""Cells for frames that are not periodic in all directions."""

from __future__ import annotations

__all__ = ["check_geometry", "padded_cell"]

from typing import TYPE_CHECKING

import numpy as np

from ecemc.errors import InputError
from ecemc.frames import geometry

if TYPE_CHECKING:
    from ase import Atoms
    from numpy.typing import NDArray


def check_geometry(atoms: Atoms, where: str = "atoms") -> None:
    """Refuse positions and cells with which neither a fit nor a calculation is possible.

    Raises
    ------
    InputError
        If positions or cell are not finite, or the frame is periodic along a direction without a cell vector.

    Examples
    --------
    >>> from ase import Atoms
    >>> check_geometry(Atoms("He", pbc=True))
    Traceback (most recent call last):
    ecemc.errors.InputError: atoms: periodic (T T T), but the cell has no volume; give a cell, or set pbc to False
    """
    positions, cell, pbc = geometry(atoms)
    if not np.isfinite(positions).all() or not np.isfinite(cell).all():
        raise InputError(f"{where}: a position or the cell is NaN or infinite")
    if np.linalg.matrix_rank(cell[list(pbc)]) < sum(pbc):
        flags = " ".join("FT"[flag] for flag in pbc)
        raise InputError(f"{where}: periodic ({flags}), but the cell has no volume; give a cell, or set pbc to False")


def padded_cell(atoms: Atoms, distance: float) -> NDArray[np.float64]:
    """Cell whose vectors along directions that are not periodic leave a gap between the atoms and their images.

    Parameters
    ----------
    atoms
        The frame; vectors along periodic directions stay as they are.
    distance
        Å, at least that far are images.

    Returns
    -------
    (3, 3) array
        Cell vectors as rows.

    Examples
    --------
    >>> from ase import Atoms
    >>> padded_cell(Atoms("H2", [[0, 0, 0], [0, 0, 0.7]]), 6.0).diagonal().tolist()
    [6.0, 6.0, 6.7]
    """
    open_axes = np.flatnonzero(~atoms.pbc)
    bare = atoms.cell.copy()
    bare[open_axes] = 0.0
    # Missing vectors become unit vectors perpendicular to the others.
    cell: NDArray[np.float64] = bare.complete().array.copy()
    for axis in open_axes:
        cell[axis] *= np.ptp(atoms.positions @ cell[axis]) + distance
    return cell
