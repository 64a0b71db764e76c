"""What a comparison found: frozen results and their JSON form."""

from __future__ import annotations

__all__ = [
    "SCHEMA", "Comparison", "CoordinationComparison", "CurveComparison", "LocalComparison", "ScalarComparison",
]  # fmt: skip

from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from ecemc._core import __version__
from ecemc.comparison import judgement
from ecemc.comparison.names import curve_title, title
from ecemc.text import plain

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ecemc.comparison.curves import CurveDifference
    from ecemc.comparison.judgement import Difference
    from ecemc.comparison.sources import Curve, Result, Scalar

    Pair = tuple[str, str]

#: Name and version of the layout of :meth:`Comparison.to_dict`.
SCHEMA = "ecemc.comparison/1"


@dataclass(frozen=True)
class ScalarComparison:
    """One quantity in all results."""

    name: str
    unit: str
    #: one for each result; None where it is not known
    values: tuple[Scalar | None, ...]
    #: one for each result but the first
    differences: tuple[Difference, ...]


@dataclass(frozen=True)
class CoordinationComparison:
    """Coordination numbers in all results at the first minimum of the reference."""

    central: str
    around: str
    #: Å
    r: float
    #: one for each result
    values: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class CurveComparison:
    """One g(r) in all results, in common bins."""

    #: ``"inter"``, ``"intra"`` (elements) or ``"centers"`` (species, centres of mass)
    part: str
    pair: Pair
    #: one for each result
    curves: tuple[Curve, ...]
    #: one for each result but the first
    differences: tuple[CurveDifference, ...]
    #: for each order of the pair; empty for intramolecular parts and without a first minimum
    coordination: tuple[CoordinationComparison, ...]


@dataclass(frozen=True, eq=False)
class LocalComparison:
    """Numbers of one species around another within the radius of the local composition."""

    central: str
    around: str
    #: one for each result: probability of 0, 1, 2, ... neighbours
    marginals: tuple[NDArray[np.float64], ...]
    #: one for each result: mean number of neighbours
    means: tuple[float, ...]
    #: one for each result but the first: half the sum of absolute differences, 0 (same) to 1 (nothing in common)
    distances: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class Comparison:
    """Result of :func:`ecemc.compare`; the first result is the reference of all differences.

    Examples
    --------
    >>> from ecemc import analyze, compare
    >>> from ecemc.testing import liquid, trajectory
    >>> runs = [analyze(trajectory(liquid(4, 8, density), 20, seed=1)) for density in (0.9, 0.8)]
    >>> found = compare(*runs, labels=["A", "B"])
    >>> found.scalars["density"].differences[0].verdict
    'differ'
    """

    results: tuple[Result, ...]
    #: what else is different, in sentences
    remarks: tuple[str, ...]
    scalars: dict[str, ScalarComparison]
    curves: tuple[CurveComparison, ...]
    #: empty unless all have the same radius
    local: tuple[LocalComparison, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the results."""
        return tuple(result.label for result in self.results)

    @property
    def findings(self) -> list[tuple[str, str, Difference]]:
        """Everything judged: quantity, label of the result beside the reference, difference."""
        rows = [(title(row.name), row.differences) for row in self.scalars.values()]
        rows += [(curve_title(row.part, row.pair), tuple(d.largest for d in row.differences)) for row in self.curves]
        return [
            (name, label, difference)
            for name, differences in rows
            for label, difference in zip(self.labels[1:], differences, strict=True)
        ]

    @property
    def summary(self) -> str:
        """The verdicts in two sentences."""
        count = Counter(found.verdict for _, _, found in self.findings)
        differing = list(dict.fromkeys(name for name, _, found in self.findings if found.verdict == "differ"))
        more = f" and {len(differing) - 6} more" if len(differing) > 6 else ""
        first = f"Different: {', '.join(differing[:6])}{more}." if differing else "No difference is certain."
        return (
            f"{first} Of {count.total()} comparisons {count['differ']} differ, {count['agree']} agree within errors, "
            f"{count['cannot tell']} cannot be decided."
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, strings, lists and dictionaries, valid as strict JSON: what is not a number is None.

        The layout is described by ``comparison.schema.json`` beside this module.
        """
        record = {
            "schema": SCHEMA,
            "summary": self.summary,
            "results": [_source(result) for result in self.results],
            "remarks": self.remarks,
            "quantities": [self._scalar(row) for row in self.scalars.values()],
            "rdf": [self._curve(row) for row in self.curves],
            "local_composition": [self._local(row) for row in self.local],
            "thresholds": {
                "agree_sigmas": judgement.AGREE_SIGMAS,
                "differ_sigmas": judgement.DIFFER_SIGMAS,
                "noise_ratio": judgement.NOISE_RATIO,
                "independent_samples": judgement.MIN_EFFECTIVE,
                "freedom_per_sample": judgement.FREEDOM_PER_SAMPLE,
            },
            "software": {"ecemc": __version__},
        }
        found: dict[str, Any] = plain(record)
        return found

    def _by_label(self, values: tuple[Any, ...]) -> dict[str, Any]:
        """Values of the results, or of all but the first, by label."""
        return dict(zip(self.labels[-len(values) :], values, strict=True)) if values else {}

    def _scalar(self, row: ScalarComparison) -> dict[str, Any]:
        return {
            "name": row.name,
            "unit": row.unit,
            "values": self._by_label(tuple(value and asdict(value) for value in row.values)),
            "differences": self._by_label(tuple(asdict(entry) for entry in row.differences)),
        }

    def _curve(self, row: CurveComparison) -> dict[str, Any]:
        return {
            "part": row.part,
            "pair": row.pair,
            "unit": {"r": "Å", "g": "1"},
            "edges": row.curves[0].edges,
            "values": self._by_label(tuple({"g": curve.g, "stderr": curve.stderr} for curve in row.curves)),
            "coordination": [
                {"central": entry.central, "around": entry.around, "r": entry.r, "values": self._by_label(entry.values)}
                for entry in row.coordination
            ],
            "differences": self._by_label(tuple(map(_curve_difference, row.differences))),
        }

    def _local(self, row: LocalComparison) -> dict[str, Any]:
        return {
            "central": row.central,
            "around": row.around,
            "means": self._by_label(row.means),
            "probabilities": self._by_label(row.marginals),
            "distances": self._by_label(row.distances),
        }


def _source(result: Result) -> dict[str, Any]:
    return {
        "label": result.label,
        "inputs": [{"name": name, "sha256": sha256} for name, sha256 in result.inputs],
        "n_frames": result.n_frames,
        "compositions": result.compositions,
    }


def _curve_difference(found: CurveDifference) -> dict[str, Any]:
    largest = found.largest
    return {
        "verdict": largest.verdict,
        "sentence": largest.sentence,
        "delta": found.delta,
        "stderr": found.stderr,
        "largest": {"r": found.r, "value": largest.value, "stderr": largest.stderr, "sigmas": largest.sigmas},
        "significant": {"r": found.r_significant, "value": found.significant},
        "integrated": {"value": found.integrated, "noise": found.noise, "unit": "Å"},
        "peak_shift": {"value": found.shift, "stderr": found.shift_stderr, "unit": "Å"},
    }
