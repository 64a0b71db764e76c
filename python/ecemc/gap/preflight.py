"""A look at training set and parameters before gap_fit: what would stop it, or make it fit the wrong thing."""

from __future__ import annotations

__all__ = ["Preflight", "preflight"]

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ecemc.gap.advice import memory_findings
from ecemc.gap.checks import (
    check_config_types,
    check_data,
    check_energies,
    check_geometry,
    check_labels,
    check_radial_basis,
)
from ecemc.gap.command import expand
from ecemc.gap.e0 import find_free_atoms
from ecemc.gap.memory import available_memory, estimate_memory, measure_sizes
from ecemc.gap.presets import as_params
from ecemc.gap.training import TrainingSet, read_training_set

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from os import PathLike

    from ase import Atoms

    from ecemc.gap.command import DescriptorLine
    from ecemc.gap.findings import Finding
    from ecemc.gap.memory import MemoryEstimate
    from ecemc.gap.params import FitParams
    from ecemc.labels import LabelKeys


@dataclass(frozen=True, eq=False)
class Preflight:
    """What a look at a training set gave.

    Attributes
    ----------
    data
        What will be fitted: the set without repeated free atoms.
    lines
        Descriptors, without pairs that the set has no data for.
    e0
        Energies of free atoms, eV by atomic number; None for the average.
    memory
        What gap_fit will take.
    findings
        Errors first, then warnings, then notes.
    """

    data: TrainingSet
    lines: tuple[DescriptorLine, ...]
    e0: dict[int, float] | None
    memory: MemoryEstimate
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> list[Finding]:
        """Findings that forbid the fit."""
        return [finding for finding in self.findings if finding.severity == "error"]


def preflight(
    train: str | PathLike[str] | Sequence[str | PathLike[str]] | Atoms | Iterable[Atoms] | TrainingSet,
    params: FitParams | str,
    *,
    names: LabelKeys | None = None,
    memory: float | None = None,
) -> Preflight:
    """Look at a training set as gap_fit will see it, and say what is wrong.

    Parameters
    ----------
    train
        Labelled frames: a file, several, or ``Atoms``.
    params
        Parameters, or the name of a preset.
    names
        How the labels are spelt; ``REF_energy`` and so on if not given.
    memory
        Bytes that gap_fit may take; what this machine has free if not given.

    Raises
    ------
    InputError
        If frames cannot be read, or a label has another shape or is no number.

    Examples
    --------
    >>> from ase import Atoms
    >>> found = preflight(Atoms("He2", [[0, 0, 0], [0, 0, 3]], info={"REF_energy": -5.0}), "DTS:quick")
    >>> found.errors[0].text
    'no forces in the training set (key REF_forces); ...'
    """
    params = as_params(params)
    data = train if isinstance(train, TrainingSet) else read_training_set(train, names)
    atoms = find_free_atoms(data, params)
    frames = atoms.data.gap_fit_frames(params.cutoff)
    lines = expand(params, data.elements)
    labels = [example.labels for example in atoms.data.examples]
    sizes, shortest = measure_sizes(lines, frames, labels)
    used = [size for size in sizes if size.n_descriptors]
    limit = available_memory() if memory is None else int(memory)
    n_labels = sum(atoms.data.counts().values())
    found = [
        *check_labels(data),
        *atoms.findings,
        *check_energies(atoms.data, atoms.e0),
        *check_geometry(atoms.data, shortest),
        *check_config_types(atoms.data, params),
        *check_data(sizes),
        *check_radial_basis(params),
        *memory_findings(used, n_labels, len(frames), limit),
    ]
    order = {"error": 0, "warning": 1, "note": 2}
    found.sort(key=lambda finding: order[finding.severity])
    lines_used = tuple(size.line for size in used)
    return Preflight(atoms.data, lines_used, atoms.e0, estimate_memory(used, n_labels), tuple(found))
