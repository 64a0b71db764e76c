"""Mean squared displacements by the definition: every lag, every origin, one particle after the other."""

from __future__ import annotations

import itertools

import numpy as np


def shortest_image(d, cell, pbc, reach=3):
    """The shortest of many images of one vector; after rounding, so that vectors may be long."""
    cell = np.where(np.any(cell, axis=1)[:, None], cell, 0.0)
    periodic = np.flatnonzero(pbc)
    if not len(periodic):
        return d
    rows = cell[periodic]
    d = d - np.round(np.linalg.lstsq(rows.T, d, rcond=None)[0]) @ rows
    shifts = np.array(list(itertools.product(range(-reach, reach + 1), repeat=len(periodic))))
    images = d + shifts @ rows
    return images[np.argmin((images**2).sum(axis=1))]


def wrap(r, cell, pbc):
    """Into the cell along periodic axes; needs three cell vectors."""
    f = r @ np.linalg.inv(cell)
    return r - (np.floor(f) * np.asarray(pbc)) @ cell


def unwrap(positions, cells, pbc, masses=None):
    """TOR scheme; with masses the drift of the centre of mass is taken off."""
    wrapped = np.array([wrap(r, cell, pbc) for r, cell in zip(positions, cells, strict=True)])
    path = [wrapped[0]]
    for before, after, cell in zip(wrapped[:-1], wrapped[1:], cells[1:], strict=True):
        steps = np.array([shortest_image(d, cell, pbc) for d in after - before])
        if masses is not None:
            steps -= np.average(steps, axis=0, weights=masses)
        path.append(path[-1] + steps)
    return np.array(path)


def unwrap_by_image_flags(positions, cells, pbc):
    """What programs do that count jumps through the boundary: u = w + n·cell. Wrong if the cell changes."""
    wrapped = np.array([wrap(r, cell, pbc) for r, cell in zip(positions, cells, strict=True)])
    fractions = np.array([w @ np.linalg.inv(cell) for w, cell in zip(wrapped, cells, strict=True)])
    jumps = -np.round(np.diff(fractions, axis=0)) * np.asarray(pbc)
    flags = np.concatenate([np.zeros((1, *jumps.shape[1:])), jumps.cumsum(axis=0)])
    return wrapped + np.einsum("fnk,fkc->fnc", flags, cells)


def spacing(lag):
    """Distance between the origins of a lag."""
    return 1 if lag <= 16 else 2 ** int(np.ceil(np.log2(lag / 16)))


def msd(path, lag, first=0, every=1):
    """(n,) of the particles, over origins whose number in the trajectory is a multiple of ``every``."""
    origins = [k for k in range(len(path) - lag) if (first + k) % every == 0]
    return np.mean([((path[k + lag] - path[k]) ** 2).sum(axis=1) for k in origins], axis=0)
