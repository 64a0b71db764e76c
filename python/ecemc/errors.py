"""Exceptions: everything that ``ecemc`` raises on purpose derives from :class:`EcemcError`."""

from __future__ import annotations

__all__ = [
    "CalculationError",
    "EcemcError",
    "FileFormatError",
    "InfiniteMoleculeError",
    "InputError",
    "MissingExtraError",
    "require",
]

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType


class EcemcError(Exception):
    """Base class of all errors raised on purpose; its text is meant for users."""


class InputError(EcemcError, ValueError):
    """An argument or a setting is outside its domain; says which, what was got, what was expected."""


class FileFormatError(InputError):
    """The content of a file cannot be used; says file, frame and line."""


class InfiniteMoleculeError(InputError):
    """A bond network closes on itself through the periodic boundary, so it cannot be made whole."""


class CalculationError(EcemcError):
    """A calculator or a program could not be used, failed, or gave what cannot be used; says which and why."""


class MissingExtraError(EcemcError, ImportError):
    """An optional package is not installed; says which extra brings it."""


def require(module: str, extra: str) -> ModuleType:
    """Import an optional package or say how to install it.

    Parameters
    ----------
    module
        Name to import, such as ``"openmm"``.
    extra
        The extra of ``ecemc`` that brings it, such as ``"sample"``.

    Raises
    ------
    MissingExtraError
        If the package is not installed.

    Examples
    --------
    >>> require("math", "none").sqrt(4.0)
    2.0
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        package = module.partition(".")[0]
        if error.name is not None and error.name.partition(".")[0] != package:
            raise
        message = f"the package {package!r} is not installed; install it with: pip install 'ecemc[{extra}]'"
        raise MissingExtraError(message) from error
