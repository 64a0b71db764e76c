r"""OPLS-AA for EC and EMC as an OpenMM system.

The energy is, with the parameters of ``data/opls_ec_emc.json`` (its README names source and licence),

.. math::
    E = \sum k_b (r - r_0)^2 + \sum k_a (\theta - \theta_0)^2
      + \sum \tfrac{V_1}{2}(1 + \cos\phi) + \tfrac{V_2}{2}(1 - \cos 2\phi) + \tfrac{V_3}{2}(1 + \cos 3\phi)
      + \sum K (1 + d \cos n\phi) + \sum_{i<j} f_{ij} \Big[S(r) \Big(\frac{A_i A_j}{r^{12}}
      - \frac{C_i C_j}{r^6}\Big) + \frac{q_i q_j}{4\pi\varepsilon_0 r}\Big] + \frac{T}{V}

- f = 0 for pairs one or two bonds apart, 1/2 for three, else 1, by the SHORTEST path, which matters in the ring of EC.
- Geometric mixing of both σ and ε, so A = sqrt(4 ε σ¹²) and C = sqrt(4 ε σ⁶) factorise over the pair.
- The Lennard-Jones part is switched off smoothly by S between ``cutoff - switch_width`` and ``cutoff``; 1-4 pairs are
  not switched. T/V adds what S removes, for a uniform liquid (the tail correction); it is worth 0.14 GPa at a cutoff of
  6 Å, where the liquid boils at 400 K without it.
- Coulomb by particle-mesh Ewald (PME); the scaled 1-4 pairs and the excluded ones are taken out of the mesh part.
"""

from __future__ import annotations

__all__ = ["OplsOptions", "Template", "build_system", "get_template", "load_templates", "switching", "tail_coefficient"]

import json
from collections import deque
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy  # its parts are loaded when they are used

from ecemc.errors import InputError, require

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

_KJ = 4.184  # kJ per kcal (thermochemical)
_NM = 0.1  # nm per Å

# OpenMM's fast NonbondedForce mixes σ arithmetically, and its CustomNonbondedForce, which could mix geometrically,
# costs three times as much. With ONE σ for all atoms both rules agree, and 4ε[(σ/r)¹² - (σ/r)⁶] becomes one pure power:
# at σ = 10 nm A/r¹² (the other term is (r/σ)⁶ < 1e-6 of it), at σ = 0.003 nm -C/r⁶ (the other is (σ/r)⁶ < 1e-10). Two
# NonbondedForces, one of each kind, are therefore geometric mixing to rounding, in single precision too.
_SIGMA_REPULSION = 10.0
_SIGMA_DISPERSION = 0.003


@dataclass(frozen=True)
class OplsOptions:
    """Settings of the force field.

    Attributes
    ----------
    cutoff
        Range of Lennard-Jones and of the real-space part of PME, Å. The box must stay thicker than twice this.
    switch_width
        The Lennard-Jones part goes smoothly to zero over this distance below `cutoff`, Å. Never 0: a jump at the cutoff
        would put errors of 1 eV into the virial and separate what energies (Monte Carlo barostat) and forces say of p.
    hydrogen_mass
        Mass of each hydrogen, amu, the difference taken from its heavy atom (the molecule's mass is kept). 3 amu allows
        a time step of 2.5 fs without constraints; structure and density do not depend on it, velocities do.
    """

    cutoff: float = 9.0
    switch_width: float = 1.0
    hydrogen_mass: float = 3.0

    def __post_init__(self) -> None:
        """Refuse settings outside their domain."""
        if not self.cutoff > 0.0:
            raise InputError(f"cutoff: got {self.cutoff} Å; a positive length is needed")
        if not 0.0 < self.switch_width < self.cutoff:
            raise InputError(f"switch_width: got {self.switch_width} Å; 0 < switch_width < cutoff is needed")
        if not 1.0 <= self.hydrogen_mass <= 4.0:
            raise InputError(f"hydrogen_mass: got {self.hydrogen_mass} amu; 1 to 4 amu is sensible")


@dataclass(frozen=True)
class Template:
    """One molecule's parameters, in OpenMM's units (nm, kJ/mol, rad, e, amu); atoms are counted from 0.

    Attributes
    ----------
    symbols, masses, positions
        Elements, masses (n,) amu, and the gas-phase minimum of this force field (n, 3), in Å.
    charges, repulsion, dispersion
        q (n,) e; A (n,) and C (n,) of the pair energy A_i A_j / r¹² - C_i C_j / r⁶.
    bonds, angles
        (i, j, r0, k) and (i, j, k, θ0, k) with E = k (x - x0)²: no factor 1/2.
    torsions
        (i, j, k, l, n, phase, K) with E = K (1 + cos(n φ - phase)), proper and improper.
    excluded, scaled
        Pairs one or two, and three, bonds apart by the shortest path.
    """

    name: str
    symbols: tuple[str, ...]
    masses: NDArray[np.float64]
    positions: NDArray[np.float64]
    charges: NDArray[np.float64]
    repulsion: NDArray[np.float64]
    dispersion: NDArray[np.float64]
    bonds: tuple[tuple[int, int, float, float], ...]
    angles: tuple[tuple[int, int, int, float, float], ...]
    torsions: tuple[tuple[int, int, int, int, int, float, float], ...]
    excluded: tuple[tuple[int, int], ...]
    scaled: tuple[tuple[int, int], ...]


@cache
def load_templates() -> dict[str, Template]:
    """Parameters of all molecules in the package data, by name.

    Examples
    --------
    >>> load_templates()["EC"].symbols
    ('H', 'C', 'H', 'O', 'C', 'C', 'H', 'H', 'O', 'O')
    """
    text = (files("ecemc.sampling") / "data" / "opls_ec_emc.json").read_text(encoding="utf-8")
    return {name: _template(name, data) for name, data in json.loads(text)["molecules"].items()}


def get_template(name: str) -> Template:
    """Look one molecule's parameters up.

    Raises
    ------
    InputError
        If the package has none for it; says for which it has.
    """
    templates = load_templates()
    if name not in templates:
        raise InputError(
            f"composition: no OPLS-AA parameters for {name!r}; the package has {', '.join(templates)}; "
            "for other molecules give an OpenMM force field or system"
        )
    return templates[name]


def build_system(counts: Mapping[str, int], lengths: NDArray[np.float64], options: OplsOptions | None = None) -> Any:
    """Build the OpenMM system of a liquid, molecules in the order of `counts`, the copies of each one after another.

    Parameters
    ----------
    counts
        Number of molecules by name; names are those of :func:`load_templates`.
    lengths
        Edges of the rectangular cell (3,), Å.
    options
        Settings of the force field.

    Returns
    -------
    openmm.System
        Forces: bonds, angles, torsions, Coulomb + dispersion + 1-4, repulsion, tail correction.

    Raises
    ------
    InputError
        If a molecule has no parameters or the cell is thinner than twice the cutoff.
    MissingExtraError
        If OpenMM is not installed.

    Notes
    -----
    The tail correction counts every ordered pair of atoms, i = j included, as a uniform liquid's mean field does.
    """
    mm = require("openmm", "sample")
    options = options or OplsOptions()
    templates = [template for name, count in counts.items() for template in [get_template(name)] * count]
    if min(lengths) < 2.0 * options.cutoff:
        raise InputError(
            f"the cell is {min(lengths):.2f} Å thin, less than twice the cutoff of {options.cutoff} Å; "
            "take more molecules, a lower density or a shorter cutoff"
        )
    system = mm.System()
    system.setDefaultPeriodicBoxVectors(*(np.diag(lengths) * _NM))
    for template in templates:
        for mass in _repartitioned(template, options.hydrogen_mass):
            system.addParticle(mass)
    for force in (*_bonded(mm, templates), *_nonbonded(mm, templates, options), _tail(mm, templates, options)):
        system.addForce(force)
    return system


def switching(r: float, options: OplsOptions) -> float:
    """Switching function S(r): 1 below ``cutoff - switch_width``, 0 beyond ``cutoff``, C² in between.

    S = 1 - 6x⁵ + 15x⁴ - 10x³ with x = (r - start) / width, `r` in Å.

    Examples
    --------
    >>> [switching(r, OplsOptions()) for r in (7.0, 8.5, 9.0)]
    [1.0, 0.5, 0.0]
    """
    if r >= options.cutoff:
        return 0.0
    start = options.cutoff - options.switch_width
    if r <= start:
        return 1.0
    x = (r - start) / options.switch_width
    return 1.0 - x**3 * (10.0 - 15.0 * x + 6.0 * x * x)


def tail_coefficient(templates: Sequence[Template], options: OplsOptions) -> float:
    """T of the tail correction T/V, kJ nm³/mol, for one template per molecule.

    T = 2π [(ΣA)² ∫(1-S) r⁻¹⁰ dr - (ΣC)² ∫(1-S) r⁻⁴ dr], integrals from 0 to infinity.

    Examples
    --------
    >>> tail_coefficient([get_template("EC")], OplsOptions()) < 0.0
    True
    """
    moments = {power: _switched_moment(power, options) for power in (10, 4)}
    repulsion = sum(float(t.repulsion.sum()) for t in templates)
    dispersion = sum(float(t.dispersion.sum()) for t in templates)
    return float(2.0 * np.pi * (repulsion**2 * moments[10] - dispersion**2 * moments[4]))


def _template(name: str, data: dict[str, Any]) -> Template:
    """Turn one molecule of the parameter file into OpenMM's units, atoms counted from 0."""
    atoms = data["atoms"]
    sigma = np.array([a["sigma_A"] for a in atoms]) * _NM
    epsilon = np.array([a["epsilon_kcal"] for a in atoms]) * _KJ
    bonds = tuple((*_indices(b), b["r0_A"] * _NM, b["k_kcal_A2"] * _KJ / _NM**2) for b in data["bonds"])
    paths = _shortest_paths(len(atoms), [(i, j) for i, j, _, _ in bonds])
    return Template(
        name=name,
        symbols=tuple(a["element"] for a in atoms),
        masses=np.array([a["mass"] for a in atoms]),
        positions=np.array([a["xyz_ref_A"] for a in atoms]),
        charges=np.array([a["charge"] for a in atoms]),
        repulsion=np.sqrt(4.0 * epsilon * sigma**12),
        dispersion=np.sqrt(4.0 * epsilon * sigma**6),
        bonds=bonds,
        angles=tuple((*_indices(a), np.radians(a["theta0_deg"]), a["k_kcal_rad2"] * _KJ) for a in data["angles"]),
        torsions=tuple(_fourier(data["torsions"]) + _impropers(data["impropers"])),
        excluded=tuple(pair for pair, length in paths.items() if length <= 2),
        scaled=tuple(pair for pair, length in paths.items() if length == 3),
    )


def _indices(term: dict[str, Any]) -> tuple[int, ...]:
    """Atoms of a bonded term, counted from 0."""
    return tuple(i - 1 for i in term["atoms"])


def _fourier(torsions: list[dict[str, Any]]) -> list[tuple[int, int, int, int, int, float, float]]:
    """V1..V4 of the OPLS torsion: odd n have the phase 0, even n have π (1 - cos nφ)."""
    return [
        (*_indices(t), n, 0.0 if n % 2 else np.pi, t[f"V{n}_kcal"] * _KJ / 2.0)
        for t in torsions
        for n in (1, 2, 3, 4)
        if t[f"V{n}_kcal"] != 0.0
    ]


def _impropers(impropers: list[dict[str, Any]]) -> list[tuple[int, int, int, int, int, float, float]]:
    """K (1 + d cos nφ) of the cvff improper, central atom first; d = -1 is a phase of π."""
    return [(*_indices(t), t["n"], 0.0 if t["d"] > 0 else np.pi, t["K_kcal"] * _KJ) for t in impropers]


def _shortest_paths(n_atoms: int, bonds: list[tuple[int, int]]) -> dict[tuple[int, int], int]:
    """Bonds on the shortest path between atoms i < j, as far as 3, by breadth-first search."""
    neighbors: list[list[int]] = [[] for _ in range(n_atoms)]
    for i, j in bonds:
        neighbors[i].append(j)
        neighbors[j].append(i)
    paths: dict[tuple[int, int], int] = {}
    for start in range(n_atoms):
        distance, queue = {start: 0}, deque([start])
        while queue:
            atom = queue.popleft()
            for other in neighbors[atom]:
                if other not in distance and distance[atom] < 3:
                    distance[other] = distance[atom] + 1
                    queue.append(other)
        paths |= {(start, end): length for end, length in distance.items() if end > start}
    return paths


def _repartitioned(template: Template, hydrogen_mass: float) -> NDArray[np.float64]:
    """Masses with the hydrogens made heavier at the expense of the atoms that they are bound to."""
    masses = template.masses.copy()
    for i, j, _, _ in template.bonds:
        for hydrogen, heavy in ((i, j), (j, i)):
            if template.symbols[hydrogen] == "H":
                masses[heavy] -= hydrogen_mass - masses[hydrogen]
                masses[hydrogen] = hydrogen_mass
    return masses


def _offsets(templates: list[Template]) -> NDArray[np.int64]:
    """First atom of each molecule."""
    return np.cumsum([0, *(len(t.symbols) for t in templates)])[:-1]


def _bonded(mm: Any, templates: list[Template]) -> tuple[Any, Any, Any]:
    """Bonds, angles and torsions; OpenMM's harmonic terms have a 1/2, ours have none."""
    bond, angle, torsion = mm.HarmonicBondForce(), mm.HarmonicAngleForce(), mm.PeriodicTorsionForce()
    for o, template in zip(map(int, _offsets(templates)), templates, strict=True):
        for i, j, r0, k in template.bonds:
            bond.addBond(o + i, o + j, r0, 2.0 * k)
        for i, j, m, theta0, k in template.angles:
            angle.addAngle(o + i, o + j, o + m, theta0, 2.0 * k)
        for i, j, m, n, periodicity, phase, k in template.torsions:
            torsion.addTorsion(o + i, o + j, o + m, o + n, periodicity, phase, k)
    return bond, angle, torsion


def _nonbonded(mm: Any, templates: list[Template], options: OplsOptions) -> tuple[Any, Any]:
    """Coulomb, dispersion and 1-4 pairs in one force, the repulsion in another: see ``_SIGMA_REPULSION``."""
    main, repulsion = mm.NonbondedForce(), mm.NonbondedForce()
    main.setNonbondedMethod(mm.NonbondedForce.PME)
    repulsion.setNonbondedMethod(mm.NonbondedForce.CutoffPeriodic)
    for force in (main, repulsion):
        force.setCutoffDistance(options.cutoff * _NM)
        force.setUseSwitchingFunction(True)
        force.setSwitchingDistance((options.cutoff - options.switch_width) * _NM)
        force.setUseDispersionCorrection(False)
    for o, t in zip(map(int, _offsets(templates)), templates, strict=True):
        for q, a, c in zip(t.charges, t.repulsion, t.dispersion, strict=True):
            main.addParticle(q, _SIGMA_DISPERSION, c * c / (4.0 * _SIGMA_DISPERSION**6))
            repulsion.addParticle(0.0, _SIGMA_REPULSION, a * a / (4.0 * _SIGMA_REPULSION**12))
        for i, j in t.excluded:
            main.addException(o + i, o + j, 0.0, 1.0, 0.0)
        for i, j in t.scaled:
            sixth = t.repulsion[i] * t.repulsion[j] / (t.dispersion[i] * t.dispersion[j])  # σ⁶
            epsilon = t.dispersion[i] * t.dispersion[j] / (4.0 * sixth)
            main.addException(o + i, o + j, 0.5 * t.charges[i] * t.charges[j], sixth ** (1 / 6), 0.5 * epsilon)
        for i, j in (*t.excluded, *t.scaled):
            repulsion.addException(o + i, o + j, 0.0, 1.0, 0.0)
    return main, repulsion


def _tail(mm: Any, templates: list[Template], options: OplsOptions) -> Any:
    """Make a force of the tail correction."""
    force = mm.CustomVolumeForce("tail/v")
    force.addGlobalParameter("tail", tail_coefficient(templates, options))
    return force


def _switched_moment(power: int, options: OplsOptions) -> float:
    """Integral of (1 - S(r)) r^-power over r from 0 to infinity, in nm^(1-power)."""
    start = options.cutoff - options.switch_width
    inner = scipy.integrate.quad(lambda r: (1.0 - switching(r, options)) * r**-power, start, options.cutoff)[0]
    outer = options.cutoff ** (1 - power) / (power - 1)
    return float(inner + outer) * _NM ** (1 - power)
