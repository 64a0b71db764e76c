"""Neighbour lists: all pairs closer than a cutoff, in any cell, with any cutoff."""

from __future__ import annotations

__all__ = ["neighbor_list"]

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from ase.data import atomic_numbers as number_of

from ecemc import _core
from ecemc.errors import InputError
from ecemc.frames import atomic_numbers, geometry, reals

if TYPE_CHECKING:
    from ase import Atoms
    from numpy.typing import ArrayLike, NDArray

    Species = str | int
    Cutoff = float | Mapping[tuple[Species, Species], float] | ArrayLike
    Table = tuple[NDArray[np.uint32], NDArray[np.float64]]


def neighbor_list(quantities: str, atoms: Atoms, cutoff: Cutoff, *, n_threads: int | None = None) -> Any:
    """List all pairs of atoms closer than a cutoff; a drop-in for :func:`ase.neighborlist.neighbor_list`.

    Cells may be triclinic, strongly skewed, left-handed, thinner than the cutoff, periodic along any axes or none; the
    cutoff may exceed the cell. Pairs come sorted by ``i``, then ``j``, then ``S``, each in both directions. An atom and
    its own periodic image are a pair, an atom and itself are not; coincident atoms are a pair at distance 0.

    Parameters
    ----------
    quantities
        Letters of ``"ijSDd"``: first atom, second atom (int64), cell shift (n_pairs, 3) int64, pair vector
        ``D = r_j - r_i + S @ cell`` (n_pairs, 3) in Å, distance in Å.
    atoms
        The configuration (positions, cell, pbc).
    cutoff
        Å; pairs with ``d < cutoff`` are listed. A number; or ``{("C", "H"): 1.3, ...}`` for pairs of elements (symbols
        or atomic numbers; pairs not named are not listed); or one radius per atom (pairs with ``d < r_i + r_j``).
    n_threads
        Default: ``ECEMC_NUM_THREADS``, else ``OMP_NUM_THREADS``, else all cores. Does not change the result.

    Returns
    -------
    tuple of arrays, or one array
        In the order of the letters; a single letter gives its array itself.

    Raises
    ------
    InputError
        For unknown letters, cutoffs that are not finite and positive, NaN positions, singular cells.

    Examples
    --------
    >>> from ase.build import molecule
    >>> i, j, d = neighbor_list("ijd", molecule("H2O"), {("O", "H"): 1.2})
    >>> [(int(a), int(b), round(float(c), 3)) for a, b, c in zip(i, j, d)]
    [(0, 1, 0.969), (0, 2, 0.969), (1, 0, 0.969), (2, 0, 0.969)]
    """
    if (
        not isinstance(quantities, str)
        or not quantities
        or set(quantities) - set("ijSDd")
        or len(set(quantities)) != len(quantities)
    ):
        message = f"quantities: got {quantities!r}, expected different letters of 'ijSDd'"
        raise InputError(message)
    frame = geometry(atoms)
    uniform: float | None = None
    per_species: Table | None = None
    if isinstance(cutoff, Mapping):
        per_species = _by_element(atoms, cutoff)
    else:
        radii = reals("cutoff", cutoff, "a number, {pair of elements: number} or one radius per atom")
        if radii.ndim:
            per_species = _by_atom(radii, len(frame.positions))
        else:
            uniform = float(radii)
    columns = _core.neighbor_list(
        quantities, frame.positions, frame.cell, frame.pbc, uniform, per_species, n_threads=n_threads
    )
    return columns if len(columns) > 1 else columns[0]


def _by_element(atoms: Atoms, cutoff: Mapping[Any, Any]) -> Table:
    """Elements as species, and the cutoffs of their pairs."""
    kinds, species = np.unique(atomic_numbers(atoms), return_inverse=True)
    place = {int(kind): k for k, kind in enumerate(kinds)}
    table = np.zeros((len(kinds), len(kinds)))
    for pair, radius in cutoff.items():
        try:
            a, b = pair
            length = float(radius)
        except (TypeError, ValueError) as error:
            message = f"cutoff: got {pair!r}: {radius!r}, expected such as ('C', 'H'): 1.3"
            raise InputError(message) from error
        p, q = place.get(_atomic_number(a)), place.get(_atomic_number(b))
        if p is not None and q is not None:
            table[p, q] = table[q, p] = length
    return species.astype(np.uint32), table


def _by_atom(radii: NDArray[np.float64], n_atoms: int) -> Table:
    """Radii as species, and their sums."""
    if radii.shape != (n_atoms,):
        message = f"cutoff: got an array of shape {radii.shape}, expected one radius per atom, ({n_atoms},)"
        raise InputError(message)
    kinds, species = np.unique(radii, return_inverse=True)
    return species.astype(np.uint32), kinds[:, None] + kinds[None, :]


def _atomic_number(species: Species) -> int:
    number = number_of.get(species) if isinstance(species, str) else int(species)
    if number is None:
        message = f"cutoff: unknown element {species!r}, expected symbols such as 'C' or atomic numbers"
        raise InputError(message)
    return number
