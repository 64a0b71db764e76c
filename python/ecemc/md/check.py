"""Do forces and virial of a calculator belong to its energy? Finite differences, and what is wrong in words."""

from __future__ import annotations

__all__ = ["CalculatorCheck", "Finding", "check_calculator", "judge"]

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ecemc.errors import CalculationError
from ecemc.evaluation.single_point import compute
from ecemc.gap.cells import check_geometry
from ecemc.md.words import blame_forces, blame_virial
from ecemc.methods import get_method
from ecemc.units import BOLTZMANN, EV_PER_A3_TO_BAR

if TYPE_CHECKING:
    from collections.abc import Callable

    from ase import Atoms
    from numpy.typing import NDArray

    from ecemc.labels import Labels

#: Largest displacement of an atom, Å, and strain: the first is right for a smooth energy, the second for a noisy one,
#: the third for one that is not smooth.
_WIDTHS = (2.0e-3, 1.0e-2, 3.0e-4)
_STRAINS = (5.0e-4, 3.0e-3, 1.0e-4)
#: Relative error that is none.
_TOLERANCE = 2.0e-3
#: eV/Å for each component, and bar, that are never an error.
_FORCE, _PRESSURE = 3.0e-4, 10.0
#: eV by which the energy may change when everything is moved.
_SHIFT = 1.0e-3
_KT = BOLTZMANN * 300.0


@dataclass(frozen=True)
class Finding:
    """Outcome of one part of the check.

    Attributes
    ----------
    part
        ``"forces"``, ``"virial"``, ``"translation"`` or ``"velocities"``.
    ok
        None if there was nothing to compare.
    value, limit
        Largest deviation and what is allowed: eV/Å, eV, eV, eV.
    text
        One sentence.
    """

    part: str
    ok: bool | None
    value: float
    limit: float
    text: str


@dataclass(frozen=True)
class CalculatorCheck:
    """Result of :func:`check_calculator`.

    Attributes
    ----------
    method
        Name of what was checked.
    findings
        One for each part.
    n_evaluations
        How often the calculator was called.
    """

    method: str
    findings: tuple[Finding, ...]
    n_evaluations: int

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return all(finding.ok is not False for finding in self.findings)

    def require(self) -> None:
        """Raise what is wrong.

        Raises
        ------
        CalculationError
            With the sentences of the parts that are wrong.
        """
        wrong = "; ".join(finding.text for finding in self.findings if finding.ok is False)
        if wrong:
            raise CalculationError(f"method {self.method}: {wrong}; ecemc check-calculator shows more")

    def to_dict(self) -> dict[str, Any]:
        """Give it as for JSON."""
        return {"ok": self.ok, **asdict(self)}


@dataclass(frozen=True)
class Slopes:
    """Derivatives along several directions.

    Attributes
    ----------
    numeric, analytic
        Of the energy; the analytic one from forces or virial.
    limits
        Deviations that are none.
    """

    numeric: NDArray[np.float64]
    analytic: NDArray[np.float64]
    limits: NDArray[np.float64]

    @property
    def worst(self) -> int:
        """Direction with the largest deviation relative to its limit."""
        return int(np.argmax(np.abs(self.numeric - self.analytic) / self.limits))

    @property
    def ok(self) -> bool:
        """Whether all agree."""
        return bool((np.abs(self.numeric - self.analytic) <= self.limits).all())


def check_calculator(method: Any, atoms: Atoms, *, thorough: bool = True, seed: int = 1) -> CalculatorCheck:
    """Compare forces and virial of any method with finite differences of its energy.

    Derivatives are taken along the forces, along random displacements of all atoms, and of single components; for the
    virial along strains of atoms and cell together. Each is tried with three step widths, and the best one counts: a
    noisy energy, of a self-consistent field, needs a wide step, one with small jumps a narrow one. Then everything is
    moved by an arbitrary vector, and one atom by a cell vector, and atoms get velocities; neither must change anything.

    Parameters
    ----------
    method
        Anything :func:`ecemc.methods.get_method` takes.
    atoms
        A configuration, best one that is not at equilibrium. The cell may be shorter than the cutoff.
    thorough
        False: few directions and only the isotropic strain, about ten calls.
    seed
        Of the directions.

    Returns
    -------
    CalculatorCheck
        Says in words what is wrong: a sign, a factor, a unit, a kinetic part in the stress.

    Raises
    ------
    InputError
        If the configuration cannot be computed.
    CalculationError
        If there is no energy or there are no forces.

    Examples
    --------
    >>> from ase.build import bulk
    >>> from ase.calculators.emt import EMT
    >>> copper = bulk("Cu", cubic=True)
    >>> copper.rattle(0.1, seed=1)
    >>> check_calculator(EMT, copper).ok
    True
    """
    chosen = get_method(method)
    return judge(chosen.name, chosen.make(), atoms, thorough=thorough, seed=seed)


def judge(name: str, calculator: Any, atoms: Atoms, *, thorough: bool = True, seed: int = 1) -> CalculatorCheck:
    """Check a calculator that is made already, see :func:`check_calculator`."""
    check_geometry(atoms)
    evaluate = _Evaluator(calculator)
    frame = atoms.copy()
    frame.arrays.pop("momenta", None)
    labels = evaluate(frame)
    random = np.random.default_rng(seed)
    findings = [_forces(evaluate, frame, labels, _directions(labels, random, thorough=thorough))]
    findings.append(_virial(evaluate, frame, labels, thorough=thorough))
    findings.append(_translation(evaluate, frame, labels, random))
    if thorough:
        findings.append(_velocities(evaluate, frame, labels, random))
    return CalculatorCheck(name, tuple(findings), evaluate.n_calls)


class _Evaluator:
    """Counts what it computes."""

    def __init__(self, calculator: Any) -> None:
        self._calculator = calculator
        self.n_calls = 0

    def __call__(self, frame: Atoms) -> Labels:
        self.n_calls += 1
        return compute(frame, self._calculator)

    def energy(self, frame: Atoms) -> float:
        energy = self(frame).energy
        assert energy is not None  # noqa: S101 (compute refuses what has none)
        return energy


def _directions(labels: Labels, random: np.random.Generator, *, thorough: bool) -> list[NDArray[np.float64]]:
    """Directions (n, 3), the largest component 1: along the forces, random ones, single components."""
    forces = np.asarray(labels.forces)
    found = [forces] if np.abs(forces).max() > _FORCE else []
    found += [random.standard_normal(forces.shape) for _ in range(3 if thorough else 1)]
    if thorough:
        components = random.choice(forces.size, size=min(6, forces.size), replace=False)
        components[0] = np.abs(forces).argmax()
        for component in components:
            found.append(np.zeros(forces.shape))
            found[-1].flat[component] = 1.0
    return [direction / np.abs(direction).max() for direction in found]


def _forces(evaluate: _Evaluator, frame: Atoms, labels: Labels, directions: list[NDArray[np.float64]]) -> Finding:
    forces = np.asarray(labels.forces)

    def moved(direction: NDArray[np.float64], width: float) -> Atoms:
        other: Atoms = frame.copy()
        other.positions += width * direction
        return other

    analytic = np.array([-float((forces * direction).sum()) for direction in directions])
    limits = np.array(
        [
            _TOLERANCE * float(np.linalg.norm(forces * direction)) + _FORCE * float(np.linalg.norm(direction))
            for direction in directions
        ]
    )
    numeric = _slopes(lambda k, width: evaluate.energy(moved(directions[k], width)), _WIDTHS, analytic, limits)
    slopes = Slopes(numeric, analytic, limits)
    k = slopes.worst
    value = float(abs(slopes.numeric[k] - slopes.analytic[k]))
    if slopes.ok:
        text = f"forces are the derivative of the energy along {len(directions)} directions"
    else:
        text = blame_forces(slopes.numeric, slopes.analytic)
    return Finding("forces", slopes.ok, value, float(limits[k]), text)


def _virial(evaluate: _Evaluator, frame: Atoms, labels: Labels, *, thorough: bool) -> Finding:
    if not frame.pbc.all():
        return Finding("virial", None, float("nan"), float("nan"), "no stress to compare: not periodic along all axes")
    if labels.virial is None:
        return Finding("virial", None, float("nan"), float("nan"), "no stress: good for nve and nvt, not for npt")
    strains = [np.eye(3)]
    if thorough:
        for a, b in ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1)):
            strains.append(np.zeros((3, 3)))
            strains[-1][a, b] = strains[-1][b, a] = 1.0 if a == b else 0.5

    def strained(strain: NDArray[np.float64], width: float) -> Atoms:
        other: Atoms = frame.copy()
        other.set_cell(frame.cell.array @ (np.eye(3) + width * strain), scale_atoms=True)
        return other

    analytic = np.array([-float((labels.virial * strain).sum()) for strain in strains])
    floor = 3.0 * frame.get_volume() * _PRESSURE / EV_PER_A3_TO_BAR
    scale = float(np.linalg.norm(labels.virial))
    limits = np.full(len(strains), _TOLERANCE * scale + floor)
    numeric = _slopes(lambda k, width: evaluate.energy(strained(strains[k], width)), _STRAINS, analytic, limits)
    slopes = Slopes(numeric, analytic, limits)
    value = float(np.abs(slopes.numeric - slopes.analytic).max())
    if slopes.ok:
        text = f"the virial is the derivative of the energy along {len(strains)} strain{'s' * (len(strains) > 1)}"
    else:
        text = blame_virial(slopes.numeric, slopes.analytic, frame.get_volume(), len(frame) * _KT)
    return Finding("virial", slopes.ok, value, float(limits[0]), text)


def _slopes(
    energy: Callable[[int, float], float],
    widths: tuple[float, ...],
    analytic: NDArray[np.float64],
    limits: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Central differences along direction k, with further widths where the first does not agree."""
    numeric = np.empty(len(analytic))
    for k, (expected, limit) in enumerate(zip(analytic, limits, strict=True)):
        tried: list[float] = []
        for width in widths:
            tried.append((energy(k, width) - energy(k, -width)) / (2.0 * width))
            if abs(tried[-1] - expected) <= limit:
                break
        numeric[k] = min(tried, key=lambda slope: abs(slope - expected))
    return numeric


def _translation(evaluate: _Evaluator, frame: Atoms, labels: Labels, random: np.random.Generator) -> Finding:
    other = frame.copy()
    other.positions += random.uniform(1.0, 4.0, 3)
    if frame.pbc.any():
        other.positions[0] += other.cell.array[int(np.flatnonzero(frame.pbc)[0])]
    value = abs(evaluate.energy(other) - float(np.asarray(labels.energy)))
    net = float(np.abs(np.asarray(labels.forces).sum(axis=0)).max())
    ok = value <= _SHIFT
    text = (
        f"the energy does not change when everything is moved (sum of forces {net:.1e} eV/Å)"
        if ok
        else f"the energy changes by {value:.2g} eV when everything is moved by one vector: positions count from "
        "somewhere, or from an origin of the cell"
    )
    return Finding("translation", ok, value, _SHIFT, text)


def _velocities(evaluate: _Evaluator, frame: Atoms, labels: Labels, random: np.random.Generator) -> Finding:
    other = frame.copy()
    other.set_momenta(random.standard_normal((len(frame), 3)) * np.sqrt(frame.get_masses() * _KT)[:, None])
    found = evaluate(other)
    changes = [abs(float(np.asarray(found.energy)) - float(np.asarray(labels.energy)))]
    if found.virial is not None and labels.virial is not None:
        changes.append(float(np.abs(found.virial - labels.virial).max()))
    value, limit = max(changes), 1e-3 * len(frame) * _KT + _SHIFT
    ok = value <= limit
    text = (
        "velocities change neither energy nor stress"
        if ok
        else f"energy or stress change by {value:.2g} eV when the atoms have velocities: they hold a kinetic part, "
        "which is added by the dynamics and would count twice"
    )
    return Finding("velocities", ok, value, limit, text)
