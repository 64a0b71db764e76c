"""Energies of free atoms: from the frames that hold one, or from the parameters."""

from __future__ import annotations

__all__ = ["FreeAtoms", "find_free_atoms"]

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ase.data import atomic_numbers, chemical_symbols

from ecemc.gap.findings import Finding
from ecemc.neighbors import neighbor_list

if TYPE_CHECKING:
    from ecemc.gap.params import FitParams
    from ecemc.gap.training import Example, TrainingSet

#: eV, by which energies of the same free atom may differ.
_SAME = 1e-6
_ELSE = "or give e0 = {H = ..., ...} in the parameters"


@dataclass(frozen=True)
class FreeAtoms:
    """Energies of free atoms.

    Attributes
    ----------
    e0
        eV by atomic number; None for the average of the set.
    data
        The training set without repeated frames of the same free atom.
    findings
        What is wrong with them.
    """

    e0: dict[int, float] | None
    data: TrainingSet
    findings: tuple[Finding, ...]


def find_free_atoms(data: TrainingSet, params: FitParams) -> FreeAtoms:
    """Find the energy of a free atom of every element of a training set.

    gap_fit would do it, but stops for anything unusual with the same words, "not found corresponding isolated
    representative", whatever the reason.

    Parameters
    ----------
    data
        The training set.
    params
        ``e0`` and ``cutoff`` matter.
    """
    if params.e0 == "average":
        text = (
            "e0: the average energy per atom of the set, whatever the element: compositions that differ from the "
            'average get a wrong energy; take e0 = "isolated" with free atoms in the training set for real models'
        )
        return FreeAtoms(None, data, (Finding("warning", text),))
    if isinstance(params.e0, dict):
        return _given(data, {atomic_numbers[symbol]: value for symbol, value in params.e0.items()})
    return _isolated(data, params.cutoff)


def _given(data: TrainingSet, e0: dict[int, float]) -> FreeAtoms:
    missing = [z for z in data.elements if z not in e0]
    findings = []
    if missing:
        findings.append(Finding("error", f"e0: no energy of {_names(missing)} given, but {data.name} holds it"))
    return FreeAtoms({z: e0[z] for z in data.elements if z in e0}, data, tuple(findings))


def _isolated(data: TrainingSet, cutoff: float) -> FreeAtoms:
    first: dict[int, Example] = {}
    repeated: list[Example] = []
    findings: list[Finding] = []
    crowded: dict[int, Example] = {}
    for example in data.examples:
        if not example.single or example.labels.energy is None:
            continue
        z = int(example.atoms.numbers[0])
        if len(neighbor_list("i", example.atoms, cutoff)):
            crowded[z] = example
        elif z not in first:
            first[z] = example
        elif abs(_energy(example) - _energy(first[z])) <= _SAME:
            repeated.append(example)
        else:
            findings.append(_contradiction(z, first[z], example))
    findings += [_missing(z, data, crowded.get(z), cutoff) for z in data.elements if z not in first]
    if repeated:
        names = ", ".join(example.where for example in repeated[:3])
        more = f" and {len(repeated) - 3} more" if len(repeated) > 3 else ""
        findings.append(Finding("note", f"free atoms that are there already, left out: {names}{more}"))
    left = tuple(example for example in data.examples if example not in repeated)
    e0 = {z: _energy(example) for z, example in sorted(first.items())}
    return FreeAtoms(e0, replace(data, examples=left), tuple(findings))


def _contradiction(z: int, first: Example, other: Example) -> Finding:
    return Finding(
        "error",
        f"two free atoms of {chemical_symbols[z]} with different energies: {first.where} has {_energy(first):.6f} eV, "
        f"{other.where} has {_energy(other):.6f} eV; remove the one that was not computed as the other frames were",
    )


def _missing(z: int, data: TrainingSet, crowded: Example | None, cutoff: float) -> Finding:
    symbol = chemical_symbols[z]
    if crowded is not None:
        text = (
            f"{crowded.where}: one atom of {symbol}, but it sees its periodic images within the cutoff of {cutoff:g} "
            "Å; take a larger cell or pbc=False"
        )
    else:
        silent = next((e for e in data.examples if e.single and int(e.atoms.numbers[0]) == z), None)
        text = (
            f"no frame with one free atom of {symbol}, for E0; make one with ecemc isolate --atoms, label it, {_ELSE}"
            if silent is None
            else f"{silent.where}: the free atom of {symbol} has no {data.names.energy}; label it, {_ELSE}"
        )
    return Finding("error", text)


def _energy(example: Example) -> float:
    energy = example.labels.energy
    assert energy is not None  # noqa: S101  (only asked of those that have one)
    return energy


def _names(numbers: list[int]) -> str:
    return ", ".join(chemical_symbols[z] for z in numbers)
