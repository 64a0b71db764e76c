"""Writing a folder of results: each file whole or not at all, nothing of others touched."""

from __future__ import annotations

__all__ = ["check_folder", "write_atomically", "write_folder"]

import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from ecemc.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

RESULTS = "results.json"
PAGE = "index.html"
_OWN_FOLDERS = ("figures", "tables")


def write_atomically(path: Path, content: bytes) -> None:
    """Write to a temporary name in the same folder, then rename: a reader sees the old file or the new one."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        umask = os.umask(0)
        os.umask(umask)
        Path(temporary).chmod(0o666 & ~umask)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def write_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files (by path relative to the folder), the page last; take away what an earlier analysis left there.

    Raises
    ------
    InputError
        If the folder is a file or holds a page or results of something else.
    """
    before = check_folder(folder)
    for name in sorted(files, key=lambda name: name == PAGE):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, files[name])
    for name in before - set(files):
        (folder / name).unlink(missing_ok=True)


def check_folder(folder: Path) -> set[str]:
    """Make sure that a report may be written there; list tables and figures of one that stands there already.

    Raises
    ------
    InputError
        If the folder is a file or holds a page or results of something else.
    PermissionError
        If it cannot be written to.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: is a file, expected a folder to write to")
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not there.is_dir():
        raise InputError(f"{folder}: {there} is a file, expected a folder to write to")
    if not os.access(there, os.W_OK | os.X_OK):
        raise PermissionError(f"{folder}: no permission to write to {there}")
    results = folder / RESULTS
    if not results.exists():
        if (folder / PAGE).exists():
            raise InputError(f"{folder}: holds an {PAGE} that is not of an analysis; choose another folder")
        return set()
    try:
        record = json.loads(results.read_bytes())
        ours = str(record["schema"]).startswith("ecemc.analysis/")
    except (ValueError, KeyError, TypeError):
        ours = False
    if not ours:
        raise InputError(f"{folder}: holds a {RESULTS} that is not of an analysis; choose another folder")
    listed = [Path(str(name)) for name in record.get("files", [])]
    return {str(path) for path in listed if len(path.parts) == 2 and path.parts[0] in _OWN_FOLDERS}
