"""The state of a run, and the forces that act on it."""

from __future__ import annotations

__all__ = ["Acting", "ForceField", "Moment", "State", "degrees_of_freedom", "kinetic_energy"]

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from ase.stress import voigt_6_to_full_3x3_stress

from ecemc.errors import CalculationError, EcemcError
from ecemc.evaluation.single_point import ask
from ecemc.frames import without_labels

if TYPE_CHECKING:
    from ase import Atoms
    from numpy.typing import NDArray

    from ecemc.methods import Method


@dataclass
class State:
    """What a run goes on from: all that changes, and nothing that follows from it.

    Attributes
    ----------
    positions, momenta
        (n, 3), Å and ASE's unit; positions are not wrapped into the cell.
    cell
        (3, 3) Å.
    strain_rate
        Of each cell vector, per ASE's unit of time: the velocity of the barostat.
    heat
        eV that thermostat and barostat have given so far.
    step
        Number of steps done.
    """

    positions: NDArray[np.float64]
    momenta: NDArray[np.float64]
    cell: NDArray[np.float64]
    strain_rate: float = 0.0
    heat: float = 0.0
    step: int = 0

    @property
    def volume(self) -> float:
        """Å³; 0 without a cell."""
        (a, b, c), (d, e, f), (g, h, i) = self.cell.tolist()  # NumPy's determinant takes ten times as long
        return float(abs(a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)))


@dataclass(frozen=True, eq=False)
class Acting:
    """What acts on a configuration.

    Attributes
    ----------
    energy
        Potential energy, eV.
    forces
        (n, 3) eV/Å; their sum is taken off, each atom bearing its share by mass.
    virial
        (3, 3) eV, W = −stress·V, potential part; None if the calculator has no stress.
    """

    energy: float
    forces: NDArray[np.float64]
    virial: NDArray[np.float64] | None


@dataclass(frozen=True, eq=False)
class Moment:
    """What is known of a state.

    Attributes
    ----------
    state, acting
        The state, and what acts on it.
    kinetic
        Kinetic energy of the momenta, eV.
    temperature
        K, see :meth:`ecemc.md.integrator.Integrator.moment`.
    pressure
        eV/Å³, with its kinetic part; NaN if the calculator has no stress.
    conserved
        Energy that the exact dynamics conserves, eV.
    """

    state: State
    acting: Acting
    kinetic: float
    temperature: float
    pressure: float
    conserved: float


class ForceField:
    """A calculator as a function of positions and cell.

    Parameters
    ----------
    atoms
        Elements and periodicity; not modified.
    method
        What computes.

    Attributes
    ----------
    calculator
        Made by the method.
    has_stress : bool
        Whether it gives a stress for this periodicity, as far as is known.

    Raises
    ------
    CalculationError
        On evaluation, if the calculator fails, or gives no energy or forces, or none that are finite.
    """

    def __init__(self, atoms: Atoms, method: Method) -> None:
        self._method = method
        self.calculator = method.make()
        self._atoms = _bare(atoms)
        masses = atoms.get_masses()
        self._share = (masses / masses.sum())[:, None]
        known = getattr(self.calculator, "implemented_properties", ("energy", "forces", "stress"))
        self.has_stress = "stress" in known and bool(atoms.pbc.all())

    def refresh(self) -> None:
        """Forget everything about earlier configurations, so that results do not depend on them."""
        if hasattr(self.calculator, "reset"):
            self.calculator.reset()
        else:
            self.calculator = self._method.make()

    def __call__(self, state: State) -> Acting:
        """Evaluate a state."""
        frame = self._atoms
        frame.arrays["positions"] = state.positions.copy()  # some calculators keep what they are given
        changes = ["positions"]
        if not np.array_equal(frame.cell.array, state.cell):
            frame.cell[:] = state.cell
            changes.append("cell")
        name = type(self.calculator).__name__
        try:
            results = self._results(frame, changes)
        except EcemcError:
            raise
        except Exception as error:
            raise CalculationError(f"{name}: {type(error).__name__}: {error}") from error
        energy = results.get("free_energy", results.get("energy"))
        forces = results.get("forces")
        if energy is None or forces is None:
            raise CalculationError(f"{name}: gives no {'energy' if energy is None else 'forces'}")
        forces = np.array(forces, dtype=np.float64)
        net = forces.sum(axis=0)
        if not math.isfinite(energy + float(net.sum())):
            raise CalculationError(f"{name}: its energy or forces are not finite")
        forces -= self._share * net
        return Acting(float(energy), forces, self._virial(results.get("stress"), state))

    def _results(self, frame: Atoms, changes: list[str]) -> dict[str, Any]:
        """Ask a calculator that may remember what it likes of the configuration before."""
        wanted = ["energy", "forces", "stress"] if self.has_stress else ["energy", "forces"]
        found = ask(self.calculator, frame, wanted, changes)
        self.has_stress = "stress" in found
        return found

    def _virial(self, stress: Any, state: State) -> NDArray[np.float64] | None:
        if stress is None or not self.has_stress:
            return None
        full = voigt_6_to_full_3x3_stress(stress) if np.shape(stress) == (6,) else np.asarray(stress)
        virial = np.asarray(-state.volume * full, dtype=np.float64)
        if not np.isfinite(virial).all():
            raise CalculationError(f"{type(self.calculator).__name__}: its stress is not finite")
        return virial


def degrees_of_freedom(n_atoms: int) -> int:
    """3 n − 3: the centre of mass is at rest."""
    return 3 * n_atoms - 3


def kinetic_energy(momenta: NDArray[np.float64], masses: NDArray[np.float64]) -> float:
    """Kinetic energy, eV.

    Examples
    --------
    >>> kinetic_energy(np.ones((2, 3)), np.array([1.0, 2.0]))
    2.25
    """
    return 0.5 * float(np.vdot(momenta, momenta / masses[:, None]))


def _bare(atoms: Atoms) -> Atoms:
    """Keep what a calculator may depend on: numbers, charges and the like; constraints and labels go."""
    frame = without_labels(atoms)
    frame.set_constraint()
    frame.calc = None
    frame.arrays.pop("momenta", None)
    return frame
