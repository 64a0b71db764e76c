"""A sum over pairs of atoms, periodic images included, as ASE calculator; and its intermolecular part, pair by pair."""

from __future__ import annotations

import numpy as np
from ase.calculators.calculator import Calculator, all_changes
from ase.neighborlist import neighbor_list
from ase.stress import full_3x3_to_voigt_6_stress


class PairPotential(Calculator):
    """u(d) = (1 − d/cutoff)⁴ · scale between all atoms: smooth, and zero with all its derivatives that matter."""

    implemented_properties = ("energy", "forces", "stress")

    def __init__(self, cutoff=4.0, scale=1.0, only=None):
        super().__init__()
        self.cutoff, self.scale, self.only = cutoff, scale, only

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        i, j, D, d, S = neighbor_list("ijDdS", atoms, self.cutoff)
        if self.only is not None:
            keep = self.only(i, j, S)
            i, j, D, d = i[keep], j[keep], D[keep], d[keep]
        rest = 1.0 - d / self.cutoff
        # Each pair is listed twice; the force on i points along −D where u falls with d.
        slope = -4.0 * self.scale * rest**3 / self.cutoff
        pull = (slope / d)[:, None] * D
        forces = np.zeros((len(atoms), 3))
        np.add.at(forces, i, pull)
        self.results = {"energy": 0.5 * self.scale * float(np.sum(rest**4)), "forces": forces}
        self.virial = -0.5 * D.T @ pull
        if atoms.pbc.all():
            self.results["stress"] = full_3x3_to_voigt_6_stress(-self.virial / atoms.get_volume())


def between_molecules(molecules, *, own_images=True):
    """Choose the pairs of atoms in different molecules; those with periodic images of the own one count or not."""

    def only(i, j, S):
        same = molecules.index[i] == molecules.index[j]
        if own_images:
            same &= np.all(molecules.image[j] - molecules.image[i] == S, axis=1)
        return ~same

    return only
