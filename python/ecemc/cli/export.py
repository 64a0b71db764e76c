"""``ecemc export``: what LAMMPS needs to run a model."""

from __future__ import annotations

__all__ = ["export"]

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from ecemc.cli.main import DONE
from ecemc.cli.show import say
from ecemc.errors import InputError


class Ensemble(str, Enum):
    """What is kept constant."""

    nve = "nve"
    nvt = "nvt"
    npt = "npt"


def export(
    start: Annotated[Path, typer.Argument(metavar="START", help="Configuration to start from.", show_default=False)],
    model: Annotated[Path, typer.Option("--model", "-m", help="GAP model (.xml).", show_default=False)],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder to write.")] = Path("lammps"),
    frame: Annotated[int, typer.Option(help="Which frame of START; -1 is the last.")] = -1,
    ensemble: Annotated[Ensemble, typer.Option(help="What is kept constant.")] = Ensemble.npt,
    temperature: Annotated[float, typer.Option("--temperature", "-T", metavar="K", help="Temperature.")] = 300.0,
    pressure: Annotated[float, typer.Option(metavar="BAR", help="Pressure.")] = 1.01325,
    timestep: Annotated[float, typer.Option(metavar="FS", help="Time step.")] = 1.0,
    steps: Annotated[int, typer.Option(help="Number of steps.")] = 100_000,
    interval: Annotated[int, typer.Option(help="Steps between frames, and between lines of the log.")] = 100,
    seed: Annotated[int, typer.Option(help="Of the start velocities, if START has none.")] = 1,
    link: Annotated[bool, typer.Option("--link", help="Link to the model's files instead of copying them.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an earlier export.")] = False,
) -> int:
    """Write a folder for LAMMPS: system.data, in.lammps, and the model with its sparse points.

    Run it with a LAMMPS that has the package ML-QUIP: lmp -in in.lammps. It writes trajectory.dump, which
    ecemc analyze reads.

    Exit status: 0 done, 2 bad input.

    Example:  ecemc export liquid.extxyz --model gap.xml --ensemble npt --temperature 400 -o lammps
    """
    from ecemc.dataset import record_provenance
    from ecemc.export import LammpsOptions, export_lammps
    from ecemc.trajectory import iread

    options = LammpsOptions(
        ensemble.value, temperature, pressure, timestep, n_steps=steps, interval=interval, seed=seed, link_model=link
    )
    if (out / "in.lammps").exists() and not overwrite:
        raise InputError(f"{out}: holds an in.lammps already; choose another folder or give --overwrite")
    try:
        (atoms,) = iread(start, frame)
    except IndexError as error:
        raise InputError(f"--frame: {start} has no frame {frame}") from error
    done = export_lammps(atoms, model, out, options)
    record_provenance(
        done.data, step="export", parents=(start, model), parameters={"frame": frame, "model": model}, n_frames=1
    )
    kinds = ", ".join(f"{k} {symbol}" for k, symbol in enumerate(done.symbols, 1))
    say(f"{out}: {len(atoms)} atoms, types {kinds}, {done.model.name}")
    say(f"Run it there with a LAMMPS that has ML-QUIP: lmp -in {done.input.name}")
    say(f"Then: ecemc analyze {out / 'trajectory.dump'}")
    return DONE
