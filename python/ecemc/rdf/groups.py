"""What the atoms of a pair of an RDF are told apart by, other than elements."""

from __future__ import annotations

__all__ = ["Group", "group_names", "rdf_groups"]

import re
from typing import TYPE_CHECKING

from ase.data import chemical_symbols

from ecemc.errors import InputError
from ecemc.species import species_name

if TYPE_CHECKING:
    from ecemc import _core

#: Fingerprint, formula, number of atoms and whether it is infinite of a kind of molecule, and an atomic number or 0.
Group = tuple[str, str, int, bool, int]


def rdf_groups(tracker: _core.MoleculeTracker, by: str = "species") -> list[Group]:
    """Choose the groups for ``RDFAccumulator(..., groups=...)``: all that a tracker has met so far.

    Parameters
    ----------
    tracker
        Has seen at least the first frames.
    by
        ``"species"``: elements within species, or ``"center"``: centres of mass.

    Raises
    ------
    InputError
        If ``by`` is neither.

    Examples
    --------
    >>> from ase.build import molecule
    >>> from ecemc.frames import batch
    >>> from ecemc.molecules import molecule_tracker
    >>> tracker = molecule_tracker()
    >>> _ = tracker.add(0, batch([molecule("H2O")]))
    >>> [number for *_, number in rdf_groups(tracker)]
    [1, 8]
    """
    if by not in {"species", "center"}:
        message = f"by: got {by!r}, expected 'element', 'species' or 'center'"
        raise InputError(message)
    kinds = tracker.fingerprints
    if by == "center":
        return [(*kind, 0) for kind in kinds]
    return [(*kind, number) for kind in kinds for number in _elements(kind[1])]


def _elements(formula: str) -> list[int]:
    """Atomic numbers in a formula, ascending."""
    return sorted(chemical_symbols.index(symbol) for symbol in re.findall("[A-Z][a-z]?", formula))


def group_names(groups: list[Group] | None) -> dict[str, str]:
    """Name of each label that the kernel gives to a group: ``"EC.O"``, ``"EC"`` or ``"other"``; elements need none.

    Examples
    --------
    >>> group_names([("0" * 32, "HF", 2, False, 9), ("0" * 32, "HF", 2, False, 0)])
    {'0': 'HF.F', '1': 'HF', '255': 'other'}
    """
    if groups is None:
        return {}
    names = {"255": "other"}
    for place, (fingerprint, formula, n_atoms, infinite, number) in enumerate(groups):
        species = species_name(fingerprint, formula, n_atoms, infinite)
        names[str(place)] = f"{species}.{chemical_symbols[number]}" if number else species
    return dict(sorted(names.items()))
