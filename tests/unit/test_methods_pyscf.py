"""PySCF as a method: against PySCF and simple-dftd3 themselves, finite differences, and what is refused."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from ase import Atoms

from ecemc.errors import CalculationError, InputError
from ecemc.evaluation import compute, evaluate
from ecemc.methods import counterpoise, get_method
from ecemc.testing import molecule
from ecemc.units import BOHR_TO_A, HARTREE_TO_EV

pyscf = pytest.importorskip("pyscf", reason="needs the extra dft")
dftd3 = pytest.importorskip("dftd3.interface", reason="needs the extra dft")

LEVEL = {"functional": "pbe", "basis": "sto-3g", "grid_level": 0}


@pytest.fixture(scope="module")
def pair():
    first, second = molecule("water"), molecule("water")
    second.positions += [0.4, 0.2, 2.8]
    return first + second


def slope(calculator, atoms, atom, axis, step=1e-3):
    """Force by central differences."""
    energies = []
    for sign in (1.0, -1.0):
        moved = atoms.copy()
        moved.positions[atom, axis] += sign * step
        energies.append(calculator.get_potential_energy(moved))
    return (energies[1] - energies[0]) / (2.0 * step)


@pytest.mark.parametrize("functional", ["pbe", "pbe0", "hf"])
def test_energy_and_dispersion_are_those_of_the_programs(functional):
    from pyscf import dft, gto  # noqa: PLC0415

    water = molecule("water")
    theirs = gto.M(
        atom=list(zip(water.get_chemical_symbols(), water.positions, strict=True)), basis="sto-3g", verbose=0
    )
    field = dft.RKS(theirs, xc=functional)
    field.conv_tol = 1e-9
    model = dftd3.DispersionModel(water.numbers, water.positions / BOHR_TO_A)
    added = model.get_dispersion(dftd3.RationalDampingParam(method=functional), grad=False)["energy"]
    ours = get_method(f"{functional}-d3bj/sto-3g", density_fit=0).make().get_potential_energy(water)
    # PySCF's own bohr differs in the eleventh digit.
    assert ours == pytest.approx((field.kernel() + added) * HARTREE_TO_EV, abs=2e-6)
    assert added < -1e-5


@pytest.mark.parametrize("dispersion", [None, "d3bj", "d3zero"])
def test_forces_are_slopes_of_the_energy(pair, dispersion):
    calculator = get_method("pyscf", **LEVEL, dispersion=dispersion).make()
    labels = compute(pair, calculator)
    for atom, axis in ((0, 2), (4, 0)):
        assert labels.forces[atom, axis] == pytest.approx(slope(calculator, pair, atom, axis), abs=1e-4)
    np.testing.assert_allclose(labels.forces.sum(axis=0), 0.0, atol=1e-8)


def test_counterpoise_energy_and_forces(pair):
    plain, corrected = get_method("pyscf", **LEVEL), counterpoise(get_method("pyscf", **LEVEL), 3)
    calculator, whole = corrected.make(), plain.make()
    labels = compute(pair, calculator)
    uncorrected = whole.get_potential_energy(pair) - sum(
        whole.get_potential_energy(part) for part in (pair[:3], pair[3:])
    )
    assert uncorrected < labels.energy - 0.01  # superposition makes it too deep
    assert labels.forces[4, 2] == pytest.approx(slope(calculator, pair, 4, 2), abs=1e-4)
    far = pair.copy()
    far.positions[3:, 2] += 30.0
    assert calculator.get_potential_energy(far) == pytest.approx(0.0, abs=1e-3)
    assert corrected.name == plain.name
    assert corrected.identity != plain.identity


def test_methods_without_basis_set_are_not_corrected():
    assert counterpoise(get_method("opls"), 10) is None


def test_unpaired_electrons():
    hydrogen = Atoms("H")
    method = get_method("hf/sto-3g")
    with pytest.raises(InputError, match=r"1 electrons cannot have 0 unpaired ones; set the frame's initial magnetic"):
        method.make().get_potential_energy(hydrogen)
    hydrogen.set_initial_magnetic_moments([1.0])
    # The textbook value of one Slater function by three Gaussians.
    assert method.make().get_potential_energy(hydrogen) == pytest.approx(-0.46658 * HARTREE_TO_EV, abs=1e-3)
    proton = Atoms("H", charges=[1.0])
    assert method.make().get_potential_energy(proton) == pytest.approx(0.0, abs=1e-9)


def test_names_and_identity():
    text, options = get_method("pbe-d3bj/6-31g*"), get_method("pyscf", dispersion="d3bj", basis="6-31g*")
    assert text.identity == options.identity
    assert text.name.startswith("PBE-D3(BJ)/6-31g* (PySCF ")
    assert get_method("pbe/6-31g*").identity != text.identity
    assert get_method("pbe-d3bj/6-31g*", memory=100.0).identity == text.identity
    assert get_method("pbe-d3bj/6-31g*", density_fit=0).identity != text.identity
    assert pickle.loads(pickle.dumps(text)).make().options.basis == "6-31g*"


@pytest.mark.parametrize(
    ("spec", "options", "message"),
    [
        ("pbee/sto-3g", {}, "PySCF knows no 'pbee'"),
        ("pbe-d3/sto-3g", {}, "dispersion is an option of its own: d3bj or d3zero"),
        ("pbe-d3bj/sto-3g", {"dispersion": "d3zero"}, "dispersion is given in the name and as an option"),
        ("pyscf", {"dispersion": "d4"}, "got 'd4', expected d3bj, d3zero or none"),
        ("pyscf", {"functional": "pbe,pbe", "dispersion": "d3bj"}, "d3bj has no parameters for 'pbe,pbe'"),
        ("pyscf", {"level": 3}, "its options are: functional, basis, dispersion"),
        ("pyscf", {"grid_level": 10}, "grid_level: got 10"),
        ("pyscf", {"density_fit": 2}, "density_fit: got 2"),
        ("pyscf", {"tolerance": 0.0}, "tolerance: got 0.0"),
        ("pyscf", {"max_iterations": 0}, "max_iterations: got 0"),
    ],
)
def test_refused_settings(spec, options, message):
    with pytest.raises(InputError, match=message):
        get_method(spec, **options)


def test_refused_frames():
    boxed = molecule("water")
    boxed.center(vacuum=5.0)
    boxed.pbc = True
    for atoms, spec, message in (
        (boxed, "hf/sto-3g", r"the frame is periodic; cut molecules out without a cell \(ecemc isolate --cell none\)"),
        (Atoms("Xe"), "hf/sto-3g", "got Xe, expected elements up to Kr"),
        (molecule("water"), "hf/nonsense", "PySCF has no 'nonsense' for H"),
    ):
        with pytest.raises(InputError, match=message):
            get_method(spec).make().get_potential_energy(atoms)


def test_what_does_not_converge_is_a_failure():
    method = get_method("hf/sto-3g", max_iterations=1)
    with pytest.raises(CalculationError, match="has not converged in 1 iterations"):
        method.make().get_potential_energy(molecule("water"))
    (outcome,) = evaluate([molecule("water")], method, n_jobs=1)
    assert outcome.labels is None
    assert outcome.failure == "HF/sto-3g: the self-consistent field has not converged in 1 iterations"
