"""Energy, forces and virial of one configuration from any ASE calculator."""

from __future__ import annotations

__all__ = ["compute"]

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np
from ase.calculators.calculator import all_changes
from ase.stress import voigt_6_to_full_3x3_stress

from ecemc.errors import CalculationError
from ecemc.frames import without_labels
from ecemc.labels import Labels

if TYPE_CHECKING:
    from ase import Atoms
    from numpy.typing import NDArray

_WANTED = ("energy", "forces", "stress")


def compute(atoms: Atoms, calculator: Any) -> Labels:
    """Evaluate one configuration.

    Constraints and stored labels of ``atoms`` play no role. The energy is the one that the forces are the gradient of
    (``free_energy`` where a calculator has it). The virial comes from the stress if the frame is periodic along all
    three axes, W = −stress·V; for a cluster, without any periodicity, it is Σ r_i ⊗ f_i, which is exact and takes no
    stress. It is None in between and where the calculator has no stress.

    Parameters
    ----------
    atoms
        The configuration; not modified.
    calculator
        An ASE calculator.

    Raises
    ------
    CalculationError
        If the calculator has no energy or forces, or they are not finite.
    Exception
        Whatever the calculator raises.

    Examples
    --------
    >>> from ase import Atoms
    >>> from ase.calculators.lj import LennardJones
    >>> labels = compute(Atoms("Ar2", [[0, 0, 0], [0, 0, 1.2]]), LennardJones(rc=10.0))
    >>> round(float(labels.virial[2, 2] + 1.2 * labels.forces[0, 2]), 12)
    0.0
    """
    frame = without_labels(atoms)
    frame.set_constraint()
    frame.calc = None
    results = _results(frame, calculator)
    energy = results.get("free_energy", results.get("energy"))
    if energy is None or results.get("forces") is None:
        missing = "energy" if energy is None else "forces"
        raise CalculationError(f"{type(calculator).__name__}: gives no {missing}")
    labels = Labels(float(energy), np.array(results["forces"], dtype=np.float64), _virial(frame, results))
    for name, value in (("energy", labels.energy), ("forces", labels.forces), ("virial", labels.virial)):
        if value is not None and not np.isfinite(value).all():
            raise CalculationError(f"{type(calculator).__name__}: its {name} is not finite")
    return labels


def _results(frame: Atoms, calculator: Any) -> dict[str, Any]:
    """Have everything computed at once: one property after the other costs some calculators a run each."""
    known = getattr(calculator, "implemented_properties", _WANTED)
    wanted = [name for name in _WANTED if name in known and (name != "stress" or _has_stress(frame))]
    if not hasattr(calculator, "calculate") or not hasattr(calculator, "results"):
        return _asked_one_by_one(frame, calculator, wanted)
    if hasattr(calculator, "reset"):
        calculator.reset()  # nothing of the frame before
    try:
        calculator.calculate(frame, wanted, all_changes)
    except NotImplementedError:  # ASE's PropertyNotImplementedError is one
        # A calculator that announces a stress it has not, such as for some of its methods.
        return _asked_one_by_one(frame, calculator, wanted)
    found = {name: calculator.results.get(name) for name in (*wanted, "free_energy")}
    return {name: value for name, value in found.items() if value is not None}


def _asked_one_by_one(frame: Atoms, calculator: Any, wanted: list[str]) -> dict[str, Any]:
    found = {}
    for name in wanted:
        with suppress(NotImplementedError):
            found[name] = calculator.get_property(name, frame)
    free_energy = getattr(calculator, "results", {}).get("free_energy")
    return found if free_energy is None else {**found, "free_energy": free_energy}


def _has_stress(frame: Atoms) -> bool:
    return bool(frame.pbc.all()) and abs(np.linalg.det(frame.cell.array)) > 0.0


def _virial(frame: Atoms, results: dict[str, Any]) -> NDArray[np.float64] | None:
    if not frame.pbc.any():
        arms = frame.positions - frame.positions.mean(axis=0)
        virial = arms.T @ np.asarray(results["forces"], dtype=np.float64)
        # Antisymmetric is only what the forces' torque has of rounding.
        return np.asarray(0.5 * (virial + virial.T))
    stress = results.get("stress")
    if stress is None:
        return None
    full = voigt_6_to_full_3x3_stress(stress) if np.shape(stress) == (6,) else np.asarray(stress)
    return np.asarray(-frame.get_volume() * full, dtype=np.float64)
