"""Densities to compare with: measured ones, those of OPLS-AA, or a table of one's own, interpolated."""

from __future__ import annotations

__all__ = ["DensityData", "ReferenceDensity", "experimental_density", "reference_data"]

import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import scipy  # its parts are loaded when they are used

from ecemc.errors import InputError
from ecemc.thermodynamics.composition import mole_fractions, mole_ratio
from ecemc.thermodynamics.surface import Surface
from ecemc.thermodynamics.tables import read_table, row_composition

if TYPE_CHECKING:
    from os import PathLike

    from numpy.typing import NDArray

    from ecemc.thermodynamics.composition import CompositionLike

    Floats = NDArray[np.float64]

#: Tables that come with the package, by name.
TABLES = {"ec-emc": "ec_emc_measured.csv", "opls": "ec_emc_opls.csv"}
#: Mole fractions and temperatures (K) that count as the same.
_SAME_X, _SAME_T = 0.005, 1.0


@dataclass(frozen=True)
class ReferenceDensity:
    """A density to compare with."""

    #: g/cm³
    density: float
    #: g/cm³, NaN if it cannot be known
    stderr: float
    #: where it comes from
    source: str
    #: whether it is outside the measured temperatures and compositions
    extrapolated: bool


@dataclass(frozen=True, eq=False)
class DensityData:
    """A table of densities of liquids; :func:`reference_data` reads one."""

    #: name of the table
    name: str
    #: in the order of the columns of ``fractions``
    species: tuple[str, ...]
    #: (n,) K
    temperatures: Floats
    #: (n, n_species) mole fractions
    fractions: Floats
    #: (n,) g/cm³
    densities: Floats
    #: (n,) g/cm³; NaN where the table gives none
    stderr: Floats
    #: (n,) where each row comes from
    sources: tuple[str, ...]

    def outside(self, composition: CompositionLike, temperature: float) -> str:
        """Say why a state point is not within the data; empty if it is.

        Mixtures are within if they lie among the rows in the plane of mole fraction and temperature (their convex
        hull, and 0.005 or 1 K around it).
        """
        rows, x = self._relevant(composition)
        points = np.column_stack([self._x(rows), self.temperatures[rows]])
        near = np.array([_SAME_X, _SAME_T])
        sums = np.vstack([points.T, -points.T])
        point = np.array([x, temperature])
        bounds = np.concatenate([near + point, near - point])
        ones = np.ones((1, len(points)))
        if scipy.optimize.linprog(np.zeros(len(points)), A_ub=sums, b_ub=bounds, A_eq=ones, b_eq=[1.0]).status == 0:
            return ""
        t = self.temperatures[rows]
        return (
            f"{mole_ratio(composition)} at {temperature:g} K is outside the data of {self.name} "
            f"({t.min():g} to {t.max():g} K{self._range(rows)})"
        )

    def at(self, composition: CompositionLike, temperature: float, *, extrapolate: bool = False) -> ReferenceDensity:
        """Density at a composition and temperature (K); see :func:`experimental_density`."""
        if not (math.isfinite(temperature) and temperature > 0.0):
            raise InputError(f"temperature: got {temperature}, expected K > 0")
        reason = self.outside(composition, temperature)
        if reason and not extrapolate:
            raise InputError(f"{reason}; accept an extrapolated density with extrapolate=True (--extrapolate)")
        surface, x, rows = self._surface(composition)
        density, stderr = surface.at(x, temperature)
        source = ", ".join(dict.fromkeys(self.sources[row] for row in rows))
        return ReferenceDensity(density, stderr, f"{self.name}: {source}" if source else self.name, bool(reason))

    def slope(self, composition: CompositionLike) -> tuple[float, float]:
        """``dρ/dT`` in g/(cm³ K) at a composition, over the temperatures of the data, and its standard error.

        Raises
        ------
        InputError
            If the data do not cover the composition, or all are at one temperature.
        """
        surface, x, rows = self._surface(composition)
        if np.ptp(self.temperatures[rows]) < _SAME_T:
            raise InputError(f"{self.name}: all densities are at one temperature, so they have no slope")
        found = self._x(rows)
        if not found.min() - _SAME_X <= x <= found.max() + _SAME_X:
            raise InputError(f"{mole_ratio(composition)} is outside the compositions of {self.name}")
        return surface.slope(x)

    def _relevant(self, composition: CompositionLike) -> tuple[NDArray[np.int64], float]:
        """Rows that can tell about a composition, and its mole fraction of their first species."""
        wanted = mole_fractions(composition)
        target = np.array([wanted.get(name, 0.0) for name in self.species])
        if unknown := sorted(set(wanted) - set(self.species)):
            raise InputError(f"{self.name}: has no density with {unknown[0]}, only with {', '.join(self.species)}")
        if len(self.species) <= 2:
            return np.arange(len(self.densities)), float(target[0])
        present = target > 0.0
        if present.sum() == 2:
            rows = np.flatnonzero((self.fractions[:, ~present] == 0.0).all(axis=1))
        else:
            rows = np.flatnonzero((np.abs(self.fractions - target) < _SAME_X).all(axis=1))
        if not rows.size:
            raise InputError(f"{self.name}: has no density of {mole_ratio(composition)}")
        return rows, float(target[self._axis(rows)])

    def _axis(self, rows: NDArray[np.int64]) -> int:
        """Find the species whose mole fraction is the coordinate."""
        return int(np.argmax((self.fractions[rows] > 0.0).any(axis=0)))

    def _x(self, rows: NDArray[np.int64]) -> Floats:
        column = 0 if len(self.species) <= 2 else self._axis(rows)
        found: Floats = self.fractions[rows, column]
        return found

    def _range(self, rows: NDArray[np.int64]) -> str:
        x = self._x(rows)
        column = 0 if len(self.species) <= 2 else self._axis(rows)
        return f", x_{self.species[column]} {x.min():.3g} to {x.max():.3g}" if np.ptp(x) > 0.0 else ""

    def _surface(self, composition: CompositionLike) -> tuple[Surface, float, NDArray[np.int64]]:
        rows, x = self._relevant(composition)
        return Surface(self._x(rows), self.temperatures[rows], self.densities[rows], self.stderr[rows]), x, rows


def reference_data(source: str | PathLike[str] = "ec-emc") -> DensityData:
    """Read a table of densities.

    Parameters
    ----------
    source
        ``"ec-emc"``: measured densities of EC and EMC; ``"opls"``: those of the OPLS-AA force field of
        :func:`ecemc.sampling.sample` (origins in the ``README.md`` beside the data). Else a CSV file with the columns
        ``temperature_K`` and ``density_g_cm3``, and ``composition`` (such as ``1EC:2EMC``), or mole fractions
        (``x_EC``, ``x_EMC``) or mass fractions (``w_EC``, ``w_EMC``); optional: ``stderr_g_cm3``, ``source``.

    Raises
    ------
    FileFormatError
        If a column or a number is missing or out of range; says file, line and column.
    OSError
        If the file cannot be read.

    Examples
    --------
    >>> reference_data("opls").species
    ('EMC', 'EC')
    """
    if str(source) in TABLES:
        return _packaged(str(source))
    path = Path(source)
    if not path.exists() and path.suffix == "":
        raise InputError(f"{path}: no such file; expected a CSV file or one of {', '.join(TABLES)}")
    return _read(path, path.name)


def experimental_density(
    composition: CompositionLike,
    temperature: float,
    *,
    data: DensityData | str | PathLike[str] = "ec-emc",
    extrapolate: bool = False,
) -> ReferenceDensity:
    r"""Measured density of a mixture at about 1 atm, interpolated.

    All rows are fitted by a cubic in the mole fraction, as in figure 5C of the paper, whose constant and linear
    coefficients depend linearly on temperature; of fewer compositions or temperatures by a polynomial of what they
    allow.

    Parameters
    ----------
    composition
        ``"16EC:32EMC"``, or amounts such as ``{"EC": 1, "EMC": 2}``.
    temperature
        K.
    data
        A table, or what :func:`reference_data` takes.
    extrapolate
        Also answer outside the measured temperatures and compositions; the result says so.

    Notes
    -----
    The error has three parts: that of the fit, the scatter of single rows (widened where sources disagree beyond their
    errors), and the difference between fitting ρ and 1/ρ, which is what grows in extrapolation. At 400 K, 87 K above
    the last measurement, it is 0.012 g/cm³; it is a guess there. The only rows of pure EC, which melts at 309.5 K, are
    at 313 K.

    Raises
    ------
    InputError
        If the state point is outside the data and `extrapolate` is not set, or a species is not in the data.

    Examples
    --------
    >>> found = experimental_density("16EC:32EMC", 300.0)
    >>> round(found.density, 3), found.extrapolated
    (1.092, False)
    >>> found = experimental_density("16EC:32EMC", 400.0, extrapolate=True)
    >>> round(found.density, 2), found.extrapolated
    (0.97, True)
    """
    table = data if isinstance(data, DensityData) else reference_data(data)
    return table.at(composition, temperature, extrapolate=extrapolate)


@cache
def _packaged(name: str) -> DensityData:
    return _read(Path(__file__).parent / "data" / TABLES[name], name)


def _read(path: Path, name: str) -> DensityData:
    rows = read_table(path, needed=("temperature_K", "density_g_cm3"))
    compositions = [mole_fractions(row_composition(row)) for row in rows]
    species = tuple(dict.fromkeys(each for composition in compositions for each in composition))
    return DensityData(
        name=name,
        species=species,
        temperatures=np.array([row.positive("temperature_K") for row in rows]),
        fractions=np.array([[composition.get(each, 0.0) for each in species] for composition in compositions]),
        densities=np.array([row.positive("density_g_cm3") for row in rows]),
        stderr=np.array([row.optional("stderr_g_cm3") for row in rows]),
        sources=tuple(row.text("source") for row in rows),
    )
