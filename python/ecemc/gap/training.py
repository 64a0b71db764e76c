"""The training set: frames with their labels, and the file that gap_fit reads.

gap_fit is given a file of our own making: nine plain numbers for a virial, no foreign keys, and a Lattice for every
frame, since gap_fit takes each frame as periodic, whatever its pbc says.
"""

from __future__ import annotations

__all__ = ["Example", "TrainingSet", "paths_of", "read_training_set"]

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ase import Atoms

from ecemc import keys
from ecemc.errors import FileFormatError, InputError
from ecemc.frames import atomic_numbers, iterate
from ecemc.gap.cells import check_geometry, padded_cell
from ecemc.labels import LabelKeys, Labels, read_labels, with_labels
from ecemc.trajectory import iread

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from os import PathLike

#: Å added to the cutoff between the images of a frame that is not periodic, for rounding.
_MARGIN = 1.0


@dataclass(frozen=True, eq=False)
class Example:
    """One labelled configuration of a training set."""

    atoms: Atoms
    labels: Labels
    config_type: str
    #: such as ``"train.extxyz: frame 3"``
    where: str

    @property
    def single(self) -> bool:
        """Whether it is a single atom."""
        return len(self.atoms) == 1


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """Labelled configurations.

    Attributes
    ----------
    examples
        In the order of the file.
    name
        What messages call the set.
    names
        How the labels were spelt.
    seen
        Keys of ``info`` and ``arrays`` that occur, for messages.
    """

    examples: tuple[Example, ...]
    name: str
    names: LabelKeys
    seen: tuple[str, ...]

    @property
    def elements(self) -> list[int]:
        """Atomic numbers, ascending."""
        return sorted({int(z) for example in self.examples for z in example.atoms.numbers})

    @property
    def config_types(self) -> dict[str, int]:
        """Number of frames of each ``config_type``; ``""`` where there is none."""
        return dict(Counter(example.config_type for example in self.examples))

    def gap_fit_frames(self, cutoff: float, config_types: Iterable[str] = ()) -> list[Atoms]:
        """Frames as gap_fit has to see them; ``config_type`` only where it is one of those that are told apart."""
        told = set(config_types)
        frames = []
        for example in self.examples:
            atoms = with_labels(_periodic(example.atoms, cutoff), example.labels)
            if example.config_type in told:
                atoms.info[keys.CONFIG_TYPE] = example.config_type
            frames.append(atoms)
        return frames

    def counts(self) -> dict[str, int]:
        """Count energies, force components and virial components (six per frame), as gap_fit should find them."""
        labels = [example.labels for example in self.examples]
        return {
            "energies": sum(label.energy is not None for label in labels),
            "forces": sum(label.forces.size for label in labels if label.forces is not None),
            "virials": sum(6 for label in labels if label.virial is not None),
        }


def read_training_set(
    train: str | PathLike[str] | Sequence[str | PathLike[str]] | Atoms | Iterable[Atoms],
    names: LabelKeys | None = None,
) -> TrainingSet:
    """Read labelled frames, from one file, several, or memory.

    Parameters
    ----------
    train
        A file that :func:`ecemc.iread` reads, several of them, one ``Atoms``, or any iterable of them.
    names
        How the labels are spelt.

    Raises
    ------
    InputError
        If there is no frame, a frame has no atoms, or a label cannot be used; see :func:`ecemc.labels.read_labels`.
    FileFormatError
        As reading.

    Examples
    --------
    >>> read_training_set(Atoms("He", info={"REF_energy": -2.5})).counts()
    {'energies': 1, 'forces': 0, 'virials': 0}
    """
    names = names or LabelKeys()
    examples: list[Example] = []
    seen: set[str] = set()
    for where, atoms in _named(train):
        check_geometry(atoms, where)
        atomic_numbers(atoms)
        if not len(atoms):
            raise InputError(f"{where}: no atoms")
        seen.update(map(str, (*atoms.info, *atoms.arrays)))
        examples.append(Example(atoms, read_labels(atoms, names, where=where), _config_type(atoms), where))
    name = ", ".join(str(path) for path in paths_of(train)) or "training set"
    if not examples:
        raise FileFormatError(f"{name}: no frames")
    return TrainingSet(tuple(examples), name, names, tuple(sorted(seen - {"numbers", "positions"})))


def paths_of(train: Any) -> list[Path]:
    """Files that a training set is read from; none for frames in memory.

    Examples
    --------
    >>> [path.name for path in paths_of(["liquid.extxyz", "atoms.extxyz"])], paths_of([Atoms("He")])
    (['liquid.extxyz', 'atoms.extxyz'], [])
    """
    if isinstance(train, (str, Path)):
        return [Path(train)]
    if isinstance(train, (list, tuple)) and train and all(isinstance(entry, (str, Path)) for entry in train):
        return [Path(entry) for entry in train]
    return []


def _named(train: Any) -> Iterable[tuple[str, Atoms]]:
    """Frames, each with what messages call it."""
    paths = paths_of(train)
    if not paths:
        return ((f"frame {k}", atoms) for k, atoms in enumerate(iterate(train)))
    return ((f"{path}: frame {k}", atoms) for path in paths for k, atoms in enumerate(iread(path)))


def _config_type(atoms: Atoms) -> str:
    return str(atoms.info.get(keys.CONFIG_TYPE, ""))


def _periodic(atoms: Atoms, cutoff: float) -> Atoms:
    """Copy without labels that is periodic in all directions, with images out of reach along those that were not."""
    cell = padded_cell(atoms, cutoff + _MARGIN)
    return Atoms(atoms.numbers, atoms.positions, cell=cell, pbc=True)
