"""Equation of state of runs at constant volume: checked, combined by density, compared with a measured density."""

from __future__ import annotations

__all__ = ["Isotherm", "eos_of_runs"]

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ecemc.errors import InputError
from ecemc.text import plain
from ecemc.thermodynamics.composition import format_amounts, mole_ratio
from ecemc.thermodynamics.derived import combine
from ecemc.thermodynamics.eos import EOS, fit_eos
from ecemc.thermodynamics.forms import reference_dict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ecemc.thermodynamics.experiment import DensityData, ReferenceDensity
    from ecemc.thermodynamics.runs import Average, Run

#: Relative spread of a density that counts as constant.
_CONSTANT = 1e-6
_UNLIKELY = 0.01


@dataclass(frozen=True)
class Isotherm:
    """Result of :func:`eos_of_runs`."""

    eos: EOS
    runs: tuple[Run, ...]
    #: numbers of molecules; empty if a table does not tell
    composition: dict[str, float]
    #: K; NaN if a table does not tell
    temperature: float
    method: str
    #: measured density, None if there is none, see ``reference_missing``
    reference: ReferenceDensity | None
    reference_missing: str
    #: bar at the measured density, and its 95 % confidence interval; NaN without
    reference_pressure: float
    reference_ci95: tuple[float, float]
    #: g/cm³, interval of the zero-pressure density by :meth:`EOS.bootstrap`
    bootstrap95: tuple[float, float]
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, strings and lists, valid as strict JSON: those of the EOS, and where it comes from."""
        reference = reference_dict(self.reference)
        if reference is not None:
            reference |= {"pressure_bar": self.reference_pressure, "pressure_ci95": self.reference_ci95}
        record = self.eos.to_dict() | {
            "method": self.method,
            "composition": format_amounts(self.composition) if self.composition else None,
            "temperature_K": self.temperature,
            "bootstrap95": self.bootstrap95,
            "reference": reference,
            "reference_missing": self.reference_missing,
            "runs": [run.file for run in self.runs],
            "notes": self.notes,
        }
        found: dict[str, Any] = plain(record)
        return found


def eos_of_runs(
    runs: Iterable[Run],
    data: DensityData | None = None,
    *,
    exponent: float | None = None,
    extrapolate: bool = False,
    extrapolate_reference: bool = False,
    seed: int = 0,
) -> Isotherm:
    """Fit an equation of state to the pressures of runs at constant volume.

    Parameters
    ----------
    runs
        Of one composition, temperature and method, as :func:`ecemc.thermodynamics.read_runs` gives them. Runs at the
        same density are combined by :func:`ecemc.thermodynamics.combine`. Runs that a monitor stopped are left out.
    data
        Measured densities: the pressure there is given with its interval.
    exponent, extrapolate
        As for :func:`fit_eos`.
    extrapolate_reference
        Use a density outside the range of `data`; it is flagged.
    seed
        Of the bootstrap.

    Raises
    ------
    InputError
        Runs without pressures, at constant pressure, of several compositions, temperatures or methods, pressures some
        of which have errors; what :func:`fit_eos` refuses.

    Examples
    --------
    >>> from ecemc.thermodynamics import Average, Run
    >>> def run(density, pressure):
    ...     averages = Average(density, 0.0), Average(pressure, 50.0)
    ...     return Run("run", {"EC": 4, "EMC": 8}, 400.0, float("nan"), "nvt", "gap", "finished", "", *averages)
    >>> found = eos_of_runs([run(0.9, -1900.0), run(0.95, 0.0), run(1.0, 2900.0), run(1.05, 6700.0)])
    >>> round(found.eos.zero_pressure_density, 2)
    0.95
    """
    usable, pressures, notes = _usable(runs)
    first = usable[0]
    densities, means, errors = _by_density(usable, pressures, notes)
    eos = fit_eos(densities, means, errors, exponent=exponent, extrapolate=extrapolate)
    reference, missing = None, ""
    if data is not None and first.composition and math.isfinite(first.temperature):
        try:
            reference = data.at(first.composition, first.temperature, extrapolate=extrapolate_reference)
        except InputError as error:
            missing = str(error)
    at = float(eos.pressure(reference.density)) if reference else math.nan
    interval = eos.pressure_interval(reference.density) if reference else (math.nan, math.nan)
    if reference is not None and reference.extrapolated:
        notes.append("the reference density is extrapolated")
    return Isotherm(
        eos, tuple(usable), first.composition, first.temperature, first.method, reference, missing, at, interval,
        eos.bootstrap(seed=seed), (*notes, *eos.notes),
    )  # fmt: skip


def _usable(runs: Iterable[Run]) -> tuple[list[Run], list[Average], list[str]]:
    """Give the runs of one isotherm, their pressures, and what to say about them."""
    every = list(runs)
    usable = [run for run in every if run.is_stable]
    if not usable:
        raise InputError("runs: none that was not stopped; expected runs at constant volume and several densities")
    pressures = [_pressure(run) for run in usable]
    _one_condition(usable)
    notes = [f"{run.file}: unstable, not counted: {run.reason}" for run in every if not run.is_stable]
    notes += [f"{run.file}: has not finished; counted as far as it is" for run in usable if run.status == "running"]
    notes += [
        f"{run.file}: pressure: {pressure.doubt}; its error is not to be trusted, run longer"
        for run, pressure in zip(usable, pressures, strict=True)
        if pressure.doubt
    ]
    return usable, pressures, notes


def _pressure(run: Run) -> Average:
    """Pressure of a run at constant volume."""
    if run.virial_pressure is None:
        raise InputError(
            f"{run.file}: has no pressures; expected a run of ecemc md, a folder of ecemc analyze (of frames with "
            "virial or stress), or a table with pressure_bar"
        )
    density = run.density
    varies = density is not None and density.stderr > _CONSTANT * density.mean and math.isfinite(density.n_effective)
    if run.ensemble == "npt" or varies:
        raise InputError(f"{run.file}: its volume changes; an equation of state takes runs at constant volume (nvt)")
    return run.virial_pressure


def _one_condition(runs: Sequence[Run]) -> None:
    """Refuse runs that do not lie on one isotherm."""
    for name, values in (
        ("compositions", [mole_ratio(run.composition) if run.composition else "?" for run in runs]),
        ("temperatures", [f"{run.temperature:.1f} K" for run in runs]),
        ("methods", [run.method or "?" for run in runs]),
    ):
        different = list(dict.fromkeys(values))
        if len(different) > 1:
            where = runs[values.index(different[1])].file
            raise InputError(
                f"runs: of {len(different)} {name}, {different[0]} and (in {where}) {different[1]}; "
                "an equation of state takes one"
            )


def _by_density(
    runs: Sequence[Run], pressures: Sequence[Average], notes: list[str]
) -> tuple[list[float], list[float], list[float] | None]:
    """Combine runs at the same density; errors are None if no run has one."""
    groups: dict[float, list[Average]] = defaultdict(list)
    for run, pressure in zip(runs, pressures, strict=True):
        assert run.density is not None  # noqa: S101  (readers always give it with a pressure)
        groups[round(run.density.mean, 6)].append(pressure)
    known = [not math.isnan(pressure.stderr) for pressure in pressures]
    if any(known) and not all(known):
        raise InputError(f"{runs[known.index(False)].file}: has no error of its pressure; give one for all, or none")
    if not any(known):
        notes.append("no errors were given: they are estimated from the scatter about the curve")
        densities = [rho for rho, group in groups.items() for _ in group]
        return densities, [each.mean for group in groups.values() for each in group], None
    zero = [run for run, pressure in zip(runs, pressures, strict=True) if pressure.stderr == 0.0]
    if zero:
        raise InputError(f"{zero[0].file}: the error of its pressure is 0; expected > 0, or none for all runs")
    found = {rho: combine([e.mean for e in group], [e.stderr for e in group]) for rho, group in groups.items()}
    notes += [
        f"{each.n} runs at {rho:.4g} g/cm³ differ by more than their errors allow (p = {each.p_value:.1g}); "
        "the error includes that"
        for rho, each in found.items()
        if each.p_value < _UNLIKELY
    ]
    return list(found), [each.mean for each in found.values()], [each.stderr for each in found.values()]
