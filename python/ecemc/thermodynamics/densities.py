"""NPT densities of many runs: replicas, temperatures, compositions, and what they are compared with."""

from __future__ import annotations

__all__ = ["Condition", "DensityTable", "Excess", "Slope", "density_table"]

import math
from collections import defaultdict
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from ecemc.errors import InputError
from ecemc.thermodynamics.composition import amounts, format_amounts, mole_fractions
from ecemc.thermodynamics.derived import Combined, Expansion, combine, excess_volume, thermal_expansion
from ecemc.thermodynamics.forms import table_dict, table_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ecemc.thermodynamics.experiment import DensityData, ReferenceDensity
    from ecemc.thermodynamics.runs import Run

#: Probability below which replicas, or temperatures and a straight line, are said to disagree.
_UNLIKELY = 0.01


@dataclass(frozen=True)
class Condition:
    """Runs of one composition, temperature and pressure by one method."""

    #: empty if the runs do not tell
    method: str
    #: numbers of molecules
    composition: dict[str, float]
    #: K
    temperature: float
    #: bar; NaN if the runs do not tell
    pressure: float
    #: g/cm³, over the runs that were not stopped; None if all were
    density: Combined | None
    #: number of runs that were stopped
    n_unstable: int
    #: None if there is none, see ``reference_missing``
    reference: ReferenceDensity | None
    reference_missing: str
    #: whether there would be one by extrapolation
    is_outside: bool

    @property
    def differs(self) -> bool:
        """Whether replicas differ by more than their errors allow."""
        return self.density is not None and self.density.p_value < _UNLIKELY

    @property
    def deviation(self) -> tuple[float, float]:
        """Density minus reference and its standard error, g/cm³; NaN if one of them is not known."""
        if self.density is None or self.reference is None:
            return math.nan, math.nan
        return (
            self.density.mean - self.reference.density,
            math.hypot(_known(self.density.stderr), _known(self.reference.stderr)),
        )


@dataclass(frozen=True)
class Slope:
    """Thermal expansion of one composition."""

    method: str
    composition: dict[str, float]
    pressure: float
    found: Expansion
    #: ``dρ/dT`` of the reference and its standard error, g/(cm³ K); NaN if it has none
    reference: tuple[float, float]


@dataclass(frozen=True)
class Excess:
    """Excess molar volume of a mixture."""

    method: str
    composition: dict[str, float]
    temperature: float
    pressure: float
    #: cm³/mol
    volume: float
    stderr: float


@dataclass(frozen=True)
class DensityTable:
    """Result of :func:`density_table`."""

    runs: tuple[Run, ...]
    #: by method, composition, temperature
    conditions: tuple[Condition, ...]
    #: of compositions with two and more temperatures
    slopes: tuple[Slope, ...]
    #: of mixtures whose pure liquids are there at the same temperature
    excess: tuple[Excess, ...]
    data: DensityData | None
    extrapolate: bool
    notes: tuple[str, ...]

    @property
    def is_sound(self) -> bool:
        """Whether no run was stopped and all replicas agree."""
        return not any(each.n_unstable or each.differs for each in self.conditions)

    def reference(self, composition: dict[str, float], temperature: float) -> tuple[ReferenceDensity | None, str]:
        """Density to compare with, or why there is none."""
        return _reference(self.data, composition, temperature, self.extrapolate)

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, strings and lists, valid as strict JSON."""
        return table_dict(self)

    def rows(self) -> tuple[list[str], list[list[Any]]]:
        """Heading and one row for each condition, for a CSV file."""
        return table_rows(self)


def density_table(runs: Iterable[Run], data: DensityData | None = None, *, extrapolate: bool = False) -> DensityTable:
    """Combine runs into conditions, compare them with measured densities, derive expansion and excess volumes.

    Runs of the same method, numbers of molecules, temperature and pressure are replicas. A run that a monitor stopped
    (bubble, density band) is unstable: it is counted, and has no part in a density. Runs at constant volume are left
    out, and so said.

    Parameters
    ----------
    runs
        As :func:`ecemc.thermodynamics.read_runs` gives them.
    data
        To compare with, see :func:`ecemc.thermodynamics.reference_data`.
    extrapolate
        Also compare outside the temperatures and compositions of `data`; flagged.

    Raises
    ------
    InputError
        Without runs at constant pressure, or if a row tells no composition or temperature.

    Examples
    --------
    >>> from ecemc.thermodynamics import Average, Run, reference_data
    >>> def run(seed, density):
    ...     mean = Average(density, 0.003)
    ...     return Run(f"run{seed}", {"EC": 4, "EMC": 8}, 300.0, 1.0, "npt", "gap", "finished", "", mean, None, seed)
    >>> table = density_table([run(1, 1.094), run(2, 1.098)], reference_data())
    >>> table.conditions[0].density.n, round(table.conditions[0].density.mean, 3)
    (2, 1.096)
    >>> round(table.conditions[0].reference.density, 3)
    1.092
    """
    runs, notes = list(runs), []
    for run in runs:
        if not run.composition or not math.isfinite(run.temperature):
            missing = "composition" if not run.composition else "temperature_K"
            raise InputError(f"{run.file}: tells no {missing}, which densities are compared by; add the column")
    runs = [replace(run, composition=amounts(run.composition)) for run in runs]
    fixed = [run for run in runs if run.is_constant_volume]
    if fixed:
        notes.append(f"{len(fixed)} at constant volume left out (their density was set): {_names(fixed)}")
    chosen = [run for run in runs if run.density is not None and not run.is_constant_volume]
    if not chosen:
        raise InputError("runs: none at constant pressure, so there is no density to speak of; see ecemc eos")
    leading = min(name for run in chosen for name in run.composition)
    conditions = tuple(
        _combined(group, data, extrapolate)
        for _, group in sorted(_grouped(chosen, partial(_condition_key, leading=leading)).items())
    )
    slopes, excess = tuple(_slopes(conditions, data)), tuple(_excesses(conditions))
    notes += _remarks(chosen, conditions, slopes)
    return DensityTable(tuple(chosen), conditions, slopes, excess, data, extrapolate, tuple(notes))


def _grouped(items: Iterable[Any], key: Callable[[Any], Any]) -> dict[Any, list[Any]]:
    groups: dict[Any, list[Any]] = defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    return groups


def _condition_key(run: Run, leading: str) -> tuple[Any, ...]:
    """Tell conditions apart, in the order of a table: method, mole fraction, size, pressure, temperature."""
    fractions = {name: round(x, 6) for name, x in sorted(mole_fractions(run.composition).items())}
    size = round(sum(run.composition.values()), 6)
    pressure = -math.inf if math.isnan(run.pressure) else round(run.pressure, 2)
    return (
        run.method, -fractions.get(leading, 0.0), tuple(fractions.items()), size, pressure, round(run.temperature, 1),
    )  # fmt: skip


def _combined(group: Sequence[Run], data: DensityData | None, extrapolate: bool) -> Condition:
    first = group[0]
    stable = [run.density for run in group if run.is_stable and run.density is not None]
    density = combine([each.mean for each in stable], [each.stderr for each in stable]) if stable else None
    reference, missing = _reference(data, first.composition, first.temperature, extrapolate)
    outside = bool(missing) and _reference(data, first.composition, first.temperature, True)[0] is not None
    return Condition(
        first.method, first.composition, first.temperature, first.pressure, density, len(group) - len(stable),
        reference, missing, outside,
    )  # fmt: skip


def _reference(
    data: DensityData | None, composition: dict[str, float], temperature: float, extrapolate: bool
) -> tuple[ReferenceDensity | None, str]:
    if data is None:
        return None, ""
    try:
        return data.at(composition, temperature, extrapolate=extrapolate), ""
    except InputError as error:
        return None, str(error)


def _slopes(conditions: Sequence[Condition], data: DensityData | None) -> Iterable[Slope]:
    def series(each: Condition) -> tuple[Any, ...]:
        return each.method, tuple(sorted(each.composition.items())), repr(each.pressure)

    for group in _grouped([each for each in conditions if each.density], series).values():
        if len({each.temperature for each in group}) < 2:
            continue
        first = group[0]
        found = thermal_expansion(
            [each.temperature for each in group],
            [each.density.mean for each in group],
            [each.density.stderr for each in group],
        )
        try:
            reference = data.slope(first.composition) if data else (math.nan, math.nan)
        except InputError:
            reference = (math.nan, math.nan)
        yield Slope(first.method, first.composition, first.pressure, found, reference)


def _excesses(conditions: Sequence[Condition]) -> Iterable[Excess]:
    def state(each: Condition) -> tuple[Any, ...]:
        return each.method, each.temperature, repr(each.pressure)

    for group in _grouped([each for each in conditions if each.density], state).values():
        pure = {next(iter(c.composition)): (c.density.mean, c.density.stderr) for c in group if len(c.composition) == 1}
        for each in group:
            if len(each.composition) > 1 and set(each.composition) <= set(pure):
                try:
                    found = excess_volume(each.composition, (each.density.mean, each.density.stderr), pure)
                except InputError:  # a species whose mass nobody knows
                    continue
                yield Excess(each.method, each.composition, each.temperature, each.pressure, *found)


def _remarks(runs: Sequence[Run], conditions: Sequence[Condition], slopes: Sequence[Slope]) -> list[str]:
    """Say what a reader of the table must not overlook."""
    lines = [f"{run.file}: unstable, not counted: {run.reason}" for run in runs if not run.is_stable]
    lines += [f"{run.file}: has not finished; counted as far as it is" for run in runs if run.status == "running"]
    lines += [
        f"{run.file}: {run.density.doubt}; its error is not to be trusted, run longer"
        for run in runs
        if run.is_stable and run.density is not None and run.density.doubt
    ]
    for each in conditions:
        if each.density is not None and each.differs:
            lines.append(
                f"{_places([each])}: {each.density.n} runs differ by more than their errors allow (p = "
                f"{each.density.p_value:.1g}); the error includes that"
            )
    if extrapolated := [each for each in conditions if each.reference is not None and each.reference.extrapolated]:
        lines.append(f"the reference is extrapolated for {_places(extrapolated)}")
    outside = [each for each in conditions if each.is_outside]
    if outside:
        lines.append(f"no reference for {_places(outside)}: outside its data; --extrapolate gives one, flagged")
    others = [each for each in conditions if each.reference_missing and not each.is_outside]
    lines += dict.fromkeys(each.reference_missing for each in others)
    for slope in slopes:
        if slope.found.p_value < _UNLIKELY:
            lines.append(f"{format_amounts(slope.composition)}: densities do not lie on a line in temperature")
    return lines


def _places(conditions: Sequence[Condition]) -> str:
    """Name conditions, temperatures of one composition together."""
    groups = _grouped(conditions, lambda each: format_amounts(each.composition))
    return ", ".join(
        f"{name} at {', '.join(dict.fromkeys(f'{each.temperature:g}' for each in group))} K"
        for name, group in groups.items()
    )


def _names(runs: Sequence[Run]) -> str:
    names = [run.file for run in runs]
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _known(stderr: float) -> float:
    return stderr if math.isfinite(stderr) else 0.0
