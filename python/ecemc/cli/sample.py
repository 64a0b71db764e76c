"""``ecemc sample``: options in, one call of :func:`ecemc.sampling.sample`, one line out."""

from __future__ import annotations

__all__ = ["sample"]

from enum import Enum
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from ecemc import sampling
from ecemc.cli.options import time_option
from ecemc.cli.show import say
from ecemc.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

_ATMOSPHERE = 1.01325  # bar


class Ensemble(str, Enum):
    """Ensembles of the equilibration and production runs."""

    nvt = "nvt"
    npt = "npt"


def sample(
    composition: Annotated[
        str | None, typer.Argument(help="Molecules to pack, such as 16EC:32EMC (OPLS-AA); leave out with --start.")
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="Trajectory to write (.extxyz).")] = Path("liquid.extxyz"),
    temperature: Annotated[float, typer.Option(help="Temperature, K.")] = 400.0,
    ensemble: Annotated[Ensemble, typer.Option(help="Constant volume or constant pressure.")] = Ensemble.npt,
    pressure: Annotated[float | None, typer.Option(help="Pressure for npt, bar (1.01325 if not given).")] = None,
    density: Annotated[
        float | None,
        typer.Option(help="Density of the box, g/cm³: kept in nvt, the start in npt (a good guess if not given)."),
    ] = None,
    time: Annotated[float, time_option("Length of the run.")] = "20ps",  # type: ignore[assignment]
    equilibration: Annotated[float, time_option("Length of the run before, not written.")] = "50ps",  # type: ignore[assignment]
    every: Annotated[float, time_option("Time between frames.")] = "200fs",  # type: ignore[assignment]
    seed: Annotated[int, typer.Option(help="Seed of packing, velocities, thermostat and barostat.")] = 1,
    cutoff: Annotated[float, typer.Option(help="Lennard-Jones and real-space Coulomb cutoff, Å.")] = 9.0,
    threads: Annotated[
        int | None, typer.Option(help="Threads (all cores if not given); 1 repeats runs to the last bit.")
    ] = None,
    start: Annotated[
        Path | None, typer.Option(help="Start box of other molecules: PDB, or extxyz with --system.")
    ] = None,
    forcefield: Annotated[
        list[str] | None, typer.Option(help="OpenMM force-field XML for --start; may be repeated.")
    ] = None,
    system: Annotated[Path | None, typer.Option(help="Serialised OpenMM system XML for --start.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a finished trajectory.")] = False,
) -> None:
    """Sample a liquid: pack a box, run molecular dynamics, write frames with energy, forces and virial.

    A killed run is continued by the same command.

    Typical commands:

      ecemc sample 16EC:32EMC --temperature 400 --time 20ps -o liquid.extxyz

      ecemc sample 16EC:32EMC --ensemble nvt --density 0.9 -o dilute.extxyz

      ecemc sample --forcefield tip3p.xml --start water.pdb -o water.extxyz
    """
    options = sampling.SampleOptions(
        temperature=temperature,
        pressure=_pressure(ensemble, pressure),
        time=time,
        equilibration=equilibration,
        frame_interval=every,
        seed=seed,
        n_threads=threads,
    )
    if start is None:
        if composition is None or forcefield or system:
            raise InputError("composition: give one such as 16EC:32EMC, or --start with --forcefield or --system")
        force_field = sampling.OplsOptions(cutoff=cutoff)
        liquid = sampling.opls_liquid(
            composition, temperature=temperature, density=density, seed=seed, options=force_field
        )
    else:
        if composition is not None or density is not None:
            raise InputError("start: the start box fixes composition and density; leave both out")
        liquid = _users_liquid(start, forcefield, system, cutoff)
    result = _with_bar(lambda progress: sampling.sample(liquid, out, options, progress=progress, overwrite=overwrite))
    say(
        f"{result.path}: {len(result.densities)} frames, density {fmean(result.densities):.4f} g/cm³, "
        f"temperature {fmean(result.temperatures):.1f} K (target {temperature:g} K)"
    )


def _pressure(ensemble: Ensemble, pressure: float | None) -> float | None:
    """Pressure of the run, None for NVT."""
    if ensemble is Ensemble.nvt:
        if pressure is not None:
            raise InputError("pressure: it has no meaning with --ensemble nvt; leave it out or take npt")
        return None
    return _ATMOSPHERE if pressure is None else pressure


def _users_liquid(start: Path, forcefield: list[str] | None, system: Path | None, cutoff: float) -> sampling.Liquid:
    """Liquid of the user's own force field."""
    if forcefield and system is None:
        return sampling.forcefield_liquid(forcefield, start, cutoff=cutoff)
    if system is not None and not forcefield:
        return sampling.system_liquid(system, start)
    raise InputError("start: say what acts on it, either --forcefield or --system")


def _with_bar(run: Callable[[Callable[[sampling.Progress], None]], sampling.SampleResult]) -> sampling.SampleResult:
    """Run under a progress bar on a terminal, silently elsewhere."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description:<11}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[state]}"),
    )
    with Bar(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("minimise", total=1.0, state="")

        def show(now: sampling.Progress) -> None:
            state = f"{now.temperature:5.0f} K  {now.density:.3f} g/cm³"
            bar.update(task, completed=now.fraction, description=now.stage, state=state)

        return run(show)
