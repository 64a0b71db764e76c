r"""The equations of motion and how one time step solves them.

One splitting serves all ensembles; each letter is an exactly solvable part, and the order is symmetric in time:

.. math:: B(\tfrac{\delta}{2})\; A(\tfrac{\delta}{2})\; C(\tfrac{\delta}{2})\; O(\delta)\;
   C(\tfrac{\delta}{2})\; A(\tfrac{\delta}{2})\; B(\tfrac{\delta}{2})

- *B*, kick: :math:`\dot{\mathbf p}_i = \mathbf f_i`, and of the barostat
  :math:`M\dot\eta = \mathrm{tr}\,\mathsf W - 3PV` with the virial :math:`\mathsf W`;
- *A*, drift: :math:`\dot{\mathbf r}_i = \mathbf p_i/m_i + \eta(\mathbf r_i - \mathbf R)`,
  :math:`\dot{\mathsf h} = \eta\mathsf h`;
- *C*, coupling: :math:`\dot{\mathbf p}_i = -\alpha\eta\mathbf p_i`, :math:`M\dot\eta = 2\alpha K`,
  :math:`\alpha = 1 + 3/N_f`;
- *O*, thermostat: Langevin (Ornstein-Uhlenbeck) or stochastic velocity rescaling of all momenta, and Langevin of η.

Without barostat and thermostat this is velocity Verlet; with Langevin it is BAOAB (Leimkuhler and Matthews, Appl. Math.
Res. Express 2013, 34), with rescaling that of Bussi, Donadio and Parrinello (J. Chem. Phys. 126, 014101, 2007); the
barostat is that of Martyna, Tobias and Klein (J. Chem. Phys. 101, 4177, 1994) with a stochastic thermostat of its own.
"""

from __future__ import annotations

__all__ = ["Integrator"]

import math
from typing import TYPE_CHECKING

import numpy as np
from ase import units

from ecemc.md.state import Moment, degrees_of_freedom, kinetic_energy
from ecemc.units import BOLTZMANN, EV_PER_A3_TO_BAR

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from ecemc.md.options import MDOptions
    from ecemc.md.state import Acting, State

#: Friction of the barostat times tau_p: near critical damping for the compressibility of a liquid.
_DAMPING = 2.0


class Integrator:
    """Advances a state step by step.

    Parameters
    ----------
    options
        Ensemble, temperature, pressure, time step, relaxation times.
    masses
        (n,) amu.
    forces
        What acts on a state.
    random
        All random numbers come from here.
    """

    def __init__(
        self,
        options: MDOptions,
        masses: NDArray[np.float64],
        forces: Callable[[State], Acting],
        random: np.random.Generator,
    ) -> None:
        self._options, self._forces, self._random = options, forces, random
        self._masses = masses
        self._column = masses[:, None]
        self._share = self._column / masses.sum()
        self._dt = options.timestep * units.fs
        self._freedom = degrees_of_freedom(len(masses))
        self._alpha = 1.0 + 3.0 / self._freedom
        self._barostat = options.ensemble == "npt"
        self._pressure = options.pressure / EV_PER_A3_TO_BAR
        # M: so that the strain rate has the thermal velocity of 1/tau_p.
        self._inertia = (self._freedom + 3) * BOLTZMANN * options.temperature * (options.tau_p * units.fs) ** 2

    def step(self, state: State, acting: Acting) -> Acting:
        """Advance a state, in place, by one time step; give what acts on it then."""
        half = 0.5 * self._dt
        center = self._share.T @ state.positions if self._barostat else None
        self._kick(state, acting, half)
        self._drift(state, half, center)
        if self._options.ensemble != "nve":
            self._couple(state, half)
            self._thermostat(state)
            self._couple(state, half)
        self._drift(state, half, center)
        acting = self._forces(state)
        self._kick(state, acting, half)
        state.step += 1
        return acting

    def moment(self, state: State, acting: Acting) -> Moment:
        r"""Evaluate a state.

        Temperature and pressure take the kinetic energy of the half steps around,
        :math:`K + \tfrac{\delta^2}{8}\sum_i |\mathbf f_i|^2/m_i`. That of whole steps is too small by the part
        :math:`(\omega\delta)^2/4` for a vibration of frequency ω, 2 % for X-H bonds at 0.5 fs; for harmonic vibrations
        the mean over the half steps is exact.
        """
        kinetic = kinetic_energy(state.momenta, self._masses)
        thermal = kinetic + 0.25 * self._dt**2 * kinetic_energy(acting.forces, self._masses)
        pressure = math.nan
        if acting.virial is not None:
            pressure = (2.0 * thermal + float(np.trace(acting.virial))) / (3.0 * state.volume)
        conserved = acting.energy + kinetic - state.heat
        if self._barostat:
            conserved += self._pressure * state.volume + self._barostat_energy(state)
        return Moment(state, acting, kinetic, 2.0 * thermal / (self._freedom * BOLTZMANN), pressure, conserved)

    def _barostat_energy(self, state: State) -> float:
        return 0.5 * self._inertia * state.strain_rate**2

    def _kick(self, state: State, acting: Acting, time: float) -> None:
        state.momenta += time * acting.forces
        if self._barostat and acting.virial is not None:
            push = float(np.trace(acting.virial)) - 3.0 * self._pressure * state.volume
            state.strain_rate += time * push / self._inertia

    def _drift(self, state: State, time: float, center: NDArray[np.float64] | None) -> None:
        if center is None:
            state.positions += state.momenta * (time / self._column)
            return
        x = 0.5 * state.strain_rate * time
        grown, moved = math.exp(2.0 * x), time * math.exp(x) * (math.sinh(x) / x if x else 1.0)
        state.positions = center + grown * (state.positions - center) + moved * state.momenta / self._column
        state.cell = grown * state.cell

    def _couple(self, state: State, time: float) -> None:
        """Kinetic pressure on the barostat and its drag on the atoms, in symmetric order."""
        if not self._barostat:
            return
        drag = 0.5 * time * self._alpha
        state.momenta *= math.exp(-drag * state.strain_rate)
        state.strain_rate += time * 2.0 * self._alpha * kinetic_energy(state.momenta, self._masses) / self._inertia
        state.momenta *= math.exp(-drag * state.strain_rate)

    def _thermostat(self, state: State) -> None:
        """Exchange heat; the target is that of the middle of the step."""
        kt = BOLTZMANN * self._options.target(state.step + 0.5)
        before = kinetic_energy(state.momenta, self._masses)
        exchange = self._rescale if self._options.thermostat == "bussi" else self._langevin
        exchange(state, kt)
        state.heat += kinetic_energy(state.momenta, self._masses) - before
        if self._barostat:
            before = self._barostat_energy(state)
            keep = math.exp(-_DAMPING * self._options.timestep / self._options.tau_p)
            noise = math.sqrt((1.0 - keep * keep) * kt / self._inertia) * self._random.standard_normal()
            state.strain_rate = keep * state.strain_rate + noise
            state.heat += self._barostat_energy(state) - before

    def _langevin(self, state: State, kt: float) -> None:
        keep = math.exp(-self._options.timestep / self._options.tau_t)
        noise = self._random.standard_normal(state.momenta.shape)
        noise *= np.sqrt((1.0 - keep * keep) * kt * self._column)
        noise -= self._share * noise.sum(axis=0)  # the centre of mass stays at rest
        state.momenta *= keep
        state.momenta += noise

    def _rescale(self, state: State, kt: float) -> None:
        """Exact solution of the stochastic equation of the kinetic energy, eq. A7 of Bussi, Donadio and Parrinello."""
        kinetic = kinetic_energy(state.momenta, self._masses)
        keep = math.exp(-self._options.timestep / self._options.tau_t)
        first = self._random.standard_normal()
        others = self._random.chisquare(self._freedom - 1)
        share = (1.0 - keep) * 0.5 * kt
        after = keep * kinetic + share * (first**2 + others) + 2.0 * first * math.sqrt(keep * share * kinetic)
        if kinetic > 0.0:
            state.momenta *= math.sqrt(after / kinetic)
