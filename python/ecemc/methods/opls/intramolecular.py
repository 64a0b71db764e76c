"""What acts within a molecule: bonds, angles, torsions, and the pairs up to three bonds apart.

All copies of a molecule are evaluated at once, from whole molecules: arrays are (copies, terms, 3).
"""

from __future__ import annotations

__all__ = ["Parameters", "intramolecular", "load_parameters"]

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import erf

from ecemc.methods.opls.ewald import COULOMB
from ecemc.sampling.opls import load_templates
from ecemc.units import KJ_PER_MOL_TO_EV

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ecemc.sampling.opls import Template

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

_NM = 0.1  # nm per Å
#: Å, below which an angle counts as stretched: keeps its gradient finite.
_LEAST_SINE = 1e-8


@dataclass(frozen=True, eq=False)
class Parameters:
    """A molecule's parameters in eV, Å, rad and e; meanings as in :class:`ecemc.sampling.opls.Template`.

    Each kind of term is its atoms (terms, k) and its constants (constants, terms).
    """

    template: Template
    charges: Floats
    repulsion: Floats
    dispersion: Floats
    bonds: tuple[Ints, Floats]
    angles: tuple[Ints, Floats]
    torsions: tuple[Ints, Floats]
    #: pairs one to three bonds apart: atoms; and the factor f of their Coulomb and Lennard-Jones interaction
    near: tuple[Ints, Floats]


@cache
def load_parameters() -> dict[str, Parameters]:
    """Parameters of all molecules of the package, by name.

    Examples
    --------
    >>> [len(p.charges) for p in load_parameters().values()]
    [10, 15]
    """
    return {name: _convert(template) for name, template in load_templates().items()}


def _convert(t: Template) -> Parameters:
    """From OpenMM's units."""
    energy = KJ_PER_MOL_TO_EV
    near = np.array([*t.excluded, *t.scaled], dtype=np.int64)
    return Parameters(
        template=t,
        charges=t.charges,
        repulsion=t.repulsion * np.sqrt(energy) / _NM**6,
        dispersion=t.dispersion * np.sqrt(energy) / _NM**3,
        bonds=_table(t.bonds, 2, [1.0 / _NM, energy * _NM**2]),
        angles=_table(t.angles, 3, [1.0, energy]),
        torsions=_table(t.torsions, 4, [1.0, 1.0, energy]),
        near=(near, np.repeat([0.0, 0.5], [len(t.excluded), len(t.scaled)])),
    )


def _table(terms: tuple[tuple[float, ...], ...], n_atoms: int, units: list[float]) -> tuple[Ints, Floats]:
    atoms = np.array([term[:n_atoms] for term in terms], dtype=np.int64)
    constants = np.array([term[n_atoms:] for term in terms], dtype=np.float64).T
    return atoms, constants * np.array(units)[:, None]


def intramolecular(parameters: Parameters, x: Floats, alpha: float) -> tuple[float, Floats]:
    """Energy and forces of m copies of a molecule.

    Parameters
    ----------
    parameters
        Of the molecule, with n atoms.
    x
        (m, n, 3) Å, whole molecules, atoms in the order of the template.
    alpha
        Ewald's splitting, 1/Å: what the sum over wave vectors has of near pairs is taken out. 0 without periodicity.

    Returns
    -------
    energy, forces
        eV, (m, n, 3) eV/Å.

    Examples
    --------
    >>> ec = load_parameters()["EC"]
    >>> energy, forces = intramolecular(ec, ec.template.positions[None], 0.0)
    >>> bool(np.abs(forces.sum(axis=1)).max() < 1e-9)
    True
    """
    forces = np.zeros_like(x)
    energy = (
        _bonds(parameters, x, forces)
        + _angles(parameters, x, forces)
        + _torsions(parameters, x, forces)
        + _near(parameters, x, forces, alpha)
    )
    return energy, forces


def _bonds(parameters: Parameters, x: Floats, forces: Floats) -> float:
    """E = k (r - r0)²."""
    atoms, (r0, k) = parameters.bonds
    d = x[:, atoms[:, 1]] - x[:, atoms[:, 0]]
    r = np.linalg.norm(d, axis=-1)
    _pull(forces, atoms, d, 2.0 * k * (r - r0) / r)
    return float(np.sum(k * (r - r0) ** 2))


def _near(parameters: Parameters, x: Floats, forces: Floats, alpha: float) -> float:
    """E = f (A/r¹² - C/r⁶ + q q/r) - q q erf(α r)/r for pairs up to three bonds apart."""
    atoms, factor = parameters.near
    i, j = atoms.T
    d = x[:, j] - x[:, i]
    r2 = np.sum(d * d, axis=-1)
    r = np.sqrt(r2)
    charge = COULOMB * parameters.charges[i] * parameters.charges[j]
    twelve = factor * parameters.repulsion[i] * parameters.repulsion[j] / r2**6
    six = factor * parameters.dispersion[i] * parameters.dispersion[j] / r2**3
    coulomb = charge * (factor - erf(alpha * r)) / r
    gauss = charge * 2.0 * alpha / np.sqrt(np.pi) * np.exp(-((alpha * r) ** 2))
    _pull(forces, atoms, d, (6.0 * six - 12.0 * twelve - coulomb - gauss) / r2)
    return float(np.sum(twelve - six + coulomb))


def _pull(forces: Floats, atoms: Ints, d: Floats, slope_over_r: Floats) -> None:
    """Add forces of pairs from (dE/dr)/r and the vectors from the first to the second atom."""
    pull = slope_over_r[..., None] * d
    _add(forces, atoms[:, 0], pull)
    _add(forces, atoms[:, 1], -pull)


def _angles(parameters: Parameters, x: Floats, forces: Floats) -> float:
    """E = k (θ - θ0)², the second atom in the corner."""
    atoms, (theta0, k) = parameters.angles
    u, v = x[:, atoms[:, 0]] - x[:, atoms[:, 1]], x[:, atoms[:, 2]] - x[:, atoms[:, 1]]
    ru, rv = (np.linalg.norm(arm, axis=-1, keepdims=True) for arm in (u, v))
    u, v = u / ru, v / rv
    cosine = np.clip(np.sum(u * v, axis=-1, keepdims=True), -1.0, 1.0)
    sine = np.maximum(np.sqrt(1.0 - cosine**2), _LEAST_SINE)
    deviation = np.arccos(cosine)[..., 0] - theta0
    slope = (2.0 * k * deviation)[..., None] / sine
    first, last = slope * (v - cosine * u) / ru, slope * (u - cosine * v) / rv
    _add(forces, atoms[:, 0], first)
    _add(forces, atoms[:, 2], last)
    _add(forces, atoms[:, 1], -first - last)
    return float(np.sum(k * deviation**2))


def _torsions(parameters: Parameters, x: Floats, forces: Floats) -> float:
    """E = K (1 + cos(n φ - phase)); gradient of φ after Blondel and Karplus, J. Comput. Chem. 17 (1996) 1132."""
    atoms, (n, phase, k) = parameters.torsions
    b1, b2, b3 = (x[:, atoms[:, place + 1]] - x[:, atoms[:, place]] for place in range(3))
    n1, n2 = np.cross(b1, b2), np.cross(b2, b3)
    length = np.linalg.norm(b2, axis=-1)
    angle = n * np.arctan2(length * np.sum(b1 * n2, axis=-1), np.sum(n1 * n2, axis=-1)) - phase
    pull = (k * n * np.sin(angle) * length)[..., None]  # -dE/dφ |b2|
    first = -pull * n1 / np.sum(n1 * n1, axis=-1, keepdims=True)
    last = pull * n2 / np.sum(n2 * n2, axis=-1, keepdims=True)
    p, q = (np.sum(b * b2, axis=-1, keepdims=True) / length[..., None] ** 2 for b in (b1, b3))
    _add(forces, atoms[:, 0], first)
    _add(forces, atoms[:, 1], q * last - (1.0 + p) * first)
    _add(forces, atoms[:, 2], p * first - (1.0 + q) * last)
    _add(forces, atoms[:, 3], last)
    return float(np.sum(k * (1.0 + np.cos(angle))))


def _add(forces: Floats, atoms: Ints, terms: Floats) -> None:
    """Add (m, terms, 3) to atoms of every copy."""
    # One copy after the other in one long list of atoms.
    copies, n_atoms, _ = forces.shape
    places = (np.arange(copies)[:, None] * n_atoms + atoms).ravel()
    flat = forces.reshape(-1, 3)
    for axis in range(3):
        flat[:, axis] += np.bincount(places, terms[..., axis].ravel(), len(flat))
