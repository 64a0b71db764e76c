"""Pairs of atoms more than three bonds apart, with all periodic images: Lennard-Jones and the near part of Coulomb."""

from __future__ import annotations

__all__ = ["pairs"]

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import erfc

from ecemc.methods.opls.ewald import COULOMB
from ecemc.neighbors import neighbor_list

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ecemc.methods.opls.ewald import Splitting
    from ecemc.methods.opls.topology import Topology
    from ecemc.sampling import OplsOptions

    Floats = NDArray[np.float64]


def pairs(topology: Topology, splitting: Splitting, options: OplsOptions) -> tuple[float, Floats, Floats]:
    """Sum over pairs and images.

    ``E = Σ S(r) (A_i A_j / r¹² - C_i C_j / r⁶) + q_i q_j erfc(α r) / r`` with the switching function S of
    :func:`ecemc.sampling.opls.switching`.

    Returns
    -------
    energy, forces, virial
        eV, (n, 3) eV/Å, (3, 3) eV with W = -dE/dε.
    """
    i, j, d, r = _half_list(topology, max(splitting.r_max, options.cutoff))
    energy, slope = np.zeros(len(r)), np.zeros(len(r))
    charge = COULOMB * topology.charges[i] * topology.charges[j]
    near = r < splitting.r_max
    e, s = _coulomb(charge[near], r[near], splitting.alpha)
    energy[near] += e
    slope[near] += s
    near = r < options.cutoff
    repulsion = (topology.repulsion[i] * topology.repulsion[j])[near]
    dispersion = (topology.dispersion[i] * topology.dispersion[j])[near]
    e, s = _lennard_jones(repulsion, dispersion, r[near], options)
    energy[near] += e
    slope[near] += s
    pull = (slope / r)[:, None] * d
    forces = np.stack(
        [np.bincount(i, p, len(topology.charges)) - np.bincount(j, p, len(topology.charges)) for p in pull.T], axis=1
    )
    return float(energy.sum()), forces, -d.T @ pull


def _half_list(topology: Topology, cutoff: float) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats, Floats]:
    """Each pair once, without those up to three bonds apart."""
    i, j, S, D, d = neighbor_list("ijSDd", topology.atoms, cutoff)
    same = ~S.any(axis=1)
    bonded = same & np.isin(i * len(topology.charges) + j, topology.near)
    once = ((i < j) | ((i == j) & _ahead(S))) & ~bonded
    return i[once], j[once], D[once], d[once]


def _ahead(S: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether the first shift that is not zero is positive: one of S and -S."""
    x, y, z = S.T
    ahead: NDArray[np.bool_] = (x > 0) | ((x == 0) & ((y > 0) | ((y == 0) & (z > 0))))
    return ahead


def _coulomb(charge: Floats, r: Floats, alpha: float) -> tuple[Floats, Floats]:
    """Energy and its slope."""
    energy = charge * erfc(alpha * r) / r
    return energy, -energy / r - charge * (2.0 * alpha / np.sqrt(np.pi)) * np.exp(-((alpha * r) ** 2)) / r


def _lennard_jones(repulsion: Floats, dispersion: Floats, r: Floats, options: OplsOptions) -> tuple[Floats, Floats]:
    """Energy and its slope, switched off."""
    sixth = 1.0 / r**6
    energy = (repulsion * sixth - dispersion) * sixth
    slope = -(12.0 * repulsion * sixth - 6.0 * dispersion) * sixth / r
    x = np.clip((r - options.cutoff) / options.switch_width + 1.0, 0.0, 1.0)
    on = 1.0 - x**3 * (10.0 - 15.0 * x + 6.0 * x * x)
    falling = -30.0 * (x * (1.0 - x)) ** 2 / options.switch_width
    return energy * on, slope * on + energy * falling
