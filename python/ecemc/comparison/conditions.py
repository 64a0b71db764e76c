"""What else is different between results: systems, settings, and whether they are results of different runs at all."""

from __future__ import annotations

__all__ = ["remarks", "same_composition"]

from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ecemc.comparison.sources import Result

#: Frames; a correlation time below is none.
_CORRELATED = 2.0
#: Settings that change numbers, and what they change.
_SETTINGS = {
    "bond_scale": "molecules may be told apart differently",
    "local_radius": "local compositions are not comparable and left out; analyse with one --local-radius",
}


def remarks(results: Sequence[Result]) -> tuple[str, ...]:
    """One sentence for each condition that the reader of a comparison must know."""
    reference = results[0]
    found: list[str] = []
    for other in results[1:]:
        found += _systems(reference, other)
        found += _settings(reference, other)
        if {sha for _, sha in reference.inputs} & {sha for _, sha in other.inputs}:
            found.append(
                f"{reference.label} and {other.label} come from the same trajectory file, so they are not independent "
                "and the errors of their differences do not hold where they share frames."
            )
    for result in results:
        found += _errors(result)
    return tuple(found)


def same_composition(a: Result, b: Result) -> bool:
    """Whether both are of one system each, with the same mole fractions."""
    return len(a.compositions) == len(b.compositions) == 1 and _fractions(a) == _fractions(b)


def _fractions(result: Result) -> dict[str, Fraction]:
    molecules = result.compositions[0]
    total = sum(molecules.values())
    return {name: Fraction(count, total) for name, count in molecules.items()}


def _systems(a: Result, b: Result) -> Iterator[str]:
    for result, other in ((a, b), (b, a)):
        if extra := sorted(result.species - other.species):
            names = ", ".join(extra)
            yield f"Different systems: only {result.label} has {names}; what {other.label} has too is compared."
    if a.species != b.species:
        return
    for result in (a, b):
        if len(result.compositions) > 1:
            yield f"{result.label} is a collection of {len(result.compositions)} systems, not one run."
    if len(a.compositions) > 1 or len(b.compositions) > 1:
        return
    if not same_composition(a, b):
        yield f"Different compositions: {_molecules(a)}; {_molecules(b)}."
    elif a.compositions != b.compositions:
        yield f"Boxes of different sizes: {_molecules(a)}; {_molecules(b)}."


def _molecules(result: Result) -> str:
    return f"{result.label} has " + " + ".join(f"{count} {name}" for name, count in result.compositions[0].items())


def _settings(a: Result, b: Result) -> Iterator[str]:
    for name, effect in _SETTINGS.items():
        first, second = a.options.get(name), b.options.get(name)
        if first is not None and second is not None and first != second:
            yield f"{name} is {first} in {a.label} and {second} in {b.label}: {effect}."
    target = "temperature_target"
    if target in a.scalars and target in b.scalars:
        first, second = a.scalars[target].value, b.scalars[target].value
        if abs(first - second) > 1e-6 * abs(first):
            yield f"Different temperatures: {a.label} was run at {first:g} K, {b.label} at {second:g} K."


def _errors(result: Result) -> Iterator[str]:
    """Say so if the blocks behind the errors of the RDFs are shorter than the correlation time of the density."""
    density = result.series.get("density")
    if density is None:
        return
    n = len(density.used)
    correlated = n / density.n_effective if density.n_effective > 0.0 and n else 1.0
    if result.block_length < correlated and correlated >= _CORRELATED:
        yield (
            f"{result.label}: the errors of its RDFs are from blocks of {result.block_length} "
            f"frame{'s' * (result.block_length > 1)}, but its density stays correlated over {correlated:.0f}: they may "
            "be too small, and differences of RDFs look more certain than they are."
        )
