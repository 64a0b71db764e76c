"""Labels: the energy, forces and virial of a configuration, how files spell them, and what is refused.

Training and testing go wrong silently when labels are missing, of another shape, or of another sign. Everything that
uses labels therefore reads them here.
"""

from __future__ import annotations

__all__ = ["LabelKeys", "Labels", "read_labels", "with_labels"]

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from ase.stress import voigt_6_to_full_3x3_stress

from ecemc import keys
from ecemc.errors import InputError
from ecemc.frames import calculator_results, reals

if TYPE_CHECKING:
    from ase import Atoms
    from numpy.typing import NDArray

#: eV, by how much virial and stress of one frame may differ if both are there: digits lost in a text file.
_SAME_VIRIAL = 1.0e-3
_PLAIN = "nine plain numbers (xx xy xz yx yy yz zx zy zz, eV)"


@dataclass(frozen=True)
class LabelKeys:
    """How the labels of a file are spelt, in ``Atoms.info`` and ``Atoms.arrays``.

    Examples
    --------
    >>> LabelKeys.prefixed("DFT_")
    LabelKeys(energy='DFT_energy', forces='DFT_forces', virial='DFT_virial', stress='DFT_stress')
    """

    #: total energy, eV
    energy: str = keys.REF_ENERGY
    #: (n, 3) eV/Å
    forces: str = keys.REF_FORCES
    #: nine numbers, eV, W = −stress·V
    virial: str = keys.REF_VIRIAL
    #: nine numbers, or six in ASE's order xx yy zz yz xz xy, eV/Å³; looked at where there is no virial
    stress: str = keys.REF_STRESS

    @classmethod
    def prefixed(cls, prefix: str) -> LabelKeys:
        """``energy``, ``forces``, ``virial`` and ``stress`` behind a common prefix, such as ``"DFT_"`` or ``""``."""
        return cls(*(prefix + name for name in ("energy", "forces", "virial", "stress")))


@dataclass(frozen=True, eq=False)
class Labels:
    """Labels of one configuration; what is not known is None.

    Attributes
    ----------
    energy
        Potential energy, eV.
    forces
        (n, 3) eV/Å.
    virial
        (3, 3) eV, W = −stress·V, potential part only (no kinetic part), symmetric.

    Examples
    --------
    >>> import numpy as np
    >>> a = Labels(-1.0, np.ones((2, 3)))
    >>> (a - Labels(-0.25, np.ones((2, 3)))).energy
    -0.75
    """

    energy: float | None = None
    forces: NDArray[np.float64] | None = None
    virial: NDArray[np.float64] | None = None

    def __sub__(self, other: Labels) -> Labels:
        """Difference, quantity by quantity; None where one of the two is not known."""
        return Labels(
            None if self.energy is None or other.energy is None else self.energy - other.energy,
            None if self.forces is None or other.forces is None else self.forces - other.forces,
            None if self.virial is None or other.virial is None else self.virial - other.virial,
        )


def read_labels(atoms: Atoms, names: LabelKeys | None = None, *, where: str = "atoms") -> Labels:
    """Labels stored with a configuration.

    Names such as ``energy`` and ``forces``, which ASE's and our reader move into a calculator, are found there too.

    Parameters
    ----------
    atoms
        The configuration.
    names
        How the labels are spelt; ``REF_energy``, ``REF_forces``, ``REF_virial``, ``REF_stress`` if not given.
    where
        What errors call the configuration, such as ``"train.extxyz: frame 3"``.

    Returns
    -------
    Labels
        What is there; a stress becomes a virial, W = −stress·V.

    Raises
    ------
    InputError
        If a label is no finite number or has another shape, if virial and stress contradict each other, or if a stress
        comes without a volume.

    Examples
    --------
    >>> from ase import Atoms
    >>> read_labels(Atoms("He", info={"REF_energy": -2.5})).energy
    -2.5
    """
    names = names or LabelKeys()
    energy = _found(atoms, atoms.info, names.energy)
    forces = _found(atoms, atoms.arrays, names.forces)
    virial = _found(atoms, atoms.info, names.virial)
    stress = _found(atoms, atoms.info, names.stress)
    read = _virial(atoms, names, virial, stress, where)
    return Labels(
        None if energy is None else float(_finite(f"{where}: {names.energy}", energy, (), "a number (eV)")),
        None
        if forces is None
        else _finite(f"{where}: {names.forces}", forces, (len(atoms), 3), f"({len(atoms)}, 3) numbers (eV/Å)"),
        read,
    )


def with_labels(atoms: Atoms, labels: Labels, names: LabelKeys | None = None) -> Atoms:
    """Copy of a configuration that carries labels under their keys; labels that are None are taken off.

    The virial is stored as nine plain numbers, the only form that every reader, gap_fit among them, understands.

    Parameters
    ----------
    atoms
        The configuration; not modified.
    labels
        What is known of it.
    names
        How the labels are spelt, as for :func:`read_labels`.

    Examples
    --------
    >>> from ase import Atoms
    >>> with_labels(Atoms("He"), Labels(energy=-2.5)).info
    {'REF_energy': -2.5}
    """
    names = names or LabelKeys()
    copy: Atoms = atoms.copy()
    for key in (names.energy, names.virial, names.stress):
        copy.info.pop(key, None)
    copy.arrays.pop(names.forces, None)
    if labels.energy is not None:
        copy.info[names.energy] = labels.energy
    if labels.forces is not None:
        copy.arrays[names.forces] = np.array(labels.forces)
    if labels.virial is not None:
        copy.info[names.virial] = np.array(labels.virial).ravel()
    return copy


def _found(atoms: Atoms, table: dict[str, Any], key: str) -> Any:
    """Value of a key, or what a calculator holds under that name."""
    return table[key] if key in table else calculator_results(atoms).get(key)


def _virial(atoms: Atoms, names: LabelKeys, virial: Any, stress: Any, where: str) -> NDArray[np.float64] | None:
    """Virial, from the stress if need be."""
    given = None if virial is None else _nine(f"{where}: {names.virial}", virial)
    if stress is None:
        return given
    name = f"{where}: {names.stress}"
    if np.shape(stress) == (6,):
        stress = voigt_6_to_full_3x3_stress(reals(name, stress, "six numbers"))
    volume = abs(float(np.linalg.det(atoms.cell.array)))
    if volume == 0.0:
        raise InputError(f"{name}: a stress, but the cell has no volume; give a Lattice, or the virial instead")
    derived = -volume * _nine(name, stress)
    if given is not None and np.abs(given - derived).max() > _SAME_VIRIAL + 1e-5 * np.abs(given).max():
        raise InputError(
            f"{where}: {names.virial} and {names.stress} contradict each other: W = −stress·V would be "
            f"{np.array2string(derived.ravel(), precision=4)}, got {np.array2string(given.ravel(), precision=4)} eV; "
            "remove the one that is wrong"
        )
    return derived if given is None else given


def _nine(name: str, value: Any) -> NDArray[np.float64]:
    """(3, 3) from nine numbers; six are refused, since codes differ in their order."""
    if np.size(value) == 6:
        raise InputError(
            f"{name}: got six numbers, expected {_PLAIN}; the order of six differs between codes, so write all nine"
        )
    if np.shape(value) == (9,):
        value = np.reshape(value, (3, 3))
    return _finite(name, value, (3, 3), _PLAIN)


def _finite(name: str, value: Any, shape: tuple[int, ...], expected: str) -> NDArray[np.float64]:
    array = reals(name, value, expected)
    if array.shape != shape:
        raise InputError(
            f"{name}: got {'a number' if not array.shape else f'shape {array.shape}'}, expected {expected}"
        )
    if not np.isfinite(array).all():
        raise InputError(f"{name}: holds NaN or infinity, expected {expected}")
    return array
