"""From frames and methods to curves."""

from __future__ import annotations

__all__ = ["ScanOptions", "scan"]

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ecemc import keys
from ecemc.errors import CalculationError, InputError
from ecemc.evaluation import Outcome, Tally, evaluate
from ecemc.isolated import DEFAULT_CELL
from ecemc.labels import LabelKeys, read_labels, with_labels
from ecemc.methods import Method, get_method
from ecemc.scans.geometry import DEFAULT_SCALES, ScanGeometry, build_scans, checked_scales, group_scans
from ecemc.scans.result import ScanCurve, ScanFailure, ScanResult, VolumeScan
from ecemc.units import AMU_PER_A3_TO_G_PER_CM3

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from ase import Atoms

    from ecemc.evaluation import Ledger
    from ecemc.trajectory.inputs import FramesLike

#: As a reference: the labels that the frames carry.
LABELS = "labels"


@dataclass(frozen=True)
class ScanOptions:
    """How scans are built, read and scored.

    Examples
    --------
    >>> ScanOptions(scales=(0.9, 1.0, 1.1)).well
    (0.97, 1.05)
    """

    #: linear factors, see :data:`ecemc.scans.DEFAULT_SCALES`
    scales: Sequence[float] = DEFAULT_SCALES
    #: of the isolated molecules: a length in Å, ``None`` or ``"parent"``, see :func:`ecemc.isolated_molecules`
    cell: float | str | None = DEFAULT_CELL
    #: bounds of the well in units of the reference's s_min (of 1 where it has no minimum in the scan)
    well: tuple[float, float] = (0.97, 1.05)
    #: how labels are spelt, with ``reference="labels"`` and in :attr:`ScanResult.frames`
    names: LabelKeys = field(default_factory=LabelKeys)
    #: try again what the ledger has as failed
    retry: bool = False

    def __post_init__(self) -> None:
        """Refuse what is outside its domain."""
        checked_scales(self.scales)
        low, high = self.well
        if not 0.0 < low <= 1.0 <= high:
            raise InputError(f"well: got {self.well}, expected two factors around 1, such as (0.97, 1.05)")


def scan(
    frames: FramesLike,
    reference: Any,
    models: Mapping[str, Any] | Iterable[Any] = (),
    options: ScanOptions | None = None,
    *,
    n_jobs: int | None = None,
    ledger: Ledger | None = None,
    progress: Callable[[int, float], None] | None = None,
) -> ScanResult:
    """Scale liquid frames with rigid molecules, evaluate a reference and models, score the models.

    All molecules stay rigid, so ``E(s) = E_inter(s) + Σ_j E_j`` with the energies of the isolated molecules, which are
    evaluated once and not for each scale. Configurations that a method fails on, such as overlaps at small scales, are
    left out of its curve and listed in ``failures``.

    Parameters
    ----------
    frames
        Liquid frames: a file, a :class:`~ecemc.trajectory.Trajectory`, or configurations. With ``reference="labels"``
        the labelled frames of scans.
    reference
        Whatever :func:`ecemc.methods.get_method` takes; or ``"labels"``: ``frames`` are those of
        :func:`ecemc.scans.build_scans` (or ``ecemc scan --geometries-only``), labelled elsewhere.
    models
        What is compared with it, each whatever :func:`ecemc.methods.get_method` takes; ``{name: model}`` names them in
        tables and figures.
    options
        Scales, isolated molecules, regions.
    n_jobs
        Configurations at the same time, see :func:`ecemc.evaluation.evaluate`.
    ledger
        Finished results are kept there and not computed again.
    progress
        Called with the number of configurations done, and the part of all.

    Returns
    -------
    ScanResult
        Curves, scores, and the frames with the reference's labels.

    Raises
    ------
    InputError
        If there is no frame, two methods have the same name, or an option or a frame is not what it should be.
    CalculationError
        If a method cannot be used, or the reference has no curve at all.

    Notes
    -----
    Paper: section 2.7, figures 7C, 8C-D, 9D.

    Examples
    --------
    >>> from ecemc.testing import liquid
    >>> result = scan(liquid(1, 2, 0.9), "opls", options=ScanOptions(scales=[0.95, 1.0, 1.1, 4.0]), n_jobs=1)
    >>> (curve,) = [1000 * each.energy_inter(0) for each in result.scans]
    >>> bool(curve[1] < -1.0), bool(abs(curve[-1]) < 1.0)  # meV/atom
    (True, True)
    """
    options = options or ScanOptions()
    stored = isinstance(reference, str) and reference == LABELS
    methods = ([] if stored else [get_method(reference)]) + _named(models)
    names = [LABELS] * stored + [method.name for method in methods]
    if twice := [name for name in names if names.count(name) > 1]:
        raise InputError(f"models: two methods are called {twice[0]!r}; give names, as in {{'old': ..., 'new': ...}}")
    geometries = group_scans(frames) if stored else list(build_scans(frames, options.scales, cell=options.cell))
    if not geometries:
        raise InputError("frames: there is none to scale")
    tally = Tally(progress, len(methods) * sum(len(each.frames) for each in geometries))
    outcomes = [list(_stored(geometries, options.names))] if stored else []
    for method in methods:
        found = evaluate(_frames(geometries), method, n_jobs=n_jobs, ledger=ledger, retry=options.retry)
        outcomes.append(tally.all(found))
    return _result(geometries, names, outcomes, options)


def _named(models: Mapping[str, Any] | Iterable[Any]) -> list[Method]:
    if isinstance(models, Mapping):
        return [replace(get_method(spec), name=name) for name, spec in models.items()]
    return [get_method(spec) for spec in ([models] if isinstance(models, str) else models)]


def _frames(geometries: Iterable[ScanGeometry]) -> Iterator[Atoms]:
    return (atoms for geometry in geometries for atoms in geometry.frames)


def _stored(geometries: list[ScanGeometry], names: LabelKeys) -> Iterator[Outcome]:
    """Labels as outcomes; a frame without them counts as failed."""
    for geometry in geometries:
        for atoms in geometry.frames:
            labels = read_labels(atoms, names, where=f"scan of frame {geometry.parent_frame}")
            missing = [
                key for key, value in ((names.energy, labels.energy), (names.forces, labels.forces)) if value is None
            ]
            yield Outcome(None, f"no {missing[0]} in the file") if missing else Outcome(labels, None)


def _result(
    geometries: list[ScanGeometry], names: list[str], outcomes: list[list[Outcome]], options: ScanOptions
) -> ScanResult:
    scans: list[VolumeScan] = []
    failures: list[ScanFailure] = []
    labelled: list[Atoms] = []
    start = 0
    for geometry in geometries:
        ours = [each[start : start + len(geometry.frames)] for each in outcomes]
        start += len(geometry.frames)
        scans.append(_volume_scan(geometry, names, ours))
        for name, each in zip(names, ours, strict=True):
            failures += _failures(geometry, name, each)
        labelled += [
            _with_method(with_labels(atoms, outcome.labels, options.names), names[0])
            for atoms, outcome in zip(geometry.frames, ours[0], strict=True)
            if outcome.labels is not None
        ]
    if not any(np.isfinite(each.energy_inter(0)).any() for each in scans):
        first = next(failure for failure in failures if failure.method == names[0])
        raise CalculationError(f"{names[0]}: no curve: frame {first.parent_frame}, {first.where}: {first.reason}")
    return ScanResult(tuple(names), tuple(scans), tuple(failures), options.well, tuple(labelled))


def _with_method(atoms: Atoms, name: str) -> Atoms:
    atoms.calc = None
    if name != LABELS:  # else whatever the file says
        atoms.info[keys.LABEL_METHOD] = name
    return atoms


def _volume_scan(geometry: ScanGeometry, names: list[str], outcomes: list[list[Outcome]]) -> VolumeScan:
    box = geometry.boxes[0]
    mass = float(box.get_masses().sum()) * AMU_PER_A3_TO_G_PER_CM3
    volume = np.array([abs(np.linalg.det(each.cell.array)) for each in geometry.boxes])
    with np.errstate(divide="ignore"):
        density = np.where(volume > 0.0, mass / volume, np.nan)
    return VolumeScan(
        parent_frame=geometry.parent_frame,
        n_atoms=len(box),
        species=geometry.species,
        scales=geometry.scales,
        density=density,
        curves=tuple(_curve(geometry, name, each) for name, each in zip(names, outcomes, strict=True)),
    )


def _curve(geometry: ScanGeometry, name: str, outcomes: list[Outcome]) -> ScanCurve:
    energies = np.array([np.nan if each.labels is None else each.labels.energy for each in outcomes], dtype=np.float64)
    n_scales, m = len(geometry.scales), len(geometry.molecules)
    net = np.full((n_scales, m, 3), np.nan)
    for k, outcome in enumerate(outcomes[:n_scales]):
        if outcome.labels is not None and outcome.labels.forces is not None:
            net[k] = 0.0
            np.add.at(net[k], geometry.index, outcome.labels.forces)
    return ScanCurve(name, energies[:n_scales], energies[n_scales:], net)


def _failures(geometry: ScanGeometry, name: str, outcomes: list[Outcome]) -> Iterator[ScanFailure]:
    places = [f"s = {s:g}" for s in geometry.scales]
    places += [f"molecule {number} ({species})" for number, species in enumerate(geometry.species)]
    for place, outcome in zip(places, outcomes, strict=True):
        if outcome.failure is not None:
            yield ScanFailure(name, geometry.parent_frame, place, outcome.failure)
