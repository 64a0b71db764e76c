"""Forces: zeros, constraints, convergence, sums, units and sign."""

from __future__ import annotations

__all__ = ["Constraints", "Convergence", "ForceUnits", "NetForce", "Zeros"]

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ecemc.dataset.checks.check import Check
from ecemc.dataset.report import Finding, frame_list
from ecemc.text import number

if TYPE_CHECKING:
    from ecemc.dataset.sample import Sample

#: What forces look like in other units, in eV/Å: a length and an energy that were not converted.
_UNITS = {
    "eV/bohr": 0.529177,
    "hartree/bohr": 0.0194469,
    "Ry/bohr": 0.0388938,
    "hartree/Å": 0.0367493,
    "kcal/mol/Å": 23.0605,
    "kJ/mol/Å": 96.4853,
    "kJ/mol/nm": 964.853,
    "meV/Å": 1000.0,
}


class Zeros(Check):
    """Labels that are all zero were not there when the file was made."""

    def __init__(self) -> None:
        self._frames: dict[str, list[int]] = {"energy": [], "forces": [], "virial": []}

    def add(self, sample: Sample) -> None:
        """Note labels of exactly zero; a single atom may have zero forces, and any energy."""
        labels = sample.labels
        if len(sample.atoms) < 2:
            return
        if labels.energy == 0.0:
            self._frames["energy"].append(sample.number)
        if labels.forces is not None and not labels.forces.any():
            self._frames["forces"].append(sample.number)
        if labels.virial is not None and not labels.virial.any():
            self._frames["virial"].append(sample.number)

    def finding(self) -> Finding:
        """Answer."""
        what = {kind: frames for kind, frames in self._frames.items() if frames}
        if not what:
            return Finding("zeros", "pass", "no label is all zero")
        frames = tuple(sorted({frame for frames in what.values() for frame in frames}))
        text = ", ".join(f"{kind} exactly zero in {frame_list(frames)}" for kind, frames in what.items())
        return Finding(
            "zeros", "fail", text,
            "Whatever wrote the file did not find these labels: write them anew from the calculation.", frames,
        )  # fmt: skip


class Constraints(Check):
    """Fixed atoms, of which ASE reports zero forces."""

    def __init__(self) -> None:
        self._fixed: list[int] = []
        self._zeroed: list[int] = []

    def add(self, sample: Sample) -> None:
        """Look for fixed atoms, and whether just these have no force."""
        if not sample.atoms.constraints:
            return
        self._fixed.append(sample.number)
        forces = sample.labels.forces
        if forces is None:
            return
        freed = sample.atoms.copy()
        freed.set_constraint()
        held = np.any([_held(constraint, len(freed)) for constraint in sample.atoms.constraints], axis=0)
        if held.any() and forces.any() and not forces[held].any():
            self._zeroed.append(sample.number)

    def finding(self) -> Finding:
        """Answer."""
        if self._zeroed:
            return Finding(
                "constraints", "fail",
                f"fixed atoms (move_mask) have forces of exactly zero in {frame_list(self._zeroed)}",
                "ASE sets the forces of fixed atoms to zero; write what get_forces(apply_constraint=False) gives, and "
                "no move_mask.", tuple(self._zeroed),
            )  # fmt: skip
        if self._fixed:
            return Finding(
                "constraints", "attention", f"atoms are fixed (move_mask) in {frame_list(self._fixed)}",
                "Take move_mask off: ASE reports forces of fixed atoms as zero in whatever is computed from this file.",
                tuple(self._fixed),
            )  # fmt: skip
        return Finding("constraints", "pass", "no atom is fixed")


def _held(constraint: Any, n_atoms: int) -> Any:
    """Which atoms a constraint holds."""
    held = np.zeros(n_atoms, dtype=bool)
    held[np.atleast_1d(constraint.get_indices())] = True
    return held


class Convergence(Check):
    """Calculations that say of themselves that they did not converge."""

    def __init__(self) -> None:
        self._frames: list[int] = []
        self._keys: set[str] = set()
        self._told = 0

    def add(self, sample: Sample) -> None:
        """Look for keys such as ``scf_converged``."""
        told = {str(key): value for key, value in sample.atoms.info.items() if "converged" in str(key).lower()}
        self._told += bool(told)
        bad = {key for key, value in told.items() if _is_true(value) == _negated(key)}
        if bad:
            self._frames.append(sample.number)
            self._keys |= bad

    def finding(self) -> Finding:
        """Answer."""
        if self._frames:
            keys = ", ".join(sorted(self._keys))
            return Finding(
                "convergence", "fail", f"not converged according to {keys}: {frame_list(self._frames)}",
                "Compute these again with tighter settings or leave them out; their labels are noise.",
                tuple(self._frames),
            )  # fmt: skip
        if self._told:
            return Finding("convergence", "pass", f"converged wherever frames say so ({self._told})")
        return Finding("convergence", "unknown", "no frame says whether its calculation converged")


def _is_true(value: Any) -> bool:
    return value.lower() in {"t", "true", "yes", "1"} if isinstance(value, str) else bool(np.all(value))


def _negated(key: str) -> bool:
    return any(word in key.lower() for word in ("unconverged", "not_converged", "nonconverged"))


class NetForce(Check):
    """The forces on a configuration sum to zero if nothing pulls at it from outside."""

    #: eV/Å, error per component that a sum tells of, and its part of the forces' size; below either all is well.
    NOISE, PART = 5.0e-3, 5.0e-3

    def __init__(self) -> None:
        self._frames: list[int] = []
        self._worst = 0.0
        self._any = False

    def add(self, sample: Sample) -> None:
        """Take the sum of independent errors as √n times one of them."""
        forces = sample.labels.forces
        if forces is None or len(forces) < 2:
            return
        self._any = True
        noise = float(np.linalg.norm(forces.sum(axis=0))) / math.sqrt(3 * len(forces))
        self._worst = max(self._worst, noise)
        if noise > self.NOISE and noise > self.PART * math.sqrt(np.mean(forces**2)):
            self._frames.append(sample.number)

    def finding(self) -> Finding:
        """Answer."""
        if not self._any:
            return Finding("net force", "unknown", "no forces to sum")
        size = f"an error of {number(self._worst, 2)} eV/Å per component at most"
        if not self._frames:
            return Finding("net force", "pass", f"forces sum to zero within {size}")
        return Finding(
            "net force", "attention",
            f"forces do not sum to zero in {frame_list(self._frames)}, as from {size}",
            "Tighten the calculation (grid, cutoff, SCF), or look for fixed atoms and outer fields.",
            tuple(self._frames),
        )  # fmt: skip


@dataclass
class _Stretch:
    """Sums for the slope of the force along a bond against its length."""

    n: int = 0
    sums: Any = field(default_factory=lambda: np.zeros(5))

    def add(self, lengths: Any, forces: Any) -> None:
        self.n += len(lengths)
        x = lengths - 1.0  # near the mean, against rounding
        self.sums += [x.sum(), forces.sum(), (x * x).sum(), (x * forces).sum(), (forces * forces).sum()]

    def fit(self) -> tuple[float, float, float]:
        """Slope (eV/Å²), correlation, standard deviation of the lengths (Å)."""
        x, y, xx, xy, yy = self.sums / max(self.n, 1)
        spread, cross, size = xx - x * x, xy - x * y, yy - y * y
        if not (spread > 0.0 and size > 0.0):
            return 0.0, 0.0, 0.0
        return float(cross / spread), float(cross / math.sqrt(spread * size)), math.sqrt(spread)


class ForceUnits(Check):
    """Bonds to hydrogen are springs of known strength, which tells units and sign of the forces.

    The force on a hydrogen along its only bond, against the bond's length, has the slope −k. Of C–H in EC and EMC boxes
    at 300 to 1200 K (PBE) it is −32 to −35 eV/Å², whatever the temperature. Where there are no such bonds, only the
    size of the forces is looked at.
    """

    #: eV/Å², of X–H in molecules: 5.1, 6.7 and 8.0 mdyn/Å.
    SPRINGS = {"C": 32.0, "N": 42.0, "O": 50.0}  # noqa: RUF012
    #: Ratios to these that do not surprise: methods and environments differ, but not by the 1.9 of eV/bohr.
    LOW, HIGH = 0.65, 1.5
    #: Enough bonds, of different lengths (Å), whose force follows the length.
    BONDS, SPREAD, CORRELATION = 60, 0.004, 0.8
    #: eV/Å, root mean square of components in any molecular set.
    RMS = (0.02, 10.0)

    def __init__(self) -> None:
        self._bonds = {symbol: _Stretch() for symbol in self.SPRINGS}
        self._n, self._squares = 0, 0.0

    def add(self, sample: Sample) -> None:
        """Add the bonds of hydrogens that have just one."""
        forces, found = sample.labels.forces, sample.molecules
        if forces is None or len(forces) < 2:
            return
        self._n += forces.size
        self._squares += float((forces**2).sum())
        if found is None or not len(found.bonds):
            return
        atoms = sample.atoms
        bonds, shifts = found.bonds, found.bond_shifts
        vectors = atoms.positions[bonds[:, 1]] - atoms.positions[bonds[:, 0]] + shifts @ atoms.cell.array
        degree = np.bincount(bonds.ravel(), minlength=len(atoms))
        numbers = atoms.numbers
        for heavy, light, sign in ((0, 1, 1.0), (1, 0, -1.0)):
            here = (numbers[bonds[:, light]] == 1) & (degree[bonds[:, light]] == 1)
            for symbol, stretch in self._bonds.items():
                of = here & (numbers[bonds[:, heavy]] == {"C": 6, "N": 7, "O": 8}[symbol])
                lengths = np.linalg.norm(vectors[of], axis=1)
                along = sign * (vectors[of] * forces[bonds[of, light]]).sum(axis=1) / lengths
                stretch.add(lengths, along)

    def finding(self) -> Finding:
        """Answer."""
        if not self._n:
            return Finding("force units", "unknown", "no forces")
        rms = math.sqrt(self._squares / self._n)
        symbol, stretch = max(self._bonds.items(), key=lambda item: item[1].n)
        slope, correlation, spread = stretch.fit()
        if stretch.n < self.BONDS or spread < self.SPREAD or abs(correlation) < self.CORRELATION:
            return self._by_size(rms)
        expected = self.SPRINGS[symbol]
        text = (
            f"a {symbol}–H bond has the force constant {number(-slope, 3)} eV/Å², expected about {expected:g}; "
            f"rms {number(rms, 3)} eV/Å"
        )
        if slope > 0.0:
            return Finding(
                "force units", "fail", f"{text}: stretched bonds push", "The sign is wrong: forces are −dE/dr, eV/Å."
            )
        ratio = -slope / expected
        if self.LOW < ratio < self.HIGH:
            return Finding("force units", "pass", text)
        unit = _nearest(ratio)
        if unit is not None:
            return Finding(
                "force units", "fail", f"{text}; that fits {unit}", f"Convert the forces from {unit} to eV/Å."
            )
        return Finding("force units", "attention", text, "Are the forces in eV/Å, and of this geometry?")

    def _by_size(self, rms: float) -> Finding:
        low, high = self.RMS
        text = f"rms {number(rms, 3)} eV/Å, and no bonds to hydrogen to judge them by"
        if low < rms < high or rms == 0.0:
            return Finding("force units", "unknown", text)
        return Finding(
            "force units", "attention", text, "Are the forces in eV/Å? Molecules at 300 K have about 1 eV/Å."
        )


def _nearest(ratio: float) -> str | None:
    """Name the unit that a ratio fits within 30%."""
    unit, factor = min(_UNITS.items(), key=lambda item: abs(math.log(ratio / item[1])))
    return unit if abs(math.log(ratio / factor)) < math.log(1.3) else None
