"""Labels for a file of frames."""

from __future__ import annotations

__all__ = ["FailedFrame", "LabelResult", "label"]

from contextlib import contextmanager
from dataclasses import dataclass
from itertools import tee
from pathlib import Path
from typing import TYPE_CHECKING

from ecemc import keys
from ecemc.dataset.provenance import record_provenance
from ecemc.errors import CalculationError, InputError
from ecemc.evaluation.engine import evaluate
from ecemc.evaluation.ledger import Ledger
from ecemc.jobs import Cluster, open_executor
from ecemc.labels import with_labels
from ecemc.trajectory import frames_and_files, write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Executor
    from os import PathLike

    from ase import Atoms

    from ecemc.labels import LabelKeys
    from ecemc.methods import Method
    from ecemc.trajectory.inputs import FramesLike

#: Frames, or batches, on their way to each worker: it has the next one at once.
_PER_WORKER = 2


@dataclass(frozen=True)
class FailedFrame:
    """A frame without labels."""

    #: number of the frame in the input, from 0
    frame: int
    #: why
    reason: str


@dataclass(frozen=True)
class LabelResult:
    """What was labelled."""

    #: the labelled frames
    path: Path
    #: their number
    n_labelled: int
    #: the others, which also stand in ``OUT.failed.extxyz``
    failures: tuple[FailedFrame, ...]


def label(
    frames: FramesLike,
    out: str | PathLike[str],
    method: Method,
    *,
    names: LabelKeys | None = None,
    n_jobs: int | None = None,
    retry: bool = False,
    executor: Executor | Cluster | None = None,
    progress: Callable[[int], None] | None = None,
) -> LabelResult:
    """Compute energy, forces and virial of every frame and write them as extended XYZ.

    Frames that fail are skipped, and written with the reason to ``OUT.failed.extxyz``. Every finished frame is kept in
    ``OUT.ledger`` at once: the same command, after a crash or with more frames, computes only what is missing. The
    ledger may be removed when it is no longer of use.

    Parameters
    ----------
    frames
        A file that :func:`ecemc.iread` reads, an opened :class:`ecemc.trajectory.Trajectory`, or configurations.
    out
        File to write; it appears when it is whole.
    method
        What computes, see :func:`ecemc.methods.get_method`.
    names
        How the labels are spelt; ``REF_energy``, ``REF_forces`` and ``REF_virial`` if not given. Labels that already
        stand there are replaced.
    n_jobs
        Frames at the same time, see :func:`ecemc.evaluation.evaluate`.
    retry
        Try frames again that have failed before.
    executor
        Computes instead of processes of this machine: a cluster (:func:`ecemc.jobs.read_cluster`) or any
        :class:`concurrent.futures.Executor`.
    progress
        Called with the number of frames done.

    Raises
    ------
    InputError
        If there is no frame.
    CalculationError
        If the method cannot be used, or every frame failed; nothing is written then.
    OSError
        If files cannot be read or written, or the disk is full.

    Examples
    --------
    >>> from ase import Atoms
    >>> from ase.calculators.lj import LennardJones
    >>> from ecemc.methods import get_method
    >>> pair = Atoms("Ar2", [[0, 0, 0], [0, 0, 1.2]])
    >>> label([pair], "argon.extxyz", get_method(LennardJones()), n_jobs=1).n_labelled
    1
    """
    path = Path(out)
    given, files = frames_and_files(frames)
    source, copies = tee(given)
    failures: list[FailedFrame] = []
    failed: list[Atoms] = []

    def labelled() -> Iterator[Atoms]:
        outcomes = evaluate(source, method, n_jobs=n_jobs, ledger=ledger, retry=retry, executor=workers)
        for number, (atoms, outcome) in enumerate(zip(copies, outcomes, strict=True)):
            if progress is not None:
                progress(number + 1)
            if outcome.labels is None:
                failures.append(FailedFrame(number, str(outcome.failure)))
                failed.append(atoms)
                continue
            done = with_labels(atoms, outcome.labels, names)
            done.calc = None
            done.info[keys.LABEL_METHOD] = method.name
            yield done

    if isinstance(executor, Cluster):
        n_jobs = _PER_WORKER * executor.n_workers
    with Ledger(path.with_name(path.name + ".ledger")) as ledger, _opened(executor, path) as workers:
        try:
            n_labelled = write(path, labelled(), format="extxyz")
        except InputError:
            if failures:
                first = failures[0]
                raise CalculationError(
                    f"{method.name}: all {len(failures)} frames failed; frame {first.frame}: {first.reason}"
                ) from None
            raise
    _write_failed(path, failed, failures)
    record_provenance(
        path,
        step="label",
        parents=files,
        parameters={"method": method.name, "identity": method.identity, "failed": len(failures)},
        n_frames=n_labelled,
    )
    return LabelResult(path, n_labelled, tuple(failures))


@contextmanager
def _opened(executor: Executor | Cluster | None, path: Path) -> Iterator[Executor | None]:
    """Start a cluster's workers; processes of this machine are the engine's."""
    if executor is None:
        yield None
        return
    with open_executor(executor, folder=path.with_name(path.name + ".parsl")) as workers:
        yield workers


def _write_failed(path: Path, frames: list[Atoms], failures: list[FailedFrame]) -> None:
    """Write the frames that failed, with the reason; remove those of an earlier run."""
    place = path.with_name(path.name.removesuffix(".gz").removesuffix(".extxyz") + ".failed.extxyz")
    if not frames:
        place.unlink(missing_ok=True)
        return
    copies = [atoms.copy() for atoms in frames]
    for copy, failure in zip(copies, failures, strict=True):
        copy.info |= {"failed_frame": failure.frame, "failure": failure.reason}
    write(place, copies, format="extxyz")
