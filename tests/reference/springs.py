"""A small labelled liquid whose labels are known exactly: molecules of springs that repel each other softly."""

from __future__ import annotations

import numpy as np
from ase import Atoms

from ecemc import find_molecules, neighbor_list
from ecemc.testing import liquid

#: eV, of isolated atoms.
ATOMS = {"H": -13.6, "C": -148.2, "O": -431.5}
#: eV/Å² of every bond, eV of every bond at its best length, and the soft repulsion's height (eV) and width (Å).
SPRING, BOND, HEIGHT, WIDTH = 32.0, -6.0, 0.05, 1.2


def labelled(atoms, rest):
    """Copy with exact energy, forces and virial; `rest` is the length of each bond (i, j) without force."""
    atoms = atoms.copy()
    found = find_molecules(atoms)
    i, j = found.bonds.T
    vectors = atoms.positions[j] - atoms.positions[i] + found.bond_shifts @ atoms.cell.array
    lengths = np.linalg.norm(vectors, axis=1)
    off = lengths - np.array([rest[pair] for pair in zip(i.tolist(), j.tolist(), strict=True)])
    energy = sum(ATOMS[symbol] for symbol in atoms.symbols) + float((BOND + 0.5 * SPRING * off**2).sum())
    forces, virial = np.zeros((len(atoms), 3)), np.zeros((3, 3))
    pulls = -SPRING * (off / lengths)[:, None] * vectors  # on j
    add(forces, virial, (i, j, vectors), pulls)
    a, b, D, d = neighbor_list("ijDd", atoms, 4.0 * WIDTH)
    other = (found.index[a] != found.index[b]) & (a < b)
    a, b, D, d = a[other], b[other], D[other], d[other]
    values = HEIGHT * np.exp(-((d / WIDTH) ** 2) / 2.0)
    add(forces, virial, (a, b, D), (values / WIDTH**2)[:, None] * D)
    atoms.info |= {"REF_energy": energy + float(values.sum()), "REF_virial": virial.ravel()}
    atoms.arrays["REF_forces"] = forces
    return atoms


def add(forces, virial, pairs, pulls):
    """Add pair forces: `pulls` on j, the opposite on i; W = Σ D⊗f."""
    i, j, vectors = pairs
    np.add.at(forces, j, pulls)
    np.add.at(forces, i, -pulls)
    virial += vectors.T @ pulls


def isolated(symbol, config_type="isolated_atom"):
    """An isolated atom in a large box."""
    atoms = Atoms(symbol, cell=[20.0] * 3, pbc=True, info={"REF_energy": ATOMS[symbol], "config_type": config_type})
    atoms.arrays["REF_forces"] = np.zeros((1, 3))
    return atoms


def dataset(n_frames=16, seed=0):
    """Isolated atoms and shaken boxes of EC and EMC."""
    rng = np.random.default_rng(seed)
    start = liquid(1, 2, density=0.6, seed=seed)
    found = find_molecules(start)
    rest = dict(
        zip(
            map(tuple, found.bonds.tolist()),
            np.linalg.norm(
                start.positions[found.bonds[:, 1]]
                - start.positions[found.bonds[:, 0]]
                + found.bond_shifts @ start.cell.array,
                axis=1,
            ),
            strict=True,
        )
    )
    frames = [isolated(symbol) for symbol in ATOMS]
    for _ in range(n_frames):
        atoms = start.copy()
        atoms.info = {"config_type": "liquid"}
        atoms.positions += rng.normal(scale=0.04, size=atoms.positions.shape)
        frames.append(labelled(atoms, rest))
    return frames
