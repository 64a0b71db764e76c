"""Settings of a molecular-dynamics run."""

from __future__ import annotations

__all__ = ["PACKED_STEPS", "MDOptions"]

import math
from dataclasses import dataclass
from typing import Literal, get_args

from ecemc.errors import InputError

_Ensemble = Literal["nve", "nvt", "npt"]
_Thermostat = Literal["bussi", "langevin"]
_Velocities = Literal["draw", "keep"]

#: Steps of minimisation that take the contacts out of a packed box.
PACKED_STEPS = 200
#: fs: shorter steps are a slip of the unit, longer ones integrate no atom of a molecule.
_TIMESTEPS = (0.02, 5.0)
#: K.
_TEMPERATURES = (1.0, 10_000.0)
#: bar: what lies outside is most likely in Pa.
_PRESSURES = (-10_000.0, 50_000.0)


@dataclass(frozen=True)
class MDOptions:
    """Settings of a run; times in fs.

    Attributes
    ----------
    ensemble
        ``"nve"``, ``"nvt"`` or ``"npt"``.
    temperature
        K. Without a thermostat that of the drawn velocities.
    temperature_end
        K, if given the target goes there linearly over `time`.
    pressure
        bar, for ``"npt"``.
    time
        Length of the run; a multiple of `timestep`, as all intervals are.
    timestep
        0.5 fs is safe for X-H bonds at any temperature, 1 fs at 300 K.
    seed
        Of velocities, thermostat and barostat.
    thermostat
        ``"bussi"``: stochastic velocity rescaling, which leaves diffusion and viscosity as they are.
        ``"langevin"``: each atom by itself, best for a start far from equilibrium; diffusion is slower.
    tau_t
        Relaxation time of the thermostat.
    tau_p
        Time scale of the barostat: a cell of liquid oscillates with about twice this period, and is damped within it.
    frame_interval, thermo_interval, checkpoint_interval
        Time between frames, between rows of the log, and between checkpoints: no more than this is lost when the run
        is killed.
    velocities
        ``"draw"``: Maxwell-Boltzmann. ``"keep"``: those of the start.
    minimize
        Largest number of steps of energy minimisation before the run, at constant cell: for packed boxes.

    Examples
    --------
    >>> options = MDOptions(ensemble="npt", temperature=400.0, time=10_000.0)
    >>> options.n_steps, options.pressure
    (20000, 1.01325)
    """

    ensemble: _Ensemble = "nvt"
    temperature: float = 300.0
    temperature_end: float | None = None
    pressure: float = 1.01325
    time: float = 10_000.0
    timestep: float = 0.5
    seed: int = 1
    thermostat: _Thermostat = "bussi"
    tau_t: float = 100.0
    tau_p: float = 500.0
    frame_interval: float = 50.0
    thermo_interval: float = 10.0
    checkpoint_interval: float = 500.0
    velocities: _Velocities = "draw"
    minimize: int = 0

    def __post_init__(self) -> None:
        """Refuse settings outside their domain, and units that look wrong."""
        for name, kinds in (("ensemble", _Ensemble), ("thermostat", _Thermostat), ("velocities", _Velocities)):
            if getattr(self, name) not in get_args(kinds):
                raise InputError(f"{name}: got {getattr(self, name)!r}, expected one of {', '.join(get_args(kinds))}")
        self._check_conditions()
        low, high = _TIMESTEPS
        if not low <= self.timestep <= high:
            raise InputError(
                f"timestep: got {self.timestep:g} fs, expected {low:g} to {high:g} fs (0.5 fs suits molecules with "
                "hydrogen); is the unit fs?"
            )
        for name in ("tau_t", "tau_p"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 10.0 * self.timestep):
                raise InputError(f"{name}: got {value:g} fs, expected at least ten time steps")
        for name in ("time", "frame_interval", "thermo_interval", "checkpoint_interval"):
            _steps(name, getattr(self, name), self.timestep)
        for name in ("seed", "minimize"):
            if getattr(self, name) < 0:
                raise InputError(f"{name}: got {getattr(self, name)}, expected a whole number >= 0")

    def _check_conditions(self) -> None:
        """Temperatures and pressure."""
        low, high = _TEMPERATURES
        for name in ("temperature", "temperature_end"):
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                raise InputError(f"{name}: got {value:g} K, expected {low:g} to {high:g} K")
        if self.ensemble == "nve" and self.temperature_end is not None:
            raise InputError(
                "temperature_end: nve has no thermostat that could change the temperature; take nvt or npt"
            )
        low, high = _PRESSURES
        if not low <= self.pressure <= high:
            hint = f"; {self.pressure:g} Pa would be {self.pressure * 1e-5:g} bar" if self.pressure > high else ""
            raise InputError(f"pressure: got {self.pressure:g} bar, expected {low:g} to {high:g} bar{hint}")

    @property
    def n_steps(self) -> int:
        """Steps of the whole run."""
        return round(self.time / self.timestep)

    @property
    def steps_per_frame(self) -> int:
        """Steps between frames."""
        return round(self.frame_interval / self.timestep)

    @property
    def steps_per_row(self) -> int:
        """Steps between rows of the log."""
        return round(self.thermo_interval / self.timestep)

    @property
    def steps_per_segment(self) -> int:
        """Steps between checkpoints."""
        return round(self.checkpoint_interval / self.timestep)

    def target(self, step: float) -> float:
        """Target temperature, K, at a step.

        Examples
        --------
        >>> MDOptions(temperature=300.0, temperature_end=400.0, time=100.0, timestep=1.0).target(25)
        325.0
        """
        if self.temperature_end is None:
            return self.temperature
        part = min(step / self.n_steps, 1.0)
        return self.temperature + part * (self.temperature_end - self.temperature)


def _steps(name: str, value: float, timestep: float) -> None:
    """Refuse a time that is no whole number of steps."""
    count = round(value / timestep) if math.isfinite(value) else 0
    if count < 1 or abs(value - count * timestep) > 1e-6 * timestep:
        nearest = max(count, 1) * timestep
        raise InputError(
            f"{name}: got {value:g} fs, expected a multiple of the time step of {timestep:g} fs, such as {nearest:g} fs"
        )
