"""Tiny labelled sets, and parameters with which gap_fit takes less than a second for them."""

from __future__ import annotations

import numpy as np
from ase import Atoms
from ase.calculators.emt import EMT

from ecemc.gap import Distance2b, FitParams, Sigmas, Soap, SoapTurbo
from ecemc.keys import ISOLATED_ATOM, LIQUID
from ecemc.labels import Labels, with_labels
from ecemc.testing import liquid

SIGMAS = Sigmas(energy=0.002, forces=0.1, virial=0.02)
SOAP = Soap(cutoff=3.0, cutoff_transition_width=0.5, n_max=3, l_max=2, atom_sigma=0.5, delta=1.0, n_sparse=15)
TURBO = SoapTurbo(
    rcut_hard=3.0, rcut_soft=2.5, alpha_max=4, l_max=2, atom_sigma_r=0.4, atom_sigma_t=0.4, delta=1.0, n_sparse=15
)
LONG = SoapTurbo(
    rcut_hard=4.5, rcut_soft=3.75, alpha_max=4, l_max=2, atom_sigma_r=0.6, atom_sigma_t=0.6, delta=0.3, n_sparse=15
)
PAIR = Distance2b(cutoff=3.0, delta=1.0, n_sparse=6)

PARAMS = {
    "soap": FitParams(descriptors=(SOAP,), sigmas=SIGMAS),
    "soap_turbo": FitParams(descriptors=(TURBO, LONG), sigmas=SIGMAS),
    "distance_2b": FitParams(descriptors=(PAIR, SOAP), sigmas=SIGMAS),
}


def labelled(atoms: Atoms, config_type: str = LIQUID) -> Atoms:
    """Energy, forces and, in a periodic cell, virial of ASE's effective medium theory; any smooth energy would do."""
    atoms = atoms.copy()
    atoms.calc = EMT()
    virial = -atoms.get_volume() * atoms.get_stress(voigt=False) if atoms.pbc.all() else None
    labels = Labels(atoms.get_potential_energy(), atoms.get_forces(), virial)
    atoms.calc = None
    atoms.info = {"config_type": config_type}
    return with_labels(atoms, labels)


def free_atom(symbol: str) -> Atoms:
    """One atom in an empty box, without virial."""
    atoms = labelled(Atoms(symbol), ISOLATED_ATOM)
    atoms.cell = [20.0] * 3
    atoms.pbc = True
    return atoms


def water(n_frames: int = 3, n_water: int = 4, seed: int = 0) -> list[Atoms]:
    """Shaken boxes of a few water molecules."""
    rng = np.random.default_rng(seed)
    start = liquid(0, 0, 0.5, n_water=n_water, seed=seed)
    frames = []
    for _ in range(n_frames):
        frame = start.copy()
        frame.positions += rng.normal(scale=0.05, size=(len(frame), 3))
        frames.append(labelled(frame))
    return frames


def training_set(n_frames: int = 3) -> list[Atoms]:
    """Free atoms and boxes of water."""
    return [free_atom("H"), free_atom("O"), *water(n_frames)]
