"""Which format a file has: told by its content, else by its name."""

from __future__ import annotations

__all__ = ["BINARY", "COMPILED", "detect"]

import errno
import gzip
import os
import re
import zlib
from typing import TYPE_CHECKING

from ecemc import _core
from ecemc.errors import FileFormatError

if TYPE_CHECKING:
    from pathlib import Path

#: Read by the compiled readers.
COMPILED = ("extxyz", "lammps-dump")
#: Read through MDAnalysis, which the extra ``formats`` brings.
BINARY = ("dcd", "h5md", "ncdf", "trr", "xtc")

_KNOWN = (
    "extended XYZ, LAMMPS text dump, ASE .traj, CP2K xyz, DCD, XTC, TRR, H5MD, Amber NetCDF and what ase.io.read knows"
)
_SUFFIXES = {".xyz": "extxyz", ".extxyz": "extxyz", ".lammpstrj": "lammps-dump", ".lammpsdump": "lammps-dump"}
#: The comment of CP2K's trajectories: ``i =   10, time =   5.000, E =   -17.16``.
_CP2K = re.compile(rb"\s*i\s*=\s*\d+\s*,\s*(time\s*=.*,\s*)?E\s*=")


def detect(path: Path) -> str:
    """Name the format of a file.

    Raises
    ------
    FileFormatError
        If the file is empty or nothing here reads it.
    OSError
        If it is not there or cannot be opened.
    """
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if path.exists() and not path.is_file():  # a pipe can be read only once
        return "extxyz"
    with path.open("rb") as file:
        head = file.read(4096)
    if not head:
        raise FileFormatError(f"{path}: the file is empty, expected at least one frame")
    if b" xlo xhi" in head and not head.startswith(b"ITEM:"):
        return "lammps-data"
    found = _binary(head) or _core.detect_format(path)
    if found == "extxyz" and _is_cp2k(path):
        return "cp2k"
    return found or _by_name(path) or _of_ase(path, head)


def _binary(head: bytes) -> str | None:
    """Tell a format by its first bytes."""
    if head.startswith((b"\x00\x00\x07\xcb", b"\x00\x00\x07\xe7")):
        return "xtc"
    if head.startswith(b"\x00\x00\x07\xc9"):
        return "trr"
    if b"CORD" in (head[4:8], head[8:12]):
        return "dcd"
    if head.startswith(b"\x89HDF\r\n"):
        return "h5md"
    if head.startswith((b"CDF\x01", b"CDF\x02", b"CDF\x05")) and b"AMBER" in head:
        return "ncdf"
    return None


def _is_cp2k(path: Path) -> bool:
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    try:
        with gzip.open(path) if packed else path.open("rb") as text:
            text.readline(100)
            return _CP2K.match(text.readline(200)) is not None
    except (EOFError, zlib.error, gzip.BadGzipFile):
        return False


def _by_name(path: Path) -> str | None:
    name = path.name.lower().removesuffix(".gz")
    return next((known for suffix, known in _SUFFIXES.items() if name.endswith(suffix)), None)


def _of_ase(path: Path, head: bytes) -> str:
    from ase.io.formats import UnknownFileTypeError, filetype, ioformats  # noqa: PLC0415

    try:
        found = filetype(str(path))
    except (UnknownFileTypeError, OSError, UnicodeError):
        found = None
    if found in ioformats and ioformats[found].can_read:
        return str(found)
    raise FileFormatError(f"{path}: starts with {head[:16]!r}, expected one of {_KNOWN}; or name it with format=")
