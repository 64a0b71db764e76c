"""Tables that users write by hand: CSV with a heading, checked cell by cell."""

from __future__ import annotations

__all__ = ["Row", "read_table", "row_composition"]

import csv
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ecemc.errors import FileFormatError, InputError
from ecemc.thermodynamics.composition import amounts, mole_fractions, mole_fractions_from_mass

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Row:
    """One line of a table."""

    path: Path
    #: from 1, the heading is line 1
    line: int
    cells: dict[str, str]

    def error(self, column: str, expected: str) -> FileFormatError:
        """Describe what is wrong with a cell."""
        return FileFormatError(
            f"{self.path}, line {self.line}, column {column}: got {self.text(column)!r}, expected {expected}"
        )

    def text(self, column: str) -> str:
        """Give the content of a cell; empty if the column is not there."""
        return self.cells.get(column, "").strip()

    def number(self, column: str) -> float:
        """Read a finite number."""
        try:
            value = float(self.text(column))
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise self.error(column, "a finite number")
        return value

    def positive(self, column: str) -> float:
        """Read a number above 0."""
        value = self.number(column)
        if value <= 0.0:
            raise self.error(column, "a number > 0")
        return value

    def optional(self, column: str) -> float:
        """Read a number >= 0, NaN if the cell is empty or not there."""
        if not self.text(column):
            return math.nan
        value = self.number(column)
        if value < 0.0:
            raise self.error(column, "a number >= 0")
        return value


def read_table(path: Path, needed: tuple[str, ...]) -> list[Row]:
    r"""Read a CSV file with a heading.

    Parameters
    ----------
    path
        The file; lines that begin with ``#`` are left out.
    needed
        Columns that have to be there.

    Raises
    ------
    FileFormatError
        If it is no text, has no rows, lacks a column, or a row has another number of cells than the heading.
    OSError
        If it cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "table.csv"
    ...     _ = path.write_text("density_g_cm3,pressure_bar\n0.9,-250\n")
    ...     [row.number("pressure_bar") for row in read_table(path, ("density_g_cm3",))]
    [-250.0]
    """
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise FileFormatError(f"{path}: not a text file, expected CSV with a heading") from error
    numbered = [(number, line) for number, line in enumerate(lines, 1) if line.strip() and not line.startswith("#")]
    parsed = list(csv.reader(line for _, line in numbered))
    if not parsed:
        raise FileFormatError(f"{path}: is empty, expected CSV with the columns {', '.join(needed)}")
    heading = [name.strip() for name in parsed[0]]
    for name in needed:
        if name not in heading:
            raise FileFormatError(
                f"{path}, line {numbered[0][0]}: no column {name!r} in the heading ({', '.join(heading)}); "
                f"expected CSV with {', '.join(needed)}"
            )
    rows = []
    for (number, _), cells in zip(numbered[1:], parsed[1:], strict=True):
        if len(cells) != len(heading):
            raise FileFormatError(f"{path}, line {number}: got {len(cells)} cells, the heading has {len(heading)}")
        rows.append(Row(path, number, dict(zip(heading, cells, strict=True))))
    if not rows:
        raise FileFormatError(f"{path}: has a heading but no rows")
    return rows


def row_composition(row: Row) -> dict[str, float]:
    """Amounts of a row: ``composition``, or mole fractions ``x_NAME``, or mass fractions ``w_NAME``.

    Raises
    ------
    FileFormatError
        If there are none, or fractions do not add up to 1.
    """
    try:
        if row.text("composition"):
            return amounts(row.text("composition"))
        for prefix, convert in (("x_", mole_fractions), ("w_", mole_fractions_from_mass)):
            columns = [name for name in row.cells if name.startswith(prefix) and row.text(name)]
            if not columns:
                continue
            fractions = {name.removeprefix(prefix): row.optional(name) for name in columns}
            total = sum(fractions.values())
            if abs(total - 1.0) > 1e-3:
                raise row.error(columns[0], f"fractions that add up to 1, those of the row give {total:g}")
            return convert(fractions)
    except FileFormatError:
        raise
    except InputError as error:
        raise FileFormatError(f"{row.path}, line {row.line}: {error}") from error
    raise FileFormatError(
        f"{row.path}, line {row.line}: no composition; expected a column composition (1EC:2EMC), or mole fractions "
        "(x_EC, x_EMC) or mass fractions (w_EC, w_EMC) of all species"
    )
