"""Finding results of other verbs by what stands in the files, whatever they are called."""

from __future__ import annotations

__all__ = ["KINDS", "SINGLE", "Found", "find"]

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ecemc.errors import FileFormatError, InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: Beginning of the name of the layout, the kind of result, and the verb that writes it.
KINDS = {
    "ecemc.errors/": ("errors", "ecemc errors"),
    "ecemc.scan/": ("scan", "ecemc scan"),
    "ecemc.comparison/": ("comparison", "ecemc compare"),
    "ecemc.analysis/": ("analysis", "ecemc analyze"),
    "ecemc-md/": ("run", "ecemc md"),
    "ecemc-density/": ("density", "ecemc density --json"),
    "ecemc-eos/": ("eos", "ecemc eos --json"),
    "ecemc.provenance/": ("fit", "ecemc fit"),
}
#: Kinds of which a model has one.
SINGLE = ("errors", "scan", "comparison", "density", "eos")
_NAMED = re.compile(rb'"(?:layout|schema)"\s*:\s*"([^"]*)"')
#: Layouts stand at the beginning of our files.
_HEAD = 4096
_RUN = ".md.json"


@dataclass(frozen=True)
class Found:
    """A file with a result."""

    kind: str
    path: Path
    record: dict[str, Any]
    sha256: str
    #: named by the user, not found in a folder
    explicit: bool


def find(paths: Iterable[str | Path]) -> list[Found]:
    """Read results from files, and search folders, with those inside of them, for files with results.

    Parameters
    ----------
    paths
        Folders; results; trajectories of ``ecemc md``, which stand for the record beside them. Of a kind of which a
        model has one, files that are named take the place of those that are found.

    Raises
    ------
    FileNotFoundError
        If a path is not there.
    FileFormatError
        If a named file holds no result, or a file is damaged.
    InputError
        If no result is found, or two of a kind of which a model has one.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = (Path(folder) / "any.json").write_text('{"schema": "ecemc-eos/1", "zero_pressure_density": 1.0}')
    ...     [found.kind for found in find([folder])]
    ['eos']
    """
    found: dict[Path, Found] = {}
    for given in map(Path, paths):
        for path, explicit in _candidates(given):
            result = _read(path, explicit)
            if result is not None and (explicit or path.resolve() not in found):
                found[path.resolve()] = result
    named = {entry.kind for entry in found.values() if entry.explicit}
    chosen = [entry for entry in found.values() if entry.explicit or entry.kind not in named & {*SINGLE}]
    if not chosen:
        verbs = ", ".join(dict.fromkeys(verb for _, verb in KINDS.values()))
        raise InputError(f"{', '.join(map(str, paths))}: holds no results of a model; expected those of {verbs}")
    for kind in SINGLE:
        of_kind = [str(entry.path) for entry in chosen if entry.kind == kind]
        if len(of_kind) > 1:
            raise InputError(
                f"{of_kind[0]} and {of_kind[1]}: both are results of kind {kind!r}, expected those of one model; name "
                "the file that is meant beside the folder"
            )
    return chosen


def _candidates(given: Path) -> Iterator[tuple[Path, bool]]:
    """Files that may hold results, and whether the user has named them."""
    if given.is_dir():
        inside = sorted(given.rglob("*.json"))
        yield from ((path, False) for path in inside if not _hidden(path, given) and _head(path) is not None)
        return
    record = given.with_name(given.name.partition(".extxyz")[0].removesuffix(".thermo.csv") + _RUN)
    if given.suffix != ".json" and record.is_file():
        given = record
    if not given.is_file():
        raise FileNotFoundError(f"{given}: no such file or folder")
    if given.suffix != ".json":
        raise FileFormatError(f"{given}: there is no {record.name} beside it, expected a trajectory of 'ecemc md'")
    yield given, True


def _hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(folder).parts)


def _head(path: Path) -> str | None:
    """Name of the layout, if it is one of ours; without reading the whole file."""
    with path.open("rb") as file:
        match = _NAMED.search(file.read(_HEAD))
    name = match[1].decode(errors="replace") if match else ""
    return next((start for start in KINDS if name.startswith(start)), None)


def _read(path: Path, explicit: bool) -> Found | None:
    """Read a file; None if it is of no use and was not asked for."""
    content = path.read_bytes()
    try:
        record = json.loads(content)
    except ValueError as error:
        raise FileFormatError(f"{path}: not JSON ({error}), or cut off; make it again") from error
    name = str(record.get("schema") or record.get("layout")) if isinstance(record, dict) else "None"
    start = next((start for start in KINDS if name.startswith(start)), None)
    useless = start is None or (KINDS[start][0] == "fit" and record.get("step") != "fit")
    if useless and not explicit:
        return None
    if useless or start is None:
        raise FileFormatError(f"{path}: its layout is {name!r}, expected one of {', '.join(KINDS)}")
    if name != f"{start}1" and not (start == "ecemc.analysis/" and name == f"{start}2"):
        raise FileFormatError(f"{path}: has the layout {name}, this version of ecemc reads {start}1; make it again")
    return Found(KINDS[start][0], path, record, hashlib.sha256(content).hexdigest(), explicit)
