"""From recorded sums to the result."""

from __future__ import annotations

__all__ = ["Recorders", "finish"]

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ecemc.analysis import checks
from ecemc.analysis.result import Analysis, Series
from ecemc.analysis.series import SERIES_UNITS
from ecemc.analysis.voids import check_voids
from ecemc.errors import InputError
from ecemc.thermo import mean_with_error

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ecemc.analysis.integrity import IntegrityRecorder
    from ecemc.analysis.motion import MotionRecorder
    from ecemc.analysis.options import AnalysisOptions
    from ecemc.analysis.result import Input
    from ecemc.analysis.series import SeriesRecorder
    from ecemc.analysis.structure import StructureRecorder
    from ecemc.rdf import RDF
    from ecemc.thermo import SeriesStatistics


class Recorders(NamedTuple):
    """The parts of an analysis; each takes batches, is saved and merged on its own."""

    integrity: IntegrityRecorder
    series: SeriesRecorder
    motion: MotionRecorder
    structure: StructureRecorder


def finish(
    options: AnalysisOptions,
    inputs: tuple[Input, ...],
    notes: tuple[str, ...],
    recorders: Recorders,
    numbering: tuple[int, int],
) -> Analysis:
    """Do the statistics and judge; ``numbering`` is start and step of the frames in their file."""
    integrity = recorders.integrity.result()
    names = recorders.integrity.names()
    one_system = len(integrity.compositions) == 1
    recorded = recorders.series.columns()
    times = recorded["time"] = _times(options, recorded["time"], numbering)
    cut = _equilibration(options, recorded) if one_system else 0
    series = _series(recorded, one_system, cut)
    _check_choice(options, names, recorders.structure.rdf(None))
    found = [
        checks.check_system(integrity),
        checks.check_molecules(integrity),
        _check_times(options, times) if one_system else None,
        checks.check_density(series["density"], one_system, cut_given=options.equilibration is not None),
        _voids(series, options.first_frame),
        checks.check_temperature(series.get("temperature"), series.get("temperature_target")),
        checks.check_equipartition(series.get("temperature_translational"), series.get("temperature_rotational")),
    ]
    return Analysis(
        options=options,
        inputs=inputs,
        notes=notes,
        n_frames=len(times),
        time=times if np.isfinite(times).all() else None,
        series=series,
        integrity=integrity,
        rdf=recorders.structure.rdf(options.elements),
        centers=recorders.structure.centers(options.species),
        environments=recorders.structure.environments(names),
        motion=recorders.motion.result(options, integrity.system, times),
        temperatures=_temperatures(recorders.series, names, options.species, cut) if one_system else {},
        molecular_spacing=float(np.mean(recorded["spacing"])),
        verdict=checks.judge(check for check in found if check is not None),
    )


def _times(options: AnalysisOptions, told: NDArray[np.float64], numbering: tuple[int, int]) -> NDArray[np.float64]:
    """Give times in fs: as the frames say, unless the user says better; NaN where nobody does."""
    if options.dt is None:
        return told
    start, step = numbering
    return options.dt * (max(start, step * options.first_frame) + step * np.arange(len(told), dtype=np.float64))


def _check_choice(options: AnalysisOptions, names: list[str], rdf: RDF) -> None:
    """Refuse to look for what is not there, as a wrong name would go unnoticed."""
    elements = dict.fromkeys(element for pair in rdf.inter for element in pair)
    for what, wanted, there in (("species", options.species, names), ("elements", options.elements, elements)):
        missing = [name for name in wanted or () if name not in there]
        if missing:
            known = ", ".join(sorted(set(there)))
            raise InputError(f"{what}: got {missing[0]!r}, expected some of those in the trajectory: {known}")


def _check_times(options: AnalysisOptions, times: NDArray[np.float64]) -> checks.Check | None:
    """Judge the times of the frames that count."""
    cut = max(0, (options.equilibration or 0) - options.first_frame)
    return checks.check_times(times[cut:], options.first_frame + cut)


def _equilibration(options: AnalysisOptions, recorded: dict[str, NDArray[np.float64]]) -> int:
    """One cut for all series: as given, else that of the density, or of the energy at constant volume."""
    if options.equilibration is not None:
        return max(0, options.equilibration - options.first_frame)
    for name in ("density", "energy"):
        values = recorded[name]
        if np.isfinite(values).all() and (cut := mean_with_error(values).equilibration):
            return cut
    return 0


def _series(recorded: dict[str, NDArray[np.float64]], one_system: bool, cut: int) -> dict[str, Series]:
    series = {}
    for name, unit in SERIES_UNITS.items():
        values = recorded[name]
        if not np.isnan(values).all():
            series[name] = Series(name, unit, values, _statistics(values, cut) if one_system else None)
    return series


def _statistics(values: NDArray[np.float64], cut: int) -> SeriesStatistics | None:
    """Mean and error, if every frame tells the quantity."""
    return mean_with_error(values, equilibration=cut) if np.isfinite(values).all() else None


def _voids(series: dict[str, Series], first_frame: int) -> checks.Check | None:
    if "void_ratio" not in series:
        return None
    return check_voids(series["largest_void"], series["void_ratio"], first_frame)


def _temperatures(
    recorded: SeriesRecorder, names: list[str], wanted: tuple[str, ...] | None, cut: int
) -> dict[str, dict[str, SeriesStatistics]]:
    """Of the parts of the motion, by species."""
    found: dict[str, dict[str, SeriesStatistics]] = {}
    for name, parts in recorded.temperatures_by_species(names):
        if wanted is None or name in wanted:
            known = {part: _statistics(values, cut) for part, values in parts.items()}
            found[name] = {part: statistics for part, statistics in known.items() if statistics is not None}
    return {name: parts for name, parts in found.items() if parts}
