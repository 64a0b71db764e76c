"""Decomposition of a file of frames."""

from __future__ import annotations

__all__ = ["DecomposeOptions", "DecomposeResult", "decompose"]

from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ecemc import keys
from ecemc.dataset.provenance import record_provenance
from ecemc.decomposition.collect import LabelledMolecules
from ecemc.decomposition.compute import Decomposed, decomposed, plan
from ecemc.decomposition.isolated import cell_name
from ecemc.decomposition.stored import read_parts, with_parts
from ecemc.decomposition.summary import PartsSummary
from ecemc.errors import CalculationError, InputError
from ecemc.evaluation import FailedFrame, Ledger
from ecemc.labels import LabelKeys, read_labels
from ecemc.molecules import find_molecules
from ecemc.trajectory import frames_and_files, write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from os import PathLike

    from ase import Atoms

    from ecemc.decomposition.compute import Task
    from ecemc.decomposition.isolated import Cell
    from ecemc.methods import Method
    from ecemc.trajectory.inputs import FramesLike


@dataclass(frozen=True)
class DecomposeOptions:
    """Settings of :func:`decompose`."""

    #: how labels are spelt in the input and the output
    names: LabelKeys = field(default_factory=LabelKeys)
    #: where molecules are evaluated, see :func:`ecemc.decompose_properties`
    cell: Cell = None
    #: take the labels of the whole from the input, and compute the molecules only
    stored_total: bool = False
    #: frames at the same time, see :func:`ecemc.evaluation.evaluate`
    n_jobs: int | None = None
    #: try again what has failed before
    retry: bool = False


@dataclass(frozen=True)
class DecomposeResult:
    """What was decomposed."""

    #: frames with their parts
    path: Path
    #: their number
    n_frames: int
    #: the others
    failures: tuple[FailedFrame, ...]
    #: size of the parts
    summary: PartsSummary


def decompose(
    frames: FramesLike,
    out: str | PathLike[str],
    method: Method | None = None,
    *,
    molecules: FramesLike | None = None,
    options: DecomposeOptions | None = None,
    progress: Callable[[int], None] | None = None,
) -> DecomposeResult:
    """Write frames with the parts of their labels, as extended XYZ.

    Forces always get their translational, rotational and vibrational parts. Intra- and intermolecular parts come from
    ``method``, which computes the frames (unless ``options.stored_total``) and their molecules, or from ``molecules``,
    which were labelled elsewhere; else those that the input has are kept. Keys are those of
    :func:`ecemc.decomposition.with_parts`; ``isolated_cell`` says where the molecules stood.

    Parameters
    ----------
    frames
        A file that :func:`ecemc.iread` reads, an opened :class:`ecemc.trajectory.Trajectory`, or configurations.
    out
        File to write; it appears when it is whole. Finished calculations are kept in ``OUT.ledger``: the same call,
        after a crash or with more frames, computes only what is missing.
    method
        What computes, see :func:`ecemc.methods.get_method`.
    molecules
        Molecules of these frames with labels, see :class:`ecemc.decomposition.LabelledMolecules`.
    options
        Everything else.
    progress
        Called with the number of frames done.

    Raises
    ------
    InputError
        If there is no frame, labels are missing or cannot be used, or molecules do not belong to the frames.
    CalculationError
        If the method cannot be used, or every frame failed; nothing is written then.
    OSError
        If files cannot be read or written, or the disk is full.

    Examples
    --------
    >>> from ase.build import molecule
    >>> from ase.calculators.lj import LennardJones
    >>> from ecemc.methods import get_method
    >>> pair = molecule("N2") + molecule("N2")
    >>> pair.positions[2:] += [0, 4.0, 0]
    >>> options = DecomposeOptions(n_jobs=1)
    >>> result = decompose(pair, "pair.extxyz", get_method(LennardJones(rc=12.0)), options=options)
    >>> result.n_frames, sorted(result.summary.forces)
    (1, ['inter', 'intra', 'rot', 'total', 'trans', 'vib'])
    """
    options = options or DecomposeOptions()
    if method is not None and molecules is not None:
        raise InputError("give a method that computes the molecules, or molecules with labels, not both")
    path = Path(out)
    source, files = frames_and_files(frames)
    alone = None if molecules is None else LabelledMolecules(molecules, options.names)
    run = _Run(method, alone, options, str(files[0]) + ": " if files else "")
    with Ledger(path.with_name(path.name + ".ledger")) if method else nullcontext() as ledger:
        n_frames = write(path, run.finished(source, ledger, progress), format="extxyz")
    record_provenance(
        path,
        step="decompose",
        parents=[*files, *(alone.files if alone else ())],
        parameters=run.parameters(),
        n_frames=n_frames,
    )
    return DecomposeResult(path, n_frames, tuple(run.failures), run.summary)


class _Run:
    """One pass over the frames."""

    def __init__(
        self, method: Method | None, alone: LabelledMolecules | None, options: DecomposeOptions, where: str
    ) -> None:
        self._method, self._alone, self._options, self._where = method, alone, options, where
        self.failures: list[FailedFrame] = []
        self.summary = PartsSummary()

    def finished(
        self, source: Iterator[Atoms], ledger: Ledger | None, progress: Callable[[int], None] | None
    ) -> Iterator[Atoms]:
        """Frames with their parts; failures are noted and left out."""
        names, number = self._options.names, -1
        for number, done in enumerate(self._stream(source, ledger)):
            if progress is not None:
                progress(number + 1)
            if done.parts is None:
                self.failures.append(FailedFrame(number, str(done.failure)))
                continue
            atoms = with_parts(done.atoms, done.parts, names, molecules=done.molecules)
            if done.cell is not None:
                atoms.info[keys.ISOLATED_CELL] = done.cell
            if self._method is not None and not self._options.stored_total:
                atoms.info[keys.LABEL_METHOD] = self._method.name
            self.summary.add(atoms, done.parts, names)
            yield atoms
        if self._alone is not None:
            self._alone.check_none_left(number + 1)
        if self.failures and len(self.failures) == number + 1:
            first = self.failures[0]
            raise CalculationError(f"all {number + 1} frames failed; frame {first.frame}: {first.reason}")

    def parameters(self) -> dict[str, object]:
        """Give what the record of provenance keeps."""
        method = self._method
        return {
            "method": None if method is None else method.name,
            "identity": None if method is None else method.identity,
            "cell": None if method is None else cell_name(self._options.cell),
            "stored_total": self._options.stored_total or method is None,
            "failed": len(self.failures),
        }

    def _stream(self, source: Iterator[Atoms], ledger: Ledger | None) -> Iterator[Decomposed]:
        options = self._options
        if self._method is not None:
            tasks = (self._task(number, atoms) for number, atoms in enumerate(source))
            return decomposed(tasks, self._method, n_jobs=options.n_jobs, ledger=ledger, retry=options.retry)
        return (self._labelled(number, atoms) for number, atoms in enumerate(source))

    def _task(self, number: int, atoms: Atoms) -> Task:
        total = None
        if self._options.stored_total:
            where = self._name(number)
            total = read_labels(atoms, self._options.names, where=where)
            if total.energy is None and total.forces is None:
                raise InputError(f"{where}: {_missing(self._options.names)}")
        return plan(atoms, cell=self._options.cell, total=total)

    def _labelled(self, number: int, atoms: Atoms) -> Decomposed:
        where, names = self._name(number), self._options.names
        if self._alone is not None:
            return self._alone.join(number, atoms, where=where)
        parts = read_parts(atoms, names, where=where)
        if parts.total.forces is None:
            raise InputError(
                f"{where}: no forces under {names.forces!r}; give the keys, or a method that computes them"
            )
        try:
            found = find_molecules(atoms)
        except InputError as error:
            return Decomposed(atoms, None, None, str(error))
        if found.infinite.any():
            return Decomposed(atoms, found, None, "a molecule is bonded to its own periodic image")
        return Decomposed(atoms, found, parts, cell=atoms.info.get(keys.ISOLATED_CELL))

    def _name(self, number: int) -> str:
        return f"{self._where}frame {number}"


def _missing(names: LabelKeys) -> str:
    return f"neither {names.energy!r} nor {names.forces!r} is there; give the keys of its labels"
