"""Molecular dynamics of a liquid: minimise, equilibrate, produce labelled frames; safe to kill and continue.

A run is a chain of segments, each a function of the state before it, the options and its number: it gets a fresh
OpenMM context and random numbers from (seed, number). Continuing a killed run therefore repeats exactly what an
undisturbed one does. With one thread that holds to the last bit; with more, OpenMM's CPU platform adds forces up in
varying order, and the trajectories of two runs, interrupted or not, part after some picoseconds while their averages
agree.
"""

from __future__ import annotations

__all__ = ["Progress", "SampleResult", "sample"]

import hashlib
import io
import os
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import ase
import numpy as np

from ecemc import keys
from ecemc.composition import format_composition
from ecemc.errors import EcemcError, InputError, require
from ecemc.labels import with_labels
from ecemc.sampling.checkpoint import Files, State
from ecemc.sampling.labels import Labeller
from ecemc.sampling.options import SampleOptions, schedule
from ecemc.sampling.quantities import plain
from ecemc.threads import thread_count
from ecemc.units import AMU_PER_A3_TO_G_PER_CM3

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ecemc.sampling.liquids import Liquid

_NM = 0.1  # nm per Å
_KB = 8.31446261815324e-3  # kJ/mol/K, exact since 2019
_FS_PER_PS = 1000.0
#: Relative error of PME forces in the dynamics (the labels are tighter): well below thermostat noise.
_EWALD_TOLERANCE = 1.0e-4
_MINIMIZER_TOLERANCE = 50.0  # kJ/mol/nm, only meant to take overlaps away
_MINIMIZER_STEPS = 500


@dataclass(frozen=True)
class Progress:
    """Where a run stands.

    Attributes
    ----------
    stage
        ``settle``, ``equilibrate`` or ``produce``.
    fraction
        Of all steps, 0 to 1.
    temperature, density
        Instantaneous, K and g/cm³.
    """

    stage: str
    fraction: float
    temperature: float
    density: float


@dataclass(frozen=True)
class SampleResult:
    """A finished run.

    Attributes
    ----------
    path
        The trajectory.
    densities, temperatures
        Of its frames (n_frames,), g/cm³ and K. Compare the mean temperature with the target: a barostat or a time step
        that heats shows there.
    """

    path: Path
    densities: tuple[float, ...]
    temperatures: tuple[float, ...]


def sample(
    liquid: Liquid,
    out: str | Path,
    options: SampleOptions,
    *,
    progress: Callable[[Progress], None] | None = None,
    overwrite: bool = False,
) -> SampleResult:
    """Run molecular dynamics and write labelled frames as extended XYZ.

    Parameters
    ----------
    liquid
        What to run, see :mod:`ecemc.sampling.liquids`.
    out
        The trajectory (.extxyz). It appears when the run is complete; until then ``OUT.partial`` and ``OUT.checkpoint``
        stand there. If they do, from a run that was killed, the run is continued.
    options
        Settings of the run.
    progress
        Called after every frame interval.
    overwrite
        Replace a finished trajectory of the same name.

    Returns
    -------
    SampleResult
        Path, densities and temperatures.

    Raises
    ------
    InputError
        If `out` exists, or a checkpoint of other settings does.
    EcemcError
        If the dynamics fails: the box is or becomes thinner than twice the cutoff, or the integration blew up.
    MissingExtraError
        If OpenMM is not installed.

    Notes
    -----
    Frames hold whole molecules, the centre of each in the cell. Labels are ``REF_energy`` (eV, with the tail
    correction), ``REF_forces`` (eV/Å) and ``REF_virial`` (nine numbers, eV, W = -stress·V, potential part only: the
    pressure is (tr W / 3 + N k_B T) / V). Beside them stand the kinetic ``temperature``, ``temperature_target``,
    ``density`` (g/cm³), ``composition``, ``seed``, ``time`` (fs) and ``step`` since the start of production,
    ``force_field`` and ``config_type``. Velocities are not written: they belong to the heavy hydrogens.

    Examples
    --------
    >>> from ecemc.sampling import SampleOptions, opls_liquid, sample
    >>> liquid = opls_liquid("16EC:32EMC", temperature=400.0, seed=1)
    >>> options = SampleOptions(temperature=400.0, pressure=1.01325, time=20_000.0)
    >>> sample(liquid, "liquid.extxyz", options)  # doctest: +SKIP
    """
    with _explained():
        run = _Run(liquid, options, progress or (lambda _: None))
        files = Files(out, run.settings())
        state = files.load()
        if state is None:
            if files.out.exists() and not overwrite:
                raise InputError(f"out: {files.out} exists; choose another name or allow overwriting (--overwrite)")
            files.partial.unlink(missing_ok=True)
            state = run.start()
        for number in range(state.segments_done, len(run.segments)):
            state = run.segment(number, state, files)
            files.save(state)
        files.finish()
    return SampleResult(files.out, state.densities, state.temperatures)


class _Run:
    """One run: the systems, the schedule and what writes the frames."""

    def __init__(self, liquid: Liquid, options: SampleOptions, progress: Callable[[Progress], None]) -> None:
        self._mm = require("openmm", "sample")
        self._liquid, self._options, self._progress = liquid, options, progress
        self._n_threads = thread_count(options.n_threads)
        self._system = self._mm.XmlSerializer.clone(liquid.system)
        # The start box may be denser than the default cell of a system that the user made.
        self._system.setDefaultPeriodicBoxVectors(*(liquid.atoms.cell.array * _NM))
        for force in self._system.getForces():
            if isinstance(force, self._mm.NonbondedForce):
                force.setEwaldErrorTolerance(_EWALD_TOLERANCE)
        self._mass = sum(plain(self._system.getParticleMass(i)) for i in range(self._system.getNumParticles()))
        self._labeller = Labeller(self._system, self._n_threads)
        self.segments = schedule(options)

    def settings(self) -> dict[str, Any]:
        """Return what a checkpoint must share with a run to be continued by it."""
        system = self._mm.XmlSerializer.serialize(self._system)
        start = self._liquid.atoms.positions.tobytes()
        return {
            **{key: value for key, value in asdict(self._options).items() if key != "n_threads"},
            "composition": format_composition(self._liquid.composition),
            "force field": hashlib.sha256(system.encode()).hexdigest(),
            "start box": hashlib.sha256(start).hexdigest(),
        }

    def start(self) -> State:
        """Minimised start configuration with Maxwell-Boltzmann velocities."""
        context = self._context(None, 0)
        context.setPositions(self._liquid.atoms.positions * _NM)
        self._mm.LocalEnergyMinimizer.minimize(context, _MINIMIZER_TOLERANCE, _MINIMIZER_STEPS)
        context.setVelocitiesToTemperature(self._options.temperature, _seed(self._options.seed, 0))
        return _state(context)

    def segment(self, number: int, state: State, files: Files) -> State:
        """Run one segment and append its frames."""
        segment = self.segments[number]
        context = self._context(segment.pressure, number + 1)
        context.setPeriodicBoxVectors(*state.cell)
        context.setPositions(state.positions)
        context.setVelocities(state.velocities)
        blocks_before = sum(s.n_blocks for s in self.segments[:number])
        n_blocks = sum(s.n_blocks for s in self.segments)
        with files.partial.open("ab") as trajectory:
            for block in range(segment.n_blocks):
                context.getIntegrator().step(self._options.steps_per_frame)
                temperature, density = self._temperature(context), self._density(context)
                if segment.production:
                    text = self._frame(context, len(state.densities) + 1, temperature, density)
                    trajectory.write(text)
                    state = state.with_frame(text, density, temperature)
                fraction = (blocks_before + block + 1) / n_blocks
                self._progress(Progress(segment.stage, fraction, temperature, density))
            trajectory.flush()
            os.fsync(trajectory.fileno())
        end = _state(context)
        return replace(
            state, positions=end.positions, velocities=end.velocities, cell=end.cell, segments_done=number + 1
        )

    def _context(self, pressure: float | None, number: int) -> Any:
        """Fresh context whose random numbers depend on the seed and the segment's number alone."""
        options, mm = self._options, self._mm
        system = mm.XmlSerializer.clone(self._system)
        if pressure is not None:
            barostat = mm.MonteCarloBarostat(pressure, options.temperature, options.barostat_interval)
            barostat.setRandomNumberSeed(_seed(options.seed, 2 * number + 1))
            system.addForce(barostat)
        integrator = mm.LangevinMiddleIntegrator(
            options.temperature, options.friction * _FS_PER_PS, options.timestep / _FS_PER_PS
        )
        integrator.setRandomNumberSeed(_seed(options.seed, 2 * number + 2))
        properties = {"Threads": str(self._n_threads), "DeterministicForces": "true"}
        try:
            platform = mm.Platform.getPlatformByName(options.platform)
        except mm.OpenMMException as error:
            raise InputError(f"platform: this OpenMM has no {options.platform} ({error})") from error
        return mm.Context(system, integrator, platform, properties if options.platform == "CPU" else {})

    def _temperature(self, context: Any) -> float:
        """Kinetic temperature, K."""
        kinetic = plain(context.getState(getEnergy=True).getKineticEnergy())
        removed = any(isinstance(f, self._mm.CMMotionRemover) for f in self._system.getForces())
        freedom = 3 * self._system.getNumParticles() - 3 * removed
        return float(2.0 * kinetic / (freedom * _KB))

    def _density(self, context: Any) -> float:
        """Density, g/cm³."""
        volume = plain(context.getState().getPeriodicBoxVolume()) / _NM**3
        return float(self._mass * AMU_PER_A3_TO_G_PER_CM3 / volume)

    def _frame(self, context: Any, count: int, temperature: float, density: float) -> bytes:
        """Label the present configuration and write it as extended XYZ."""
        from ase.io import write  # noqa: PLC0415  (slow to import)

        state = context.getState(getPositions=True, enforcePeriodicBox=True)
        positions = plain(state.getPositions(asNumpy=True)) / _NM
        cell = plain(state.getPeriodicBoxVectors(asNumpy=True)) / _NM
        labels = self._labeller(positions, cell)
        frame = with_labels(ase.Atoms(self._liquid.atoms.symbols, positions=positions, cell=cell, pbc=True), labels)
        frame.info |= {
            keys.TEMPERATURE: temperature,
            keys.TEMPERATURE_TARGET: self._options.temperature,
            keys.DENSITY: density,
            keys.COMPOSITION: format_composition(self._liquid.composition),
            keys.SEED: self._options.seed,
            keys.TIME: count * self._options.frame_interval,
            keys.STEP: count * self._options.steps_per_frame,
            keys.FORCE_FIELD: self._liquid.force_field,
            keys.CONFIG_TYPE: self._options.config_type,
        }
        buffer = io.StringIO()
        write(buffer, frame, format="extxyz")
        return buffer.getvalue().encode()


def _state(context: Any) -> State:
    """Take down what the next segment starts from."""
    state = context.getState(getPositions=True, getVelocities=True)
    return State(
        np.array(plain(state.getPositions(asNumpy=True))),
        np.array(plain(state.getVelocities(asNumpy=True))),
        np.array(plain(state.getPeriodicBoxVectors(asNumpy=True))),
    )


def _seed(seed: int, number: int) -> int:
    """Positive 31-bit seed (OpenMM takes 0 as "choose one") from the run's seed and a number."""
    return int(np.random.SeedSequence([seed, number]).generate_state(1)[0] % (2**31 - 1)) + 1


@contextmanager
def _explained() -> Iterator[None]:
    """Say what OpenMM's failures mean and what to do."""
    mm = require("openmm", "sample")
    try:
        yield
    except mm.OpenMMException as error:
        text = str(error)
        if "twice the nonbonded cutoff" in text or "half the periodic box size" in text:
            text = "the box is thinner than twice the cutoff; take more molecules or a shorter cutoff"
        elif "NaN" in text:
            text = "the integration blew up (NaN positions); take a shorter time step or a lower start density"
        raise EcemcError(f"molecular dynamics failed: {text}") from error
