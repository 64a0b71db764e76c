"""The RDF written as its definition, in NumPy, frame by frame."""

from __future__ import annotations

import numpy as np

from tests.reference.neighbors_numpy import neighbor_list


def rdf(frames, molecules, r_max, n_bins):
    """Returns {(a, b): (intra, inter)} normalised "pair", the same for "total", g(r), and {(a, b): coordination}."""
    edges = np.linspace(0, r_max, n_bins + 1)
    shells = 4 / 3 * np.pi * np.diff(edges**3)
    pair, total, coordination, atoms_of = {}, {}, {}, {}
    g = np.zeros(n_bins)
    for atoms, found in zip(frames, molecules, strict=True):
        symbols, volume = np.array(atoms.get_chemical_symbols()), atoms.get_volume()
        i, j, S, _, d = neighbor_list(atoms.positions, atoms.cell[:], atoms.pbc, r_max)
        own = (found.index[i] == found.index[j]) & (found.image[j] - found.image[i] == S).all(1)
        g += volume * np.histogram(d, edges)[0] / (len(atoms) ** 2 * shells) / len(frames)
        for a in np.unique(symbols):
            atoms_of[a] = atoms_of.get(a, 0) + (symbols == a).sum()
            for b in np.unique(symbols):
                chosen = (symbols[i] == a) & (symbols[j] == b)
                parts = np.array([np.histogram(d[chosen & part], edges)[0] for part in (own, ~own)])
                numbers = (symbols == a).sum() * (symbols == b).sum()
                pair.setdefault((a, b), []).append(volume * parts / (numbers * shells))
                both = 1 if a == b else 2
                total[a, b] = total.get((a, b), 0) + volume * both * parts / (len(atoms) ** 2 * shells) / len(frames)
                coordination[a, b] = coordination.get((a, b), 0) + parts.cumsum(axis=1)
    pair = {key: np.mean(values, axis=0) for key, values in pair.items()}
    coordination = {(a, b): counts / atoms_of[a] for (a, b), counts in coordination.items()}
    return pair, total, g, coordination
