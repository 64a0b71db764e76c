"""From a path to what reads it."""

from __future__ import annotations

__all__ = ["open_source"]

from typing import TYPE_CHECKING

from ecemc.trajectory.formats import BINARY, COMPILED, detect

if TYPE_CHECKING:
    from pathlib import Path

    from ecemc.trajectory.source import ReadOptions, Source


def open_source(path: Path, options: ReadOptions) -> Source:
    """Choose the reader of a file; whatever is heavy is imported only if it is needed.

    Raises
    ------
    FileFormatError, OSError, InputError
        If the file cannot be opened or nothing here reads it.
    MissingExtraError
        If that takes a package that is not installed.
    """
    name = options.format or detect(path)
    if name in COMPILED:
        from ecemc.trajectory.compiled import CompiledSource  # noqa: PLC0415

        return CompiledSource(path, name, options)
    path.open("rb").close()  # the system's own error, if there is one
    if name == "cp2k":
        from ecemc.trajectory.cp2k import Cp2kSource  # noqa: PLC0415

        return Cp2kSource(path, name, options)
    if name in BINARY:
        from ecemc.trajectory.binary import BinarySource  # noqa: PLC0415

        return BinarySource(path, name, options)
    from ecemc.trajectory.ase_files import AseSource  # noqa: PLC0415

    return AseSource(path, name, options)
