"""What has become of jobs: one row for each, in a file that survives any crash."""

from __future__ import annotations

__all__ = ["Entry", "JobLedger"]

import json
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from ecemc.jobs.database import Database

if TYPE_CHECKING:
    from os import PathLike

#: Marks our files among SQLite's ("ecmj"), and the version of the table.
_KIND = (0x65636D6A, 1)
_TABLE = """CREATE TABLE IF NOT EXISTS jobs
    (key TEXT PRIMARY KEY, place TEXT NOT NULL, name TEXT NOT NULL, state TEXT NOT NULL, result TEXT, reason TEXT)"""


class Entry(NamedTuple):
    """What is known of a job."""

    name: str
    #: ``open`` is a job that never ran, or whose process ended before it
    state: Literal["open", "done", "failed"]
    #: what it gave, if done
    result: Any
    #: why it failed, or why it is open although it was run
    reason: str | None


class JobLedger(Database):
    """Jobs by their key, a hash of everything that their results depend on.

    Others may read it while it is being written.

    Parameters
    ----------
    path
        File; made if it is not there.

    Raises
    ------
    FileFormatError
        If the file is something else or damaged.
    EcemcError
        If another process keeps it locked.
    OSError
        If it cannot be made or the disk is full.

    Examples
    --------
    >>> with JobLedger("jobs.ledger") as ledger:
    ...     name = ledger.add("0123abcd", "T300_s1")
    ...     ledger.put("0123abcd", "done", result={"density": 1.02})
    ...     ledger.get("0123abcd").result, ledger.get("other")
    ({'density': 1.02}, None)
    """

    def __init__(self, path: str | PathLike[str]) -> None:
        super().__init__(path, _KIND, _TABLE)

    def add(self, key: str, name: str, place: str | None = None) -> str:
        """Enter a job if it is not there, and give its name, that of its folder.

        Jobs of the same `place`, such as a run and the same run made longer, have one folder. A name that is another
        place's gets a part of the key.
        """
        place = place or key
        for (known,) in self.execute("SELECT name FROM jobs WHERE key = ? OR place = ?", key, place)[:1]:
            name = known
            break
        else:
            if self.execute("SELECT 1 FROM jobs WHERE name = ?", name):
                name = f"{name}_{place[:8]}"
        self.execute("INSERT OR IGNORE INTO jobs VALUES (?, ?, ?, 'open', NULL, NULL)", key, place, name)
        return name

    def get(self, key: str) -> Entry | None:
        """Tell what is known of a job, or None if it was never entered."""
        rows = self.execute("SELECT name, state, result, reason FROM jobs WHERE key = ?", key)
        if not rows:
            return None
        name, state, result, reason = rows[0]
        return Entry(name, state, None if result is None else json.loads(result), reason)

    def put(
        self,
        key: str,
        state: Literal["open", "done", "failed"],
        *,
        result: Any = None,
        reason: str | None = None,
    ) -> None:
        """Take down what has become of a job; the result is what JSON can hold."""
        text = None if result is None else json.dumps(result, allow_nan=False)
        self.execute("UPDATE jobs SET state = ?, result = ?, reason = ? WHERE key = ?", state, text, reason, key)
