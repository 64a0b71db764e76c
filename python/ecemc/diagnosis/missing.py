"""What is not there, and what that leaves open."""

from __future__ import annotations

__all__ = ["missing"]

from typing import TYPE_CHECKING

from ecemc.diagnosis.result import Missing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ecemc.diagnosis.evidence import Evidence


def missing(evidence: Evidence) -> tuple[Missing, ...]:
    """Name the results that would tell more, the most telling first.

    Examples
    --------
    >>> from ecemc.diagnosis import Evidence
    >>> [entry.what for entry in missing(Evidence("model"))]
    ['runs', 'errors', 'scan', 'density', 'comparison']
    """
    return tuple(_missing(evidence))


def _missing(evidence: Evidence) -> Iterator[Missing]:
    errors, scan = evidence.errors, evidence.scan
    if not evidence.npt_runs:
        yield Missing(
            "runs", "whether the liquid holds together at constant pressure",
            "ecemc md liquid.extxyz --model model.xml --ensemble npt -o npt.extxyz",
        )  # fmt: skip
    if errors is None:
        yield Missing(
            "errors", "which part of energy, forces and virial is wrong",
            "ecemc errors test.extxyz --model model.xml -o errors",
        )  # fmt: skip
    elif errors.row("energy", "inter") is None:
        yield Missing(
            "errors within and between molecules", "whether the small part that makes the liquid is right",
            "ecemc decompose test.extxyz, then ecemc errors again",
        )  # fmt: skip
    if scan is None:
        yield Missing(
            "scan", "wall, minimum and tail of the interaction, and isolated molecules",
            "ecemc scan liquid.extxyz --reference opls --model model.xml -o scan",
        )  # fmt: skip
    if not any(entry.reference is not None for entry in evidence.densities) and evidence.comparison is None:
        yield Missing("density", "whether the density is that of the reference", "ecemc density npt.extxyz --json")
    if evidence.comparison is None:
        yield Missing(
            "comparison", "whether the structure is that of the reference",
            "ecemc compare reference model -o comparison",
        )  # fmt: skip
    compositions = {tuple(each.composition.items()) for each in scan.scans} if scan else set()
    compositions_run = {run.composition for run in evidence.npt_runs}
    known = len(errors.groups("composition")) if errors else 0
    if (errors or scan or compositions_run) and max(len(compositions), len(compositions_run), known) < 2:
        yield Missing(
            "other compositions", "whether the model holds beside the composition that it was tested at",
            "ecemc errors and ecemc scan with frames of other compositions",
        )  # fmt: skip
    if evidence.npt_runs and len({run.temperature for run in evidence.npt_runs}) < 2:
        yield Missing(
            "other temperatures", "whether it holds when it is hotter, where fluctuations show first",
            "ecemc md liquid.extxyz --model model.xml --ensemble npt --temperature 500 -o hot.extxyz",
        )  # fmt: skip
