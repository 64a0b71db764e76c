"""Model files of GAP: an XML file and, beside it, the sparse points it names; read and checked without QUIP.

QUIP stops the whole interpreter at some faults of these files and believes others. So they are checked here first.
"""

from __future__ import annotations

__all__ = ["Coordinate", "GapFile", "read_gap_file"]

import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.parsers import expat

from ecemc.errors import FileFormatError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from os import PathLike

_CHUNK = 1 << 20
_MEND = "copy the model again, together with its sparse files, or fit it anew"
#: Keys of a descriptor string that name the atoms it is about; 0 is any element.
_CENTRES = ("Z", "Z1", "Z2", "Z3", "Z_center")


@dataclass(frozen=True)
class Coordinate:
    """One descriptor of a model, with its sparse points."""

    label: str
    #: such as ``"soap cutoff=3.0 n_max=8 ..."``
    descriptor: str
    dimensions: int
    n_sparse: int
    #: exponent of dot-product kernels; None for others
    zeta: float | None
    #: file with the sparse points; None if they are in the XML
    sparse_file: Path | None

    @property
    def kind(self) -> str:
        """Name of the descriptor, such as ``"soap_turbo"``."""
        return self.descriptor.split(maxsplit=1)[0] if self.descriptor.strip() else ""

    @property
    def options(self) -> dict[str, str]:
        """Options of the descriptor; of repeated keys the last counts, as in QUIP."""
        found = re.findall(r"(\w+)=(\{[^}]*\}|\S+)", self.descriptor)
        return {key: value.strip("{} ") for key, value in found}

    @property
    def elements(self) -> frozenset[int] | None:
        """Atomic numbers whose atoms carry this energy; None for any."""
        options = self.options
        if self.kind == "soap_turbo":
            return frozenset({int(options["species_Z"].split()[int(options.get("central_index", 1)) - 1])})
        named = {int(z) for key in _CENTRES for z in options.get(key, "").split()}
        return None if not named or 0 in named else frozenset(named)


@dataclass(frozen=True)
class GapFile:
    """What the files of a model say about it.

    Attributes
    ----------
    path
        The XML file.
    label
        Name of the model, which is also the name of the root of the XML.
    gap_version
        Version of the GAP code that made it; 0 if not said.
    e0
        Energy of a free atom by atomic number, eV; only what is not zero.
    coordinates
        The descriptors.
    """

    path: Path
    label: str
    gap_version: int
    e0: dict[int, float]
    coordinates: tuple[Coordinate, ...]

    @property
    def sparse_files(self) -> tuple[Path, ...]:
        """Files with sparse points, in the order of the descriptors."""
        return tuple(entry.sparse_file for entry in self.coordinates if entry.sparse_file is not None)

    @property
    def elements(self) -> frozenset[int] | None:
        """Atomic numbers that the model knows; None if it takes any."""
        known: set[int] = set()
        for entry in self.coordinates:
            if entry.elements is None:
                return None
            known |= entry.elements
        return frozenset(known)


def read_gap_file(path: str | PathLike[str]) -> GapFile:
    """Read a model's XML and check that the model is whole.

    Parameters
    ----------
    path
        The XML file. Its sparse points are looked for in the same folder.

    Raises
    ------
    FileFormatError
        If the XML is cut off or no GAP, holds a document type definition, or a file with sparse points is missing, has
        another MD5 sum than the XML says, or another length.
    OSError
        If a file cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "model.xml"
    ...     _ = path.write_text("<GAP>")
    ...     read_gap_file(path)
    Traceback (most recent call last):
    ecemc.errors.FileFormatError: ...model.xml: line 1: not whole (no element found); copy the model again, ...
    """
    path = Path(path)
    seen = _Seen(path)
    try:
        with path.open("rb") as file:
            seen.parser().ParseFile(file)
    except expat.ExpatError as error:
        what = expat.errors.messages[error.code]
        state = "not whole" if error.code in _CUT else "no XML"
        raise FileFormatError(f"{path}: line {error.lineno}: {state} ({what}); {_MEND}") from None
    return _checked(path, seen)


#: Codes of expat for a text that ends too early.
_CUT = {
    expat.errors.codes[text]
    for text in ("no element found", "unclosed token", "unclosed CDATA section", "partial character")
}


@dataclass
class _Seen:
    """What the parser has met."""

    path: Path
    root: str = ""
    #: attributes of the elements that are there once
    once: dict[str, dict[str, str]] = field(default_factory=dict)
    e0: dict[int, float] = field(default_factory=dict)
    coordinates: list[dict[str, str]] = field(default_factory=list)
    descriptors: list[str] = field(default_factory=list)
    n_points: list[int] = field(default_factory=list)
    inside: str = ""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.root = self.root or name
        self.inside = name
        if name in {"Potential", "GAP_params", "gpSparse"}:
            self.once.setdefault(name, attributes)
        elif name == "e0":
            value = _real(attributes.get("value", ""), f"{self.path}: e0 of element {attributes.get('Z')}")
            if value:
                self.e0[int(attributes["Z"])] = value
        elif name == "gpCoordinates":
            self.coordinates.append(attributes)
            self.descriptors.append("")
            self.n_points.append(0)
        elif name == "sparseX" and self.n_points:
            self.n_points[-1] += 1

    def text(self, data: str) -> None:
        if self.inside == "descriptor" and self.descriptors:
            self.descriptors[-1] += data

    def end(self, _name: str) -> None:
        self.inside = ""

    def doctype(self, *_: Any) -> None:
        raise FileFormatError(
            f"{self.path}: holds a document type definition, which no GAP needs; it is not read for safety"
        )

    def parser(self) -> expat.XMLParserType:
        parser = expat.ParserCreate()
        parser.StartElementHandler, parser.EndElementHandler = self.start, self.end
        parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = self.text, self.doctype
        return parser


def _checked(path: Path, seen: _Seen) -> GapFile:
    params, sparse = seen.once.get("GAP_params", {}), seen.once.get("gpSparse", {})
    label = seen.once.get("Potential", {}).get("label", "")
    if not params or not label:
        raise FileFormatError(f"{path}: no GAP: the root is <{seen.root}> and holds no <Potential> with <GAP_params>")
    for what, found in (
        ("root", seen.root),
        ("GAP_params", params.get("label")),
        ("gpSparse", sparse.get("label")),
    ):
        if found != label:
            raise FileFormatError(
                f"{path}: {what} is {found!r}, expected the label of the potential, {label!r}; {_MEND}"
            )
    if sparse.get("fitted", "T") != "T":
        raise FileFormatError(f"{path}: sparse points without a fit (fitted={sparse['fitted']!r}); fit the model")
    n_expected = sparse.get("n_coordinate", "")
    if n_expected != str(len(seen.coordinates)):
        raise FileFormatError(f"{path}: {len(seen.coordinates)} descriptors, expected {n_expected}; {_MEND}")
    coordinates = tuple(_coordinates(path, seen))
    return GapFile(path, label, int(params.get("gap_version", 0)), dict(seen.e0), coordinates)


def _coordinates(path: Path, seen: _Seen) -> Iterator[Coordinate]:
    for attributes, descriptor, n_points in zip(seen.coordinates, seen.descriptors, seen.n_points, strict=True):
        label = attributes.get("label", "")
        where = f"{path}: descriptor {label}"
        dimensions, n_sparse = (_count(attributes, name, where) for name in ("dimensions", "n_sparseX"))
        if n_points != n_sparse:
            raise FileFormatError(f"{where}: {n_points} weights, expected {n_sparse}; {_MEND}")
        name = attributes.get("sparseX_filename")
        file = None if not name else path.parent / name
        if file is not None:
            _check_sparse(path, file, attributes.get("sparseX_md5sum", ""), dimensions * n_sparse)
        zeta = (
            _real(attributes["zeta"], where)
            if attributes.get("covariance_type") == "2" and "zeta" in attributes
            else None
        )
        yield Coordinate(label, descriptor.strip(), dimensions, n_sparse, zeta, file)


def _check_sparse(path: Path, file: Path, md5: str, n_numbers: int) -> None:
    """Check that a file with sparse points is the one the model was made with."""
    if not file.is_file():
        raise FileFormatError(f"{path}: its sparse points {file.name} are not in the same folder; {_MEND}")
    digest, n_lines = hashlib.md5(usedforsecurity=False), 0
    with file.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
            n_lines += chunk.count(b"\n")
    if md5.strip() and digest.hexdigest() != md5.strip():
        raise FileFormatError(
            f"{file}: MD5 sum {digest.hexdigest()}, expected {md5.strip()} by {path.name}: another file, or cut off; "
            f"{_MEND}"
        )
    if n_lines != n_numbers:
        raise FileFormatError(f"{file}: {n_lines} numbers, expected {n_numbers}; {_MEND}")


def _count(attributes: dict[str, str], name: str, where: str) -> int:
    text = attributes.get(name, "")
    if not text.strip().isdecimal():
        raise FileFormatError(f"{where}: {name} is {text!r}, expected a whole number; {_MEND}")
    return int(text)


def _real(text: str, where: str) -> float:
    """Read a number as Fortran writes it, perhaps with a D for the exponent."""
    try:
        return float(text.upper().replace("D", "E"))
    except ValueError:
        raise FileFormatError(f"{where}: got {text!r}, expected a number; {_MEND}") from None
