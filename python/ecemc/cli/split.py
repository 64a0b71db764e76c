"""``ecemc split``: parts of a data set for training, validation and testing."""

from __future__ import annotations

__all__ = ["split"]

from pathlib import Path
from typing import Annotated, Any

import typer

from ecemc.cli.main import DONE
from ecemc.cli.show import counting, say, warn
from ecemc.errors import InputError


def _part(name: str, text: str) -> Any:
    return typer.Option(f"--{name}", metavar="SIZE", help=f"{text}: a fraction such as 0.8, or a number of frames.")


def split(
    data: Annotated[Path, typer.Argument(metavar="DATA", help="Frames to divide: extended XYZ, or what ecemc reads.")],
    train: Annotated[str, _part("train", "Training part")],
    test: Annotated[str | None, _part("test", "Test part")] = None,
    validation: Annotated[str | None, _part("validation", "Validation part")] = None,
    seed: Annotated[int, typer.Option(help="Seed; the same seed gives the same parts.")] = 1,
    group_key: Annotated[
        str | None,
        typer.Option(metavar="KEY", help="Frames with the same value of this key stay together (parent_frame)."),
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for PART.extxyz.")] = Path(),
    force: Annotated[bool, typer.Option("--force", help="Replace parts that are there.")] = False,
) -> int:
    """Divide a data set at random into parts that represent the whole, without leaks between them.

    Every config_type and composition is divided in the same proportion. Repeated geometries, frames of one volume scan
    or of one parent stay together; isolated atoms go to the training part. What is asked for neither part is left out.

    Example:  ecemc split data.extxyz --train 0.8 --test 0.2 --seed 1 -o parts
    """
    from ecemc.dataset import split_dataset, write_split

    given = {"train": train, "validation": validation, "test": test}
    parts = {name: _size(name, text) for name, text in given.items() if text is not None}
    if not out.absolute().parent.is_dir():
        raise InputError(f"--out {out}: there is no folder {out.parent}")
    there = [str(out / f"{name}.extxyz") for name in parts if (out / f"{name}.extxyz").exists()]
    if there and not force:
        raise InputError(f"{', '.join(there)}: there already; choose another folder or give --force")
    with counting("frames") as progress:
        found = split_dataset(data, parts, seed=seed, group_key=group_key, progress=progress)
    paths = write_split(data, found, out)
    for name, path in paths.items():
        say(f"{path}: {found.counts[name]} frames")
    if found.left_out:
        say(f"left out: {len(found.left_out)} of {found.n_frames} frames")
    for name, wanted in found.quotas.items():
        got = found.counts[name] - (len(found.isolated_atoms) if name == "train" else 0)
        if got != wanted:
            warn(f"{name}: {got} frames instead of {wanted}, since frames that belong together stay together")
    return DONE


def _size(name: str, text: str) -> float:
    """Read a fraction or a number of frames."""
    try:
        return float(text) if "." in text else int(text)
    except ValueError as error:
        raise InputError(f"--{name}: got {text!r}, expected a fraction such as 0.8, or a number of frames") from error
