"""QUIP through quippy: loading a potential, and keeping Turbo-SOAP descriptors of one model out of the next."""

from __future__ import annotations

__all__ = ["forget_radial_basis", "load_potential"]

from functools import cache
from typing import TYPE_CHECKING, Any

from ase import Atoms

from ecemc.errors import FileFormatError, require

if TYPE_CHECKING:
    from pathlib import Path


def load_potential(path: Path) -> Any:
    """Load a model; ``quippy.potential.Potential``.

    Check the files with :func:`ecemc.gap.read_gap_file` first.

    Raises
    ------
    FileFormatError
        If QUIP refuses the model.
    MissingExtraError
        If quippy-ase is not installed.
    """
    quippy = require("quippy.potential", "gap")
    try:
        return quippy.Potential("", param_filename=str(path))
    except RuntimeError as error:
        raise FileFormatError(f"{path}: QUIP does not load it: {said(error)}") from error


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
