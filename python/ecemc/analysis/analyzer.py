"""All accumulators of an analysis, fed with batches of frames."""

from __future__ import annotations

__all__ = ["Analyzer", "default_n_bins", "default_r_max"]

import json
import math
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ecemc import _core
from ecemc.analysis.batch import Batch
from ecemc.analysis.finish import Recorders, finish
from ecemc.analysis.integrity import IntegrityRecorder
from ecemc.analysis.motion import MotionRecorder
from ecemc.analysis.options import AnalysisOptions
from ecemc.analysis.result import Analysis, Input
from ecemc.analysis.series import MIN_MOLECULES, SeriesRecorder
from ecemc.analysis.state import State
from ecemc.analysis.structure import StructureRecorder
from ecemc.errors import FileFormatError, InputError
from ecemc.frames import batch

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ase import Atoms
    from numpy.typing import ArrayLike, NDArray

#: Layout of saved states; it changes whenever an older one could be misread.
_STATE = "ecemc.state/1"
#: Local composition counts the first shell: neighbours up to 1.4 times the distance that molecules have on average.
_LOCAL_RADIUS = 1.4
_DEFAULT_R_MAX = 12.0
#: Å, width of the bins of RDFs.
_BIN = 0.05
#: Frames that may pass by before one that is a liquid: isolated atoms often lead a training set.
_LOOK_FOR_LIQUID = 1000


class Analyzer:
    """An analysis in progress: takes frames, can be saved, continued and merged with that of the frames that follow.

    All sums are exact, so the result does not depend, to the last bit, on how a trajectory was cut into batches, parts
    or interrupted runs. Memory grows by a few numbers per frame.

    Parameters
    ----------
    options
        See :class:`AnalysisOptions`. Parts that are to be merged need the same ones, with ``r_max`` and
        ``local_radius`` given if the parts would choose different ones, and ``first_frame``.
    start, step
        The k-th frame is number ``start + k·step`` of its file: for times that follow from ``options.dt``.
    like
        The analysis of an earlier part, to be merged with: what it chose by default and the molecules of its first
        frame, which are followed, hold for this one too.

    Examples
    --------
    >>> from ecemc.testing import liquid, trajectory
    >>> frames = list(trajectory(liquid(4, 8, 0.9), 20))
    >>> first = Analyzer()
    >>> first.add(frames[:12])
    >>> second = Analyzer(AnalysisOptions(first_frame=12), like=first)
    >>> second.add(frames[12:])
    >>> first.merge(Analyzer.from_bytes(second.to_bytes()))
    >>> first.result().n_frames
    20
    """

    def __init__(
        self,
        options: AnalysisOptions | None = None,
        *,
        start: int = 0,
        step: int = 1,
        like: Analyzer | None = None,
    ) -> None:
        self._options = options or AnalysisOptions()
        self._numbering = start, step
        self._n_frames = 0
        self._inputs: tuple[Input, ...] = ()
        self._notes: tuple[str, ...] = ()
        self._integrity = IntegrityRecorder(self._options.bond_scale, first_frame=self._options.first_frame)
        self._series = SeriesRecorder()
        self._motion = MotionRecorder(self._options.bond_scale)
        self._structure: StructureRecorder | None = None
        # Frames that are not counted into structure yet, since none of them is a liquid.
        self._waiting: list[Batch] = []
        if like is not None:
            self._begin_like(like)

    @property
    def options(self) -> AnalysisOptions:
        """The settings, with what was chosen by default filled in once a liquid frame has come."""
        return self._options

    @property
    def step(self) -> int:
        """Frames of the file from one analysed frame to the next."""
        return self._numbering[1]

    @property
    def n_frames(self) -> int:
        """Number of frames so far."""
        return self._n_frames

    @property
    def settled(self) -> bool:
        """Whether all settings are known: from the first liquid frame on, or after a thousand others."""
        return self._structure is not None

    def add(self, frames: _core.Frames | Iterable[Atoms]) -> None:
        """Take the next frames: a batch of :func:`ecemc.trajectory.iread_batches`, or ``Atoms``.

        Raises
        ------
        InputError
            If a frame is not periodic along three axes, has no atoms or positions that are no numbers; the analysis is
            of no use any more then.
        """
        if not isinstance(frames, _core.Frames):
            frames = batch(frames)
        if not len(frames):
            return
        first, threads = self._options.first_frame + self._n_frames, self._options.n_threads
        _check(first, frames)
        new = Batch(first, frames, self._integrity.add(first, frames, n_threads=threads))
        self._series.add(new, n_threads=threads)
        self._n_frames += len(frames)
        # Averages of structure and motion leave out what the user calls equilibration; what is detected comes too late.
        counted = new.after(self._options.equilibration or 0)
        self._motion.add(counted, n_threads=threads)
        if self._structure is None:
            self._waiting.append(new)
            self._settle(at_end=False)
        else:
            self._structure.add(counted, n_threads=threads)

    def describe(self, inputs: Iterable[Input] = (), notes: Iterable[str] = ()) -> None:
        """Say where the frames came from, for the result."""
        self._inputs, self._notes = tuple(inputs), tuple(notes)

    def merge(self, later: Analyzer) -> None:
        """Append the analysis of the frames that follow.

        Raises
        ------
        InputError
            If the settings differ, or the frames of ``later`` are not those that follow.
        """
        mine, theirs = self._settled_structure(), later._settled_structure()
        following = self._options.first_frame + self._n_frames
        if later.options.first_frame != following:
            raise InputError(
                f"merge: the second part starts with frame {later.options.first_frame}, expected {following}, the one "
                f"after the first part: analyse it with first_frame={following} (command line: --first-frame)"
            )
        _require_same(self, later)
        mine.require_same(theirs)
        kinds = self._integrity.merge(later._integrity)
        self._series.merge(later._series, kinds.tolist())
        self._motion.merge(later._motion)
        mine.merge(theirs, kinds)
        self._n_frames += later.n_frames
        self._inputs += later._inputs
        self._notes += tuple(note for note in later._notes if note not in self._notes)

    def result(self) -> Analysis:
        """Finish the statistics and judge; more frames can be added afterwards.

        Raises
        ------
        InputError
            If there is no frame, or none after the equilibration.
        """
        structure = self._settled_structure()
        cut = self._options.equilibration
        last = self._options.first_frame + self._n_frames
        if cut is not None and cut >= last:
            raise InputError(f"equilibration: got {cut} frames, but there are only {last}")
        return finish(self._options, self._inputs, self._notes, self._recorders(structure), self._numbering)

    def to_bytes(self) -> bytes:
        """Everything, as a file to go on from or to merge."""
        structure = self._settled_structure()
        state = State()
        state.put("layout", _STATE)
        state.put(
            "header",
            json.dumps(
                {
                    "options": asdict(self._options),
                    "numbering": self._numbering,
                    "n_frames": self._n_frames,
                    "inputs": [asdict(source) for source in self._inputs],
                    "notes": self._notes,
                }
            ),
        )
        for name, part in self._recorders(structure)._asdict().items():
            part.save(state.part(name))
        return state.to_bytes()

    @classmethod
    def from_bytes(cls, content: bytes) -> Analyzer:
        """Go on from what :meth:`to_bytes` gave.

        Raises
        ------
        FileFormatError
            If it is something else, damaged, or of another version of ecemc.
        """
        state = State.from_bytes(content)
        if state.text("layout") != _STATE:
            raise FileFormatError(f"state: got layout {state.text('layout')!r}, expected {_STATE!r}: another version?")
        header = _header(state.text("header"))
        analyzer = cls(header["options"])
        analyzer._numbering, analyzer._n_frames = header["numbering"], header["n_frames"]
        analyzer.describe(header["inputs"], header["notes"])
        analyzer._integrity = IntegrityRecorder.load(state.part("integrity"))
        analyzer._series = SeriesRecorder.load(state.part("series"))
        analyzer._motion = MotionRecorder.load(state.part("motion"))
        analyzer._structure = StructureRecorder.load(state.part("structure"))
        return analyzer

    def _recorders(self, structure: StructureRecorder) -> Recorders:
        return Recorders(self._integrity, self._series, self._motion, structure)

    def _begin_like(self, earlier: Analyzer) -> None:
        structure = earlier._settled_structure()
        self._options = replace(
            self._options,
            r_max=self._options.r_max or earlier.options.r_max,
            n_bins=self._options.n_bins or earlier.options.n_bins,
            local_radius=self._options.local_radius or earlier.options.local_radius,
        )
        _require_same(earlier, self)
        self._structure = structure.following()
        self._motion = earlier._motion.following()

    def _settle(self, *, at_end: bool) -> StructureRecorder | None:
        """Choose what is not given from the first liquid frame, and start to count structure."""
        if self._structure is None and self._waiting:
            found = _first_liquid(self._waiting)
            if found is None and not at_end and self._n_frames < _LOOK_FOR_LIQUID:
                return None
            of, place = found or (self._waiting[0], 0)
            self._options = _choose(self._options, of, place)
            self._structure = StructureRecorder.start(self._options, self._integrity.groups(of.tracked.kinds(place)))
            for waiting in self._waiting:
                self._structure.add(waiting.after(self._options.equilibration or 0), n_threads=self._options.n_threads)
            self._waiting = []
        return self._structure

    def _settled_structure(self) -> StructureRecorder:
        structure = self._settle(at_end=True)
        if structure is None:
            raise InputError("frames: got none, expected at least one to analyse")
        return structure


def _header(text: str) -> dict[str, Any]:
    """Read what of a state is no numbers."""
    try:
        header = json.loads(text)
        options: dict[str, Any] = header["options"]
        options |= {name: tuple(value) for name, value in options.items() if isinstance(value, list)}
        return {
            "options": AnalysisOptions(**options),
            "numbering": (int(header["numbering"][0]), int(header["numbering"][1])),
            "n_frames": int(header["n_frames"]),
            "inputs": [Input(**source) for source in header["inputs"]],
            "notes": tuple(header["notes"]),
        }
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise FileFormatError(f"state: got the header {text[:60]!r}, expected that of an analysis") from error


def _require_same(first: Analyzer, second: Analyzer) -> None:
    """Refuse parts of different analyses."""
    ours, theirs = _shared(first), _shared(second)
    for name, value in ours.items():
        if theirs[name] != value:
            raise InputError(
                f"merge: the parts were analysed with {name}={value} and {name}={theirs[name]}, expected the same; "
                "like= the first part takes over what it chose by default (command line: --like)"
            )


def _shared(analyzer: Analyzer) -> dict[str, Any]:
    """Collect what the parts of one analysis have in common."""
    own = ("select", "first_frame", "n_threads")
    shared = {name: value for name, value in asdict(analyzer.options).items() if name not in own}
    return shared if analyzer.options.dt is None else shared | {"step": analyzer.step}


def _first_liquid(batches: list[Batch]) -> tuple[Batch, int] | None:
    """Find a batch and the place of a liquid frame in it."""
    seen = 0
    for candidate in batches:
        enough = candidate.tracked.n_molecules[: _LOOK_FOR_LIQUID - seen] >= MIN_MOLECULES
        if enough.any():
            return candidate, int(np.argmax(enough))
        seen += len(candidate.frames)
    return None


def _choose(options: AnalysisOptions, of: Batch, place: int) -> AnalysisOptions:
    """Take r_max and local radius from a frame."""
    cell, volume = of.frames.lattices[place], float(of.frames.volumes[place])
    r_max = options.r_max or default_r_max(cell)
    spacing = (volume / int(of.tracked.n_molecules[place])) ** (1 / 3)
    return replace(
        options,
        r_max=r_max,
        n_bins=options.n_bins or default_n_bins(r_max),
        local_radius=options.local_radius or round(_LOCAL_RADIUS * spacing, 1),
    )


def default_r_max(cell: ArrayLike) -> float:
    """Half the smallest height of a cell, rounded down to whole bins of 0.05 Å, at most 12 Å: no images are needed.

    Raises
    ------
    InputError
        If the cell has no volume.

    Examples
    --------
    >>> default_r_max([[10, 0, 0], [0, 20, 0], [0, 0, 30]])
    5.0
    """
    rows = np.nan_to_num(np.asarray(cell, dtype=np.float64))
    volume = abs(float(np.linalg.det(rows)))
    if not volume > 0.0:
        raise InputError("cell: spans no volume, which an RDF needs; give the file a Lattice")
    heights = [volume / float(np.linalg.norm(np.cross(rows[k - 2], rows[k - 1]))) for k in range(3)]
    return min(_DEFAULT_R_MAX, round(max(1, math.floor(0.5 * min(heights) / _BIN)) * _BIN, 2))


def default_n_bins(r_max: float) -> int:
    """Bins of 0.05 Å, or a little less.

    Examples
    --------
    >>> default_n_bins(10.0)
    200
    """
    return min(10_000, max(1, math.ceil(r_max / _BIN - 1e-6)))


def _check(first: int, frames: _core.Frames) -> None:
    """Refuse what has no density or no molecules."""
    empty = np.flatnonzero(frames.n_atoms == 0)
    if len(empty):
        raise InputError(f"frame {first + empty[0]}: no atoms")
    without: NDArray[np.bool_] = np.isnan(frames.volumes)
    bad = np.flatnonzero(without | ~frames.pbc.all(axis=1))
    if len(bad):
        what = "no cell" if without[bad[0]] else f"pbc {frames.pbc[bad[0]].tolist()}"
        raise InputError(
            f"frame {first + bad[0]}: {what}; an analysis needs frames that are periodic along three axes: "
            'give the file a Lattice and pbc="T T T"'
        )
