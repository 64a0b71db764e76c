"""From what gap_fit wrote to a model in its place: with a name made of its content, whole or not at all."""

from __future__ import annotations

__all__ = ["install", "named_by_content"]

import hashlib
import re
from contextlib import suppress
from typing import TYPE_CHECKING

from ecemc.errors import FileFormatError
from ecemc.gap.files import read_gap_file

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

#: gap_fit makes a label of the time.
_LABEL = re.compile(rb"<(GAP_\w+)>")


def named_by_content(made: Path, name: str) -> list[Path]:
    """Give a model, in the folder where it was made, a label that depends on its content only, and its final name.

    gap_fit's label is the time, so that no two fits would give the same files. The sparse files are named by the label,
    so that no other model's file can take their place.

    Parameters
    ----------
    made
        XML that gap_fit wrote.
    name
        Name of the XML to be.

    Returns
    -------
    list of Path
        Files of the model; the XML last.

    Raises
    ------
    FileFormatError
        If gap_fit wrote no whole model.
    """
    old = read_gap_file(made)
    content = made.read_bytes()
    match = _LABEL.match(content)
    if match is None or match[1].decode() != old.label:
        raise FileFormatError(f"{made}: starts with {content[:40]!r}, expected the label {old.label!r}")
    digest = hashlib.sha256(content.replace(match[1], b"")).hexdigest()
    label = f"GAP_{digest[:16]}"
    files = []
    for coordinate in old.coordinates:
        if coordinate.sparse_file is not None:
            part = coordinate.sparse_file.name.replace(made.name, name).replace(old.label, label)
            files.append(coordinate.sparse_file.replace(made.with_name(part)))
    content = content.replace(f'"{made.name}.sparseX.'.encode(), f'"{name}.sparseX.'.encode())
    made.write_bytes(content.replace(match[1], label.encode()))
    return [*files, made.replace(made.with_name(name))]


def install(files: Sequence[Path], out: Path) -> None:
    """Move the files of a model beside each other; the XML comes last, so it is never there without them.

    Parameters
    ----------
    files
        In the order in which they are to appear; on the same file system as ``out``.
    out
        Where the last one goes, and the folder of the others.

    Raises
    ------
    OSError
        If a file cannot be moved; those that were moved before, and are new, are taken away again.
    """
    replaced = _sparse_files(out)
    moved: list[Path] = []
    try:
        for file in files:
            target = out.parent / file.name
            new = not target.exists()
            file.replace(target)
            if new:
                moved.append(target)
    except BaseException:
        for target in moved:
            target.unlink(missing_ok=True)
        raise
    for old in replaced - {out.parent / file.name for file in files}:
        old.unlink(missing_ok=True)


def _sparse_files(out: Path) -> set[Path]:
    """Files of the model that is there now, if it is a whole one with files of its own name."""
    with suppress(FileFormatError, OSError):
        return {file for file in read_gap_file(out).sparse_files if file.name.startswith(f"{out.name}.sparseX.")}
    return set()
