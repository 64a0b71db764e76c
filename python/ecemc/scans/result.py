"""Results of scans: curves of a reference and of models over scaled boxes."""

from __future__ import annotations

__all__ = ["LAYOUT", "ScanCurve", "ScanFailure", "ScanResult", "VolumeScan"]

from collections import Counter
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ecemc.errors import InputError
from ecemc.scans.scores import ScanScore, pooled, score
from ecemc.text import plain

if TYPE_CHECKING:
    from ase import Atoms
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: Changes when the fields do.
LAYOUT = "ecemc.scan/1"
_MEV = 1000.0


@dataclass(frozen=True)
class ScanFailure:
    """A configuration without result; its point is left out."""

    method: str
    parent_frame: int
    #: such as ``"s = 0.8403"`` or ``"molecule 3 (EMC)"``
    where: str
    reason: str


@dataclass(frozen=True, eq=False)
class ScanCurve:
    """What one method gives for one scan of m molecules; NaN where it failed."""

    #: name of the method
    method: str
    #: (n_scales,) eV, of the boxes
    energy: Floats
    #: (m,) eV, of the isolated molecules
    isolated: Floats
    #: (n_scales, m, 3) eV/Å, sums of the forces on the atoms of each molecule
    net_forces: Floats


@dataclass(frozen=True, eq=False)
class VolumeScan:
    """Curves of one frame; the first is that of the reference."""

    #: number of the frame that was scaled
    parent_frame: int
    n_atoms: int
    #: of each molecule
    species: tuple[str, ...]
    #: (n_scales,) ascending linear factors
    scales: Floats
    #: (n_scales,) g/cm³
    density: Floats
    curves: tuple[ScanCurve, ...]

    @property
    def composition(self) -> dict[str, int]:
        """Number of molecules of each species."""
        return dict(sorted(Counter(self.species).items()))

    def energy_inter(self, method: int, relative: Literal["own", "reference"] = "own") -> Floats:
        """Intermolecular energy per atom, eV, (n_scales,).

        Parameters
        ----------
        method
            Place among the curves; 0 is the reference.
        relative
            ``"own"``: ``E(s)`` minus the sum of the method's own isolated molecules, which is the intermolecular
            energy and tends to 0. ``"reference"``: minus the reference's, as in figure 7C of the paper; what the
            intramolecular energies are wrong by then shows as a wrong limit. Both energies need the same zero for that.

        Raises
        ------
        InputError
            For other words.
        """
        if relative not in {"own", "reference"}:
            raise InputError(f"relative: got {relative!r}, expected 'own' or 'reference'")
        zero = self.curves[method if relative == "own" else 0].isolated.sum()
        return np.asarray((self.curves[method].energy - zero) / self.n_atoms)


@dataclass(frozen=True, eq=False)
class ScanResult:
    """Scans of a reference and of models, with scores.

    Examples
    --------
    >>> from ase.calculators.lj import LennardJones
    >>> from ecemc.scans import scan
    >>> from ase.build import bulk
    >>> argon = bulk("Ar", "fcc", a=5.4, cubic=True)
    >>> weak = LennardJones(sigma=3.4, epsilon=0.009, rc=9.0)
    >>> result = scan(argon, LennardJones(sigma=3.4, epsilon=0.010, rc=9.0), {"weak": weak}, n_jobs=1)
    >>> result.methods, round(result.scores[1].depth / result.scores[0].depth, 3)
    (('LennardJones', 'weak'), 0.9)
    """

    #: names of the methods; the first is the reference
    methods: tuple[str, ...]
    scans: tuple[VolumeScan, ...]
    #: what was left out
    failures: tuple[ScanFailure, ...]
    #: bounds of the well in units of the reference's s_min; the wall lies below, the tail above
    well: tuple[float, float]
    #: boxes and molecules with the reference's labels, ready for a training set
    frames: tuple[Atoms, ...] = field(repr=False)

    def __repr__(self) -> str:
        """Show what it is about."""
        return f"ScanResult({len(self.scans)} scan{'s' * (len(self.scans) != 1)}: {', '.join(self.methods)})"

    @cached_property
    def scores(self) -> tuple[ScanScore, ...]:
        """Scores of every scan and method, methods of a scan one after the other."""
        return tuple(score(each, method, self.well) for each in self.scans for method in range(len(self.methods)))

    @cached_property
    def summary(self) -> tuple[ScanScore, ...]:
        """Scores of every method over all scans: root mean squares, but means of position, depth and ratio."""
        return tuple(pooled([entry for entry in self.scores if entry.method == method]) for method in self.methods)

    def to_dict(self) -> dict[str, Any]:
        """Strict JSON: curves, scores and failures, with units in the names."""
        record: dict[str, Any] = plain(
            {
                "layout": LAYOUT,
                "methods": self.methods,
                "well": self.well,
                "scans": [self._scan_to_dict(each) for each in self.scans],
                "scores": [entry.to_dict() for entry in self.scores],
                "summary": [entry.to_dict() for entry in self.summary],
                "failures": [asdict(failure) for failure in self.failures],
            }
        )
        return record

    def _scan_to_dict(self, each: VolumeScan) -> dict[str, Any]:
        return {
            "parent_frame": each.parent_frame,
            "n_atoms": each.n_atoms,
            "composition": each.composition,
            "species": each.species,
            "scales": each.scales,
            "density_g_per_cm3": each.density,
            "curves": [
                {
                    "method": curve.method,
                    "energy_eV": curve.energy,
                    "isolated_eV": curve.isolated,
                    "energy_inter_meV_per_atom": _MEV * each.energy_inter(number),
                    "net_forces_eV_per_A": curve.net_forces,
                }
                for number, curve in enumerate(each.curves)
            ],
        }
