r"""Ewald's sum over the periodic images of point charges, in any cell, with forces and virial.

.. math::
    E = \frac{1}{4\pi\varepsilon_0} \Big[ \sum_{i<j} q_i q_j \frac{\operatorname{erfc}(\alpha r)}{r}
      + \frac{2\pi}{V} \sum_{k \neq 0} \frac{e^{-k^2/4\alpha^2}}{k^2} |S(k)|^2
      - \frac{\alpha}{\sqrt\pi} \sum_i q_i^2 \Big], \qquad S(k) = \sum_i q_i e^{i k r_i}

The first sum, over pairs and images, is that of :mod:`ecemc.methods.opls.pairs`; here are the other two. Surroundings
are conducting ("tin foil"), the cell is neutral. The splitting α moves work between the sums and does not change the
result, so it is chosen for speed from the number of atoms and the volume.

Source: P. P. Ewald, Ann. Phys. 369 (1921) 253; the virial as in Nosé and Klein, Mol. Phys. 50 (1983) 1055.
"""

from __future__ import annotations

__all__ = ["COULOMB", "Splitting", "reciprocal", "split"]

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ecemc.units import BOHR_TO_A, HARTREE_TO_EV

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: e²/(4πε₀) in eV Å.
COULOMB = HARTREE_TO_EV * BOHR_TO_A
#: Both sums stop where their terms have fallen to exp(-s²) = 6e-10 of their size.
_S = 4.6
#: Cost of a pair, in terms of (wave vector, atom): measured for 15 to 1000 atoms.
_PAIR_COST = 20.0


class Splitting(NamedTuple):
    """How the sum is split."""

    #: 1/Å; 0 without periodicity: the plain sum
    alpha: float
    #: Å, range of the sum over pairs
    r_max: float
    #: 1/Å, range of the sum over wave vectors
    k_max: float


def split(n_atoms: int, volume: float, r_min: float) -> Splitting:
    """Split so that both sums take equally long, but let pairs reach to ``r_min`` (Å) at least.

    Examples
    --------
    >>> split(160, 1900.0, 9.0).r_max > 9.0
    True
    """
    # Pairs are n²/V · 2π/3 (s/α)³, wave vectors n · V/(2π)³ · 4π/3 (2 s α)³, half of them.
    alpha = (_PAIR_COST * np.pi**3 / 2.0 * n_atoms / volume**2) ** (1.0 / 6.0)
    alpha = min(float(alpha), _S / r_min)
    return Splitting(alpha, _S / alpha, 2.0 * _S * alpha)


def reciprocal(positions: Floats, charges: Floats, cell: Floats, splitting: Splitting) -> tuple[float, Floats, Floats]:
    """Sum over wave vectors, and the self energy.

    The phases of atoms factorise along the axes, so the sums are products of matrices.

    Parameters
    ----------
    positions, charges, cell
        (n, 3) Å, (n,) e, (3, 3) Å.
    splitting
        As from :func:`split`.

    Returns
    -------
    energy, forces, virial
        eV, (n, 3) eV/Å, (3, 3) eV with W = -dE/dε.

    Examples
    --------
    >>> salt = np.array([[0.0, 0.0, 0.0], [5.0, 0.0, 0.0]]), np.array([1.0, -1.0]), np.diag([10.0, 10.0, 10.0])
    >>> energy, forces, virial = reciprocal(*salt, split(2, 1000.0, 9.0))
    >>> bool(np.allclose(forces.sum(axis=0), 0.0))
    True
    """
    alpha, _, k_max = splitting
    inverse = np.linalg.inv(cell)
    volume = abs(float(np.linalg.det(cell)))
    reach = np.floor(k_max * np.linalg.norm(cell, axis=1) / (2.0 * np.pi)).astype(int)
    # Half of all wave vectors: k and -k have the same term.
    orders = [np.arange(0, reach[0] + 1), np.arange(-reach[1], reach[1] + 1), np.arange(-reach[2], reach[2] + 1)]
    angles = 2.0 * np.pi * (positions @ inverse)
    x, y, z = (np.exp(1j * np.outer(order, angles[:, axis])) for axis, order in enumerate(orders))
    plane = (x[:, None] * y[None]).reshape(-1, len(charges)) * charges
    n = np.stack(np.meshgrid(*orders, indexing="ij"), axis=-1).reshape(len(plane), len(z), 3)
    k = 2.0 * np.pi * n @ inverse.T
    k2 = np.sum(k * k, axis=-1)
    used = (k2 > 0.0) & (k2 <= k_max**2)
    k2[~used] = 1.0
    factor = np.where(n[..., 0] > 0, 2.0, 1.0) * used * (COULOMB * 2.0 * np.pi / volume)
    factor *= np.exp(-k2 / (4.0 * alpha**2)) / k2
    structure = plane @ z.T
    terms = factor * np.abs(structure) ** 2
    energy = float(terms.sum()) - COULOMB * alpha / np.sqrt(np.pi) * float(charges @ charges)
    slope = (2.0 * terms * (1.0 / k2 + 0.25 / alpha**2)).ravel()
    flat = k.reshape(-1, 3)
    virial = terms.sum() * np.eye(3) - (flat * slope[:, None]).T @ flat
    weighted = factor * structure.conj()
    in_plane = np.imag(plane * (weighted @ z))
    along_z = np.imag(plane * ((weighted * orders[2]) @ z)).sum(axis=0)
    forces = np.stack([n[:, 0, 0] @ in_plane, n[:, 0, 1] @ in_plane, along_z], axis=1)
    return energy, 4.0 * np.pi * forces @ inverse.T, virial
