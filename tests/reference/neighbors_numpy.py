"""The neighbour list written as its definition, in NumPy."""

from __future__ import annotations

import itertools

import numpy as np


def neighbor_list(positions, cell, pbc, cutoff):
    """All (i, j, S, D, d) with d < cutoff, sorted by i, j, S; an own image counts, an atom itself does not."""
    positions, cell = np.asarray(positions, float).reshape(-1, 3), np.asarray(cell, float)
    complete = cell.copy()
    for k in range(3):
        if not complete[k].any():
            others = [v for v in complete if v.any()]
            basis = np.linalg.svd(np.array(others))[2] if others else np.eye(3)
            complete[k] = basis[len(others)]
    inverse = np.linalg.inv(complete)
    heights = 1 / np.linalg.norm(inverse, axis=0)
    fractional = positions @ inverse
    rows = []
    for i, j in itertools.product(range(len(positions)), repeat=2):
        f = fractional[j] - fractional[i]
        ranges = [
            range(int(np.floor(-f[k] - cutoff / heights[k])) - 1, int(np.ceil(-f[k] + cutoff / heights[k])) + 2)
            if pbc[k]
            else (0,)
            for k in range(3)
        ]
        shifts = np.stack(np.meshgrid(*map(np.array, ranges), indexing="ij"), axis=-1).reshape(-1, 3)
        vectors = positions[j] - positions[i] + shifts @ complete
        distances = np.linalg.norm(vectors, axis=1)
        near = (distances < cutoff) & ((i != j) | shifts.any(axis=1))
        rows += [
            (i, j, tuple(shift), vector, distance)
            for shift, vector, distance in zip(shifts[near], vectors[near], distances[near], strict=True)
        ]
    columns = list(zip(*rows, strict=True)) if rows else [(), (), np.empty((0, 3)), np.empty((0, 3)), ()]
    i, j, S, D, d = (np.array(c) for c in columns)
    return i.astype(int), j.astype(int), S.reshape(-1, 3).astype(int), D.reshape(-1, 3), d.astype(float)
