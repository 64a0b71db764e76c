"""Local composition against ideal mixing."""

from __future__ import annotations

__all__ = ["ideal_means", "ideal_mixing", "marginal"]

from math import comb
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ecemc.environments import LocalEnvironments


def marginal(distribution: dict[tuple[int, ...], float], column: int) -> NDArray[np.float64]:
    """Probability of 0, 1, 2, ... neighbours of one species, whatever the others.

    Examples
    --------
    >>> marginal({(1, 0): 0.25, (1, 2): 0.5, (0, 0): 0.25}, 0).tolist()
    [0.25, 0.75]
    """
    numbers = [c[column] for c in distribution]
    return np.bincount(numbers, weights=list(distribution.values())).astype(np.float64)


def ideal_mixing(environments: LocalEnvironments) -> dict[str, list[NDArray[np.float64]]] | None:
    """Neighbours as they would be if the molecules of the box were shuffled.

    The total number of neighbours k keeps its measured distribution; which molecules they are is drawn without
    replacement from the N - 1 others in the box, so that in a small box the central molecule is missed among its like:
    ``p_b(n) = sum_k P(k) hypergeom(n; N - 1, N_b - [a = b], k)``.

    Returns
    -------
    dict or None
        For each central species a list with, for each species, the probability of 0, 1, 2, ... neighbours. None if the
        composition is not the same in all frames or the radius reaches periodic images (more neighbours than others).
    """
    counts = {name: round(number) for name, number in environments.composition.items()}
    others = sum(counts.values()) - 1
    if any(abs(number - counts[name]) > 1e-9 for name, number in environments.composition.items()):
        return None
    result = {}
    for central, distribution in environments.distribution.items():
        total = np.bincount([sum(c) for c in distribution], weights=list(distribution.values())).astype(np.float64)
        if len(total) - 1 > others:
            return None
        result[central] = [_shuffled(total, others, counts[name] - (name == central)) for name in environments.species]
    return result


def ideal_means(environments: LocalEnvironments) -> dict[str, list[float]] | None:
    """Mean numbers of neighbours in :func:`ideal_mixing`, by central species, in the order of the species."""
    ideal = ideal_mixing(environments)
    if ideal is None:
        return None
    return {central: [float(p @ np.arange(len(p))) for p in of] for central, of in ideal.items()}


def _shuffled(total: NDArray[np.float64], others: int, of_kind: int) -> NDArray[np.float64]:
    """Draw k molecules from the others: the hypergeometric distribution of the number of one kind, averaged over k."""
    probabilities = np.zeros(min(len(total) - 1, of_kind) + 1)
    for k, weight in enumerate(total):
        ways = comb(others, k)
        for n in range(min(k, of_kind) + 1):
            probabilities[n] += weight * (comb(of_kind, n) * comb(others - of_kind, k - n) / ways)
    return probabilities
