"""Trajectories: open, stream and slice files of many frames."""

from __future__ import annotations

__all__ = ["iread", "iread_batches", "read"]

import operator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ecemc import _core
from ecemc.errors import InputError
from ecemc.frames import atoms_from_record

if TYPE_CHECKING:
    from collections.abc import Iterator
    from os import PathLike

    from ase import Atoms


def iread(
    path: str | PathLike[str], index: int | str | slice = ":", *, n_threads: int | None = None
) -> Iterator[Atoms]:
    r"""Iterate over the frames of an extended XYZ file, plain or gzipped, in constant memory.

    Parameters
    ----------
    path
        The file. Its content decides whether it is gzipped.
    index
        Which frames, as in ASE: ``":"`` all, ``"::10"``, ``"1000:2000:5"``, ``-1`` the last, a slice. Negative numbers
        first count the frames, which reads the file once more; negative steps hold all chosen frames in memory.
    n_threads
        Default: ``ECEMC_NUM_THREADS``, else ``OMP_NUM_THREADS``, else all cores. Does not change the result.

    Yields
    ------
    Atoms
        With positions in Å, cell, pbc (all true with a ``Lattice``, all false without, unless the file says otherwise),
        arrays and info, equal to what ``ase.io.iread(path, format="extxyz")`` gives:
        ``energy``, ``forces``, ``stress`` and the other quantities that ASE knows are results of ``atoms.calc``
        (``atoms.get_potential_energy()`` works); ``REF_energy``, ``REF_forces``, ``virial`` and any other key stay in
        ``info`` and ``arrays``. Where the two differ: a comment line without any ``key=value`` is kept whole as
        ``info["comment"]``, new-style arrays such as ``[[1, 2], [3, 4]]`` are arrays, lists of truth values are arrays.

    Raises
    ------
    FileFormatError
        With path, frame (from 0), line (from 1), what stands there and what should; the frames before it come first.
    OSError
        If the file cannot be opened or read, such as ``FileNotFoundError``.
    InputError
        If ``index`` is no index, or a single frame is not there.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "helium.xyz"
    ...     _ = path.write_text("1\n\nHe 0 0 0\n1\nstep=1\nHe 0 0 1\n")
    ...     [float(atoms.positions[0, 2]) for atoms in iread(path, "::-1")]
    [1.0, 0.0]
    """
    path = Path(path)
    choice = _choose(path, index)
    reader = _core.ExtxyzReader(path, choice.start, choice.stop, choice.step, n_threads)
    records = _records(reader, path, choice)
    if choice.reverse:
        records = reversed(list(records))
    return map(atoms_from_record, records)


def read(
    path: str | PathLike[str], index: int | str | slice = ":", *, n_threads: int | None = None
) -> Atoms | list[Atoms]:
    r"""Read frames of an extended XYZ file, plain or gzipped: a list, or one ``Atoms`` for a single index.

    Parameters
    ----------
    path
        The file.
    index
        As in :func:`iread`; a number such as ``-1`` gives one ``Atoms``, everything else a list.
    n_threads
        As in :func:`iread`.

    Raises
    ------
    FileFormatError, OSError, InputError
        As :func:`iread`.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "helium.xyz"
    ...     _ = path.write_text("1\n\nHe 0 0 0\n1\nstep=1\nHe 0 0 1\n")
    ...     len(read(path)), read(path, -1).info
    (2, {'step': 1})
    """
    frames = list(iread(path, index, n_threads=n_threads))
    return frames[0] if isinstance(_parse(index), int) else frames


def iread_batches(
    path: str | PathLike[str], index: int | str | slice = ":", *, n_threads: int | None = None
) -> Iterator[_core.Frames]:
    r"""Iterate over a file in batches of frames that stay in compiled memory, for accumulators that take them whole.

    Parameters
    ----------
    path, index, n_threads
        As in :func:`iread`, except that the step must be positive.

    Raises
    ------
    FileFormatError, OSError, InputError
        As :func:`iread`.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "helium.xyz"
    ...     _ = path.write_text("1\n\nHe 0 0 0\n1\n\nHe 0 0 1\n")
    ...     sum(len(frames) for frames in iread_batches(path))
    2
    """
    choice = _choose(Path(path), index)
    if choice.reverse:
        message = f"index: got {index!r}, expected a positive step (batches are read in the order of the file)"
        raise InputError(message)
    return iter(_core.ExtxyzReader(Path(path), choice.start, choice.stop, choice.step, n_threads))


class _Choice(NamedTuple):
    """Frames ``start, start + step, ...`` below ``stop``, to be given backwards or as a single one."""

    start: int
    stop: int | None
    step: int
    reverse: bool = False
    single: bool = False


def _choose(path: Path, index: int | str | slice) -> _Choice:
    """Understand an index; the file is counted only where it must be."""
    wanted = _parse(index)
    if isinstance(wanted, int):
        if wanted >= 0:
            return _Choice(wanted, wanted + 1, 1, single=True)
        n = _core.count_frames(path)
        if n + wanted < 0:
            raise _missing(path, wanted, n)
        return _Choice(n + wanted, n + wanted + 1, 1, single=True)
    start, stop, step = wanted.start, wanted.stop, wanted.step
    if (step is None or step > 0) and (start or 0) >= 0 and (stop is None or stop >= 0):
        return _Choice(start or 0, stop, step or 1)
    frames = range(*wanted.indices(_core.count_frames(path)))
    forward = frames if frames.step > 0 else frames[::-1]
    return _Choice(forward.start, max(forward.stop, 0), forward.step, reverse=frames.step < 0)


def _parse(index: int | str | slice) -> int | slice:
    """Turn what may be text into a number or a slice."""
    try:
        if isinstance(index, str):
            parts = [int(part) if part.strip() else None for part in index.split(":")]
            index = slice(*parts) if len(parts) > 1 else operator.index(parts[0])  # type: ignore[arg-type]
        if not isinstance(index, slice):
            return operator.index(index)
        bounds = [None if part is None else operator.index(part) for part in (index.start, index.stop, index.step)]
        if bounds[2] != 0:
            return slice(*bounds)
    except (TypeError, ValueError):
        pass
    message = f"index: got {index!r}, expected a whole number or a slice such as ':', '::10', '100:200' or -1"
    raise InputError(message)


def _records(reader: _core.ExtxyzReader, path: Path, choice: _Choice) -> Iterator[dict[str, Any]]:
    """Yield the frames of a file one by one."""
    none = True
    for frames in reader:
        for k in range(len(frames)):
            none = False
            yield frames[k]
    if none and choice.single:
        raise _missing(path, choice.start, _core.count_frames(path))


def _missing(path: Path, index: int, n: int) -> InputError:
    return InputError(f"index: got {index}, but {path} has {n} frames")
