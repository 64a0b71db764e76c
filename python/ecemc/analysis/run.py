"""One pass over a trajectory: read, accumulate, save now and then, finish."""

from __future__ import annotations

__all__ = ["analyze", "analyze_files"]

import hashlib
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ecemc.analysis.analyzer import Analyzer
from ecemc.analysis.checkpoint import Checkpoint
from ecemc.analysis.options import AnalysisOptions
from ecemc.analysis.result import Analysis, Input
from ecemc.errors import FileFormatError, InputError
from ecemc.frames import batches
from ecemc.trajectory import ReadOptions, Trajectory

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ecemc.frames import Input as Given

#: Called with the number of frames done and the part of the input that is read, None if that is not known.
Progress = Callable[[int, "float | None"], None]


def analyze(
    frames: str | Path | Trajectory | Given,
    options: AnalysisOptions | None = None,
    *,
    progress: Progress | None = None,
    checkpoint: str | Path | None = None,
) -> Analysis:
    """Analyse a liquid in one pass: density, molecules, RDFs, local composition, voids, diffusion, and a verdict.

    Parameters
    ----------
    frames
        A trajectory file (anything :func:`ecemc.iread` reads), a :class:`ecemc.trajectory.Trajectory` of one or several
        files, or frames: ``Atoms``, any iterable of them, or of batches (:func:`ecemc.trajectory.iread_batches`). All
        are periodic along all three axes. Memory does not grow with their number, but for a few numbers per frame.
    options
        See :class:`AnalysisOptions`; ``select`` is for a path only, since a ``Trajectory`` has chosen its frames.
    progress
        Called after each batch with the number of frames done, and with the part of the input that is read or None.
    checkpoint
        A file in which the state is kept, every ten seconds. If it exists, the analysis goes on from there, to the
        same result to the last bit. It stays when the analysis is done; take it away when the result is safe.

    Raises
    ------
    InputError
        If there is no frame, a frame is not periodic, has no atoms or has positions that are no numbers; says which. If
        ``checkpoint`` is that of another analysis, or frames are given in memory with it.
    OSError
        If a file cannot be read, or the checkpoint not be written.

    Examples
    --------
    >>> from ecemc.testing import liquid, trajectory
    >>> result = analyze(trajectory(liquid(4, 8, 0.9), 20), AnalysisOptions(r_max=6.0))
    >>> result.integrity.compositions
    ({'EC': 4, 'EMC': 8},)
    >>> result.verdict.status in ("pass", "attention")
    True
    """
    options = options or AnalysisOptions()
    if isinstance(frames, (str, Path)):
        reading = ReadOptions(incomplete="stop", n_threads=options.n_threads)
        frames = Trajectory(frames, options.select, reading)
    elif options.select != ":":
        raise InputError(f"select: got {options.select!r}, which is for files; choose among the frames that you give")
    if isinstance(frames, Trajectory):
        path = None if checkpoint is None else Path(checkpoint)
        return analyze_files(frames, options, progress=progress, checkpoint=path).result()
    if checkpoint is not None:
        raise InputError("checkpoint: frames in memory cannot be read again after an interruption; give a file")
    analyzer = Analyzer(options)
    for portion in batches(frames):
        analyzer.add(portion)
        if progress is not None:
            progress(analyzer.n_frames, None)
    return analyzer.result()


def analyze_files(
    trajectory: Trajectory,
    options: AnalysisOptions,
    *,
    progress: Progress | None = None,
    checkpoint: Path | None = None,
    like: Analyzer | None = None,
) -> Analyzer:
    """:func:`analyze` for files, up to the point where all frames are counted: for parts that are to be merged.

    Parameters
    ----------
    trajectory
        One or several files, with the frames to read.
    options
        ``select`` only tells what was chosen; the frames are those of the trajectory.
    progress, checkpoint
        As in :func:`analyze`.
    like
        The analysis of the first part, see :class:`Analyzer`.

    Raises
    ------
    InputError, OSError
        As :func:`analyze`.
    """
    choice = trajectory.choice
    analyzer, position = Analyzer(options, start=choice.start, step=choice.step, like=like), None
    kept = None
    if checkpoint is not None:
        kept = Checkpoint(checkpoint, _task(trajectory, options, like), trajectory.paths)
    if kept is not None and (found := kept.load()):
        analyzer, position = found
    with ThreadPoolExecutor() as background:
        # A pipe can be read only once.
        hashes = [background.submit(_identify, path) for path in trajectory.paths if path.is_file()]
        with _numbered(trajectory, options):
            for frames in trajectory.batches(position):
                analyzer.add(frames)
                if progress is not None:
                    progress(analyzer.n_frames, trajectory.fraction)
                if kept is not None and kept.due() and analyzer.settled:
                    kept.save(analyzer, trajectory.position)
        if not analyzer.n_frames and trajectory.truncated:
            raise FileFormatError(trajectory.truncated[0])
        if not analyzer.n_frames:
            raise InputError(f"{trajectory}: no frame to analyse (select={options.select!r})")
        analyzer.describe([found.result() for found in hashes], trajectory.notes)
    return analyzer


@contextmanager
def _numbered(trajectory: Trajectory, options: AnalysisOptions) -> Iterator[None]:
    """Let errors name the file, and the number that the frame has in it."""
    try:
        yield
    except InputError as error:
        place = re.match(r"frame (\d+)", str(error))
        if place is None:
            raise
        number = trajectory.choice.start + trajectory.choice.step * (int(place[1]) - options.first_frame)
        raise type(error)(f"{trajectory}: frame {number}{str(error)[place.end() :]}") from error


def _task(trajectory: Trajectory, options: AnalysisOptions, like: Analyzer | None) -> dict[str, Any]:
    """Tell what makes two analyses the same, but for the files."""
    reading = asdict(trajectory.options) | {"join": trajectory.join}
    task = {name: value if value is None else str(value) for name, value in reading.items()} | asdict(options)
    task["like"] = None if like is None else hashlib.sha256(like.to_bytes()).hexdigest()
    # Of a file that grows, the last frames are others each time.
    task["frames"] = trajectory.choice[:3]
    del task["n_threads"]
    return task


def _identify(path: Path) -> Input:
    with path.open("rb") as file:
        digest = hashlib.sha256()
        size = 0
        while block := file.read(1 << 20):
            digest.update(block)
            size += len(block)
    return Input(path.name, size, digest.hexdigest())
