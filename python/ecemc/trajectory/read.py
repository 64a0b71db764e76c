"""Reading: frames one by one, all at once, or many at a time."""

from __future__ import annotations

__all__ = ["iread", "iread_batches", "read"]

from typing import TYPE_CHECKING, Any

from ecemc.trajectory.index import parse_index
from ecemc.trajectory.join import Trajectory
from ecemc.trajectory.source import ReadOptions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from os import PathLike

    from ase import Atoms

    from ecemc import _core


def iread(
    path: str | PathLike[str] | Sequence[str | PathLike[str]],
    index: int | str | slice = ":",
    *,
    format: str | None = None,  # noqa: A002  (ASE's name)
    types: Sequence[str] | Mapping[Any, str] | None = None,
    units: str | None = None,
    topology: str | PathLike[str] | None = None,
    join: str = "restart",
    incomplete: str = "error",
    n_threads: int | None = None,
) -> Iterator[Atoms]:
    r"""Iterate over the frames of a trajectory in constant memory.

    Extended XYZ and LAMMPS text dumps, plain or gzipped, are parsed on all cores. ASE ``.traj``, CP2K xyz and whatever
    else ``ase.io.iread`` knows come through ASE (of some formats it holds all frames in memory). DCD, XTC, TRR, H5MD
    and Amber NetCDF take ``pip install 'ecemc[formats]'`` and a ``topology``.

    Parameters
    ----------
    path
        The file; its content, else its name, tells the format. Several files in the order of the run are read as one.
    index
        Which frames, as in ASE: ``":"`` all, ``"::10"``, ``"1000:2000:5"``, ``-1`` the last, a slice. Negative numbers
        first count the frames, which reads the file once more; negative steps hold all chosen frames in memory.
    format
        Name of the format where content and name do not tell: ``"extxyz"``, ``"lammps-dump"``, ``"cp2k"``, ``"dcd"``,
        ``"xtc"``, ``"trr"``, ``"h5md"``, ``"ncdf"`` or a name that ASE knows.
    types
        Elements of a LAMMPS dump without ``element`` column, ``["C", "H", "O"]`` for types 1, 2, 3 or
        ``{1: "C", ...}``; or of doubtful atom names in a topology, such as ``{"CA": "C"}``.
    units
        Units of a LAMMPS dump that names none, ``"metal"`` or ``"real"``, for its times, velocities and forces.
        Default: ``"metal"``, as in ASE; :class:`ecemc.trajectory.Trajectory` says so in ``notes``.
    topology
        A file that gives the elements (PDB, GRO, extended XYZ, LAMMPS data, Amber and CHARMM topologies, ...) for
        formats that hold only positions; for CP2K the cell, where there is no ``.cell`` file beside.
    join
        Of several files: ``"restart"``, each continues the run before it and frames that an earlier file already gave
        (by ``info["step"]``, else ``info["time"]``) are left out; ``"append"``, all frames one after the other,
        whatever they hold.
    incomplete
        A last frame that is cut off, as in a file that is still being written, raises (``"error"``) or ends the
        iteration quietly (``"stop"``; :class:`ecemc.trajectory.Trajectory` says so in ``truncated``).
    n_threads
        Default: ``ECEMC_NUM_THREADS``, else ``OMP_NUM_THREADS``, else all cores. Does not change the result.

    Yields
    ------
    Atoms
        With positions in Å, cell, pbc, arrays and info; ``info["time"]`` in fs and ``info["step"]`` where the file says
        them. ``energy``, ``forces``, ``stress`` and the other quantities that ASE knows are results of ``atoms.calc``
        (``atoms.get_potential_energy()`` works); ``REF_energy``, ``REF_forces``, ``virial`` and any other key stay in
        ``info`` and ``arrays``. Extended XYZ gives what ``ase.io.iread`` gives, except: a comment line without any
        ``key=value`` is kept whole as ``info["comment"]``, new-style arrays such as ``[[1, 2], [3, 4]]`` are arrays,
        lists of truth values are arrays.

    Raises
    ------
    FileFormatError
        With path, frame (from 0), line (from 1), what stands there and what should; the frames before it come first.
    OSError
        If a file cannot be opened or read, such as ``FileNotFoundError``.
    InputError
        If ``index`` is no index, a single frame is not there, the files do not continue each other, or the topology
        does not fit.
    MissingExtraError
        If the format takes a package that is not installed.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "helium.xyz"
    ...     _ = path.write_text("1\n\nHe 0 0 0\n1\nstep=1\nHe 0 0 1\n")
    ...     [float(atoms.positions[0, 2]) for atoms in iread(path, "::-1")]
    [1.0, 0.0]
    """
    options = ReadOptions(format, types, units, topology, incomplete, n_threads)
    return Trajectory(path, index, options, join=join).atoms()


def read(
    path: str | PathLike[str] | Sequence[str | PathLike[str]],
    index: int | str | slice = ":",
    *,
    format: str | None = None,  # noqa: A002
    types: Sequence[str] | Mapping[Any, str] | None = None,
    units: str | None = None,
    topology: str | PathLike[str] | None = None,
    join: str = "restart",
    incomplete: str = "error",
    n_threads: int | None = None,
) -> Atoms | list[Atoms]:
    r"""Read frames of a trajectory: a list, or one ``Atoms`` for a single index.

    Parameters
    ----------
    index
        As in :func:`iread`; a number such as ``-1`` gives one ``Atoms``, everything else a list.
    path
    format
    types
    units
    topology
    join
    incomplete
    n_threads
        All these as in :func:`iread`.

    Raises
    ------
    FileFormatError, OSError, InputError, MissingExtraError
        As :func:`iread`.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "helium.xyz"
    ...     _ = path.write_text("1\n\nHe 0 0 0\n1\nstep=1\nHe 0 0 1\n")
    ...     len(read(path)), read(path, -1).info
    (2, {'step': 1})
    """
    options = ReadOptions(format, types, units, topology, incomplete, n_threads)
    frames = list(Trajectory(path, index, options, join=join).atoms())
    return frames[0] if isinstance(parse_index(index), int) else frames


def iread_batches(
    path: str | PathLike[str] | Sequence[str | PathLike[str]],
    index: int | str | slice = ":",
    *,
    format: str | None = None,  # noqa: A002
    types: Sequence[str] | Mapping[Any, str] | None = None,
    units: str | None = None,
    topology: str | PathLike[str] | None = None,
    join: str = "restart",
    incomplete: str = "error",
    n_threads: int | None = None,
) -> Iterator[_core.Frames]:
    r"""Iterate over a trajectory in batches of frames that stay in compiled memory, for accumulators to take whole.

    Parameters
    ----------
    path, index, format, types, units, topology, join, incomplete, n_threads
        As in :func:`iread`, except that the step must be positive.

    Raises
    ------
    FileFormatError, OSError, InputError, MissingExtraError
        As :func:`iread`.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "helium.xyz"
    ...     _ = path.write_text("1\n\nHe 0 0 0\n1\n\nHe 0 0 1\n")
    ...     sum(len(frames) for frames in iread_batches(path))
    2
    """
    options = ReadOptions(format, types, units, topology, incomplete, n_threads)
    return Trajectory(path, index, options, join=join).batches()
