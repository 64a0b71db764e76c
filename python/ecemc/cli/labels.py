"""Options of the verbs that read labels: how energy, forces and virial are spelt in the file."""

from __future__ import annotations

__all__ = ["energy_key_option", "forces_key_option", "label_keys", "prefix_option", "virial_key_option"]

from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from ecemc.labels import LabelKeys

#: What the keys of labels begin with where nobody says otherwise.
PREFIX = "REF_"


def prefix_option() -> Any:
    """Beginning of all keys."""
    return typer.Option(
        "--prefix", metavar="TEXT", help="Labels are TEXTenergy, TEXTforces, TEXTvirial (or TEXTstress)."
    )


def energy_key_option() -> Any:
    """Key of the energy."""
    return typer.Option("--energy-key", metavar="KEY", help="Energy, eV, where it does not have the prefix.")


def forces_key_option() -> Any:
    """Key of the forces."""
    return typer.Option("--forces-key", metavar="KEY", help="Forces, eV/Å, where they do not have the prefix.")


def virial_key_option() -> Any:
    """Key of the virial."""
    return typer.Option("--virial-key", metavar="KEY", help="Virial, nine numbers in eV, where it has no prefix.")


def label_keys(
    prefix: str = PREFIX, energy: str | None = None, forces: str | None = None, virial: str | None = None
) -> LabelKeys:
    """Spell the keys as the options say; an empty option is one that was not given."""
    from dataclasses import replace

    from ecemc.labels import LabelKeys

    given = {"energy": energy, "forces": forces, "virial": virial}
    return replace(LabelKeys.prefixed(prefix), **{name: key for name, key in given.items() if key})
