"""Molecules on their own, as the decomposition evaluates them."""

from __future__ import annotations

__all__ = ["VACUUM", "cell_name", "cell_of", "cut_out", "read_cell"]

from typing import TYPE_CHECKING, Any

import numpy as np

from ecemc.errors import InputError
from ecemc.molecules import split_molecules

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ase import Atoms

    from ecemc.molecules import Molecules

    #: ``None`` for vacuum, ``"parent"``, or a length in Å.
    Cell = str | float | None

#: How vacuum is spelt in files and on the command line.
VACUUM = "none"
#: Decimals of positions (Å) that are kept: the same molecule elsewhere, which differs by rounding, is the same again.
_DECIMALS = 10
#: What some calculators look for in ``info``; it is said of the whole configuration.
_OF_THE_WHOLE = ("charge", "spin", "multiplicity")


def cut_out(atoms: Atoms, molecules: Molecules, cell: Cell = None) -> list[Atoms]:
    """Cut out each molecule, at a place of its own that does not depend on where it was.

    As :func:`ecemc.split_molecules`, but in vacuum the centre of mass is the origin, and in vacuum or a box positions
    are rounded to 1e-10 Å. So a rigid molecule that was only moved, as in a volume scan, gives the same bits, and a
    ledger has its result already. In the cell of the parent it stays where it was: programs that work on a grid make
    the same error there as in the whole configuration, and it cancels.

    Raises
    ------
    InputError
        If ``cell`` cannot be used, or the configuration has a total charge or spin that is no single molecule's.
    InfiniteMoleculeError
        If a molecule is bonded to its own periodic image.

    Examples
    --------
    >>> from ase.build import molecule
    >>> from ecemc import find_molecules
    >>> water = molecule("H2O", cell=[4, 4, 4], pbc=True)
    >>> moved = water.copy()
    >>> moved.positions += 3.3
    >>> one, other = (cut_out(atoms, find_molecules(atoms))[0] for atoms in (water, moved))
    >>> bool((one.positions == other.positions).all()), bool(one.pbc.any())
    (True, False)
    """
    pieces = split_molecules(atoms, molecules, cell=cell)
    if len(pieces) > 1:
        _drop_what_is_said_of_the_whole(pieces)
    for piece in pieces if cell is None else ():
        masses = piece.get_masses()
        piece.positions -= masses @ piece.positions / masses.sum()
    if cell != "parent":
        for piece in pieces:
            piece.positions = np.round(piece.positions, _DECIMALS)
    return pieces


def _drop_what_is_said_of_the_whole(pieces: list[Atoms]) -> None:
    charge = pieces[0].info.get("charge")
    if charge:
        raise InputError(
            f"charge: the configuration has info['charge'] = {charge}, and {len(pieces)} molecules that it could "
            "belong to; give charges by atom (arrays['initial_charges']) instead"
        )
    for piece in pieces:
        for key in _OF_THE_WHOLE:
            piece.info.pop(key, None)


def cell_name(cell: Cell) -> str | float:
    """Spell a cell for a file.

    Examples
    --------
    >>> cell_name(None), cell_name("parent"), cell_name(20)
    ('none', 'parent', 20.0)
    """
    return VACUUM if cell is None else cell if isinstance(cell, str) else float(cell)


def read_cell(value: Any, name: str = "cell") -> Cell:
    """Read what :func:`cell_name` has spelt.

    Raises
    ------
    InputError
        If it is something else.

    Examples
    --------
    >>> read_cell("none"), read_cell("parent"), read_cell("20")
    (None, 'parent', 20.0)
    """
    if value in {VACUUM, "parent"}:
        return None if value == VACUUM else "parent"
    try:
        length = float(value)
    except (TypeError, ValueError):
        length = -1.0
    if not (np.isfinite(length) and length > 0.0):
        raise InputError(f"{name}: got {value!r}, expected none (vacuum), parent, or a length in Å")
    return length


def cell_of(pieces: Sequence[Atoms], parent: Atoms) -> str | float | None:
    """Tell in which cell molecules stand that were cut out elsewhere, as spelt in files; None if in no single one.

    Examples
    --------
    >>> from ase import Atoms
    >>> cell_of([Atoms("He")], Atoms("He", cell=[3, 4, 5], pbc=True))
    'none'
    """
    found = {_cell_of(piece, parent) for piece in pieces}
    return found.pop() if len(found) == 1 else None


def _cell_of(piece: Atoms, parent: Atoms) -> str | float | None:
    if not piece.pbc.any():
        return VACUUM
    cell = piece.cell.array
    if np.array_equal(piece.pbc, parent.pbc) and np.allclose(cell, parent.cell.array, rtol=0.0, atol=1e-6):
        return "parent"
    length = float(cell[0, 0])
    return round(length, 6) if piece.pbc.all() and np.allclose(cell, length * np.eye(3), rtol=0.0, atol=1e-6) else None
