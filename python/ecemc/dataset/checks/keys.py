"""Which labels are there, and under which names."""

from __future__ import annotations

__all__ = ["Keys", "Readable"]

import re
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from ecemc.dataset.checks.check import Check
from ecemc.dataset.report import Finding, frame_list

if TYPE_CHECKING:
    from ecemc.dataset.sample import Sample
    from ecemc.labels import LabelKeys

_ENERGY = re.compile(r"energy|^e$|^e_?tot", re.IGNORECASE)
_FORCES = re.compile(r"force", re.IGNORECASE)
_VIRIAL = re.compile(r"virial|stress", re.IGNORECASE)
#: Parts of labels, and settings of gap_fit, that look like labels but are none.
_NO_LABEL = re.compile(r"sigma|mask|intra|inter|trans|rot|vib|kin|std|error|temperature|per_atom", re.IGNORECASE)


class Keys(Check):
    """Energy and forces in every frame, virials in periodic ones, under the names that were given."""

    def __init__(self, names: LabelKeys) -> None:
        self._names = names
        self._n = 0
        self._n_periodic = 0
        self._found = {"energy": False, "forces": False}
        self._missing: dict[str, list[int]] = {"energy": [], "forces": [], "virial": []}
        self._moved: list[int] = []
        self._like: dict[str, Counter[str]] = {"energy": Counter(), "forces": Counter(), "virial": Counter()}

    def add(self, sample: Sample) -> None:
        """Note what is missing and what looks like it."""
        names, several = self._names, len(sample.atoms) > 1
        self._n += 1
        self._n_periodic += sample.periodic and several
        has_forces = sample.has(names.forces, per_atom=True)
        self._found["energy"] |= sample.has(names.energy)
        self._found["forces"] |= has_forces
        if not sample.has(names.energy):
            self._missing["energy"].append(sample.number)
        if several and not has_forces:
            self._missing["forces"].append(sample.number)
        if several and sample.periodic and not sample.has_virial:
            self._missing["virial"].append(sample.number)
        if names.energy in sample.results or names.forces in sample.results:
            self._moved.append(sample.number)
        for kind, key in _lookalikes(sample):
            self._like[kind][key] += 1

    def finding(self) -> Finding:
        """Answer."""
        here = {kind: getattr(self._names, kind) for kind in self._missing}
        wholly = [kind for kind, found in self._found.items() if self._missing[kind] and not found]
        if wholly:
            text = f"no {' and no '.join(here[kind] for kind in wholly)} in any frame"
            return Finding("keys", "fail", text + self._seen(wholly), self._advice(wholly))
        partly = [kind for kind in ("energy", "forces") if self._missing[kind]]
        if partly:
            frames = tuple(sorted({frame for kind in partly for frame in self._missing[kind]}))
            what = ", ".join(f"{here[kind]} is missing in {frame_list(self._missing[kind])}" for kind in partly)
            advice = "Label these frames with 'ecemc label', or leave them out: they teach less than they seem to."
            return Finding("keys", "attention", f"{what} of {self._n}", advice, frames)
        if self._moved:
            text = (
                f"the labels are called {here['energy']} and {here['forces']}, names that ASE moves into a calculator "
                "and other programs then do not find"
            )
            advice = "Write them under keys of their own, such as REF_energy and REF_forces; see the docs on labels."
            return Finding("keys", "attention", text, advice, tuple(self._moved))
        return self._virials(here)

    def _virials(self, here: dict[str, str]) -> Finding:
        missing, text = self._missing["virial"], f"{here['energy']} and {here['forces']} in all {self._n} frames"
        if missing:
            how_many = "any" if len(missing) == self._n_periodic else f"{len(missing)} of {self._n_periodic}"
            seen = self._seen(["virial"]) if len(missing) == self._n_periodic else f" ({frame_list(missing)})"
            return Finding(
                "keys", "attention", f"{text}, but no {here['virial']} in {how_many} periodic frames{seen}",
                "Densities and pressures follow from virials: have them computed, too.", tuple(missing),
            )  # fmt: skip
        virials = f", {here['virial']} in all {self._n_periodic} periodic ones" if self._n_periodic else ""
        return Finding("keys", "pass", text + virials)

    def _seen(self, kinds: list[str]) -> str:
        found = [f"{key} (in {n})" for kind in kinds for key, n in self._like[kind].most_common(3)]
        return f"; what looks like it: {', '.join(found)}" if found else ""

    def _advice(self, kinds: list[str]) -> str:
        best = {kind: self._like[kind].most_common(1)[0][0] for kind in ("energy", "forces") if self._like[kind]}
        if not best:
            return "Label the frames with 'ecemc label'."
        if len(best) == 2:
            prefix = best["energy"].removesuffix("energy")
            if best == {"energy": prefix + "energy", "forces": prefix + "forces"}:
                moved = " These are names that ASE moves into a calculator; better write REF_energy, ..."
                return f"Give --prefix {prefix or repr('')}." + ("" if prefix else moved)
        options = " ".join(f"--{kind}-key {best[kind]}" for kind in kinds if kind in best)
        return f"Give {options}." if options else "Label the frames with 'ecemc label'."


def _lookalikes(sample: Sample) -> list[tuple[str, str]]:
    """Names that look like labels, as (kind, key)."""
    found = []
    frame = sample.atoms.info | {key: value for key, value in sample.results.items() if key != "forces"}
    for key, value in frame.items():
        if _NO_LABEL.search(str(key)):
            continue
        if _VIRIAL.search(str(key)) and np.size(value) in {6, 9}:
            found.append(("virial", str(key)))
        elif _ENERGY.search(str(key)) and np.ndim(value) == 0:
            found.append(("energy", str(key)))
    arrays = sample.atoms.arrays | {key: sample.results[key] for key in ("forces",) if key in sample.results}
    n = len(sample.atoms)
    found += [
        ("forces", key)
        for key, value in arrays.items()
        if _FORCES.search(key) and not _NO_LABEL.search(key) and np.shape(value) == (n, 3)
    ]
    return found


class Readable(Check):
    """Labels that are numbers, finite, of the right shape, and do not contradict each other."""

    def __init__(self) -> None:
        self._first = ""
        self._frames: list[int] = []

    def add(self, sample: Sample) -> None:
        """Read the labels."""
        if sample.problem is not None:
            self._first = self._first or sample.problem
            self._frames.append(sample.number)

    def finding(self) -> Finding:
        """Answer."""
        if not self._frames:
            return Finding("values", "pass", "all labels are finite numbers of the right shape")
        n = len(self._frames)
        text = f"the labels of {n} frame{'s' * (n > 1)} cannot be used; {self._first}"
        advice = "Mend or leave out: " + frame_list(self._frames) + "."
        return Finding("values", "fail", text, advice, tuple(self._frames))
