"""Options that several verbs share: methods by name, times."""

from __future__ import annotations

__all__ = ["METHODS", "read_time", "time_option"]

from typing import Any

import typer

from ecemc.units import femtoseconds

#: What :func:`ecemc.methods.get_method` knows, in a line.
METHODS = (
    "opls, gfn1-xtb, gfn2-xtb, FUNCTIONAL/BASIS such as pbe-d3bj/def2-svp, a GAP model.xml, FILE.py or MODULE:FUNCTION"
)


def read_time(text: str) -> float:
    """Read a time such as ``20ps``, in fs."""
    try:
        return femtoseconds(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def time_option(text: str) -> Any:
    """Take a time with its unit."""
    return typer.Option(parser=read_time, metavar="TIME", help=text)
