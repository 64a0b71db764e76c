from os import PathLike
from typing import Any, final

import numpy as np
from numpy.typing import NDArray
from typing_extensions import Self

__all__ = [
    "ExtxyzReader",
    "Frames",
    "RDFAccumulator",
    "__version__",
    "count_frames",
    "decompose_forces",
    "find_molecules",
    "graph_fingerprint",
    "largest_empty_sphere",
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
    @staticmethod
    def from_arrays(
        geometries: list[
            tuple[NDArray[np.float64], NDArray[np.uint8], NDArray[np.float64] | None, tuple[bool, bool, bool]]
        ],
    ) -> Frames: ...
    def __len__(self) -> int: ...
    def __getitem__(self, index: int, /) -> dict[str, Any]: ...

@final
class ExtxyzReader:
    def __new__(
        cls,
        path: str | PathLike[str],
        start: int = 0,
        stop: int | None = None,
        step: int = 1,
        n_threads: int | None = None,
    ) -> ExtxyzReader: ...
    def __iter__(self) -> ExtxyzReader: ...
    def __next__(self) -> Frames: ...

def count_frames(path: str | PathLike[str]) -> int: ...

@final
class RDFAccumulator:
    def __new__(cls, r_max: float, n_bins: int) -> Self: ...
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
    # coordination {(a, b): (intra, inter)}
    def result(self, total: bool) -> dict[str, Any]: ...

# spheres: (positions, cell, pbc, numbers, {atomic number: radius})

def largest_empty_sphere(
    spheres: tuple[Any, ...], tolerance: float, n_threads: int | None = None
) -> tuple[float, list[float]]: ...
def void_fraction(spheres: tuple[Any, ...], probe: float, spacing: float, n_threads: int | None = None) -> float: ...
