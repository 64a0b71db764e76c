"""A configuration as a data file of LAMMPS: its box, its types, turned coordinates."""

from __future__ import annotations

__all__ = ["LammpsData", "lammps_data"]

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from ase.data import chemical_symbols
from ase.units import fs

from ecemc.errors import InputError

if TYPE_CHECKING:
    from ase import Atoms
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: ASE's unit of velocity, Å/(Å·sqrt(amu/eV)), in Å/ps, which LAMMPS' units metal have.
_TO_METAL = 1000.0 * fs
#: Å, tilts below that are those of rounding: the box is rectangular.
_TILT = 1e-9


@dataclass(frozen=True, eq=False)
class LammpsData:
    """A configuration as LAMMPS holds it.

    Attributes
    ----------
    numbers
        Atomic number of each type, ascending; type 1 comes first.
    masses
        amu, of each type.
    cell
        (3, 3) Å, lower triangular, tilts at most half of the edges they are along.
    rotation
        (3, 3); ``v @ rotation`` turns a vector of the configuration into LAMMPS' frame.
    types
        (n,) from 1.
    positions
        (n, 3) Å, turned; molecules as whole as they were.
    velocities
        (n, 3) Å/ps, turned; None if the configuration has none.
    """

    numbers: tuple[int, ...]
    masses: tuple[float, ...]
    cell: Floats
    rotation: Floats
    types: NDArray[np.int64]
    positions: Floats
    velocities: Floats | None

    @property
    def symbols(self) -> tuple[str, ...]:
        """Element of each type."""
        return tuple(chemical_symbols[z] for z in self.numbers)

    def text(self) -> str:
        """Content of the file, ``atom_style atomic``, ``units metal``; numbers read back as they are."""
        (x, _, _), (xy, y, _), (xz, yz, z) = self.cell.tolist()
        lines = [
            "ecemc: units metal, atom_style atomic", "", f"{len(self.types)} atoms", f"{len(self.numbers)} atom types",
            "", f"0.0 {x!r} xlo xhi", f"0.0 {y!r} ylo yhi", f"0.0 {z!r} zlo zhi",
        ]  # fmt: skip
        if any((xy, xz, yz)):
            lines.append(f"{xy!r} {xz!r} {yz!r} xy xz yz")
        masses = zip(self.masses, self.symbols, strict=True)
        lines += ["", "Masses", "", *(f"{k} {mass!r}  # {name}" for k, (mass, name) in enumerate(masses, 1))]
        atoms = zip(self.types.tolist(), self.positions.tolist(), strict=True)
        lines += ["", "Atoms  # atomic", ""]
        lines += [f"{k} {kind} {x!r} {y!r} {z!r}" for k, (kind, (x, y, z)) in enumerate(atoms, 1)]
        if self.velocities is not None:
            lines += ["", "Velocities", ""]
            lines += [f"{k} {x!r} {y!r} {z!r}" for k, (x, y, z) in enumerate(self.velocities.tolist(), 1)]
        return "\n".join(lines) + "\n"


def lammps_data(atoms: Atoms) -> LammpsData:
    """Turn a configuration into LAMMPS' frame.

    LAMMPS wants its first cell vector along x, the second in the xy plane, a right-handed cell, and tilts of at most
    half an edge. So the configuration is turned, the last two cell vectors are exchanged if they are left-handed, and
    whole cell vectors are added to tilted ones, which leaves the lattice as it is. Molecules are never mirrored.

    Parameters
    ----------
    atoms
        Periodic along all three axes; velocities go along if they are not zero.

    Raises
    ------
    InputError
        If the configuration is empty, not periodic, has no volume, or atoms of an element differ in mass.

    Examples
    --------
    >>> from ecemc.testing import liquid
    >>> data = lammps_data(liquid(1, 2, 0.5))
    >>> data.symbols, data.text().splitlines()[2:4]
    (('H', 'C', 'O'), ['40 atoms', '3 atom types'])
    """
    if len(atoms) == 0:
        raise InputError("start: no atoms")
    if not atoms.pbc.all() or abs(np.linalg.det(atoms.cell.array)) < 1e-6:
        raise InputError(
            f"start: periodic along {atoms.pbc.tolist()}, volume {abs(np.linalg.det(atoms.cell.array)):g} Å³; expected "
            "a cell that is periodic along all three axes"
        )
    cell, rotation = _restricted(atoms.cell.array)
    numbers, kinds = np.unique(atoms.numbers, return_inverse=True)
    masses = [np.unique(atoms.get_masses()[kinds == k]) for k in range(len(numbers))]
    for z, found in zip(numbers, masses, strict=True):
        if len(found) > 1:
            raise InputError(
                f"start: atoms of {chemical_symbols[z]} have masses from {found[0]:g} to {found[-1]:g} amu; "
                "LAMMPS has one for each type"
            )
    velocities = atoms.get_velocities() @ rotation * _TO_METAL if np.any(atoms.get_momenta()) else None
    return LammpsData(
        numbers=tuple(numbers.tolist()),
        masses=tuple(float(found[0]) for found in masses),
        cell=cell,
        rotation=rotation,
        types=kinds.astype(np.int64) + 1,
        positions=atoms.positions @ rotation,
        velocities=velocities,
    )


def _restricted(cell: Floats) -> tuple[Floats, Floats]:
    """Lower triangular cell of the same lattice, and the rotation into its frame."""
    if np.linalg.det(cell) < 0.0:
        cell = cell[[0, 2, 1]]
    if (
        not np.any(cell[np.tril_indices(3, -1)])
        and not np.any(cell[np.triu_indices(3, 1)])
        and np.all(np.diag(cell) > 0)
    ):
        return cell.copy(), np.eye(3)  # to the last bit
    # cellᵀ = Q R, so cell Q = Rᵀ is lower triangular; signs make its diagonal positive.
    q, r = np.linalg.qr(cell.T)
    rotation = q * np.sign(np.diag(r))
    lower = np.tril(cell @ rotation)
    lower[2] -= np.rint(lower[2, 1] / lower[1, 1]) * lower[1]
    lower[2] -= np.rint(lower[2, 0] / lower[0, 0]) * lower[0]
    lower[1] -= np.rint(lower[1, 0] / lower[0, 0]) * lower[0]
    lower[np.abs(lower) < _TILT] = 0.0
    return lower, rotation
