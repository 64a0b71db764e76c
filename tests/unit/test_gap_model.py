"""The calculator: what it gives, what it refuses, and that nothing reaches QUIP that it would not survive."""

from __future__ import annotations

import multiprocessing
import pickle

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.calculator import PropertyNotImplementedError
from tests.reference.gap_sets import LONG, PARAMS, TURBO, training_set, water

from ecemc.errors import FileFormatError, InputError
from ecemc.gap import GAP, fit_gap, forget_radial_basis

Potential = pytest.importorskip("quippy.potential", reason="needs ecemc[gap]").Potential


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Two Turbo-SOAP models with as many radial functions, but of other widths, and a SOAP model."""
    folder = tmp_path_factory.mktemp("models")
    narrow = PARAMS["soap_turbo"]
    wide = narrow.replace(
        descriptors=tuple(type(t)(**{**dict(t), "atom_sigma_r": 1.6 * t.atom_sigma_r}) for t in (TURBO, LONG))
    )
    for name, params in {"narrow": narrow, "wide": wide, "soap": PARAMS["soap"]}.items():
        fit_gap(training_set(2), params, folder / f"{name}.xml")
    return folder


@pytest.fixture(params=["native", "quip"])
def engine(request):
    return request.param


@pytest.fixture
def box():
    return water(1, seed=3)[0]


@pytest.mark.parametrize("name", ["narrow", "soap"])
def test_forces_and_stress_are_derivatives_of_the_energy(models, box, name, engine):
    calculator = GAP(models / f"{name}.xml", engine)
    box.calc = calculator
    forces, stress = box.get_forces(), box.get_stress(voigt=False)
    h = 1e-4

    def energy(atoms):
        atoms.calc = calculator
        return atoms.get_potential_energy()

    for k, axis in ((0, 0), (5, 2)):
        moved = [box.copy(), box.copy()]
        for atoms, sign in zip(moved, (1, -1), strict=True):
            atoms.positions[k, axis] += sign * h
        # QUIP's own switch of the density near rcut_soft limits the agreement of Turbo-SOAP
        assert forces[k, axis] == pytest.approx(-(energy(moved[0]) - energy(moved[1])) / (2 * h), abs=2e-3)
    strain = np.zeros((3, 3))
    strain[0, 1] = strain[1, 0] = h / 2
    strained = [box.copy(), box.copy()]
    for atoms, sign in zip(strained, (1, -1), strict=True):
        atoms.set_cell(box.cell.array @ (np.eye(3) + sign * strain), scale_atoms=True)
    slope = (energy(strained[0]) - energy(strained[1])) / (2 * h) / box.get_volume()
    assert stress[0, 1] == pytest.approx(slope, abs=1e-4)


def test_invariances(models, box, engine):
    calculator = GAP(models / "narrow.xml", engine)
    box.calc = calculator
    energy, forces = box.get_potential_energy(), box.get_forces()
    assert np.allclose(forces.sum(axis=0), 0.0, atol=1e-9)
    assert box.get_potential_energies().sum() == pytest.approx(energy, abs=1e-9)
    rng = np.random.default_rng(0)
    order = rng.permutation(len(box))
    other = box[order]
    other.positions += [1.0, -2.0, 30.0]
    other.wrap()
    other.calc = calculator
    assert other.get_potential_energy() == pytest.approx(energy, abs=1e-8)
    assert np.allclose(other.get_forces(), forces[order], atol=1e-8)


def test_free_atoms_have_their_energy(models, engine):
    for symbol, energy in (("H", 3.21), ("O", 4.6)):
        atoms = Atoms(symbol, calculator=GAP(models / "narrow.xml", engine))
        assert atoms.get_potential_energy() == pytest.approx(energy, abs=0.01)


def test_calculate_computes_everything_at_once(models, box, engine):
    calculator = GAP(models / "soap.xml", engine)
    calculator.calculate(box, ["energy", "forces", "stress"], ["positions"])
    assert set(calculator.results) == set(calculator.implemented_properties)
    assert calculator.results["energy"] == calculator.results["free_energy"]
    assert calculator.results["forces"].shape == (12, 3)
    assert calculator.results["energies"].shape == (12,)
    assert calculator.results["stress"].shape == (6,)


def test_results_are_not_shared_between_frames(models, engine):
    calculator = GAP(models / "soap.xml", engine)
    first, second = water(2)
    calculator.calculate(first)
    kept = {name: np.copy(value) for name, value in calculator.results.items()}
    held = dict(calculator.results)
    calculator.calculate(second)
    assert all(np.array_equal(held[name], kept[name]) for name in kept)
    assert not np.array_equal(calculator.results["forces"], kept["forces"])


def test_frames_without_cell_have_no_stress(models, engine):
    atoms = Atoms("OH2", [[0, 0, 0], [0, 0, 1], [0, 1, 0]], calculator=GAP(models / "soap.xml", engine))
    assert np.isfinite(atoms.get_forces()).all()
    with pytest.raises(PropertyNotImplementedError):
        atoms.get_stress()


def test_slab_without_third_vector_equals_one_with_a_long_one(models, engine):
    """QUIP inverts the cell, and would get the energy of this slab wrong by 1e-6 eV."""
    calculator = GAP(models / "narrow.xml", engine)
    energies = []
    for third in (0.0, 40.0):
        atoms = Atoms("OH2", [[0, 0, 0], [0, 0, 1], [0, 1, 0]], cell=[2.6, 2.7, third], pbc=[True, True, False])
        atoms.calc = calculator
        energies.append(atoms.get_potential_energy())
    assert energies[0] == pytest.approx(energies[1], abs=1e-10)


def energy_in_a_new_process(path, engine, atoms):
    atoms.calc = GAP(path, engine)
    return atoms.get_potential_energy()


def test_models_in_one_process_do_not_disturb_each_other(models, box, engine):
    """QUIP keeps the radial basis of the last Turbo-SOAP descriptor, also for the next model; this undoes it."""
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        alone = [
            pool.apply(energy_in_a_new_process, (models / f"{name}.xml", engine, box)) for name in ("narrow", "wide")
        ]
    calculators = [GAP(models / f"{name}.xml", engine) for name in ("narrow", "wide")]
    for _ in range(2):
        for calculator, expected in zip(calculators, alone, strict=True):
            calculator.calculate(box)
            assert calculator.results["energy"] == pytest.approx(expected, abs=1e-9)


def test_quip_itself_does_disturb(models, box):
    """Else there would be no need to undo it, and the test above could not fail."""
    potentials = [Potential("", param_filename=str(models / f"{name}.xml")) for name in ("narrow", "wide")]
    together = []
    forget_radial_basis()
    for potential in potentials:
        potential.calculate(box, ["energy"])
        together.append(potential.results["energy"])
    calculator = GAP(models / "wide.xml")
    calculator.calculate(box)
    assert abs(together[1] - calculator.results["energy"]) > 0.1


def test_pickled_copy_loads_the_model_again(models, box, monkeypatch, tmp_path):
    monkeypatch.chdir(models)
    calculator = GAP("narrow.xml")
    calculator.calculate(box)
    monkeypatch.chdir(tmp_path)
    copy = pickle.loads(pickle.dumps(calculator))
    copy.calculate(box)
    assert copy.results["energy"] == calculator.results["energy"]


def test_unknown_elements_are_refused(models, engine):
    atoms = Atoms("NO", [[0, 0, 0], [0, 0, 1.2]], calculator=GAP(models / "soap.xml", engine))
    with pytest.raises(InputError, match=r"soap\.xml: the model does not know N, only H O"):
        atoms.get_potential_energy()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"positions": [[0, 0, np.nan], [0, 0, 1]]}, "a position or the cell is NaN or infinite"),
        ({"pbc": True}, r"periodic \(T T T\), but the cell has no volume"),
        ({"pbc": [True, False, False], "cell": [0, 5, 5]}, r"periodic \(T F F\), but the cell has no volume"),
        ({"pbc": True, "cell": [[1, 0, 0], [2, 0, 0], [0, 0, 3]]}, "the cell has no volume"),
        ({"positions": [[0, 0, 0], [0, 0, 0]]}, "same place"),
    ],
)
def test_frames_that_cannot_be_evaluated(models, engine, change, expected):
    atoms = Atoms("OH", **{"positions": [[0, 0, 0], [0, 0, 1]], **change})
    calculator = GAP(models / "soap.xml", engine)
    atoms.calc = calculator
    with pytest.raises(InputError, match=expected):
        atoms.get_potential_energy()
    assert calculator.results == {}


def test_engines(models):
    assert GAP(models / "soap.xml", engine="quip").engine == "quip"
    for engine in ("auto", "native"):
        assert GAP(models / "soap.xml", engine=engine).engine == "native"
    with pytest.raises(InputError, match="engine: got 'fast', expected one of auto, native, quip"):
        GAP(models / "soap.xml", engine="fast")


def test_models_that_are_not_whole_are_refused_when_they_are_opened(models, tmp_path):
    path = tmp_path / "soap.xml"
    path.write_bytes((models / "soap.xml").read_bytes())
    with pytest.raises(FileFormatError, match="are not in the same folder"):
        GAP(path)
    with pytest.raises(FileNotFoundError):
        GAP(tmp_path / "none.xml")


def test_model_of_a_newer_gap_is_refused_by_quip_and_read_with_a_note_(models, box, tmp_path):
    for path in models.glob("soap.xml*"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    path = tmp_path / "soap.xml"
    calculator = GAP(path)
    text = path.read_text()
    version = f'gap_version="{calculator.file.gap_version}"'
    assert version in text
    path.write_text(text.replace(version, 'gap_version="2000000000"'))
    with pytest.raises(FileFormatError, match=r"soap\.xml: QUIP does not load it: "):
        GAP(path, "quip").calculate(box)
    native = GAP(path)
    native.calculate(box)
    calculator.calculate(box)
    assert native.results["energy"] == calculator.results["energy"]
    assert any("2000000000" in note for note in native.notes)
