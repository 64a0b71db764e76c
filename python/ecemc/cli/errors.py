"""``ecemc errors``: a model against a reference."""

from __future__ import annotations

__all__ = ["errors"]

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ecemc.cli.labels import (
    PREFIX,
    energy_key_option,
    forces_key_option,
    label_keys,
    prefix_option,
    virial_key_option,
)
from ecemc.cli.main import DONE, FAILED
from ecemc.cli.reading import naming, open_trajectory, select_option
from ecemc.cli.show import counting, say, table, trajectory_argument, warn
from ecemc.errors import InputError

if TYPE_CHECKING:
    from ecemc.labels import LabelKeys
    from ecemc.methods.method import Method
    from ecemc.metrics import ErrorReport, ErrorRow

    Source = Method | LabelKeys

_SHOWN = 10
_SCORES = ("rmse", "mae", "rrmse", "max_error")
_RESULTS = "errors.json"
_SHOWN_BY_GROUP = {
    ("energy", "total"): "energy",
    ("energy", "inter"): "inter",
    ("forces", "total"): "forces",
    ("forces", "inter"): "inter",
    ("forces", "trans"): "trans",
    ("forces", "rot"): "rot",
    ("forces", "vib"): "vib",
}


def errors(
    trajectories: Annotated[list[Path], trajectory_argument()],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder to write to.")] = Path("errors"),
    model: Annotated[
        str | None,
        typer.Option("--model", "-m", help="What is judged: model.xml, or any method that ecemc label knows."),
    ] = None,
    model_prefix: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Instead: predictions in the file, TEXTenergy, TEXTforces ...")
    ] = None,
    reference: Annotated[
        str | None, typer.Option("--reference", "-r", help="Method that is right, instead of labels in the file.")
    ] = None,
    prefix: Annotated[str, prefix_option()] = PREFIX,
    energy_key: Annotated[str | None, energy_key_option()] = None,
    forces_key: Annotated[str | None, forces_key_option()] = None,
    virial_key: Annotated[str | None, virial_key_option()] = None,
    parts: Annotated[
        bool, typer.Option("--parts/--no-parts", help="Errors within and between molecules: computes the molecules.")
    ] = True,
    cell: Annotated[
        str,
        typer.Option(
            metavar="CELL",
            help="Where molecules are computed: none (vacuum), parent, a length in Å; stored: as the file's.",
        ),
    ] = "stored",
    by: Annotated[
        str, typer.Option(metavar="LIST", help="Groups: element, species, config_type, composition.")
    ] = "element,species,config_type,composition",
    select: Annotated[str, select_option()] = ":",
    options: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Option of the model; may be repeated.")
    ] = None,
    predictions: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write the frames with MODEL_energy, MODEL_forces ...")
    ] = None,
    jobs: Annotated[int | None, typer.Option("--jobs", "-j", help="Calculations at the same time (all cores).")] = None,
    retry: Annotated[bool, typer.Option("--retry", help="Try again what has failed before.")] = False,
    fail_above: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE",
            help="Exit with 1 above a value, eV and Å: forces.inter.rmse=0.05; may be repeated.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print errors.json instead of the table.")] = False,
) -> int:
    """Errors of a model: total, within and between molecules; of translation, rotation and vibration.

    Writes errors.json, errors.csv and parity figures (PNG, SVG) to DIR. Errors within and between molecules need stored
    labels with these parts (ecemc decompose), or --reference. Finished calculations are kept in DIR/errors.ledger, so
    the same command goes on after an interruption.

    Exit status: 0 done, 1 a frame failed or an error is above --fail-above, 2 bad input or all frames failed.

    Example:  ecemc errors test.extxyz --model model.xml -o errors
    """
    from ecemc.decomposition import read_cell
    from ecemc.evaluation import Ledger
    from ecemc.metrics import STORED_CELL, ErrorOptions, model_errors

    limits = _limits(fail_above)
    judged, right = _sources(model, model_prefix, options, reference, (prefix, energy_key, forces_key, virial_key))
    where = STORED_CELL if cell == STORED_CELL else read_cell(cell, "--cell")
    settings = ErrorOptions([name for name in by.split(",") if name], parts, where, jobs, None, retry)
    trajectory = open_trajectory(trajectories, select, append=True)
    _make(out)
    with Ledger(out / "errors.ledger") as ledger, counting("frames") as progress, naming(trajectory):
        report = model_errors(
            trajectory, judged, right, options=replace(settings, ledger=ledger),
            predictions=predictions, progress=progress,
        )  # fmt: skip
    _write(out, report)
    broken = _broken(report, limits)
    if as_json:
        typer.echo(json.dumps(report.to_dict(), indent=1, ensure_ascii=False, allow_nan=False))
    else:
        _show(report)
        say(f"Errors: {out / _RESULTS}")
    for failure in report.failures[:_SHOWN]:
        warn(f"frame {failure.frame}: {failure.reason}")
    if len(report.failures) > _SHOWN:
        warn(f"and {len(report.failures) - _SHOWN} more frames failed")
    for line in broken:
        warn(line)
    return FAILED if report.failures or broken else DONE


def _sources(
    model: str | None,
    model_prefix: str | None,
    options: list[str] | None,
    reference: str | None,
    spelling: tuple[str, str | None, str | None, str | None],
) -> tuple[Source, Source]:
    """Find out what is judged, and against what."""
    from ecemc.cli.label import parsed
    from ecemc.labels import LabelKeys
    from ecemc.methods import get_method

    if (model is None) == (model_prefix is None):
        raise InputError("--model, --model-prefix: give one of the two: what computes the predictions, or their keys")
    if model is None and options:
        raise InputError("--set: is about the model that computes; give --model")
    judged: Source = LabelKeys.prefixed(model_prefix or "") if model is None else get_method(model, **parsed(options))
    right: Source = label_keys(*spelling) if reference is None else get_method(reference)
    if judged == right:
        raise InputError("--model-prefix: are the labels of the reference; give those of the model")
    return judged, right


def _limits(texts: list[str] | None) -> dict[tuple[str, str, str], float]:
    """Read limits such as ``forces.inter.rmse=0.05``."""
    from ecemc.metrics import PARTS

    found = {}
    for text in texts or []:
        name, _, value = text.partition("=")
        words = tuple(name.split("."))
        if len(words) != 3 or words[1] not in PARTS.get(words[0], ()) or words[2] not in _SCORES:
            raise InputError(
                f"--fail-above: got {text!r}, expected QUANTITY.PART.SCORE=VALUE, such as energy.inter.rmse=0.001: "
                f"{' or '.join(PARTS)}, one of its parts ({', '.join(PARTS['forces'])}), and {', '.join(_SCORES)}"
            )
        try:
            found[words] = float(value)
        except ValueError:
            raise InputError(f"--fail-above: got {text!r}, expected a number behind '='") from None
    return found


def _broken(report: ErrorReport, limits: dict[tuple[str, str, str], float]) -> list[str]:
    """Say which limits do not hold; what could not be computed does not."""
    lines = []
    for (quantity, part, score), limit in limits.items():
        row = report.table.row(quantity, part)
        name = f"{quantity}.{part}.{score}"
        if row is None:
            lines.append(f"{name}: is not known, so it cannot be below {limit:g}")
        elif not getattr(row, score) <= limit:
            unit = "" if score == "rrmse" else f" {row.unit}"
            lines.append(f"{name}: {getattr(row, score):.4g}{unit} is above {limit:g}")
    return lines


def _make(folder: Path) -> None:
    """Make sure that results may be written there."""
    from ecemc.metrics import LAYOUT

    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: is a file, expected a folder to write to")
    try:
        there = json.loads((folder / _RESULTS).read_bytes())
        ours = there["layout"] == LAYOUT
    except FileNotFoundError:
        ours = True
    except (ValueError, KeyError, TypeError):
        ours = False
    if not ours:
        raise InputError(f"{folder}: holds an {_RESULTS} that is not of ecemc errors; choose another folder")
    folder.mkdir(parents=True, exist_ok=True)


def _write(folder: Path, report: ErrorReport) -> None:
    """Write numbers and figures; take away figures of an earlier run that this one does not have."""
    from ecemc.files import write_atomically
    from ecemc.plots import errors as figures
    from ecemc.plots import png, svg

    draw = {
        "forces": figures.force_parity_figure,
        "energy_virial": figures.property_parity_figure,
        "inter": figures.inter_parity_figure,
    }
    for name, figure in draw.items():
        try:
            drawn = figure(report)
        except InputError:  # nothing to show
            for ending in (".png", ".svg"):
                (folder / (name + ending)).unlink(missing_ok=True)
            continue
        write_atomically(folder / f"{name}.png", png(drawn))
        write_atomically(folder / f"{name}.svg", svg(drawn).encode())
    write_atomically(folder / "errors.csv", report.table.to_csv().encode())
    content = json.dumps(report.to_dict(), indent=1, ensure_ascii=False, allow_nan=False)
    write_atomically(folder / _RESULTS, (content + "\n").encode())


def _show(report: ErrorReport) -> None:
    """Print the paper's view, then the groups."""
    from ecemc.metrics import PARTS

    n = report.table.n_frames
    say(f"{report.prediction} against {report.reference}, {n} frame{'s' * (n != 1)}", style="bold")
    rows = []
    for part in PARTS["forces"]:
        found = [report.table.row(quantity, part) for quantity in PARTS]
        if any(found):
            rows.append([part, *(text for row in found for text in _texts(row, "rmse", "rrmse"))])
    headings = ("energy RMSE (meV/atom)", "RRMSE", "forces RMSE (meV/Å)", "RRMSE", "virial RMSE (meV/atom)", "RRMSE")
    table(["part", *headings], rows)
    for by in report.table.by:
        _show_groups(report, by)
    for note in report.notes:
        warn(note)


def _show_groups(report: ErrorReport, by: str) -> None:
    """Print the groups of a grouping, if there are several."""
    groups = sorted({row.group for row in report.table.rows() if row.by == by})
    if len(groups) < 2:
        return
    say(f"RMSE by {by}, energy in meV/atom and forces in meV/Å")
    columns = [key for key in _SHOWN_BY_GROUP if any(report.table.row(*key, by, group) for group in groups)]
    rows = [
        [group, *(text for key in columns for text in _texts(report.table.row(*key, by, group), "rmse"))]
        for group in groups
    ]
    table([by, *(_SHOWN_BY_GROUP[key] for key in columns)], rows)


def _texts(row: ErrorRow | None, *scores: str) -> list[str]:
    """Numbers of a line, in meV."""
    from ecemc.text import number

    if row is None:
        return [""] * len(scores)
    return [number((1.0 if score == "rrmse" else 1e3) * getattr(row, score), 3) for score in scores]
