"""Virials: sign, order of the components, size, symmetry, and how they are written."""

from __future__ import annotations

__all__ = ["VirialOrder", "VirialSymmetry", "VirialText"]

import re
from itertools import permutations
from typing import TYPE_CHECKING

import numpy as np

from ecemc.dataset.checks.check import Check
from ecemc.dataset.report import Finding, frame_list
from ecemc.text import number

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ecemc.dataset.sample import Sample
    from ecemc.labels import LabelKeys

    _Elements = NDArray[np.float64]

_OFF = ("xy", "xz", "yz")
_UPPER = ((0, 0, 1), (1, 2, 2))
_ORDERS = tuple(permutations(range(3)))


class VirialOrder(Check):
    """Sign, order and unit of virials, from the forces within molecules.

    For a cluster in vacuum W = Σ r⊗f, exactly. In a molecular liquid the same sum over whole molecules, each from its
    own centre, leaves out the forces between molecules, but is most of what fluctuates: in EC:EMC boxes (PBE, 300 to
    1200 K) its correlation with the off-diagonal elements of W is 0.99, with these exchanged 0.2 to 0.6. What it cannot
    tell: rigid or hardly bonded systems, and fewer than eight frames.
    """

    #: Periodic frames without which a correlation says nothing: 24 numbers.
    FRAMES = 8
    #: Mean cosine that is a yes, and by how much it must exceed that of other orders to call them excluded.
    YES, LEAD = 0.7, 0.15
    #: W against Σ r⊗f, ratio that does not surprise: 1.0 in equilibrium, 0.6 measured in boxes that are only packed.
    LOW, HIGH = 0.4, 2.5
    #: Relative deviation of a cluster's virial, where Σ r⊗f is exact up to the method's noise.
    CLUSTER = 0.05

    def __init__(self) -> None:
        #: by config_type, for each periodic frame: six elements of W and of the sum, volume
        self._frames: dict[str, list[tuple[_Elements, _Elements, float]]] = {}
        self._clusters = 0
        self._wrong: list[int] = []

    def add(self, sample: Sample) -> None:
        """Compare one frame."""
        virial, forces, whole = sample.labels.virial, sample.labels.forces, sample.whole
        if virial is None or forces is None or whole is None or len(forces) < 2 or not forces.any():
            return
        if not sample.atoms.pbc.any():
            self._clusters += 1
            total = (whole - whole.mean(axis=0)).T @ forces
            deviation = np.abs(virial - (total + total.T) / 2.0).max()
            if deviation > self.CLUSTER * np.abs(total).max() + 1e-3:
                self._wrong.append(sample.number)
            return
        molecules = sample.molecules
        if sample.periodic and molecules is not None:
            inner = _within_molecules(whole, forces, molecules.index)
            entry = (_elements(virial), _elements(inner), float(sample.atoms.cell.volume))
            self._frames.setdefault(sample.config_type, []).append(entry)

    def finding(self) -> Finding:
        """Answer."""
        if self._wrong:
            return Finding(
                "virial sign and order", "fail",
                f"virials are not Σ r⊗f in {len(self._wrong)} of {self._clusters} clusters ({frame_list(self._wrong)})",
                "Virials are W = Σ r⊗f = −stress·V, nine numbers in eV; check sign, order and units.",
                tuple(self._wrong),
            )  # fmt: skip
        n = sum(map(len, self._frames.values()))
        if n < self.FRAMES:
            if self._clusters:
                return Finding("virial sign and order", "pass", f"W = Σ r⊗f in all {self._clusters} clusters")
            text = f"cannot be told from {n} periodic frames with forces and virials, it takes {self.FRAMES}"
            return Finding("virial sign and order", "unknown", text)
        return self._periodic(*self._centred())

    def _centred(self) -> tuple[_Elements, _Elements]:
        """Elements of W and of the sum, (n, 6), less what all frames of a kind have in common."""
        pairs = []
        for frames in self._frames.values():
            w, m = (np.array([frame[k] for frame in frames]) for k in (0, 1))
            many = len(frames) >= self.FRAMES
            pairs.append((w - many * w.mean(axis=0), m - many * m.mean(axis=0)))
        w, m = (np.concatenate([pair[k] for pair in pairs]) for k in (0, 1))
        told = np.linalg.norm(w, axis=1) * np.linalg.norm(m, axis=1) > 0.0
        return w[told], m[told]

    def _periodic(self, w: _Elements, m: _Elements) -> Finding:
        name, n = "virial sign and order", len(w)
        orders = [_cosine(w[:, 3:][:, order], m[:, 3:]) for order in _ORDERS]
        best = int(np.abs(orders).argmax())
        rest = float(np.delete(np.abs(orders), best).max())
        columns = [0, 1, 2, *(3 + k for k in _ORDERS[best])]
        traceless = _cosine(w[:, columns], m)
        if abs(orders[best]) < self.YES or abs(orders[best]) - rest < self.LEAD or abs(traceless) < self.YES:
            text = (
                f"cannot be told: the sum of r⊗f over molecules correlates by {number(orders[0], 2)} with the virials "
                f"of {n} frames"
            )
            return Finding(name, "unknown", text)
        text = f"r⊗f over molecules correlates with W by {number(orders[best], 3)} in {n} frames"
        if best:
            written = ", ".join(_OFF[k] for k in _ORDERS[best])
            also = ", and the sign is wrong" if traceless < 0.0 else ""
            return Finding(
                name, "fail",
                f"{text} only if {written} are taken for {', '.join(_OFF)}: components are exchanged{also}",
                "Six numbers were taken in another code's order. Write nine: xx xy xz yx yy yz zx zy zz.",
            )  # fmt: skip
        if traceless < 0.0:
            return Finding(
                name, "fail", f"{text}: the sign is wrong",
                "W = −stress·V, with ASE's sign of stress (positive under tension). Multiply by −1, unless it is the "
                "forces that have the wrong sign.",
            )  # fmt: skip
        return self._size(text, float(np.median((w * m).sum(axis=1) / (m * m).sum(axis=1))))

    def _size(self, text: str, ratio: float) -> Finding:
        """Judge the ratio of W to the sum."""
        text = f"{text}, ratio {number(ratio, 3)}"
        if self.LOW < ratio < self.HIGH:
            return Finding("virial sign and order", "pass", text)
        per_volume = ratio * float(np.median([frame[2] for frames in self._frames.values() for frame in frames]))
        why = "a stress under the name of a virial?" if 0.7 < per_volume < 1.4 else "other units than the forces?"
        return Finding(
            "virial sign and order", "fail", f"{text}, expected about 1: {why}",
            "Virials are extensive, −stress·V in eV, and forces in eV/Å.",
        )  # fmt: skip


def _within_molecules(
    whole: NDArray[np.float64], forces: NDArray[np.float64], index: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Symmetric part of Σ (r − r_molecule)⊗f, (3, 3) eV."""
    counts = np.bincount(index)
    centers = np.stack([np.bincount(index, whole[:, k]) / counts for k in range(3)], axis=1)
    total: NDArray[np.float64] = (whole - centers[index]).T @ forces
    return (total + total.T) / 2.0


def _elements(tensor: NDArray[np.float64]) -> _Elements:
    """Give what is not pressure, (6,): xx yy zz without their mean, xy xz yz of the symmetric part times √2."""
    diagonal = np.diagonal(tensor)
    off = (tensor + tensor.T)[_UPPER] / np.sqrt(2.0)
    return np.concatenate([diagonal - diagonal.mean(), off])


def _cosine(a: _Elements, b: _Elements) -> float:
    """Mean over frames of the cosine between two rows; a row of zeros counts as 0."""
    sizes = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return float(np.mean((a * b).sum(axis=1) / np.where(sizes > 0.0, sizes, 1.0)))


class VirialSymmetry(Check):
    """Virials are symmetric."""

    def __init__(self) -> None:
        self._frames: list[int] = []
        self._worst = 0.0
        self._any = False

    def add(self, sample: Sample) -> None:
        """Compare with the transpose."""
        virial = sample.labels.virial
        if virial is None:
            return
        self._any = True
        difference = float(np.abs(virial - virial.T).max())
        if difference > 1e-3 * float(np.abs(virial).max()) + 1e-3:
            self._worst = max(self._worst, difference)
            self._frames.append(sample.number)

    def finding(self) -> Finding:
        """Answer."""
        if not self._any:
            return Finding("virial symmetry", "unknown", "no virials")
        if not self._frames:
            return Finding("virial symmetry", "pass", "virials are symmetric")
        return Finding(
            "virial symmetry", "attention",
            f"virials differ from their transpose by up to {number(self._worst, 3)} eV ({frame_list(self._frames)})",
            "gap_fit takes the symmetric part. Were atoms or cells rotated after the calculation, or numbers mixed up?",
            tuple(self._frames),
        )  # fmt: skip


class VirialText(Check):
    """Virials that gap_fit passes over in silence: JSON, as ASE writes (3, 3) arrays, and whole numbers only."""

    def __init__(self, names: LabelKeys) -> None:
        keys = "|".join(map(re.escape, (names.virial, names.stress)))
        self._value = re.compile(rf"(?:^|\s)(?:{keys})\s*=\s*(\"[^\"]*\"|'[^']*'|\{{[^}}]*\}}|\S+)")
        self._json: list[int] = []
        self._integers: list[int] = []
        self._n = 0

    def add(self, sample: Sample) -> None:
        """Look at the text of the comment line."""
        found = self._value.findall(sample.comment or "")
        self._n += bool(found)
        for value in found:
            text = value.strip("\"'{}")
            if text.startswith("_JSON"):
                self._json.append(sample.number)
            elif re.fullmatch(r"[-+\d\s]+", text):
                self._integers.append(sample.number)

    def finding(self) -> Finding:
        """Answer."""
        frames = tuple(sorted(self._json + self._integers))
        if not frames:
            if not self._n:
                return Finding("virial text", "unknown", "no virials in the text of an extended XYZ file")
            return Finding("virial text", "pass", "virials are written so that gap_fit reads them")
        what = [f"{len(self._json)} as JSON"] * bool(self._json)
        what += [f"{len(self._integers)} in whole numbers"] * bool(self._integers)
        return Finding(
            "virial text", "attention",
            f"gap_fit would not see virials that are written {' and '.join(what)} ({frame_list(frames)})",
            "Write nine plain numbers with decimal points: atoms.info[key] = virial.ravel() before writing, "
            "as ecemc.labels.with_labels does.", frames,
        )  # fmt: skip
