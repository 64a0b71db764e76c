"""What is known about one model: results of other verbs, read and checked."""

from __future__ import annotations

__all__ = ["Density", "EquationOfState", "Errors", "Evidence", "Run", "Source"]

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ecemc import keys
from ecemc.thermo import SeriesStatistics, mean_with_error

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from ecemc.comparison import Comparison
    from ecemc.metrics import ErrorRow
    from ecemc.scans import ScanResult

    Array = NDArray[np.float64]


#: Table of measured densities that comes with the package.
_MEASURED = "ec-emc"


@dataclass(frozen=True)
class Source:
    """A file that was read."""

    #: ``"errors"``, ``"scan"``, ``"comparison"``, ``"analysis"``, ``"run"``, ``"density"``, ``"eos"`` or ``"fit"``
    kind: str
    path: Path
    sha256: str
    #: what it is about, in words
    about: str = ""


@dataclass(frozen=True, eq=False)
class Errors:
    """Table of ``ecemc errors``."""

    reference: str
    prediction: str
    n_frames: int
    rows: tuple[ErrorRow, ...]

    def row(self, quantity: str, part: str, by: str = "all", group: str = "all") -> ErrorRow | None:
        """One line; None if it is not there."""
        wanted = (quantity, part, by, group)
        return next((row for row in self.rows if (row.quantity, row.part, row.by, row.group) == wanted), None)

    def liquid(self, quantity: str, part: str) -> ErrorRow | None:
        """Line of the frames that are liquids, as their ``config_type`` says; of all frames if none does."""
        return self.row(quantity, part, "config_type", keys.LIQUID) or self.row(quantity, part)

    def groups(self, by: str) -> list[str]:
        """Names of the groups of a grouping."""
        return list(dict.fromkeys(row.group for row in self.rows if row.by == by))


@dataclass(frozen=True, eq=False)
class Run:
    """A run of ``ecemc md``."""

    #: the record
    path: Path
    #: name of the trajectory
    trajectory: str
    method: str
    ensemble: str
    composition: str
    #: K
    temperature: float | None
    #: bar
    pressure: float | None
    status: str
    #: the monitor that stopped it: ``monitor``, ``step``, ``value``, ``limit``, ``text``; None if none did
    stopped_by: dict[str, Any] | None
    #: (n,) ps
    time: Array
    #: (n,) each, by the names of the columns of the log
    series: dict[str, Array]

    @property
    def is_npt(self) -> bool:
        """Whether the density is free."""
        return self.ensemble.lower() == "npt"

    @property
    def length(self) -> float:
        """Time covered, ps."""
        return float(self.time[-1] - self.time[0]) if len(self.time) > 1 else 0.0

    @property
    def conditions(self) -> str:
        """Composition and temperature, in words."""
        words = [self.composition, "" if self.temperature is None else f"{self.temperature:g} K"]
        return " at ".join(word for word in words if word) or self.path.name

    @property
    def density(self) -> Array:
        """Density of each entry, g/cm³."""
        return self.series.get("density_g_cm3", np.empty(0))

    @cached_property
    def density_statistics(self) -> SeriesStatistics | None:
        """Mean density with its error; None without entries."""
        known = self.density[np.isfinite(self.density)]
        return mean_with_error(known) if len(known) else None


@dataclass(frozen=True)
class Density:
    """One line of ``ecemc density``."""

    file: str
    #: name of the method; empty if it is not known
    method: str
    composition: str
    #: K
    temperature: float | None
    #: g/cm³
    value: float
    stderr: float
    n_effective: float
    #: g/cm³; None if there is nothing to compare with
    reference: float | None
    reference_stderr: float
    reference_source: str

    @property
    def measured(self) -> bool:
        """Whether the reference is an experiment, not the method that the model was fitted to."""
        return self.reference_source.startswith(_MEASURED)


@dataclass(frozen=True)
class EquationOfState:
    """Result of ``ecemc eos``."""

    #: g/cm³
    density: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Evidence:
    """Everything that is known about one model; what is not there is None or empty."""

    #: name of the model
    model: str
    errors: Errors | None = None
    #: reference and model only
    scan: ScanResult | None = None
    #: reference and model only
    comparison: Comparison | None = None
    runs: tuple[Run, ...] = ()
    densities: tuple[Density, ...] = ()
    eos: EquationOfState | None = None
    #: checks of the analysis of the model's run that did not pass: name, status, explanation
    checks: tuple[tuple[str, str, str], ...] = ()
    #: numbers of training configurations by type; empty if not known
    training: dict[str, int] = field(default_factory=dict)
    sources: tuple[Source, ...] = ()

    @property
    def npt_runs(self) -> tuple[Run, ...]:
        """Runs at constant pressure."""
        return tuple(run for run in self.runs if run.is_npt)
