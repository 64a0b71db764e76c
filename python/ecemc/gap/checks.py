"""What is looked for in a training set, one concern per function; each yields what it finds."""

from __future__ import annotations

__all__ = [
    "check_config_types",
    "check_data",
    "check_energies",
    "check_geometry",
    "check_labels",
    "check_radial_basis",
]

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from ecemc.gap.findings import Finding
from ecemc.gap.params import Distance2b, SoapTurbo

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from ecemc.gap.memory import Size
    from ecemc.gap.params import FitParams
    from ecemc.gap.training import Example, TrainingSet

#: Å; closer than any bond, where descriptors are no numbers any more.
_COINCIDENT = 0.2
#: eV per atom relative to free atoms: nothing is bound more, and no liquid less.
_BINDING = (-20.0, 5.0)
#: Relative; widths that differ by less give the same radial basis.
_SAME_WIDTH = 1e-6


def check_labels(data: TrainingSet) -> Iterator[Finding]:
    """Energies, forces and virials that are missing, or zero, without a word from gap_fit."""
    energies, forces, virials = data.names.energy, data.names.forces, data.names.virial
    bodies = [example for example in data.examples if not example.single]
    no_energy = [e for e in data.examples if e.labels.energy is None]
    if len(no_energy) == len(data.examples):
        yield Finding("error", f"no energies in the training set (key {energies}); {_keys(data, energies)}")
    elif no_energy:
        yield Finding("warning", f"no {energies} in {_where(no_energy, data)}: their forces alone are fitted")
    no_forces = [e for e in bodies if e.labels.forces is None]
    if len(no_forces) == len(bodies):
        yield Finding("error", f"no forces in the training set (key {forces}); {_keys(data, forces)}")
    elif no_forces:
        yield Finding("warning", f"no {forces} in {_where(no_forces, data)}")
    zero = [e for e in bodies if e.labels.forces is not None and not e.labels.forces.any()]
    if zero:
        yield Finding(
            "error" if len(zero) + len(no_forces) == len(bodies) else "warning",
            f"{forces} are all zero in {_where(zero, data)}: fixed atoms or labels that were never computed",
        )
    periodic = [e for e in bodies if e.atoms.pbc.all()]
    no_virial = [e for e in periodic if e.labels.virial is None]
    if periodic and len(no_virial) == len(periodic):
        yield Finding("warning", f"no virials (key {virials}): pressure and density are left to chance")
    elif no_virial:
        yield Finding("warning", f"no {virials} in {_where(no_virial, data)} with a periodic cell")
    zero = [e for e in bodies if e.labels.virial is not None and not e.labels.virial.any()]
    if zero:
        yield Finding("warning", f"{virials} is zero in {_where(zero, data)}; remove it if it was not computed")


def check_energies(data: TrainingSet, e0: dict[int, float] | None) -> Iterator[Finding]:
    """Energies that do not fit those of the free atoms: other units, another method, a sign."""
    if e0 is None or any(z not in e0 for z in data.elements):
        return
    strange = []
    for example in data.examples:
        if example.labels.energy is None or example.single:
            continue
        free = sum(e0[int(z)] for z in example.atoms.numbers)
        binding = (example.labels.energy - free) / len(example.atoms)
        if not _BINDING[0] < binding < _BINDING[1]:
            strange.append((example, binding))
    if strange:
        example, binding = strange[0]
        yield Finding(
            "warning",
            f"{example.where}: {binding:+.1f} eV per atom relative to free atoms ({len(strange)} such frames); "
            "units (eV), or free atoms of another method?",
        )


def check_geometry(data: TrainingSet, shortest: NDArray[np.float64]) -> Iterator[Finding]:
    """Atoms at one place, and frames that gap_fit would take as periodic."""
    close = np.flatnonzero(shortest < _COINCIDENT)
    if len(close):
        k = int(close[0])
        yield Finding(
            "error",
            f"{data.examples[k].where}: two atoms {shortest[k]:.3f} Å apart ({len(close)} such frames); remove them",
        )
    open_ones = [e for e in data.examples if not e.atoms.pbc.all()]
    if open_ones:
        yield Finding(
            "note",
            f"{_where(open_ones, data)} not periodic in all directions: gap_fit gets them in cells so large that "
            "images are out of reach, since it ignores pbc",
        )


def check_config_types(data: TrainingSet, params: FitParams) -> Iterator[Finding]:
    """Kinds of frames that get the default sigmas, perhaps unawares."""
    told = params.config_type_sigmas
    if not told:
        return
    others = {name: n for name, n in data.config_types.items() if name not in told}
    if others:
        listed = ", ".join(f"{name or '(none)'}: {n} frames" for name, n in sorted(others.items()))
        yield Finding(
            "warning",
            f"config_type without sigmas of its own, so that the default ones apply: {listed} "
            f"(there are sigmas for {', '.join(told)})",
        )


def check_data(sizes: Sequence[Size]) -> Iterator[Finding]:
    """Descriptors without data, with which gap_fit fails, and sparse points that there are not."""
    empty = [size.line.name for size in sizes if not size.n_descriptors]
    if empty:
        text = f"left out, since no frame has data for it: {', '.join(empty)}"
        yield Finding("note" if len(empty) < len(sizes) else "error", text)
    few = [
        f"{size.line.name}: {size.n_descriptors} of {size.line.term.n_sparse}"
        for size in sizes
        if 0 < size.n_descriptors < size.line.term.n_sparse and not isinstance(size.line.term, Distance2b)
    ]
    if few:
        yield Finding("note", f"fewer environments than sparse points, so gap_fit takes all: {', '.join(few)}")


def check_radial_basis(params: FitParams) -> Iterator[Finding]:
    """Two Turbo-SOAP terms, of which QUIP computes the second one with the radial basis of the first."""
    turbo = [term for term in params.descriptors if isinstance(term, SoapTurbo)]
    # gap_fit goes through the terms again and again, so that the first follows the last.
    for first, second in pairwise([*turbo, *turbo[:1]] if len(turbo) > 2 else turbo):
        widths = [term.atom_sigma_r / term.rcut_hard for term in (first, second)]
        same = first.basis == second.basis and abs(widths[0] - widths[1]) <= _SAME_WIDTH * widths[0]
        if first.alpha_max == second.alpha_max and not same:
            yield Finding(
                "warning",
                f"soap_turbo terms of {first.cutoff:g} Å and {second.cutoff:g} Å have the same alpha_max "
                f"({first.alpha_max}) but different atom_sigma_r/rcut_hard ({widths[0]:.4g} and {widths[1]:.4g}) or "
                "basis: QUIP would take the radial basis of the first for the second; make the ratios equal, or give "
                "them different alpha_max",
            )


def _keys(data: TrainingSet, wanted: str) -> str:
    """Which keys there are, and which of them might be meant."""
    option, endings = (
        ("--energy-key", ("energy",)) if wanted == data.names.energy else ("--forces-key", ("forces", "force"))
    )
    alike = [key for key in data.seen if key.lower().endswith(endings) and key != wanted]
    if alike:
        return f"there is {', '.join(alike)}: give it as {option} (LabelKeys in Python)"
    return f"keys that are there: {', '.join(data.seen) or 'none'}"


def _where(examples: Sequence[Example], data: TrainingSet) -> str:
    """Count frames, by config_type, and name the first."""
    if len(examples) == 1:
        return examples[0].where
    kinds = Counter(example.config_type for example in examples)
    listed = ", ".join(f"{n} {kind}" for kind, n in kinds.items() if kind)
    return (
        f"{len(examples)} of {len(data.examples)} frames ({listed + '; ' if listed else ''}first: {examples[0].where})"
    )
