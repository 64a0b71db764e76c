"""Molecular dynamics that can be killed, continued, extended and watched.

A run is a chain of segments between checkpoints. Each is a function of the state before it, the settings and its
number: the calculator forgets what it knows and random numbers come from (seed, number of the segment). A run that was
killed and continued is therefore the same, to the last bit, as one that was not, for any calculator that gives the same
bits for the same calls.
"""

from __future__ import annotations

__all__ = ["MDResult", "run_md"]

import copy
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from ecemc.errors import EcemcError, InputError
from ecemc.files import write_atomically
from ecemc.gap import GAP
from ecemc.md.check import judge
from ecemc.md.files import Checkpoint, RunFiles, read_thermo, thermo_header
from ecemc.md.integrator import Integrator
from ecemc.md.monitors import Instant, Monitors, Stop, Watch
from ecemc.md.observe import Observer
from ecemc.md.options import MDOptions
from ecemc.md.record import Progress, Recorder, Speed
from ecemc.md.start import check_start, first_state, generator, minimized, settings_of
from ecemc.md.state import ForceField
from ecemc.methods import get_method

if TYPE_CHECKING:
    from collections.abc import Callable
    from os import PathLike
    from pathlib import Path

    from ase import Atoms
    from numpy.typing import NDArray

    from ecemc.md.state import Moment
    from ecemc.methods import Method


@dataclass(frozen=True)
class MDResult:
    """A run that has come to its end, or was stopped.

    Attributes
    ----------
    path, thermo_path, summary_path
        Trajectory, log (csv) and summary (json).
    n_steps, n_frames
        What was done, with what was done before it was continued.
    stopped_by
        Why it was stopped; None if it came to its end.
    stopped_path
        Configurations of the last checks before it was stopped.
    ns_per_day
        Speed; NaN if nothing was left to do.
    """

    path: Path
    thermo_path: Path
    summary_path: Path
    n_steps: int
    n_frames: int
    stopped_by: Stop | None
    stopped_path: Path | None
    ns_per_day: float

    @property
    def status(self) -> str:
        """``"finished"`` or ``"stopped"``."""
        return "finished" if self.stopped_by is None else "stopped"

    def thermo(self) -> dict[str, NDArray[Any]]:
        """Read the log, see :func:`read_thermo`."""
        return read_thermo(self.thermo_path)


def run_md(
    atoms: Atoms,
    method: Any,
    out: str | PathLike[str],
    options: MDOptions | None = None,
    *,
    monitors: Monitors | None = None,
    progress: Callable[[Progress], None] | None = None,
    overwrite: bool = False,
) -> MDResult:
    """Run molecular dynamics and write trajectory, log and summary.

    Parameters
    ----------
    atoms
        The start. Molecules may be broken by boundaries; any cell.
    method
        What computes forces: a model's file, a name, an ASE calculator; anything :func:`ecemc.methods.get_method`
        takes. A calculator is copied, if it can be. At constant pressure there must be a stress, which is compared with
        the energy before the run.
    out
        Trajectory (.extxyz), with positions that are not wrapped, momenta, energy and stress. Beside ``run.extxyz``
        stand ``run.thermo.csv``, ``run.md.json`` and ``run.extxyz.checkpoint``. If there is a checkpoint of the same
        run it is continued; with a longer `time`, a finished run is extended.
    options
        Ensemble, temperature, length and so on.
    monitors
        What stops the run; :meth:`Monitors.off` for nothing.
    progress
        Called at every row of the log.
    overwrite
        Remove the files of an earlier run and start anew.

    Returns
    -------
    MDResult
        Also if a monitor has stopped the run: look at ``stopped_by``.

    Raises
    ------
    InputError
        If a setting or the start is bad, the calculator has no stress and the pressure is to be constant, or the files
        belong to another run.
    CalculationError
        If the calculator fails at the start, or its forces or stress do not belong to its energy.
    FileFormatError
        If the checkpoint, or what it counts on, is damaged.
    LockedError
        If another process is at work on the same files.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from ase.build import bulk
    >>> from ase.calculators.lj import LennardJones
    >>> argon = bulk("Ar", "fcc", a=5.4, cubic=True).repeat(2)
    >>> options = MDOptions(temperature=40.0, time=20.0, timestep=2.0, frame_interval=10.0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     result = run_md(argon, LennardJones(sigma=3.4, epsilon=0.0104, rc=5.0), Path(folder) / "ar.extxyz", options)
    ...     result.status, result.n_steps, result.n_frames
    ('finished', 10, 3)
    """
    options, monitors = options or MDOptions(), monitors or Monitors()
    check_start(atoms, options)
    chosen = get_method(_own(method))
    files = RunFiles(out, settings_of(atoms, chosen, options))
    with files.held():
        point = None if overwrite else files.load()
        if point is None and not overwrite and (taken := files.taken()) is not None:
            raise InputError(f"out: {taken} exists; choose another name or allow overwriting (--overwrite)")
        if point is not None and (done := _done(files, options, monitors)) is not None:
            return done
        run = _Run(atoms, chosen, files, options, monitors)
        return run.go_on(point or run.begin(), progress or (lambda _: None))


def _own(method: Any) -> Any:
    """Copy a calculator: what it remembers of a run must not make it another one when the run is to be continued."""
    if isinstance(method, (str, type, GAP)) or not hasattr(method, "get_potential_energy"):
        return method
    try:
        return copy.deepcopy(method)
    except Exception:  # noqa: BLE001 (whatever its parts raise)
        return method


def _done(files: RunFiles, options: MDOptions, monitors: Monitors) -> MDResult | None:
    """Give the result of an earlier call, if it left nothing to do."""
    summary = files.read_summary()
    n_steps, n_frames = summary.get("n_steps_done", 0), summary.get("n_frames", 0)
    if summary.get("status") == "finished" and n_steps >= options.n_steps:
        return _result(files, n_steps, n_frames, None)
    reason = summary.get("stopped_by")
    same = summary.get("monitors") == _plain_monitors(monitors)
    if summary.get("status") == "stopped" and same and reason and reason["monitor"] != "calculator":
        numbers = {name: float("nan") if reason[name] is None else reason[name] for name in ("value", "limit")}
        return _result(files, n_steps, n_frames, Stop(**{**reason, **numbers}))
    return None


def _plain_monitors(monitors: Monitors) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(monitors).items()}


def _result(
    files: RunFiles, n_steps: int, n_frames: int, stop: Stop | None, ns_per_day: float = float("nan")
) -> MDResult:
    return MDResult(
        files.out, files.thermo, files.summary, n_steps, n_frames, stop, files.stopped if stop else None, ns_per_day
    )


class _Run:
    """One run: what acts, what looks, what writes."""

    def __init__(self, atoms: Atoms, method: Method, files: RunFiles, options: MDOptions, monitors: Monitors) -> None:
        self._atoms, self._method, self._files = atoms, method, files
        self._options, self._monitors = options, monitors
        self._forces = ForceField(atoms, method)
        self._watch = Watch(monitors, atoms, options)
        self._observer = Observer(atoms, options, self._watch.molecules)
        steps_per_check = max(1, round(monitors.interval / options.timestep))
        self._intervals = options.steps_per_frame, options.steps_per_row, steps_per_check

    def begin(self) -> Checkpoint:
        """Look the start over, and give the checkpoint of step 0."""
        start = minimized(self._atoms, self._forces.calculator, self._options.minimize)
        self._watch.check_start(start)
        state = first_state(start, self._options)
        acting = self._forces(state)
        if self._options.ensemble == "npt":
            if acting.virial is None:
                raise InputError(
                    f"method {self._method.name}: has no stress, which constant pressure needs; take nvt, or a method "
                    "with stress"
                )
            judge(self._method.name, self._forces.calculator, start, thorough=False).require()
        self._files.remove()
        point = Checkpoint(state)
        self._files.save(point)
        return point

    def go_on(self, point: Checkpoint, progress: Callable[[Progress], None]) -> MDResult:
        """Run the segments that are left."""
        self._files.cut_back(point)
        if point.n_frames == 0:
            point = self._first(point)
        self._watch.changed = point.changed
        speed = Speed(self._options, point.state.step)
        stop: Stop | None = None
        while stop is None and point.state.step < self._options.n_steps:
            self._summarise(point, "running", None, speed)
            point, stop = self._segment(point, progress, speed)
            if stop is None and point.state.step % self._options.steps_per_segment == 0:
                self._files.save(point)
        if stop is not None:
            write_atomically(self._files.stopped, b"".join(point.recent))
        self._summarise(point, "finished" if stop is None else "stopped", stop, speed)
        return _result(self._files, point.state.step, point.n_frames, stop, speed.ns_per_day(point.state.step))

    def _first(self, point: Checkpoint) -> Checkpoint:
        """Write the start as first frame."""
        self._forces.refresh()
        recorder = Recorder(self._observer, self._files, point, self._monitors.keep)
        with closing(recorder):
            now = self._integrator(0).moment(point.state, self._forces(point.state))
            recorder.frame(now)
            recorder.row(now, thermo_header())
            recorder.remember(now)
        self._files.save(recorder.point)
        return recorder.point

    def _segment(
        self, point: Checkpoint, progress: Callable[[Progress], None], speed: Speed
    ) -> tuple[Checkpoint, Stop | None]:
        """Run to the next checkpoint, the end, or a reason to stop."""
        options, state = self._options, point.state
        segment = state.step // options.steps_per_segment
        end = min((segment + 1) * options.steps_per_segment, options.n_steps)
        self._forces.refresh()
        integrator = self._integrator(segment)
        stop = None
        recorder = Recorder(self._observer, self._files, point, self._monitors.keep)
        with closing(recorder):
            acting = self._forces(state)
            reference = integrator.moment(state, acting).conserved
            while stop is None and state.step < end:
                try:
                    acting = integrator.step(state, acting)
                except EcemcError as error:
                    stop = _failed(error, state.step)
                    break
                frame, row, check = (state.step % interval == 0 for interval in self._intervals)
                if not (frame or row or check):
                    continue
                now = integrator.moment(state, acting)
                if frame:
                    recorder.frame(now)
                if row:
                    recorder.row(now)
                    progress(speed.progress(now, self._observer.density(state)))
                if check:
                    recorder.remember(now)
                    stop = self._check(now, now.conserved - reference)
        return replace(recorder.point, changed=self._watch.changed), stop

    def _check(self, now: Moment, drift: float) -> Stop | None:
        step = now.state.step
        atoms, target = self._observer.atoms(now.state), self._options.target(step)
        return self._watch.check(Instant(atoms, step, now.temperature, target, drift))

    def _integrator(self, segment: int) -> Integrator:
        random = generator(self._options.seed, segment + 1)
        return Integrator(self._options, self._atoms.get_masses(), self._forces, random)

    def _summarise(self, point: Checkpoint, status: str, stop: Stop | None, speed: Speed) -> None:
        """Write what others read of this run."""
        options, files = self._options, self._files
        files.write_summary(
            {
                "status": status,
                "stopped_by": None if stop is None else asdict(stop),
                "method": self._method.name,
                "ensemble": options.ensemble,
                "temperature_K": options.temperature,
                "temperature_end_K": options.temperature_end,
                "pressure_bar": options.pressure if options.ensemble == "npt" else None,
                "composition": self._observer.composition,
                "n_atoms": len(self._atoms),
                "timestep_fs": options.timestep,
                "seed": options.seed,
                "n_steps_done": point.state.step,
                "n_steps": options.n_steps,
                "n_frames": point.n_frames,
                "ns_per_day": speed.ns_per_day(point.state.step),
                "options": asdict(options),
                "monitors": _plain_monitors(self._monitors),
                "files": {
                    "trajectory": files.out.name,
                    "thermo": files.thermo.name,
                    "stopped": files.stopped.name if stop is not None else None,
                },
            }
        )


def _failed(error: EcemcError, step: int) -> Stop:
    nan = float("nan")
    return Stop("calculator", step, nan, nan, f"the calculator failed: {' '.join(str(error).split())}")
