"""Configurations as the checks see them: with labels, molecules, and the text they were written as."""

from __future__ import annotations

__all__ = ["Sample", "samples"]

import gzip
from dataclasses import dataclass
from functools import cached_property
from itertools import repeat
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from ecemc import keys
from ecemc.errors import EcemcError, InputError
from ecemc.frames import calculator_results, iterate
from ecemc.labels import LabelKeys, Labels, read_labels
from ecemc.molecules import Molecules, find_molecules, make_whole
from ecemc.trajectory import ReadOptions, Trajectory

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ase import Atoms
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Sample:
    """One configuration of a data set."""

    #: number in the data set, from 0
    number: int
    atoms: Atoms
    names: LabelKeys
    #: comment line of an extended XYZ file, as it stands there
    comment: str | None = None

    @cached_property
    def _read(self) -> tuple[Labels, str | None]:
        try:
            return read_labels(self.atoms, self.names, where=f"frame {self.number}"), None
        except InputError as error:
            return Labels(), str(error)

    @property
    def labels(self) -> Labels:
        """Labels; none of them if one cannot be read."""
        return self._read[0]

    @property
    def problem(self) -> str | None:
        """Why the labels cannot be read."""
        return self._read[1]

    @cached_property
    def results(self) -> dict[str, Any]:
        """What the reader has moved into a calculator."""
        return calculator_results(self.atoms)

    def has(self, key: str, *, per_atom: bool = False) -> bool:
        """Tell whether a label is there, readable or not."""
        return key in (self.atoms.arrays if per_atom else self.atoms.info) or key in self.results

    @property
    def has_virial(self) -> bool:
        """Tell whether there is a virial, or a stress in its place."""
        return self.has(self.names.virial) or self.has(self.names.stress)

    @property
    def config_type(self) -> str:
        """Kind of configuration, empty if the frame does not say."""
        return str(self.atoms.info.get(keys.CONFIG_TYPE, ""))

    @cached_property
    def elements(self) -> dict[str, int]:
        """Number of atoms of each element."""
        return cast("dict[str, int]", self.atoms.symbols.formula.count())

    @property
    def periodic(self) -> bool:
        """Tell whether the frame is periodic in all directions."""
        return bool(self.atoms.pbc.all())

    @cached_property
    def _found(self) -> tuple[Molecules | None, str | None]:
        try:
            return find_molecules(self.atoms), None
        except EcemcError as error:
            return None, str(error)

    @property
    def molecules(self) -> Molecules | None:
        """Molecules; None if the geometry cannot be used."""
        return self._found[0]

    @property
    def geometry_problem(self) -> str | None:
        """Why the geometry cannot be used."""
        return self._found[1]

    @cached_property
    def whole(self) -> NDArray[Any] | None:
        """(n, 3) Å, positions with unbroken molecules; None if the geometry cannot be used or a molecule has no end."""
        if self.molecules is None or self.molecules.infinite.any():
            return None
        return cast("NDArray[Any]", make_whole(self.atoms, self.molecules).positions)


def samples(
    data: str | PathLike[str] | Atoms | Iterable[Atoms], names: LabelKeys | None = None
) -> tuple[str, Iterator[Sample]]:
    """Name of a data set and its configurations, one by one."""
    names = names or LabelKeys()
    if not isinstance(data, (str, PathLike)):
        return "frames", (Sample(k, atoms, names) for k, atoms in enumerate(iterate(data)))
    path = Path(data)
    trajectory = Trajectory(path, options=ReadOptions(incomplete="error"))
    text = trajectory.formats == ("extxyz",) and path.is_file()
    comments: Iterable[str | None] = _comments(path) if text else repeat(None)
    pairs = zip(trajectory.atoms(), comments, strict=False)
    return str(path), (Sample(k, atoms, names, comment) for k, (atoms, comment) in enumerate(pairs))


def _comments(path: Path) -> Iterator[str]:
    """Comment line of each frame of an extended XYZ file that has proved readable."""
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    with gzip.open(path) if packed else path.open("rb") as lines:
        for line in lines:
            if not line.strip():
                continue
            yield next(lines, b"").decode(errors="replace")
            for _ in range(int(line)):
                next(lines, None)
