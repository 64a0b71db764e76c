"""``ecemc md``: molecular dynamics with a model or any method."""

from __future__ import annotations

__all__ = ["md"]

import math
import re
from contextlib import contextmanager
from dataclasses import asdict, fields
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ecemc.cli.label import parsed
from ecemc.cli.main import DONE, FAILED
from ecemc.cli.options import method_option, read_time, set_option, time_option
from ecemc.cli.show import console, say
from ecemc.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ase import Atoms

    from ecemc.md import MDResult, Monitors, Progress

_COMPOSITION = re.compile(r"\d+[A-Za-z][A-Za-z0-9_+-]*([:,]\d+[A-Za-z][A-Za-z0-9_+-]*)*")


class Ensemble(str, Enum):
    """What is constant beside the number of atoms."""

    nve = "nve"
    nvt = "nvt"
    npt = "npt"


class Thermostat(str, Enum):
    """What holds the temperature."""

    bussi = "bussi"
    langevin = "langevin"


class Velocities(str, Enum):
    """Velocities of the start."""

    draw = "draw"
    keep = "keep"


def md(
    start: Annotated[str, typer.Argument(help="File with the start, or a composition such as 4EC:8EMC (--density).")],
    method: Annotated[str, method_option()],
    out: Annotated[Path, typer.Option("--out", "-o", help="Trajectory to write (.extxyz).")],
    ensemble: Annotated[Ensemble, typer.Option(help="nve, nvt or npt.")] = Ensemble.nvt,
    temperature: Annotated[float, typer.Option(help="Temperature, K.")] = 300.0,
    temperature_end: Annotated[
        float | None, typer.Option(help="Temperature at the end, K: a linear ramp.", show_default=False)
    ] = None,
    pressure: Annotated[float | None, typer.Option(help="Pressure for npt, bar (1.01325).", show_default=False)] = None,
    time: Annotated[float, time_option("Length of the run.")] = "10ps",  # type: ignore[assignment]
    timestep: Annotated[float, time_option("Time step.")] = "0.5fs",  # type: ignore[assignment]
    seed: Annotated[int, typer.Option(help="Seed of packing, velocities, thermostat and barostat.")] = 1,
    thermostat: Annotated[Thermostat, typer.Option(help="bussi (CSVR) or langevin.")] = Thermostat.bussi,
    tau_t: Annotated[float, time_option("Relaxation of the thermostat.")] = "100fs",  # type: ignore[assignment]
    tau_p: Annotated[float, time_option("Time scale of the barostat.")] = "500fs",  # type: ignore[assignment]
    every: Annotated[float, time_option("Time between frames.")] = "50fs",  # type: ignore[assignment]
    log_every: Annotated[float, time_option("Time between rows of the log.")] = "10fs",  # type: ignore[assignment]
    checkpoint: Annotated[float, time_option("Time between checkpoints: no more is lost.")] = "500fs",  # type: ignore[assignment]
    velocities: Annotated[Velocities, typer.Option(help="Draw velocities, or keep those of START.")] = Velocities.draw,
    minimize: Annotated[
        int | None,
        typer.Option(help="Steps of energy minimisation before (200 for a packed box, else 0).", show_default=False),
    ] = None,
    index: Annotated[int, typer.Option(help="Frame of START.")] = -1,
    density: Annotated[float | None, typer.Option(help="Density of a packed box, g/cm³.", show_default=False)] = None,
    monitors: Annotated[
        list[str] | None,
        typer.Option(
            "--monitor",
            metavar="NAME=VALUE",
            help="bonds=3, contact=0.55, temperature=2, energy=0.01, density=0.5:1.6, bubble=0.8; NAME=off, all=off.",
        ),
    ] = None,
    options: Annotated[list[str] | None, set_option()] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Start anew; remove the files of an earlier run.")
    ] = False,
) -> int:
    """Run molecular dynamics, watched while it goes on.

    The same command continues a run that was interrupted, bit by bit as if it had not been; with a longer --time it
    extends a finished one. OUT grows while it runs; beside it stand OUT's .thermo.csv, .md.json and .checkpoint.

    Monitors stop a run that goes wrong, say why, and keep the frames before that in OUT's .stopped.extxyz.

    Exit status: 0 finished, 1 stopped by a monitor, 2 bad input.

    Example:  ecemc md box.extxyz --model model.xml --ensemble npt --temperature 300 --time 10ps -o run.extxyz
    """
    from ecemc.dataset import record_provenance
    from ecemc.md import MDOptions, run_md
    from ecemc.md.options import PACKED_STEPS
    from ecemc.methods import get_method

    if pressure is not None and ensemble is not Ensemble.npt:
        raise InputError(f"pressure: it has no meaning with --ensemble {ensemble.value}; leave it out or take npt")
    settings = MDOptions(
        ensemble=ensemble.value, temperature=temperature, temperature_end=temperature_end,
        pressure=MDOptions.pressure if pressure is None else pressure,
        time=time, timestep=timestep, seed=seed, thermostat=thermostat.value, tau_t=tau_t, tau_p=tau_p,
        frame_interval=every, thermo_interval=log_every, checkpoint_interval=checkpoint, velocities=velocities.value,
        minimize=minimize if minimize is not None else PACKED_STEPS * (density is not None),
    )  # fmt: skip
    watched = read_monitors(monitors or [])
    atoms = _start(start, index, density, seed)
    chosen = get_method(method, **parsed(options))
    with _bar() as progress:
        result = run_md(atoms, chosen, out, settings, monitors=watched, progress=progress, overwrite=overwrite)
    if not math.isnan(result.ns_per_day):  # something was done
        parents = [path for path in (start, method) if Path(path).is_file()]
        parameters = {"method": chosen.name, **asdict(settings)}
        record_provenance(
            result.path, step="md", parents=parents, parameters=parameters, seed=seed, n_frames=result.n_frames
        )
    _report(result, settings.timestep)
    return DONE if result.stopped_by is None else FAILED


def read_monitors(texts: list[str]) -> Monitors:
    """Read ``NAME=VALUE`` pairs; ``all=off`` switches all off, and others may follow."""
    from ecemc.md import Monitors

    names = [field.name for field in fields(Monitors)]
    values: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or name not in {*names, "all"} or (name == "all" and value != "off"):
            raise InputError(f"--monitor: got {text!r}, expected NAME=VALUE with one of {', '.join(names)}, or all=off")
        if name == "all":
            values |= dict.fromkeys(set(names) - {"interval", "keep"})
        else:
            values[name] = None if value == "off" else _limit(text, name, value)
    return Monitors(**values)


def _limit(text: str, name: str, value: str) -> Any:
    try:
        if name == "density":
            low, high = value.split(":")
            return float(low), float(high)
        if name == "interval":
            return read_time(value)
        return int(value) if name in {"bonds", "keep"} else float(value)
    except ValueError:
        example = {"density": "0.5:1.6", "bonds": "3", "keep": "20"}.get(name, "0.5")
        raise InputError(f"--monitor: got {text!r}, expected a value such as {name}={example}, or off") from None


def _start(text: str, index: int, density: float | None, seed: int) -> Atoms:
    """Read a frame, or pack a box."""
    from ecemc.trajectory import read

    if not Path(text).exists() and _COMPOSITION.fullmatch(text):
        from ecemc.sampling import pack_box

        if density is None:
            raise InputError(f"start: {text} is a composition; say how dense to pack it, such as --density 1.0 (g/cm³)")
        return pack_box(text, density, seed=seed)
    if density is not None:
        raise InputError(f"density: {text} is a file, whose frame has its density; leave it out")
    frame = read(text, index)
    assert not isinstance(frame, list)  # noqa: S101 (a whole number gives one frame)
    return frame


def _report(result: MDResult, timestep: float) -> None:
    """Say in a line or two what came out."""
    import numpy as np

    log = result.thermo()
    half = len(log["step"]) // 2
    density = float(np.mean(log["density_g_cm3"][half:]))
    parts = [
        f"{result.n_steps * timestep / 1e3:g} ps",
        f"{result.n_frames} frames",
        f"temperature {np.mean(log['temperature_K'][half:]):.1f} K",
        *([f"density {density:.4f} g/cm³"] if np.isfinite(density) else []),
    ]
    speed = "" if np.isnan(result.ns_per_day) else f"; {result.ns_per_day:.3g} ns/day"
    say(f"{result.path}: {', '.join(parts)} (means of the second half){speed}")
    if result.stopped_by is not None:
        time = result.stopped_by.step * timestep
        say(
            f"stopped by the monitor {result.stopped_by.monitor!r} at {time:g} fs: {result.stopped_by.text}",
            style="red",
        )
        say(f"{result.stopped_path}: the configurations before that")


@contextmanager
def _bar() -> Iterator[Callable[[Progress], None]]:
    """Show time done, speed and time left, on a terminal only."""
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    screen = console(stderr=True)
    columns = (BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[state]}"))
    with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as bar:
        task = bar.add_task("md", total=1.0, state="")

        def show(now: Any) -> None:
            minutes, seconds = divmod(round(now.seconds_left), 60)
            state = f"{now.temperature:4.0f} K  {now.density:.3f} g/cm³  {now.ns_per_day:.3g} ns/day"
            state += f"  left {minutes}:{seconds:02}"
            bar.update(task, completed=now.step / now.n_steps, state=state)

        yield show
