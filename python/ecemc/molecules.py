"""Molecules: connected components of the bond graph under periodic boundaries."""

from __future__ import annotations

__all__ = ["Molecules", "find_molecules", "make_whole", "register_species", "split_molecules"]

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from ase.data import atomic_masses
from ase.data import atomic_numbers as number_of

from ecemc import _core, keys
from ecemc.errors import InputError
from ecemc.frames import atomic_numbers, geometry, without_labels
from ecemc.species import parse_smiles, register, species_name

if TYPE_CHECKING:
    from ase import Atoms
    from numpy.typing import NDArray

    Scale = float | Mapping[str, float]
    _Ints = NDArray[np.int64]
    #: index, image, infinite, bonds, shifts, number of the kind of each molecule, fingerprint and formula of each kind
    _Found = tuple[_Ints, _Ints, NDArray[np.bool_], _Ints, _Ints, list[int], list[tuple[str, str]]]

DEFAULT_SCALE = 1.3


@dataclass(frozen=True, eq=False, repr=False)
class Molecules:
    """Which atom belongs to which molecule, found by :func:`find_molecules`.

    Molecules are numbered by their first atoms. ``positions + image @ cell`` are unbroken molecules, each anchored at
    its first atom. A pair ``(i, j, S)`` of a neighbour list is intramolecular exactly if ``index[i] == index[j]`` and
    ``S == image[j] - image[i]``.

    Examples
    --------
    >>> from ase.build import molecule
    >>> found = find_molecules(molecule("H2O", cell=[4, 4, 4], pbc=True).repeat((2, 1, 1)))
    >>> len(found), found.index.tolist(), found.composition
    (2, [0, 0, 0, 1, 1, 1], {'H2O': 2})
    """

    #: (n,) int64, molecule of each atom
    index: NDArray[np.int64]
    #: (n, 3) int64, cell vectors to add to each atom
    image: NDArray[np.int64]
    #: (m,) bool, whether a molecule is bonded to its own periodic image
    infinite: NDArray[np.bool_]
    #: (n_bonds, 2) int64, bonded atoms ``i <= j``, each bond once; contacts across narrow angles are left out
    bonds: NDArray[np.int64]
    #: (n_bonds, 3) int64, the bond vector is ``r_j - r_i + bond_shifts @ cell``
    bond_shifts: NDArray[np.int64]
    #: name of the species of each molecule
    species: list[str]
    #: formula of each molecule in Hill order
    formulas: list[str]
    #: 128-bit fingerprint of each molecule's bond graph, as hexadecimal digits
    fingerprints: list[str]

    def __len__(self) -> int:
        """Count the molecules."""
        return len(self.species)

    def __repr__(self) -> str:
        """Show the composition."""
        kinds = ", ".join(f"{count} {name}" for name, count in self.composition.items()) or "none"
        return f"Molecules({kinds}; {len(self.index)} atoms)"

    @cached_property
    def composition(self) -> dict[str, int]:
        """Number of molecules of each species, by name."""
        return dict(sorted(Counter(self.species).items()))

    @cached_property
    def members(self) -> list[NDArray[np.int64]]:
        """Atoms of each molecule, ascending."""
        order = np.argsort(self.index, kind="stable")
        ends = np.cumsum(np.bincount(self.index, minlength=len(self)))
        return np.split(order, ends[:-1]) if len(self) else []


def find_molecules(atoms: Atoms, *, scale: Scale = DEFAULT_SCALE, n_threads: int | None = None) -> Molecules:
    """Find the molecules of a configuration from interatomic distances.

    Two atoms are bonded if ``d < scale * (r_i + r_j)`` with the covalent radii of Cordero et al. (Dalton Trans. 2008,
    2832), over any periodic boundary of any cell. Molecules are the connected components. Species are told apart by
    bond graph, so isomers differ; stereoisomers, conformers and charge states do not. In this graph a contact longer
    than 1.2 (r_i + r_j) that merely closes an angle between two shorter bonds is no bond: in a hot liquid it is no more
    than that, and without this EC would now and then lose its name. Known solvents, ions and gases
    have names (``EC``, ``EMC``, ``PF6``, ... see :data:`ecemc.species.KNOWN_SPECIES`); others are called by formula and
    six digits of their fingerprint, ``"C4H8O3-53b63b"``. Names do not depend on the rest of the frame.

    Parameters
    ----------
    atoms
        The configuration; atoms may be in any order, molecules may be broken by boundaries.
    scale
        One factor, or ``{element: factor}`` for the criterion ``d < f_i r_i + f_j r_j`` in which elements that are not
        named keep 1.3. Anything from 1.25 to 1.5 finds the right molecules of organic liquids up to 1200 K. A
        coordinated metal ion counts as bonded at 1.3 (Li-O up to 2.5 Å): ``{"Li": 0.5}`` keeps the ions apart.
    n_threads
        Default: ``ECEMC_NUM_THREADS``, else ``OMP_NUM_THREADS``, else all cores. Does not change the result.

    Raises
    ------
    InputError
        For elements without covalent radius, bad factors, NaN positions, singular cells.

    Examples
    --------
    >>> from ase.build import molecule
    >>> water = molecule("H2O", cell=[4, 4, 4], pbc=True)
    >>> find_molecules(water.repeat((2, 1, 1)))
    Molecules(2 H2O; 6 atoms)
    """
    frame = geometry(atoms)
    numbers = atomic_numbers(atoms)
    uniform, factors = _factors(scale)
    return _molecules(
        _core.find_molecules(frame.positions, numbers, frame.cell, frame.pbc, uniform, factors, n_threads)
    )


def _molecules(found: _Found) -> Molecules:
    """Name what the kernel has found."""
    index, image, infinite, bonds, shifts, kind_of, kinds = found
    for array in (index, image, infinite, bonds, shifts):
        array.flags.writeable = False
    first = dict(zip(reversed(kind_of), range(len(kind_of) - 1, -1, -1), strict=True))
    sizes = np.bincount(index) if len(index) else index
    names = [
        species_name(fingerprint, formula, int(sizes[first[kind]]), bool(infinite[first[kind]]))
        for kind, (fingerprint, formula) in enumerate(kinds)
    ]
    return Molecules(
        index, image, infinite, bonds, shifts,
        species=[names[kind] for kind in kind_of],
        formulas=[kinds[kind][1] for kind in kind_of],
        fingerprints=[kinds[kind][0] for kind in kind_of],
    )  # fmt: skip


def molecule_tracker(scale: Scale = DEFAULT_SCALE) -> _core.MoleculeTracker:
    """Tracker of molecules through a trajectory, with the bond criterion of :func:`find_molecules`.

    Examples
    --------
    >>> from ase.build import molecule
    >>> from ecemc.frames import batch
    >>> tracker = molecule_tracker()
    >>> tracked = tracker.add(0, batch([molecule("H2O"), molecule("CO2")]))
    >>> tracked_molecules(tracked, 1), kind_names(tracker)
    (Molecules(1 CO2; 3 atoms), ['H2O', 'CO2'])
    """
    return _core.MoleculeTracker(*_factors(scale))


def tracked_molecules(tracked: _core.TrackedMolecules, k: int) -> Molecules:
    """Molecules of frame k of a batch: the same as :func:`find_molecules` gives for it."""
    return _molecules(tracked.molecules(k))


def kind_names(tracker: _core.MoleculeTracker) -> list[str]:
    """Name of the species of each kind of molecule that a tracker has met, in order of appearance."""
    return [species_name(*kind) for kind in tracker.fingerprints]


def _factors(scale: Scale) -> tuple[float, list[tuple[int, float]]]:
    """Split a scale into the uniform factor and the exceptions by atomic number."""
    try:
        if not isinstance(scale, Mapping):
            return float(scale), []
        return DEFAULT_SCALE, [(number_of[element], float(factor)) for element, factor in scale.items()]
    except KeyError as error:
        message = f"scale: unknown element {error}, expected symbols such as 'Li'"
        raise InputError(message) from error
    except (TypeError, ValueError) as error:
        message = f"scale: got {scale!r}, expected a number such as 1.3 or {{element: factor}}"
        raise InputError(message) from error


def checked(molecules: Any) -> Molecules:
    """Refuse what is no result of :func:`find_molecules`, such as an array of indices."""
    if isinstance(molecules, Molecules):
        return molecules
    message = f"molecules: got {type(molecules).__name__}, expected the result of find_molecules"
    raise InputError(message)


def frame_with_molecules(atoms: Atoms, molecules: Molecules | None) -> tuple[Any, ...]:
    """Positions, cell, pbc, masses, index, image, infinite: what the kernels take; finds the molecules if not given."""
    found = find_molecules(atoms) if molecules is None else checked(molecules)
    frame, numbers = geometry(atoms), atomic_numbers(atoms)
    # Standard masses for what looks like Atoms but has none of its own.
    given = atoms.get_masses() if hasattr(atoms, "get_masses") else atomic_masses[numbers]
    masses = np.ascontiguousarray(given, dtype=np.float64)
    return (*frame, masses, found.index, found.image, found.infinite)


def make_whole(atoms: Atoms, molecules: Molecules | None = None) -> Atoms:
    """Unbroken molecules, with centres of mass wrapped into the cell along periodic axes.

    Atoms are moved by cell vectors along the bonds, never by minimum image, so molecules longer than half the cell come
    out right. Atoms that need not move keep their coordinates to the last bit.

    Parameters
    ----------
    atoms
        The configuration.
    molecules
        Result of :func:`find_molecules` for these very positions; found with the default bond criterion if not given.

    Returns
    -------
    Atoms
        A copy with all arrays, info and constraints, without calculator.

    Raises
    ------
    InfiniteMoleculeError
        If a molecule is bonded to its own periodic image.

    Examples
    --------
    >>> from ase import Atoms
    >>> make_whole(Atoms("H2", [[0.1, 0, 0], [4.4, 0, 0]], cell=[5, 5, 5], pbc=True)).positions[:, 0].round(3).tolist()
    [5.1, 4.4]
    """
    positions = _core.make_whole(frame_with_molecules(atoms, molecules))
    whole: Atoms = atoms.copy()
    whole.arrays["positions"] = positions
    return whole


def split_molecules(
    atoms: Atoms, molecules: Molecules | None = None, *, cell: str | float | None = "parent"
) -> list[Atoms]:
    """Cut out each molecule, whole and in its orientation, to be evaluated on its own.

    Parameters
    ----------
    atoms
        The configuration.
    molecules
        Result of :func:`find_molecules`; found with the default bond criterion if not given.
    cell
        ``"parent"``: the cell and periodicity of ``atoms``. ``None``: no cell, not periodic. A length in Å: a periodic
        cubic box, the centre of mass in its middle. Which one matters for periodic methods.

    Returns
    -------
    list of Atoms
        One per molecule, with the per-atom arrays of the parent except forces and other labels, which are not those of
        the molecule alone. ``arrays["parent_atom"]`` holds the indices in the parent, to put results back in place;
        ``info`` the number of the molecule and its species.

    Raises
    ------
    InputError
        If ``cell`` is none of these or shorter than a molecule.
    InfiniteMoleculeError
        If a molecule is bonded to its own periodic image.

    Examples
    --------
    >>> from ase.build import molecule
    >>> box = molecule("H2O", cell=[4, 4, 4], pbc=True).repeat((2, 1, 1))
    >>> [part.arrays["parent_atom"].tolist() for part in split_molecules(box, cell=None)]
    [[0, 1, 2], [3, 4, 5]]
    """
    found = find_molecules(atoms) if molecules is None else checked(molecules)
    whole = without_labels(make_whole(atoms, found))
    whole.arrays[keys.PARENT_ATOM] = np.arange(len(whole))
    whole.info.pop(keys.COMPOSITION, None)
    parts = []
    for number, (members, species) in enumerate(zip(found.members, found.species, strict=True)):
        part = whole[members]
        part.info |= {keys.MOLECULE: number, keys.MOLECULE_SPECIES: species}
        parts.append(_in_cell(part, cell))
    return parts


def _in_cell(part: Atoms, cell: str | float | None) -> Atoms:
    """Put a molecule that was cut out in the cell asked for."""
    if isinstance(cell, str) and cell == "parent":
        return part
    if cell is None:
        part.cell[:] = 0.0
        part.pbc = False
        return part
    if isinstance(cell, str) or np.ndim(cell) or not (np.isfinite(cell) and cell > 0.0):
        message = f"cell: got {cell!r}, expected 'parent', None or a length in Å"
        raise InputError(message)
    extent = float(np.ptp(part.positions, axis=0).max())
    if extent >= cell:
        message = f"cell: got {cell} Å, but a molecule {part.info[keys.MOLECULE_SPECIES]} is {extent:.2f} Å long"
        raise InputError(message)
    masses = part.get_masses()
    part.positions += cell / 2.0 - masses @ part.positions / masses.sum()
    part.cell[:] = np.eye(3) * cell
    part.pbc = True
    return part


def register_species(name: str, structure: str | Atoms, *, scale: Scale = DEFAULT_SCALE) -> None:
    """Name a species, for this process, by SMILES string or by example.

    Parameters
    ----------
    name
        Starts with a letter, such as ``"acetone"``.
    structure
        A SMILES string (no aromatic atoms: write rings with double bonds) or one molecule as ``Atoms``.
    scale
        Bond criterion for ``Atoms``, see :func:`find_molecules`.

    Raises
    ------
    InputError
        If the name or the molecule is already taken, or the structure is not one finite molecule.

    Examples
    --------
    >>> from ase.build import molecule
    >>> register_species("cyclobutane", "C1CCC1")
    >>> find_molecules(molecule("cyclobutane")).species
    ['cyclobutane']
    """
    if isinstance(structure, str):
        register(name, _core.graph_fingerprint(*parse_smiles(structure)))
        return
    found = find_molecules(structure, scale=scale)
    if len(found) != 1 or found.infinite.any():
        message = f"structure: got {found!r}, expected exactly one finite molecule"
        raise InputError(message)
    register(name, found.fingerprints[0])
