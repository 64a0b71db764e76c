"""Writing: extended XYZ in compiled code, everything else through ASE; whole files or none."""

from __future__ import annotations

__all__ = ["Converted", "convert", "write"]

import gzip
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple, cast

from ase import units as ase_units
from ase.data import atomic_masses

from ecemc import _core
from ecemc.errors import InputError
from ecemc.files import atomic
from ecemc.frames import iterate, record_from_atoms
from ecemc.trajectory.formats import COMPILED
from ecemc.trajectory.source import batched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from os import PathLike

    from ase import Atoms

    from ecemc.trajectory.join import Trajectory

_MOMENTUM = 1.0 / ase_units.fs
_SUFFIXES = (".extxyz", ".xyz")


def write(
    path: str | PathLike[str],
    frames: Atoms | Iterable[Atoms],
    *,
    format: str | None = None,  # noqa: A002  (ASE's name)
    n_threads: int | None = None,
) -> int:
    """Write frames to a file that is there only when it is whole; give their number.

    Extended XYZ is written with as many digits as read back the same numbers, other formats through ASE.

    Parameters
    ----------
    path
        File to write; replaced if it is there. ``.extxyz``, ``.xyz`` and these with ``.gz`` are extended XYZ, ``.traj``
        is ASE's, other names what ``ase.io.write`` makes of them.
    frames
        One ``Atoms``, a list or an iterator, which is written as it comes (formats other than extended XYZ and
        ``.traj`` are gathered first). Results of a calculator go along.
    format
        ``"extxyz"`` or a name of ASE, where the file name does not tell.
    n_threads
        Default: ``ECEMC_NUM_THREADS``, else ``OMP_NUM_THREADS``, else all cores. Does not change the file.

    Raises
    ------
    InputError
        If there is no frame, a frame has no form in the format, or the format is unknown.
    OSError
        If the folder is not there or cannot be written to, or the disk is full; the old file stays as it was.

    Examples
    --------
    >>> import tempfile
    >>> from ase import Atoms
    >>> from ecemc import read
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "helium.extxyz"
    ...     n = write(path, [Atoms("He"), Atoms("He2", [[0, 0, 0], [0, 0, 0.1]])])
    ...     n, float(read(path, -1).positions[1, 2])
    (2, 0.1)
    """
    path = Path(path)
    name = _format(path, format)
    frames = iterate(frames)
    if name == "extxyz":
        return _write_text(path, batched(map(record_from_atoms, frames)), n_threads)
    return _write_ase(path, iter(frames), name)


class Converted(NamedTuple):
    """What a conversion did."""

    #: frames written
    n_frames: int
    #: frames left out because an earlier file had them
    dropped: int
    #: messages about last frames that are cut off
    truncated: tuple[str, ...]


def convert(
    trajectory: Trajectory,
    path: str | PathLike[str],
    *,
    format: str | None = None,  # noqa: A002
    progress: Callable[[int], None] | None = None,
    n_threads: int | None = None,
) -> Converted:
    """Write a trajectory to another file, streaming.

    Parameters
    ----------
    trajectory
        What to read.
    path, format, n_threads
        As in :func:`write`.
    progress
        Called now and then with the number of frames done.

    Raises
    ------
    FileFormatError, InputError, OSError
        As reading and :func:`write`.
    """
    path = Path(path)
    if any(path.exists() and source.exists() and path.samefile(source) for source in trajectory.paths):
        raise InputError(f"{path}: is read from, so it cannot be written to; choose another name")
    name = _format(path, format)
    seen = _Counter(progress)
    if name == "extxyz" and not trajectory.choice.reverse:
        n_frames = _write_text(path, seen.batches(trajectory.batches()), n_threads)
    elif name == "extxyz":
        n_frames = _write_text(path, seen.batches(batched(map(record_from_atoms, trajectory.atoms()))), n_threads)
    else:
        n_frames = _write_ase(path, seen.frames(trajectory.atoms()), name)
    return Converted(n_frames, trajectory.dropped, trajectory.truncated)


class _Counter:
    """Counts what passes."""

    def __init__(self, progress: Callable[[int], None] | None) -> None:
        self._progress = progress
        self._done = 0

    def batches(self, batches: Iterable[_core.Frames]) -> Iterator[_core.Frames]:
        for frames in batches:
            yield frames
            self._add(len(frames))

    def frames(self, frames: Iterable[Atoms]) -> Iterator[Atoms]:
        for atoms in frames:
            yield atoms
            self._add(1)

    def _add(self, n: int) -> None:
        self._done += n
        if self._progress is not None:
            self._progress(self._done)


def _format(path: Path, name: str | None) -> str:
    """Choose the format to write."""
    if name is None:
        stem = path.name.lower().removesuffix(".gz")
        if stem.endswith(_SUFFIXES):
            return "extxyz"
        from ase.io.formats import UnknownFileTypeError, filetype  # noqa: PLC0415

        try:
            name = str(filetype(path.name, read=False))
        except UnknownFileTypeError:
            name = ""
    if name == "extxyz":
        return name
    from ase.io.formats import ioformats  # noqa: PLC0415

    if name in COMPILED or name not in ioformats or not ioformats[name].can_write:
        expected = "a name that ends in .extxyz, .extxyz.gz or .traj, or a format that ASE writes"
        raise InputError(f"{path}: cannot be written as {name!r}, expected {expected}")
    return name


def _write_text(path: Path, batches: Iterable[_core.Frames], n_threads: int | None) -> int:
    n_frames = 0
    with atomic(path) as temporary, _opened(temporary, packed=path.name.lower().endswith(".gz")) as file:
        for frames in batches:
            try:
                file.write(_core.format_extxyz(frames, atomic_masses, _MOMENTUM, n_threads))
            except InputError as error:
                k, _, what = str(error).removeprefix("frame ").partition(": ")
                if not k.isdecimal():
                    raise
                raise InputError(f"{path}: frame {n_frames + int(k)}: {what}") from error
            n_frames += len(frames)
        _check_any(path, n_frames)
    return n_frames


@contextmanager
def _opened(path: Path, *, packed: bool) -> Iterator[IO[bytes]]:
    with path.open("wb") as file:
        if not packed:
            yield file
            return
        # No name and no date inside: the same frames give the same bytes.
        with gzip.GzipFile("", "wb", compresslevel=6, fileobj=file, mtime=0) as stream:
            yield cast("IO[bytes]", stream)


def _write_ase(path: Path, frames: Iterator[Atoms], name: str) -> int:
    import ase.io  # noqa: PLC0415
    from ase.io.formats import ioformats  # noqa: PLC0415

    with atomic(path) as temporary:
        if name == "traj":
            with ase.io.Trajectory(str(temporary), "w") as file:
                n_frames = 0
                for n_frames, atoms in enumerate(frames, start=1):  # noqa: B007
                    file.write(atoms)
            _check_any(path, n_frames)
            return n_frames
        if ioformats[name].single:
            images: list[Any] = list(islice(frames, 2))
            if len(images) > 1:
                raise InputError(f"{path}: {name} files hold one frame; choose one (index -1) or another format")
        else:
            images = list(frames)
        _check_any(path, len(images))
        ase.io.write(str(temporary), images, format=name)
        return len(images)


def _check_any(path: Path, n_frames: int) -> None:
    if not n_frames:
        raise InputError(f"{path}: no frame to write")
