"""Locks between processes, which end with the process that holds them, however it ends."""

from __future__ import annotations

__all__ = ["LockedError", "is_locked", "locked"]

import errno
import sqlite3
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ecemc.errors import EcemcError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from os import PathLike


class LockedError(EcemcError):
    """Another process holds a lock."""


@contextmanager
def locked(path: str | PathLike[str], *, patience: float = 0.0, message: str | None = None) -> Iterator[None]:
    """Hold a lock, so that no other process does the same work.

    Parameters
    ----------
    path
        File to lock, an empty one that stays.
    patience
        Seconds to wait for another process to end.
    message
        What to say if another process holds the lock.

    Raises
    ------
    LockedError
        If another process holds it.
    OSError
        If the file cannot be made, or the file system has no locks.

    Notes
    -----
    These are the locks that SQLite takes on its files: they work on all systems, and on network file systems as far as
    these have locks.

    Examples
    --------
    >>> with locked("work.lock"):
    ...     is_locked("work.lock")
    True
    >>> is_locked("work.lock")
    False
    """
    path = Path(path)
    try:
        file = sqlite3.connect(path, timeout=patience, isolation_level=None)
    except sqlite3.OperationalError as error:
        raise OSError(errno.EIO, f"cannot be made: {error}", str(path)) from error
    with closing(file):
        try:
            file.execute("BEGIN EXCLUSIVE")
        except sqlite3.DatabaseError as error:
            if "locked" in str(error):
                raise LockedError(message or f"{path}: another process is at work here; wait for it") from None
            raise OSError(errno.EIO, f"cannot be locked: {error}", str(path)) from error
        yield


def is_locked(path: str | PathLike[str]) -> bool:
    """Tell whether a process holds a lock.

    Examples
    --------
    >>> is_locked("no-such.lock")
    False
    """
    if not Path(path).exists():
        return False
    try:
        with locked(path):
            return False
    except LockedError:
        return True
