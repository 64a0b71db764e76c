"""Look a labelled data set over."""

from __future__ import annotations

__all__ = ["check_dataset"]

from typing import TYPE_CHECKING

from ecemc.dataset.checks import all_checks
from ecemc.dataset.inventory import Inventory
from ecemc.dataset.report import DatasetReport, in_order
from ecemc.dataset.sample import samples
from ecemc.errors import InputError
from ecemc.labels import LabelKeys

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from os import PathLike

    from ase import Atoms


def check_dataset(
    data: str | PathLike[str] | Atoms | Iterable[Atoms],
    names: LabelKeys | None = None,
    *,
    progress: Callable[[int], object] | None = None,
) -> DatasetReport:
    """Look for everything in a labelled data set that spoils a fit without saying so.

    Reads one frame after the other and keeps a few numbers of each, so that large files pass.

    Parameters
    ----------
    data
        A file (best extended XYZ: then the text of the labels is looked at, too), or configurations.
    names
        How the labels are spelt; ``REF_energy``, ``REF_forces``, ``REF_virial``, ``REF_stress`` if not given.
    progress
        Called with the number of frames done.

    Returns
    -------
    DatasetReport
        Groups, findings and a verdict.

    Raises
    ------
    InputError
        If there is no frame.
    FileFormatError, OSError
        If the file cannot be read.

    Examples
    --------
    >>> from ase import Atoms
    >>> report = check_dataset(Atoms("CO", [[0, 0, 0], [0, 0, 1.1]], info={"DFT_energy": -1.0}))
    >>> report.status, report.finding("keys").text
    ('fail', 'no REF_energy and no REF_forces in any frame; what looks like it: DFT_energy (in 1)')
    """
    names = names or LabelKeys()
    source, frames = samples(data, names)
    checks, inventory = all_checks(names), Inventory()
    for sample in frames:
        inventory.add(sample)
        for check in checks:
            check.add(sample)
        if progress is not None:
            progress(sample.number + 1)
    if not inventory.n_frames:
        raise InputError(f"{source}: there is no frame to check")
    findings = in_order(check.finding() for check in checks)
    return DatasetReport(source, names, inventory.n_frames, inventory.n_atoms, inventory.groups(), findings)
