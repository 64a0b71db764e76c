"""Molecules as rigid bodies, and forces split into translation, rotation and vibration."""

from __future__ import annotations

__all__ = ["ForceDecomposition", "RigidBodies", "decompose_forces", "kinetic_energies", "rigid_bodies"]

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from ase.data import atomic_masses

from ecemc import _core, keys
from ecemc.errors import InputError
from ecemc.frames import reals
from ecemc.molecules import frame_with_molecules

if TYPE_CHECKING:
    from ase import Atoms
    from numpy.typing import ArrayLike, NDArray

    from ecemc.molecules import Molecules


@dataclass(frozen=True, eq=False)
class RigidBodies:
    """Masses, centres and inertia of m molecules.

    Examples
    --------
    >>> from ase.build import molecule
    >>> rigid_bodies(molecule("CO2")).inertia.round(3).tolist()
    [[[44.453, 0.0, 0.0], [0.0, 44.453, 0.0], [0.0, 0.0, 0.0]]]
    """

    #: (m,) amu
    masses: NDArray[np.float64]
    #: (m, 3) Å, centres of mass inside the cell along periodic axes
    centers: NDArray[np.float64]
    #: (m, 3, 3) amu Å², about the centres
    inertia: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ForceDecomposition:
    """Forces on n atoms of m molecules as a sum of three parts; atoms in the order of the input.

    Examples
    --------
    >>> from ase import Atoms
    >>> parts = decompose_forces(Atoms("H2", [[0, 0, 0], [0, 0, 0.7]]), [[1.0, 0, 0], [-1.0, 0, 0]])
    >>> parts.rotational.round(9).tolist(), parts.torques.round(9).tolist()
    ([[1.0, 0.0, 0.0], [-1.0, 0.0, 0.0]], [[0.0, -0.7, 0.0]])
    """

    #: (n, 3) eV/Å, what accelerates the centres of mass
    translational: NDArray[np.float64]
    #: (n, 3) eV/Å, what turns the molecules
    rotational: NDArray[np.float64]
    #: (n, 3) eV/Å, the rest: it carries no net force and no torque on any molecule
    vibrational: NDArray[np.float64]
    #: (m, 3) eV/Å
    net_forces: NDArray[np.float64]
    #: (m, 3) eV, about the centres of mass
    torques: NDArray[np.float64]


def rigid_bodies(atoms: Atoms, molecules: Molecules | None = None, *, n_threads: int | None = None) -> RigidBodies:
    """Mass, centre of mass and inertia tensor of each molecule, made whole first.

    Parameters
    ----------
    atoms
        The configuration; molecules may be broken by boundaries and atoms in any order.
    molecules
        Result of :func:`ecemc.find_molecules` for these very positions; found with its default bonds if not given.
    n_threads
        See :func:`ecemc.find_molecules`.

    Raises
    ------
    InputError
        For masses that are not positive, or molecules of another configuration.
    InfiniteMoleculeError
        If a molecule is bonded to its own periodic image.

    Examples
    --------
    >>> from ase.build import molecule
    >>> rigid_bodies(molecule("H2O")).masses.round(3).tolist()
    [18.015]
    """
    return RigidBodies(*_core.rigid_bodies(frame_with_molecules(atoms, molecules), n_threads))


def decompose_forces(
    atoms: Atoms,
    forces: ArrayLike | None = None,
    molecules: Molecules | None = None,
    *,
    n_threads: int | None = None,
) -> ForceDecomposition:
    """Split forces into the parts that accelerate, turn and deform each molecule.

    With positions ``r_i`` from the centre of mass of the unbroken molecule, mass M and inertia tensor I::

        f_trans,i = (m_i / M) Σ_k f_k
        f_rot,i   = m_i (I⁺ Σ_k r_k × f_k) × r_i
        f_vib,i   = f_i - f_trans,i - f_rot,i

    ``I⁺`` is the pseudo-inverse; moments below 1e-8 of the largest count as zero. A single atom only translates, a
    linear molecule has two rotations. CO2 counts as linear up to a bend of 0.02°, which covers coordinates rounded to
    four decimals; in a thermal snapshot it is bent and has three.

    Parameters
    ----------
    atoms
        The configuration; molecules may be broken by boundaries and atoms in any order.
    forces
        (n, 3) eV/Å. Default: ``atoms.arrays["REF_forces"]``, else the forces that ``atoms.calc`` has already computed.
    molecules
        Result of :func:`ecemc.find_molecules` for these very positions; found with its default bonds if not given.
    n_threads
        See :func:`ecemc.find_molecules`.

    Raises
    ------
    InputError
        If there are no forces, or they, the masses or the molecules do not fit the atoms.
    InfiniteMoleculeError
        If a molecule is bonded to its own periodic image.

    Examples
    --------
    >>> from ase.build import molecule
    >>> parts = decompose_forces(molecule("CO"), [[0, 0, 1.0], [0, 0, -1.0]])
    >>> bool(abs(parts.translational).max() < 1e-12), parts.vibrational[:, 2].tolist()
    (True, [1.0, -1.0])
    """
    shape = (len(atoms.positions), 3)
    given = reals("forces", _stored_forces(atoms) if forces is None else forces, f"numbers of shape {shape}")
    if given.shape != shape and not (given.size == 0 and shape[0] == 0):
        message = f"forces: got an array of shape {given.shape}, expected {shape}"
        raise InputError(message)
    return ForceDecomposition(
        *_core.decompose_forces(frame_with_molecules(atoms, molecules), given.reshape(shape), n_threads)
    )


def kinetic_energies(
    frames: _core.Frames, tracked: _core.TrackedMolecules, *, n_threads: int | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Kinetic energies (eV) and degrees of freedom of translation, rotation and vibration, by kind of molecule.

    Both have shape (frames, kinds, 3), kinds as the tracker numbers them. The drift of the whole box is no heat and is
    left out: the parts add up to the kinetic energy about the centre of mass, and a molecule of mass m in a box of mass
    M counts 3 (1 - m/M) degrees of freedom of translation. NaN for frames without velocities or with a molecule that is
    bonded to its own periodic image.

    Raises
    ------
    InputError
        If the molecules are those of other frames, or velocities or masses are no finite numbers.

    Examples
    --------
    >>> from ase.build import molecule
    >>> from ecemc.frames import batch
    >>> from ecemc.molecules import molecule_tracker
    >>> water = molecule("H2O")
    >>> water.set_momenta(water.get_masses()[:, None] * [[1.0, 0, 0]])
    >>> other = water.copy()
    >>> other.positions += 5.0
    >>> other.set_momenta(-water.get_momenta())
    >>> frames = batch([water + other])
    >>> energies, dof = kinetic_energies(frames, molecule_tracker().add(0, frames))
    >>> energies.round(3).tolist(), dof.tolist()
    ([[[18.015, 0.0, 0.0]]], [[[3.0, 6.0, 6.0]]])
    """
    return _core.kinetic_energies(frames, tracked, atomic_masses, n_threads)


def _stored_forces(atoms: Atoms) -> NDArray[np.float64]:
    """Take the forces that come with the frame; nothing is computed."""
    if keys.REF_FORCES in atoms.arrays:
        return np.asarray(atoms.arrays[keys.REF_FORCES])
    if atoms.calc is not None and not atoms.calc.calculation_required(atoms, ["forces"]):
        return np.asarray(atoms.calc.get_property("forces", atoms))
    message = f"forces: none given, no array {keys.REF_FORCES!r} and no computed forces of a calculator; pass them"
    raise InputError(message)
