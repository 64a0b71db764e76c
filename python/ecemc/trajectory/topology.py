"""Elements for formats that hold only positions."""

from __future__ import annotations

__all__ = ["Topology", "read_topology"]

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import ase.io
import numpy as np
from ase.data import atomic_masses, atomic_numbers

from ecemc.errors import FileFormatError, InputError, require
from ecemc.trajectory.index import Choice

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from os import PathLike

    from ase import Atoms
    from numpy.typing import NDArray

    Types = Sequence[str] | Mapping[Any, str] | None

#: Read by MDAnalysis, because ASE does not: Amber, CHARMM and GROMACS topologies.
_MDANALYSIS = (".prmtop", ".parm7", ".top", ".psf", ".tpr")


#: Masses in force fields are rounded; nickel and cobalt are 0.24 amu apart.
_MASS_TOLERANCE = 0.1


class Topology(NamedTuple):
    """Elements in the order of the trajectory, and the cell if the file has one."""

    #: (n,) uint8
    numbers: NDArray[np.uint8]
    #: (3, 3) Å
    cell: NDArray[np.float64] | None


def read_topology(path: str | PathLike[str], types: Types = None) -> Topology:
    """Take the elements from any file that has them.

    PDB files must have the element columns (77-78) or, like GRO files, names that leave no doubt: ``C1``, ``O12`` and
    ``OW`` do, ``CA`` does not (carbon or calcium?). ``types`` says what doubtful names are.

    Raises
    ------
    FileFormatError
        If it gives no elements.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix == ".pdb":
        return _named(path, _pdb_names(path), types, None)
    if suffix == ".gro":
        names, cell = _gro_names(path)
        return _named(path, names, types, cell)
    if _is_lammps_data(path):
        return _of_lammps_data(path, types)
    if suffix in _MDANALYSIS:
        return _of_mdanalysis(path)
    return _of_trajectory(path, types)


def _pdb_names(path: Path) -> list[tuple[str, str]]:
    """Name (or element) and residue of each atom of the first model."""
    names = []
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            if line.startswith("ENDMDL"):
                break
            if line.startswith(("ATOM", "HETATM")):
                names.append((line[76:78].strip().capitalize() or line[12:16].strip(), line[17:20].strip()))
    return names


def _gro_names(path: Path) -> tuple[list[tuple[str, str]], NDArray[np.float64]]:
    """Name and residue of each atom, and the cell in Å."""
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    try:
        n_atoms = int(lines[1])
        names = [(line[10:15].strip(), line[5:10].strip()) for line in lines[2 : 2 + n_atoms]]
        box = [10.0 * float(word) for word in lines[2 + n_atoms].split()]
    except (ValueError, IndexError) as error:
        raise FileFormatError(f"{path}: is no GRO file: {error}") from error
    cell = np.diag(box[:3])
    if len(box) == 9:  # v1x v2y v3z v1y v1z v2x v2z v3x v3y
        cell[[0, 0, 1, 1, 2, 2], [1, 2, 0, 2, 0, 1]] = box[3:]
    return names, cell


def _named(
    path: Path,
    names: list[tuple[str, str]],
    types: Types,
    cell: NDArray[np.float64] | None,
) -> Topology:
    if not names:
        raise FileFormatError(f"{path}: has no atoms, expected the elements of the trajectory")
    known = {name: _element(name, residue, types) for name, residue in set(names)}
    doubtful = sorted(name for name, number in known.items() if number is None)
    if doubtful:
        message = (
            f"{path}: the element of the atoms named {', '.join(doubtful[:5])} is in doubt; "
            f"give types={{{doubtful[0]!r}: 'C'}} or the like, or a topology with elements"
        )
        raise FileFormatError(message)
    return Topology(np.array([known[name] for name, _ in names], dtype=np.uint8), cell)


def _element(name: str, residue: str, types: Types) -> int | None:
    """Atomic number of an atom's name, None where there are two ways to read it."""
    if isinstance(types, dict) and name in types:
        return _number(types[name])
    letters = re.sub(r"[^A-Za-z].*", "", name.lstrip("0123456789*'\""))
    if letters in atomic_numbers and (len(letters) == 1 or letters[1].islower()):
        return int(atomic_numbers[letters])
    two = letters[:2].capitalize() if len(letters) > 1 else ""
    if two in atomic_numbers:
        # An ion is a residue of its own and called like it; elsewhere CA may be calcium or an alpha carbon.
        return int(atomic_numbers[two]) if residue.upper().startswith(letters.upper()) else None
    return int(atomic_numbers[letters[0]]) if letters[:1] in atomic_numbers else None


def _number(symbol: str) -> int:
    if symbol not in atomic_numbers:
        raise InputError(f"types: got {symbol!r}, expected the symbol of an element")
    return int(atomic_numbers[symbol])


def _is_lammps_data(path: Path) -> bool:
    with path.open("rb") as file:
        head = file.read(4096)
    return re.search(rb"^\s*\d+\s+atoms\b", head, re.MULTILINE) is not None and b" xlo xhi" in head


def _of_lammps_data(path: Path, types: Types) -> Topology:
    """Elements by ``types``, else by the masses, which must be those of elements."""
    given: Mapping[Any, str] = types if isinstance(types, dict) else dict(enumerate(types or (), start=1))
    known = {int(kind): _number(symbol) for kind, symbol in given.items() if str(kind).isdecimal()}
    text = path.read_text(encoding="utf-8", errors="replace")
    advice = "give types=['C', 'H'] (--types C,H)"
    if not known and not re.search(r"^\s*Masses\b", text, re.MULTILINE):
        raise FileFormatError(f"{path}: has no masses to tell elements by; {advice}")
    atoms = cast("Atoms", ase.io.read(path, format="lammps-data", Z_of_type=known or None))
    masses = atoms.get_masses()
    off = np.abs(masses - atomic_masses[atoms.numbers])
    if not known and off.max(initial=0.0) > _MASS_TOLERANCE:
        wrong = int(np.argmax(off))
        raise FileFormatError(f"{path}: the mass of atom {wrong}, {masses[wrong]:g}, is of no element; {advice}")
    return Topology(atoms.numbers.astype(np.uint8), atoms.cell.array)


def _of_mdanalysis(path: Path) -> Topology:
    if not path.is_file():
        path.open("rb").close()  # the system's own error
    parsers = require("MDAnalysis.core._get_readers", "formats")
    with parsers.get_parser_for(str(path))(str(path)) as parser:
        topology = parser.parse()
    if not hasattr(topology, "elements"):
        raise FileFormatError(f"{path}: has no elements; give a topology that has them, such as PDB or extended XYZ")
    return Topology(_numbers(path, topology.elements.values), None)


def _numbers(path: Path, symbols: Iterable[str]) -> NDArray[np.uint8]:
    numbers = [atomic_numbers.get(str(symbol).capitalize()) for symbol in symbols]
    if None in numbers:
        raise FileFormatError(f"{path}: atom {numbers.index(None)} has no element")
    return np.array(numbers, dtype=np.uint8)


def _of_trajectory(path: Path, types: Types) -> Topology:
    from ecemc.trajectory.open import open_source  # noqa: PLC0415  (which needs topologies itself)
    from ecemc.trajectory.source import ReadOptions  # noqa: PLC0415

    source = open_source(path, ReadOptions(types=types))
    record = next(iter(source.records(Choice(0, 1))), None)
    if record is None or not len(record["numbers"]) or not record["numbers"].all():
        raise FileFormatError(f"{path}: has no elements for all atoms, expected those of the trajectory")
    return Topology(np.asarray(record["numbers"], dtype=np.uint8), record["lattice"])
