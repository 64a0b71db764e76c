"""Rigid pairs of molecules: monomers, poses, orientations that cover all of them evenly."""

from __future__ import annotations

__all__ = ["Pose", "even_poses", "monomer", "pair"]

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from ase import Atoms
from scipy.spatial.transform import Rotation

from ecemc.errors import InputError
from ecemc.frames import without_labels
from ecemc.molecules import find_molecules, make_whole
from ecemc.testing import molecule
from ecemc.trajectory import iread

if TYPE_CHECKING:
    from collections.abc import Iterator
    from os import PathLike

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: Molecules whose gas-phase geometry the package has.
NAMED = ("EC", "EMC", "water")


@dataclass(frozen=True)
class Pose:
    """How the second molecule lies about the first: a direction, a rotation, a distance of the centres of mass.

    Examples
    --------
    >>> Pose((0.0, 0.0, 1.0), (0.0, 0.0, 0.0, 1.0), 4.0).at(5.0).distance
    5.0
    """

    #: unit vector from the centre of mass of the first to that of the second
    direction: tuple[float, float, float]
    #: of the second about its centre of mass, as a quaternion x, y, z, w
    rotation: tuple[float, float, float, float]
    #: Å
    distance: float
    #: eV, of the interaction there by the method that found it; None if not computed
    energy: float | None = None

    def at(self, distance: float) -> Pose:
        """Give the same orientation at another distance."""
        return Pose(self.direction, self.rotation, distance)


def monomer(spec: str | PathLike[str] | Atoms) -> tuple[str, Atoms]:
    """One molecule in vacuum with its centre of mass at the origin, and its name.

    Parameters
    ----------
    spec
        ``"EC"``, ``"EMC"`` or ``"water"``: gas-phase minima in OPLS-AA (water: experiment). Else a file, whose first
        frame is one molecule, or a configuration.

    Raises
    ------
    InputError
        If it is not exactly one molecule.
    OSError
        If there is no such file.

    Examples
    --------
    >>> name, atoms = monomer("EC")
    >>> name, len(atoms), bool(abs(atoms.get_center_of_mass()).max() < 1e-12)
    ('EC', 10, True)
    """
    if isinstance(spec, str) and spec in NAMED:
        given, what = molecule(spec), spec
    elif isinstance(spec, Atoms):
        given, what = spec, "molecule"
    elif not Path(spec).is_file():
        raise InputError(f"{spec}: neither a file nor one of {', '.join(NAMED)}")
    else:
        (given,), what = iread(spec, 0), str(spec)
    found = find_molecules(given)
    if len(found) != 1:
        kinds = ", ".join(f"{count} {name}" for name, count in found.composition.items())
        raise InputError(f"{what}: got {kinds}, expected one molecule; cut one out with ecemc isolate")
    atoms = without_labels(make_whole(given, found) if given.pbc.any() else given)
    atoms.calc = None
    atoms.set_constraint()
    atoms.info = {}
    atoms.set_cell(None)
    atoms.pbc = False
    atoms.positions -= atoms.get_center_of_mass()
    return found.species[0], atoms


def pair(first: Atoms, second: Atoms, pose: Pose) -> Atoms:
    """Put two molecules together; atoms of the first come first.

    Parameters
    ----------
    first, second
        From :func:`monomer`.
    pose
        Of the second.

    Examples
    --------
    >>> (_, a), (_, b) = monomer("EC"), monomer("EMC")
    >>> both = pair(a, b, Pose((0.0, 1.0, 0.0), (0.0, 0.0, 0.0, 1.0), 6.0))
    >>> (both[10:].get_center_of_mass() - both[:10].get_center_of_mass()).round(6).tolist()[1]
    6.0
    """
    moved = second.copy()
    moved.positions = _placed(second, pose)
    both: Atoms = first + moved
    return both


def even_poses(first: Atoms, second: Atoms, n: int, *, seed: int = 1) -> Iterator[Pose]:
    """Poses that cover all directions and orientations evenly, just touching.

    The sequence of Roberts in five dimensions (powers of a generalised golden ratio) with a random start, mapped to
    directions and, after Shoemake, to rotations; any number of it is spread evenly. Two molecules touch where two atoms
    come as near as the sum of their van der Waals radii.

    Parameters
    ----------
    first, second
        From :func:`monomer`.
    n
        Number of poses.
    seed
        Of the start of the sequence.

    Examples
    --------
    >>> (_, a), (_, b) = monomer("water"), monomer("water")
    >>> [3.0 < pose.distance < 4.0 for pose in even_poses(a, b, 3)]
    [True, True, True]
    """
    ratio = np.roots([1.0, 0.0, 0.0, 0.0, 0.0, -1.0, -1.0])  # x⁶ = x + 1
    golden = float(ratio[np.isclose(ratio.imag, 0.0) & (ratio.real > 1.0)][0].real)
    start = np.random.default_rng(seed).random(5)
    for k in range(n):
        u = (start + (k + 1) / golden ** np.arange(1, 6)) % 1.0
        height, angle = 2.0 * u[0] - 1.0, 2.0 * np.pi * u[1]
        flat = np.sqrt(1.0 - height**2)
        one, two = 2.0 * np.pi * u[3:]
        low, high = np.sqrt(1.0 - u[2]), np.sqrt(u[2])
        direction = (flat * np.cos(angle), flat * np.sin(angle), height)
        rotation = (low * np.sin(one), low * np.cos(one), high * np.sin(two), high * np.cos(two))
        pose = Pose(tuple(map(float, direction)), tuple(map(float, rotation)), 0.0)  # type: ignore[arg-type]
        yield pose.at(_touching(first, second, pose))


def _placed(second: Atoms, pose: Pose) -> Floats:
    turned: Floats = Rotation.from_quat(pose.rotation).apply(second.positions)
    return turned + pose.distance * np.asarray(pose.direction)


def _touching(first: Atoms, second: Atoms, pose: Pose) -> float:
    """Distance of centres, coming from outside, at which the first two atoms touch."""
    radii = [np.array([_RADII.get(z, _OTHER) for z in atoms.numbers]) for atoms in (first, second)]
    contact = radii[0][:, None] + radii[1]
    axis = np.asarray(pose.direction)
    turned = _placed(second, pose.at(0.0))
    # Where |turned + t·axis − r| = contact for each pair of atoms; the largest t is met first.
    between = turned[None] - first.positions[:, None]
    along = between @ axis
    across = (between**2).sum(axis=2) - along**2
    reached = contact**2 - across
    met = reached > 0.0
    if not met.any():  # they pass each other
        return 0.0
    return float((np.sqrt(np.where(met, reached, 0.0)) - along)[met].max())


#: Å, van der Waals radii of Bondi (J. Phys. Chem. 68, 441 (1964)); hydrogen after Rowland and Taylor (1996).
_RADII = {1: 1.10, 3: 1.82, 6: 1.70, 7: 1.55, 8: 1.52, 9: 1.47, 15: 1.80, 16: 1.80, 17: 1.75}
_OTHER = 2.0
