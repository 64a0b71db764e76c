"""What is written and shown of a state."""

from __future__ import annotations

__all__ = ["Observer"]

import math
from typing import TYPE_CHECKING, Any

from ase import units as ase_units
from ase.calculators.singlepoint import SinglePointCalculator
from ase.data import atomic_masses
from ase.stress import full_3x3_to_voigt_6_stress

from ecemc import _core, keys
from ecemc.composition import format_composition
from ecemc.frames import batch, without_labels
from ecemc.md.files import thermo_row
from ecemc.units import AMU_PER_A3_TO_G_PER_CM3, EV_PER_A3_TO_BAR

if TYPE_CHECKING:
    from ase import Atoms

    from ecemc.md.options import MDOptions
    from ecemc.md.state import Moment, State
    from ecemc.molecules import Molecules

_MOMENTUM = 1.0 / ase_units.fs


class Observer:
    """Turns states into frames, rows and numbers.

    Parameters
    ----------
    atoms
        The start.
    options
        Of the run.
    molecules
        Of the start.
    """

    def __init__(self, atoms: Atoms, options: MDOptions, molecules: Molecules) -> None:
        self._options = options
        self._mass = float(atoms.get_masses().sum())
        self._template = without_labels(atoms)
        self._template.calc = None
        kept = {keys.CONFIG_TYPE} & set(self._template.info)
        self._template.info = {key: self._template.info[key] for key in kept}
        self.composition = format_composition(molecules.composition)

    def row(self, now: Moment) -> bytes:
        """Row of the log."""
        state = now.state
        return thermo_row(
            [
                state.step,
                state.step * self._options.timestep,
                now.acting.energy,
                now.kinetic,
                now.conserved,
                now.temperature,
                now.pressure * EV_PER_A3_TO_BAR,
                state.volume,
                self.density(state),
            ]
        )

    def frame(self, now: Moment) -> bytes:
        """Frame as extended XYZ."""
        state, acting = now.state, now.acting
        atoms = self.atoms(state)
        atoms.set_momenta(state.momenta)
        atoms.info |= {
            keys.TIME: state.step * self._options.timestep,
            keys.STEP: state.step,
            keys.TEMPERATURE: now.temperature,
            keys.SEED: self._options.seed,
            keys.COMPOSITION: self.composition,
        }
        if self._options.ensemble != "nve":
            atoms.info[keys.TEMPERATURE_TARGET] = self._options.target(state.step)
        if state.volume:
            atoms.info[keys.DENSITY] = self.density(state)
        results: dict[str, Any] = {"energy": acting.energy}
        if acting.virial is not None:
            results["stress"] = full_3x3_to_voigt_6_stress(-acting.virial / state.volume)
        atoms.calc = SinglePointCalculator(atoms, **results)
        return bytes(_core.format_extxyz(batch([atoms]), atomic_masses, _MOMENTUM, 1))

    def density(self, state: State) -> float:
        """g/cm³; NaN without a cell."""
        volume = state.volume
        return self._mass * AMU_PER_A3_TO_G_PER_CM3 / volume if volume else math.nan

    def atoms(self, state: State) -> Atoms:
        """Positions and cell."""
        atoms: Atoms = self._template.copy()
        atoms.arrays["positions"] = state.positions.copy()
        atoms.cell[:] = state.cell
        return atoms
