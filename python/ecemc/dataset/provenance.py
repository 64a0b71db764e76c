"""Where a file came from: a record beside it, with the hash of its content and the records of what it was made of."""

from __future__ import annotations

__all__ = ["Parent", "Provenance", "content_hash", "read_provenance", "record_provenance"]

import hashlib
import json
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ase
import numpy as np

from ecemc._core import __version__
from ecemc.errors import FileFormatError, InputError
from ecemc.files import write_atomically
from ecemc.text import plain

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike

#: Changes when the fields do.
LAYOUT = "ecemc.provenance/1"
_ENDING = ".provenance.json"
_CHUNK = 1 << 20
_CHANGED = "the file was changed after its own record was written"


@dataclass(frozen=True)
class Parent:
    """A file that another one was made of."""

    #: file name, without folder
    file: str
    #: of its content when it was used
    sha256: str
    #: its own record, if there was one that fitted its content
    record: Provenance | None = None
    #: why there is no record although there was a file with one; else empty
    note: str = ""


@dataclass(frozen=True)
class Provenance:
    """Record of how a file was made."""

    #: file name, without folder
    file: str
    #: of its content
    sha256: str
    #: the verb that made it, such as ``"split"``
    step: str
    #: what the verb was told, as strict JSON
    parameters: Mapping[str, Any]
    seed: int | None
    n_frames: int | None
    #: of ecemc, python, numpy, ase
    versions: Mapping[str, str]
    #: date and time in UTC, ISO 8601
    created: str
    parents: tuple[Parent, ...]

    def describes(self, path: str | PathLike[str]) -> bool:
        """Tell whether a file still has the content that was recorded."""
        return content_hash(path) == self.sha256

    def to_dict(self) -> dict[str, Any]:
        """Give the record as strict JSON, as it stands in the file."""
        return {"layout": LAYOUT, **asdict(self), "parents": [_parent_to_dict(parent) for parent in self.parents]}


def content_hash(path: str | PathLike[str]) -> str:
    """SHA-256 of the bytes of a file, read in pieces.

    Raises
    ------
    OSError
        If the file cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = (Path(folder) / "empty").write_bytes(b"")
    ...     content_hash(Path(folder) / "empty")[:12]
    'e3b0c44298fc'
    """
    digest = hashlib.sha256()
    with Path(path).open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def record_provenance(
    out: str | PathLike[str],
    *,
    step: str,
    parents: Sequence[str | PathLike[str]] = (),
    parameters: Mapping[str, Any] | None = None,
    seed: int | None = None,
    n_frames: int | None = None,
) -> Path:
    r"""Write ``OUT.provenance.json`` beside a file that has just been written.

    Parameters
    ----------
    out
        The file; it must be there and whole.
    step
        The verb that made it, such as ``"split"``.
    parents
        Files it was made of. Their own records go along, so that one record tells the whole history. A parent that was
        changed since its record was written goes without it, and with a note that says so.
    parameters
        What the step was told: numbers, texts, arrays, lists, mappings. Paths are kept as file names only.
    seed
        Of the random numbers, if there were any.
    n_frames
        Number of configurations in the file.

    Returns
    -------
    Path
        The record.

    Raises
    ------
    InputError
        If a parameter has no form in JSON.
    FileFormatError
        If the record of a parent cannot be read.
    OSError
        If the file or a parent is not there, or the record cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     out = Path(folder) / "train.extxyz"
    ...     _ = out.write_text("1\n\nHe 0 0 0\n")
    ...     record_provenance(out, step="split", seed=1, n_frames=1).name, read_provenance(out).seed
    ('train.extxyz.provenance.json', 1)
    """
    out = Path(out)
    record = Provenance(
        file=out.name,
        sha256=content_hash(out),
        step=step,
        parameters=_strict(parameters or {}),
        seed=seed,
        n_frames=n_frames,
        versions={
            "ecemc": __version__,
            "python": platform.python_version(),
            "numpy": np.__version__,
            "ase": ase.__version__,
        },
        created=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        parents=tuple(_parent(Path(parent)) for parent in parents),
    )
    path = _path(out)
    text = json.dumps(record.to_dict(), indent=1, ensure_ascii=False, allow_nan=False)
    write_atomically(path, (text + "\n").encode())
    return path


def read_provenance(path: str | PathLike[str]) -> Provenance | None:
    """Read the record beside a file; None if there is none.

    Whether the file still has the recorded content is told by :meth:`Provenance.describes`.

    Parameters
    ----------
    path
        The file that the record is about, not the record itself.

    Raises
    ------
    FileFormatError
        If there is a record that cannot be read.

    Examples
    --------
    >>> read_provenance("no-such-file.extxyz") is None
    True
    """
    record = _path(Path(path))
    try:
        content = json.loads(record.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise FileFormatError(f"{record}: is no JSON: {error}; remove it or write the file anew") from error
    layout = content.get("layout") if isinstance(content, dict) else None
    if layout != LAYOUT:
        raise FileFormatError(f"{record}: has layout {layout!r}, expected {LAYOUT!r}")
    try:
        return _from_dict(content)
    except (KeyError, TypeError, AttributeError) as error:
        raise FileFormatError(f"{record}: is no whole record: {error!r}; remove it or write the file anew") from error


def _path(out: Path) -> Path:
    return out.with_name(out.name + _ENDING)


def _parent(path: Path) -> Parent:
    """Describe a parent as it is now."""
    sha256, record = content_hash(path), read_provenance(path)
    if record is not None and record.sha256 != sha256:
        return Parent(path.name, sha256, note=_CHANGED)
    return Parent(path.name, sha256, record)


def _parent_to_dict(parent: Parent) -> dict[str, Any]:
    return {
        "file": parent.file,
        "sha256": parent.sha256,
        "record": None if parent.record is None else parent.record.to_dict(),
        "note": parent.note,
    }


def _from_dict(content: dict[str, Any]) -> Provenance:
    fields = {name: content[name] for name in Provenance.__dataclass_fields__ if name != "parents"}
    parents = tuple(
        Parent(
            entry["file"],
            entry["sha256"],
            None if entry["record"] is None else _from_dict(entry["record"]),
            entry["note"],
        )
        for entry in content["parents"]
    )
    return Provenance(**fields, parents=parents)


def _strict(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Turn parameters into what JSON holds, and read them back, so that a record equals what will be read."""
    try:
        converted: dict[str, Any] = json.loads(json.dumps(plain(_without_folders(parameters)), allow_nan=False))
    except (TypeError, ValueError) as error:
        raise InputError(f"parameters: {error}; expected numbers, texts, arrays, lists and mappings") from error
    return converted


def _without_folders(value: Any) -> Any:
    """Keep of paths only the names: records are passed on, folders are nobody's business."""
    if isinstance(value, Path):
        return value.name
    if isinstance(value, Mapping):
        return {str(key): _without_folders(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_folders(entry) for entry in value]
    return value
