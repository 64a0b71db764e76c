"""Results as they lie on disk, turned back into objects."""

from __future__ import annotations

__all__ = ["read_comparison", "read_densities", "read_eos", "read_errors", "read_run", "read_scan"]

import math
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from ecemc.comparison import (
    Comparison,
    Curve,
    CurveComparison,
    CurveDifference,
    Difference,
    Result,
    Scalar,
    ScalarComparison,
)  # fmt: skip
from ecemc.diagnosis.evidence import Density, EquationOfState, Errors, Run
from ecemc.errors import FileFormatError
from ecemc.md.files import read_thermo
from ecemc.metrics import ErrorRow
from ecemc.scans import ScanCurve, ScanResult, VolumeScan

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from ecemc.diagnosis.find import Found

    Array = NDArray[np.float64]
    Record = dict[str, Any]

_FS_PER_PS = 1000.0


@contextmanager
def _whole(path: Path) -> Iterator[None]:
    """Turn whatever is wrong inside a file into one error that names it."""
    try:
        yield
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        what = f"key {error} is missing" if isinstance(error, KeyError) else str(error)
        raise FileFormatError(f"{path}: damaged, {what}; make it again") from error


def _float(value: Any) -> float:
    return math.nan if value is None else float(value)


def _array(values: Any) -> Array:
    """Numbers; null is NaN."""
    return np.asarray(values, dtype=np.float64)


def read_errors(found: Found) -> Errors:
    """Read ``errors.json``."""
    with _whole(found.path):
        record = found.record
        rows = [_error_row(row) for row in record["errors"]]
        return Errors(str(record["reference"]), str(record["prediction"]), int(record["n_frames"]), tuple(rows))


def _error_row(row: Record) -> ErrorRow:
    names = {name: str(row[name]) for name in ("quantity", "part", "by", "group", "unit")}
    scores = {name: _float(row[name]) for name in ("rmse", "mae", "rrmse", "max_error", "bias")}
    return ErrorRow(n=int(row["n"]), **names, **scores)  # type: ignore[arg-type]


def read_scan(found: Found, method: int) -> ScanResult:
    """Read ``scan.json``: the reference and one of the models."""
    with _whole(found.path):
        record = found.record
        low, high = record["well"]
        methods = record["methods"]
        scans = tuple(_scan(each, (0, method)) for each in record["scans"])
        return ScanResult((methods[0], methods[method]), scans, (), (float(low), float(high)), ())


def _scan(record: Record, methods: Sequence[int]) -> VolumeScan:
    curves = [record["curves"][number] for number in methods]
    return VolumeScan(
        parent_frame=int(record["parent_frame"]),
        n_atoms=int(record["n_atoms"]),
        species=tuple(map(str, record["species"])),
        scales=_array(record["scales"]),
        density=_array(record["density_g_per_cm3"]),
        curves=tuple(
            ScanCurve(
                str(curve["method"]),
                _array(curve["energy_eV"]),
                _array(curve["isolated_eV"]),
                _array(curve["net_forces_eV_per_A"]),
            )
            for curve in curves
        ),
    )


def read_run(found: Found) -> Run:
    """Read ``OUT.md.json`` and the log beside it."""
    stem = found.path.name.removesuffix(".md.json").removesuffix(".json")
    series = read_thermo(found.path.with_name(f"{stem}.thermo.csv"))
    with _whole(found.path):
        record = found.record
        stopped = record.get("stopped_by")
        return Run(
            path=found.path,
            trajectory=str((record.get("files") or {}).get("trajectory") or f"{stem}.extxyz"),
            method=str(record["method"]),
            ensemble=str(record["ensemble"]),
            composition=str(record.get("composition") or ""),
            temperature=_known(record.get("temperature_end_K") or record.get("temperature_K")),
            pressure=_known(record.get("pressure_bar")),
            status=str(record["status"]),
            stopped_by=dict(stopped) if stopped else None,
            time=series["time_fs"] / _FS_PER_PS,
            series=series,
        )


def _known(value: Any) -> float | None:
    return None if value is None else float(value)


def read_densities(found: Found) -> tuple[Density, ...]:
    """Read what ``ecemc density --json`` prints."""
    with _whole(found.path):
        return tuple(_density(entry) for entry in found.record["runs"])


def _density(entry: Record) -> Density:
    reference = entry.get("reference") or {}
    return Density(
        file=str(entry["file"]),
        method=str(entry.get("method") or ""),
        composition=str(entry.get("composition") or ""),
        temperature=_known(entry.get("temperature_K")),
        value=_float(entry["density_g_cm3"]),
        stderr=_float(entry["stderr"]),
        n_effective=_float(entry.get("n_effective")),
        reference=None if not reference else _float(reference["density_g_cm3"]),
        reference_stderr=_float(reference.get("stderr") or 0.0),
        reference_source=str(reference.get("source") or ""),
    )


def read_eos(found: Found) -> EquationOfState:
    """Read what ``ecemc eos --json`` prints."""
    with _whole(found.path):
        low, high = found.record.get("ci95") or (None, None)
        return EquationOfState(_float(found.record["zero_pressure_density"]), _float(low), _float(high))


def read_comparison(found: Found, label: str, analyses: Sequence[Result]) -> Comparison:
    """Read ``compare.json``: the reference and one other result; series come from their analyses, if they are there."""
    with _whole(found.path):
        record = found.record
        labels = [str(entry["label"]) for entry in record["results"]]
        chosen = [labels[0], label]
        results = [_result(entry, analyses) for entry in record["results"] if entry["label"] in chosen]
        scalars = {row["name"]: _scalar(row, chosen) for row in record["quantities"]}
        curves = [_curve(row, chosen) for row in record["rdf"]]
        return Comparison(tuple(results), tuple(record["remarks"]), scalars, tuple(curves), ())


def _result(entry: Record, analyses: Sequence[Result]) -> Result:
    inputs = tuple((str(source["name"]), str(source["sha256"])) for source in entry["inputs"])
    known = next((analysis for analysis in analyses if inputs and analysis.inputs == inputs), None)
    return Result(
        label=str(entry["label"]),
        inputs=inputs,
        n_frames=int(entry["n_frames"]),
        compositions=tuple(entry["compositions"]),
        time=None if known is None else known.time,
        series={} if known is None else known.series,
        scalars={}, units={}, curves={}, block_length=0, local=None, motion=None, options={},
    )  # fmt: skip


def _scalar(row: Record, labels: Sequence[str]) -> ScalarComparison:
    values = [row["values"][label] for label in labels]
    known = [
        value and Scalar(
            _float(value["value"]), _float(value["stderr"]), _float(value["std"]), _float(value["n_effective"]),
            str(value["reservation"]),
        )
        for value in values
    ]  # fmt: skip
    return ScalarComparison(row["name"], row["unit"], tuple(known), (_difference(row["differences"][labels[1]]),))


def _difference(entry: Record) -> Difference:
    return Difference(
        _float(entry["value"]), _float(entry["stderr"]), _float(entry["sigmas"]),
        entry.get("verdict", "cannot tell"), str(entry.get("sentence", "")),
    )  # fmt: skip


def _curve(row: Record, labels: Sequence[str]) -> CurveComparison:
    edges = _array(row["edges"])
    curves = [
        Curve(edges, _array(row["values"][label]["g"]), _array(row["values"][label]["stderr"]), 0, {})
        for label in labels
    ]
    found = row["differences"][labels[1]]
    largest = _difference({**found["largest"], "verdict": found["verdict"], "sentence": found["sentence"]})
    difference = CurveDifference(
        delta=_array(found["delta"]), stderr=_array(found["stderr"]),
        r=_float(found["largest"]["r"]), largest=largest,
        significant=_float(found["significant"]["value"]), r_significant=_float(found["significant"]["r"]),
        integrated=_float(found["integrated"]["value"]), noise=_float(found["integrated"]["noise"]),
        shift=_float(found["peak_shift"]["value"]), shift_stderr=_float(found["peak_shift"]["stderr"]),
    )  # fmt: skip
    a, b = row["pair"]
    return CurveComparison(str(row["part"]), (str(a), str(b)), tuple(curves), (difference,), ())
