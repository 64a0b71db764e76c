"""SQLite files that say what is wrong with them."""

from __future__ import annotations

__all__ = ["Database"]

import errno
import sqlite3
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ecemc.errors import EcemcError, FileFormatError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from os import PathLike

    from typing_extensions import Self

#: Seconds to wait for another process that writes at this moment.
_PATIENCE = 5.0


class Database:
    """A ledger in one SQLite file: every change is on the disk when the call returns, so ``kill -9`` loses none.

    Parameters
    ----------
    path
        File; made if it is not there.
    kind
        Marks the files of one kind among SQLite's: application id and version of the table.
    table
        ``CREATE TABLE IF NOT EXISTS ...``.
    exclusive
        Whether it is kept from all other processes while it is open.

    Raises
    ------
    FileFormatError
        If the file is something else or damaged.
    EcemcError
        If another process uses it.
    OSError
        If it cannot be made or the disk is full.

    Examples
    --------
    >>> table = "CREATE TABLE IF NOT EXISTS numbers (n INTEGER)"
    >>> with Database("numbers.ledger", (1, 1), table) as file:
    ...     _ = file.execute("INSERT INTO numbers VALUES (?)", 7)
    ...     file.execute("SELECT n FROM numbers")
    [(7,)]
    """

    def __init__(
        self, path: str | PathLike[str], kind: tuple[int, int], table: str, *, exclusive: bool = False
    ) -> None:
        self.path = Path(path)
        if not self.path.parent.is_dir():
            raise FileNotFoundError(errno.ENOENT, "there is no such folder", str(self.path.parent))
        patience = 1.0 if exclusive else _PATIENCE
        with self._explained():
            self._file = sqlite3.connect(self.path, timeout=patience, isolation_level=None)
            try:
                self._open(kind, table, exclusive=exclusive)
            except BaseException:
                self._file.close()
                raise

    def _open(self, kind: tuple[int, int], table: str, *, exclusive: bool) -> None:
        if exclusive:
            self._file.execute("PRAGMA locking_mode = EXCLUSIVE")
        self._file.execute("BEGIN EXCLUSIVE")
        (application,) = self._file.execute("PRAGMA application_id").fetchone()
        (version,) = self._file.execute("PRAGMA user_version").fetchone()
        tables = self._file.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if tables and (application, version) != kind:
            raise FileFormatError(f"{self.path}: not a ledger of this version of ecemc; choose another file")
        self._file.execute(table)
        self._file.execute(f"PRAGMA application_id = {kind[0]}")
        self._file.execute(f"PRAGMA user_version = {kind[1]}")
        self._file.execute("COMMIT")

    def execute(self, command: str, *values: Any) -> list[tuple[Any, ...]]:
        """Run one command and give all its rows."""
        with self._explained():
            return self._file.execute(command, values).fetchall()

    def execute_many(self, command: str, rows: Sequence[tuple[Any, ...]]) -> None:
        """Run one command for many rows: all of them or, if the process is killed meanwhile, none."""
        # One transaction, since what takes time is waiting for the disk.
        with self._explained(), self._file:
            self._file.execute("BEGIN")
            self._file.executemany(command, rows)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def __enter__(self) -> Self:
        """Use it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Say what SQLite's errors mean."""
        try:
            yield
        except sqlite3.DatabaseError as error:
            text = str(error)
            if "locked" in text:
                raise EcemcError(f"{self.path}: another run uses this ledger; wait for it or choose another") from error
            if "full" in text:
                raise OSError(errno.ENOSPC, "no space left; what is finished is kept", str(self.path)) from error
            if isinstance(error, sqlite3.OperationalError):
                raise OSError(errno.EIO, f"cannot be used: {text}", str(self.path)) from error
            raise FileFormatError(f"{self.path}: not a ledger, or a damaged one ({text}); remove it") from error
