"""Energies, forces and virials of a model for a whole file, streaming."""

from __future__ import annotations

__all__ = ["predict"]

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ecemc.dataset.provenance import record_provenance
from ecemc.errors import InputError
from ecemc.gap.model import GAP
from ecemc.labels import LabelKeys, Labels, with_labels
from ecemc.trajectory import frames_and_files, write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from os import PathLike

    from ase import Atoms

    from ecemc.trajectory.inputs import FramesLike

#: Frames in one call of the engine, which spreads them over its threads.
_TOGETHER = 64


def predict(
    frames: FramesLike,
    models: str | PathLike[str] | GAP | Sequence[str | PathLike[str] | GAP],
    out: str | PathLike[str],
    *,
    prefix: str = "GAP_",
    n_threads: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Write frames with what one model, or the mean of several, says of them; give their number.

    Frames stream through; results are not kept apart, since they are made again as fast as they are read. For other
    calculators, failures and interruptions see :func:`ecemc.evaluation.label`.

    Parameters
    ----------
    frames
        A file, an opened :class:`ecemc.trajectory.Trajectory`, or configurations.
    models
        A model, or several: then the mean is written, and the standard deviations over the models as
        ``PREFIXenergy_spread`` (eV) and column ``PREFIXforces_spread`` (eV/Å).
    out
        File to write (.extxyz, .extxyz.gz); it appears when it is whole.
    prefix
        Results are ``PREFIXenergy``, ``PREFIXforces`` and ``PREFIXvirial``.
    n_threads
        Default: ``ECEMC_NUM_THREADS``, else ``OMP_NUM_THREADS``, else all cores. Does not change the file.
    progress
        Called with the number of frames done.

    Raises
    ------
    InputError
        If there is no model or no frame, or a frame cannot be evaluated; the text says which.
    FileFormatError
        If a model is not whole.
    OSError
        If files cannot be read or written.

    Examples
    --------
    >>> predict("run.extxyz", "model.xml", "predicted.extxyz")  # doctest: +SKIP
    1000
    """
    given = [models] if isinstance(models, (str, GAP)) or hasattr(models, "__fspath__") else list(models)
    loaded = [model if isinstance(model, GAP) else GAP(model, n_threads=n_threads) for model in given]
    if not loaded:
        raise InputError("models: got none, expected at least one")
    source, files = frames_and_files(frames)
    names = LabelKeys.prefixed(prefix)

    def predicted() -> Iterator[Atoms]:
        done = 0
        while portion := list(islice(source, _TOGETHER)):
            single = [_labels(model, portion, done) for model in loaded]
            for atoms, labels in zip(portion, zip(*single, strict=True), strict=True):
                yield _with_prediction(atoms, labels, names)
            done += len(portion)
            if progress is not None:
                progress(done)

    n_frames = write(out, predicted(), format="extxyz", n_threads=n_threads)
    record_provenance(
        Path(out),
        step="predict",
        parents=[*files, *(model.path for model in loaded)],
        parameters={"prefix": prefix, "engines": [model.engine for model in loaded]},
        n_frames=n_frames,
    )
    return n_frames


def _labels(model: GAP, portion: list[Atoms], first: int) -> list[Labels]:
    try:
        return model.labels(portion)
    except InputError as error:
        number, _, what = str(error).removeprefix("frame ").partition(": ")
        if len(portion) == 1:
            number, what = "0", str(error)
        if not number.isdecimal():
            raise
        raise InputError(f"frame {first + int(number)}: {what}") from error


def _with_prediction(atoms: Atoms, single: Sequence[Labels], names: LabelKeys) -> Atoms:
    """Copy of a frame with the mean over models, and their spread if there are several."""
    energies = np.array([labels.energy for labels in single])
    forces = np.array([labels.forces for labels in single])
    virials = [labels.virial for labels in single if labels.virial is not None]
    mean = Labels(
        float(energies.mean()), forces.mean(axis=0), np.mean(virials, axis=0) if len(virials) == len(single) else None
    )
    copy = with_labels(atoms, mean, names)
    copy.calc = None
    if len(single) > 1:
        copy.info[f"{names.energy}_spread"] = float(energies.std(ddof=1))
        copy.arrays[f"{names.forces}_spread"] = np.linalg.norm(forces.std(axis=0, ddof=1), axis=1)
    return copy
