"""A fitted GAP as ASE calculator, evaluated by QUIP."""

from __future__ import annotations

__all__ = ["GAP"]

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes
from ase.data import chemical_symbols

from ecemc.errors import InputError
from ecemc.frames import atomic_numbers
from ecemc.gap.cells import check_geometry, padded_cell
from ecemc.gap.files import read_gap_file
from ecemc.gap.quip import forget_radial_basis, load_potential, said

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike

#: Å, between images that are not there; any length would do.
_GAP = 10.0
_ENGINES = ("auto", "quip")


class GAP(Calculator):
    """ASE calculator of a GAP model.

    Parameters
    ----------
    path
        The model's XML file, with its files of sparse points beside it.
    engine
        ``"quip"`` (through quippy-ase), or ``"auto"``, which is the same at present.

    Attributes
    ----------
    file
        What the files say about the model, see :class:`ecemc.gap.GapFile`.

    Raises
    ------
    FileFormatError
        If the model is not whole; see :func:`ecemc.gap.read_gap_file`.
    InputError
        If the engine is unknown; on calculation, if the frame has an element that the model does not know, positions
        that are no numbers, or a periodic cell without volume.
    MissingExtraError
        If quippy-ase is not installed (``pip install 'ecemc[gap]'``).

    Notes
    -----
    One call of QUIP computes energy, energies, forces and stress together, whatever was asked for. The stress is
    −W/V with the virial W; frames without a cell have none.

    QUIP keeps the radial basis of the last Turbo-SOAP descriptor it computed and takes it for the next one of the same
    size, even of another model. Here it is made to forget it before each calculation, so that a result does not depend
    on what was computed before.

    Energies are those of the model: outside of what it was trained on they mean nothing, and QUIP does not say so.

    Examples
    --------
    >>> from ecemc import GAP  # doctest: +SKIP
    >>> atoms.calc = GAP("model.xml")  # doctest: +SKIP
    """

    implemented_properties = [  # noqa: RUF012  (as in ASE)
        "energy",
        "free_energy",
        "energies",
        "forces",
        "stress",
    ]

    def __init__(self, path: str | PathLike[str], engine: str = "auto") -> None:
        if engine not in _ENGINES:
            raise InputError(f"engine: got {engine!r}, expected one of {', '.join(_ENGINES)}")
        Calculator.__init__(self)
        # Absolute, so that the model is found after a change of folder, also in another process.
        self.path = Path(path).absolute()
        self.engine = engine
        self.file = read_gap_file(path)
        self._potential: Any = None
        self._turbo = any(entry.kind == "soap_turbo" for entry in self.file.coordinates)

    def __reduce__(self) -> tuple[type[GAP], tuple[Path, str]]:
        """Pickle by path: the copy loads the model again."""
        return type(self), (self.path, self.engine)

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: Sequence[str] = ("energy",),
        system_changes: Sequence[str] = tuple(all_changes),
    ) -> None:
        """Compute everything the model gives for one configuration; ASE calls this."""
        Calculator.calculate(self, atoms, list(properties), list(system_changes))
        self.results = {}
        frame = cast("Atoms", self.atoms)
        self._check(frame)
        quip = self._loaded()
        if self._turbo:
            forget_radial_basis()
        wanted = ["energy", "energies", "forces"]
        if frame.cell.rank == 3:
            wanted.append("stress")
        else:
            # QUIP inverts the cell, also of frames that are not periodic.
            frame = Atoms(frame.numbers, frame.positions, cell=padded_cell(frame, _GAP), pbc=frame.pbc)
        quip.results = {}
        try:
            quip.calculate(frame, wanted, list(all_changes))
        except RuntimeError as error:
            raise InputError(f"{self.path.name}: QUIP cannot evaluate the frame: {said(error)}") from error
        results = {name: quip.results[name] for name in self.implemented_properties if name in quip.results}
        broken = [name for name, value in results.items() if not np.isfinite(value).all()]
        if broken:
            raise InputError(f"{self.path.name}: the model gives no finite {broken[0]}: two atoms at the same place?")
        self.results = results

    def _check(self, atoms: Atoms) -> None:
        """Refuse what QUIP would not survive, or would compute nonsense for."""
        check_geometry(atoms)
        known = self.file.elements
        missing = set() if known is None else set(atomic_numbers(atoms).tolist()) - known
        if missing:
            raise InputError(
                f"{self.path.name}: the model does not know {_names(missing)}, only {_names(known or set())}; "
                "its energy would miss them without a word"
            )

    def _loaded(self) -> Any:
        """QUIP's potential, loaded once."""
        if self._potential is None:
            self._potential = load_potential(self.path)
            self._potential.calculation_always_required = True
        return self._potential


def _names(numbers: set[int] | frozenset[int]) -> str:
    return " ".join(chemical_symbols[z] for z in sorted(numbers))
