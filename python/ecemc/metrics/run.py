"""Errors of a model over frames: stored labels against any calculator, or two calculators."""

from __future__ import annotations

__all__ = ["LAYOUT", "STORED_CELL", "ErrorOptions", "ErrorReport", "model_errors"]

from collections import Counter, deque
from dataclasses import asdict, dataclass, field
from itertools import tee
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ecemc import keys
from ecemc.dataset.provenance import record_provenance
from ecemc.decomposition import (
    Decomposed,
    PropertyParts,
    Task,
    cell_name,
    decomposed,
    has_parts,
    part_keys,
    plan,
    read_cell,
    read_parts,
    with_parts,
)
from ecemc.errors import CalculationError, InputError
from ecemc.evaluation import FailedFrame
from ecemc.labels import LabelKeys, Labels
from ecemc.metrics.parity import ParityCounts
from ecemc.metrics.table import GROUPINGS, ErrorTable, part_values
from ecemc.molecules import find_molecules
from ecemc.text import plain
from ecemc.trajectory import frames_and_files, write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from os import PathLike

    from ase import Atoms

    from ecemc.decomposition.isolated import Cell
    from ecemc.evaluation import Ledger
    from ecemc.methods.method import Method
    from ecemc.molecules import Molecules
    from ecemc.trajectory.inputs import FramesLike

    #: What computes labels, or how stored ones are spelt.
    Source = Method | LabelKeys

#: Changes when the fields of the JSON do.
LAYOUT = "ecemc.errors/1"
#: Molecules are evaluated where those of the frame's stored parts were.
STORED_CELL = "stored"


@dataclass(frozen=True)
class ErrorOptions:
    """Settings of :func:`model_errors`."""

    #: groups to tell apart, see :class:`ErrorTable`
    by: Sequence[str] = GROUPINGS
    #: whether intra- and intermolecular errors are wanted, for which a method computes all molecules
    parts: bool = True
    #: where molecules are evaluated, see :func:`ecemc.decompose_properties`; ``"stored"`` is where those of the stored
    #: parts were (``isolated_cell``), else in vacuum
    cell: Cell = STORED_CELL
    #: frames at the same time, see :func:`ecemc.evaluation.evaluate`
    n_jobs: int | None = None
    #: finished calculations are kept there
    ledger: Ledger | None = None
    #: try again what has failed before
    retry: bool = False

    def __post_init__(self) -> None:
        """Refuse groups that there are not, before anything is computed."""
        ErrorTable(self.by)


@dataclass(frozen=True, eq=False)
class ErrorReport:
    """Errors of a model, and what figures of them need."""

    #: name of what is taken as right
    reference: str
    #: name of what is judged
    prediction: str
    table: ErrorTable
    #: points of parity plots by quantity and part, all groups together
    parity: dict[tuple[str, str], ParityCounts]
    #: frames without result
    failures: tuple[FailedFrame, ...]
    #: where isolated molecules were evaluated: none, parent or a length in Å, and how many frames
    cells: dict[str, int] = field(default_factory=dict)
    #: what a reader of the table should know
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Give everything but the points as strict JSON; units as in the rows, errors are prediction − reference."""
        content = {
            "layout": LAYOUT,
            "reference": self.reference,
            "prediction": self.prediction,
            "n_frames": self.table.n_frames,
            "failures": [asdict(failure) for failure in self.failures],
            "isolated_cells": self.cells,
            "notes": self.notes,
            "errors": [asdict(row) for row in self.table.rows()],
        }
        result: dict[str, Any] = plain(content)
        return result


def model_errors(
    frames: FramesLike,
    prediction: Source,
    reference: Source | None = None,
    *,
    options: ErrorOptions | None = None,
    predictions: str | PathLike[str] | None = None,
    predicted_names: LabelKeys | None = None,
    progress: Callable[[int], None] | None = None,
) -> ErrorReport:
    """Compare a model with a reference: total, intra, inter, and translational, rotational, vibrational errors.

    Intra- and intermolecular errors need labels of the molecules in the reference: a method computes them, stored
    labels have them from ``ecemc decompose``. Of frames without, the other errors are given, and the report says so.

    Parameters
    ----------
    frames
        A file that :func:`ecemc.iread` reads, an opened :class:`ecemc.trajectory.Trajectory`, or configurations.
    prediction
        What is judged: a method, see :func:`ecemc.methods.get_method`, or how labels in the frames are spelt.
    reference
        What is right: the same; the labels ``REF_energy`` and so on if not given.
    options
        Everything else.
    predictions
        Extended XYZ file to write the frames to, with the predictions and their parts; appears when it is whole.
    predicted_names
        How these are spelt; ``MODEL_energy`` and so on if not given.
    progress
        Called with the number of frames done.

    Raises
    ------
    InputError
        If there is no frame, or stored labels cannot be used.
    CalculationError
        If a method cannot be used, or every frame failed.
    OSError
        If files cannot be read or written, or the disk is full.

    Examples
    --------
    >>> from ase.calculators.lj import LennardJones
    >>> from ecemc.methods import get_method
    >>> from ecemc.testing import liquid
    >>> lj, softer = (get_method(LennardJones(sigma=1.5, epsilon=e, rc=4.0)) for e in (0.01, 0.009))
    >>> report = model_errors(liquid(0, 0, n_water=8, density=0.5), softer, lj, options=ErrorOptions(n_jobs=1))
    >>> round(report.table.row("forces", "inter").rrmse, 6)
    0.1
    """
    options = options or ErrorOptions()
    source, files = frames_and_files(frames)
    run = _Run(prediction, reference or LabelKeys(), options, f"{files[0]}: " if files else "")
    finished = run.finished(source, progress)
    if predictions is None:
        deque(finished, maxlen=0)
    else:
        names = predicted_names or LabelKeys.prefixed("MODEL_")
        stored = (with_parts(frame.atoms, parts, names, molecules=frame.molecules) for frame, parts in finished)
        n_frames = write(Path(predictions), stored, format="extxyz")
        record_provenance(
            predictions, step="errors", parents=files, parameters={"model": _identity(prediction)}, n_frames=n_frames
        )
    return run.report()


@dataclass(frozen=True, eq=False)
class _Given:
    """A frame and what is stored with it."""

    atoms: Atoms
    #: None where they are no whole molecules
    molecules: Molecules | None
    reference: PropertyParts | None
    prediction: PropertyParts | None
    #: whether molecules have to be evaluated
    split: bool
    failure: str | None


class _Run:
    """One pass over the frames."""

    def __init__(self, prediction: Source, reference: Source, options: ErrorOptions, where: str) -> None:
        self._prediction, self._reference, self._options, self._where = prediction, reference, options, where
        self._table = ErrorTable(options.by)
        self._parity: dict[tuple[str, str], ParityCounts] = {}
        self._failures: list[FailedFrame] = []
        self._cells: Counter[str] = Counter()
        self._not_split = self._no_molecules = 0

    def finished(
        self, source: Iterator[Atoms], progress: Callable[[int], None] | None
    ) -> Iterator[tuple[_Given, PropertyParts]]:
        """Count frames in and give them out with the predictions; failures are noted and left out."""
        given, for_reference, for_prediction = tee((self._given(k, atoms) for k, atoms in enumerate(source)), 3)
        references, predictions = (
            self._computed(self._reference, for_reference),
            self._computed(self._prediction, for_prediction),
        )
        number = -1
        for number, (frame, expected, got) in enumerate(zip(given, references, predictions, strict=True)):
            if progress is not None:
                progress(number + 1)
            failure = frame.failure or next((done.failure for done in (expected, got) if done and done.failure), None)
            reference = expected.parts if expected else frame.reference
            prediction = got.parts if got else frame.prediction
            if failure is not None or reference is None or prediction is None:
                self._failures.append(FailedFrame(number, str(failure)))
                continue
            self._count(frame, reference, prediction)
            cell = next((done.cell for done in (got, expected) if done and done.cell is not None), None)
            if cell is not None:
                self._cells[str(cell)] += 1
            yield frame, prediction
        self._check_any(number + 1)

    def report(self) -> ErrorReport:
        """Give everything that was counted."""
        reference, prediction = _name(self._reference), _name(self._prediction)
        if reference == prediction:  # such as one model with two options
            reference, prediction = f"{reference} (reference)", f"{prediction} (model)"
        return ErrorReport(
            reference, prediction, self._table, self._parity, tuple(self._failures),
            dict(sorted(self._cells.items())), tuple(self._notes()),
        )  # fmt: skip

    def _given(self, number: int, atoms: Atoms) -> _Given:
        where = f"{self._where}frame {number}"
        stored: list[PropertyParts | None] = [None, None]
        failure = None if len(atoms) else "holds no atoms"
        for place, source in enumerate((self._reference, self._prediction)):
            if isinstance(source, LabelKeys):
                parts = read_parts(atoms, source, where=where)
                stored[place] = parts if self._options.parts else PropertyParts(parts.total, Labels())
                if parts.total.energy is None and parts.total.forces is None:
                    failure = f"has no labels {source.energy!r} or {source.forces!r}"
        split = self._options.parts and all(
            has_parts(atoms, source) for source in (self._reference, self._prediction) if isinstance(source, LabelKeys)
        )
        return _Given(atoms, _whole_molecules(atoms), stored[0], stored[1], split, failure)

    def _computed(self, source: Source, frames: Iterable[_Given]) -> Iterator[Decomposed | None]:
        """Compute with a method; gives None for each frame if labels are stored."""
        if isinstance(source, LabelKeys):
            return (None for _ in frames)
        options = self._options
        tasks = (self._task(frame) for frame in frames)
        return decomposed(tasks, source, n_jobs=options.n_jobs, ledger=options.ledger, retry=options.retry)

    def _task(self, frame: _Given) -> Task:
        if frame.failure is not None:
            return Task(frame.atoms, None, None, failure=frame.failure)
        cell = self._options.cell
        if cell == STORED_CELL:
            cell = read_cell(frame.atoms.info.get(keys.ISOLATED_CELL, cell_name(None)), f"info[{keys.ISOLATED_CELL!r}]")
        return plan(frame.atoms, cell=cell, split=frame.split)

    def _count(self, frame: _Given, reference: PropertyParts, prediction: PropertyParts) -> None:
        atoms, molecules = frame.atoms, frame.molecules
        self._not_split += self._options.parts and not frame.split
        self._no_molecules += molecules is None
        expected, got = (part_values(atoms, molecules, parts) for parts in (reference, prediction))
        self._table.add(atoms, molecules, expected, got)
        if len(atoms) == 1:
            return  # as in the table
        for key, values in expected.items():
            if key in got:
                self._parity.setdefault(key, ParityCounts()).add(values, got[key])

    def _check_any(self, n_frames: int) -> None:
        if not n_frames:
            raise InputError(f"{self._where}no frame to compare")
        if len(self._failures) == n_frames:
            first = self._failures[0]
            raise CalculationError(f"{self._where}all {n_frames} frames failed; frame {first.frame}: {first.reason}")

    def _notes(self) -> Iterator[str]:
        if self._not_split:
            stored = next(source for source in (self._reference, self._prediction) if isinstance(source, LabelKeys))
            yield (
                f"{_frames(self._not_split)} without labels of the molecules ({part_keys(stored).energy} ...): no "
                "intra- and intermolecular errors of them; ecemc decompose adds these labels"
            )
        if self._no_molecules:
            yield (
                f"{_frames(self._no_molecules)} with a molecule that is bonded to its own periodic image: no "
                "translational, rotational and vibrational errors of them"
            )


def _frames(number: int) -> str:
    return f"{number} frame{'s' * (number != 1)}"


def _whole_molecules(atoms: Atoms) -> Molecules | None:
    try:
        found = find_molecules(atoms)
    except InputError:
        return None
    return None if found.infinite.any() else found


def _identity(source: Source) -> str:
    return f"stored as {source.energy}" if isinstance(source, LabelKeys) else source.identity


def _name(source: Source) -> str:
    if isinstance(source, LabelKeys):
        return source.energy.removesuffix("energy").strip("_") or "stored labels"
    return source.name
