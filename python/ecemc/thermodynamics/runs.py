"""Runs as thermodynamics sees them: composition, temperature, mean density, mean pressure, and how they ended."""

from __future__ import annotations

__all__ = ["Average", "ReadRunOptions", "Run", "read_runs"]

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ecemc.comparison.sources import load
from ecemc.errors import FileFormatError, InputError
from ecemc.md.files import read_thermo
from ecemc.thermo import mean_with_error
from ecemc.thermodynamics.composition import amounts
from ecemc.thermodynamics.tables import read_table, row_composition
from ecemc.thermodynamics.trajectories import read_trajectory

if TYPE_CHECKING:
    from collections.abc import Iterable
    from os import PathLike

    from numpy.typing import NDArray

    from ecemc.thermodynamics.tables import Row

    Floats = NDArray[np.float64]

#: Endings of the files of a run of ``ecemc md``; any of them stands for the run.
_LOG, _SUMMARY = ".thermo.csv", ".md.json"
_SCHEMA = "ecemc-md/1"
#: Below this many independent entries an error is itself not known, and above this drift a mean is none.
_FEW, _DRIFT = 10.0, 3.0
#: Relative spread of densities that are the same.
_CONSTANT = 1e-6


@dataclass(frozen=True)
class Average:
    """A mean and how far to trust it, in the unit of the quantity."""

    mean: float
    #: standard error, NaN if it is not known
    stderr: float
    #: entries that count as independent, NaN if it is not known
    n_effective: float = math.nan
    #: what makes the error doubtful, empty if nothing does
    doubt: str = ""


@dataclass(frozen=True)
class ReadRunOptions:
    """What the files of runs do not say."""

    #: fs at the beginning of each run that are left out; detected if None
    discard: float | None = None
    #: K, of runs that tell no temperature
    temperature: float | None = None


@dataclass(frozen=True)
class Run:
    """One run, or one row of a user's table."""

    #: the file, and the line in a table
    file: str
    #: numbers of molecules, or mole fractions in a table; empty if a table does not tell
    composition: dict[str, float]
    #: K; NaN if a table does not tell
    temperature: float
    #: bar that a barostat held; NaN without one, or if the file does not tell
    pressure: float
    #: ``npt``, ``nvt``, ``nve``; empty if the file does not tell
    ensemble: str
    #: what computed forces; empty if the file does not tell
    method: str
    #: ``finished``, ``running`` or ``stopped``
    status: str
    #: why it was stopped, in a sentence; empty if it was not
    reason: str
    #: g/cm³
    density: Average | None
    #: bar, from the virial
    virial_pressure: Average | None
    seed: int | None = None

    @property
    def is_stable(self) -> bool:
        """Whether no monitor stopped it."""
        return self.status != "stopped"

    @property
    def is_constant_volume(self) -> bool:
        """Whether its density was set, not found."""
        return self.ensemble in {"nvt", "nve"}


def read_runs(paths: Iterable[str | PathLike[str]], options: ReadRunOptions | None = None) -> list[Run]:
    r"""Read runs, whatever form they have.

    Parameters
    ----------
    paths
        For each run: any of ``OUT.extxyz``, ``OUT.thermo.csv`` and ``OUT.md.json`` of ``ecemc md``; a folder of
        ``ecemc analyze`` or its ``results.json``; a trajectory; or a CSV table with a row for each state point, with
        the columns ``density_g_cm3``, ``temperature_K``, ``composition`` and, of runs at constant volume,
        ``pressure_bar`` and ``stderr_bar``; optional: ``stderr_g_cm3``, ``method``, ``status``, ``barostat_bar``.
    options
        What the files do not say.

    Raises
    ------
    FileFormatError
        If a file is none of these, or damaged.
    InputError
        If a run has no temperature, is a temperature ramp, is too short, or is given twice.
    OSError
        If a file cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "mine.csv"
    ...     _ = path.write_text("temperature_K,composition,density_g_cm3\n300,1EC:2EMC,1.09\n")
    ...     read_runs([path])[0].density
    Average(mean=1.09, stderr=nan, n_effective=nan, doubt='')
    """
    options = options or ReadRunOptions()
    if options.discard is not None and not (math.isfinite(options.discard) and options.discard >= 0.0):
        raise InputError(f"discard: got {options.discard}, expected fs >= 0")
    if options.temperature is not None and not (math.isfinite(options.temperature) and options.temperature > 0.0):
        raise InputError(f"temperature: got {options.temperature}, expected K > 0")
    runs, seen = [], set()
    for path in map(Path, paths):
        base = _md_base(path)
        key = (base or path).resolve()
        if key in seen:
            raise InputError(f"{path}: this run is given twice")
        seen.add(key)
        runs += [_md_run(path, base, options)] if base is not None else _other(path, options)
    return runs


def _other(path: Path, options: ReadRunOptions) -> list[Run]:
    """Read what is no run of ``ecemc md``."""
    if path.is_dir() or path.name == "results.json":
        return [_analysis(path, options)]
    if path.suffix.lower() == ".csv":
        return [_row(row) for row in read_table(path, needed=("density_g_cm3",))]
    found = read_trajectory(path)
    temperature = _temperature(found.target, found.temperature, options, path)
    density = average(found.density, found.time, options.discard, f"{path}: density")
    ensemble = _ensemble(found.density)
    return [Run(str(path), found.composition, temperature, math.nan, ensemble, "", "finished", "", density, None)]


def _md_base(path: Path) -> Path | None:
    """Name of a run without ending, if this is one of ``ecemc md``."""
    for ending in (_LOG, _SUMMARY):
        if path.name.endswith(ending):
            return path.with_name(path.name.removesuffix(ending))
    if path.suffix in {".extxyz", ".xyz"}:
        base = path.with_suffix("")
        if base.with_name(base.name + _SUMMARY).exists():
            return base
    return None


def _md_run(path: Path, base: Path, options: ReadRunOptions) -> Run:
    summary = base.with_name(base.name + _SUMMARY)
    log = read_thermo(base.with_name(base.name + _LOG))
    try:
        told = json.loads(summary.read_bytes())
        schema = str(told["schema"])
        composition = amounts(str(told["composition"]))
        temperature, end = float(told["temperature_K"]), told.get("temperature_end_K")
        stop = told.get("stopped_by")
        ensemble, method, status = (str(told.get(name) or "") for name in ("ensemble", "method", "status"))
        target = told.get("pressure_bar")
        pressure = math.nan if target is None or ensemble != "npt" else float(target)
        reason = str(stop["text"]) if stop else ""
    except (ValueError, KeyError, TypeError, InputError) as error:
        what = f"key {error} is missing" if isinstance(error, KeyError) else str(error)
        raise FileFormatError(f"{summary}: not the summary of a run of ecemc md ({what})") from error
    if schema != _SCHEMA:
        raise FileFormatError(f"{summary}: its schema is {schema!r}, expected {_SCHEMA!r}")
    if end is not None and float(end) != temperature:
        raise InputError(f"{path}: is a ramp from {temperature:g} to {float(end):g} K, expected one temperature")
    density, virial = (
        _of_log(log, name, options, path, stopped=bool(stop)) for name in ("density_g_cm3", "pressure_bar")
    )
    return Run(
        str(path), composition, temperature, pressure, ensemble, method, status, reason, density, virial,
        told.get("seed"),
    )  # fmt: skip


def _of_log(log: dict[str, Floats], name: str, options: ReadRunOptions, path: Path, *, stopped: bool) -> Average:
    """Average a column of a log; of a run that was stopped over whatever there is, since nothing will rely on it."""
    if stopped and not log[name].size:
        return Average(math.nan, math.nan)
    return average(log[name], log["time_fs"], None if stopped else options.discard, f"{path}: {name}")


def _analysis(path: Path, options: ReadRunOptions) -> Run:
    """Read a result of ``ecemc analyze``."""
    found = load(path, path.name)
    if len(found.compositions) != 1:
        raise InputError(f"{path}: the analysed frames have {len(found.compositions)} compositions, expected one run")
    series = {name: entry.values for name, entry in found.series.items()}
    time = None if found.time is None else found.time * 1000.0
    mean = {name: float(np.nanmean(values)) for name, values in series.items() if np.isfinite(values).any()}
    temperature = _temperature(
        mean.get("temperature_target", math.nan), mean.get("temperature", math.nan), options, path
    )
    averages = {}
    for name in ("density", "pressure"):
        cut = found.series[name].equilibration if name in found.scalars else None
        known = name in mean
        averages[name] = average(series[name], time, options.discard, f"{path}: {name}", cut) if known else None
    counts = {name: float(count) for name, count in found.compositions[0].items()}
    return Run(
        str(path), counts, temperature, math.nan, _ensemble(series["density"]), "", "finished", "",
        averages["density"], averages["pressure"],
    )  # fmt: skip


def _row(row: Row) -> Run:
    """Read a line of a user's table."""
    has_composition = row.text("composition") or any(name[:2] in {"x_", "w_"} for name in row.cells)
    status = row.text("status") or "finished"
    if status not in {"finished", "running", "stopped"}:
        raise row.error("status", "finished, running or stopped")
    pressure = None
    if row.text("pressure_bar"):
        pressure = Average(row.number("pressure_bar"), row.optional("stderr_bar"))
    return Run(
        file=f"{row.path}, line {row.line}",
        composition=row_composition(row) if has_composition else {},
        temperature=row.positive("temperature_K") if row.text("temperature_K") else math.nan,
        pressure=row.optional("barostat_bar"),
        ensemble=row.text("ensemble") or ("nvt" if pressure is not None else ""),
        method=row.text("method"),
        status=status,
        reason="stopped, as the table says" if status == "stopped" else "",
        density=Average(row.positive("density_g_cm3"), row.optional("stderr_g_cm3")),
        virial_pressure=pressure,
    )


def _ensemble(density: Floats) -> str:
    """Tell constant volume from frames that do not say how they were made."""
    constant = len(density) > 1 and float(np.ptp(density)) <= _CONSTANT * float(density[0])
    return "nvt" if constant else ""


def _temperature(target: float, measured: float, options: ReadRunOptions, path: Path) -> float:
    """Choose the thermostat's temperature, else the user's, else the measured one."""
    if math.isfinite(target):
        return target
    if options.temperature is not None:
        return options.temperature
    if not math.isfinite(measured):
        raise InputError(f"{path}: the frames tell no temperature; give it (temperature=, --temperature K)")
    return float(round(measured))


def average(values: Floats, time: Floats | None, discard: float | None, what: str, cut: int | None = None) -> Average:
    """Mean of a series and what makes its error doubtful.

    Left out are the fs to discard, else the first ``cut`` entries, else what looks like equilibration.
    """
    if discard is not None:
        if time is None or not np.isfinite(time).all():
            raise InputError(f"{what}: the frames tell no times, so discard cannot be applied")
        cut = int(np.searchsorted(time, time[0] + discard))
        if cut >= len(values):
            raise InputError(f"{what}: the run is {time[-1] - time[0]:g} fs long, discard={discard:g} leaves nothing")
    try:
        found = mean_with_error(values, equilibration=cut)
    except InputError as error:
        raise InputError(f"{what}: {error}") from error
    doubts = []
    if found.std > 0.0 or found.n_used < 2:
        if found.n_effective < _FEW:
            doubts.append(f"only {found.n_effective:.0f} independent entries")
        if abs(found.drift_sigmas) > _DRIFT:
            doubts.append("still drifting")
    return Average(found.mean, found.stderr, found.n_effective, ", ".join(doubts))
