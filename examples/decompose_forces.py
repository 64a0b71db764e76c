"""Where is a force error? Translation, rotation and vibration tell; the total does not.

The reference is OPLS-AA, the "model" the same force field without the dispersion beyond 4 Å: a caricature of a
descriptor with a short cutoff. Any two ASE calculators can take their places. Needs the extra ``sample``.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from ase.calculators.calculator import Calculator, all_changes

import ecemc
from ecemc.sampling import Labeller, OplsOptions, SampleOptions, opls_liquid, sample


class Opls(Calculator):
    """OPLS-AA of a given composition as an ASE calculator."""

    implemented_properties: ClassVar = ["energy", "forces"]

    def __init__(self, composition: str, cutoff: float) -> None:
        super().__init__()
        liquid = opls_liquid(composition, density=1.0, options=OplsOptions(cutoff=cutoff))
        self.labeller = Labeller(liquid.system)

    def calculate(self, atoms: Any = None, properties: Any = None, system_changes: Any = all_changes) -> None:
        """Energy in eV, forces in eV/Å."""
        super().calculate(atoms, properties, system_changes)
        labels = self.labeller(self.atoms.positions, self.atoms.cell.array)
        self.results = {"energy": labels.energy, "forces": labels.forces}


def rms(values: np.ndarray) -> float:
    """Root mean square over all components, in meV/Å."""
    return 1000.0 * float(np.sqrt(np.mean(values**2)))


COMPOSITION = "4EC:8EMC"
PARTS = ("translational", "rotational", "vibrational")

# A few frames of a small liquid, as `ecemc sample` makes them; 1.5 ps are enough to show the point.
liquid = opls_liquid(COMPOSITION, density=1.0, seed=1, options=OplsOptions(cutoff=5.5))
options = SampleOptions(temperature=400.0, time=500.0, equilibration=1000.0, frame_interval=100.0, seed=1)
with tempfile.TemporaryDirectory() as folder:
    frames = ecemc.read(sample(liquid, Path(folder) / "liquid.extxyz", options).path)

model = Opls(COMPOSITION, cutoff=4.0)
reference, error = {part: [] for part in PARTS}, {part: [] for part in PARTS}
total_reference, total_error = [], []
for frame in frames:
    forces = frame.arrays["REF_forces"]
    difference = model.get_forces(frame) - forces
    total_reference.append(forces)
    total_error.append(difference)
    # The decomposition is linear: the parts of the difference are the differences of the parts.
    for found, given in ((reference, forces), (error, difference)):
        parts = ecemc.decompose_forces(frame, given)
        for part in PARTS:
            found[part].append(getattr(parts, part))

print(f"{'part':14s} {'reference':>10s} {'error':>8s}  rms in meV/Å")
rows = [(part, reference[part], error[part]) for part in PARTS] + [("total", total_reference, total_error)]
for name, expected, wrong in rows:
    a, b = rms(np.array(expected)), rms(np.array(wrong))
    print(f"{name:14s} {a:10.1f} {b:8.1f}  {b / a:6.1%}")
