"""``ecemc merge``: parts of a trajectory that were analysed apart, joined."""

from __future__ import annotations

__all__ = ["merge"]

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ecemc.cli.analyze import finish, read_state
from ecemc.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator


def merge(
    parts: Annotated[
        list[Path],
        typer.Argument(
            metavar="STATE...", help="What 'ecemc analyze --state' wrote, in the order of the run.", show_default=False
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for the report.")] = Path("report"),
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 1 on attention too, not on failure only.")
    ] = False,
) -> int:
    """Join parts of a trajectory that were analysed apart: the same report, to the last bit, as of the whole.

    Each part after the first needs --first-frame, the same settings, and best --like the state of the first part, which
    takes over what that one chose by default.

    Exit status: 0 done, 1 the run fails a check, 2 bad input.

    Example:  ecemc merge first.state second.state -o report
    """
    from ecemc.report import check_folder

    check_folder(out)
    whole = read_state(parts[0])
    for path in parts[1:]:
        part = read_state(path)
        with _named(path):
            whole.merge(part)
    return finish(whole.result(), out, strict=strict)


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Let errors name the file."""
    try:
        yield
    except InputError as error:
        raise type(error)(f"{path}: {error}") from error
