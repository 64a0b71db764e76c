"""QUIP through quippy: evaluating a model, and keeping Turbo-SOAP descriptors of one model out of the next."""

from __future__ import annotations

__all__ = ["QuipEngine", "forget_radial_basis"]

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from ase import Atoms
from ase.calculators.calculator import all_changes

from ecemc.errors import FileFormatError, InputError, require
from ecemc.gap.cells import padded_cell

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

#: Å, between images that are not there; any length would do.
_GAP = 10.0


class QuipEngine:
    """A model evaluated by QUIP.

    One call of QUIP computes everything, whatever was asked for. QUIP keeps the radial basis of the last Turbo-SOAP
    descriptor it computed and takes it for the next one of the same size, even of another model; here it is made to
    forget it before each calculation, so that a result does not depend on what was computed before.

    Parameters
    ----------
    path
        The model; check its files with :func:`ecemc.gap.read_gap_file` first.
    turbo
        Whether the model has Turbo-SOAP descriptors.

    Raises
    ------
    MissingExtraError
        If quippy-ase is not installed.
    """

    def __init__(self, path: Path, *, turbo: bool) -> None:
        require("quippy.potential", "gap")
        self._path, self._turbo = path, turbo
        self._potential: Any = None

    def results(self, frame: Atoms) -> dict[str, Any]:
        """Energy, energies, forces, and the stress of a frame with a cell.

        Raises
        ------
        FileFormatError
            If QUIP refuses the model.
        InputError
            If it cannot evaluate the frame.
        """
        wanted = ["energy", "energies", "forces"]
        if frame.cell.rank == 3:
            wanted.append("stress")
        results = self._calculated(frame, wanted).results
        return {name: results[name] for name in (*wanted, "free_energy") if name in results}

    def variances(self, frame: Atoms) -> NDArray[np.float64]:
        """Predictive variances (n,) of the energies of atoms, eV².

        Raises
        ------
        FileFormatError, InputError
            See :meth:`results`.
        """
        found = self._calculated(frame, ["energy"], calc_args="local_gap_variance").extra_results["atoms"]
        return np.array(found["local_gap_variance"])

    def _calculated(self, frame: Atoms, wanted: list[str], **options: Any) -> Any:
        """QUIP's potential after it has evaluated the frame."""
        potential = self._loaded()
        if self._turbo:
            forget_radial_basis()
        if frame.cell.rank != 3:
            # QUIP inverts the cell, also of frames that are not periodic.
            frame = Atoms(frame.numbers, frame.positions, cell=padded_cell(frame, _GAP), pbc=frame.pbc)
        potential.results = {}
        try:
            potential.calculate(frame, wanted, list(all_changes), **options)
        except RuntimeError as error:
            raise InputError(f"{self._path.name}: QUIP cannot evaluate the frame: {said(error)}") from error
        return potential

    def _loaded(self) -> Any:
        """QUIP's potential, loaded once."""
        if self._potential is None:
            quippy = require("quippy.potential", "gap")
            try:
                self._potential = quippy.Potential("", param_filename=str(self._path))
            except RuntimeError as error:
                raise FileFormatError(f"{self._path}: QUIP does not load it: {said(error)}") from error
            self._potential.calculation_always_required = True
        return self._potential


def said(error: BaseException) -> str:
    """Take what QUIP says in an error, without places in its source and padding."""
    lines = (" ".join(line.split()) for line in str(error).splitlines())
    return " ".join(line for line in lines if line and not line.startswith(("Traceback", "File "))).rstrip(" -")


def forget_radial_basis() -> None:
    """Make QUIP compute the radial basis of the next Turbo-SOAP descriptor.

    QUIP keeps the orthogonalisation of the radial functions of the last Turbo-SOAP descriptor it computed, and takes it
    for the next one if the total number of radial functions is the same, whatever the widths and cutoffs. Two models in
    one process, or a model after a descriptor, then give wrong energies (by electronvolts per atom). Call this before a
    model or descriptor is evaluated; it takes half a millisecond.

    Raises
    ------
    MissingExtraError
        If quippy-ase is not installed.
    """
    _smallest().calc(_ATOM)


#: In a cell, since QUIP wants one.
_ATOM = Atoms("H", cell=[5.0] * 3, pbc=False)


@cache
def _smallest() -> Any:
    """Descriptor with a single radial function, which no model has."""
    return require("quippy.descriptors", "gap").Descriptor(
        "soap_turbo l_max=0 alpha_max=1 basis=poly3 rcut_hard=1.0 rcut_soft=0.5 "
        "atom_sigma_r=0.1 atom_sigma_t=0.1 species_Z=1"
    )
