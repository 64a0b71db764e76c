"""Results that survive: one SQLite file, a row for each configuration and method, committed one by one."""

from __future__ import annotations

__all__ = ["Ledger", "result_key"]

import errno
import hashlib
import sqlite3
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ecemc.errors import EcemcError, FileFormatError
from ecemc.labels import Labels

if TYPE_CHECKING:
    from collections.abc import Iterator
    from os import PathLike

    from ase import Atoms
    from typing_extensions import Self

#: Marks our files among SQLite's ("ecmc"), and the version of the table.
_APPLICATION, _VERSION = 0x65636D63, 1
_TABLE = (
    "CREATE TABLE IF NOT EXISTS results (key TEXT PRIMARY KEY, energy REAL, forces BLOB, virial BLOB, failure TEXT)"
)


def result_key(atoms: Atoms, identity: str) -> str:
    """Hash of everything that a result depends on: method, elements, positions, cell, periodicity, charge and spin.

    Examples
    --------
    >>> from ase import Atoms
    >>> result_key(Atoms("He"), "a") == result_key(Atoms("He", info={"step": 3}), "a") != result_key(Atoms("He"), "b")
    True
    """
    digest = hashlib.sha256(identity.encode())
    for array in (atoms.numbers.astype(np.int64), atoms.positions, atoms.cell.array):
        digest.update(np.ascontiguousarray(array + 0).tobytes())  # + 0: −0 and 0 are one
    digest.update(bytes(atoms.pbc.tolist()))
    for name in ("initial_charges", "initial_magmoms"):
        if name in atoms.arrays:
            digest.update(name.encode() + np.ascontiguousarray(atoms.arrays[name], dtype=np.float64).tobytes())
    for name in ("charge", "spin", "multiplicity"):
        if name in atoms.info:
            digest.update(f"{name}={atoms.info[name]}".encode())
    return digest.hexdigest()


class Ledger:
    """A file of finished results, used by one run at a time.

    Every result is committed as it comes, so ``kill -9`` loses none. Failures are kept too.

    Parameters
    ----------
    path
        File; made if it is not there.

    Raises
    ------
    FileFormatError
        If the file is something else or damaged.
    EcemcError
        If another run uses it.
    OSError
        If it cannot be made or the disk is full.

    Examples
    --------
    >>> from ase import Atoms
    >>> with Ledger("he.ledger") as ledger:
    ...     key = result_key(Atoms("He"), "a method")
    ...     ledger.put(key, Labels(-1.0), None)
    >>> with Ledger("he.ledger") as ledger:
    ...     ledger.get(key)[0].energy, ledger.get("something else")
    (-1.0, None)
    """

    def __init__(self, path: str | PathLike[str]) -> None:
        self.path = Path(path)
        if not self.path.parent.is_dir():
            raise FileNotFoundError(errno.ENOENT, "there is no such folder", str(self.path.parent))
        with self._explained():
            self._file = sqlite3.connect(self.path, timeout=1.0, isolation_level=None)
            try:
                self._open()
            except BaseException:
                self._file.close()
                raise

    def _open(self) -> None:
        # One run at a time: a second one would compute the same frames.
        self._file.execute("PRAGMA locking_mode = EXCLUSIVE")
        self._file.execute("BEGIN EXCLUSIVE")
        (application,) = self._file.execute("PRAGMA application_id").fetchone()
        (version,) = self._file.execute("PRAGMA user_version").fetchone()
        tables = self._file.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if tables and (application, version) != (_APPLICATION, _VERSION):
            raise FileFormatError(f"{self.path}: not a ledger of this version of ecemc; choose another file")
        self._file.execute(_TABLE)
        self._file.execute(f"PRAGMA application_id = {_APPLICATION}")
        self._file.execute(f"PRAGMA user_version = {_VERSION}")
        self._file.execute("COMMIT")

    def get(self, key: str) -> tuple[Labels | None, str | None] | None:
        """Labels or failure of a result, or None if there is no such result."""
        with self._explained():
            row = self._file.execute(
                "SELECT energy, forces, virial, failure FROM results WHERE key = ?", (key,)
            ).fetchone()
        if row is None:
            return None
        energy, forces, virial, failure = row
        if failure is not None:
            return None, failure
        return Labels(energy, _array(forces), _array(virial)), None

    def put(self, key: str, labels: Labels | None, failure: str | None) -> None:
        """Keep a result."""
        row: tuple[Any, ...] = (None, None, None)
        if labels is not None:
            row = (labels.energy, _bytes(labels.forces), _bytes(labels.virial))
        with self._explained():
            self._file.execute("INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?, ?)", (key, *row, failure))

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


def _bytes(array: Any) -> bytes | None:
    return None if array is None else np.ascontiguousarray(array, dtype="<f8").tobytes()


def _array(content: bytes | None) -> Any:
    return None if content is None else np.frombuffer(content, dtype="<f8").reshape(-1, 3).astype(np.float64)
