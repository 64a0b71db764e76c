"""Mole ratios, mole fractions, mass fractions and numbers of molecules, converted into each other."""

from __future__ import annotations

__all__ = [
    "amounts",
    "format_amounts",
    "mass_fractions",
    "molar_mass",
    "mole_fractions",
    "mole_fractions_from_mass",
    "mole_ratio",
]

import math
import re
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from ase.data import atomic_masses, atomic_numbers
from ase.formula import Formula

from ecemc.composition import format_composition, parse_composition
from ecemc.errors import InputError
from ecemc.species import KNOWN_SPECIES, parse_smiles

if TYPE_CHECKING:
    from collections.abc import Mapping

    #: ``"16EC:32EMC"``, or an amount (molecules, moles, mole fractions) for each species.
    CompositionLike = str | Mapping[str, float]


def mole_fractions(composition: CompositionLike) -> dict[str, float]:
    """Mole fractions of numbers of molecules or any mole ratio.

    Parameters
    ----------
    composition
        ``"16EC:32EMC"``, or ``{"EC": 1, "EMC": 2}``; the name of a species alone is the pure liquid.

    Raises
    ------
    InputError
        If the text cannot be read, an amount is negative or not finite, or all are zero.

    Examples
    --------
    >>> mole_fractions("1EC:3EMC"), mole_fractions("EC")
    ({'EC': 0.25, 'EMC': 0.75}, {'EC': 1.0})
    """
    found = amounts(composition)
    total = sum(found.values())
    return {name: amount / total for name, amount in found.items()}


def amounts(composition: CompositionLike) -> dict[str, float]:
    """Amounts as they are given, such as numbers of molecules; species without any are left out.

    Raises
    ------
    InputError
        As :func:`mole_fractions`.

    Examples
    --------
    >>> amounts("16EC:32EMC"), amounts("0.3EC:0.7EMC")
    ({'EC': 16, 'EMC': 32}, {'EC': 0.3, 'EMC': 0.7})
    """
    if isinstance(composition, str):
        found: Mapping[str, float] = {composition: 1} if composition in KNOWN_SPECIES else _read(composition)
    else:
        found = composition
    if not all(math.isfinite(amount) and amount >= 0.0 for amount in found.values()) or not sum(found.values()):
        raise InputError(f"composition: got {dict(found)}, expected finite amounts >= 0, not all of them 0")
    return {name: amount for name, amount in found.items() if amount > 0.0}


def mass_fractions(composition: CompositionLike) -> dict[str, float]:
    """Mass fractions of numbers of molecules or any mole ratio.

    Raises
    ------
    InputError
        As :func:`mole_fractions` and :func:`molar_mass`.

    Examples
    --------
    >>> {name: round(w, 4) for name, w in mass_fractions("1EC:2EMC").items()}
    {'EC': 0.2972, 'EMC': 0.7028}
    """
    weights = {name: x * molar_mass(name) for name, x in mole_fractions(composition).items()}
    return {name: weight / sum(weights.values()) for name, weight in weights.items()}


def mole_fractions_from_mass(masses: Mapping[str, float]) -> dict[str, float]:
    """Mole fractions of mass fractions or any masses.

    Raises
    ------
    InputError
        As :func:`mole_fractions` and :func:`molar_mass`.

    Examples
    --------
    >>> {name: round(x, 4) for name, x in mole_fractions_from_mass({"EC": 0.3, "EMC": 0.7}).items()}
    {'EC': 0.3363, 'EMC': 0.6637}
    """
    return mole_fractions({name: weight / molar_mass(name) for name, weight in masses.items()})


def format_amounts(composition: Mapping[str, float]) -> str:
    """Numbers of molecules as text, or the mole ratio if they are no whole numbers.

    Examples
    --------
    >>> format_amounts({"EC": 4.0, "EMC": 8.0}), format_amounts({"EC": 0.25, "EMC": 0.75})
    ('4EC:8EMC', '1EC:3EMC')
    """
    if all(float(amount).is_integer() for amount in composition.values()):
        return format_composition({name: int(amount) for name, amount in composition.items()})
    return mole_ratio(composition)


def mole_ratio(composition: CompositionLike) -> str:
    """Mole ratio in smallest whole numbers; mole fractions to three places where there are none below 1000.

    Examples
    --------
    >>> mole_ratio("16EC:32EMC"), mole_ratio({"EC": 0.3, "EMC": 0.7}), mole_ratio({"EC": 0.123456, "EMC": 0.876544})
    ('1EC:2EMC', '3EC:7EMC', '0.123EC:0.877EMC')
    """
    fractions = mole_fractions(composition)
    smallest = min(fractions.values())
    for count in range(1, 1000):
        counts = {name: x / smallest * count for name, x in fractions.items()}
        if max(counts.values()) >= 1000.0:
            break
        if all(abs(value - round(value)) < 1e-6 * value for value in counts.values()):
            return format_composition({name: round(value) for name, value in counts.items()})
    return ":".join(f"{x:.3f}{name}" for name, x in fractions.items())


@cache
def molar_mass(species: str) -> float:
    """Molar mass in g/mol, with the masses of ASE.

    Parameters
    ----------
    species
        A known species (:mod:`ecemc.species`), or a formula such as ``"CO2"``, also with the digits that
        :func:`ecemc.find_molecules` puts behind it.

    Raises
    ------
    InputError
        If it is neither; :func:`ecemc.register_species` keeps the name, not the mass, of what it adds.

    Examples
    --------
    >>> round(molar_mass("EC"), 3), round(molar_mass("EMC"), 3), round(molar_mass("C3H4O3-012345"), 3)
    (88.062, 104.105, 88.062)
    """
    if species in KNOWN_SPECIES:
        return float(np.sum(atomic_masses[parse_smiles(KNOWN_SPECIES[species]).numbers]))
    formula = re.sub(r"-[0-9a-f]{6}$", "", species)
    try:
        counts = Formula(formula, strict=True).count()
        mass = sum(count * float(atomic_masses[atomic_numbers[symbol]]) for symbol, count in counts.items())
    except (ValueError, KeyError):
        mass = 0.0
    if not mass or "X" in counts:
        raise InputError(f"species: the mass of {species!r} is not known; expected a known species, or a formula")
    return mass


def _read(text: str) -> Mapping[str, float]:
    """Read counts, which may be fractions: ``0.3EC:0.7EMC``."""
    parts = [re.fullmatch(r"(\d+\.\d*|\.\d+|\d+)\s*([A-Za-z].*)", part.strip()) for part in re.split("[:,]", text)]
    if all(parts) and any("." in part[1] for part in parts if part):
        return {part[2]: float(part[1]) for part in parts if part}
    return dict(parse_composition(text))
