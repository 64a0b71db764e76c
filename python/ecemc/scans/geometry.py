"""Geometries of a scan: the scaled boxes and the molecules cut out of them; built, or gathered from a file."""

from __future__ import annotations

__all__ = ["DEFAULT_SCALES", "ScanGeometry", "build_scans", "checked_scales", "group_scans"]

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ecemc import keys
from ecemc.errors import InputError
from ecemc.frames import reals
from ecemc.isolated import DEFAULT_CELL, isolated_molecules
from ecemc.molecules import find_molecules
from ecemc.trajectory import frames_and_files
from ecemc.volume_scan import volume_scan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ase import Atoms
    from numpy.typing import ArrayLike, NDArray

    from ecemc.trajectory.inputs import FramesLike

#: From the repulsive wall into the gas: steps of 1.11 in volume (3.5 % in s) as in the authors' own scan, half steps
#: about the minimum, where 1 meV/atom matters, and two points far out, where interactions must be gone: at s = 3
#: neighbouring EC and EMC molecules are more than 6 Å apart, beyond the reach of most local models.
DEFAULT_SCALES: tuple[float, ...] = (
    *(round(1.11 ** (step / 3), 4) for step in sorted([*range(-5, 15), -0.5, 0.5, 1.5])),
    2.0,
    3.0,
)

#: What a molecule needs to have in ``info`` to find its box.
_PART = {keys.MOLECULE, keys.MOLECULE_SPECIES}
_EXPECTED = "scaled boxes and the molecules cut out of them, as ecemc scan --geometries-only writes them"


@dataclass(frozen=True, eq=False)
class ScanGeometry:
    """One frame's scan.

    Examples
    --------
    >>> from ecemc.testing import liquid
    >>> (geometry,) = build_scans(liquid(1, 2, 0.5), [0.9, 1.0, 1.2])
    >>> len(geometry.boxes), len(geometry.molecules), geometry.composition
    (3, 3, {'EC': 1, 'EMC': 2})
    """

    #: number of the frame that was scaled
    parent_frame: int
    #: (n_scales,) ascending
    scales: NDArray[np.float64]
    #: scaled frames, with rigid molecules
    boxes: tuple[Atoms, ...]
    #: each molecule on its own; being rigid, the same for all scales
    molecules: tuple[Atoms, ...]
    #: (n,) molecule of each atom of the boxes
    index: NDArray[np.int64]

    @property
    def frames(self) -> tuple[Atoms, ...]:
        """All that is to be evaluated: boxes, then molecules."""
        return self.boxes + self.molecules

    @property
    def species(self) -> tuple[str, ...]:
        """Name of each molecule."""
        return tuple(str(part.info[keys.MOLECULE_SPECIES]) for part in self.molecules)

    @property
    def composition(self) -> dict[str, int]:
        """Number of molecules of each species."""
        return dict(sorted(Counter(self.species).items()))


def checked_scales(scales: ArrayLike) -> NDArray[np.float64]:
    """Ascending scales, each once.

    Raises
    ------
    InputError
        If there are fewer than two, or they are not finite numbers > 0.

    Examples
    --------
    >>> checked_scales([1.0, 0.9]).tolist()
    [0.9, 1.0]
    """
    factors = reals("scales", scales, "linear scale factors such as 0.9, 1.0, 1.1")
    if factors.ndim != 1 or not np.all(np.isfinite(factors) & (factors > 0.0)):
        raise InputError(f"scales: got {factors.tolist()}, expected linear scale factors > 0")
    factors = np.unique(factors)
    if len(factors) < 2:
        raise InputError(f"scales: got {len(factors)}, expected at least two: a scan is a curve")
    return factors


def build_scans(
    frames: FramesLike, scales: ArrayLike = DEFAULT_SCALES, *, cell: float | str | None = DEFAULT_CELL
) -> Iterator[ScanGeometry]:
    """Scale frames with rigid molecules, and cut the molecules out.

    Parameters
    ----------
    frames
        Liquid frames: a file, a :class:`~ecemc.trajectory.Trajectory`, or configurations.
    scales
        Linear factors on cell and centres of mass, see :func:`ecemc.volume_scan`.
    cell
        Of the molecules, see :func:`ecemc.isolated_molecules`.

    Yields
    ------
    ScanGeometry
        One per frame. Boxes have ``config_type=volume_scan``, ``scan_scale`` and ``parent_frame``, molecules
        ``config_type=isolated_molecule`` and what :func:`ecemc.isolated_molecules` gives.

    Raises
    ------
    InputError
        For scales that are none, frames without molecules, or a cell shorter than a molecule.
    InfiniteMoleculeError
        If a molecule is bonded to its own periodic image: it cannot stay rigid while the cell grows.

    Examples
    --------
    >>> from ecemc.testing import liquid
    >>> (geometry,) = build_scans(liquid(1, 2, 0.5))
    >>> len(geometry.boxes), geometry.boxes[0].info
    (25, {'scan_scale': 0.8404, 'scan_mode': 'rigid', 'config_type': 'volume_scan', 'parent_frame': 0})
    """
    factors = checked_scales(scales)
    given, _ = frames_and_files(frames)
    return (_build(number, atoms, factors, cell) for number, atoms in enumerate(given))


def _build(number: int, atoms: Atoms, scales: NDArray[np.float64], cell: float | str | None) -> ScanGeometry:
    try:
        found = find_molecules(atoms)
        boxes = volume_scan(atoms, scales, molecules=found)
        parts = list(isolated_molecules(atoms, cell=cell))
    except InputError as error:
        raise type(error)(f"frame {number}: {str(error).removeprefix('frame 0: ')}") from error
    if not parts:
        raise InputError(f"frame {number}: holds no atoms")
    for box in boxes:
        box.info |= {keys.CONFIG_TYPE: keys.VOLUME_SCAN, keys.PARENT_FRAME: number}
    for part in parts:
        part.info[keys.PARENT_FRAME] = number
    return ScanGeometry(number, scales, tuple(boxes), tuple(parts), found.index)


def group_scans(frames: FramesLike) -> list[ScanGeometry]:
    """Gather scans from frames that :func:`build_scans` has made, labelled or not, in any order.

    Parameters
    ----------
    frames
        Boxes with ``scan_scale`` and molecules with ``parent_atom``, which belong together by ``parent_frame``. Scales
        may be missing, as those that could not be labelled, but no molecule may. Other frames are passed over.

    Raises
    ------
    InputError
        If there is no scan, a molecule is missing, or there are fewer than two scales.

    Examples
    --------
    >>> from ecemc.testing import liquid
    >>> (geometry,) = build_scans(liquid(1, 2, 0.5), [0.9, 1.0])
    >>> [(scan.parent_frame, scan.scales.tolist()) for scan in group_scans(geometry.frames)]
    [(0, [0.9, 1.0])]
    """
    given, files = frames_and_files(frames)
    where = f"{files[0]}: " if files else ""
    boxes: dict[int, list[Atoms]] = defaultdict(list)
    parts: dict[int, list[Atoms]] = defaultdict(list)
    for number, atoms in enumerate(given):
        is_box = keys.SCAN_SCALE in atoms.info
        if not is_box and not (keys.PARENT_ATOM in atoms.arrays and atoms.info.keys() >= _PART):
            continue
        if keys.PARENT_FRAME not in atoms.info:
            raise InputError(f"{where}frame {number}: has no {keys.PARENT_FRAME}, expected {_EXPECTED}")
        (boxes if is_box else parts)[int(atoms.info[keys.PARENT_FRAME])].append(atoms)
    if not boxes:
        raise InputError(f"{where}no frame has a {keys.SCAN_SCALE}, expected {_EXPECTED}")
    return [_group(where, parent, boxes[parent], parts.get(parent, [])) for parent in sorted(boxes)]


def _group(where: str, parent: int, boxes: list[Atoms], parts: list[Atoms]) -> ScanGeometry:
    boxes = sorted(boxes, key=lambda box: float(box.info[keys.SCAN_SCALE]))
    parts = sorted(parts, key=lambda part: int(part.info[keys.MOLECULE]))
    name = f"{where}scan of frame {parent}"
    scales = np.array([float(box.info[keys.SCAN_SCALE]) for box in boxes])
    if len(checked_scales(scales)) != len(boxes):
        raise InputError(f"{name}: a scale is there twice; are these scans of different files? write them apart")
    n_atoms = len(boxes[0])
    if any(not np.array_equal(box.numbers, boxes[0].numbers) for box in boxes):
        raise InputError(f"{name}: boxes differ in their atoms; are these scans of different files?")
    index = np.full(n_atoms, -1, dtype=np.int64)
    for molecule, part in enumerate(parts):
        atoms = np.atleast_1d(part.arrays[keys.PARENT_ATOM])
        fits = atoms.max() < n_atoms and (index[atoms] < 0).all()
        if not (fits and np.array_equal(boxes[0].numbers[atoms], part.numbers)):
            raise InputError(f"{name}: molecule {part.info[keys.MOLECULE]} is not of this box, or there twice")
        index[atoms] = molecule
    if (index < 0).any():
        raise InputError(f"{name}: atom {int(np.argmin(index))} is in no isolated molecule, expected {_EXPECTED}")
    return ScanGeometry(parent, scales, tuple(boxes), tuple(parts), index)
