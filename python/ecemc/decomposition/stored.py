"""How parts are stored with a configuration: keys as aseMolec spells them, so that files can be exchanged."""

from __future__ import annotations

__all__ = ["has_parts", "part_keys", "read_parts", "with_parts"]

from typing import TYPE_CHECKING

import numpy as np

from ecemc.decomposition.parts import PropertyParts
from ecemc.errors import InputError
from ecemc.labels import LabelKeys, Labels, read_labels, with_labels
from ecemc.molecules import find_molecules
from ecemc.rigid_body import decompose_forces

if TYPE_CHECKING:
    from ase import Atoms

    from ecemc.molecules import Molecules

_INTRA, _INTER = "_intram", "_interm"
#: eV and eV/Å, by how much parts may miss their sum: digits lost in a text file.
_SAME = 1.0e-3


def part_keys(names: LabelKeys | None = None, part: str = "intra") -> LabelKeys:
    """Keys of a part, ``"intra"`` or ``"inter"``: those of the labels with ``_intram`` or ``_interm`` behind.

    Examples
    --------
    >>> part_keys(part="inter").energy
    'REF_energy_interm'
    """
    names = names or LabelKeys()
    ending = {"intra": _INTRA, "inter": _INTER}[part]
    return LabelKeys(*(name + ending for name in (names.energy, names.forces, names.virial, names.stress)))


def has_parts(atoms: Atoms, names: LabelKeys | None = None) -> bool:
    """Whether a configuration comes with labels of its molecules.

    Examples
    --------
    >>> from ase import Atoms
    >>> has_parts(Atoms("He", info={"REF_energy_intram": 0.0})), has_parts(Atoms("He"))
    (True, False)
    """
    stored = atoms.info.keys() | atoms.arrays.keys()
    kinds = (part_keys(names, part) for part in ("intra", "inter"))
    return any(not stored.isdisjoint((keys.energy, keys.forces, keys.virial)) for keys in kinds)


def with_parts(
    atoms: Atoms, parts: PropertyParts, names: LabelKeys | None = None, *, molecules: Molecules | None = None
) -> Atoms:
    """Copy of a configuration that carries parts under their keys.

    Labels as :func:`ecemc.labels.with_labels` writes them; the same with ``_intram`` and ``_interm`` behind; and the
    forces' parts ``_trans``, ``_rot`` and ``_vib`` of :func:`ecemc.decompose_forces`, if all molecules are finite.
    Parts that are not known are taken off.

    Parameters
    ----------
    atoms
        The configuration.
    parts
        Its parts.
    names
        How the labels are spelt; ``REF_energy`` and so on if not given.
    molecules
        Result of :func:`ecemc.find_molecules`; found with the default bond criterion if not given.

    Examples
    --------
    >>> from ase import Atoms
    >>> stored = with_parts(Atoms("He"), PropertyParts(Labels(-1.0), Labels(-0.75)))
    >>> stored.info
    {'REF_energy': -1.0, 'REF_energy_intram': -0.75, 'REF_energy_interm': -0.25}
    """
    names = names or LabelKeys()
    done = with_labels(atoms, parts.total, names)
    done = with_labels(done, parts.intra, part_keys(names, "intra"))
    done = with_labels(done, parts.inter, part_keys(names, "inter"))
    for ending in ("_trans", "_rot", "_vib"):
        done.arrays.pop(names.forces + ending, None)
    if parts.total.forces is None:
        return done
    found = find_molecules(atoms) if molecules is None else molecules
    if not found.infinite.any():
        moving = decompose_forces(atoms, parts.total.forces, found)
        done.arrays[names.forces + "_trans"] = moving.translational
        done.arrays[names.forces + "_rot"] = moving.rotational
        done.arrays[names.forces + "_vib"] = moving.vibrational
    return done


def read_parts(atoms: Atoms, names: LabelKeys | None = None, *, where: str = "atoms") -> PropertyParts:
    """Parts stored with a configuration; what is not there is None.

    Either the intra- or the intermolecular labels suffice beside the total ones.

    Parameters
    ----------
    atoms
        The configuration.
    names
        How the labels are spelt; ``REF_energy`` and so on if not given.
    where
        What errors call the configuration.

    Raises
    ------
    InputError
        If labels cannot be used, see :func:`ecemc.labels.read_labels`, or parts do not add up to the total, which means
        that the total was labelled anew since.

    Examples
    --------
    >>> from ase import Atoms
    >>> read_parts(Atoms("He", info={"REF_energy": -1.0, "REF_energy_interm": -0.25})).intra.energy
    -0.75
    """
    names = names or LabelKeys()
    total = read_labels(atoms, names, where=where)
    intra = read_labels(atoms, part_keys(names, "intra"), where=where)
    inter = read_labels(atoms, part_keys(names, "inter"), where=where)
    rest = total - inter
    _check_sums(intra, rest, names, where)
    return PropertyParts(
        total,
        Labels(
            intra.energy if intra.energy is not None else rest.energy,
            intra.forces if intra.forces is not None else rest.forces,
            intra.virial if intra.virial is not None else rest.virial,
        ),
    )


def _check_sums(intra: Labels, rest: Labels, names: LabelKeys, where: str) -> None:
    """Refuse parts of other labels than those that stand there."""
    off = intra - rest
    for key, value, size in (
        (names.energy, off.energy, intra.energy),
        (names.forces, off.forces, intra.forces),
        (names.virial, off.virial, intra.virial),
    ):
        if value is None or size is None or not np.size(value):
            continue
        worst = float(np.abs(value).max())
        if worst > _SAME + 1e-8 * float(np.abs(size).max()):
            raise InputError(
                f"{where}: {key}{_INTRA} + {key}{_INTER} misses {key} by {worst:.3g}; the labels were changed after "
                "the decomposition: decompose again"
            )
