"""From two molecules and methods to curves."""

from __future__ import annotations

__all__ = ["DEFAULT_OFFSETS", "DimerOptions", "dimer_curves"]

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ecemc.dimers.geometry import Pose, monomer, pair
from ecemc.dimers.result import DimerCurve, DimerFailure, DimerResult
from ecemc.dimers.search import SearchOptions, find_poses
from ecemc.errors import CalculationError, InputError
from ecemc.evaluation import Tally, evaluate
from ecemc.methods import Method, counterpoise, get_method

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from os import PathLike

    from ase import Atoms

    from ecemc.evaluation import Ledger, Outcome

#: Å from the distance of the search: the wall, the well every 0.1 Å, the tail.
DEFAULT_OFFSETS: tuple[float, ...] = (
    -0.6, -0.5, -0.4, -0.3, -0.2, -0.1, 0.0, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0,
)  # fmt: skip


@dataclass(frozen=True)
class DimerOptions:
    """Orientation and distances of a curve.

    Examples
    --------
    >>> DimerOptions(offsets=(0.0, 1.0)).search_method
    'opls'
    """

    #: Å, distances of the centres of mass from that of the pose
    offsets: Sequence[float] = DEFAULT_OFFSETS
    #: what searches the orientation: whatever :func:`ecemc.methods.get_method` takes
    search_method: Any = "opls"
    #: how it is searched
    search: SearchOptions = field(default_factory=SearchOptions)
    #: an orientation to take as it is; nothing is searched then
    pose: Pose | None = None
    #: correct methods with basis sets for their superposition, see :func:`ecemc.methods.counterpoise`
    counterpoise: bool = True
    #: try again what the ledger has as failed
    retry: bool = False

    def __post_init__(self) -> None:
        """Refuse what is outside its domain."""
        offsets = np.asarray(self.offsets, dtype=np.float64)
        if offsets.ndim != 1 or len(offsets) < 1 or not np.isfinite(offsets).all():
            raise InputError(f"offsets: got {self.offsets}, expected numbers in Å, such as (-0.2, 0.0, 0.2, 1.0)")


def dimer_curves(
    first: str | PathLike[str] | Atoms,
    second: str | PathLike[str] | Atoms,
    methods: Mapping[str, Any] | Iterable[Any],
    options: DimerOptions | None = None,
    *,
    n_jobs: int | None = None,
    ledger: Ledger | None = None,
    progress: Callable[[int, float], None] | None = None,
) -> DimerResult:
    r"""Interaction energies of two rigid molecules along the line of their centres of mass, by several methods.

    .. math:: E_\mathrm{int}(r) = E_{AB}(r) - E_A - E_B

    The orientation is that of the deepest minimum that a cheap method finds (:func:`ecemc.dimers.find_poses`), or one
    that is given; all methods compute the same configurations.

    Parameters
    ----------
    first, second
        See :func:`ecemc.dimers.monomer`.
    methods
        Each whatever :func:`ecemc.methods.get_method` takes; ``{name: method}`` names them in tables and figures.
    options
        Distances, orientation, counterpoise correction.
    n_jobs, ledger
        See :func:`ecemc.evaluation.evaluate`. The search is not kept in the ledger: committing its hundreds of cheap
        results would take longer than they do.
    progress
        Called with the number of configurations done, and the part of all.

    Returns
    -------
    DimerResult
        Curves, minima, configurations.

    Raises
    ------
    InputError
        If a molecule is none, no method is given, two have the same name, or a distance comes out negative.
    CalculationError
        If a method cannot be used, has no point at all, or fails on a molecule alone.

    Notes
    -----
    Paper: section 2.3, figure 3. Molecules do not relax: a real dimer is bound a little more. Only PySCF methods can be
    corrected for basis set superposition here; of others with atomic basis sets (such as ORCA through a file) the
    uncorrected energies are given, which are too deep in small bases.

    Examples
    --------
    >>> pose = Pose((0.0, 0.0, 1.0), (1.0, 0.0, 0.0, 0.0), 3.5)
    >>> result = dimer_curves("EC", "EC", ["opls"], DimerOptions((0.0, 20.0), pose=pose), n_jobs=1)
    >>> result.distances.tolist(), bool(abs(result.curves[0].interaction[1]) < 0.01)
    ([3.5, 23.5], True)
    """
    options = options or DimerOptions()
    (name, a), (other, b) = monomer(first), monomer(second)
    chosen = _named(methods)
    pose, searcher = options.pose, None
    if pose is None:
        method = get_method(options.search_method)
        pose, searcher = find_poses(a, b, method, options.search, n_jobs=n_jobs)[0], method.name
    distances = np.unique(pose.distance + np.asarray(options.offsets, dtype=np.float64))
    if not distances[0] > 0.0:
        raise InputError(f"offsets: {distances[0] - pose.distance:g} Å from {pose.distance:.2f} Å is no distance")
    frames = [pair(a, b, pose.at(float(distance))) for distance in distances]
    places = [*(f"{distance:.2f} Å" for distance in distances), f"{name} alone", f"{other} alone"]
    curves: list[DimerCurve] = []
    failures: list[DimerFailure] = []
    tally = Tally(progress, len(chosen) * len(places))
    for each in chosen:
        corrected = counterpoise(each, len(a)) if options.counterpoise else None
        wanted = frames if corrected else [*frames, a, b]
        found = evaluate(wanted, corrected or each, n_jobs=n_jobs, ledger=ledger, retry=options.retry)
        outcomes = tally.all(found)
        curves.append(_curve(each.name, outcomes, len(frames), np.asarray(pose.direction), len(a)))
        failures += _failures(each.name, places, outcomes)
        if not np.isfinite(curves[-1].interaction).any():
            raise CalculationError(f"{each.name}: no curve: {failures[-1].where}: {failures[-1].reason}")
    return DimerResult((name, other), pose, searcher, distances, tuple(curves), tuple(failures), tuple(frames))


def _failures(method: str, places: list[str], outcomes: list[Outcome]) -> list[DimerFailure]:
    """Name what failed; there may be fewer outcomes than places, without the molecules alone."""
    found = zip(places, outcomes, strict=False)
    return [DimerFailure(method, place, each.failure) for place, each in found if each.failure is not None]


def _named(methods: Mapping[str, Any] | Iterable[Any]) -> list[Method]:
    if isinstance(methods, Mapping):
        chosen = [replace(get_method(spec), name=name) for name, spec in methods.items()]
    else:
        chosen = [get_method(spec) for spec in ([methods] if isinstance(methods, str) else methods)]
    names = [method.name for method in chosen]
    if not names:
        raise InputError("methods: none given, expected at least one, such as 'gfn2-xtb'")
    if twice := [name for name in names if names.count(name) > 1]:
        raise InputError(f"methods: two are called {twice[0]!r}; give names, as in {{'old': ..., 'new': ...}}")
    return chosen


def _curve(method: str, outcomes: list[Outcome], n: int, axis: Any, n_first: int) -> DimerCurve:
    """Interaction from energies of pairs and, where they are there, of the molecules alone."""
    energy = np.array([np.nan if each.labels is None else each.labels.energy for each in outcomes], dtype=np.float64)
    force = np.array(
        [
            np.nan
            if each.labels is None or each.labels.forces is None
            else 0.5 * (each.labels.forces[n_first:].sum(axis=0) - each.labels.forces[:n_first].sum(axis=0)) @ axis
            for each in outcomes[:n]
        ]
    )
    return DimerCurve(method, len(outcomes) == n, energy[:n] - energy[n:].sum(), force)
