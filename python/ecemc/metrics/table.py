"""Errors of a model, by quantity, part and group, added up frame by frame."""

from __future__ import annotations

__all__ = ["GROUPINGS", "PARTS", "UNITS", "ErrorRow", "ErrorTable", "part_values"]

import csv
import io
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ecemc import keys
from ecemc.composition import format_composition
from ecemc.errors import InputError
from ecemc.metrics.sums import ErrorSums
from ecemc.rigid_body import decompose_forces

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ase import Atoms
    from numpy.typing import NDArray

    from ecemc.decomposition import PropertyParts
    from ecemc.molecules import Molecules

    Values = Mapping[tuple[str, str], NDArray[np.float64]]

_MOLECULAR = ("total", "intra", "inter")
#: Parts of each quantity, in the order of tables.
PARTS = {"energy": _MOLECULAR, "forces": (*_MOLECULAR, "trans", "rot", "vib"), "virial": _MOLECULAR}
#: Energies and virials are per atom.
UNITS = {"energy": "eV/atom", "forces": "eV/Å", "virial": "eV/atom"}
#: What frames and atoms can be grouped by.
GROUPINGS = ("element", "species", "config_type", "composition")
ALL = "all"
#: Where frames stand that say nothing.
_UNNAMED = "(none)"


@dataclass(frozen=True)
class ErrorRow:
    """One line of the table: errors are prediction − reference."""

    #: ``"energy"``, ``"forces"`` or ``"virial"``
    quantity: str
    #: ``"total"``, ``"intra"``, ``"inter"``; of forces also ``"trans"``, ``"rot"``, ``"vib"``
    part: str
    #: ``"all"`` or what groups are of, see :data:`GROUPINGS`
    by: str
    #: name of the group, such as ``"O"``
    group: str
    #: of the errors, but not of ``rrmse``
    unit: str
    #: numbers compared: one for an energy, three for a force, nine for a virial
    n: int
    rmse: float
    mae: float
    #: NaN where the reference does not vary
    rrmse: float
    #: largest absolute error
    max_error: float
    #: mean error
    bias: float


def part_values(atoms: Atoms, molecules: Molecules | None, parts: PropertyParts) -> dict[tuple[str, str], Any]:
    """Give what is compared of one frame, by quantity and part; what is not known is not there.

    Energies (1,) and virials (9,) per atom, forces (n, 3). The parts ``trans``, ``rot`` and ``vib`` need molecules.

    Examples
    --------
    >>> from ase.build import molecule
    >>> from ecemc import find_molecules
    >>> from ecemc.decomposition import PropertyParts
    >>> from ecemc.labels import Labels
    >>> water = molecule("H2O")
    >>> values = part_values(water, find_molecules(water), PropertyParts(Labels(-3.0, np.zeros((3, 3))), Labels()))
    >>> [part for _, part in values], values["energy", "total"].tolist()
    (['total', 'total', 'trans', 'rot', 'vib'], [-1.0])
    """
    found: dict[tuple[str, str], Any] = {}
    for part in _MOLECULAR:
        labels = getattr(parts, part)
        if labels.energy is not None:
            found["energy", part] = np.array([labels.energy / len(atoms)])
        if labels.forces is not None:
            found["forces", part] = labels.forces
        if labels.virial is not None:
            found["virial", part] = labels.virial.ravel() / len(atoms)
    if molecules is not None and parts.total.forces is not None:
        moving = decompose_forces(atoms, parts.total.forces, molecules)
        found["forces", "trans"] = moving.translational
        found["forces", "rot"] = moving.rotational
        found["forces", "vib"] = moving.vibrational
    return found


class ErrorTable:
    """Errors by quantity, part and group; frames and tables add up in any order to the same bits.

    Parameters
    ----------
    by
        Groups to tell apart besides all together, some of ``"element"``, ``"species"`` (both for forces only),
        ``"config_type"`` and ``"composition"``.

    Raises
    ------
    InputError
        If there is no such grouping.

    Notes
    -----
    Single atoms only count in their own ``config_type``: they have no forces, and their energies, which gap_fit takes
    from the data as they are, would swell the spread that the RRMSE is relative to.

    Examples
    --------
    >>> from ase.build import molecule
    >>> from ecemc import find_molecules
    >>> from ecemc.decomposition import PropertyParts
    >>> from ecemc.labels import Labels
    >>> water, table = molecule("H2O"), ErrorTable(by=["element"])
    >>> reference, model = (PropertyParts(Labels(0.0, np.full((3, 3), f)), Labels()) for f in (0.0, 0.5))
    >>> table.add(water, None, part_values(water, None, reference), part_values(water, None, model))
    >>> [(row.part, row.group, row.n, row.rmse) for row in table.rows() if row.quantity == "forces"]
    [('total', 'all', 9, 0.5), ('total', 'H', 6, 0.5), ('total', 'O', 3, 0.5)]
    """

    def __init__(self, by: Sequence[str] = GROUPINGS) -> None:
        if unknown := [name for name in by if name not in GROUPINGS]:
            raise InputError(f"by: got {unknown[0]!r}, expected some of {', '.join(GROUPINGS)}")
        self.by = tuple(name for name in GROUPINGS if name in by)
        #: number of frames
        self.n_frames = 0
        self._sums: dict[tuple[str, str, str, str], ErrorSums] = {}

    def add(self, atoms: Atoms, molecules: Molecules | None, reference: Values, prediction: Values) -> None:
        """Take in a frame; what only one side knows is left out.

        Raises
        ------
        InputError
            If shapes differ or a number is not finite.
        """
        self.n_frames += 1
        groups = list(_groups(atoms, molecules, self.by))
        for (quantity, part), expected in reference.items():
            got = prediction.get((quantity, part))
            if got is None:
                continue
            for by, group, chosen in groups:
                if chosen is None:
                    self._of(quantity, part, by, group).add(expected, got)
                elif quantity == "forces":
                    self._of(quantity, part, by, group).add(expected[chosen], got[chosen])

    def merge(self, other: ErrorTable) -> None:
        """Take in the frames of another table.

        Raises
        ------
        InputError
            If it tells other groups apart.
        """
        if other.by != self.by:
            raise InputError(f"other: is grouped by {', '.join(other.by)}, expected {', '.join(self.by)}")
        self.n_frames += other.n_frames
        for key, sums in other._sums.items():
            self._of(*key).merge(sums)

    def rows(self) -> list[ErrorRow]:
        """All lines: all together first, then group by group."""
        return [_row(key, self._sums[key]) for key in sorted(self._sums, key=self._place)]

    def row(self, quantity: str, part: str, by: str = ALL, group: str = ALL) -> ErrorRow | None:
        """One line; None if there is nothing in it."""
        sums = self._sums.get((quantity, part, by, group))
        return None if sums is None else _row((quantity, part, by, group), sums)

    def to_csv(self) -> str:
        """All lines as CSV with a heading."""
        text = io.StringIO()
        writer = csv.DictWriter(text, list(ErrorRow.__dataclass_fields__), lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(row) for row in self.rows())
        return text.getvalue()

    def _of(self, *key: str) -> ErrorSums:
        quantity, part, by, group = key
        return self._sums.setdefault((quantity, part, by, group), ErrorSums())

    def _place(self, key: tuple[str, str, str, str]) -> tuple[int, str, int, int]:
        quantity, part, by, group = key
        return (-1 if by == ALL else self.by.index(by), group, list(PARTS).index(quantity), PARTS[quantity].index(part))


def _row(key: tuple[str, str, str, str], sums: ErrorSums) -> ErrorRow:
    unit = UNITS[key[0]]
    return ErrorRow(*key, unit, sums.n, sums.rmse, sums.mae, sums.rrmse, sums.max_error, sums.bias)


def _groups(
    atoms: Atoms, molecules: Molecules | None, by: Sequence[str]
) -> Iterator[tuple[str, str, NDArray[np.bool_] | None]]:
    """Name the groups that a frame, or atoms of it, belong to: grouping, name and atoms (None for all)."""
    single = len(atoms) == 1
    if not single:
        yield ALL, ALL, None
    for name in by:
        if name == "config_type":
            yield name, str(atoms.info.get(keys.CONFIG_TYPE, keys.ISOLATED_ATOM if single else _UNNAMED)), None
        elif single:
            continue
        elif name == "element":
            symbols = np.array(atoms.get_chemical_symbols())
            for symbol in sorted(set(symbols.tolist())):
                yield name, symbol, symbols == symbol
        elif molecules is None:
            continue
        elif name == "composition":
            yield name, format_composition(molecules.composition), None
        else:
            species = np.array(molecules.species)[molecules.index]
            for kind in sorted(set(molecules.species)):
                yield name, kind, species == kind
