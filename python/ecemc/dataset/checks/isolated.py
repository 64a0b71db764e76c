"""Isolated atoms, whose energies e0 everything else is counted from."""

from __future__ import annotations

__all__ = ["IsolatedAtoms"]

from typing import TYPE_CHECKING

from ecemc import keys
from ecemc.dataset.checks.check import Check
from ecemc.dataset.checks.geometry import REACH
from ecemc.dataset.report import Finding, frame_list
from ecemc.neighbors import neighbor_list
from ecemc.text import number

if TYPE_CHECKING:
    from ecemc.dataset.sample import Sample

#: eV, by which energies of the same atom may differ.
_SAME = 1.0e-6
#: Spellings of other programs.
_NAMES = frozenset({"isolatedatom", "isolatedatoms"})


class IsolatedAtoms(Check):
    """One frame with a single atom for every element: gap_fit takes e0 from them and stops at none or two."""

    def __init__(self) -> None:
        self._needed: set[str] = set()
        self._energies: dict[str, dict[int, float | None]] = {}
        self._named: list[int] = []
        self._near: list[int] = []

    def add(self, sample: Sample) -> None:
        """Note elements, and the energy of a single atom."""
        if len(sample.atoms) != 1:
            self._needed |= sample.elements.keys()
            return
        symbol = str(sample.atoms.symbols[0])
        self._energies.setdefault(symbol, {})[sample.number] = sample.labels.energy
        if sample.config_type.replace("_", "").lower() not in _NAMES:
            self._named.append(sample.number)
        if sample.geometry_problem is None and len(neighbor_list("i", sample.atoms, REACH)):
            self._near.append(sample.number)

    def finding(self) -> Finding:
        """Answer."""
        name = "isolated atoms"
        if not self._needed and not self._energies:
            return Finding(name, "unknown", "no atoms")
        missing = sorted(self._needed - self._energies.keys())
        if not self._energies:
            return Finding(
                name, "attention", f"there is no isolated atom of {', '.join(missing)}",
                "A training set for gap_fit needs one of each element, or e0 given by hand: make them with "
                "'ecemc isolate', and label them.",
            )  # fmt: skip
        return self._different() or self._incomplete(missing) or self._minor()

    def _different(self) -> Finding | None:
        for symbol, energies in self._energies.items():
            known = {frame: energy for frame, energy in energies.items() if energy is not None}
            low, high = min(known.values(), default=0.0), max(known.values(), default=0.0)
            if high - low > _SAME:
                return Finding(
                    "isolated atoms", "fail",
                    f"isolated atoms of {symbol} have different energies: {number(low, 8)} and {number(high, 8)} eV "
                    f"({frame_list(known)})",
                    "Keep the one of the same method and settings as all other labels.", tuple(known),
                )  # fmt: skip
        return None

    def _incomplete(self, missing: list[str]) -> Finding | None:
        without = [
            frame for energies in self._energies.values() for frame, energy in energies.items() if energy is None
        ]
        if missing:
            here = ", ".join(sorted(self._energies))
            return Finding(
                "isolated atoms", "fail", f"there are isolated atoms of {here}, but not of {', '.join(missing)}",
                "gap_fit stops without them: add one frame for each element.",
            )  # fmt: skip
        if without:
            return Finding(
                "isolated atoms", "fail", f"isolated atoms without energy: {frame_list(without)}",
                "Label them with the method of all other labels.", tuple(without),
            )  # fmt: skip
        return None

    def _minor(self) -> Finding:
        double = [frame for energies in self._energies.values() for frame in list(energies)[1:]]
        shown = ", ".join(f"{symbol} {_energy(energies)}" for symbol, energies in sorted(self._energies.items()))
        text = f"{shown} eV"
        problems = {
            f"twice: {frame_list(double)}": double,
            f"within {REACH:g} Å of their own images: {frame_list(self._near)}": self._near,
            f"not called {keys.ISOLATED_ATOM} in config_type: {frame_list(self._named)}": self._named,
        }
        found = {what: frames for what, frames in problems.items() if frames}
        if not found:
            return Finding("isolated atoms", "pass", text)
        return Finding(
            "isolated atoms", "attention", f"{text}; {'; '.join(found)}",
            f"gap_fit wants exactly one of each element, in a box of {2 * REACH:g} Å and more; under their own "
            "config_type they can get their own, small sigma.",
            tuple(sorted({frame for frames in found.values() for frame in frames})),
        )  # fmt: skip


def _energy(energies: dict[int, float | None]) -> str:
    return number(next(energy for energy in energies.values() if energy is not None), 8)
