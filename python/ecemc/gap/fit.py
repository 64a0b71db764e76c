"""One call from labelled frames to a model file."""

from __future__ import annotations

__all__ = ["FitResult", "fit_gap"]

import errno
import os
import re
import shutil
import tempfile
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ecemc.dataset.provenance import content_hash, record_provenance
from ecemc.errors import FileFormatError, InputError
from ecemc.gap.command import FILES, config_text
from ecemc.gap.files import read_gap_file
from ecemc.gap.install import install, named_by_content
from ecemc.gap.memory import available_memory
from ecemc.gap.preflight import Preflight, preflight
from ecemc.gap.presets import as_params
from ecemc.gap.run import GapFitError, Run, find_gap_fit, run_gap_fit
from ecemc.gap.training import paths_of, read_training_set
from ecemc.text import number
from ecemc.trajectory import write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from os import PathLike

    from ase import Atoms

    from ecemc.gap.findings import Finding
    from ecemc.gap.log import FitProgress
    from ecemc.gap.params import FitParams
    from ecemc.labels import LabelKeys

#: What QUIP can read as the name of a file.
_NAME = re.compile(r"[\w.+-]+", re.ASCII)
#: bytes; a disk with less is full.
_FULL = 1_000_000


@dataclass(frozen=True, eq=False)
class FitResult:
    """A fitted model and how it came about.

    Attributes
    ----------
    path
        The model's XML; its sparse points are beside it, in files that begin with the same name.
    params
        The parameters.
    counts
        ``energies``, ``forces`` (components) and ``virials`` (components, six per frame) that were fitted.
    n_sparse
        Sparse points of each descriptor.
    seconds, peak_memory
        Time (s) and memory (bytes) that gap_fit took.
    expected_memory
        Bytes, as estimated before.
    findings
        Warnings and notes on the training set.
    log
        What gap_fit said.
    provenance
        Record of data, parameters, versions and command.
    """

    path: Path
    params: FitParams
    counts: dict[str, int]
    n_sparse: tuple[int, ...]
    seconds: float
    peak_memory: int
    expected_memory: int
    findings: tuple[Finding, ...]
    log: Path
    provenance: Path


def fit_gap(
    train: str | PathLike[str] | Sequence[str | PathLike[str]] | Atoms | Iterable[Atoms],
    params: FitParams | str,
    out: str | PathLike[str],
    *,
    names: LabelKeys | None = None,
    memory: float | None = None,
    overwrite: bool = False,
    progress: Callable[[FitProgress], None] | None = None,
) -> FitResult:
    """Fit a GAP to labelled frames with QUIP's gap_fit.

    Parameters
    ----------
    train
        Labelled frames: a file, several, or ``Atoms``. Free atoms of every element belong to it, for E0.
    params
        Parameters, or the name of a preset such as ``"DTS:quick"``.
    out
        Model to write. Beside it appear its sparse points (``OUT.sparseX...``), gap_fit's log (``OUT.log``) and a
        record of where it comes from (``OUT.provenance.json``); all of them, or none.
    names
        How the labels are spelt; ``REF_energy``, ``REF_forces``, ``REF_virial``, ``REF_stress`` if not given.
    memory
        Bytes that gap_fit may take; what this machine has free if not given. A fit that is expected to take more is
        not begun.
    overwrite
        Replace a model that is there.
    progress
        Called now and then with the stage and the part of the work that is done.

    Returns
    -------
    FitResult
        Where the model is, what was fitted, what it took.

    Raises
    ------
    InputError
        If the pre-flight finds an error (see :func:`ecemc.gap.preflight`), or a model is there.
    GapFitError
        If gap_fit fails, is killed, read something else than it was given, or wrote no whole model. Its log is kept as
        ``OUT.failed.log``.
    MissingExtraError
        If quippy-ase is not installed and ``ECEMC_GAP_FIT`` is not set.
    OSError
        If a file cannot be read or written.

    Notes
    -----
    gap_fit is that of quippy-ase, which uses one core, or what the environment variable ``ECEMC_GAP_FIT`` says: a path,
    or a command such as ``mpirun -np 4 gap_fit``. The same data, parameters and gap_fit give the same files.

    Examples
    --------
    >>> from ecemc.gap import fit_gap
    >>> result = fit_gap("train.extxyz", "DTS:quick", "model.xml")  # doctest: +SKIP
    """
    params, out = as_params(params), Path(out)
    _check_out(out, overwrite)
    command = find_gap_fit()
    look = preflight(read_training_set(train, names), params, memory=memory)
    if look.errors:
        first, *others = look.errors
        more = f" (and {len(others)} more errors, see the pre-flight)" if others else ""
        raise InputError(f"{first.text}{more}")
    with _folder_beside(out) as folder:
        job = _Job(look, params, command, folder, out)
        try:
            run = _fitted(job, progress)
            files = named_by_content(folder / FILES.model, out.name)
        except (GapFitError, FileFormatError) as error:
            raise GapFitError(_failure(error, job)) from None
        return _finished(job, run, files, paths_of(train))


@dataclass(frozen=True, eq=False)
class _Job:
    """What is fitted, how and where."""

    look: Preflight
    params: FitParams
    command: list[str]
    folder: Path
    out: Path


def _check_out(out: Path, overwrite: bool) -> None:
    if _NAME.fullmatch(out.name) is None:
        raise InputError(f"out: got {out.name!r}, expected a name of letters, digits and _.+-, such as model.xml")
    if not out.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(out.parent))
    if out.is_dir() or (out.exists() and not overwrite):
        raise InputError(f"{out}: is there already; choose another name, or say that it may be overwritten")


@contextmanager
def _folder_beside(out: Path) -> Iterator[Path]:
    """Temporary folder on the file system of the model, for renaming into place."""
    try:
        folder = Path(tempfile.mkdtemp(dir=out.parent, prefix=f".{out.name}."))
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(out)) from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _fitted(job: _Job, progress: Callable[[FitProgress], None] | None) -> Run:
    """Run gap_fit and compare what it read with what it was given."""
    look, folder = job.look, job.folder
    frames = look.data.gap_fit_frames(job.params.cutoff, job.params.config_type_sigmas)
    write(folder / FILES.train, frames, format="extxyz")
    (folder / FILES.config).write_text(config_text(job.params, look.lines, look.e0), encoding="utf-8")
    run = run_gap_fit(job.command, folder, progress)
    given = look.data.counts()
    if run.found != given:
        raise GapFitError(f"gap_fit says it read {_listed(run.found)}, but was given {_listed(given)}")
    return run


def _finished(job: _Job, run: Run, files: list[Path], parents: list[Path]) -> FitResult:
    """Write the record, put everything into place, and say what was done."""
    model, out = read_gap_file(files[-1]), job.out
    log = (job.folder / FILES.log).replace(job.folder / f"{out.name}.log")
    record = record_provenance(
        files[-1],
        step="fit",
        parents=parents,
        parameters={**_told(job, run), "gap_version": model.gap_version},
        seed=job.params.seed,
        n_frames=len(job.look.data.examples),
    )
    install([log, record, *files], out)
    return FitResult(
        path=out,
        params=job.params,
        counts=run.found,
        n_sparse=tuple(coordinate.n_sparse for coordinate in model.coordinates),
        seconds=run.seconds,
        peak_memory=run.peak_memory,
        expected_memory=job.look.memory.total,
        findings=job.look.findings,
        log=out.with_name(log.name),
        provenance=out.with_name(record.name),
    )


def _told(job: _Job, run: Run) -> dict[str, Any]:
    """Gather what the provenance of a model has to say."""
    look, folder = job.look, job.folder
    return {
        "params": job.params.model_dump(),
        "e0": look.e0,
        "training_data_sha256": content_hash(folder / FILES.train),
        "label_keys": vars(look.data.names),
        "counts": run.found,
        "config_types": look.data.config_types,
        "command": [*(word.rpartition(os.sep)[2] for word in job.command), f"config_file={FILES.config}"],
        "config": (folder / FILES.config).read_text(encoding="utf-8").splitlines(),
        "quip_version": run.version,
        "quippy_version": _installed("quippy-ase"),
        "seconds": round(run.seconds, 1),
        "peak_memory_bytes": run.peak_memory,
        "expected_memory_bytes": look.memory.total,
        "findings": [vars(finding) for finding in look.findings],
    }


def _installed(package: str) -> str | None:
    with suppress(metadata.PackageNotFoundError):
        return metadata.version(package)
    return None


def _failure(error: Exception, job: _Job) -> str:
    """Say what went wrong, with what may explain it; keep the log."""
    text = str(error).replace(f"{job.folder}{os.sep}", "")
    if isinstance(error, FileFormatError):
        # gap_fit does not look whether its writing worked, and ends as if it had.
        free = shutil.disk_usage(job.folder).free
        cause = "the disk is full" if free < _FULL else f"{_gigabytes(free)} are free on the disk"
        text = f"gap_fit ended without an error, but its model is not whole: {cause} ({text})"
    if "memory" in text:
        free_memory = available_memory()
        now = "" if free_memory is None else f", {_gigabytes(free_memory)} are free now"
        text += f"; it was expected to take {_gigabytes(job.look.memory.total)}{now}"
    log = job.out.with_name(f"{job.out.name}.failed.log")
    with suppress(OSError):
        (job.folder / FILES.log).replace(log)
        text += f"; its log: {log}"
    return text


def _gigabytes(n_bytes: float) -> str:
    return f"{number(n_bytes / 1e9, 3)} GB"


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{counts.get(name, 0)} {name}" for name in ("energies", "forces", "virials"))
