"""Settings of a sampling run and the schedule that follows from them."""

from __future__ import annotations

__all__ = ["SampleOptions", "Segment", "schedule"]

import math
from dataclasses import dataclass
from typing import Literal

from ecemc.errors import InputError


@dataclass(frozen=True)
class SampleOptions:
    """Settings of a run; times in fs.

    Attributes
    ----------
    temperature
        K.
    pressure
        bar; None keeps the volume (NVT).
    time
        Length of the production run; a multiple of `frame_interval`.
    seed
        Seed of velocities, thermostat and barostat.
    equilibration
        Length of the run before, nothing of which is written: a fifth at constant volume, the rest as in production.
    frame_interval
        Time between frames; a multiple of `timestep`.
    timestep
        2.5 fs is good for 3 amu hydrogens without constraints.
    friction
        Of the Langevin thermostat, 1/fs.
    barostat_interval
        Steps between Monte Carlo volume moves.
    checkpoint_interval
        Time between checkpoints; rounded to whole frame intervals. No more than this is lost when the run is killed.
    n_threads
        None takes ``ECEMC_NUM_THREADS``, else ``OMP_NUM_THREADS``, else all cores.
    platform
        OpenMM's platform for the dynamics: CPU, CUDA, OpenCL, Reference. Labels always come from Reference, in double
        precision.
    config_type
        Written into every frame.
    """

    temperature: float
    pressure: float | None = None
    time: float = 20_000.0
    seed: int = 1
    equilibration: float = 50_000.0
    frame_interval: float = 200.0
    timestep: float = 2.5
    friction: float = 1.0e-3
    barostat_interval: int = 25
    checkpoint_interval: float = 5_000.0
    n_threads: int | None = None
    platform: Literal["CPU", "CUDA", "OpenCL", "Reference"] = "CPU"
    config_type: str = "liquid"

    def __post_init__(self) -> None:
        """Refuse settings outside their domain."""
        for name in ("temperature", "time", "frame_interval", "timestep", "friction", "checkpoint_interval"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0.0):
                raise InputError(f"{name}: got {value}; a positive number is needed")
        if not (math.isfinite(self.equilibration) and self.equilibration >= 0.0):
            raise InputError(f"equilibration: got {self.equilibration} fs; a time >= 0 is needed")
        if self.pressure is not None and not math.isfinite(self.pressure):
            raise InputError(f"pressure: got {self.pressure} bar; a finite number or None (NVT) is needed")
        if self.seed < 0:
            raise InputError(f"seed: got {self.seed}; a whole number >= 0 is needed")
        if self.barostat_interval < 1:
            raise InputError(f"barostat_interval: got {self.barostat_interval} steps; at least 1 is needed")
        if self.n_threads is not None and self.n_threads < 1:
            raise InputError(f"n_threads: got {self.n_threads}; at least 1, or None, is needed")
        _multiple("frame_interval", self.frame_interval, "timestep", self.timestep)
        _multiple("time", self.time, "frame_interval", self.frame_interval)
        if self.pressure is not None and self.blocks_per_segment * self.steps_per_frame < self.barostat_interval:
            raise InputError(
                f"checkpoint_interval: {self.checkpoint_interval} fs holds fewer steps than barostat_interval "
                f"({self.barostat_interval}), so the volume would never move; make it longer"
            )

    @property
    def steps_per_frame(self) -> int:
        """MD steps between frames."""
        return round(self.frame_interval / self.timestep)

    @property
    def blocks_per_segment(self) -> int:
        """Frame intervals between checkpoints."""
        return max(1, round(self.checkpoint_interval / self.frame_interval))

    @property
    def n_frames(self) -> int:
        """Frames of the whole production run."""
        return round(self.time / self.frame_interval)


@dataclass(frozen=True)
class Segment:
    """A piece of the run between two checkpoints.

    Attributes
    ----------
    stage
        For people.
    n_blocks
        Length, in frame intervals.
    pressure
        bar, None at constant volume.
    production
        Whether a frame is written after each block.
    """

    stage: str
    n_blocks: int
    pressure: float | None
    production: bool


def schedule(options: SampleOptions) -> list[Segment]:
    """Cut a run into segments, each at most a checkpoint interval long.

    Examples
    --------
    >>> options = SampleOptions(300.0, pressure=1.0, time=1000, equilibration=1000, checkpoint_interval=600)
    >>> [(s.stage, s.n_blocks) for s in schedule(options)]
    [('settle', 1), ('equilibrate', 3), ('equilibrate', 1), ('produce', 3), ('produce', 2)]
    """
    equilibration = math.ceil(options.equilibration / options.frame_interval)
    settling = math.ceil(0.2 * equilibration)
    return [
        *_pieces(options, Segment("settle", settling, None, production=False)),
        *_pieces(options, Segment("equilibrate", equilibration - settling, options.pressure, production=False)),
        *_pieces(options, Segment("produce", options.n_frames, options.pressure, production=True)),
    ]


def _pieces(options: SampleOptions, whole: Segment) -> list[Segment]:
    """Cut one stage."""
    longest = options.blocks_per_segment
    starts = range(0, whole.n_blocks, longest)
    return [
        Segment(whole.stage, min(longest, whole.n_blocks - start), whole.pressure, whole.production) for start in starts
    ]


def _multiple(name: str, value: float, unit_name: str, unit: float) -> None:
    """Refuse a time that is no whole number of units."""
    count = round(value / unit)
    if count < 1 or abs(value - count * unit) > 1e-6 * unit:
        raise InputError(
            f"{name}: got {value} fs; a multiple of {unit_name} ({unit} fs) is needed, "
            f"such as {max(count, 1) * unit} fs"
        )
