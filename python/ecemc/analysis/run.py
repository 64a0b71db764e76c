"""One pass over a trajectory, many accumulators."""

from __future__ import annotations

__all__ = ["analyze", "default_r_max"]

import hashlib
import math
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ecemc.analysis import checks
from ecemc.analysis.integrity import IntegrityRecorder
from ecemc.analysis.labels import SERIES_UNITS, frame_numbers
from ecemc.analysis.options import AnalysisOptions
from ecemc.analysis.result import Analysis, Input, Series
from ecemc.analysis.voids import MIN_MOLECULES, check_voids
from ecemc.environments import LocalEnvironments, frame_environments
from ecemc.errors import InputError
from ecemc.molecules import Molecules, find_molecules
from ecemc.rdf import RDFAccumulator
from ecemc.thermo import mean_with_error
from ecemc.threads import thread_count
from ecemc.trajectory import iread
from ecemc.voids import largest_hole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ase import Atoms

#: Frames are worked on together until they hold that many atoms: enough to keep all threads busy, little memory.
_ATOMS_PER_CHUNK = 50_000
#: Local composition counts the first shell: neighbours up to 1.4 times the distance that molecules have on average.
_LOCAL_RADIUS = 1.4
_DEFAULT_R_MAX = 12.0


def analyze(
    frames: str | Path | Iterable[Atoms],
    options: AnalysisOptions | None = None,
    *,
    progress: Callable[[int], None] | None = None,
) -> Analysis:
    """Analyse a liquid in one pass: density, molecules, RDFs, local composition, voids, energies, and a verdict.

    Parameters
    ----------
    frames
        A trajectory file (anything :func:`ecemc.iread` reads) or any iterable of ``Atoms``, periodic along all three
        axes. Memory does not grow with the number of frames, but for a few numbers per frame.
    options
        See :class:`AnalysisOptions`.
    progress
        Called now and then with the number of frames done.

    Raises
    ------
    InputError
        If there is no frame, a frame is not periodic, has no atoms or has positions that are no numbers; says which.
    OSError
        If the file cannot be read.

    Examples
    --------
    >>> from ecemc.testing import liquid, trajectory
    >>> result = analyze(trajectory(liquid(4, 8, 0.9), 20), AnalysisOptions(r_max=6.0))
    >>> result.integrity.compositions
    ({'EC': 4, 'EMC': 8},)
    >>> result.verdict.status in ("pass", "attention")
    True
    """
    start = time.perf_counter()
    options = options or AnalysisOptions()
    with ThreadPoolExecutor() as background:
        path = source = None
        if isinstance(frames, (str, Path)):
            path = Path(frames)
            frames = iread(path, options.select)
            # A pipe can be read only once.
            source = background.submit(_identify, path) if path.is_file() else None
        one_pass = _Pass(options)
        try:
            for chunk in _chunks(frames):
                one_pass.add(chunk)
                if progress is not None:
                    progress(one_pass.n_frames)
        except InputError as error:
            if path is not None and str(error).startswith("frame "):
                raise type(error)(f"{path}: {error}") from error
            raise
        return one_pass.result(source.result() if source else None, start)


def _identify(path: Path) -> Input:
    with path.open("rb") as file:
        digest = hashlib.sha256()
        while block := file.read(1 << 20):
            digest.update(block)
    return Input(path.name, path.stat().st_size, digest.hexdigest())


def _chunks(frames: Iterable[Atoms]) -> Iterator[list[Atoms]]:
    chunk: list[Atoms] = []
    n_atoms = 0
    for atoms in frames:
        chunk.append(atoms)
        n_atoms += len(atoms)
        if n_atoms >= _ATOMS_PER_CHUNK:
            yield chunk
            chunk, n_atoms = [], 0
    if chunk:
        yield chunk


@dataclass(frozen=True)
class _Frame:
    """What one frame contributes, apart from its RDFs."""

    molecules: Molecules
    environments: LocalEnvironments | None
    numbers: dict[str, float]


class _Pass:
    """The accumulators."""

    def __init__(self, options: AnalysisOptions) -> None:
        self.options = options
        self.n_frames = 0
        self._threads = thread_count(options.n_threads)
        self._integrity = IntegrityRecorder()
        self._rdf: RDFAccumulator | None = None
        self._occurrences: Counter[Any] = Counter()
        self._n_environments = 0
        self._local_radius = 0.0
        self._any_infinite = False
        self._numbers: list[dict[str, float]] = []

    def add(self, chunk: list[Atoms]) -> None:
        """Take the next frames."""
        for number, atoms in enumerate(chunk, start=self.n_frames):
            _check_frame(number, atoms)
        if self._rdf is None:
            r_max, self._local_radius = _choose(self.options, chunk)
            self.options = replace(self.options, r_max=r_max, local_radius=self._local_radius)
            self._rdf = RDFAccumulator(r_max, self.options.n_bins)
        with ThreadPoolExecutor(self._threads) as pool:
            found = list(pool.map(self._examine, range(self.n_frames, self.n_frames + len(chunk)), chunk))
        for atoms, frame in zip(chunk, found, strict=True):
            self._integrity.add(atoms, frame.molecules)
            self._numbers.append(frame.numbers)
        # Averages of structure leave out what the user calls equilibration; a detected one is known too late for them.
        skipped = max(0, (self.options.equilibration or 0) - self.n_frames)
        self._rdf.add(chunk[skipped:], [frame.molecules for frame in found[skipped:]], n_threads=self.options.n_threads)
        for frame in found[skipped:]:
            self._any_infinite |= bool(frame.molecules.infinite.any())
            if frame.environments is not None:
                self._n_environments += 1
                self._occurrences.update(frame.environments.occurrences)
        self.n_frames += len(chunk)

    def _examine(self, number: int, atoms: Atoms) -> _Frame:
        """Do what needs no other frame, on one thread: the frames of a chunk run side by side."""
        molecules = _molecules(number, atoms, self.options.bond_scale)
        hole = largest_hole(atoms, n_threads=1)
        around = None
        # A molecule alone in its box has no neighbours to speak of, an infinite one has no centre.
        if len(molecules) > 1 and not molecules.infinite.any():
            around = frame_environments(atoms, molecules, self._local_radius, n_threads=1)
        spacing = (atoms.get_volume() / len(molecules)) ** (1 / 3)
        numbers = {"spacing": spacing, "largest_void": hole, "void_ratio": hole / spacing}
        if len(molecules) < MIN_MOLECULES:
            numbers |= {"largest_void": math.nan, "void_ratio": math.nan}
        return _Frame(molecules, around, frame_numbers(atoms) | numbers)

    def result(self, source: Input | None, start: float) -> Analysis:
        """Finish the statistics and judge."""
        if self._rdf is None:
            name = f"{source.name}: " if source else ""
            raise InputError(f"{name}no frame to analyse (select={self.options.select!r})")
        cut = self.options.equilibration
        if cut is not None and cut >= self.n_frames:
            raise InputError(f"equilibration: got {cut} frames, but there are only {self.n_frames}")
        integrity = self._integrity.result()
        one_system = len(integrity.compositions) == 1
        series = self._series(one_system)
        found = [
            checks.check_system(integrity),
            checks.check_molecules(integrity),
            checks.check_density(series["density"], one_system, cut_given=cut is not None),
            check_voids(series["largest_void"], series["void_ratio"]) if "void_ratio" in series else None,
            checks.check_temperature(series.get("temperature"), series.get("temperature_target")),
        ]
        times = self._column("time")
        return Analysis(
            options=self.options,
            input=source,
            n_frames=self.n_frames,
            time=times if np.isfinite(times).all() else None,
            series=series,
            integrity=integrity,
            rdf=self._rdf.result(),
            environments=self._local_composition(),
            molecular_spacing=float(np.mean(self._column("spacing"))),
            verdict=checks.judge(check for check in found if check is not None),
            elapsed=time.perf_counter() - start,
        )

    def _local_composition(self) -> LocalEnvironments | None:
        if self._any_infinite or not self._occurrences:
            return None
        return LocalEnvironments(self._local_radius, self._n_environments, self._occurrences)

    def _column(self, name: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        return np.array([numbers[name] for numbers in self._numbers])

    def _equilibration(self) -> int:
        """One cut for all series: as given, else that of the density, or of the energy at constant volume."""
        if self.options.equilibration is not None:
            return self.options.equilibration
        for name in ("density", "energy"):
            values = self._column(name)
            if np.isfinite(values).all() and (cut := mean_with_error(values).equilibration):
                return cut
        return 0

    def _series(self, one_system: bool) -> dict[str, Series]:
        series = {}
        cut = self._equilibration() if one_system else 0
        for name, unit in (SERIES_UNITS | {"largest_void": "Å", "void_ratio": "1"}).items():
            values = self._column(name)
            if np.isnan(values).all():
                continue
            known = one_system and bool(np.isfinite(values).all())
            series[name] = Series(name, unit, values, mean_with_error(values, equilibration=cut) if known else None)
        return series


def _check_frame(number: int, atoms: Atoms) -> None:
    """Refuse what has no density or no molecules."""
    if not len(atoms):
        raise InputError(f"frame {number}: no atoms")
    if not atoms.pbc.all() or atoms.cell.rank < 3:
        what = "no cell" if atoms.cell.rank < 3 else f"pbc {atoms.pbc.tolist()}"
        raise InputError(
            f"frame {number}: {what}; an analysis needs frames that are periodic along three axes: "
            'give the file a Lattice and pbc="T T T"'
        )


def default_r_max(atoms: Atoms) -> float:
    """Half the smallest height of the cell, rounded down to 0.01 Å, at most 12 Å: RDFs up to there need no images.

    Raises
    ------
    InputError
        If the cell has no volume.

    Examples
    --------
    >>> from ase import Atoms
    >>> default_r_max(Atoms("He", cell=[10, 20, 30], pbc=True))
    5.0
    """
    volume, cell = atoms.get_volume() if atoms.cell.rank == 3 else 0.0, atoms.cell.array
    if not volume > 0.0:
        raise InputError("frame 0: no cell; an RDF needs a volume: give the file a Lattice")
    heights = [volume / float(np.linalg.norm(np.cross(cell[k - 2], cell[k - 1]))) for k in range(3)]
    return min(_DEFAULT_R_MAX, math.floor(50.0 * min(heights)) / 100.0)


def _molecules(number: int, atoms: Atoms, scale: float) -> Molecules:
    """Find the molecules, or say in which frame that is not possible."""
    try:
        return find_molecules(atoms, scale=scale, n_threads=1)
    except InputError as error:
        raise type(error)(f"frame {number}: {error}") from error


def _choose(options: AnalysisOptions, chunk: list[Atoms]) -> tuple[float, float]:
    """Take r_max and local radius from the first frame that is a liquid: isolated atoms often lead a training set."""
    counts = (len(_molecules(number, atoms, options.bond_scale)) for number, atoms in enumerate(chunk))
    liquids = ((atoms, n) for atoms, n in zip(chunk, counts, strict=True) if n >= MIN_MOLECULES)
    first, n_molecules = next(liquids, (chunk[0], len(_molecules(0, chunk[0], options.bond_scale))))
    spacing = (first.get_volume() / n_molecules) ** (1 / 3)
    return (
        options.r_max or default_r_max(first),
        options.local_radius or round(float(_LOCAL_RADIUS * spacing), 1),
    )
