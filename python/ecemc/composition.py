"""Compositions such as ``16EC:32EMC``: parsing, writing, and whole-molecule counts from mole fractions."""

from __future__ import annotations

__all__ = ["composition_from_fractions", "format_composition", "parse_composition"]

import re
from typing import TYPE_CHECKING

from ecemc.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

_PART = re.compile(r"(\d+)\s*([A-Za-z][A-Za-z0-9_+-]*)")


def parse_composition(composition: str | Mapping[str, int]) -> dict[str, int]:
    """Read a composition into molecule counts.

    Parameters
    ----------
    composition
        ``"16EC:32EMC"`` (a colon or comma separates the parts) or ``{"EC": 16, "EMC": 32}``.

    Returns
    -------
    dict
        Number of molecules by name, in the order given; names with zero molecules are left out.

    Raises
    ------
    InputError
        If the text cannot be read, a name is given twice, a count is not a whole number >= 0, or all are zero.

    Examples
    --------
    >>> parse_composition("16EC:32EMC")
    {'EC': 16, 'EMC': 32}
    >>> parse_composition({"EC": 2, "EMC": 0})
    {'EC': 2}
    """
    counts = _read_text(composition) if isinstance(composition, str) else dict(composition)
    for name, count in counts.items():
        if isinstance(count, bool) or not isinstance(count, int) or count < 0:
            raise InputError(f"composition: {name!r} has the count {count!r}; a whole number >= 0 is needed")
    counts = {name: count for name, count in counts.items() if count > 0}
    if not counts:
        raise InputError(f"composition: {composition!r} holds no molecule; write it like '16EC:32EMC'")
    return counts


def format_composition(counts: Mapping[str, int]) -> str:
    """Write molecule counts as text, the inverse of :func:`parse_composition`.

    Examples
    --------
    >>> format_composition({"EC": 16, "EMC": 32})
    '16EC:32EMC'
    """
    return ":".join(f"{count}{name}" for name, count in counts.items())


def composition_from_fractions(fractions: Mapping[str, float], n_molecules: int) -> dict[str, int]:
    """Whole-molecule counts nearest to mole fractions or mole ratios (largest-remainder rounding).

    Parameters
    ----------
    fractions
        Mole fractions or any mole ratio by name, such as ``{"EC": 1, "EMC": 2}``; they need not sum to one.
    n_molecules
        Total number of molecules; the counts sum to it exactly.

    Raises
    ------
    InputError
        If a fraction is negative or not finite, all are zero, or `n_molecules` < 1.

    Examples
    --------
    >>> composition_from_fractions({"EC": 3, "EMC": 7}, 48)
    {'EC': 14, 'EMC': 34}
    """
    total = sum(fractions.values())
    if n_molecules < 1:
        raise InputError(f"n_molecules: got {n_molecules}; at least 1 is needed")
    if not all(0.0 <= x < float("inf") for x in fractions.values()) or total <= 0.0:
        raise InputError(f"fractions: got {dict(fractions)}; finite numbers >= 0 with a positive sum are needed")
    exact = {name: n_molecules * x / total for name, x in fractions.items()}
    counts = {name: int(x) for name, x in exact.items()}
    by_remainder = sorted(exact, key=lambda name: counts[name] - exact[name])
    for name in by_remainder[: n_molecules - sum(counts.values())]:
        counts[name] += 1
    return parse_composition(counts)


def _read_text(text: str) -> dict[str, int]:
    """Read counts from text; every part must be a number followed by a name."""
    counts: dict[str, int] = {}
    for part in map(str.strip, re.split("[:,]", text)):
        match = _PART.fullmatch(part)
        if match is None:
            raise InputError(f"composition: cannot read {part!r} in {text!r}; write counts and names like '16EC:32EMC'")
        if match[2] in counts:
            raise InputError(f"composition: {match[2]!r} is given twice in {text!r}")
        counts[match[2]] = int(match[1])
    return counts
