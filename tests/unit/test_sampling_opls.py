"""The OPLS-AA system: parameters, symmetry, exclusions, masses, refusals."""

from __future__ import annotations

import numpy as np
import pytest

from ecemc.errors import InputError
from ecemc.sampling import Labeller, OplsOptions
from ecemc.sampling.opls import build_system, load_templates, switching
from ecemc.units import KCAL_PER_MOL_TO_EV

mm = pytest.importorskip("openmm", reason="needs ecemc[sample]")

SMALL = OplsOptions(cutoff=6.0)
#: Permutations of a molecule's atoms (from 0) that map its bond graph onto itself.
SYMMETRIES = [
    ("EC", {0: 2, 2: 0}),
    ("EC", {6: 7, 7: 6}),
    ("EC", {3: 8, 8: 3, 1: 4, 4: 1, 0: 6, 6: 0, 2: 7, 7: 2}),
    ("EMC", {7: 8, 8: 7}),
    ("EMC", {7: 8, 8: 9, 9: 7}),
    ("EMC", {10: 11, 11: 10}),
    ("EMC", {12: 14, 14: 12}),
]


@pytest.mark.parametrize("name", ["EC", "EMC"])
def test_molecules_are_neutral(name):
    assert abs(load_templates()[name].charges.sum()) < 1e-12


@pytest.mark.parametrize(("name", "swap"), SYMMETRIES)
def test_energy_does_not_know_which_of_equivalent_atoms_is_which(name, swap):
    template, rng = load_templates()[name], np.random.default_rng(7)
    cell = 13.0 * np.eye(3)
    label = Labeller(build_system({name: 1}, np.diag(cell), SMALL))
    positions = template.positions + rng.normal(scale=0.1, size=template.positions.shape)
    order = [swap.get(i, i) for i in range(len(positions))]
    assert [template.symbols[i] for i in order] == list(template.symbols)
    one, two = label(positions, cell), label(positions[order], cell)
    assert one.energy == pytest.approx(two.energy, abs=1e-9)
    assert np.allclose(one.forces[order], two.forces, atol=1e-8)


@pytest.mark.parametrize(("name", "kcal"), [("EC", 11.1009), ("EMC", -11.7816)])
def test_gas_phase_minimum_has_the_known_energy(name, kcal):
    """The parameter file's own minimum, found by another code."""
    system = build_system({name: 1}, np.full(3, 40.0))
    system.removeForce(system.getNumForces() - 1)  # the tail correction, of the liquid
    for force in system.getForces():
        if isinstance(force, mm.NonbondedForce):
            force.setNonbondedMethod(mm.NonbondedForce.NoCutoff)
    result = Labeller(system)(load_templates()[name].positions, 40.0 * np.eye(3))
    assert result.energy / KCAL_PER_MOL_TO_EV == pytest.approx(kcal, abs=2e-4)
    assert np.abs(result.forces).max() < 2e-3


def test_any_two_ring_atoms_of_ec_are_excluded():
    """Along the ring the other way round C2-C5 and O4-O9 would be 1-4."""
    template = load_templates()["EC"]
    ring = [1, 3, 5, 8, 4]
    for i in ring:
        for j in ring:
            assert i >= j or (i, j) in template.excluded
    assert not set(template.excluded) & set(template.scaled)
    assert (3, 9) in template.excluded  # O4-C6=O10, two bonds
    assert (1, 9) in template.scaled  # C2-O4-C6=O10, three bonds


@pytest.mark.parametrize("hydrogen_mass", [1.008, 3.0])
def test_heavy_hydrogens_keep_the_mass_of_the_molecule(hydrogen_mass):
    system = build_system({"EC": 1, "EMC": 1}, np.full(3, 20.0), OplsOptions(hydrogen_mass=hydrogen_mass))
    masses = np.array([system.getParticleMass(i)._value for i in range(25)])
    assert masses.sum() == pytest.approx(88.062 + 104.105)
    assert masses[:10].sum() == pytest.approx(88.062)
    assert sum(np.isclose(masses, hydrogen_mass)) == 12
    assert masses.min() >= 1.0


def test_switching_is_smooth():
    options = OplsOptions(cutoff=9.0, switch_width=2.0)
    r = np.linspace(6.0, 9.5, 3501)
    s = np.array([switching(x, options) for x in r])
    assert s[0] == 1.0
    assert s[-1] == 0.0
    slope = np.gradient(s, r)
    assert slope.max() <= 1e-12
    assert np.abs(np.gradient(slope, r)).max() < 6.0 / 2.0**2  # 10/√3 / width², and no jump


def test_thin_box_is_refused():
    with pytest.raises(InputError, match="twice the cutoff"):
        build_system({"EC": 1}, np.array([30.0, 30.0, 17.0]))


def test_unknown_molecule_is_refused():
    with pytest.raises(InputError, match="no OPLS-AA parameters for 'PC'"):
        build_system({"PC": 1}, np.full(3, 30.0))


@pytest.mark.parametrize(
    "bad",
    [{"cutoff": 0.0}, {"cutoff": float("nan")}, {"switch_width": 0.0}, {"switch_width": 9.0}, {"hydrogen_mass": 12}],
)
def test_bad_options_are_refused(bad):
    with pytest.raises(InputError, match=f"{next(iter(bad))}: got"):
        OplsOptions(**bad)
