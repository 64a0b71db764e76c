"""The calculator, and the method that makes it."""

from __future__ import annotations

__all__ = ["OplsCalculator", "method"]

import hashlib
from functools import partial
from importlib.metadata import version
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np
from ase.calculators.calculator import Calculator, all_changes
from ase.stress import full_3x3_to_voigt_6_stress

from ecemc.errors import InputError
from ecemc.frames import geometry
from ecemc.methods.method import Method
from ecemc.methods.opls.ewald import Splitting, reciprocal, split
from ecemc.methods.opls.intramolecular import intramolecular
from ecemc.methods.opls.pairs import pairs
from ecemc.methods.opls.topology import Topology, find_topology
from ecemc.methods.user import check_options, described
from ecemc.sampling.opls import OplsOptions, tail_coefficient
from ecemc.units import KJ_PER_MOL_TO_EV

if TYPE_CHECKING:
    from ase import Atoms
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_NM = 0.1  # nm per Å


class OplsCalculator(Calculator):
    """OPLS-AA of EC and EMC for any configuration of these molecules.

    The energy is that of :mod:`ecemc.sampling.opls`, which frames of ``ecemc sample`` carry. Atoms and molecules may be
    in any order, molecules broken by boundaries, the cell triclinic and thinner than the cutoff. Forces and stress are
    analytic. Without periodicity Coulomb is the plain sum, Lennard-Jones is switched off as in the liquid, and there is
    no tail correction: a liquid that is pulled apart tends to the sum of its molecules.

    Parameters
    ----------
    cutoff, switch_width
        Of Lennard-Jones, Å, see :class:`ecemc.sampling.OplsOptions`. Energies at different cutoffs are different
        surfaces; the cell does not limit it.

    Notes
    -----
    Molecules are found by distance. Where a volume scan has pushed them so far into each other that atoms of different
    molecules are as close as bonded ones, they cannot be told apart, and that is an error. In liquids this is at linear
    scales of 0.73 to 0.86, at repulsions of some eV per atom.

    Examples
    --------
    >>> from ecemc.testing import molecule
    >>> atoms = molecule("EC")
    >>> atoms.calc = OplsCalculator()
    >>> round(atoms.get_potential_energy(), 3)
    0.481
    """

    implemented_properties: list[str] = [  # noqa: RUF012 (so in ASE)
        "energy",
        "free_energy",
        "forces",
        "stress",
    ]
    default_parameters: dict[str, Any] = {"cutoff": 9.0, "switch_width": 1.0}  # noqa: RUF012

    def __init__(self, cutoff: float = 9.0, switch_width: float = 1.0) -> None:
        super().__init__(cutoff=cutoff, switch_width=switch_width)  # type: ignore[no-untyped-call]

    def set(self, **kwargs: Any) -> dict[str, Any]:
        """Change parameters; results are forgotten then.

        Raises
        ------
        InputError
            If one is out of range.
        """
        OplsOptions(**{**self.parameters, **kwargs})
        changed: dict[str, Any] = super().set(**kwargs)  # type: ignore[no-untyped-call]
        if changed:
            self.reset()  # type: ignore[no-untyped-call]
        return changed

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: list[str] | None = None,
        system_changes: list[str] = all_changes,
    ) -> None:
        """Compute everything.

        Raises
        ------
        InputError
            If there are molecules without parameters, or the frame is periodic along some axes only.
        """
        super().calculate(atoms, properties, system_changes)  # type: ignore[no-untyped-call]
        frame: Any = self.atoms
        pbc = geometry(frame).pbc
        if any(pbc) != all(pbc):
            raise InputError(f"atoms: periodic along some axes only (pbc {pbc}); OPLS-AA takes all three or none")
        topology = find_topology(frame)
        energy, forces, virial = _evaluate(topology, OplsOptions(**self.parameters), periodic=all(pbc))
        self.results = {"energy": energy, "free_energy": energy, "forces": forces}
        if all(pbc):
            self.results["stress"] = full_3x3_to_voigt_6_stress(-virial / frame.get_volume())


def method(**options: Any) -> Method:
    """OPLS-AA with ``cutoff`` and ``switch_width``."""
    check_options("opls", OplsCalculator, (), options)
    settings = OplsCalculator(**options).parameters
    data = (files("ecemc.sampling") / "data" / "opls_ec_emc.json").read_bytes()
    content = {**settings, "parameters": hashlib.sha256(data).hexdigest()}
    identity = described("opls", content, {"ecemc": version("ecemc")})
    return Method("OPLS-AA/LigParGen", identity, partial(OplsCalculator, **options))


def _evaluate(topology: Topology, options: OplsOptions, *, periodic: bool) -> tuple[float, Floats, Floats]:
    """Energy (eV), forces (eV/Å) and virial (eV)."""
    atoms = topology.atoms
    x, cell = atoms.positions, atoms.cell.array
    # Without periodicity all pairs are near.
    splitting = (
        split(len(x), atoms.get_volume(), options.cutoff)
        if periodic
        else Splitting(0.0, float(np.linalg.norm(np.ptp(x, axis=0))) + 1.0, 0.0)
    )
    energy, forces, virial = pairs(topology, splitting, options)
    for parameters, table in topology.species:
        within, pull = intramolecular(parameters, x[table], splitting.alpha)
        energy += within
        forces[table] += pull
        # The molecule feels no net force from itself, so any origin will do.
        virial += np.einsum("mia,mib->ab", x[table] - x[table[:, :1]], pull)
    if periodic:
        far, pull, stretch = reciprocal(x, topology.charges, cell, splitting)
        tail = _tail(topology, options) / atoms.get_volume()
        energy += far + tail
        forces += pull
        virial += stretch + tail * np.eye(3)
    return energy, forces, 0.5 * (virial + virial.T)


def _tail(topology: Topology, options: OplsOptions) -> float:
    """Tail correction times volume, eV Å³."""
    templates = [parameters.template for parameters, table in topology.species for _ in table]
    return tail_coefficient(templates, options) * KJ_PER_MOL_TO_EV / _NM**3
