"""What functions take as frames: a path, an opened trajectory, or configurations."""

from __future__ import annotations

__all__ = ["frames_and_files"]

from os import PathLike
from typing import TYPE_CHECKING, Any

from ecemc.errors import InputError
from ecemc.frames import iterate
from ecemc.trajectory.join import Trajectory

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from ase import Atoms

    #: A file, an opened trajectory, one configuration or several.
    FramesLike = str | PathLike[str] | Trajectory | Atoms | Iterable[Atoms]


def frames_and_files(frames: FramesLike) -> tuple[Iterator[Atoms], tuple[Path, ...]]:
    """Give configurations one by one, and the files they come from, if any.

    Raises
    ------
    FileFormatError, OSError, InputError
        As :func:`ecemc.iread`, and if ``frames`` is none of these.

    Examples
    --------
    >>> from ase import Atoms
    >>> frames, files = frames_and_files([Atoms("He")])
    >>> len(list(frames)), files
    (1, ())
    """
    if isinstance(frames, (str, PathLike)):
        frames = Trajectory(frames)
    if isinstance(frames, Trajectory):
        return frames.atoms(), tuple(frames.paths)
    return _checked(iterate(frames)), ()


def _checked(frames: Iterable[Any]) -> Iterator[Atoms]:
    for number, atoms in enumerate(frames):
        if not hasattr(atoms, "positions"):
            raise InputError(f"frames: got {type(atoms).__name__} as number {number}, expected ase.Atoms")
        yield atoms
