"""Energy, forces and virial of configurations from any ASE calculator."""

from __future__ import annotations

__all__ = ["ask", "compute", "compute_together", "takes_many"]

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np
from ase.calculators.calculator import all_changes
from ase.stress import voigt_6_to_full_3x3_stress

from ecemc.errors import CalculationError
from ecemc.frames import without_labels
from ecemc.labels import Labels

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    if takes_many(calculator):
        return compute_together([atoms], calculator)[0]
    frame = _bare(atoms)
    results = _results(frame, calculator)
    energy = results.get("free_energy", results.get("energy"))
    forces, stress = results.get("forces"), results.get("stress")
    virial = None
    if stress is not None:
        full = voigt_6_to_full_3x3_stress(stress) if np.shape(stress) == (6,) else np.asarray(stress)
        virial = np.asarray(-frame.get_volume() * full, dtype=np.float64)
    return _checked(frame, energy, forces, virial, calculator)


def takes_many(calculator: Any) -> bool:
    """Tell whether a calculator is one for :func:`compute_together`.

    Examples
    --------
    >>> from ase.calculators.lj import LennardJones
    >>> takes_many(LennardJones())
    False
    """
    return callable(getattr(calculator, "labels", None))


def compute_together(frames: Sequence[Atoms], calculator: Any) -> list[Labels]:
    """Evaluate many configurations at once, which some calculators do faster, small molecules above all.

    Every result has the same bits as from :func:`compute`.

    Parameters
    ----------
    frames
        The configurations; not modified.
    calculator
        With a method ``labels(frames)`` that gives :class:`ecemc.labels.Labels` for each, as :class:`ecemc.GAP` has.

    Raises
    ------
    CalculationError
        As :func:`compute`, if this happens for one of them.
    Exception
        Whatever the calculator raises.

    Examples
    --------
    >>> from ase.build import molecule
    >>> labels = compute_together([molecule("H2O"), molecule("CO2")], ecemc.GAP("model.xml"))  # doctest: +SKIP
    """
    bare = [_bare(atoms) for atoms in frames]
    return [
        _checked(frame, labels.energy, labels.forces, labels.virial, calculator)
        for frame, labels in zip(bare, calculator.labels(bare), strict=True)
    ]


def _bare(atoms: Atoms) -> Atoms:
    """Copy without stored labels, constraints and calculator."""
    frame = without_labels(atoms)
    frame.set_constraint()
    frame.calc = None
    return frame


def _checked(frame: Atoms, energy: Any, forces: Any, virial: Any, calculator: Any) -> Labels:
    """Labels that can be used; with a virial where it has a meaning."""
    name = type(calculator).__name__
    if energy is None or forces is None:
        raise CalculationError(f"{name}: gives no {'energy' if energy is None else 'forces'}")
    forces = np.array(forces, dtype=np.float64)
    if not frame.pbc.any():
        virial = _of_a_cluster(frame, forces)
    elif not frame.pbc.all():
        virial = None
    labels = Labels(float(energy), forces, virial)
    for what, value in (("energy", labels.energy), ("forces", labels.forces), ("virial", labels.virial)):
        if value is not None and not np.isfinite(value).all():
            raise CalculationError(f"{name}: its {what} is not finite")
    return labels


def _of_a_cluster(frame: Atoms, forces: NDArray[np.float64]) -> NDArray[np.float64]:
    arms = frame.positions - frame.positions.mean(axis=0)
    virial = arms.T @ forces
    # Antisymmetric is only what the forces' torque has of rounding.
    return np.asarray(0.5 * (virial + virial.T))


def _results(frame: Atoms, calculator: Any) -> dict[str, Any]:
    known = getattr(calculator, "implemented_properties", _WANTED)
    wanted = [name for name in _WANTED if name in known and (name != "stress" or _has_stress(frame))]
    if hasattr(calculator, "reset"):
        calculator.reset()  # nothing of the frame before
    return ask(calculator, frame, wanted)


def ask(
    calculator: Any, frame: Atoms, wanted: Sequence[str], changes: Sequence[str] = tuple(all_changes)
) -> dict[str, Any]:
    """Have everything computed at once: one property after the other costs some calculators a run each.

    Parameters
    ----------
    calculator
        An ASE calculator.
    frame
        What to compute.
    wanted
        Names of properties; those that the calculator turns out not to have are left out.
    changes
        What is new since its last configuration, as ASE names it.

    Returns
    -------
    dict
        Results by name, with ``free_energy`` if there is one.

    Raises
    ------
    Exception
        Whatever the calculator raises.
    """
    if hasattr(calculator, "calculate") and hasattr(calculator, "results"):
        # A calculator may announce a stress it has not, such as for some of its methods; ASE's error is one of these.
        with suppress(NotImplementedError):
            calculator.calculate(frame, list(wanted), list(changes))
            found = {name: calculator.results.get(name) for name in (*wanted, "free_energy")}
            return {name: value for name, value in found.items() if value is not None}
    found = {}
    for name in wanted:
        with suppress(NotImplementedError):
            found[name] = calculator.get_property(name, frame)
    free_energy = getattr(calculator, "results", {}).get("free_energy")
    return found if free_energy is None else {**found, "free_energy": free_energy}


def _has_stress(frame: Atoms) -> bool:
    return bool(frame.pbc.all()) and abs(np.linalg.det(frame.cell.array)) > 0.0
