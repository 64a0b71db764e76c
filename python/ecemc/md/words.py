"""What a wrong derivative looks like, in words."""

from __future__ import annotations

__all__ = ["blame_forces", "blame_virial"]

from typing import TYPE_CHECKING

import numpy as np

from ecemc.units import BOHR_TO_A, EV_PER_A3_TO_GPA, HARTREE_TO_EV, KCAL_PER_MOL_TO_EV, KJ_PER_MOL_TO_EV

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

#: How exactly a known factor must be met.
_CLOSE = 0.02
_FORCE_FACTORS = (
    (0.5, "half of it"),
    (2.0, "twice it"),
    (BOHR_TO_A, "it in eV/bohr, not eV/Å"),
    (1.0 / HARTREE_TO_EV, "it in Hartree/Å, not eV/Å"),
    (BOHR_TO_A / HARTREE_TO_EV, "it in Hartree/bohr, not eV/Å"),
    (1.0 / KCAL_PER_MOL_TO_EV, "it in kcal/mol/Å, not eV/Å"),
    (1.0 / KJ_PER_MOL_TO_EV, "it in kJ/mol/Å, not eV/Å"),
)
_STRESS_FACTORS = (
    (0.5, "half of it"),
    (2.0, "twice it"),
    (1.0 / 3.0, "a third of it"),
    (3.0, "three times it"),
    (EV_PER_A3_TO_GPA, "it in GPa, not eV/Å³"),
    (10.0 * EV_PER_A3_TO_GPA, "it in kbar, not eV/Å³"),
    (1e4 * EV_PER_A3_TO_GPA, "it in bar, not eV/Å³"),
    (BOHR_TO_A**3 / HARTREE_TO_EV, "it in Hartree/bohr³, not eV/Å³"),
)


def blame_forces(numeric: NDArray[np.float64], analytic: NDArray[np.float64]) -> str:
    """Say how forces differ from the derivative.

    Examples
    --------
    >>> blame_forces(np.array([1.0, -2.0]), np.array([-1.0, 2.0]))
    'forces have the wrong sign: they are +dE/dx, not −dE/dx'
    """
    factor = _factor(numeric, analytic)
    if factor is not None:
        if abs(factor + 1.0) < _CLOSE:
            return "forces have the wrong sign: they are +dE/dx, not −dE/dx"
        name = _named(factor, _FORCE_FACTORS)
        return f"forces are {factor:.4g} times −dE/dx{name}"
    k = int(np.abs(numeric - analytic).argmax())
    return (
        f"forces are not the derivative of the energy: dE/dx along one direction is {numeric[k]:.6g}, "
        f"from the forces {analytic[k]:.6g} eV/Å"
    )


def blame_virial(numeric: NDArray[np.float64], analytic: NDArray[np.float64], volume: float, thermal: float) -> str:
    """Say how the stress differs from the derivative.

    Parameters
    ----------
    numeric, analytic
        eV, dE/dε along the isotropic strain and, perhaps, six others.
    volume
        Å³.
    thermal
        N kT, eV.

    Examples
    --------
    >>> blame_virial(np.array([1.0]), np.array([-1.0]), 1000.0, 0.0)
    'the stress has the wrong sign: it is −dE/dε/V, not +dE/dε/V (the virial is −stress·V)'
    """
    factor = _factor(numeric, analytic)
    if factor is not None:
        if abs(factor + 1.0) < _CLOSE:
            return "the stress has the wrong sign: it is −dE/dε/V, not +dE/dε/V (the virial is −stress·V)"
        sign = "−" if factor < 0.0 else ""
        if abs(abs(factor) / volume - 1.0) < _CLOSE:
            return f"the stress is {sign}volume times dE/dε/V: a virial was given as stress"
        name = _named(abs(factor), _STRESS_FACTORS)
        return f"the stress is {factor:.4g} times dE/dε/V{name}{', with the wrong sign' if factor < 0.0 else ''}"
    off = analytic - numeric
    if abs(off[0]) > 0.0 and np.abs(off[4:]).max(initial=0.0) < _CLOSE * abs(off[0]) and _isotropic(off):
        kelvin = 300.0 * abs(off[0]) / (3.0 * thermal) if thermal else float("nan")
        return (
            f"the stress is off by the same {off[0] / (3.0 * volume) * EV_PER_A3_TO_GPA:.4g} GPa on all axes: a "
            f"kinetic part (that of {kelvin:.0f} K), a pressure, or a missing term that depends on the volume"
        )
    k = int(np.abs(off).argmax())
    return (
        f"the stress is not dE/dε/V: dE/dε along one strain is {numeric[k]:.6g}, from the stress {analytic[k]:.6g} eV"
    )


def _isotropic(off: NDArray[np.float64]) -> bool:
    """Whether the three diagonal strains are off alike; with one strain only there is no telling."""
    return len(off) > 3 and bool(np.abs(off[1:4] - off[0] / 3.0).max() < _CLOSE * abs(off[0]))


def _factor(numeric: NDArray[np.float64], analytic: NDArray[np.float64]) -> float | None:
    """Factor in analytic = factor · numeric, if that explains nearly all of the difference."""
    square = float(numeric @ numeric)
    factor = float(analytic @ numeric) / square if square else 0.0
    rest = float(np.linalg.norm(analytic - factor * numeric))
    close = rest < _CLOSE * float(np.linalg.norm(analytic)) and rest < 0.2 * float(np.linalg.norm(analytic - numeric))
    return factor if close else None


def _named(factor: float, known: Iterable[tuple[float, str]]) -> str:
    for value, name in known:
        if abs(factor / value - 1.0) < _CLOSE:
            return f": {name}"
    return ""
