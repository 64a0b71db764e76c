"""Several models as one: their mean, and how far they disagree."""

from __future__ import annotations

__all__ = ["Committee"]

from typing import TYPE_CHECKING, Any

import numpy as np
from ase.calculators.calculator import Calculator, all_changes

from ecemc.errors import InputError
from ecemc.gap.model import GAP

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike

    from ase import Atoms


class Committee(Calculator):
    """ASE calculator of the mean of several GAP models.

    Models that were fitted with other seeds or to other parts of the data agree where there were data and disagree
    elsewhere. Their spread is a warning; that they agree is no proof.

    Parameters
    ----------
    models
        At least two: paths, or :class:`ecemc.GAP` calculators.
    engine, n_threads
        As for :class:`ecemc.GAP`, of models given as paths.

    Raises
    ------
    InputError
        If there are fewer than two models, and as :class:`ecemc.GAP`.
    FileFormatError
        If a model is not whole.

    Notes
    -----
    Beside the mean of ``energy``, ``free_energy``, ``energies``, ``forces`` and ``stress``, ``results`` holds the
    standard deviations over the models (of n − 1 degrees of freedom): ``energy_spread`` (eV), ``energies_spread`` (n,)
    and ``forces_spread`` (n,) in eV/Å, the root of the summed variances of x, y and z.

    Examples
    --------
    >>> from ecemc.gap import Committee  # doctest: +SKIP
    >>> atoms.calc = Committee(["a.xml", "b.xml", "c.xml"])  # doctest: +SKIP
    >>> atoms.get_potential_energy(), atoms.calc.results["energy_spread"]  # doctest: +SKIP
    """

    implemented_properties = [  # noqa: RUF012  (as in ASE)
        *GAP.implemented_properties,
        "energy_spread",
        "energies_spread",
        "forces_spread",
    ]

    def __init__(
        self, models: Sequence[str | PathLike[str] | GAP], engine: str = "auto", *, n_threads: int | None = None
    ) -> None:
        if len(models) < 2:
            raise InputError(f"models: got {len(models)}, expected at least two")
        Calculator.__init__(self)
        self.models = tuple(
            model if isinstance(model, GAP) else GAP(model, engine, n_threads=n_threads) for model in models
        )

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: Sequence[str] = ("energy",),
        system_changes: Sequence[str] = tuple(all_changes),
    ) -> None:
        """Compute everything the models give for one configuration; ASE calls this."""
        Calculator.calculate(self, atoms, list(properties), list(system_changes))
        self.results = {}
        single: list[dict[str, Any]] = []
        for model in self.models:
            model.calculate(self.atoms)
            single.append(model.results)
        stacked = {name: np.array([results[name] for results in single]) for name in single[0]}
        results = {name: values.mean(axis=0) for name, values in stacked.items()}
        deviation = {name: stacked[name].std(axis=0, ddof=1) for name in ("energy", "energies", "forces")}
        self.results = {
            **{name: float(value) if np.ndim(value) == 0 else value for name, value in results.items()},
            "energy_spread": float(deviation["energy"]),
            "energies_spread": deviation["energies"],
            "forces_spread": np.linalg.norm(deviation["forces"], axis=1),
        }
