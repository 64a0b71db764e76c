"""All results about one model, gathered from files."""

from __future__ import annotations

__all__ = ["gather"]

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ecemc.comparison.sources import load
from ecemc.diagnosis.evidence import Evidence, Source
from ecemc.diagnosis.find import find
from ecemc.diagnosis.readers import (
    read_comparison,
    read_densities,
    read_eos,
    read_errors,
    read_run,
    read_scan,
)  # fmt: skip
from ecemc.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ecemc.comparison import Comparison, Result
    from ecemc.diagnosis.evidence import Run
    from ecemc.diagnosis.find import Found
    from ecemc.scans import ScanResult


def gather(paths: Iterable[str | Path], model: str | None = None) -> Evidence:
    """Read everything about a model.

    Parameters
    ----------
    paths
        Folders and files, see :func:`ecemc.diagnosis.find.find`.
    model
        Which one, where files are about several: the name of the method, or of its file.

    Raises
    ------
    InputError
        If files are about different models and it is not said which is meant.
    FileFormatError
        If a file is damaged.
    FileNotFoundError
        If a path, or the log of a run, is not there.
    """
    found = find(list(paths))
    of = {kind: [entry for entry in found if entry.kind == kind] for kind in {entry.kind for entry in found}}
    single = {kind: entries[0] for kind, entries in of.items()}
    errors = read_errors(single["errors"]) if "errors" in single else None
    wanted = model or (errors.prediction if errors else None)
    scan = _scan(single.get("scan"), wanted)
    wanted = wanted or (scan.methods[1] if scan else None)
    runs = [read_run(entry) for entry in of.get("run", [])]
    ours = _of_model(runs, wanted)
    name = wanted or (ours[0].method if ours else "the model")
    _check_one(name, errors.prediction if errors else None, scan.methods[1] if scan else None)
    analyses = [(entry, load(entry.path, entry.path.parent.name)) for entry in of.get("analysis", [])]
    comparison = _comparison(single.get("comparison"), name, [result for _, result in analyses])
    densities = read_densities(single["density"]) if "density" in single else ()
    checks = _checks(analyses, ours, comparison)
    others = {entry.path for entry in of.get("run", [])} - {run.path for run in ours}
    return Evidence(
        model=name,
        errors=errors,
        scan=scan,
        comparison=comparison,
        runs=tuple(ours),
        densities=tuple(entry for entry in densities if not entry.method or _fits(entry.method, name)),
        eos=read_eos(single["eos"]) if "eos" in single else None,
        checks=checks,
        training=_training(of.get("fit", []), name),
        sources=tuple(Source(entry.kind, entry.path, entry.sha256) for entry in found if entry.path not in others),
    )


def _fits(name: str, wanted: str) -> bool:
    """Whether a name of a method is that of the model: the same, or that of the same file."""
    return wanted == name or _stem(wanted) in _words(name) or _stem(name) in _words(wanted)


def _words(name: str) -> set[str]:
    """Words of a name such as ``GAP model.xml 2e66e4a4``, without the ending of the file."""
    return {_stem(word) for word in name.split()}


def _stem(name: str) -> str:
    return Path(name).name.removesuffix(".xml")


def _scan(found: Found | None, wanted: str | None) -> ScanResult | None:
    if found is None:
        return None
    methods = [str(name) for name in found.record["methods"]]
    if len(methods) < 2:
        return None  # a scan of the reference alone
    fitting = [number for number, name in enumerate(methods) if number and wanted and _fits(name, wanted)]
    if len(methods) > 2 and len(fitting) != 1:
        raise InputError(
            f"{found.path}: holds the models {', '.join(methods[1:])}; say which one is meant with --model"
            + (f", got {wanted!r}" if wanted else "")
        )
    return read_scan(found, fitting[0] if fitting else 1)


def _of_model(runs: Sequence[Run], wanted: str | None) -> list[Run]:
    """Choose the runs of the model; others may be those of the reference."""
    methods = list(dict.fromkeys(run.method for run in runs))
    fitting = [name for name in methods if wanted and _fits(name, wanted)]
    if not fitting and len(methods) == 1:
        fitting = methods
    if runs and not fitting:
        raise InputError(f"runs of {', '.join(methods)}: say which is the model with --model")
    return [run for run in runs if run.method in fitting]


def _check_one(name: str, *others: str | None) -> None:
    """Refuse to mix models that are known to be different: names of GAP models hold a hash of their content."""
    gaps = list(dict.fromkeys(other for other in (name, *others) if other and other.startswith("GAP ")))
    if len(gaps) > 1:
        raise InputError(f"results are of {gaps[0]} and of {gaps[1]}, expected those of one model")


def _comparison(found: Found | None, name: str, analyses: Sequence[Result]) -> Comparison | None:
    if found is None:
        return None
    labels = [str(entry["label"]) for entry in found.record.get("results", [])][1:]
    fitting = [label for label in labels if _fits(label, name)] or labels[: len(labels) == 1]
    if not fitting:
        raise InputError(
            f"{found.path}: compares {', '.join(labels)} with a reference; say which is the model: --model"
        )
    return read_comparison(found, fitting[0], analyses)


def _checks(
    analyses: Sequence[tuple[Found, Result]], runs: Sequence[Run], comparison: Comparison | None
) -> tuple[tuple[str, str, str], ...]:
    """Gather the checks of the analyses of the model's runs that did not pass."""
    names = {run.trajectory for run in runs}
    compared = comparison.results[1].inputs if comparison else ()
    found: list[tuple[str, str, str]] = []
    for entry, result in analyses:
        if result.inputs == compared or any(name.removesuffix(".gz") in names for name, _ in result.inputs):
            verdict: dict[str, Any] = entry.record["verdict"]
            found += [
                (str(check["name"]), str(check["status"]), str(check["explanation"]))
                for check in verdict["checks"]
                if check["status"] != "pass"
            ]
    return tuple(dict.fromkeys(found))


def _training(fits: Sequence[Found], name: str) -> dict[str, int]:
    """Numbers of training configurations by type, if a record of this model's fit is there and tells them."""
    for found in fits:
        if _fits(name, str(found.record.get("file"))):
            types = found.record["parameters"].get("config_types") or {}
            return {str(config_type): int(number) for config_type, number in types.items()}
    return {}
