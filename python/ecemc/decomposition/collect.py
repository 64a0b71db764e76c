"""Molecules that were cut out and labelled elsewhere, such as by DFT, put back into their frames."""

from __future__ import annotations

__all__ = ["LabelledMolecules"]

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np

from ecemc import keys
from ecemc.decomposition.compute import Decomposed
from ecemc.decomposition.isolated import cell_of
from ecemc.decomposition.parts import PropertyParts, sum_over_molecules
from ecemc.errors import InputError
from ecemc.labels import read_labels
from ecemc.molecules import find_molecules, make_whole
from ecemc.trajectory import frames_and_files

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ase import Atoms

    from ecemc.labels import LabelKeys
    from ecemc.molecules import Molecules
    from ecemc.trajectory.inputs import FramesLike

#: Å, by how much a molecule may differ from that in its frame: digits lost in files.
_SAME = 1.0e-3
#: Molecules that a message names.
_SHOWN = 6


class LabelledMolecules:
    """All molecules of a file, by the frame that they were cut out of.

    Parameters
    ----------
    molecules
        File or configurations with ``parent_frame`` and ``molecule`` in ``info`` and ``parent_atom`` in ``arrays``, as
        ``ecemc isolate`` writes them, and labels. They are all kept in memory.
    names
        How the labels are spelt; ``REF_energy`` and so on if not given.

    Raises
    ------
    InputError
        If a molecule does not tell where it belongs, has no energy or forces, or is there twice.
    FileFormatError, OSError
        If the file cannot be read.

    Examples
    --------
    >>> from ecemc.isolated import isolated_molecules
    >>> from ecemc.labels import Labels, with_labels
    >>> from ecemc.testing import liquid
    >>> box = with_labels(liquid(1, 0, 0.2), Labels(-1.0, np.zeros((10, 3))))
    >>> alone = [with_labels(part, Labels(-0.9, np.zeros((10, 3)))) for part in isolated_molecules(box)]
    >>> done = LabelledMolecules(alone).join(0, box)
    >>> round(done.parts.energy.inter, 9), done.cell
    (-0.1, 20.0)
    """

    def __init__(self, molecules: FramesLike, names: LabelKeys | None = None) -> None:
        frames, self.files = frames_and_files(molecules)
        self._name = str(self.files[0]) if self.files else "molecules"
        self._names = names
        self._of: dict[int, dict[int, Atoms]] = defaultdict(dict)
        for number, piece in enumerate(frames):
            where = f"{self._name}: frame {number}"
            frame, molecule = (_whole_number(piece.info, key, where) for key in (keys.PARENT_FRAME, keys.MOLECULE))
            if keys.PARENT_ATOM not in piece.arrays:
                raise InputError(f"{where}: has no array {keys.PARENT_ATOM!r}; cut molecules out with ecemc isolate")
            if molecule in self._of[frame]:
                raise InputError(
                    f"{where}: is molecule {molecule} of frame {frame}, as one before it; remove one of the two"
                )
            labels = read_labels(piece, names, where=where)
            if labels.energy is None or labels.forces is None:
                what = "energy" if labels.energy is None else "forces"
                raise InputError(f"{where}: has no {what} under the keys asked for; label it, or give the keys")
            self._of[frame][molecule] = piece

    def join(self, number: int, atoms: Atoms, *, where: str | None = None) -> Decomposed:
        """Put the molecules of a frame back; it fails, with the reason, if some of them are missing.

        Parameters
        ----------
        number
            Of the frame, from 0.
        atoms
            The frame, with its own labels.
        where
            What errors call the frame.

        Raises
        ------
        InputError
            If a molecule is none of the frame's, or the frame's own labels cannot be used.
        """
        total = read_labels(atoms, self._names, where=where or f"frame {number}")
        pieces = self._of.pop(number, {})
        try:
            found = find_molecules(atoms)
            whole = make_whole(atoms, found)
        except InputError as error:
            return Decomposed(atoms, None, None, str(error))
        for molecule, piece in pieces.items():
            self._check(number, molecule, piece, found, whole)
        if missing := sorted(set(range(len(found))) - pieces.keys()):
            named = ", ".join(f"{k} ({found.species[k]})" for k in missing[:_SHOWN])
            more = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
            return Decomposed(
                atoms, found, None, f"{self._name} lacks {len(missing)} of its {len(found)} molecules: {named}{more}"
            )
        alone = [(piece.arrays[keys.PARENT_ATOM], read_labels(piece, self._names)) for piece in pieces.values()]
        parts = PropertyParts(total, sum_over_molecules(len(atoms), alone))
        return Decomposed(atoms, found, parts, cell=cell_of(list(pieces.values()), atoms))

    def check_none_left(self, n_frames: int) -> None:
        """Make sure that every molecule has found its frame.

        Raises
        ------
        InputError
            If some are of frames that were not there.
        """
        if self._of:
            raise InputError(
                f"{self._name}: has molecules of frame {min(self._of)}, but there were {n_frames} frames (from "
                "0); give the file that they were cut out of, whole"
            )

    def _check(self, number: int, molecule: int, piece: Atoms, found: Molecules, whole: Atoms) -> None:
        """Make sure that a molecule is the one that it says it is, and has not been moved within."""
        name = f"{self._name}: molecule {molecule} of frame {number}"
        members = np.asarray(piece.arrays[keys.PARENT_ATOM])
        if not 0 <= molecule < len(found) or not np.array_equal(np.sort(members), found.members[molecule]):
            raise InputError(f"{name}: there is no such molecule in the frame; give the file that it was cut out of")
        if not np.array_equal(piece.numbers, whole.numbers[members]):
            raise InputError(f"{name}: has other elements than in the frame; give the file that it was cut out of")
        moved = piece.positions - whole.positions[members]
        off = float(np.abs(moved - moved.mean(axis=0)).max())
        if off > _SAME:
            raise InputError(
                f"{name}: has another geometry than in the frame, by {off:.3g} Å; it must be labelled as it "
                "was cut out, neither relaxed nor turned, nor broken by the box"
            )


def _whole_number(info: Mapping[str, Any], key: str, where: str) -> int:
    value = info.get(key)
    if value is None:
        raise InputError(f"{where}: has no {key!r} in its comment line; cut molecules out with ecemc isolate")
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise InputError(f"{where}: {key}: got {value!r}, expected a whole number")
    return int(value)
