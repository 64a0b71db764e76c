"""What is watched while a run goes on, and when it is stopped."""

from __future__ import annotations

__all__ = ["Instant", "Monitors", "Stop", "Watch"]

import math
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np
from ase.data import covalent_radii

from ecemc.analysis.voids import FAIL_RATIO
from ecemc.errors import InputError
from ecemc.molecules import Molecules, find_molecules
from ecemc.neighbors import neighbor_list
from ecemc.units import AMU_PER_A3_TO_G_PER_CM3
from ecemc.voids import largest_hole

if TYPE_CHECKING:
    from ase import Atoms

    from ecemc.md.options import MDOptions

#: Fewer molecules are no liquid that could have a bubble.
_LIQUID = 8
#: Standard deviations of the kinetic temperature that are never a runaway: it fluctuates much in small systems.
_SIGMAS = 8.0
#: Relaxation times of the thermostat after which a start that was hot, or tense, has cooled down.
_SETTLED = 5.0


@dataclass(frozen=True)
class Monitors:
    """What stops a run; None switches a monitor off.

    Attributes
    ----------
    interval
        fs between two checks; all together take half a millisecond for 160 atoms.
    keep
        Configurations of the last checks that go to ``OUT.stopped.extxyz`` when a run is stopped.
    density
        Lowest and highest density, relative to that of the start; at constant pressure only.
    bubble
        Largest empty sphere, in molecular spacings (cube root of the volume per molecule), for 8 molecules or more.
    bonds
        Checks in a row at which the bonds are not those of the start: one alone may be a hot vibration.
    temperature
        Highest kinetic temperature, relative to the target; not judged while the thermostat settles, the first 5 tau_t.
    energy
        eV per atom by which the conserved energy may change between two checkpoints.
    contact
        Smallest distance of two atoms, in sums of their covalent radii.

    Examples
    --------
    >>> Monitors(bubble=None, density=(0.8, 1.2)).density
    (0.8, 1.2)
    """

    interval: float = 10.0
    keep: int = 20
    density: tuple[float, float] | None = (0.5, 1.6)
    bubble: float | None = FAIL_RATIO
    bonds: int | None = 3
    temperature: float | None = 2.0
    energy: float | None = 0.01
    contact: float | None = 0.55

    def __post_init__(self) -> None:
        """Refuse limits that are none."""
        if not (math.isfinite(self.interval) and self.interval > 0.0):
            raise InputError(f"monitors: interval: got {self.interval}, expected a time > 0 (fs)")
        if self.keep < 1:
            raise InputError(f"monitors: keep: got {self.keep}, expected at least 1")
        for name in ("bubble", "bonds", "temperature", "energy", "contact"):
            value = getattr(self, name)
            if value is not None and not value > 0.0:
                raise InputError(f"monitors: {name}: got {value}, expected a number > 0, or None for off")
        if self.density is not None and not 0.0 <= self.density[0] < 1.0 < self.density[1]:
            raise InputError(f"monitors: density: got {self.density}, expected a band around 1, such as (0.5, 1.6)")

    @classmethod
    def off(cls) -> Monitors:
        """Watch nothing."""
        names = {field.name for field in fields(cls)} - {"interval", "keep"}
        return cls(**dict.fromkeys(names))  # type: ignore[arg-type]


@dataclass(frozen=True)
class Stop:
    """Why a run was stopped.

    Attributes
    ----------
    monitor
        The field of :class:`Monitors`, or ``"calculator"`` if that failed.
    step
        When.
    value, limit
        What was found, and what was allowed; NaN where there is no number.
    text
        One sentence.
    """

    monitor: str
    step: int
    value: float
    limit: float
    text: str


@dataclass(frozen=True)
class Instant:
    """What the monitors are shown: a configuration and numbers of it.

    Attributes
    ----------
    atoms
        Positions, cell.
    step
        Steps done.
    temperature, target
        K.
    drift
        eV, change of the conserved energy since the checkpoint before.
    """

    atoms: Atoms
    step: int
    temperature: float
    target: float
    drift: float


class Watch:
    """Looks at configurations of one run.

    Parameters
    ----------
    monitors
        What to watch.
    start
        The first configuration: its bonds and its density are what later ones are compared with.
    options
        Of the run.
    """

    def __init__(self, monitors: Monitors, start: Atoms, options: MDOptions) -> None:
        self._monitors = monitors
        self._options = options
        self._molecules = find_molecules(start, n_threads=1)
        self._density = _density(start) if options.ensemble == "npt" else math.nan
        numbers = start.get_atomic_numbers()
        self._radii = covalent_radii[numbers]
        #: checks in a row with other bonds
        self.changed = 0

    @property
    def molecules(self) -> Molecules:
        """Molecules of the start."""
        return self._molecules

    def check_start(self, atoms: Atoms) -> None:
        """Refuse a start at which the run would be stopped.

        Raises
        ------
        InputError
            Says what is wrong with it.
        """
        stop = self._contact(atoms, 0)
        if stop is not None:
            raise InputError(f"start: {stop.text}; atoms overlap: minimise the energy or pack the box anew")
        stop = self._bubble(atoms, 0)
        if stop is not None:
            raise InputError(f"start: {stop.text}; switch the monitor 'bubble' off if that is meant")

    def check(self, instant: Instant) -> Stop | None:
        """Give the first reason to stop, the surest ones first."""
        atoms, step = instant.atoms, instant.step
        return (
            self._contact(atoms, step)
            or self._energy(instant)
            or self._temperature(instant)
            or self._bonds(atoms, step)
            or self._density_band(atoms, step)
            or self._bubble(atoms, step)
        )

    def _contact(self, atoms: Atoms, step: int) -> Stop | None:
        limit = self._monitors.contact
        if limit is None:
            return None
        i, j, d = neighbor_list("ijd", atoms, 2.0 * limit * float(self._radii.max()), n_threads=1)
        if not len(d):
            return None
        ratios = d / (self._radii[i] + self._radii[j])
        k = int(ratios.argmin())
        if ratios[k] >= limit:
            return None
        pair = _pair(atoms, int(i[k]), int(j[k]))
        text = f"{pair} are {d[k]:.2f} Å apart, less than {limit:g} of the sum of their covalent radii"
        return Stop("contact", step, float(ratios[k]), limit, text)

    def _energy(self, instant: Instant) -> Stop | None:
        limit = self._monitors.energy
        value = abs(instant.drift) / len(instant.atoms)
        if limit is None or value <= limit:
            return None
        text = (
            f"the conserved energy changed by {1e3 * value:.3g} meV/atom between two checkpoints, more than "
            f"{1e3 * limit:g}: the time step is too long here, or forces and energy do not belong together"
        )
        return Stop("energy", instant.step, value, limit, text)

    def _temperature(self, instant: Instant) -> Stop | None:
        factor = self._monitors.temperature
        if factor is None or instant.step * self._options.timestep < _SETTLED * self._options.tau_t:
            return None
        sigma = math.sqrt(2.0 / max(3 * len(instant.atoms) - 3, 1))
        limit = instant.target * max(factor, 1.0 + _SIGMAS * sigma)
        if instant.temperature <= limit:
            return None
        text = f"the temperature is {instant.temperature:.0f} K, above {limit:.0f} K (target {instant.target:.0f} K)"
        return Stop("temperature", instant.step, instant.temperature, limit, text)

    def _bonds(self, atoms: Atoms, step: int) -> Stop | None:
        limit = self._monitors.bonds
        if limit is None:
            return None
        bonds = find_molecules(atoms, n_threads=1).bonds
        if np.array_equal(bonds, self._molecules.bonds):
            self.changed = 0
            return None
        self.changed += 1
        if self.changed < limit:
            return None
        before, now = ({tuple(bond) for bond in found.tolist()} for found in (self._molecules.bonds, bonds))
        parts = [
            f"{what} {', '.join(_bond(atoms, *pair) for pair in sorted(pairs)[:3])}{', ...' if len(pairs) > 3 else ''}"
            for what, pairs in (("broken", before - now), ("formed", now - before))
            if pairs
        ]
        text = f"bonds are not those of the start: {'; '.join(parts) or 'other periodic images are bonded'}"
        return Stop("bonds", step, float(len(before ^ now)), 0.0, text)

    def _density_band(self, atoms: Atoms, step: int) -> Stop | None:
        band = self._monitors.density
        if band is None or self._options.ensemble != "npt":
            return None
        density = _density(atoms)
        low, high = (factor * self._density for factor in band)
        if low <= density <= high:
            return None
        limit = low if density < low else high
        way = "below" if density < low else "above"
        text = f"the density is {density:.3f} g/cm³, {way} {limit:.3f} g/cm³ (start {self._density:.3f} g/cm³)"
        return Stop("density", step, density, limit, text)

    def _bubble(self, atoms: Atoms, step: int) -> Stop | None:
        ratio, n_molecules = self._monitors.bubble, len(self._molecules)
        if ratio is None or n_molecules < _LIQUID or not atoms.pbc.all():
            return None
        limit = ratio * float((atoms.get_volume() / n_molecules) ** (1 / 3))
        radius = largest_hole(atoms, n_threads=1)
        if radius <= limit:
            return None
        text = f"an empty sphere of {radius:.2f} Å, above {limit:.2f} Å ({ratio:g} molecular spacings): a bubble"
        return Stop("bubble", step, radius, limit, text)


def _density(atoms: Atoms) -> float:
    """g/cm³."""
    return float(atoms.get_masses().sum()) * AMU_PER_A3_TO_G_PER_CM3 / float(atoms.get_volume())


def _pair(atoms: Atoms, i: int, j: int) -> str:
    symbols = atoms.symbols
    return f"atoms {i} ({symbols[i]}) and {j} ({symbols[j]})"


def _bond(atoms: Atoms, i: int, j: int) -> str:
    return f"{atoms.symbols[i]}{i}-{atoms.symbols[j]}{j}"
