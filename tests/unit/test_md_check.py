"""The check of calculators: right ones pass, noisy ones too, and wrong ones are told what is wrong."""

from __future__ import annotations

import json

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.emt import EMT
from tests.reference.pair_potential import PairPotential

from ecemc.errors import CalculationError
from ecemc.md import check_calculator
from ecemc.md.words import blame_forces, blame_virial


def atoms(cell=((6.0, 0, 0), (1.0, 6.5, 0), (-2.0, 1.0, 7.0))):
    random = np.random.default_rng(0)
    return Atoms("Ne12", scaled_positions=random.random((12, 3)), cell=cell, pbc=True)


class Changed(PairPotential):
    """The same with a mistake in it."""

    def __init__(self, mistake):
        super().__init__()
        self.mistake = mistake

    def calculate(self, atoms=None, properties=("energy",), system_changes=()):
        super().calculate(atoms, properties, list(system_changes))
        self.mistake(self.results, atoms)


def failing(result):
    return {finding.part: finding.text for finding in result.findings if finding.ok is False}


@pytest.mark.parametrize(
    "cell", [((6.0, 0, 0), (1.0, 6.5, 0), (-2.0, 1.0, 7.0)), ((3.0, 0, 0), (0, 3.1, 0), (0, 0, 3.2))]
)
@pytest.mark.parametrize("thorough", [False, True])
def test_right_ones_pass_in_any_cell(cell, thorough):
    result = check_calculator(PairPotential(), atoms(cell), thorough=thorough)
    assert result.ok, failing(result)
    assert {finding.part: finding.ok for finding in result.findings}["virial"] is True
    assert result.n_evaluations <= (37 if thorough else 8)
    result.require()


def test_ase_effective_medium():
    copper = bulk("Cu", cubic=True)
    assert check_calculator(EMT, copper).ok  # at equilibrium: nothing but zeros
    copper.rattle(0.1, seed=1)
    assert check_calculator(EMT, copper).ok


def test_a_cluster_has_no_stress_to_compare():
    cluster = bulk("Cu", cubic=True)
    cluster.pbc = False
    cluster.rattle(0.1, seed=1)
    result = check_calculator(EMT, cluster)
    assert result.ok
    assert [finding.ok for finding in result.findings if finding.part == "virial"] == [None]


def scaled(key, factor):
    def mistake(results, atoms):
        results[key] = results[key] * (factor(atoms) if callable(factor) else factor)

    return mistake


def kinetic(results, atoms):
    if atoms.has("momenta"):
        results["stress"][:3] -= 2.0 * atoms.get_kinetic_energy() / 3.0 / atoms.get_volume()


def pressed(results, _):
    results["stress"][:3] -= 0.01


def one_atom(results, _):
    results["forces"][3] *= 1.2


def voigt_order(results, _):
    results["stress"] = results["stress"][[0, 1, 2, 5, 3, 4]]


def from_the_origin(results, atoms):
    results["energy"] += 0.01 * float((atoms.positions[:, 0] % 7.0).sum())
    results["forces"][:, 0] -= 0.01


@pytest.mark.parametrize(
    ("mistake", "part", "expected"),
    [
        (scaled("forces", -1.0), "forces", "forces have the wrong sign"),
        (scaled("forces", 0.5), "forces", "0.5 times −dE/dx: half of it"),
        (scaled("forces", 1.0 / 51.422067), "forces", "Hartree/bohr"),
        (scaled("forces", 23.0605), "forces", "kcal/mol/Å"),
        (scaled("forces", 1.01), "forces", "forces are 1.01 times −dE/dx"),
        (one_atom, "forces", "forces are not the derivative of the energy"),
        (scaled("stress", -1.0), "virial", "the stress has the wrong sign"),
        (scaled("stress", 2.0), "virial", "2 times dE/dε/V: twice it"),
        (scaled("stress", 160.21766), "virial", "it in GPa, not eV/Å³"),
        (scaled("stress", -1602.1766), "virial", "it in kbar, not eV/Å³, with the wrong sign"),
        (scaled("stress", lambda atoms: atoms.get_volume()), "virial", "a virial was given as stress"),
        (pressed, "virial", "off by the same -1.602 GPa on all axes"),
        (voigt_order, "virial", "the stress is not dE/dε/V"),
        (kinetic, "velocities", "they hold a kinetic part"),
        (from_the_origin, "translation", "when everything is moved"),
    ],
)
def test_wrong_ones_are_told_what_is_wrong(mistake, part, expected):
    result = check_calculator(Changed(mistake), atoms())
    wrong = failing(result)
    assert not result.ok
    assert expected in wrong[part]
    with pytest.raises(CalculationError, match=r"method Changed: .*ecemc check-calculator shows more"):
        result.require()


def test_no_stress_is_no_mistake_but_is_said():
    result = check_calculator(Changed(lambda results, _: results.pop("stress")), atoms())
    assert result.ok
    assert "no stress: good for nve and nvt, not for npt" in [finding.text for finding in result.findings]


def noisy(size):
    random = np.random.default_rng(1)

    def mistake(results, _):
        results["energy"] += size * random.standard_normal()

    return mistake


def test_a_noisy_energy_is_no_mistake():
    """As of a self-consistent field: too much noise for the narrow step, none for the wide one."""
    assert check_calculator(Changed(noisy(2e-6)), atoms()).ok


def stepped(results, _):
    results["energy"] = round(results["energy"] / 2e-7) * 2e-7


def test_an_energy_of_few_digits_is_no_mistake():
    assert check_calculator(Changed(stepped), atoms()).ok


def test_noise_does_not_hide_a_wrong_sign():
    def both(results, atoms):
        noisy(2e-6)(results, atoms)
        results["stress"] = -results["stress"]

    assert "the stress has the wrong sign" in failing(check_calculator(Changed(both), atoms()))["virial"]


def test_atoms_are_not_changed():
    given = atoms()
    given.set_momenta(np.ones((12, 3)))
    before = given.copy()
    check_calculator(PairPotential(), given)
    assert np.array_equal(given.positions, before.positions)
    assert np.array_equal(given.get_momenta(), before.get_momenta())


def test_json():
    content = json.loads(json.dumps(check_calculator(PairPotential(), atoms()).to_dict()))
    assert content["ok"] is True
    assert [finding["part"] for finding in content["findings"]] == ["forces", "virial", "translation", "velocities"]


def test_words_of_nothing():
    zero = np.zeros(3)
    assert "not the derivative" in blame_forces(zero, np.ones(3))
    assert "is not dE/dε/V" in blame_virial(np.array([1.0, 0.2]), np.array([1.0, 0.5]), 10.0, 0.1)
