"""Results that survive: one SQLite file, a row for each configuration and method, committed one by one."""

from __future__ import annotations

__all__ = ["Ledger", "result_key"]

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np

from ecemc.jobs import Database
from ecemc.labels import Labels

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike

    from ase import Atoms

#: Marks our files among SQLite's ("ecmc"), and the version of the table.
_KIND = (0x65636D63, 1)
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


class Ledger(Database):
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
        # One run at a time: a second one would compute the same frames.
        super().__init__(path, _KIND, _TABLE, exclusive=True)

    def get(self, key: str) -> tuple[Labels | None, str | None] | None:
        """Labels or failure of a result, or None if there is no such result."""
        rows = self.execute("SELECT energy, forces, virial, failure FROM results WHERE key = ?", key)
        if not rows:
            return None
        energy, forces, virial, failure = rows[0]
        if failure is not None:
            return None, failure
        return Labels(energy, _array(forces), _array(virial)), None

    def put(self, key: str, labels: Labels | None, failure: str | None) -> None:
        """Keep a result."""
        self.put_all([(key, labels, failure)])

    def put_all(self, results: Sequence[tuple[str, Labels | None, str | None]]) -> None:
        """Keep results that came together: all of them or, if the process is killed meanwhile, none."""
        rows = [
            (key, None, None, None, failure)
            if labels is None
            else (key, labels.energy, _bytes(labels.forces), _bytes(labels.virial), failure)
            for key, labels, failure in results
        ]
        self.execute_many("INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?, ?)", rows)


def _bytes(array: Any) -> bytes | None:
    return None if array is None else np.ascontiguousarray(array, dtype="<f8").tobytes()


def _array(content: bytes | None) -> Any:
    return None if content is None else np.frombuffer(content, dtype="<f8").reshape(-1, 3).astype(np.float64)
