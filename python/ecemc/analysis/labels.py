"""Energy, temperature and pressure of a frame, where its file tells them."""

from __future__ import annotations

__all__ = ["SERIES_UNITS", "frame_numbers"]

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ecemc import keys
from ecemc.thermo import density
from ecemc.units import EV_PER_A3_TO_BAR

if TYPE_CHECKING:
    from ase import Atoms

#: eV/K, exact since 2019.
_BOLTZMANN = 1.380649e-23 / 1.602176634e-19

#: What :func:`frame_numbers` gives, in the order of tables, apart from the time.
SERIES_UNITS = {
    "density": "g/cm³",
    "volume": "Å³",
    "energy": "eV/atom",
    "temperature": "K",
    "temperature_target": "K",
    "pressure": "bar",
}


def frame_numbers(atoms: Atoms) -> dict[str, float]:
    """Time (fs), density, volume, energy per atom, temperature, its target, pressure; NaN what the frame does not tell.

    The energy is ``REF_energy``, else ``energy``, else that of an attached calculator. The pressure is
    ``(N k T + tr W / 3) / V`` with the kinetic temperature of the frame and its virial W (``REF_virial``,
    ``virial``, or from ASE's stress), so it needs both.
    """
    energy = _first(atoms, keys.REF_ENERGY, "energy")
    temperature = _first(atoms, keys.TEMPERATURE)
    volume = atoms.get_volume()
    pressure = (len(atoms) * _BOLTZMANN * temperature + _virial_trace(atoms) / 3.0) / volume * EV_PER_A3_TO_BAR
    return {
        "time": _first(atoms, keys.TIME),
        "density": density(atoms),
        "volume": volume,
        "energy": energy / len(atoms),
        "temperature": temperature,
        "temperature_target": _first(atoms, keys.TEMPERATURE_TARGET),
        "pressure": pressure,
    }


def _lookup(atoms: Atoms, names: tuple[str, ...]) -> Any:
    results = getattr(atoms.calc, "results", {}) if atoms.calc is not None else {}
    for name in names:
        for table in (atoms.info, results):
            if name in table:
                return table[name]
    return None


def _first(atoms: Atoms, *names: str) -> float:
    """Look up a number; what is there but is no number counts as not there."""
    try:
        return float(_lookup(atoms, names))
    except (TypeError, ValueError):
        return math.nan


def _virial_trace(atoms: Atoms) -> float:
    """Trace of the virial, eV; that of ``W = −stress·V`` if only ASE's stress is there."""
    for names, sign in (((keys.REF_VIRIAL, "virial"), 1.0), (("stress",), -atoms.get_volume())):
        try:
            matrix = np.asarray(_lookup(atoms, names), dtype=np.float64)
        except (TypeError, ValueError):
            continue
        if matrix.size == 9:
            return sign * float(np.trace(matrix.reshape(3, 3)))
        if matrix.size == 6:  # Voigt order: xx, yy, zz first
            return sign * float(matrix.ravel()[:3].sum())
    return math.nan
