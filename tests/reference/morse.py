"""Morse's potential between all atoms as ASE calculator, and its intermolecular energy by brute force."""

from __future__ import annotations

import itertools
from typing import ClassVar

import numpy as np
from ase.calculators.calculator import Calculator, all_changes
from ase.stress import full_3x3_to_voigt_6_stress

from ecemc import neighbor_list


def energy_and_slope(r, epsilon, cutoff):
    """Morse's potential times (1 - (r/cutoff)²)³, and its derivative."""
    decay = np.exp(-1.2 * (r - 3.5))
    morse, slope = epsilon * (decay**2 - 2.0 * decay), epsilon * -2.4 * (decay**2 - decay)
    inside = np.maximum(1.0 - (r / cutoff) ** 2, 0.0)
    return morse * inside**3, slope * inside**3 - morse * 6.0 * r / cutoff**2 * inside**2


class PairPotential(Calculator):
    """All atoms with all, bonded or not; counts what it is asked for."""

    implemented_properties = ("energy", "forces", "stress")
    default_parameters: ClassVar = {"epsilon": 0.004, "cutoff": 6.0}

    def __init__(self, **parameters):
        self.n_calls = 0
        super().__init__(**parameters)

    def calculate(self, atoms=None, properties=None, system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        self.n_calls += 1
        i, D, r = neighbor_list("iDd", self.atoms, self.parameters.cutoff)
        energy, slope = energy_and_slope(r, self.parameters.epsilon, self.parameters.cutoff)
        pull = (slope / r)[:, None] * D
        forces = np.zeros((len(self.atoms), 3))
        np.add.at(forces, i, pull)
        self.results = {"energy": 0.5 * energy.sum(), "forces": forces}
        if self.atoms.pbc.all():
            virial = -0.5 * D.T @ pull
            self.results["stress"] = full_3x3_to_voigt_6_stress(-virial / self.atoms.get_volume())


def energy_inter(positions, index, cell, epsilon=0.004, cutoff=6.0):
    """Sum over pairs of atoms of different molecules or of different images; molecules whole."""
    total = 0.0
    reach = range(-2, 3)
    for image in itertools.product(reach, reach, reach):
        D = positions[None] - positions[:, None] + np.array(image) @ cell
        r = np.linalg.norm(D, axis=2)
        counted = (r < cutoff) & ((index[:, None] != index[None]) | bool(any(image)))
        total += 0.5 * energy_and_slope(r[counted], epsilon, cutoff)[0].sum()
    return total
