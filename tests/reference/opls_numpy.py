"""OPLS-AA energy, forces and virial in plain NumPy, straight from the parameter file: the judge of ``ecemc.sampling``.

Shares no code with the package. Analytic throughout: bonded terms by the chain rule, Coulomb by a textbook Ewald sum in
which every pair is seen (no mesh), the virial term by term. Works in kcal/mol and Å, answers in eV and Å.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.integrate import trapezoid
from scipy.special import erf, erfc

if TYPE_CHECKING:
    from pathlib import Path

KCAL_EV = 4184.0 / (1.602176634e-19 * 6.02214076e23)
COULOMB = 332.06371  # kcal Å / (mol e²)
EWALD_ACCURACY = 4.6  # erfc of this is 8e-11


@dataclass
class Result:
    """eV, eV/Å, eV (W = -dE/dε); ``parts`` in eV."""

    energy: float
    forces: np.ndarray
    virial: np.ndarray
    parts: dict[str, float]


class OplsNumpy:
    """The force field of a box with `counts` molecules, contiguous, in that order."""

    def __init__(self, path: Path, counts: dict[str, int], cutoff: float = 9.0, switch_width: float = 1.0) -> None:
        data = json.loads(path.read_text(encoding="utf-8"))
        molecules = [data["molecules"][name] for name, count in counts.items() for _ in range(count)]
        self.cutoff, self.start = cutoff, cutoff - switch_width
        atoms = [atom for molecule in molecules for atom in molecule["atoms"]]
        self.q = np.array([a["charge"] for a in atoms])
        self.sigma = np.array([a["sigma_A"] for a in atoms])
        self.epsilon = np.array([a["epsilon_kcal"] for a in atoms])
        self.scale = np.ones((len(atoms), len(atoms)))  # 0 for 1-2 and 1-3, 0.5 for 1-4
        self.terms: dict[str, list[tuple[list[int], dict]]] = {
            "bonds": [],
            "angles": [],
            "torsions": [],
            "impropers": [],
        }
        offset = 0
        for molecule in molecules:
            n = molecule["natoms"]
            for kind, terms in self.terms.items():
                terms += [([offset + i - 1 for i in term["atoms"]], term) for term in molecule[kind]]
            self.scale[offset : offset + n, offset : offset + n] = _pair_scales(molecule)
            offset += n

    def __call__(self, positions: np.ndarray, length: float) -> Result:
        """Evaluate whole molecules in a cubic box."""
        self.forces = np.zeros_like(positions)
        self.virial = np.zeros((3, 3))
        parts = {
            "bonds": self._bonds(positions),
            "angles": self._angles(positions),
            "torsions": self._dihedrals(positions, "torsions", _torsion),
            "impropers": self._dihedrals(positions, "impropers", _improper),
            **self._pairs(positions, length),
            "reciprocal": self._reciprocal(positions, length),
            "tail": self._tail(length),
        }
        energy = sum(parts.values())
        return Result(
            energy * KCAL_EV,
            self.forces * KCAL_EV,
            self.virial * KCAL_EV,
            {name: value * KCAL_EV for name, value in parts.items()},
        )

    def _add(self, atoms: np.ndarray, gradients: np.ndarray, positions: np.ndarray) -> None:
        """Forces and virial of terms with atoms (t, k) and dE/dr (t, k, 3)."""
        np.add.at(self.forces, atoms, -gradients)
        relative = positions[atoms] - positions[atoms[:, :1]]
        self.virial -= np.einsum("tka,tkb->ab", relative, gradients)

    def _bonds(self, x: np.ndarray) -> float:
        atoms, (k, r0) = self._columns("bonds", "k_kcal_A2", "r0_A")
        d = x[atoms[:, 1]] - x[atoms[:, 0]]
        r = np.linalg.norm(d, axis=1)
        g = (2 * k * (r - r0) / r)[:, None] * d
        self._add(atoms, np.stack([-g, g], axis=1), x)
        return float(np.sum(k * (r - r0) ** 2))

    def _angles(self, x: np.ndarray) -> float:
        atoms, (k, degrees) = self._columns("angles", "k_kcal_rad2", "theta0_deg")
        u, v = x[atoms[:, 0]] - x[atoms[:, 1]], x[atoms[:, 2]] - x[atoms[:, 1]]
        ru, rv = np.linalg.norm(u, axis=1)[:, None], np.linalg.norm(v, axis=1)[:, None]
        u, v = u / ru, v / rv
        cosine = np.sum(u * v, axis=1)[:, None]
        theta, sine = np.arccos(cosine), np.sqrt(1 - cosine**2)
        delta = theta - np.radians(degrees)[:, None]
        slope = 2 * k[:, None] * delta
        gu, gv = -slope * (v - cosine * u) / (sine * ru), -slope * (u - cosine * v) / (sine * rv)
        self._add(atoms, np.stack([gu, -gu - gv, gv], axis=1), x)
        return float(np.sum(k[:, None] * delta**2))

    def _dihedrals(self, x: np.ndarray, kind: str, function) -> float:
        """Blondel and Karplus, J. Comput. Chem. 17 (1996) 1132, eq. 27."""
        atoms = np.array([a for a, _ in self.terms[kind]])
        f, g, h = (x[atoms[:, i]] - x[atoms[:, j]] for i, j in ((0, 1), (1, 2), (3, 2)))
        a, b = np.cross(f, g), np.cross(h, g)
        g_norm = np.linalg.norm(g, axis=1)
        phi = np.arctan2(np.sum(np.cross(b, a) * g, axis=1) / g_norm, np.sum(a * b, axis=1))
        energies, slopes = np.array([function(p, term) for p, (_, term) in zip(phi, self.terms[kind], strict=True)]).T
        a = a / np.sum(a * a, axis=1)[:, None]
        b = b / np.sum(b * b, axis=1)[:, None]
        fg, hg = np.sum(f * g, axis=1) / g_norm, np.sum(h * g, axis=1) / g_norm
        di, dl = -g_norm[:, None] * a, g_norm[:, None] * b
        middle = fg[:, None] * a - hg[:, None] * b
        gradients = np.stack([di, -di + middle, -dl - middle, dl], axis=1) * slopes[:, None, None]
        self._add(atoms, gradients, x)
        return float(energies.sum())

    def _pairs(self, x: np.ndarray, length: float) -> dict[str, float]:
        """Lennard-Jones (switched; 1-4 plain) and the real-space Coulomb sum, minimum image."""
        i, j = np.triu_indices(len(x), 1)
        d = x[j] - x[i]
        d -= length * np.round(d / length)
        r = np.linalg.norm(d, axis=1)
        scale = self.scale[i, j]
        lj, lj_slope = self._lennard_jones(i, j, r)
        s, s_slope = self._switch(r)
        full = scale == 1.0
        lj_slope = np.where(full, lj_slope * s + lj * s_slope, scale * lj_slope)
        lj = np.where(full, lj * s, scale * lj)
        alpha = 2 * EWALD_ACCURACY / length
        near = np.where(r < length / 2, erfc(alpha * r), 0.0)
        weight = np.where(full, near, scale - erf(alpha * r))
        gauss = 2 * alpha / np.sqrt(np.pi) * np.exp(-((alpha * r) ** 2)) * (~full | (r < length / 2))
        qq = COULOMB * self.q[i] * self.q[j]
        slope = lj_slope - qq * (weight / r + gauss) / r
        g = (slope / r)[:, None] * d
        np.add.at(self.forces, i, g)
        np.add.at(self.forces, j, -g)
        self.virial -= np.einsum("pa,pb->ab", d, g)
        return {"lennard_jones": float(lj.sum()), "real": float((qq * weight / r).sum())}

    def _lennard_jones(self, i: np.ndarray, j: np.ndarray, r: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        epsilon, sigma = np.sqrt(self.epsilon[i] * self.epsilon[j]), np.sqrt(self.sigma[i] * self.sigma[j])
        sixth = (sigma / r) ** 6
        return 4 * epsilon * (sixth**2 - sixth), 4 * epsilon * (6 * sixth - 12 * sixth**2) / r

    def _switch(self, r: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        width = self.cutoff - self.start
        t = np.clip((r - self.start) / width, 0, 1)
        return 1 - 6 * t**5 + 15 * t**4 - 10 * t**3, (-30 * t**4 + 60 * t**3 - 30 * t**2) / width

    def _reciprocal(self, x: np.ndarray, length: float) -> float:
        """Ewald's reciprocal sum and self energy, half of the k vectors counted twice."""
        alpha = 2 * EWALD_ACCURACY / length
        n_max = int(np.ceil(2 * EWALD_ACCURACY**2 / np.pi)) + 1
        n = np.stack(np.meshgrid(*[np.arange(-n_max, n_max + 1)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
        squares = np.sum(n * n, axis=1)
        first = np.where(n[:, 0] != 0, n[:, 0], np.where(n[:, 1] != 0, n[:, 1], n[:, 2]))
        n = n[(first > 0) & (squares <= n_max**2)]
        energy = -COULOMB * alpha / np.sqrt(np.pi) * np.sum(self.q**2)
        for chunk in np.array_split(n, 1 + len(n) // 500):
            k = 2 * np.pi / length * chunk
            k2 = np.sum(k * k, axis=1)
            phases = self.q * np.exp(1j * (k @ x.T))
            structure = phases.sum(axis=1)
            weight = COULOMB * 4 * np.pi / length**3 * np.exp(-k2 / (4 * alpha**2)) / k2
            e = weight * np.abs(structure) ** 2
            energy += e.sum()
            self.forces += 2 * np.imag(np.conj(structure)[:, None] * phases * weight[:, None]).T @ k
            self.virial += e.sum() * np.eye(3) - np.einsum("k,ka,kb->ab", e * (2 / k2 + 0.5 / alpha**2), k, k)
        return float(energy)

    def _tail(self, length: float) -> float:
        """Mean field of what the cutoff and the switch took away."""
        r = np.concatenate([np.linspace(self.start, self.cutoff, 20001), np.geomspace(self.cutoff, 1e3, 20001)[1:]])
        epsilon, sigma = np.sqrt(np.outer(self.epsilon, self.epsilon)), np.sqrt(np.outer(self.sigma, self.sigma))
        missing = (1 - self._switch(r)[0]) * r**2
        twelve, six = (trapezoid(missing * r**-power, r) for power in (12.0, 6.0))
        six += 1e-9 / 3  # beyond 1000 Å
        energy = 2 * np.pi / length**3 * np.sum(4 * epsilon * (sigma**12 * twelve - sigma**6 * six))
        self.virial += energy * np.eye(3)
        return float(energy)

    def _columns(self, kind: str, *keys: str) -> tuple[np.ndarray, list[np.ndarray]]:
        terms = self.terms[kind]
        return np.array([a for a, _ in terms]), [np.array([t[key] for _, t in terms]) for key in keys]


def _torsion(phi: float, term: dict) -> tuple[float, float]:
    v1, v2, v3, v4 = (term[f"V{n}_kcal"] for n in (1, 2, 3, 4))
    energy = (
        v1 * (1 + np.cos(phi)) + v2 * (1 - np.cos(2 * phi)) + v3 * (1 + np.cos(3 * phi)) + v4 * (1 - np.cos(4 * phi))
    )
    slope = -v1 * np.sin(phi) + 2 * v2 * np.sin(2 * phi) - 3 * v3 * np.sin(3 * phi) + 4 * v4 * np.sin(4 * phi)
    return energy / 2, slope / 2


def _improper(phi: float, term: dict) -> tuple[float, float]:
    k, d, n = term["K_kcal"], term["d"], term["n"]
    return k * (1 + d * np.cos(n * phi)), -k * d * n * np.sin(n * phi)


def _pair_scales(molecule: dict) -> np.ndarray:
    """Scale of each pair from powers of the adjacency matrix."""
    n = molecule["natoms"]
    adjacency = np.eye(n, dtype=int)
    for bond in molecule["bonds"]:
        i, j = bond["atoms"][0] - 1, bond["atoms"][1] - 1
        adjacency[i, j] = adjacency[j, i] = 1
    within_two = np.linalg.matrix_power(adjacency, 2) > 0
    within_three = np.linalg.matrix_power(adjacency, 3) > 0
    return np.where(within_two, 0.0, np.where(within_three, 0.5, 1.0))
