"""What can be sampled: a start configuration with the OpenMM system that acts on it.

Three ways to make one: :func:`opls_liquid` packs EC and EMC and uses the package's OPLS-AA parameters,
:func:`forcefield_liquid` takes an OpenMM force-field XML and a PDB box, :func:`system_liquid` a serialised OpenMM
system and a box. All end in the same :class:`Liquid`, which :func:`ecemc.sampling.sample` runs.
"""

from __future__ import annotations

__all__ = ["Liquid", "forcefield_liquid", "opls_liquid", "system_liquid"]

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ase
import numpy as np
from ase.formula import Formula

from ecemc.composition import parse_composition
from ecemc.errors import FileFormatError, InputError, require
from ecemc.sampling.boxes import guess_density, pack_box
from ecemc.sampling.opls import OplsOptions, build_system
from ecemc.sampling.quantities import plain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_NM = 0.1  # nm per Å


@dataclass(frozen=True)
class Liquid:
    """A start configuration and the system that acts on it.

    Attributes
    ----------
    atoms
        Rectangular periodic cell, molecules whole.
    system
        ``openmm.System`` of as many particles, flexible, without barostat or thermostat.
    composition
        Number of molecules by name.
    force_field
        Written into every frame.

    Raises
    ------
    InputError
        If the two do not belong together or the system cannot be labelled, saying how to mend it.
    """

    atoms: ase.Atoms
    system: Any
    composition: dict[str, int]
    force_field: str

    def __post_init__(self) -> None:
        """Refuse what could not be sampled or labelled correctly."""
        mm = require("openmm", "sample")
        if len(self.atoms) != self.system.getNumParticles():
            raise InputError(
                f"system: it has {self.system.getNumParticles()} particles, the start box {len(self.atoms)} atoms"
            )
        cell = self.atoms.cell.array
        if not self.atoms.pbc.all() or np.any(cell != np.diag(np.diag(cell))) or np.any(np.diag(cell) <= 0.0):
            raise InputError("start: a rectangular cell, periodic in all three directions, is needed")
        _refuse_constraints(self.system)
        for force in self.system.getForces():
            if "Barostat" in type(force).__name__ or "Thermostat" in type(force).__name__:
                raise InputError(f"system: it brings a {type(force).__name__}; remove it, the options set T and p")
            if isinstance(force, mm.HarmonicBondForce):
                _refuse_broken_molecules(self.atoms, force)


def opls_liquid(
    composition: str | Mapping[str, int],
    *,
    temperature: float = 400.0,
    density: float | None = None,
    seed: int = 1,
    options: OplsOptions | None = None,
) -> Liquid:
    """Pack a liquid of EC and EMC with the OPLS-AA parameters of the package.

    Parameters
    ----------
    composition
        Such as ``"16EC:32EMC"`` or ``{"EC": 16, "EMC": 32}``.
    temperature
        K; only used to guess the density.
    density
        g/cm³ of the packed box; None takes a guess good to 2%, to be equilibrated at constant pressure.
    seed
        Seed of the packing.
    options
        Settings of the force field.

    Raises
    ------
    InputError
        If the composition or density is not possible, or the box would be thinner than twice the cutoff.
    MissingExtraError
        If OpenMM or packmol is not installed.
    """
    counts = parse_composition(composition)
    atoms = pack_box(counts, guess_density(counts, temperature) if density is None else density, seed=seed)
    system = build_system(counts, atoms.cell.lengths(), options)
    return Liquid(atoms, system, counts, "OPLS-AA/LigParGen")


def forcefield_liquid(forcefield: Sequence[str | Path], start: str | Path, *, cutoff: float = 9.0) -> Liquid:
    """Sample other molecules: OpenMM force-field XML with residue templates, and a PDB of the start box.

    Parameters
    ----------
    forcefield
        XML files, or names of those that OpenMM ships, such as ``["amber14/tip3p.xml"]``.
    start
        PDB file with the cell (CRYST1), residues named as in the XML, bonds (CONECT) unless OpenMM knows the residue.
    cutoff
        Å; the last Å is switched if Lennard-Jones terms are in a ``NonbondedForce``.

    Notes
    -----
    The system is made with PME, the tail correction if the XML asks for it, no constraints, flexible water and 3 amu
    hydrogens: rigid bonds have no place in labels for a machine-learning potential, no force or virial shows them.
    """
    app = require("openmm.app", "sample")
    start = _existing(start)
    try:
        pdb = app.PDBFile(str(start))
    except Exception as error:  # whatever its parser stumbles over
        raise FileFormatError(f"{start}: not a PDB file that OpenMM can read ({error})") from error
    try:
        system = app.ForceField(*map(str, forcefield)).createSystem(
            pdb.topology,
            nonbondedMethod=app.PME,
            nonbondedCutoff=cutoff * _NM,
            switchDistance=(cutoff - 1.0) * _NM,
            constraints=None,
            rigidWater=False,
            removeCMMotion=False,
            hydrogenMass=3.0,
        )
    except Exception as error:  # OpenMM raises bare Exception, ValueError, AssertionError, ...
        raise InputError(f"forcefield: {', '.join(map(str, forcefield))} on {start}: {error}") from error
    vectors = pdb.topology.getPeriodicBoxVectors()
    if vectors is None:
        raise FileFormatError(f"{start}: no cell; a CRYST1 record is needed")
    symbols = [atom.element.symbol for atom in pdb.topology.atoms()]
    positions = np.array(plain(pdb.getPositions(asNumpy=True))) / _NM
    atoms = ase.Atoms(symbols, positions, cell=np.array(plain(vectors)) / _NM, pbc=True)
    return Liquid(atoms, system, _formulas(atoms, system), "+".join(Path(f).name for f in forcefield))


def system_liquid(system: str | Path, start: str | Path) -> Liquid:
    """Sample other molecules: an OpenMM system serialised to XML, and the start box in any format that ASE reads.

    Parameters
    ----------
    system
        Written by ``openmm.XmlSerializer.serialize``; everything in it but PME's accuracy is taken as it is.
        Lennard-Jones truncated without switching makes the virial noisy, see :mod:`ecemc.sampling.labels`.
    start
        Start box: rectangular cell, atoms in the order of the system, molecules whole.
    """
    from ase.io import read  # noqa: PLC0415  (slow to import)

    mm = require("openmm", "sample")
    path, start = _existing(system), _existing(start)
    try:
        loaded = mm.XmlSerializer.deserialize(path.read_text(encoding="utf-8"))
    except Exception as error:  # OpenMM raises bare Exception and more
        raise FileFormatError(f"{path}: not a serialised OpenMM system: {error}") from error
    if not isinstance(loaded, mm.System):
        raise FileFormatError(f"{path}: holds a {type(loaded).__name__}, an openmm.System is needed")
    atoms = read(start, index=0)
    if not isinstance(atoms, ase.Atoms):
        raise FileFormatError(f"{start}: holds no atoms")
    return Liquid(atoms, loaded, _formulas(atoms, loaded), path.name)


def _existing(path: str | Path) -> Path:
    """Return the path of a file that is there."""
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"no file {path}")
    return path


def _formulas(atoms: ase.Atoms, system: Any) -> dict[str, int]:
    """Molecules by Hill formula, as OpenMM finds them from bonds."""
    mm = require("openmm", "sample")
    try:
        context = mm.Context(system, mm.VerletIntegrator(1.0), mm.Platform.getPlatformByName("Reference"))
    except mm.OpenMMException as error:
        raise InputError(f"system: OpenMM cannot run it: {error}") from error
    return dict(
        Counter(Formula.from_list(atoms.symbols[list(molecule)]).format("hill") for molecule in context.getMolecules())
    )


def _refuse_constraints(system: Any) -> None:
    """Refuse what has forces that labels do not show."""
    if system.getNumConstraints():
        raise InputError(
            f"system: it has {system.getNumConstraints()} constraints, whose forces no label would show; "
            "create it with constraints=None, rigidWater=False"
        )
    if any(system.isVirtualSite(i) for i in range(system.getNumParticles())):
        raise InputError("system: it has virtual sites, which are no atoms; take a model without them")


def _refuse_broken_molecules(atoms: ase.Atoms, bonds: Any) -> None:
    """Bonded terms are evaluated without periodicity, so molecules must be whole."""
    if bonds.getNumBonds() == 0:
        return
    pairs = np.array([bonds.getBondParameters(k)[:2] for k in range(bonds.getNumBonds())])
    lengths = np.linalg.norm(atoms.positions[pairs[:, 0]] - atoms.positions[pairs[:, 1]], axis=1)
    worst = int(lengths.argmax())
    if lengths[worst] > 0.5 * min(atoms.cell.lengths()):
        i, j = pairs[worst]
        raise InputError(
            f"start: atoms {i} and {j} are bound but {lengths[worst]:.1f} Å apart; make molecules whole first "
            "(ecemc.make_whole)"
        )
