"""Writing a folder of results: each file whole or not at all, nothing of others touched."""

from __future__ import annotations

__all__ = ["ANALYSIS", "COMPARISON", "DIAGNOSIS", "PAGE", "Kind", "check_folder", "to_json", "write_folder"]

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ecemc.errors import InputError
from ecemc.files import write_atomically

if TYPE_CHECKING:
    from collections.abc import Mapping

PAGE = "index.html"
_OWN_FOLDERS = ("figures", "tables")


@dataclass(frozen=True)
class Kind:
    """What a folder is a folder of."""

    #: the file with all numbers
    results: str
    #: how the name of its layout begins
    schema: str
    #: in words
    what: str


ANALYSIS = Kind("results.json", "ecemc.analysis/", "an analysis")
COMPARISON = Kind("compare.json", "ecemc.comparison/", "a comparison")
DIAGNOSIS = Kind("diagnosis.json", "ecemc-diagnosis/", "a diagnosis")


def write_folder(folder: Path, files: Mapping[str, bytes], kind: Kind = ANALYSIS) -> None:
    """Write files (by path relative to the folder), the page last; take away what an earlier one left there.

    Raises
    ------
    InputError
        If the folder is a file or holds a page or results of something else.
    """
    before = check_folder(folder, kind)
    for name in sorted(files, key=lambda name: name == PAGE):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, files[name])
    for name in before - set(files):
        (folder / name).unlink(missing_ok=True)


def check_folder(folder: Path, kind: Kind = ANALYSIS) -> set[str]:
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
    results = folder / kind.results
    if not results.exists():
        if (folder / PAGE).exists():
            raise InputError(f"{folder}: holds an {PAGE} that is not of {kind.what}; choose another folder")
        return set()
    try:
        record = json.loads(results.read_bytes())
        ours = str(record["schema"]).startswith(kind.schema)
    except (ValueError, KeyError, TypeError):
        ours = False
    if not ours:
        raise InputError(f"{folder}: holds a {kind.results} that is not of {kind.what}; choose another folder")
    listed = [Path(str(name)) for name in record.get("files", [])]
    return {str(path) for path in listed if len(path.parts) == 2 and path.parts[0] in _OWN_FOLDERS}


def to_json(record: dict[str, Any]) -> bytes:
    """Write results as strict JSON, the same bytes for the same results."""
    return (json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()
