"""Parts of a data set for training, validation and testing, without leaks between them."""

from __future__ import annotations

__all__ = ["Split", "split_dataset", "write_split"]

from contextlib import ExitStack
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ecemc import keys
from ecemc.dataset.provenance import record_provenance
from ecemc.dataset.relatives import Relatives
from ecemc.errors import InputError
from ecemc.files import atomic
from ecemc.frames import iterate
from ecemc.trajectory import Trajectory, write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from ase import Atoms

    #: Frames that stay together, and what kind they are of.
    Units = list[tuple[tuple[int, ...], str]]

_TRAINING = "train"


@dataclass(frozen=True)
class Split:
    """Which frames go where.

    Examples
    --------
    >>> from ecemc.testing import liquid, trajectory
    >>> split = split_dataset(trajectory(liquid(1, 1, 0.3), 5), {"train": 3, "test": 1}, seed=1)
    >>> split.counts, len(split.left_out)
    ({'train': 3, 'test': 1}, 1)
    """

    #: numbers of the frames of each part, ascending; isolated atoms stand in every training part
    parts: Mapping[str, tuple[int, ...]]
    #: frames with a single atom
    isolated_atoms: tuple[int, ...]
    #: frames in no part
    left_out: tuple[int, ...]
    n_frames: int
    #: what was asked for: fractions or counts, and what that is in frames, without isolated atoms
    asked: Mapping[str, float]
    quotas: Mapping[str, int]
    seed: int
    group_key: str | None

    @property
    def counts(self) -> dict[str, int]:
        """Number of frames of each part."""
        return {name: len(frames) for name, frames in self.parts.items()}


def split_dataset(
    data: str | PathLike[str] | Iterable[Atoms],
    parts: Mapping[str, float],
    *,
    seed: int,
    group_key: str | None = None,
    progress: Callable[[int], object] | None = None,
) -> Split:
    """Divide configurations at random into parts that represent the whole.

    Every ``config_type`` and composition is divided in the same proportion. Frames that belong together stay together:
    repeated geometries, frames made of the same one (``info["parent_frame"]``), the frames of one volume scan, and
    those that agree in ``group_key``. Isolated atoms go to every training part, which needs them, and to no other.

    Consecutive frames of a trajectory are similar: unless they are many correlation times apart, give the key that
    tells the runs apart as ``group_key``, else a test on them is too easy.

    Parameters
    ----------
    data
        A file, or configurations.
    parts
        Names and sizes: all fractions (of 1, may leave a rest out) or all counts (whole numbers). Isolated atoms are
        not counted. Parts whose name starts with ``train`` are training parts.
    seed
        Of NumPy's default generator; the same seed gives the same parts.
    group_key
        Key of ``info``; frames with the same value stay together. Default: ``"parent_frame"``.
    progress
        Called with the number of frames read.

    Returns
    -------
    Split
        Numbers of frames, for :func:`write_split`. Where groups cannot be divided the counts are only near to what was
        asked.

    Raises
    ------
    InputError
        If sizes are no fractions or counts, are more than there is, or leave a part empty.
    FileFormatError, OSError
        If the file cannot be read.

    Examples
    --------
    >>> from ecemc.testing import liquid, trajectory
    >>> frames = list(trajectory(liquid(1, 1, 0.3), 10))
    >>> split_dataset(frames, {"train": 0.8, "test": 0.2}, seed=1).counts
    {'train': 8, 'test': 2}
    """
    _check(parts)
    relatives, kinds, atoms_alone = Relatives(group_key or keys.PARENT_FRAME), [], []
    for number, atoms in enumerate(_frames(data)):
        kinds.append(f"{atoms.info.get(keys.CONFIG_TYPE, '')} {atoms.symbols.formula.format('hill')}")
        if len(atoms) == 1:
            atoms_alone.append(number)
        else:
            relatives.add(number, atoms)
        if progress is not None:
            progress(number + 1)
    units = [(members, kinds[members[0]]) for members in relatives.groups()]
    quotas = _quotas(parts, sum(len(members) for members, _ in units))
    chosen = _deal(_shuffled(units, seed), quotas)
    left_out = chosen.pop("")
    for name, frames in chosen.items():
        if not frames:
            raise InputError(f"parts: {name!r} would be empty; ask for more, or for fewer parts")
        if name.startswith(_TRAINING):
            frames.extend(atoms_alone)
    return Split(
        parts={name: tuple(sorted(frames)) for name, frames in chosen.items()},
        isolated_atoms=tuple(atoms_alone),
        left_out=tuple(sorted(left_out)),
        n_frames=len(kinds),
        asked=dict(parts),
        quotas={name: quotas[name] for name in chosen},
        seed=seed,
        group_key=group_key,
    )


def write_split(
    data: str | PathLike[str], split: Split, folder: str | PathLike[str], *, n_threads: int | None = None
) -> dict[str, Path]:
    """Write each part to ``FOLDER/PART.extxyz``, all or none, with the record of where it came from beside it.

    Parameters
    ----------
    data
        The file that was split.
    split
        Result of :func:`split_dataset` for it.
    folder
        Where to write; made if it is not there, but not its parents.
    n_threads
        See :func:`ecemc.write`.

    Returns
    -------
    dict
        The files by name of the part.

    Raises
    ------
    InputError
        If a part would replace the file that is split, or the file has fewer frames than when it was split.
    OSError
        If the folder cannot be written to, or the disk is full; no part is left behind then.

    Examples
    --------
    >>> import tempfile
    >>> from ecemc import write
    >>> from ecemc.testing import liquid, trajectory
    >>> with tempfile.TemporaryDirectory() as name:
    ...     data = Path(name) / "all.extxyz"
    ...     _ = write(data, trajectory(liquid(1, 1, 0.3), 5))
    ...     split = split_dataset(data, {"train": 3, "test": 2}, seed=1)
    ...     [path.name for path in write_split(data, split, Path(name) / "parts").values()]
    ['train.extxyz', 'test.extxyz']
    """
    data, folder = Path(data), Path(folder)
    folder.mkdir(exist_ok=True)
    paths = {name: folder / f"{name}.extxyz" for name in split.parts}
    for path in paths.values():
        if path.exists() and path.samefile(data):
            raise InputError(f"{path}: is the file that is split; choose another folder")
    with ExitStack() as stack:
        for name, path in paths.items():
            chosen = frozenset(split.parts[name])
            frames = (atoms for number, atoms in enumerate(Trajectory(data).atoms()) if number in chosen)
            n_written = write(stack.enter_context(atomic(path)), frames, n_threads=n_threads)
            if n_written != len(chosen):
                raise InputError(f"{data}: has {n_written} of {len(chosen)} frames of {name!r}; split what it is now")
    for name, path in paths.items():
        record_provenance(
            path, step="split", parents=[data], seed=split.seed, n_frames=len(split.parts[name]),
            parameters={"part": name, "parts": dict(split.asked), "group_key": split.group_key},
        )  # fmt: skip
    return paths


def _frames(data: str | PathLike[str] | Iterable[Atoms]) -> Iterable[Atoms]:
    if isinstance(data, (str, PathLike)):
        return Trajectory(data).atoms()
    return iterate(data)


def _check(parts: Mapping[str, float]) -> None:
    """Refuse sizes that are neither all fractions nor all counts."""
    sizes: list[Any] = list(parts.values())
    if not sizes or not all(parts):
        raise InputError(f"parts: got {dict(parts)}, expected names and sizes such as {{'train': 0.8, 'test': 0.2}}")
    counts = all(isinstance(size, (int, np.integer)) and not isinstance(size, bool) and size > 0 for size in sizes)
    fractions = all(isinstance(size, (float, np.floating)) and 0.0 < size <= 1.0 for size in sizes)
    if not counts and not (fractions and sum(sizes) <= 1.0 + 1e-9):
        shown = ", ".join(f"{name} {size}" for name, size in parts.items())
        raise InputError(f"parts: got {shown}; expected fractions that sum to at most 1, or whole numbers of frames")


def _quotas(parts: Mapping[str, float], n_frames: int) -> dict[str, int]:
    """Whole numbers of frames, rounded to the largest remainders; under an empty name what is left out."""
    counts = all(isinstance(size, (int, np.integer)) for size in parts.values())
    exact = {name: float(size) if counts else float(size) * n_frames for name, size in parts.items()}
    rest = n_frames - sum(exact.values())
    if rest < -0.5:
        wanted = int(sum(exact.values()))
        raise InputError(f"parts: ask for {wanted} frames, but there are {n_frames} (isolated atoms not counted)")
    exact[""] = rest if rest > 1e-9 * n_frames else 0.0
    quotas = {name: int(size + 1e-9) for name, size in exact.items()}
    by_remainder = sorted(exact, key=lambda name: quotas[name] - exact[name])
    for name in by_remainder[: n_frames - sum(quotas.values())]:
        quotas[name] += 1
    return quotas


def _shuffled(units: Units, seed: int) -> list[tuple[int, ...]]:
    """Put frames of a kind one after the other, in random order within the kind."""
    rng = np.random.default_rng(seed)
    by_kind: dict[str, list[tuple[int, ...]]] = {}
    for members, kind in units:
        by_kind.setdefault(kind, []).append(members)
    return [members[k] for _, members in sorted(by_kind.items()) for k in rng.permutation(len(members))]


def _deal(units: Sequence[tuple[int, ...]], quotas: Mapping[str, int]) -> dict[str, list[int]]:
    """Give each group to the part that lags most behind its share, as long as the part has room.

    Dealt out like this along the kinds, every kind is divided in the proportion of the quotas, to within a group.
    """
    chosen: dict[str, list[int]] = {name: [] for name in quotas}
    total, done = max(1, sum(quotas.values())), 0
    for members in units:
        done += len(members)
        room = {name: quotas[name] - len(frames) for name, frames in chosen.items()}
        fitting = [name for name in quotas if room[name] >= len(members)] or [max(room, key=lambda name: room[name])]
        lag = {name: quotas[name] * done / total - len(chosen[name]) for name in fitting}
        chosen[max(fitting, key=lambda name: lag[name])].extend(members)
    return chosen
