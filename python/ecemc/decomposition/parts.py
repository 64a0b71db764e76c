"""Parts of a configuration's properties: what is within molecules, what is between them, and their sum."""

from __future__ import annotations

__all__ = ["Parts", "PropertyParts", "sum_over_molecules"]

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np

from ecemc.labels import Labels

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

Value = TypeVar("Value")


@dataclass(frozen=True, eq=False)
class Parts(Generic[Value]):
    """One quantity: ``total = intra + inter``."""

    total: Value
    #: of the molecules alone, in the geometry that they have in the configuration
    intra: Value
    #: the rest, which is what the molecules do to each other
    inter: Value


@dataclass(frozen=True, eq=False)
class PropertyParts:
    """Energy, forces and virial of a configuration as sums of an intra- and an intermolecular part.

    Read them by part, ``parts.inter.energy``, or by quantity, ``parts.energy.inter``.

    Examples
    --------
    >>> parts = PropertyParts(Labels(-10.0), Labels(-9.5))
    >>> parts.inter.energy, parts.energy.inter, parts.forces
    (-0.5, -0.5, None)
    """

    #: of the whole configuration
    total: Labels
    #: Σ over the molecules alone; forces in the order of the configuration's atoms
    intra: Labels

    @cached_property
    def inter(self) -> Labels:
        """Difference of total and intramolecular part; None where one of the two is not known."""
        return self.total - self.intra

    @property
    def energy(self) -> Parts[float] | None:
        """Parts of the energy, eV; None unless all are known."""
        return _parts(self.total.energy, self.intra.energy, self.inter.energy)

    @property
    def forces(self) -> Parts[NDArray[np.float64]] | None:
        """Parts of the forces, (n, 3) eV/Å; None unless all are known."""
        return _parts(self.total.forces, self.intra.forces, self.inter.forces)

    @property
    def virial(self) -> Parts[NDArray[np.float64]] | None:
        """Parts of the virial, (3, 3) eV, W = −stress·V; None unless all are known."""
        return _parts(self.total.virial, self.intra.virial, self.inter.virial)


def _parts(total: Value | None, intra: Value | None, inter: Value | None) -> Parts[Value] | None:
    if total is None or intra is None or inter is None:
        return None
    return Parts(total, intra, inter)


def sum_over_molecules(n_atoms: int, molecules: Iterable[tuple[NDArray[np.int64], Labels]]) -> Labels:
    """Intramolecular labels of a configuration: energies and virials added up, forces put in their places.

    Parameters
    ----------
    n_atoms
        Number of atoms of the configuration.
    molecules
        For each molecule its atoms, as indices in the configuration, and its labels. Every atom must be in one.

    Returns
    -------
    Labels
        A quantity that one of the molecules lacks is None.

    Examples
    --------
    >>> alone = [(np.array([0, 2]), Labels(-1.0, np.ones((2, 3)))), (np.array([1]), Labels(-0.5, np.zeros((1, 3))))]
    >>> labels = sum_over_molecules(3, alone)
    >>> labels.energy, labels.forces[:, 0].tolist(), labels.virial
    (-1.5, [1.0, 0.0, 1.0], None)
    """
    given = list(molecules)
    energies = [alone.energy for _, alone in given if alone.energy is not None]
    virials = [alone.virial for _, alone in given if alone.virial is not None]
    forces = np.zeros((n_atoms, 3))
    for members, alone in given:
        if alone.forces is not None:
            forces[members] = alone.forces
    return Labels(
        math.fsum(energies) if len(energies) == len(given) else None,
        forces if all(alone.forces is not None for _, alone in given) else None,
        np.sum([np.zeros((3, 3)), *virials], axis=0) if len(virials) == len(given) else None,
    )
