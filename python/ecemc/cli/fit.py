"""``ecemc fit``: a training set in, one call of :func:`ecemc.gap.fit_gap`, a model out."""

from __future__ import annotations

__all__ = ["fit"]

import json
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ecemc.cli.labels import PREFIX, energy_key_option, forces_key_option, label_keys, prefix_option, virial_key_option
from ecemc.cli.main import DONE, FAILED
from ecemc.cli.show import console, say, table, warn
from ecemc.errors import InputError
from ecemc.text import number, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ecemc.gap import FitParams, FitProgress, FitResult, Preflight

_GB = 1e9
_DEFAULT = "DTS:standard"


def _gigabytes(text: str) -> float:
    """Read an amount of memory such as ``64GB``, in bytes."""
    digits = text.strip().upper().removesuffix("GB").strip()
    try:
        value = float(digits)
    except ValueError:
        value = 0.0
    if not value > 0.0:
        raise typer.BadParameter(f"cannot read the amount {text!r}; write gigabytes, such as 64GB")
    return value * _GB


def _free_atoms(text: str) -> str | dict[str, float]:
    """Read ``isolated``, ``average`` or ``C=-146.4,H=-13.1``, in eV."""
    if "=" not in text:
        return text
    pairs = [part.partition("=") for part in text.split(",")]
    try:
        return {element.strip(): float(energy) for element, _, energy in pairs}
    except ValueError as error:
        raise typer.BadParameter(f"cannot read the energies {text!r}; write ELEMENT=EV, such as C=0,H=0,O=0") from error


def fit(
    train: Annotated[
        list[Path] | None, typer.Argument(metavar="TRAIN", help="Labelled frames; several files are joined.")
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="Model to write.")] = Path("model.xml"),
    preset: Annotated[
        str | None, typer.Option(help=f"DS or DTS, each :quick, :standard or :accurate ({_DEFAULT} if not given).")
    ] = None,
    config: Annotated[Path | None, typer.Option(help="Parameters from a TOML file instead.")] = None,
    write_config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the parameters to a TOML file for editing, and stop.")
    ] = None,
    preflight: Annotated[
        bool, typer.Option("--preflight", help="Only look at data and parameters; fit nothing.")
    ] = False,
    n_sparse: Annotated[int | None, typer.Option(help="Sparse points per element, of all SOAP terms.")] = None,
    virial_sigma: Annotated[
        float | None,
        typer.Option(metavar="EV", help="Expected error of virials, eV/atom; smaller: pressures count more."),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Of the choice of sparse points.")] = None,
    e0: Annotated[
        Any,
        typer.Option(
            parser=_free_atoms,
            metavar="E0",
            help="Energies of free atoms: isolated (frames of one atom), average, or by element, eV: C=0,H=0,O=0.",
        ),
    ] = None,
    memory: Annotated[
        float | None,
        typer.Option(parser=_gigabytes, metavar="GB", help="What gap_fit may take (what is free if not given)."),
    ] = None,
    prefix: Annotated[str, prefix_option()] = PREFIX,
    energy_key: Annotated[str | None, energy_key_option()] = None,
    forces_key: Annotated[str | None, forces_key_option()] = None,
    virial_key: Annotated[str | None, virial_key_option()] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a model that is there.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> int:
    """Fit a GAP model to labelled frames with QUIP's gap_fit.

    Data and parameters are looked at first; what would make gap_fit fail, fit the wrong thing or run out of memory is
    said before it starts. Beside OUT appear its sparse points, gap_fit's log and a provenance record.

    Typical commands:

      ecemc fit train.extxyz --preset DTS:quick -o model.xml

      ecemc fit train.extxyz --preset DS:standard --preflight

      ecemc fit --preset DTS:standard --write-config fit.toml

      ecemc fit liquid.extxyz atoms.extxyz --config fit.toml --prefix DFT_
    """
    from ecemc import gap

    params = _parameters(preset, config, n_sparse=n_sparse, virial_sigma=virial_sigma, seed=seed, e0=e0)
    if write_config is not None:
        _write(write_config, params, overwrite)
        return DONE
    if not train:
        raise InputError("TRAIN: no training set given; give at least one file")
    names = label_keys(prefix, energy_key, forces_key, virial_key)
    if preflight:
        return _report(gap.preflight(train, params, names=names, memory=memory), as_json)
    with _bar() as progress:
        result = gap.fit_gap(train, params, out, names=names, memory=memory, overwrite=overwrite, progress=progress)
    _show(result, as_json)
    return DONE


def _parameters(
    preset: str | None, config: Path | None, *, n_sparse: int | None, virial_sigma: float | None, **changes: Any
) -> FitParams:
    """Parameters of a preset or a file, with what the command line changes."""
    from ecemc import gap

    if config is not None and preset is not None:
        raise InputError("config: give either --config or --preset")
    params = gap.preset(preset or _DEFAULT) if config is None else gap.read_params(config)
    if n_sparse is not None:
        params = params.with_n_sparse(n_sparse)
    if virial_sigma is not None:
        params = params.with_virial_sigma(virial_sigma)
    return params.replace(**{name: value for name, value in changes.items() if value is not None})


def _write(path: Path, params: FitParams, overwrite: bool) -> None:
    from ecemc import gap

    if path.exists() and not overwrite:
        raise InputError(f"{path}: is there already; choose another name or give --overwrite")
    gap.write_params(path, params)
    say(f"{path}: written; edit it and give it as --config {path}")


def _report(look: Preflight, as_json: bool) -> int:
    """Print what the pre-flight found; give the exit status."""
    status = FAILED if look.errors else DONE
    counts = look.data.counts()
    if as_json:
        typer.echo(
            json.dumps(
                plain(
                    {
                        "counts": counts,
                        "config_types": look.data.config_types,
                        "e0": look.e0,
                        "memory": {**asdict(look.memory), "total": look.memory.total},
                        "descriptors": [line.text for line in look.lines],
                        "findings": [asdict(finding) for finding in look.findings],
                    }
                )
            )
        )
        return status
    table(
        ["config_type", "frames"],
        [[name or "(none)", n] for name, n in look.data.config_types.items()],
    )
    for finding in look.findings:
        say(f"{finding.severity}: {finding.text}", style={"error": "red", "warning": "yellow"}.get(finding.severity))
    say(
        f"{len(look.data.examples)} frames, {counts['energies']} energies, {counts['forces']} force components, "
        f"{counts['virials']} virial components; {len(look.lines)} descriptors; "
        f"about {number(look.memory.total / _GB, 3)} GB of memory"
    )
    say("not ready" if look.errors else "ready")
    return status


def _show(result: FitResult, as_json: bool) -> None:
    if as_json:
        record: dict[str, Any] = {
            "path": str(result.path),
            "counts": result.counts,
            "n_sparse": result.n_sparse,
            "seconds": result.seconds,
            "peak_memory": result.peak_memory,
            "expected_memory": result.expected_memory,
            "findings": [asdict(finding) for finding in result.findings],
            "log": str(result.log),
            "provenance": str(result.provenance),
        }
        typer.echo(json.dumps(plain(record)))
        return
    for finding in result.findings:
        if finding.severity == "warning":
            warn(finding.text)
    counts = result.counts
    say(
        f"{result.path}: {sum(result.n_sparse)} sparse points in {len(result.n_sparse)} descriptors, fitted to "
        f"{counts['energies']} energies, {counts['forces']} force and {counts['virials']} virial components in "
        f"{result.seconds:.0f} s with {number(result.peak_memory / _GB, 3)} GB"
    )


@contextmanager
def _bar() -> Iterator[Callable[[FitProgress], None]]:
    """Show stage and part of the work, on a terminal only."""
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    terminal = console(stderr=True)
    columns = (
        TextColumn("{task.description:<13}"), BarColumn(), TaskProgressColumn(),
        TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=terminal, transient=True, disable=not terminal.is_terminal) as bar:
        task = bar.add_task("look", total=1.0)

        def show(now: FitProgress) -> None:
            bar.update(task, completed=now.fraction, description=now.stage)

        yield show
