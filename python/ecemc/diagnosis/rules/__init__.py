"""All rules: small functions that take the evidence and give findings; none where there is nothing to say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ecemc.diagnosis.rules import errors, runs, scan, structure

if TYPE_CHECKING:
    from collections.abc import Callable

    from ecemc.diagnosis.evidence import Evidence
    from ecemc.diagnosis.finding import Finding

__all__ = ["RULES"]

#: By name; the order is that of the page.
RULES: dict[str, Callable[[Evidence], list[Finding]]] = {
    rule.__name__: rule
    for rule in (
        runs.stability,
        runs.where_it_fails,
        runs.density,
        runs.fluctuations,
        structure.structure,
        scan.expansion,
        scan.minimum,
        scan.wall,
        scan.tail,
        scan.isolated_limit,
        scan.composition_scans,
        scan.smoothness,
        errors.isolated_molecules,
        errors.intermolecular_energy,
        errors.intermolecular_virial,
        errors.intermolecular_forces,
        errors.composition_errors,
        errors.intramolecular_forces,
        runs.thermostat,
        runs.equation_of_state,
        runs.length,
    )
}
