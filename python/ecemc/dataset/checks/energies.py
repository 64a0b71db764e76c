"""Energies: units, and frames that stand apart."""

from __future__ import annotations

__all__ = ["Energies", "EnergyUnits"]

import math
from typing import TYPE_CHECKING

import numpy as np

from ecemc.dataset.checks.check import Check
from ecemc.dataset.report import Finding, frame_list
from ecemc.text import number

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ecemc.dataset.sample import Sample

#: What eV look like if they were not converted from other units.
_UNITS = {"hartree": 0.0367493, "Ry": 0.0734986, "kcal/mol": 23.0605, "kJ/mol": 96.4853}


class EnergyUnits(Check):
    """Energy of a covalent bond, from whole frames against isolated atoms; needs these.

    The energy per bond is −6.5 eV in EC and EMC (PBE); single bonds have 3 to 5 eV, double bonds up to 8.
    """

    #: eV, energies per bond that do not surprise.
    LOW, HIGH, USUAL = -14.0, -1.5, -5.0

    def __init__(self) -> None:
        self._atoms: dict[str, float] = {}
        #: energy, atoms by element, bonds
        self._frames: list[tuple[float, dict[str, int], int]] = []

    def add(self, sample: Sample) -> None:
        """Note energies of atoms and of bonded frames."""
        energy, found = sample.labels.energy, sample.molecules
        if energy is None or found is None:
            return
        if len(sample.atoms) == 1:
            self._atoms.setdefault(str(sample.atoms.symbols[0]), energy)
        elif 2 * len(found.bonds) >= len(sample.atoms):
            self._frames.append((energy, sample.elements, len(found.bonds)))

    def finding(self) -> Finding:
        """Answer."""
        name = "energy units"
        told = [
            (energy - sum(self._atoms[symbol] * n for symbol, n in elements.items())) / n_bonds
            for energy, elements, n_bonds in self._frames
            if elements.keys() <= self._atoms.keys()
        ]
        if not told:
            return Finding(name, "unknown", "cannot be told without isolated atoms and bonded frames")
        if not any(self._atoms.values()):
            return Finding(
                name, "unknown", "cannot be told: isolated atoms have no energy, as in a classical force field"
            )
        median = float(np.median(told))
        text = f"{number(median, 3)} eV for each covalent bond, against isolated atoms"
        if self.LOW < median < self.HIGH:
            return Finding(name, "pass", text)
        advice = "Are frames and isolated atoms in eV, and from the same method?"
        if median < 0.0:
            unit, factor = min(_UNITS.items(), key=lambda item: abs(math.log(median / self.USUAL / item[1])))
            if abs(math.log(median / self.USUAL / factor)) < math.log(1.4):
                text += f", which fits {unit}"
        return Finding(name, "attention", f"{text}; expected {self.LOW:g} to {self.HIGH:g}", advice)


class Energies(Check):
    """Energies far outside of what their composition and their config_type make likely.

    Within a config_type the energy is fitted as a sum over atoms, frames that stand apart are left out and the fit is
    done again; what is left, per atom, is measured in robust standard deviations (1.48 times the median deviation).
    """

    #: Deviations that are too many, and eV per atom that matter.
    SIGMAS, SIZE = 10.0, 5.0e-3
    #: Frames without which nothing stands apart.
    FRAMES = 10

    def __init__(self) -> None:
        #: by config_type: frame, energy, atoms by element
        self._groups: dict[str, list[tuple[int, float, dict[str, int]]]] = {}

    def add(self, sample: Sample) -> None:
        """Note the energy."""
        if sample.labels.energy is not None and len(sample.atoms) > 1:
            entry = (sample.number, sample.labels.energy, sample.elements)
            self._groups.setdefault(sample.config_type, []).append(entry)

    def finding(self) -> Finding:
        """Answer."""
        odd: dict[int, float] = {}
        judged = 0
        largest = 0.0
        for group in self._groups.values():
            elements = sorted({symbol for _, _, atoms in group for symbol in atoms})
            if len(group) < self.FRAMES + len(elements):
                continue
            judged += len(group)
            counts = np.array([[atoms.get(symbol, 0) for symbol in elements] for _, _, atoms in group], dtype=float)
            off, sigmas = _deviations(np.array([energy for _, energy, _ in group]), counts, self.SIGMAS)
            largest = max(largest, float(sigmas.max()))
            far = np.flatnonzero((sigmas > self.SIGMAS) & (np.abs(off) > self.SIZE))
            odd |= {group[k][0]: float(off[k]) for k in far}
        if not judged:
            return Finding("energies", "unknown", "too few frames of a kind to tell what stands apart")
        if not odd:
            return Finding("energies", "pass", f"none stands apart; largest deviation {number(largest, 2)} σ")
        frames = tuple(sorted(odd))
        worst = max(odd, key=lambda frame: abs(odd[frame]))
        return Finding(
            "energies", "attention",
            f"far from the others: {frame_list(frames)}; frame {worst} by {number(odd[worst], 3)} eV/atom",
            "Another method, an unconverged calculation, or a broken geometry? Look at these frames first.", frames,
        )  # fmt: skip


def _deviations(
    energies: NDArray[np.float64], counts: NDArray[np.float64], limit: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Energy per atom beyond a sum over atoms, and in robust standard deviations."""
    kept = np.ones(len(energies), dtype=bool)
    per_atom = counts / counts.sum(axis=1, keepdims=True)
    values = energies / counts.sum(axis=1)
    off, sigmas = values, np.zeros(len(values))
    for _ in range(3):
        fit = np.linalg.lstsq(per_atom[kept], values[kept], rcond=None)[0]
        off = values - per_atom @ fit
        off = off - np.median(off)
        sigma = 1.4826 * float(np.median(np.abs(off)))
        sigmas = np.abs(off) / max(sigma, 1e-12)
        kept = sigmas <= limit
        if kept.sum() <= counts.shape[1]:
            break
    return off, sigmas
