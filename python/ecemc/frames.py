"""Between ``ase.Atoms`` and the contiguous arrays of the kernels: the only such place."""

from __future__ import annotations

__all__ = [
    "Geometry",
    "atomic_numbers",
    "atoms_from_record",
    "batch",
    "batches",
    "calculator_results",
    "geometry",
    "iterate",
    "reals",
    "record_from_atoms",
    "without_labels",
]

import json
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np
from ase import Atoms
from ase import units as ase_units
from ase.calculators.singlepoint import SinglePointCalculator

from ecemc import _core
from ecemc.errors import InputError
from ecemc.keys import belongs_to_geometry

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from numpy.typing import NDArray

    #: Configurations, or what is already in compiled memory.
    Input = Atoms | Iterable[Atoms] | _core.Frames | Iterable[_core.Frames]

#: Frames, and atoms, that are handed to the kernels at once.
_FRAMES, _ATOMS = 64, 500_000
#: What ASE's own reader moves to a calculator, so that ``atoms.get_potential_energy()`` and the like work.
_FRAME_RESULTS = ("energy", "free_energy", "stress", "dipole", "magmom", "polarization", "dielectric_tensor")
_ATOM_RESULTS = ("energies", "forces", "stresses", "charges", "magmoms", "born_effective_charges")
_VOIGT = ((0, 1, 2, 1, 0, 0), (0, 1, 2, 2, 2, 1))


class Geometry(NamedTuple):
    """What the kernels take of one configuration."""

    #: (n, 3) float64, Å, C-contiguous
    positions: NDArray[np.float64]
    #: three rows, Å
    cell: NDArray[np.float64]
    #: three flags
    pbc: tuple[bool, bool, bool]


def geometry(atoms: Atoms) -> Geometry:
    """Take positions, cell and periodicity from an ``Atoms`` object or anything with these attributes.

    Arrays that already have the right type are not copied.

    Raises
    ------
    InputError
        If an attribute is missing or has the wrong shape.

    Examples
    --------
    >>> from ase import Atoms
    >>> geometry(Atoms("He", cell=[2, 3, 4], pbc=True)).pbc
    (True, True, True)
    """
    try:
        positions = np.ascontiguousarray(atoms.positions, dtype=np.float64)
        cell = np.asarray(atoms.cell, dtype=np.float64)
        x, y, z = np.asarray(atoms.pbc, dtype=bool).tolist()
    except (AttributeError, TypeError, ValueError) as error:
        message = f"atoms: got {type(atoms).__name__}, expected ase.Atoms (positions, cell, pbc): {error}"
        raise InputError(message) from error
    if positions.ndim != 2 or positions.shape[1] != 3 or cell.shape != (3, 3):
        message = (
            f"atoms: positions of shape {positions.shape} and cell of shape {cell.shape}, expected (n, 3) and (3, 3)"
        )
        raise InputError(message)
    return Geometry(positions, cell, (x, y, z))


def atomic_numbers(atoms: Atoms) -> NDArray[np.int64]:
    """Atomic numbers, (n,).

    Raises
    ------
    InputError
        If they are not there, no whole numbers, or not from 0 (ASE's placeholder X) to 118.

    Examples
    --------
    >>> from ase import Atoms
    >>> atomic_numbers(Atoms("CO")).tolist()
    [6, 8]
    """
    try:
        given = np.asarray(atoms.numbers)
        numbers = np.ascontiguousarray(given, dtype=np.int64)
    except (AttributeError, TypeError, ValueError, OverflowError) as error:
        message = f"atoms: got {type(atoms).__name__}, expected ase.Atoms (numbers): {error}"
        raise InputError(message) from error
    wrong = np.flatnonzero((numbers != given) | (numbers < 0) | (numbers > 118))
    if len(wrong):
        message = f"numbers: got {given[wrong[0]]} for atom {wrong[0]}, expected atomic numbers up to 118"
        raise InputError(message)
    return numbers


def reals(name: str, values: Any, expected: str) -> NDArray[np.float64]:
    """Convert an argument to C-contiguous float64.

    Raises
    ------
    InputError
        If it holds anything but numbers, or its rows differ in length.

    Examples
    --------
    >>> reals("forces", [[1, 2, 3]], "(n, 3)").dtype
    dtype('float64')
    """
    try:
        array: NDArray[np.float64] = np.asarray(values, dtype=np.float64, order="C")
    except (TypeError, ValueError) as error:
        message = f"{name}: got {type(values).__name__}, expected {expected}: {error}"
        raise InputError(message) from error
    return array


def iterate(frames: Atoms | Iterable[Atoms]) -> Iterable[Atoms]:
    """Frames one by one, from one ``Atoms`` object (or one like it), a list or any iterator.

    Raises
    ------
    InputError
        If it is none of these.
    """
    if isinstance(frames, Atoms) or hasattr(frames, "positions"):
        return [cast("Atoms", frames)]
    if not hasattr(frames, "__iter__"):
        message = f"frames: got {type(frames).__name__}, expected ase.Atoms, a list or an iterator of them"
        raise InputError(message)
    return frames


def without_labels(atoms: Atoms) -> Atoms:
    """Copy without calculator and without the energies, forces and other quantities of this very geometry.

    Examples
    --------
    >>> from ase import Atoms
    >>> sorted(without_labels(Atoms("He", info={"REF_energy": 1.0, "config_type": "liquid"})).info)
    ['config_type']
    """
    copy: Atoms = atoms.copy()
    for table in (copy.info, copy.arrays):
        for key in [key for key in table if belongs_to_geometry(str(key))]:
            del table[key]
    return copy


def batch(frames: Iterable[Atoms]) -> _core.Frames:
    """Hand configurations over to the compiled accumulators, which take them many at a time.

    What goes along is what :func:`record_from_atoms` says.

    Raises
    ------
    InputError
        If a frame has no positions, numbers, cell or pbc of the right shape.

    Examples
    --------
    >>> from ase import Atoms
    >>> len(batch([Atoms("He"), Atoms("Ne2", positions=[[0, 0, 0], [0, 0, 3]])]))
    2
    """
    return _core.Frames.from_records([record_from_atoms(atoms) for atoms in frames])


def calculator_results(atoms: Atoms) -> dict[str, Any]:
    """Take what an attached calculator has computed, unless the atoms have moved since; computes nothing.

    Examples
    --------
    >>> calculator_results(Atoms("He"))
    {}
    """
    calculator: Any = getattr(atoms, "calc", None)
    results = getattr(calculator, "results", None)
    return dict(results) if results and not calculator.check_state(atoms) else {}


def batches(frames: Input) -> Iterator[_core.Frames]:
    """Hand over configurations, or what is already in compiled memory, many at a time.

    Raises
    ------
    InputError
        If it is neither ``Atoms``, frames nor an iterable of one of them.
    """
    if isinstance(frames, _core.Frames):
        yield frames
        return
    portion: list[Atoms] = []
    n_atoms = 0
    items: Iterable[Any] = iterate(cast("Any", frames))
    for item in items:
        if isinstance(item, _core.Frames):
            yield item
            continue
        portion.append(item)
        n_atoms += len(getattr(item, "positions", ()))
        if len(portion) == _FRAMES or n_atoms >= _ATOMS:
            yield batch(portion)
            portion, n_atoms = [], 0
    if portion:
        yield batch(portion)


def atoms_from_record(record: Mapping[str, Any]) -> Atoms:
    """Make ``Atoms`` of one frame of :class:`ecemc._core.Frames`, as ASE's extended XYZ reader would.

    ``energy``, ``forces``, ``stress`` and the other quantities that ASE knows go to a ``SinglePointCalculator``;
    ``move_mask`` becomes constraints; every other key stays in ``info`` or ``arrays`` under its own name.

    Examples
    --------
    >>> record = batch([Atoms("He", cell=[2, 3, 4], pbc=True)])[0]
    >>> atoms_from_record(record)
    Atoms(symbols='He', pbc=True, cell=[2.0, 3.0, 4.0])
    """
    atoms = Atoms(
        numbers=record["numbers"].astype(np.int64),
        positions=record["positions"],
        cell=record["lattice"],
        pbc=record["pbc"],
    )
    results: dict[str, Any] = {}
    for name, value in record["columns"].items():
        array = np.asarray(value, dtype=np.str_) if isinstance(value, list) else value
        place = "charges" if name == "charge" else name
        if place in _ATOM_RESULTS:
            results[place] = array
        elif name == "move_mask":
            atoms.set_constraint(_constraints(array))
        else:
            atoms.arrays[place] = array
    if record["velocities"] is not None:  # after the masses
        momenta = atoms.get_masses()[:, None] * record["velocities"] / ase_units.fs
        atoms.set_momenta(momenta, apply_constraint=False)
    for key, value in record["info"].items():
        if key in _FRAME_RESULTS:
            results[key] = _voigt(value) if key == "stress" else value
        else:
            atoms.info[key] = _from_json(value) if isinstance(value, str) else value
    if results:
        atoms.calc = SinglePointCalculator(atoms, **results)
    return atoms


def record_from_atoms(atoms: Atoms) -> dict[str, Any]:
    """Describe ``Atoms`` as one frame of :class:`ecemc._core.Frames`: the inverse of :func:`atoms_from_record`.

    Results of a calculator stand under their own names, fixed atoms in ``move_mask``. Values that are no numbers, truth
    values or texts become JSON as in ASE's extended XYZ; what JSON has no form for is left out.

    Examples
    --------
    >>> record = record_from_atoms(Atoms("He", info={"step": 3, "note": None}))
    >>> record["info"]
    {'step': 3, 'note': '_JSON null'}
    """
    positions, cell, pbc = geometry(atoms)
    results, arrays = calculator_results(atoms), getattr(atoms, "arrays", {})
    arrays = {name: array for name, array in arrays.items() if name not in {"numbers", "positions"}}
    if isinstance(atoms, Atoms) and atoms.constraints:
        arrays["move_mask"] = _move_mask(atoms)
    arrays |= {name: results[name] for name in _ATOM_RESULTS if name in results}
    columns = {"charge" if name == "charges" else str(name): _column(array) for name, array in arrays.items()}
    info = dict(getattr(atoms, "info", {})) | {name: results[name] for name in _FRAME_RESULTS if name in results}
    if "stress" in info and np.shape(info["stress"]) == (6,):
        info["stress"] = np.asarray(info["stress"])[_FROM_VOIGT]
    values = {str(key): _info_value(value) for key, value in info.items()}
    return {
        "numbers": atomic_numbers(atoms).astype(np.uint8),
        "positions": positions,
        "lattice": cell if cell.any() else None,
        "pbc": pbc,
        "velocities": None,
        "columns": {name: column for name, column in columns.items() if column is not None and len(column)},
        "info": {key: value for key, value in values.items() if value is not _NO_FORM},
    }


_FROM_VOIGT = np.array([[0, 5, 4], [5, 1, 3], [4, 3, 2]])
_NO_FORM = object()


def _move_mask(atoms: Atoms) -> NDArray[np.bool_]:
    """Which atoms, or which of their coordinates, are free to move."""
    from ase.constraints import FixAtoms, FixCartesian  # noqa: PLC0415

    free = np.ones((len(atoms), 3), dtype=bool)
    single = True
    for constraint in atoms.constraints:
        if isinstance(constraint, FixAtoms):
            free[constraint.index] = False
        elif isinstance(constraint, FixCartesian):
            free[constraint.index] &= ~np.asarray(constraint.mask, dtype=bool)
            single = False
    return free[:, 0] if single else free


def _column(values: Any) -> Any:
    """Per-atom values as (n,) or (n, k) of float64, int64, bool, or texts; None for anything else."""
    array = np.asarray(values)
    if array.ndim > 2:
        array = array.reshape(len(array), -1)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim == 0 or array.dtype.kind not in "biufUS":
        return None
    if array.dtype.kind in "US":
        return array.astype(np.str_).tolist()
    return np.ascontiguousarray(array, dtype=_WIDE[array.dtype.kind])


_WIDE = {"b": np.bool_, "i": np.int64, "u": np.int64, "f": np.float64}


def _info_value(value: Any) -> Any:
    """Plain Python or an array of at most two dimensions, else JSON."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, (bool, float, str)) or (isinstance(value, int) and abs(value) < 2**63):
        return value
    if isinstance(value, np.ndarray) and value.dtype.kind in _WIDE:
        if value.ndim == 0:
            return _info_value(value.item())
        if value.ndim <= 2:
            return np.ascontiguousarray(value, dtype=_WIDE[value.dtype.kind])
    try:
        return "_JSON " + json.dumps(value.tolist() if isinstance(value, np.ndarray) else value)
    except (TypeError, ValueError):
        return _NO_FORM


def _constraints(move_mask: NDArray[Any]) -> list[Any]:
    """Constraints that hold what may not move."""
    # Importing these takes seconds, and few files need them.
    from ase.constraints import FixAtoms, FixCartesian  # noqa: PLC0415

    fixed = ~move_mask.astype(bool)
    if fixed.ndim == 1:
        return [FixAtoms(mask=fixed)]
    return [FixCartesian(atom, mask=mask) for atom, mask in enumerate(fixed) if mask.any()]


def _voigt(stress: Any) -> Any:
    """Six numbers of a 3×3 stress, in ASE's order."""
    return stress[_VOIGT] if np.shape(stress) == (3, 3) else stress


def _from_json(text: str) -> Any:
    """Decode what ASE writes for values that extended XYZ has no form for."""
    if not text.startswith("_JSON "):
        return text
    try:
        value = json.loads(text[len("_JSON ") :])
    except ValueError:
        return text
    try:
        array = np.array(value)
    except ValueError:  # rows of different lengths
        return value
    return array if array.dtype.kind in "ifb" else value
