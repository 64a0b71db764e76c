"""Geometry: cells, contacts, molecules."""

from __future__ import annotations

__all__ = ["Cells", "Contacts", "Species"]

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
from ase.data import covalent_radii

from ecemc import keys
from ecemc.dataset.checks.check import Check
from ecemc.dataset.report import Finding, frame_list
from ecemc.errors import InputError
from ecemc.neighbors import neighbor_list
from ecemc.text import number

if TYPE_CHECKING:
    from ase import Atoms

    from ecemc.dataset.sample import Sample

#: Å, how far the descriptors of the documented models see.
REACH = 6.0


class Cells(Check):
    """Cells that gap_fit can use: it asks for a Lattice and takes it as periodic, whatever pbc says."""

    def __init__(self) -> None:
        self._unusable: list[int] = []
        self._reason = ""
        self._without: list[int] = []
        self._tight: list[int] = []

    def add(self, sample: Sample) -> None:
        """Look at cell and periodicity."""
        if sample.geometry_problem is not None:
            self._reason = self._reason or f"frame {sample.number}: {sample.geometry_problem}"
            self._unusable.append(sample.number)
        elif not sample.atoms.cell.volume:
            self._without.append(sample.number)
        elif not sample.periodic and _sees_itself(sample.atoms):
            self._tight.append(sample.number)

    def finding(self) -> Finding:
        """Answer."""
        if self._unusable:
            n = len(self._unusable)
            text = f"the geometry of {n} frame{'s' * (n > 1)} cannot be used; {self._reason}"
            return Finding("cells", "fail", text, "Mend or leave these frames out.", tuple(self._unusable))
        if self._without:
            return Finding(
                "cells", "attention", f"no Lattice in {frame_list(self._without)}",
                "gap_fit fails on these, with a misleading message: put them into a large box, 20 Å and more.",
                tuple(self._without),
            )  # fmt: skip
        if self._tight:
            return Finding(
                "cells", "attention",
                f"not periodic, but within {REACH:g} Å of their images in {frame_list(self._tight)}",
                "gap_fit ignores pbc and takes every Lattice as periodic: put them into a larger box.",
                tuple(self._tight),
            )  # fmt: skip
        return Finding("cells", "pass", "every frame has a Lattice that means to gap_fit what it means here")


def _sees_itself(atoms: Atoms) -> bool:
    """Tell whether atoms come near images that a frame does not have, but would have if it were periodic."""
    periodic = atoms.copy()
    periodic.set_pbc(True)
    shifts = neighbor_list("S", periodic, REACH)
    return bool((shifts[:, ~atoms.pbc] != 0).any())


class Contacts(Check):
    """Atoms that are closer to each other than any bond."""

    #: Part of the sum of the covalent radii: stretched and squeezed bonds at 1200 K keep above 0.7.
    CLOSE = 0.6

    def __init__(self) -> None:
        self._frames: list[int] = []
        self._closest, self._where = np.inf, ""

    def add(self, sample: Sample) -> None:
        """Look for close pairs."""
        if sample.geometry_problem is not None or not len(sample.atoms):
            return
        radii = self.CLOSE * covalent_radii[sample.atoms.numbers]
        try:
            i, j, d = neighbor_list("ijd", sample.atoms, radii)
        except InputError:
            return
        if not len(d):
            return
        self._frames.append(sample.number)
        part = d / (radii[i] + radii[j]) * self.CLOSE
        k = int(part.argmin())
        if part[k] < self._closest:
            symbols = sample.atoms.symbols
            self._closest = float(part[k])
            self._where = f"{symbols[i[k]]}–{symbols[j[k]]} {number(float(d[k]), 3)} Å in frame {sample.number}"

    def finding(self) -> Finding:
        """Answer."""
        if not self._frames:
            return Finding("contacts", "pass", f"no two atoms within {self.CLOSE:g} of the sum of their covalent radii")
        return Finding(
            "contacts", "attention",
            f"atoms closer than {self.CLOSE:g} of the sum of their covalent radii in {frame_list(self._frames)}; "
            f"closest {self._where}",
            "Right only if the repulsion at such distances is to be learnt, and the reference can compute it.",
            tuple(self._frames),
        )  # fmt: skip


class Species(Check):
    """The molecules are those of other frames with the same atoms.

    Frames of a volume scan are left out: pushed together, molecules touch. A composition that occurs in most frames
    with the same numbers of atoms is taken for the right one, if there are three such frames.
    """

    def __init__(self) -> None:
        #: by elements: composition of each frame
        self._seen: dict[tuple[tuple[str, int], ...], dict[int, tuple[tuple[str, int], ...]]] = {}
        self._infinite: list[int] = []
        self._parts: list[int] = []

    def add(self, sample: Sample) -> None:
        """Note the molecules."""
        found = sample.molecules
        if found is None or sample.config_type == keys.VOLUME_SCAN:
            return
        if found.infinite.any():
            self._infinite.append(sample.number)
        if sample.config_type == keys.ISOLATED_MOLECULE and len(found) != 1:
            self._parts.append(sample.number)
        elements = tuple(sorted(sample.elements.items()))
        self._seen.setdefault(elements, {})[sample.number] = tuple(found.composition.items())

    def finding(self) -> Finding:
        """Answer."""
        odd: dict[int, str] = {}
        for frames in self._seen.values():
            usual, n = Counter(frames.values()).most_common(1)[0]
            if len(frames) >= 3 and 2 * n > len(frames):
                odd |= {frame: _text(has, usual) for frame, has in frames.items() if has != usual}
        concerned = tuple(sorted({*odd, *self._infinite, *self._parts}))
        if not concerned:
            names = sorted({name for frames in self._seen.values() for has in frames.values() for name, _ in has})
            shown = ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
            return Finding("molecules", "pass", f"the same molecules wherever there are the same atoms: {shown}")
        texts = []
        if odd:
            first = min(odd)
            texts.append(
                f"other molecules than in like frames in {frame_list(sorted(odd))}; frame {first}: {odd[first]}"
            )
        if self._infinite:
            texts.append(f"molecules bonded to their own image in {frame_list(self._infinite)}")
        if self._parts:
            texts.append(f"{keys.ISOLATED_MOLECULE} that is not one molecule: {frame_list(self._parts)}")
        return Finding(
            "molecules", "attention", "; ".join(texts),
            "Leave broken molecules out unless reactions are to be learnt; intra- and intermolecular parts of such "
            "frames mean something else.", concerned,
        )  # fmt: skip


def _text(has: tuple[tuple[str, int], ...], usual: tuple[tuple[str, int], ...]) -> str:
    """Difference between two compositions."""
    change = Counter(dict(has))
    change.subtract(dict(usual))
    return ", ".join(f"{n:+d} {name}" for name, n in sorted(change.items()) if n).replace("-", "−")
