"""Configurations that are there more than once."""

from __future__ import annotations

__all__ = ["Duplicates"]

import math
from typing import TYPE_CHECKING

import numpy as np

from ecemc.dataset.checks.check import Check
from ecemc.dataset.fingerprint import Fingerprints
from ecemc.dataset.report import Finding, frame_list
from ecemc.text import number

if TYPE_CHECKING:
    from ecemc.dataset.sample import Sample


class Duplicates(Check):
    """The same geometry twice counts twice in a fit; with different labels one of them is wrong."""

    #: eV per atom, and eV/Å (rms), by which labels of the same geometry may differ.
    ENERGY, FORCE = 1.0e-4, 1.0e-2

    def __init__(self) -> None:
        self._prints = Fingerprints()
        #: energy per atom, rms force
        self._labels: dict[int, tuple[float, float]] = {}

    def add(self, sample: Sample) -> None:
        """Note geometry and labels."""
        if len(sample.atoms) < 2:
            return
        self._prints.add(sample.number, sample.atoms)
        energy, forces = sample.labels.energy, sample.labels.forces
        self._labels[sample.number] = (
            math.nan if energy is None else energy / len(sample.atoms),
            math.nan if forces is None else math.sqrt(np.mean(forces**2)),
        )

    def finding(self) -> Finding:
        """Answer."""
        groups = self._prints.groups()
        if not groups:
            return Finding("duplicates", "pass", "no geometry is there twice")
        contradicting = [group for group in groups if self._differ(group)]
        if contradicting:
            group = contradicting[0]
            energies = [self._labels[frame][0] for frame in group]
            apart = number(float(np.nanmax(energies) - np.nanmin(energies)), 3)
            return Finding(
                "duplicates", "fail",
                f"the same geometry has different labels in {frame_list(group)} ({apart} eV/atom apart)"
                + (f", and so in {len(contradicting) - 1} more cases" if len(contradicting) > 1 else ""),
                "Keep the one of the right method; labels of two methods do not go into one fit.",
                tuple(sorted(frame for group in contradicting for frame in group)),
            )  # fmt: skip
        spare = tuple(sorted(frame for group in groups for frame in group[1:]))
        return Finding(
            "duplicates", "attention", f"geometries that an earlier frame has: {frame_list(spare)}",
            "Leave them out: they count double, and errors on a test set that shares them look too good.", spare,
        )  # fmt: skip

    def _differ(self, group: tuple[int, ...]) -> bool:
        values = np.array([self._labels[frame] for frame in group])
        spread = values.max(axis=0) - values.min(axis=0)  # NaN, not told, is never larger
        return bool(spread[0] > self.ENERGY or spread[1] > self.FORCE)
