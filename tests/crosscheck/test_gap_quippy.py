"""ecemc.gap against quippy: the calculator, lengths of descriptors, memory that gap_fit asks for."""

from __future__ import annotations

import re

import numpy as np
import pytest
from tests.reference.gap_sets import PARAMS, SIGMAS, SOAP, TURBO, free_atom, training_set, water

from ecemc import read
from ecemc.gap import GAP, FitParams, fit_gap, forget_radial_basis, preflight, preset, read_gap_file
from ecemc.gap.command import expand

Descriptor = pytest.importorskip("quippy.descriptors", reason="needs ecemc[gap]").Descriptor
Potential = pytest.importorskip("quippy.potential", reason="needs ecemc[gap]").Potential

PROPERTIES = ["energy", "energies", "forces", "stress"]


@pytest.fixture(scope="module", params=PARAMS)
def result(request, tmp_path_factory):
    return fit_gap(training_set(2), PARAMS[request.param], tmp_path_factory.mktemp(request.param) / "model.xml")


def quippy_results(path, atoms):
    potential = Potential("", param_filename=str(path))
    forget_radial_basis()
    potential.calculate(atoms, [*PROPERTIES])
    return potential.results


def assert_near(found, expected):
    """To rounding; with Turbo-SOAP QUIP's forces are not exactly the derivatives of its energies."""
    for name, tolerance in {"energy": 1e-8, "energies": 1e-8, "forces": 2e-3, "stress": 1e-4}.items():
        assert np.allclose(found[name], expected[name], rtol=0, atol=tolerance), name


def test_calculator_equals_quippy_exactly(result):
    for atoms in training_set(2):
        native = GAP(result.path)
        native.calculate(atoms)
        calculator = GAP(result.path, "quip")
        calculator.calculate(atoms, PROPERTIES)
        expected = quippy_results(result.path, atoms)
        for name in PROPERTIES:
            assert np.array_equal(calculator.results[name], expected[name]), name
        assert_near(native.results, expected)


def test_calculator_equals_quippy_with_self_images(result):
    atoms = water(1, n_water=1)[0]
    atoms.set_cell([3.1, 2.9, 3.4], scale_atoms=False)
    atoms.cell[2, 0] = 0.7
    calculator, native = GAP(result.path, "quip"), GAP(result.path)
    for each in (calculator, native):
        each.calculate(atoms)
    expected = quippy_results(result.path, atoms)
    assert_near(native.results, expected)
    assert all(np.array_equal(calculator.results[name], expected[name]) for name in PROPERTIES)


@pytest.mark.parametrize("result", ["soap", "soap_turbo"], indirect=True)
def test_every_local_energy_is_a_sum_over_descriptors_of_the_files(result):
    """The formula of the explanation, from quippy's descriptors and the files alone; dot-product kernels only."""
    file = read_gap_file(result.path)
    atoms = water(1, seed=5)[0]
    expected = np.array([file.e0[int(z)] for z in atoms.numbers])
    content = result.path.read_text()
    for entry in file.coordinates:
        part = content[content.index(f'label="{entry.label}"') :].partition("</gpCoordinates>")[0]
        delta = float(re.search(r'signal_variance="([^"]+)"', part)[1])
        alpha = np.array([float(value) for value in re.findall(r'alpha="([^"]+)"', part)])
        sparse = np.loadtxt(entry.sparse_file).reshape(entry.n_sparse, entry.dimensions)
        forget_radial_basis()
        vectors = Descriptor(entry.descriptor).calc(atoms)["data"]
        assert entry.elements is not None
        centres = np.isin(atoms.numbers, list(entry.elements))
        expected[centres] += delta**2 * (vectors @ sparse.T) ** entry.zeta @ alpha
    calculator = GAP(result.path)
    calculator.calculate(atoms)
    assert np.allclose(calculator.results["energies"], expected, atol=1e-8)


@pytest.mark.parametrize("name", ["DS:quick", "DS:accurate", "DTS:quick", "DTS:standard", "DTS:accurate"])
def test_lengths_of_descriptors(name):
    for elements in ([8], [1, 8], [1, 6, 8]):
        for line in expand(preset(name), elements):
            assert Descriptor(line.text).n_dim == line.length


def test_turbo_soap_without_compression_has_its_length():
    full = type(TURBO)(**{**dict(TURBO), "compress_mode": "none"})
    for line in expand(FitParams(descriptors=(full,), sigmas=SIGMAS), [1, 6, 8]):
        assert Descriptor(line.text).n_dim == line.length


def test_counts_behind_the_memory_estimate_are_those_of_gap_fit(result):
    log = result.log.read_text()
    told = {
        kind: [(int(a), int(b)) for a, b in re.findall(rf":: {kind} +(\d+) +(\d+) memory", log)]
        for kind in ("x", "xPrime")
    }
    n_bytes = sum(8 * length * n for kind in told.values() for length, n in kind)
    look = preflight(training_set(2), result.params)
    assert look.memory.descriptors == n_bytes
    assert len(told["x"]) == len(look.lines)


def test_memory_estimate_is_near_what_gap_fit_takes(tmp_path):
    boxes = [free_atom("H"), free_atom("O"), *water(6, n_water=12)]
    large = SOAP.model_copy(update={"cutoff": 4.0, "n_max": 8, "l_max": 4})
    result = fit_gap(boxes, FitParams(descriptors=(large,), sigmas=SIGMAS), tmp_path / "model.xml")
    assert 1.5e8 < result.peak_memory < 2.2e8
    assert result.expected_memory == pytest.approx(result.peak_memory, rel=0.1)


@pytest.mark.parametrize("name", ["DS:quick", "DTS:quick"])
def test_presets_on_dft_boxes(shared, tmp_path, name):
    """Two boxes of EC and EMC, fitted closely; errors on another one are of the size that two boxes allow."""
    data = shared / "data" / "dft" / "ecemc_dft.extxyz"
    train = [*read(data, ":3"), read(data, 40), read(data, 60)]
    result = fit_gap(train, preset(name).with_n_sparse(30), tmp_path / "model.xml")
    calculator = GAP(result.path)
    for atoms, limit in ((train[3], 0.6), (read(data, 50), 0.8)):
        atoms.calc = calculator
        reference = atoms.arrays["REF_forces"]
        error = np.sqrt(np.mean((atoms.get_forces() - reference) ** 2))
        assert error < limit * np.sqrt(np.mean(reference**2))
