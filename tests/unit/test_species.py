"""Species: by bond graph, never by formula."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest
from ase import Atoms
from ase.build import molecule
from ase.collections import g2
from ase.data import atomic_masses
from tests.reference import molecules_numpy

import ecemc
from ecemc import _core
from ecemc.errors import InputError
from ecemc.species import KNOWN_SPECIES, parse_smiles


def fingerprint(smiles):
    return _core.graph_fingerprint(*parse_smiles(smiles))


def formula(smiles):
    numbers = parse_smiles(smiles).numbers
    return numbers.count(6), numbers.count(1), len(numbers)


def test_known_species_are_all_different_molecules():
    assert len(KNOWN_SPECIES) > 40
    assert len({fingerprint(smiles) for smiles in KNOWN_SPECIES.values()}) == len(KNOWN_SPECIES)


MASSES = {
    "EC": 88.062, "EMC": 104.105, "DMC": 90.078, "DEC": 118.132, "PC": 102.089, "FEC": 106.052, "VC": 86.046,
    "DOL": 74.079, "G4": 222.281, "NMP": 99.133, "TMP": 140.074, "PF6": 144.964, "FSI": 180.13, "TFSI": 280.146,
    "BOB": 186.85, "DFOB": 136.83, "EMIM": 111.17, "PYR14": 142.27,
}  # fmt: skip


@pytest.mark.parametrize(("name", "mass"), MASSES.items())
def test_masses_of_known_species(name, mass):
    """Catches a missing hydrogen in the table."""
    assert atomic_masses[parse_smiles(KNOWN_SPECIES[name]).numbers].sum() == pytest.approx(mass, abs=0.02)


NAMES = {
    "CH3OH": "MeOH", "CH3CH2OH": "EtOH", "CH3OCH3": "C2H6O-", "CO2": "CO2", "N2": "N2", "H2O": "H2O", "CH3CN": "AN",
    "C6H6": "C6H6", "CH4": "CH4", "LiF": "FLi", "NH3": "NH3", "C2H4": "C2H4", "trans-butane": "C4H10-",
    "isobutane": "C4H10-", "OH": "HO", "HCOOCH3": "MF",
}  # fmt: skip


@pytest.mark.parametrize(("name", "expected"), NAMES.items())
def test_names_of_real_geometries(name, expected):
    (species,) = ecemc.find_molecules(molecule(name)).species
    if expected.endswith("-"):
        assert re.fullmatch(rf"{expected}[0-9a-f]{{6}}", species)
    else:
        assert species == expected


def test_isomers_of_the_g2_set_differ():
    """Equal fingerprints exactly where the graphs are isomorphic."""
    found = [(molecule(name), ecemc.find_molecules(molecule(name))) for name in g2.names]
    found = [(atoms, m.formulas[0], m.fingerprints[0], m.bonds) for atoms, m in found if len(m) == 1]
    assert len(found) > 100
    isomers = 0
    for (one, formula_1, print_1, bonds_1), (other, formula_2, print_2, bonds_2) in itertools.combinations(found, 2):
        if formula_1 == formula_2:
            isomers += 1
            same = molecules_numpy.isomorphic(one.numbers, bonds_1, other.numbers, bonds_2)
            assert same == (print_1 == print_2)
        else:
            assert print_1 != print_2
    assert isomers > 10


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("CCOC(=O)OC", "COCC(=O)OC"),  # EMC and methyl methoxyacetate, C4H8O3
        ("CCOC(=O)OC", "CC(O)C(=O)OC"),  # EMC and methyl lactate
        ("CCCC", "CC(C)C"),
        ("C1CCC2CCCCC2C1", "C1CCCC1C1CCCC1"),  # decalin and bicyclopentyl: the same to colour refinement
        ("C1CC1", "CC=C"),
        ("C1CCCCC1", "CC1CCCC1"),
    ],
)
def test_isomers_differ(one, other):
    assert formula(one) == formula(other)
    assert fingerprint(one) != fingerprint(other)


def test_as_many_fingerprints_as_there_are_connected_graphs():
    """The 112 connected graphs of six vertices (OEIS A001349), met in all their 26704 labellings."""
    edges = list(itertools.combinations(range(6), 2))
    prints, labelled = set(), 0
    for chosen in range(1 << len(edges)):
        bonds = [edge for k, edge in enumerate(edges) if chosen >> k & 1]
        if len(bonds) >= 5 and len(set(molecules_numpy.components(6, *zip(*bonds, strict=True)))) == 1:
            labelled += 1
            prints.add(_core.graph_fingerprint([6] * 6, bonds))
    assert (labelled, len(prints)) == (26704, 112)


def test_as_many_fingerprints_as_there_are_trees():
    """The 11 trees of seven vertices (OEIS A000055), met in all their 7⁵ labellings (Prüfer codes)."""
    prints = set()
    for code in itertools.product(range(7), repeat=5):
        degree = [1 + code.count(k) for k in range(7)]
        bonds = []
        for a in code:
            leaf = degree.index(1)
            bonds.append((leaf, a))
            degree[leaf] -= 1
            degree[a] -= 1
        bonds.append(tuple(k for k in range(7) if degree[k] == 1))
        prints.add(_core.graph_fingerprint([6] * 7, bonds))
    assert len(prints) == 11


def test_fingerprints_do_not_depend_on_the_order_of_atoms():
    numbers, bonds = parse_smiles(KNOWN_SPECIES["TFSI"])
    rng = np.random.default_rng(0)
    for _ in range(20):
        order = rng.permutation(len(numbers)).tolist()
        moved = [0] * len(numbers)
        for old, new in enumerate(order):
            moved[new] = numbers[old]
        swapped = [(order[b], order[a]) for a, b in bonds]
        rng.shuffle(swapped)
        assert _core.graph_fingerprint(moved, swapped) == fingerprint(KNOWN_SPECIES["TFSI"])


@pytest.mark.parametrize("name", ["C3H6_D3h", "CH2OCH2", "C3H4_C2v", "bicyclobutane", "C4H4NH", "CH3CH2OH", "C6H6"])
def test_species_do_not_depend_on_the_scale(name):
    """Angles are not taken for rings, and rings of three not for angles, even in a hot liquid."""
    atoms = molecule(name)
    expected = ecemc.find_molecules(atoms, scale=1.15).species
    rng = np.random.default_rng(0)
    for _ in range(20):
        hot = atoms.copy()
        hot.positions += rng.normal(scale=0.03, size=(len(atoms), 3))
        for scale in (1.25, 1.3, 1.5):
            assert ecemc.find_molecules(hot, scale=scale).species == expected


def test_names_do_not_depend_on_the_company():
    butane, isobutane = molecule("trans-butane"), molecule("isobutane")
    isobutane.positions += [20, 0, 0]
    together = ecemc.find_molecules(isobutane + butane).species
    assert together == [ecemc.find_molecules(x).species[0] for x in (isobutane, butane)]
    assert together[0] != together[1]


def test_a_ring_is_not_the_polymer_with_the_same_bonds():
    ring = molecule("cyclobutane")
    (name,) = ecemc.find_molecules(ring[ring.numbers == 6]).species
    k = np.arange(4)
    positions = np.column_stack([1.5 * k, 0 * k, 0 * k])
    polymer = ecemc.find_molecules(Atoms("C4", positions=positions, cell=[6, 9, 9], pbc=True))
    assert polymer.formulas == ["C4"]
    assert polymer.species != [name]


class TestRegister:
    def test_by_example_and_by_smiles(self):
        ecemc.register_species("DMEther", molecule("CH3OCH3"))
        assert ecemc.find_molecules(molecule("CH3OCH3")).species == ["DMEther"]
        ecemc.register_species("isobutane", "CC(C)C")
        assert ecemc.find_molecules(molecule("isobutane")).species == ["isobutane"]
        ecemc.register_species("isobutane", "C(C)(C)C")  # the same again is fine

    def test_conflicts(self):
        with pytest.raises(InputError, match="'EC' is already the name of another molecule"):
            ecemc.register_species("EC", "CC(C)C")
        with pytest.raises(InputError, match="already known as 'EC', cannot call it 'carbonate'"):
            ecemc.register_species("carbonate", "O=C1OCCO1")

    def test_one_finite_molecule_is_wanted(self):
        with pytest.raises(InputError, match=r"structure: got Molecules\(2 H2O; 6 atoms\), expected exactly one"):
            ecemc.register_species("two", molecule("H2O", cell=[4] * 3, pbc=True).repeat((2, 1, 1)))

    @pytest.mark.parametrize("name", ["", "2EC", "a b", "a:b", "EC,"])
    def test_names(self, name):
        with pytest.raises(InputError, match=r"name: got .* expected a letter"):
            ecemc.register_species(name, "CC(C)C")


@pytest.mark.parametrize(
    ("smiles", "message"),
    [
        ("", "no atoms"),
        ("c1ccccc1", "cannot read 'c1ccccc1'; no aromatic"),
        ("C.C", r"cannot read '\.C'"),
        ("C(C", "left open"),
        ("C1CC", "left open"),
        ("CC)C", "closed that was not opened"),
        ("1CC1", "ring 1 starts at no atom"),
        ("C(C)(C)(C)(C)C", "C number 1 has 5 bonds"),
        ("[Qq]", "unknown element 'Qq'"),
    ],
)
def test_bad_smiles(smiles, message):
    with pytest.raises(InputError, match=message):
        parse_smiles(smiles)


def test_bonds_to_missing_atoms():
    with pytest.raises(InputError, match=r"bonds: got \(0, 3\), expected atoms below 2"):
        _core.graph_fingerprint([6, 6], [(0, 3)])
