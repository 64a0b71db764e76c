"""Matching of molecules to templates, parts of the force field against brute force, refusals."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from ase import Atoms
from ase.build import molecule as ase_molecule
from ase.calculators.calculator import PropertyNotImplementedError
from scipy.special import erfc

from ecemc.errors import InputError
from ecemc.methods import OplsCalculator
from ecemc.methods.opls.ewald import COULOMB, Splitting, reciprocal, split
from ecemc.methods.opls.intramolecular import load_parameters
from ecemc.methods.opls.pairs import _lennard_jones
from ecemc.methods.opls.topology import find_topology, match_template
from ecemc.sampling import OplsOptions
from ecemc.sampling.opls import load_templates, switching
from ecemc.testing import liquid, molecule


def graph(template):
    return {frozenset(bond[:2]) for bond in template.bonds}


def bonds_of(pairs):
    return tuple(sorted((min(pair), max(pair)) for pair in pairs))


@pytest.mark.parametrize("name", ["EC", "EMC"])
@pytest.mark.parametrize("seed", range(5))
def test_match_is_an_isomorphism(name, seed):
    template = load_templates()[name]
    order = np.random.default_rng(seed).permutation(len(template.symbols)).tolist()
    place = {old: new for new, old in enumerate(order)}
    symbols = tuple(template.symbols[old] for old in order)
    bonds = bonds_of([[place[atom] for atom in bond] for bond in graph(template)])
    found, image = match_template(symbols, bonds)
    assert found == name
    assert sorted(image) == list(range(len(order)))
    assert [symbols[atom] for atom in image] == list(template.symbols)
    assert {frozenset(image[atom] for atom in bond) for bond in graph(template)} == {frozenset(b) for b in bonds}


def test_isomers_do_not_match():
    """EMC with the ethyl group's hydrogens elsewhere."""
    template = load_templates()["EMC"]
    bonds = [sorted(bond) for bond in graph(template)]
    hydrogen = next(bond for bond in bonds if "H" in {template.symbols[atom] for atom in bond})
    proton = next(atom for atom in hydrogen if template.symbols[atom] == "H")
    oxygen = next(atom for atom, symbol in enumerate(template.symbols) if symbol == "O")
    other = [bond for bond in bonds if bond != hydrogen] + [[proton, oxygen]]
    assert match_template(template.symbols, bonds_of(other)) is None
    assert match_template(template.symbols, bonds_of(bonds[:-1])) is None
    assert match_template(("H", "H"), ((0, 1),)) is None


def test_any_isomorphism_gives_the_same_energy():
    """All of them: atoms that can be exchanged have the same parameters, in all terms together."""
    counts = {}
    for name, template in load_templates().items():
        positions = template.positions + np.random.default_rng(1).normal(scale=0.1, size=template.positions.shape)
        energies = []
        for order in automorphisms(template):
            # In the template's own order, so that the calculator takes it as it stands.
            atoms = Atoms(template.symbols, positions[list(order)], calculator=OplsCalculator())
            if find_topology(atoms).species[0][1].tolist() == [list(range(len(order)))]:
                energies.append(atoms.get_potential_energy())
        counts[name] = len(energies)
        assert np.ptp(energies) < 1e-9
    assert counts == {"EC": 8, "EMC": 72}


def automorphisms(template):
    """Brute force: permutations of like atoms that map the bond graph onto itself."""
    wanted = graph(template)
    heavy = [atom for atom, symbol in enumerate(template.symbols) if symbol != "H"]
    protons = {
        atom: [h for h, symbol in enumerate(template.symbols) if symbol == "H" and frozenset({h, atom}) in wanted]
        for atom in heavy
    }
    frame = {bond for bond in wanted if bond <= set(heavy)}
    for images in itertools.permutations(heavy):
        image = dict(zip(heavy, images, strict=True))
        if (
            any(
                template.symbols[a] != template.symbols[b] or len(protons[a]) != len(protons[b])
                for a, b in image.items()
            )
            or {frozenset(image[atom] for atom in bond) for bond in frame} != frame
        ):
            continue
        choices = [itertools.permutations(protons[image[atom]]) for atom in heavy]
        for choice in itertools.product(*choices):
            whole = dict(image)
            for atom, placed in zip(heavy, choice, strict=True):
                whole |= dict(zip(protons[atom], placed, strict=True))
            yield tuple(whole[atom] for atom in range(len(template.symbols)))


def test_near_pairs_are_marked_once():
    box = liquid(2, 2, density=0.4, seed=1)
    topology = find_topology(box)
    assert len(topology.near) == len(set(topology.near.tolist()))
    expected = sum(2 * len(parameters.near[0]) for parameters in load_parameters().values())
    assert len(topology.near) == expected
    assert (topology.near // len(box) < topology.near % len(box)).all()


def test_switching_is_that_of_the_sampler():
    options = OplsOptions(cutoff=7.0, switch_width=2.0)
    r = np.linspace(4.0, 6.999, 50)
    one, zero = np.ones(50), np.zeros(50)
    energy, slope = _lennard_jones(zero, -one, r, options)  # r⁻⁶ S(r)
    assert np.allclose(energy, [switching(x, options) / x**6 for x in r], rtol=1e-12)
    ahead = _lennard_jones(zero, -one, r + 1e-6, options)[0] - _lennard_jones(zero, -one, r - 1e-6, options)[0]
    assert np.allclose(slope, ahead / 2e-6, atol=1e-12)


def test_madelung_constant():
    """Rock salt: -1.747564594633182 e²/(4πε₀ a), and pressure E/3V."""
    cell = np.array([[0.0, 1.0, 1.0], [1.0, 0.0, 1.0], [1.0, 1.0, 0.0]]) * 3.0
    positions, charges = np.array([[0.0, 0.0, 0.0], [3.0, 3.0, 3.0]]), np.array([1.0, -1.0])
    images = np.stack(np.meshgrid(*[np.arange(-8, 9)] * 3), axis=-1).reshape(-1, 3) @ cell
    for alpha in (0.45, 0.7):
        splitting = Splitting(alpha, 4.6 / alpha, 9.2 * alpha)
        energy, forces, virial = reciprocal(positions, charges, cell, splitting)
        for i, j in itertools.product(range(2), repeat=2):
            r = np.linalg.norm(positions[j] - positions[i] + images, axis=1)
            r = r[(r > 0.0) & (r < splitting.r_max)]
            energy += 0.5 * COULOMB * charges[i] * charges[j] * np.sum(erfc(alpha * r) / r)
        assert energy == pytest.approx(-1.747564594633182 * COULOMB / 3.0, abs=1e-7)
        assert np.abs(forces).max() < 1e-9
        assert np.allclose(virial, virial.T)


@pytest.mark.parametrize(("n_atoms", "volume"), [(15, 1e6), (160, 1.9e3), (160, 5e4), (3000, 3e4)])
def test_splitting_reaches_as_far_as_asked(n_atoms, volume):
    splitting = split(n_atoms, volume, 9.0)
    assert splitting.r_max >= 9.0
    assert erfc(splitting.alpha * splitting.r_max) < 1e-10
    assert np.exp(-((splitting.k_max / (2 * splitting.alpha)) ** 2)) < 1e-9


@pytest.mark.parametrize(
    ("atoms", "message"),
    [
        (ase_molecule("H2O"), "no OPLS-AA parameters for 1 H2O; the package has EC, EMC"),
        (ase_molecule("H2O") + molecule("EC"), "no OPLS-AA parameters for 1 "),
        (Atoms(), "no atoms at all"),
        (Atoms(molecule("EC"), cell=[9, 9, 9], pbc=[True, True, False]), "periodic along some axes only"),
    ],
)
def test_what_it_refuses(atoms, message):
    with pytest.raises(InputError, match=message):
        OplsCalculator().calculate(atoms)


def test_no_stress_without_periodicity():
    atoms = molecule("EC")
    atoms.calc = OplsCalculator()
    with pytest.raises(PropertyNotImplementedError):
        atoms.get_stress()


def test_parameters_can_be_set_later():
    atoms = molecule("EMC")
    atoms.calc = OplsCalculator(cutoff=4.0)
    first = atoms.get_potential_energy()
    atoms.calc.set(cutoff=9.0)
    assert atoms.get_potential_energy() != first
    atoms.calc = OplsCalculator()
    assert atoms.get_potential_energy() == pytest.approx(atoms.calc.results["free_energy"])
