"""Single molecules and atoms, cut out of frames and ready to be labelled."""

from __future__ import annotations

__all__ = ["DEFAULT_CELL", "isolated_atoms", "isolated_molecules"]

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np
from ase import Atoms
from ase.data import atomic_numbers, chemical_symbols

from ecemc import keys
from ecemc.errors import InputError
from ecemc.molecules import Molecules, find_molecules, split_molecules
from ecemc.trajectory import frames_and_files

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from ecemc.trajectory.inputs import FramesLike

#: Å. Copies of a molecule of length d in such a box are 20 - d apart: EC and EMC, up to 8 Å long, do not feel their
#: periodic images with any cutoff up to 12 Å.
DEFAULT_CELL = 20.0


def isolated_molecules(
    frames: FramesLike,
    *,
    cell: float | str | None = DEFAULT_CELL,
    per_frame: int | None = None,
    distinct: float | None = None,
    seed: int = 1,
) -> Iterator[Atoms]:
    """Cut whole molecules out of frames, in their geometry and orientation.

    In the liquid a model sees molecules only together with their neighbours. Single ones in the training set fix the
    energy where the liquid is pulled apart (section 2.7 of the paper), and are what the intramolecular part of energy,
    forces and virial is computed from.

    Parameters
    ----------
    frames
        A file, a :class:`~ecemc.trajectory.Trajectory`, or configurations. Molecules may be broken by boundaries.
    cell
        A length in Å: a cubic periodic box with the molecule in its middle. ``None``: no cell, not periodic.
        ``"parent"``: the cell of the frame. gap_fit does not look at periodicity flags and takes a box for every
        configuration, so a box is the default: long enough that no cutoff reaches an image.
    per_frame
        At most as many of each species from each frame, chosen at random; all if not given.
    distinct
        Å. Leave molecules out that are like one given before: whose distances between atoms, sorted within each pair of
        elements, differ by less than this (root mean square). Mirror images and exchanged hydrogens are alike. Every
        molecule is compared with all before, so the time grows with the square of their number.
    seed
        Of the choice. What is chosen from a frame does not depend on the other frames.

    Yields
    ------
    Atoms
        With ``config_type=isolated_molecule``, ``parent_frame`` (from 0, among the frames read), ``molecule`` and
        ``molecule_species`` in ``info``, ``parent_atom`` in ``arrays``, and what the frame has in ``info``, such as its
        time. Labels of the frame are those of all molecules together and are left out.

    Raises
    ------
    InputError
        If an option is outside its domain, or the box is shorter than a molecule.
    InfiniteMoleculeError
        If a molecule is bonded to its own periodic image.

    Examples
    --------
    >>> from ecemc.testing import liquid
    >>> parts = list(isolated_molecules(liquid(1, 2, 0.5)))
    >>> [part.info["molecule_species"] for part in parts], parts[0].info["config_type"], parts[0].cell
    (['EC', 'EMC', 'EMC'], 'isolated_molecule', Cell([20.0, 20.0, 20.0]))
    """
    if per_frame is not None and per_frame < 1:
        raise InputError(f"per_frame: got {per_frame}, expected a whole number >= 1 or None for all")
    if distinct is not None and not (np.isfinite(distinct) and distinct > 0.0):
        raise InputError(f"distinct: got {distinct}, expected a length in Å > 0")
    given, _ = frames_and_files(frames)
    return _cut(given, cell, per_frame, None if distinct is None else _Seen(distinct), seed)


def _cut(
    frames: Iterable[Atoms], cell: float | str | None, per_frame: int | None, seen: _Seen | None, seed: int
) -> Iterator[Atoms]:
    for number, atoms in enumerate(frames):
        try:
            found = find_molecules(atoms)
            parts = split_molecules(atoms, found, cell=cell)
        except InputError as error:
            raise type(error)(f"frame {number}: {error}") from error
        chosen = range(len(found)) if per_frame is None else _chosen(found, per_frame, (seed, number))
        for molecule in chosen:
            part = parts[molecule]
            if seen is not None and not seen.is_new(part):
                continue
            part.info |= {keys.CONFIG_TYPE: keys.ISOLATED_MOLECULE, keys.PARENT_FRAME: number}
            yield part


def _chosen(molecules: Molecules, per_frame: int, seed: tuple[int, int]) -> list[int]:
    """Numbers of the chosen molecules, ascending."""
    generator = np.random.default_rng(seed)
    of = defaultdict(list)
    for number, species in enumerate(molecules.species):
        of[species].append(number)
    picked = [generator.permutation(of[species])[:per_frame] for species in sorted(of)]
    return sorted(np.concatenate(picked).tolist()) if picked else []


class _Seen:
    """Shapes of molecules met so far."""

    def __init__(self, tolerance: float) -> None:
        self._tolerance = tolerance
        self._shapes: dict[str, list[NDArray[np.float64]]] = defaultdict(list)

    def is_new(self, part: Atoms) -> bool:
        """Whether no molecule of the species has had this shape; it has from now on."""
        shapes, shape = self._shapes[part.info[keys.MOLECULE_SPECIES]], _shape(part)
        if shapes and shape.size == 0:  # single atoms
            return False
        if shapes and np.sqrt(np.mean((np.array(shapes) - shape) ** 2, axis=1)).min() < self._tolerance:
            return False
        shapes.append(shape)
        return True


def _shape(part: Atoms) -> NDArray[np.float64]:
    """Distances between atoms, sorted within each pair of elements: the same for any order and orientation."""
    first, second = np.triu_indices(len(part), 1)
    d = np.linalg.norm(part.positions[first] - part.positions[second], axis=1)
    low, high = np.sort(part.numbers[np.array([first, second])], axis=0)
    return np.asarray(d[np.lexsort((d, high, low))])


def isolated_atoms(elements: str | Iterable[str], *, cell: float | None = DEFAULT_CELL) -> list[Atoms]:
    """Single atoms, whose energies are the zero that gap_fit measures binding from (E0).

    Parameters
    ----------
    elements
        Symbols, such as ``"H"`` or ``["C", "H", "O"]``; each is taken once.
    cell
        Å, of a cubic periodic box with the atom in its middle; ``None`` for none. gap_fit needs a box.

    Returns
    -------
    list of Atoms
        By atomic number, with ``config_type=isolated_atom``.

    Raises
    ------
    InputError
        For unknown symbols, or a box that is no length.

    Notes
    -----
    The spin state is the business of the method that labels them: DFT needs spin polarisation for most free atoms.

    Examples
    --------
    >>> [str(atoms.symbols) for atoms in isolated_atoms(["O", "H", "O"])]
    ['H', 'O']
    """
    names = [elements] if isinstance(elements, str) else list(elements)
    if unknown := [name for name in names if name not in atomic_numbers or name == "X"]:
        raise InputError(f"elements: got {unknown[0]!r}, expected symbols such as 'C'")
    if cell is not None and not (isinstance(cell, (int, float)) and np.isfinite(cell) and cell > 0.0):
        raise InputError(f"cell: got {cell!r}, expected None or a length in Å")
    found = []
    for number in sorted({atomic_numbers[name] for name in names}):
        atoms = Atoms(chemical_symbols[number], info={keys.CONFIG_TYPE: keys.ISOLATED_ATOM})
        if cell is not None:
            atoms.set_cell([cell] * 3)
            atoms.pbc = True
            atoms.positions[:] = cell / 2.0
        found.append(atoms)
    return found
