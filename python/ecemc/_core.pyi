from typing import Any

import numpy as np
from numpy.typing import NDArray

__version__: str

def neighbor_list(
    quantities: str,
    positions: NDArray[np.float64],
    cell_matrix: NDArray[np.float64],
    pbc: tuple[bool, bool, bool],
    cutoff: float | None = None,
    per_species: tuple[NDArray[np.uint32], NDArray[np.float64]] | None = None,
    n_threads: int | None = None,
) -> tuple[NDArray[Any], ...]: ...
