"""Options that several verbs share: methods by name, times, ranges of numbers, folders for results."""

from __future__ import annotations

__all__ = [
    "METHODS",
    "check_result_folder",
    "method_option",
    "named_method",
    "number_list",
    "read_time",
    "set_option",
    "time_option",
]

import json
from typing import TYPE_CHECKING, Any

import typer

from ecemc.errors import InputError
from ecemc.units import femtoseconds

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ecemc.methods import Method

#: What :func:`ecemc.methods.get_method` knows, in a line.
METHODS = (
    "opls, gfn1-xtb, gfn2-xtb, FUNCTIONAL/BASIS such as pbe-d3bj/def2-svp, a GAP model.xml, FILE.py or MODULE:FUNCTION"
)


def method_option() -> Any:
    """Take what computes."""
    return typer.Option("--method", "--model", "-m", help=f"{METHODS} (any ASE calculator).")


def set_option() -> Any:
    """Take options of a method."""
    return typer.Option("--set", metavar="NAME=VALUE", help="Option of the method; may be repeated.")


def named_method(text: str) -> Method:
    """Read ``METHOD`` or ``NAME=METHOD``."""
    from dataclasses import replace

    from ecemc.methods import get_method

    name, equals, spec = text.rpartition("=")
    method = get_method(spec)
    return replace(method, name=name) if equals else method


def read_time(text: str) -> float:
    """Read a time such as ``20ps``, in fs."""
    try:
        return femtoseconds(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def time_option(text: str) -> Any:
    """Take a time with its unit."""
    return typer.Option(parser=read_time, metavar="TIME", help=text)


def number_list(text: str, between: Callable[[float, float, int], Any], where: str) -> list[float]:
    """Read ``0.85:1.6:20,3``: ranges, which ``between`` fills, and numbers; ``where`` begins the error."""
    found: list[float] = []
    for word in text.split(","):
        try:
            first, *rest = word.split(":")
            if not rest:
                found.append(float(first))
                continue
            last, number = rest
            found += between(float(first), float(last), int(number)).tolist()
        except ValueError as error:
            raise InputError(
                f"{where}: got {word!r}, expected FIRST:LAST:NUMBER such as 0.85:1.6:20, or numbers"
            ) from error
    return found


def check_result_folder(folder: Path, name: str, key: str, layout: str) -> None:
    """Refuse a folder with somebody else's file of the name that a result is going to have."""
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: is a file, expected a folder to write to")
    if not (folder / name).exists():
        return
    try:
        ours = str(json.loads((folder / name).read_bytes())[key]).startswith(layout.partition("/")[0])
    except (ValueError, KeyError, TypeError):
        ours = False
    if not ours:
        raise InputError(f"{folder}: holds a {name} that is not of a {name[:-5]}; choose another folder")
