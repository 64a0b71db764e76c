"""Results of ``ecemc analyze`` as they lie on disk: read, checked, turned into arrays."""

from __future__ import annotations

__all__ = ["LAYOUTS", "Curve", "LocalComposition", "Motion", "Result", "Scalar", "SeriesValues", "load"]

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ecemc.analysis import Analysis
from ecemc.errors import FileFormatError, InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Pair = tuple[str, str]
    Array = NDArray[np.float64]

#: Layouts of results.json that can be compared, with each other too.
LAYOUTS = ("ecemc.analysis/1", "ecemc.analysis/2")
RESULTS = "results.json"


@dataclass(frozen=True)
class Scalar:
    """A mean with its error, in the unit of the quantity; NaN where it is not known."""

    value: float
    stderr: float
    #: standard deviation of single frames
    std: float = math.nan
    #: entries that count as independent
    n_effective: float = math.nan
    #: why the number is not what its name says, empty if it is
    reservation: str = ""


@dataclass(frozen=True, eq=False)
class SeriesValues:
    """One number per frame."""

    unit: str
    values: Array
    #: frames at the beginning that are left out as equilibration
    equilibration: int
    #: of the entries used; NaN without statistics
    n_effective: float

    @property
    def used(self) -> Array:
        """Finite entries after the equilibration cut."""
        values = self.values[self.equilibration :]
        return values[np.isfinite(values)]


@dataclass(frozen=True, eq=False)
class Curve:
    """A g(r) in bins, with standard errors and coordination numbers at the upper bounds of the bins."""

    #: (n_bins + 1,) Å
    edges: Array
    #: (n_bins,)
    g: Array
    #: (n_bins,), NaN with fewer than two blocks
    stderr: Array
    n_blocks: int
    #: for each order of the pair, (n_bins,)
    coordination: dict[Pair, Array]
    #: Å, first minimum of the intermolecular g(r); NaN if it has none
    first_minimum: float = math.nan

    @property
    def r(self) -> Array:
        """Middle of each bin, Å."""
        return 0.5 * (self.edges[1:] + self.edges[:-1])


@dataclass(frozen=True, eq=False)
class LocalComposition:
    """Numbers of neighbours around each species: for each (central, around) the probability of 0, 1, 2, ..."""

    #: Å
    radius: float
    marginals: dict[Pair, Array]


@dataclass(frozen=True, eq=False)
class Motion:
    """Mean squared displacements of the centres of mass, Å², with their errors, by species."""

    #: fs
    time: Array
    msd: dict[str, tuple[Array, Array]]


@dataclass(frozen=True, eq=False)
class Result:
    """What of one result can be compared."""

    label: str
    #: names of the trajectories it comes from, with their SHA-256
    inputs: tuple[tuple[str, str], ...]
    n_frames: int
    #: molecules by species, of each system that occurs
    compositions: tuple[dict[str, int], ...]
    #: ps, or None if the frames tell no times
    time: Array | None
    series: dict[str, SeriesValues]
    scalars: dict[str, Scalar]
    units: dict[str, str]
    #: by (part, pair): part is ``"inter"``, ``"intra"`` or ``"centers"``
    curves: dict[tuple[str, Pair], Curve]
    #: frames in each block behind the errors of the curves
    block_length: int
    local: LocalComposition | None
    motion: Motion | None
    options: dict[str, Any]

    @property
    def species(self) -> set[str]:
        """All species that occur."""
        return {name for molecules in self.compositions for name in molecules}


def load(source: Analysis | str | Path, label: str) -> Result:
    """Read one result.

    Parameters
    ----------
    source
        A folder written by ``ecemc analyze``, its ``results.json``, or an :class:`ecemc.Analysis`.
    label
        Name in tables and figures.

    Raises
    ------
    FileNotFoundError
        If there is no such folder, or no ``results.json`` in it.
    FileFormatError
        If the file is no result of an analysis, of a layout that is not known, or damaged; says where.
    InputError
        If it is anything else than a path or an analysis.
    """
    if isinstance(source, Analysis):
        return _parse(source.to_dict(), label, "this analysis")
    if not isinstance(source, (str, Path)):
        raise InputError(f"results: got {type(source).__name__}, expected a folder of 'ecemc analyze' or an Analysis")
    path = Path(source)
    if path.is_dir():
        path /= RESULTS
        if not path.exists():
            raise FileNotFoundError(f"{path.parent}: there is no {RESULTS}; expected a folder of 'ecemc analyze -o'")
    elif not path.exists():
        raise FileNotFoundError(f"{path}: no such file or folder; expected a folder of 'ecemc analyze -o'")
    try:
        record = json.loads(path.read_bytes())
    except ValueError as error:
        raise FileFormatError(f"{path}: not JSON ({error}); expected a {RESULTS} of 'ecemc analyze'") from error
    return _parse(record, label, str(path))


def _parse(record: Any, label: str, where: str) -> Result:
    layout = record.get("schema") if isinstance(record, dict) else None
    if not isinstance(layout, str) or not layout.startswith("ecemc.analysis/"):
        found = f"its schema is {layout!r}" if layout else "it has no schema"
        raise FileFormatError(f"{where}: not a result of an analysis ({found}), expected a {RESULTS}")
    if layout not in LAYOUTS:
        raise FileFormatError(
            f"{where}: has the layout {layout}, this version of ecemc reads {' and '.join(LAYOUTS)}; "
            "analyse the trajectory again or update ecemc"
        )
    try:
        return _result(record, label)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        what = f"key {error} is missing" if isinstance(error, KeyError) else str(error)
        raise FileFormatError(f"{where}: damaged, {what}; analyse the trajectory again") from error


def _result(record: dict[str, Any], label: str) -> Result:
    inputs = record["inputs"] if "inputs" in record else [record["input"]] if record["input"] else []
    series = {name: _series(entry) for name, entry in record["series"].items()}
    units = {name: entry.unit for name, entry in series.items()}
    scalars = {
        name: _scalar(entry["statistics"])
        for name, entry in record["series"].items()
        if entry["statistics"] is not None
    }
    for species, parts in (record.get("temperatures") or {}).items():
        for part, statistics in parts.items():
            if statistics is not None:
                scalars[f"temperature_{part} {species}"] = _scalar(statistics)
                units[f"temperature_{part} {species}"] = "K"
    motion = record.get("motion") or {}
    for species, found in (motion.get("diffusion") or {}).items():
        reservation = "" if found["diffusive"] else "the motion is not diffusive yet"
        scalars[f"diffusion {species}"] = Scalar(
            _float(found["value"]), _float(found["stderr"]), reservation=reservation
        )
        units[f"diffusion {species}"] = str(motion["unit"]["diffusion"])
    time = record["time"]["values"]
    curves = _curves(record["rdf"], ("inter", "intra"))
    if record.get("centers"):
        found = _curves(record["centers"], ("inter",))
        curves |= {("centers", pair): curve for (_, pair), curve in found.items()}
    return Result(
        label=label,
        inputs=tuple((str(entry["name"]), str(entry["sha256"])) for entry in inputs),
        n_frames=int(record["n_frames"]),
        compositions=tuple(dict(entry["molecules"]) for entry in record["system"]["compositions"]),
        time=None if time is None else _array(time) / 1000.0,
        series=series,
        scalars=scalars,
        units=units,
        curves=curves,
        block_length=int(record["rdf"]["block_length"]),
        local=_local(record["local_composition"]),
        motion=_motion(motion),
        options=dict(record["options"]),
    )


def _array(values: Any) -> Array:
    """Take a list of numbers; null is NaN."""
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1:
        raise ValueError(f"got an array of shape {array.shape} where a list of numbers should be")
    return array


def _float(value: Any) -> float:
    return math.nan if value is None else float(value)


def _scalar(statistics: dict[str, Any]) -> Scalar:
    return Scalar(
        value=_float(statistics["mean"]),
        stderr=_float(statistics["stderr"]),
        std=_float(statistics["std"]),
        n_effective=_float(statistics["n_effective"]),
    )


def _series(entry: dict[str, Any]) -> SeriesValues:
    statistics = entry["statistics"] or {}
    return SeriesValues(
        unit=str(entry["unit"]),
        values=_array(entry["values"]),
        equilibration=int(statistics.get("equilibration", 0)),
        n_effective=_float(statistics.get("n_effective")),
    )


def _curves(rdf: dict[str, Any], parts: tuple[str, ...]) -> dict[tuple[str, Pair], Curve]:
    edges = _array(rdf["edges"])
    if len(edges) < 2 or not (np.diff(edges) > 0.0).all():
        raise ValueError("the bounds of the bins do not ascend")
    curves = {}
    for entry in rdf["pairs"]:
        a, b = map(str, entry["pair"])
        for part in parts:
            coordination = {
                (p, q): _array(entry["coordination"][f"{p}-{q}"][part]) for p, q in dict.fromkeys([(a, b), (b, a)])
            }
            curve = Curve(
                edges, _array(entry[part]), _array(entry[f"{part}_stderr"]), int(rdf["n_blocks"]), coordination,
                _float((entry.get("first_shell") or {}).get("r_min")),
            )  # fmt: skip
            if {len(curve.g), len(curve.stderr), *map(len, coordination.values())} != {len(edges) - 1}:
                raise ValueError(f"{part} g(r) of {a}-{b} does not fit its bins")
            curves[part, (a, b)] = curve
    return curves


def _local(found: dict[str, Any] | None) -> LocalComposition | None:
    if found is None:
        return None
    marginals = {}
    for central, entries in found["distribution"].items():
        for column, around in enumerate(found["species"]):
            counts = [int(entry["c"][column]) for entry in entries]
            weights = [float(entry["f"]) for entry in entries]
            marginals[central, around] = np.bincount(counts, weights=weights).astype(np.float64)
    return LocalComposition(float(found["radius"]["value"]), marginals)


def _motion(found: dict[str, Any]) -> Motion | None:
    if not found.get("time"):
        return None
    time = _array(found["time"])
    msd = {}
    for species, curve in found["molecules"].items():
        values = _array(curve["msd"])
        error = _array(curve["stderr"]) if curve.get("stderr") is not None else np.full(len(values), np.nan)
        if not len(values) == len(error) == len(time):
            raise ValueError(f"the mean squared displacement of {species} does not fit its times")
        msd[species] = (values, error)
    return Motion(time, msd)
