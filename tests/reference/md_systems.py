"""Fast, smooth calculators with known thermodynamics, for tests of molecular dynamics."""

from __future__ import annotations

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes
from ase.stress import full_3x3_to_voigt_6_stress

from ecemc.units import AMU_PER_A3_TO_G_PER_CM3, BOLTZMANN, EV_PER_A3_TO_BAR


class IdealGas(Calculator):
    """Nothing acts on anything."""

    implemented_properties = ("energy", "forces", "stress")

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        self.results = {"energy": 0.0, "forces": np.zeros((len(atoms), 3)), "stress": np.zeros(6)}


class SoftMolecules(Calculator):
    """Springs along `bonds` (i, j, length); between atoms that are not bonded ε(1 − r²/range²)³, in a cubic cell."""

    implemented_properties = ("energy", "forces", "stress")

    def __init__(self, bonds=(), *, spring=30.0, height=0.3, reach=2.6, excluded=()):
        super().__init__()
        self.bonds = [np.array(column) for column in zip(*bonds, strict=True)] if bonds else None
        self.spring, self.height, self.reach = spring, height, reach
        self.excluded = {tuple(sorted(pair)) for pair in excluded}
        self._pairs = None

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        if self._pairs is None:
            i, j = np.triu_indices(len(atoms), 1)
            keep = [(a, b) not in self.excluded for a, b in zip(i.tolist(), j.tolist(), strict=True)]
            self._pairs = i[keep], j[keep]
        length = atoms.cell[0, 0]
        i, j = self._pairs
        D = vectors(atoms.positions, i, j, length)
        rest = np.maximum(1.0 - np.einsum("ij,ij->i", D, D) / self.reach**2, 0.0)
        energy = self.height * float((rest**3).sum())
        pulls = (6.0 * self.height / self.reach**2 * rest**2)[:, None] * D  # on j
        pairs = [(i, j, D, pulls)]
        if self.bonds is not None:
            i, j, rest_length = self.bonds
            D = vectors(atoms.positions, i, j, length)
            d = np.linalg.norm(D, axis=1)
            energy += 0.5 * self.spring * float(((d - rest_length) ** 2).sum())
            pairs.append((i, j, D, (-self.spring * (d - rest_length) / d)[:, None] * D))
        forces, virial = np.zeros((len(atoms), 3)), np.zeros((3, 3))
        for i, j, D, pulls in pairs:
            for axis in range(3):
                forces[:, axis] += np.bincount(j, pulls[:, axis], len(forces))
                forces[:, axis] -= np.bincount(i, pulls[:, axis], len(forces))
            virial += D.T @ pulls
        stress = full_3x3_to_voigt_6_stress(-virial / length**3)
        self.results = {"energy": energy, "forces": forces, "stress": stress}


def vectors(positions, i, j, length):
    """Shortest vectors from i to j."""
    D = positions[j] - positions[i]
    return D - length * np.round(D / length)


def soft_spheres(n=3, spacing=2.2):
    """Cubic lattice of n³ neon atoms, and their calculator."""
    grid = np.stack(np.meshgrid(*[np.arange(n)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    return Atoms("Ne" * n**3, spacing * (grid + 0.1), cell=[n * spacing] * 3, pbc=True), SoftMolecules()


def soft_water(n=2, spacing=3.3):
    """n³ bent molecules of three atoms, all three distances sprung, and their calculator."""
    grid = np.stack(np.meshgrid(*[np.arange(n)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    one = np.array([[0.0, 0.0, 0.0], [0.96, 0.0, 0.0], [-0.24, 0.93, 0.0]])
    positions = np.concatenate([spacing * (place + 0.3) + one for place in grid])
    atoms = Atoms("OHH" * len(grid), positions, cell=[n * spacing] * 3, pbc=True)
    lengths = {(a, b): float(np.linalg.norm(one[a] - one[b])) for a, b in ((0, 1), (0, 2), (1, 2))}
    bonds = [(3 * k + a, 3 * k + b, d) for k in range(len(grid)) for (a, b), d in lengths.items()]
    return atoms, SoftMolecules(bonds, excluded=[bond[:2] for bond in bonds])


def thermal_pressure(n, temperature, volume):
    """N k T / V, bar."""
    return n * BOLTZMANN * temperature / volume * EV_PER_A3_TO_BAR


def density(atoms):
    """g/cm³."""
    return atoms.get_masses().sum() * AMU_PER_A3_TO_G_PER_CM3 / atoms.get_volume()
