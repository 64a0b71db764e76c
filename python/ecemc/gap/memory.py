"""How much memory gap_fit will take, how much there is, and what would make it fit.

gap_fit keeps the descriptors of all frames and their derivatives with respect to every neighbour until the covariance
matrix is done: for each centre and each of its neighbours three rows for forces and six for the virial, each as long as
the descriptor. That is counted here exactly; the rest was measured.
"""

from __future__ import annotations

__all__ = [
    "FORCE_ROWS",
    "VIRIAL_ROWS",
    "MemoryEstimate",
    "Size",
    "available_memory",
    "estimate_memory",
    "measure_sizes",
]

import os
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ecemc.gap.params import Distance2b
from ecemc.neighbors import neighbor_list

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ase import Atoms
    from numpy.typing import NDArray

    from ecemc.gap.command import DescriptorLine
    from ecemc.labels import Labels

_REAL = 8
#: Rows per centre and per neighbour, for each kind of label.
FORCE_ROWS, VIRIAL_ROWS = 3, 6
_CGROUP = Path("/sys/fs/cgroup")
#: More than there are elements.
_ELEMENTS = 128
#: bytes, of gap_fit and its libraries.
_PROGRAM = 30_000_000


@dataclass(frozen=True)
class Size:
    """How much a training set has for one descriptor."""

    line: DescriptorLine
    #: environments, or pairs
    n_descriptors: int
    #: derivatives that gap_fit keeps
    n_derivatives: int
    #: derivatives of the frame that has most of them
    n_largest: int

    @property
    def n_sparse(self) -> int:
        """Sparse points that there can be."""
        return min(self.line.term.n_sparse, self.n_descriptors)


@dataclass(frozen=True)
class MemoryEstimate:
    """Memory that gap_fit takes.

    Attributes
    ----------
    descriptors
        bytes, of descriptors and their derivatives.
    matrices
        bytes, of the covariance of all labels with all sparse points, twice.
    solver
        bytes, of the linear system, when the descriptors are gone.
    largest_frame
        bytes, of the derivatives of the largest frame while they are computed.
    total
        bytes, at the peak.
    """

    descriptors: int
    matrices: int
    solver: int
    largest_frame: int

    @property
    def total(self) -> int:
        """Bytes at the peak."""
        return _PROGRAM + max(self.descriptors + self.largest_frame + self.matrices, self.solver)


def measure_sizes(
    lines: Sequence[DescriptorLine], frames: Iterable[Atoms], labels: Iterable[Labels]
) -> tuple[list[Size], NDArray[np.float64]]:
    """Count descriptors and their derivatives; also give the shortest distance in each frame, Å.

    Parameters
    ----------
    lines
        The descriptors.
    frames, labels
        The training set as gap_fit will see it, and its labels.
    """
    cutoff = max((line.term.cutoff for line in lines), default=0.0)
    totals, rows = [0] * len(lines), [0] * len(lines)
    largest, shortest = [0] * len(lines), []
    for atoms, label in zip(frames, labels, strict=True):
        per_row = FORCE_ROWS * (label.forces is not None) + VIRIAL_ROWS * (label.virial is not None)
        i, j, d = neighbor_list("ijd", atoms, cutoff)
        shortest.append(float(d.min(initial=np.inf)))
        for k, (n, n_rows) in enumerate(_in_frame(lines, atoms, i, j, d)):
            totals[k] += n
            rows[k] += n_rows * per_row
            largest[k] = max(largest[k], n_rows * FORCE_ROWS)
    sizes = [Size(*entry) for entry in zip(lines, totals, rows, largest, strict=True)]
    return sizes, np.array(shortest)


def _in_frame(
    lines: Sequence[DescriptorLine], atoms: Atoms, i: NDArray[np.int64], j: NDArray[np.int64], d: NDArray[np.float64]
) -> Iterable[tuple[int, int]]:
    """Descriptors of one frame, and atoms that each depends on, summed; for every line."""
    numbers = atoms.numbers
    of_element = Counter(numbers.tolist())
    counted: dict[float, Counter[tuple[int, int]]] = {}
    for line in lines:
        cutoff = line.term.cutoff
        if cutoff not in counted:
            near = d < cutoff
            kinds, counts = np.unique(_ELEMENTS * numbers[i[near]] + numbers[j[near]], return_counts=True)
            counted[cutoff] = Counter(dict(zip(map(_divided, kinds.tolist()), counts.tolist(), strict=True)))
        pairs = counted[cutoff]
        if isinstance(line.term, Distance2b):
            a, b = line.elements
            n = pairs[a, b] * (1 if a == b else 2)  # gap_fit has each pair once from either end
            yield n, 2 * n
        else:
            centre = line.elements[0]
            n = of_element[centre]
            yield n, n + sum(count for (first, _), count in pairs.items() if first == centre)


def _divided(kind: int) -> tuple[int, int]:
    return divmod(kind, _ELEMENTS)


def estimate_memory(sizes: Sequence[Size], n_labels: int) -> MemoryEstimate:
    """Estimate what gap_fit takes at its peak.

    Parameters
    ----------
    sizes
        Of :func:`measure_sizes`.
    n_labels
        Energies, force components and virial components together.

    Notes
    -----
    Compared with what the serial gap_fit of quippy-ase 0.10.3 took in 17 fits of 0.5 to 3 GB: between 0.4% less and
    4.2% more (9% more where the linear system takes most). gap_fit's own estimate is 5 to 15% too low.
    """
    sparse = sum(size.n_sparse for size in sizes)
    return MemoryEstimate(
        descriptors=_REAL * sum(size.line.length * (size.n_descriptors + size.n_derivatives) for size in sizes),
        matrices=2 * _REAL * sparse * n_labels,
        solver=_REAL * (2 * sparse * (n_labels + sparse) + 2 * sparse * n_labels),
        largest_frame=_REAL * max((size.line.length * size.n_largest for size in sizes), default=0),
    )


def available_memory() -> int | None:
    """Bytes that a program started now could use, as the system and its limit for this container say; None if unknown.

    Examples
    --------
    >>> available_memory() > 0
    True
    """
    known = [value for value in chain([_free()], _container()) if value is not None]
    return min(known) if known else None


def _free() -> int | None:
    with suppress(OSError):
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    with suppress(AttributeError, ValueError, OSError):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return None


def _container() -> Iterator[int]:
    """Tell what the limit of a control group (version 2, then 1) leaves."""
    for limit, used in (
        ("memory.max", "memory.current"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
    ):
        # Not there, or "max".
        with suppress(OSError, ValueError):
            yield int((_CGROUP / limit).read_text(encoding="ascii")) - int((_CGROUP / used).read_text(encoding="ascii"))
