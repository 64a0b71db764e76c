"""The checks, each a question to a data set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ecemc.dataset.checks.duplicates import Duplicates
from ecemc.dataset.checks.energies import Energies, EnergyUnits
from ecemc.dataset.checks.forces import Constraints, Convergence, ForceUnits, NetForce, Zeros
from ecemc.dataset.checks.geometry import Cells, Contacts, Species
from ecemc.dataset.checks.isolated import IsolatedAtoms
from ecemc.dataset.checks.keys import Keys, Readable
from ecemc.dataset.checks.virials import VirialOrder, VirialSymmetry, VirialText

if TYPE_CHECKING:
    from ecemc.dataset.checks.check import Check
    from ecemc.labels import LabelKeys

__all__ = ["all_checks"]


def all_checks(names: LabelKeys) -> list[Check]:
    """Make every check, in the order in which they are shown."""
    return [
        Keys(names), Readable(), Zeros(), Convergence(), Constraints(), NetForce(), ForceUnits(), VirialOrder(),
        VirialSymmetry(), VirialText(names), EnergyUnits(), Energies(), IsolatedAtoms(), Duplicates(), Cells(),
        Contacts(), Species(),
    ]  # fmt: skip
