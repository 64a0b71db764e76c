"""Settings in TOML files, checked to the last key."""

from __future__ import annotations

__all__ = ["Settings", "check_settings", "nearest", "read_settings", "read_toml"]

import re
import sys
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from ecemc.errors import FileFormatError, InputError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from os import PathLike


class Settings(BaseModel):
    """Base of settings: frozen, strict, without unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, str_strip_whitespace=True)


S = TypeVar("S", bound=Settings)


def read_toml(path: str | PathLike[str]) -> dict[str, Any]:
    r"""Read a TOML file.

    Raises
    ------
    FileFormatError
        If it is no TOML.
    OSError
        If it cannot be read.

    Examples
    --------
    >>> _ = Path("a.toml").write_text("[grid]\nseed = [1, 2]\n")
    >>> read_toml("a.toml")
    {'grid': {'seed': [1, 2]}}
    """
    try:
        return tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FileFormatError(f"{path}: no TOML: {error}") from None


def read_settings(path: str | PathLike[str], kind: type[S]) -> S:
    r"""Read settings from a TOML file.

    Raises
    ------
    FileFormatError
        If it is no TOML, or a key is unknown, missing or out of range; names the file and the key.
    OSError
        If it cannot be read.

    Examples
    --------
    >>> class Box(Settings):
    ...     length: float
    >>> _ = Path("box.toml").write_text("lenght = 10.0\n")
    >>> read_settings("box.toml", Box)
    Traceback (most recent call last):
    ecemc.errors.FileFormatError: box.toml: lenght: unknown key; did you mean 'length'?
    """
    try:
        return check_settings(read_toml(path), kind)
    except FileFormatError:
        raise
    except InputError as error:
        raise FileFormatError(f"{path}: {error}") from None


def check_settings(table: Mapping[str, Any], kind: type[S]) -> S:
    """Make settings of a table.

    Raises
    ------
    InputError
        If a key is unknown, missing or out of range; names it.

    Examples
    --------
    >>> class Box(Settings):
    ...     length: float
    >>> check_settings({"length": 10.0}, Box).length
    10.0
    """
    try:
        return kind.model_validate(table)
    except ValidationError as error:
        raise InputError(_explained(error, kind)) from None


def nearest(name: str, known: Iterable[str]) -> str:
    """Say which of the known names was meant, or what they are.

    Examples
    --------
    >>> nearest("temprature", ["temperature", "pressure"])
    "did you mean 'temperature'?"
    >>> nearest("x", ["temperature", "pressure"])
    'known are temperature, pressure'
    """
    known = list(known)
    close = get_close_matches(name, known, 1)
    return f"did you mean {close[0]!r}?" if close else f"known are {', '.join(known)}"


def _explained(error: ValidationError, kind: type[Settings]) -> str:
    """One line from one complaint of pydantic: an unknown key first, since it explains one that is missing."""
    complaints = sorted(error.errors(include_url=False), key=lambda one: one["type"] != "extra_forbidden")
    first = complaints[0]
    place = ".".join(str(part) for part in first["loc"])
    more = f" (and {len(complaints) - 1} more)" if len(complaints) > 1 and first["type"] != "extra_forbidden" else ""
    if first["type"] == "extra_forbidden":
        *tables, name = first["loc"]
        return f"{place}: unknown key; {nearest(str(name), _keys(kind, tables))}"
    if first["type"] == "missing":
        return f"{place}: missing{more}"
    if first["type"] == "value_error":
        return f"{place}{': ' if place else ''}{first['msg'].removeprefix('Value error, ')}{more}"
    expected = re.sub(r"^Input should be (a |an )?(valid )?", "", first["msg"])
    return f"{place}: got {first['input']!r}, expected {expected}{more}"


def _keys(kind: Any, tables: list[int | str]) -> list[str]:
    """Names of the keys of a table."""
    for table in tables:
        annotation = kind.model_fields[table].annotation
        kind = next(one for one in (annotation, *getattr(annotation, "__args__", ())) if hasattr(one, "model_fields"))
    return list(kind.model_fields)
