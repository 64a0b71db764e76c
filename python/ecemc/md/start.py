"""The start of a run: what it must be, its velocities, and what tells it from other runs."""

from __future__ import annotations

__all__ = ["check_start", "first_state", "generator", "minimized", "settings_of"]

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np

from ecemc.errors import CalculationError, EcemcError, InputError
from ecemc.gap.cells import check_geometry
from ecemc.md.state import State, degrees_of_freedom, kinetic_energy
from ecemc.units import BOLTZMANN

if TYPE_CHECKING:
    from ase import Atoms

    from ecemc.md.options import MDOptions
    from ecemc.methods import Method

#: fs and amu: the period of an X-H bond is about 11 fs.
_LONGEST_STEP_OF_HYDROGEN, _LIGHT = 2.0, 1.5
#: eV/Å: below the forces of thermal motion there is nothing left to relax.
_RELAXED = 0.5


def check_start(atoms: Atoms, options: MDOptions) -> None:
    """Refuse a start with which no dynamics is possible.

    Raises
    ------
    InputError
        Says why, and what to do.
    """
    if len(atoms) < 2:
        raise InputError(f"start: has {len(atoms)} atoms, expected at least 2: the centre of mass is at rest")
    check_geometry(atoms, "start")
    if atoms.constraints:
        raise InputError("start: has fixed atoms or other constraints, which are not supported; remove them")
    masses = atoms.get_masses()
    if not (np.isfinite(masses).all() and (masses > 0.0).all()):
        raise InputError("start: an atom has no mass; expected elements, or an array of masses > 0 amu")
    if options.timestep > _LONGEST_STEP_OF_HYDROGEN and masses.min() < _LIGHT:
        raise InputError(
            f"timestep: got {options.timestep:g} fs for atoms of {masses.min():.2g} amu, expected at most "
            f"{_LONGEST_STEP_OF_HYDROGEN:g} fs (0.5 fs is safe)"
        )
    if options.ensemble == "npt" and not atoms.pbc.all():
        raise InputError("start: not periodic along all three axes, which constant pressure needs; take nvt or nve")
    if options.velocities == "keep" and not atoms.has("momenta"):
        raise InputError("velocities: the start has none that could be kept; draw them")


def minimized(atoms: Atoms, calculator: Any, n_steps: int) -> Atoms:
    """Copy with less energy: at most a number of steps of FIRE, at constant cell.

    Raises
    ------
    CalculationError
        If the calculator fails.
    """
    relaxed: Atoms = atoms.copy()
    if n_steps == 0:
        return relaxed
    from ase.optimize import FIRE  # noqa: PLC0415 (takes time to import)

    relaxed.calc = calculator
    try:
        FIRE(relaxed, logfile=None).run(fmax=_RELAXED, steps=n_steps)
    except EcemcError:
        raise
    except Exception as error:
        raise CalculationError(f"minimize: the calculator failed: {' '.join(str(error).split())}") from error
    relaxed.calc = None
    return relaxed


def first_state(atoms: Atoms, options: MDOptions) -> State:
    """State at step 0: the centre of mass at rest, drawn velocities at exactly the temperature."""
    masses = atoms.get_masses()
    if options.velocities == "keep":
        momenta = atoms.get_momenta()
    else:
        width = np.sqrt(masses * BOLTZMANN * options.temperature)
        momenta = generator(options.seed, 0).standard_normal((len(atoms), 3)) * width[:, None]
    momenta = momenta - masses[:, None] * (momenta.sum(axis=0) / masses.sum())
    if options.velocities == "draw":
        wanted = 0.5 * degrees_of_freedom(len(atoms)) * BOLTZMANN * options.temperature
        momenta *= np.sqrt(wanted / kinetic_energy(momenta, masses))
    return State(np.array(atoms.positions), momenta, np.array(atoms.cell.array))


def generator(seed: int, number: int) -> np.random.Generator:
    """Random numbers of the start (0) or of a segment (from 1)."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, number])))


def settings_of(atoms: Atoms, method: Method, options: MDOptions) -> dict[str, Any]:
    """Collect what a checkpoint must share with a run to be continued; not its length, so that it can be extended."""
    npt, ramp = options.ensemble == "npt", options.temperature_end is not None
    start = [atoms.get_atomic_numbers(), atoms.get_masses(), atoms.positions]
    if options.velocities == "keep":
        start.append(atoms.get_momenta())
    settings: dict[str, Any] = {
        "model": method.name,
        "model's content or version": method.identity,
        "formula": atoms.get_chemical_formula(),
        "cell": " ".join(f"{value:.10g}" for value in (*atoms.cell.array.ravel(), *map(int, atoms.pbc))),
        "start": _digest(*start),
        "ensemble": options.ensemble,
        "temperature": f"{options.temperature:g} K",
        "temperature_end": f"{options.temperature_end:g} K after {options.time:g} fs" if ramp else None,
        "pressure": f"{options.pressure:g} bar" if npt else None,
        "time step": f"{options.timestep:g} fs",
        "seed": options.seed,
        "velocities": options.velocities,
        "minimize": options.minimize,
    }
    if options.ensemble != "nve":
        settings |= {"thermostat": options.thermostat, "tau_t": f"{options.tau_t:g} fs"}
    if npt:
        settings["tau_p"] = f"{options.tau_p:g} fs"
    intervals = ("frame_interval", "thermo_interval", "checkpoint_interval")
    return settings | {name: f"{getattr(options, name):g} fs" for name in intervals}


def _digest(*arrays: Any) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(array, dtype=np.float64).tobytes())
    return digest.hexdigest()
