"""What is followed: the atoms or molecules of the first frame."""

from __future__ import annotations

__all__ = ["Reference"]

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from ase.data import atomic_masses, chemical_symbols

from ecemc import _core
from ecemc.errors import InfiniteMoleculeError, InputError
from ecemc.frames import atoms_from_record
from ecemc.molecules import Molecules, checked, find_molecules

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ase import Atoms
    from numpy.typing import NDArray

    Input = Atoms | Iterable[Atoms] | _core.Frames | Iterable[_core.Frames]
    Key = str | tuple[str, str]


@dataclass(frozen=True, eq=False)
class Reference:
    """Atoms and molecules of the first frame, which all later frames must have."""

    #: (n,) uint8
    numbers: NDArray[np.uint8]
    #: (n,) amu
    masses: NDArray[np.float64]
    #: (n,) uint32, molecule of each atom
    index: NDArray[np.uint32]
    #: (n_bonds, 2) uint32
    bonds: NDArray[np.uint32]
    #: name of each molecule
    species: list[str]

    @classmethod
    def of_frame(cls, record: dict[str, Any], molecules: Molecules | None, of: str) -> Reference:
        """Take it from the first frame.

        Raises
        ------
        InputError
            Without atoms, or for molecules of another configuration.
        InfiniteMoleculeError
            If centres are asked for and a molecule is bonded to its own periodic image.
        """
        numbers = np.asarray(record["numbers"], dtype=np.uint8)
        if not len(numbers):
            raise InputError("frame 0: no atoms")
        found = _molecules_of(record) if molecules is None else checked(molecules)
        if len(found.index) != len(numbers):
            raise InputError(
                f"molecules: got those of {len(found.index)} atoms, but the first frame has {len(numbers)}"
            )
        if of == "molecules" and found.infinite.any():
            raise InfiniteMoleculeError(
                f"molecule {int(np.argmax(found.infinite))} of the first frame is bonded to its own periodic image and "
                "has no centre of mass; follow atoms instead (of='atoms')"
            )
        masses = np.array(record["columns"].get("masses", atomic_masses[numbers]), dtype=np.float64)
        return cls(numbers, masses, found.index.astype(np.uint32), found.bonds.astype(np.uint32), list(found.species))

    def particles(self, of: str) -> _core.Particles:
        """Make what the kernel follows."""
        return _core.Particles(self.numbers, (self.index, self.bonds, self.masses) if of == "molecules" else None)

    def weights(self, of: str) -> NDArray[np.float64]:
        """Masses of what is followed, amu."""
        if of == "atoms":
            return self.masses
        return np.bincount(self.index, self.masses).astype(np.float64)

    def groups(self, of: str) -> tuple[NDArray[np.uint32], list[Key]]:
        """Group of each particle, one for each molecule (and element in it), and the key of each group."""
        if of == "molecules":
            return np.arange(len(self.species), dtype=np.uint32), list(self.species)
        pairs, group = np.unique(np.stack([self.index, self.numbers.astype(np.uint32)]), axis=1, return_inverse=True)
        keys: list[Key] = [(self.species[molecule], chemical_symbols[z]) for molecule, z in pairs.T.tolist()]
        return group.reshape(-1).astype(np.uint32), keys

    def to_dict(self) -> dict[str, Any]:
        """Plain lists."""
        arrays = {name: getattr(self, name).tolist() for name in ("numbers", "masses", "index", "bonds")}
        return arrays | {"species": self.species}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Reference:
        """Give back what :meth:`to_dict` took."""
        return cls(
            np.array(values["numbers"], dtype=np.uint8),
            np.array(values["masses"], dtype=np.float64),
            np.array(values["index"], dtype=np.uint32),
            np.array(values["bonds"], dtype=np.uint32).reshape(-1, 2),
            [str(name) for name in values["species"]],
        )


def _molecules_of(record: dict[str, Any]) -> Molecules:
    """Find those of the first frame; errors name it."""
    try:
        return find_molecules(atoms_from_record(record))
    except InputError as error:
        raise type(error)(f"frame 0: {error}") from error
