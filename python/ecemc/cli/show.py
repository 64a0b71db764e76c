"""What verbs share: the input argument, printing, a progress display that is silent in logs."""

from __future__ import annotations

__all__ = ["counting", "say", "table", "trajectory_argument", "warn"]

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


def trajectory_argument() -> Any:
    """Trajectory to read."""
    return typer.Argument(
        metavar="TRAJECTORY", help="Trajectory: extxyz (also .gz), or what ecemc.iread reads.", show_default=False
    )


def console(*, stderr: bool = False) -> Any:
    """Make a console that leaves a broken pipe to ``main``; rich itself would exit with 1, as if a check had failed."""
    from rich.console import Console

    class Plain(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    return Plain(highlight=False, stderr=stderr)


def say(text: str, *, style: str | None = None) -> None:
    """Print a line, in colour on a terminal, never wrapped or interpreted."""
    console().print(text, style=style, markup=False, soft_wrap=True)


def warn(text: str) -> None:
    """Print a line about something that did not stop the work to stderr."""
    typer.echo(f"ecemc: warning: {text}", err=True)


def table(headings: Iterable[str], rows: Iterable[Iterable[Any]]) -> None:
    """Print a table; the first column is text, the others are right-aligned."""
    from rich import box
    from rich.table import Table

    shown = Table(box=box.SIMPLE_HEAD)
    for column, heading in enumerate(headings):
        shown.add_column(heading, justify="right" if column else "left")
    for row in rows:
        shown.add_row(*map(str, row))
    console().print(shown)


@contextmanager
def counting(what: str) -> Iterator[Callable[..., None]]:
    """Show how many are done, on a terminal only; if told the part of the work that this is, also the time left."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (
        SpinnerColumn(), TextColumn("{task.fields[done]} " + what), BarColumn(), TimeElapsedColumn(),
        TextColumn("left"), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=None, done=0)

        def show(done: int, part: float | None = None) -> None:
            bar.update(task, done=done)
            if part is not None:
                bar.update(task, total=1.0, completed=part)

        yield show
