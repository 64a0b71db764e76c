from os import PathLike
from typing import Any, final

import numpy as np
from numpy.typing import NDArray
from typing_extensions import Self

__all__ = [
    "EnvironmentAccumulator",
    "Frames",
    "GapDescriptor",
    "GapModel",
    "MSDAccumulator",
    "MoleculeTracker",
    "Particles",
    "RDFAccumulator",
    "Survey",
    "TrackedMolecules",
    "TrajectoryReader",
    "Unwrapper",
    "__version__",
    "count_frames",
    "decompose_forces",
    "detect_format",
    "find_molecules",
    "format_extxyz",
    "graph_fingerprint",
    "kinetic_energies",
    "largest_empty_sphere",
    "largest_holes",
    "local_environments",
    "make_whole",
    "neighbor_list",
    "rigid_bodies",
    "simd_level",
    "van_der_waals_radius",
    "void_fraction",
    "volume_scan",
]

__version__: str

def simd_level() -> str: ...
def van_der_waals_radius(number: int) -> float | None: ...
def neighbor_list(
    quantities: str,
    positions: NDArray[np.float64],
    cell_matrix: NDArray[np.float64],
    pbc: tuple[bool, bool, bool],
    cutoff: float | None = None,
    per_species: tuple[NDArray[np.uint32], NDArray[np.float64]] | None = None,
    n_threads: int | None = None,
) -> tuple[NDArray[Any], ...]: ...

# frame: (positions, cell, pbc, masses, index, image, infinite)

def find_molecules(
    positions: NDArray[np.float64],
    numbers: NDArray[np.int64],
    cell_matrix: NDArray[np.float64],
    pbc: tuple[bool, bool, bool],
    scale: float,
    factors: list[tuple[int, float]],
    n_threads: int | None = None,
) -> tuple[
    NDArray[np.int64],
    NDArray[np.int64],
    NDArray[np.bool_],
    NDArray[np.int64],
    NDArray[np.int64],
    list[int],
    list[tuple[str, str]],
]: ...
def graph_fingerprint(numbers: list[int], bonds: list[tuple[int, int]]) -> str: ...
def make_whole(frame: tuple[Any, ...]) -> NDArray[np.float64]: ...
def rigid_bodies(
    frame: tuple[Any, ...], n_threads: int | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]: ...
def decompose_forces(
    frame: tuple[Any, ...], forces: NDArray[np.float64], n_threads: int | None = None
) -> list[NDArray[np.float64]]: ...
def volume_scan(
    frame: tuple[Any, ...], scales: list[float], rigid: bool, n_threads: int | None = None
) -> list[NDArray[np.float64]]: ...
def local_environments(
    frame: tuple[Any, ...], species: list[int], n_species: int, radius: float, n_threads: int | None = None
) -> list[tuple[list[int], int]]: ...

@final
class Frames:
    # the inverse of indexing; numbers are uint8, velocities Å/fs
    @staticmethod
    def from_records(records: list[dict[str, Any]]) -> Frames: ...
    def __len__(self) -> int: ...
    def __getitem__(self, index: int, /) -> dict[str, Any]: ...
    def take(self, indices: list[int]) -> Frames: ...
    def slice(self, start: int, stop: int) -> Frames: ...
    # NaN where a frame has none
    @property
    def n_atoms(self) -> NDArray[np.int64]: ...
    @property
    def lattices(self) -> NDArray[np.float64]: ...
    @property
    def pbc(self) -> NDArray[np.bool_]: ...
    @property
    def volumes(self) -> NDArray[np.float64]: ...
    # by a column `masses`, else by a table of standard masses indexed by atomic number
    def masses(self, table: NDArray[np.float64]) -> NDArray[np.float64]: ...
    def reals(self, keys: list[str], width: int) -> NDArray[np.float64]: ...

def format_extxyz(
    frames: Frames, masses: NDArray[np.float64], momentum_unit: float, n_threads: int | None = None
) -> bytes: ...

@final
class Survey:
    def __new__(cls, masses: NDArray[np.float64]) -> Survey: ...
    def add(self, frames: Frames) -> None: ...
    def result(self) -> dict[str, Any]: ...

@final
class TrajectoryReader:
    def __new__(
        cls,
        path: str | PathLike[str],
        start: int = 0,
        stop: int | None = None,
        step: int = 1,
        n_threads: int | None = None,
        *,
        format: str | None = None,  # noqa: A002
        types: list[str] | dict[int, str] | dict[str, str] | None = None,
        units: str | None = None,
        # byte, frame, line after the frames that are known
        position: tuple[int, int, int] | None = None,
        incomplete: str = "error",
    ) -> TrajectoryReader: ...
    def __iter__(self) -> TrajectoryReader: ...
    def __next__(self) -> Frames: ...
    @property
    def position(self) -> tuple[int, int, int]: ...
    @property
    def truncated(self) -> str | None: ...
    @property
    def assumed_units(self) -> str | None: ...

def detect_format(path: str | PathLike[str]) -> str | None: ...
def count_frames(path: str | PathLike[str], format: str | None = None) -> int: ...  # noqa: A002

@final
class MoleculeTracker:
    # (scale, {atomic number: factor} as a list of pairs)
    def __new__(cls, scale: float, factors: list[tuple[int, float]] = ...) -> Self: ...
    @staticmethod
    def from_bytes(state: bytes) -> MoleculeTracker: ...
    def to_bytes(self) -> bytes: ...
    # frames must come in order; first is the number of the first one in the whole trajectory
    def add(self, first: int, frames: Frames, n_threads: int | None = None) -> TrackedMolecules: ...
    # appends a later part; gives the number here of each of its kinds
    def merge(self, other: MoleculeTracker) -> list[int]: ...
    def next_frame(self) -> int: ...
    # (numbers, bonded pairs (k, 2) of the first frame, number of that frame) of each system
    @property
    def systems(self) -> list[tuple[NDArray[np.uint8], NDArray[np.int64], int]]: ...
    # (E, 4): frame, i, j, +1 formed or -1 broken; sorted
    @property
    def events(self) -> NDArray[np.int64]: ...
    # kinds of molecules in order of appearance: fingerprint, formula, number of atoms, infinite
    @property
    def fingerprints(self) -> list[tuple[str, str, int, bool]]: ...

@final
class TrackedMolecules:
    def __len__(self) -> int: ...
    @property
    def system(self) -> NDArray[np.int64]: ...
    @property
    def n_molecules(self) -> NDArray[np.int64]: ...
    # bonds differ from those of the first frame of the system
    @property
    def changed(self) -> NDArray[np.bool_]: ...
    # kinds of infinite molecules in any of the frames
    @property
    def infinite(self) -> list[int]: ...
    def kinds(self, k: int) -> NDArray[np.int64]: ...
    # as find_molecules
    def molecules(
        self, k: int
    ) -> tuple[
        NDArray[np.int64],
        NDArray[np.int64],
        NDArray[np.bool_],
        NDArray[np.int64],
        NDArray[np.int64],
        list[int],
        list[tuple[str, str]],
    ]: ...
    def slice(self, start: int, stop: int) -> TrackedMolecules: ...

@final
class EnvironmentAccumulator:
    def __new__(cls, radius: float) -> Self: ...
    @staticmethod
    def from_bytes(state: bytes) -> EnvironmentAccumulator: ...
    def to_bytes(self) -> bytes: ...
    @property
    def radius(self) -> float: ...
    # masses by atomic number; frames with infinite molecules are left out and counted
    def add(
        self, frames: Frames, tracked: TrackedMolecules, masses: NDArray[np.float64], n_threads: int | None = None
    ) -> None: ...
    # kinds: what MoleculeTracker.merge gave
    def merge(self, other: EnvironmentAccumulator, kinds: list[int]) -> None: ...
    # number of frames, of frames left out, [(central kind, [(kind, number of neighbours)], how often)]
    def result(self) -> tuple[int, int, list[tuple[int, list[tuple[int, int]], int]]]: ...

# energies in eV and degrees of freedom, each (F, n_kinds, 3): translation, rotation, vibration
def kinetic_energies(
    frames: Frames, tracked: TrackedMolecules, masses: NDArray[np.float64], n_threads: int | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]: ...

@final
class RDFAccumulator:
    # groups: (fingerprint, formula, number of atoms, infinite, atomic number; 0 for the centre of mass)
    def __new__(
        cls, r_max: float, n_bins: int, groups: list[tuple[str, str, int, bool, int]] | None = None
    ) -> Self: ...
    @property
    def groups(self) -> list[tuple[str, str, int, bool, int]] | None: ...
    # masses: by atomic number, needed for centres of mass
    def add_frames(
        self,
        first: int,
        frames: Frames,
        tracked: TrackedMolecules,
        masses: NDArray[np.float64] | None = None,
        n_threads: int | None = None,
    ) -> None: ...
    @staticmethod
    def from_bytes(state: bytes) -> RDFAccumulator: ...
    def to_bytes(self) -> bytes: ...
    def bins(self) -> tuple[float, int]: ...
    def n_frames(self) -> int: ...
    def next_frame(self) -> int: ...
    # frames: (positions, cell, pbc, numbers, None or (index, image, infinite))
    def add(self, first: int, frames: list[tuple[Any, ...]], n_threads: int | None = None) -> None: ...
    def merge(self, other: RDFAccumulator) -> None: ...
    # edges, n_frames, n_blocks, block_length, total (mean, stderr), parts {(a, b): ((mean, stderr) intra, inter)},
    # coordination {(a, b): (intra, inter)}; a and b are symbols, or places in groups ("255": anything else) as text
    def result(self, total: bool) -> dict[str, Any]: ...

@final
class Particles:
    # molecules: (index (n,), bonds (n_bonds, 2), masses (n,)) of the first frame; None: atoms
    def __new__(
        cls,
        numbers: NDArray[np.uint8],
        molecules: tuple[NDArray[np.uint32], NDArray[np.uint32], NDArray[np.float64]] | None = None,
    ) -> Self: ...

@final
class MSDAccumulator:
    # groups (n,) from 0, weights (n,) masses for the drift
    def __new__(cls, groups: NDArray[np.uint32], weights: NDArray[np.float64], remove_drift: bool) -> Self: ...
    @staticmethod
    def from_bytes(state: bytes) -> MSDAccumulator: ...
    def to_bytes(self) -> bytes: ...
    def n_frames(self) -> int: ...
    def next_frame(self) -> int | None: ...
    # positions (F, n, 3), lattices (F, 3, 3)
    def add(
        self,
        first: int,
        positions: NDArray[np.float64],
        lattices: NDArray[np.float64],
        pbc: tuple[bool, bool, bool],
        n_threads: int | None = None,
    ) -> None: ...
    def add_frames(self, first: int, frames: Frames, particles: Particles, n_threads: int | None = None) -> None: ...
    def merge(self, other: MSDAccumulator) -> None: ...
    # msd (n_lags, n_groups) Å², lags (n_lags,) frames, n_pairs (n_lags,) pairs of frames, n_frames, largest_step_ratio,
    # n_large_steps
    def result(self) -> dict[str, Any]: ...

@final
class Unwrapper:
    def __new__(cls, weights: NDArray[np.float64], remove_drift: bool) -> Self: ...
    # (F, n, 3) Å
    def add_frames(
        self, first: int, frames: Frames, particles: Particles, n_threads: int | None = None
    ) -> NDArray[np.float64]: ...

# spheres: (positions, cell, pbc, numbers, {atomic number: radius})

def largest_empty_sphere(
    spheres: tuple[Any, ...], tolerance: float, n_threads: int | None = None
) -> tuple[float, list[float]]: ...

# radius for each frame, elements without a van der Waals radius counting 2 Å; errors name frames, counted from `first`
def largest_holes(
    first: int, frames: Frames, tolerance: float, n_threads: int | None = None
) -> NDArray[np.float64]: ...
def void_fraction(spheres: tuple[Any, ...], probe: float, spacing: float, n_threads: int | None = None) -> float: ...

# configurations: [(positions, numbers, cell, pbc), ...]; atoms are numbered through all of them

@final
class GapModel:
    # NotImplementedError for what the engine does not know
    def __new__(cls, path: str | PathLike[str], shared_basis: bool = True) -> Self: ...
    def notes(self) -> list[str]: ...
    def cutoff(self) -> float: ...
    def knows(self, number: int) -> bool: ...
    # energies (n,), energies of atoms (m,), forces (m, 3), virials (n, 3, 3), virials of atoms (m, 3, 3)
    def evaluate(
        self, configurations: list[tuple[Any, ...]], gradients: bool = True, n_threads: int | None = None
    ) -> tuple[
        NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]
    ]: ...
    # (m,), eV²
    def variances(self, configurations: list[tuple[Any, ...]], n_threads: int | None = None) -> NDArray[np.float64]: ...

@final
class GapDescriptor:
    def __new__(cls, text: str) -> Self: ...
    def dimension(self) -> int: ...
    def cutoff(self) -> float: ...
    # centres (m,), descriptors (m, dimension)
    def compute(
        self, configurations: list[tuple[Any, ...]], n_threads: int | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]: ...
