"""Files that are whole or not there."""

from __future__ import annotations

__all__ = ["atomic", "write_atomically"]

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Give a temporary name in the same folder, with the same endings, to write to; rename it at the end.

    A reader sees the old file or the new one. What is no ordinary file, such as a pipe, is written to directly. Errors
    of the system name ``path``, not the temporary name.

    Raises
    ------
    OSError
        If the folder is not there or cannot be written to, or the disk is full; nothing is left behind then.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with atomic(Path(folder) / "a.txt") as temporary:
    ...         _ = temporary.write_text("whole")
    ...     (Path(folder) / "a.txt").read_text()
    'whole'
    """
    if path.exists() and not path.is_file():
        with _named(path):
            yield path
        return
    with _named(path):
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=f".{path.name}")
    temporary = Path(name)
    os.close(handle)
    try:
        with _named(path, temporary):
            yield temporary
            umask = os.umask(0)
            os.umask(umask)
            temporary.chmod(0o666 & ~umask)
            temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file whole or not at all; see :func:`atomic`.

    Raises
    ------
    OSError
        If the folder cannot be written to or the disk is full; nothing is left behind then.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_atomically(Path(folder) / "one.txt", b"1")
    ...     [path.name for path in Path(folder).iterdir()]
    ['one.txt']
    """
    with atomic(path) as temporary:
        temporary.write_bytes(content)


@contextmanager
def _named(path: Path, temporary: Path | None = None) -> Iterator[None]:
    """Let errors of the system without a name, or with that of a temporary file, name the file that was meant."""
    try:
        yield
    except OSError as error:
        ours = error.filename is None or temporary is None or str(error.filename) == str(temporary)
        if error.errno is None or not ours:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error
