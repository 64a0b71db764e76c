"""The native GAP engine against quippy and against golden vectors."""

from __future__ import annotations

import json
import re
import shutil

import numpy as np
import pytest
from ase import Atoms
from tests.reference.gap_sets import PAIR, PARAMS, SIGMAS, training_set, water

from ecemc.gap import GAP, FitParams, fit_gap, forget_radial_basis
from ecemc.gap.native import NativeModel, descriptors
from ecemc.testing import liquid

SOAP = "soap cutoff=3.2 cutoff_transition_width=0.6 n_max=4 l_max=3 atom_sigma=0.4 n_species=3 species_Z={1 6 8}"
STRINGS = {
    "one element": f"{SOAP} Z=6",
    "every element": f"{SOAP} Z=0",
    "two elements": f"{SOAP} n_Z=2 Z={{1 8}}",
    "another order": "soap cutoff=3.2 n_max=4 l_max=3 atom_sigma=0.4 n_species=3 species_Z={8 1 6} Z=8",
    "a channel missing": "soap cutoff=3.2 n_max=4 l_max=3 atom_sigma=0.4 n_species=2 species_Z={1 8} Z=6",
    "one channel": "soap cutoff=3.2 n_max=4 l_max=3 atom_sigma=0.4",
    "all in the centre": f"{SOAP} Z=6 central_reference_all_species=T central_weight=0.3",
    "not normalised": f"{SOAP} Z=6 normalise=F covariance_sigma0=0.2",
    "diagonal": f"{SOAP} Z=6 diagonal_radial=T",
    "damped": f"{SOAP} Z=6 cutoff_dexp=4 cutoff_scale=1.7 cutoff_rate=0.6",
    "many functions": "soap cutoff=5.0 n_max=12 l_max=6 atom_sigma=0.5 n_species=3 species_Z={1 6 8} Z=6",
    "turbo": "soap_turbo rcut_hard=3.5 rcut_soft=3.0 l_max=4 alpha_max={5 5 5} atom_sigma=0.4 basis=poly3gauss "
    "n_species=3 species_Z={1 6 8} central_index=2 radial_enhancement=1",
    "turbo, trivial": "soap_turbo rcut_hard=4.0 l_max=3 alpha_max={3 4 5} atom_sigma=0.5 n_species=3 species_Z={1 6 8} "
    "central_index=3 compress_mode=trivial",
    "turbo, mixed": "soap_turbo rcut_hard=4.0 l_max=3 alpha_max={4 4 4} atom_sigma=0.5 basis=poly3gauss n_species=3 "
    "species_Z={1 6 8} central_index=1 compress_mode=1_2",
}


def structures():
    """A liquid, a molecule, a skewed cell shorter than the cutoffs, a slab."""
    box = liquid(1, 2, density=1.1, seed=3)
    small = Atoms("COHH", [[0, 0, 0], [1.2, 0, 0.1], [-0.6, 0.9, 0], [-0.6, -0.8, 0.2]], pbc=True)
    small.cell = [[3.1, 0.2, 0], [-0.7, 3.3, 0.1], [0.4, 0.9, 2.9]]
    slab = small.repeat((2, 1, 1))
    slab.pbc = [True, True, False]
    slab.cell[2] = [0, 0, 30]
    return {"liquid": box, "molecule": Atoms(box.numbers[:10], box.positions[:10]), "small": small, "slab": slab}


@pytest.mark.parametrize("name", STRINGS)
def test_descriptors_equal_quippys(name):
    module = pytest.importorskip("quippy.descriptors", reason="needs ecemc[gap]")
    forget_radial_basis()
    quip = module.Descriptor(STRINGS[name])
    for frame in structures().values():
        framed = frame if frame.cell.rank == 3 else Atoms(frame.numbers, frame.positions, cell=[60] * 3)
        expected = quip.calc_descriptor(framed)
        atoms, values = descriptors(STRINGS[name], [frame])
        assert values.shape == expected.shape
        assert len(atoms) == len(values) > 0
        # soap_turbo: QUIP's own radial basis is no better, see the table in benches/README.md
        assert np.abs(values - expected).max() < (1e-9 if "turbo" in name else 1e-12)


@pytest.fixture(scope="module", params=["soap", "soap_turbo", "distance_2b"])
def fitted(request, tmp_path_factory):
    pytest.importorskip("quippy.potential", reason="needs ecemc[gap]")
    path = tmp_path_factory.mktemp(request.param) / "model.xml"
    return request.param, fit_gap(training_set(2), PARAMS[request.param], path).path


def test_fitted_models_equal_quippys(fitted):
    kind, path = fitted
    native, quip = NativeModel(path), GAP(path, engine="quip")
    squeezed = water(1, n_water=1)[0]
    squeezed.set_cell([3.1, 2.9, 3.4], scale_atoms=False)
    squeezed.cell[2, 0] = 0.7
    cluster = water(1, n_water=3)[0]
    cluster.pbc = False
    slab = water(1, n_water=3, seed=2)[0]
    slab.pbc = [True, False, True]
    for atoms in [*training_set(2), squeezed, cluster, slab]:
        quip.calculate(atoms, ["energy", "energies", "forces", "stress"])
        found, expected = native.predict(atoms), quip.results
        assert abs(found.energy - expected["energy"]) < 1e-9 * len(atoms)
        assert np.abs(found.energies - expected["energies"]).max() < 1e-8
        # QUIP's slopes of the radial functions of soap_turbo are not those of its energy.
        assert np.abs(found.forces - expected["forces"]).max() < (1e-4 if kind == "soap_turbo" else 1e-8)
        stress = expected["stress"][[0, 5, 4, 5, 1, 3, 4, 3, 2]].reshape(3, 3)
        tolerance = 1e-3 if kind == "soap_turbo" else 1e-7
        assert np.abs(found.virial + stress * atoms.get_volume()).max() < tolerance


def test_local_virials_equal_quippys(fitted):
    kind, path = fitted
    Potential = pytest.importorskip("quippy.potential", reason="needs ecemc[gap]").Potential
    potential = Potential("", param_filename=str(path))
    for atoms in water(2):
        forget_radial_basis()
        potential.calculate(atoms, ["energy", "forces", "stresses"])
        # quippy divides by the volume of an atom, V/N.
        expected = -potential.results["stresses"] * atoms.get_volume() / len(atoms)
        found = NativeModel(path).predict(atoms).virials
        assert np.abs(found).max() > 0.01
        assert np.abs(found - expected).max() < (1e-3 if kind == "soap_turbo" else 1e-7)


def test_variances_equal_quippys(fitted):
    kind, path = fitted
    native, quip = GAP(path), GAP(path, engine="quip")
    cluster = water(1, n_water=3)[0]
    cluster.pbc = False
    for atoms in [*water(2, seed=5), cluster]:
        found = native.variances(atoms)
        assert found.shape == (len(atoms),)
        assert found.max() > 1e-5
        assert np.abs(found - quip.variances(atoms)).max() < (1e-7 if kind == "soap_turbo" else 1e-9)


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    """A model of pairs alone."""
    pytest.importorskip("quippy.potential", reason="needs ecemc[gap]")
    params = FitParams(descriptors=(PAIR,), sigmas=SIGMAS)
    return fit_gap(training_set(2), params, tmp_path_factory.mktemp("pairs") / "model.xml").path


@pytest.mark.parametrize("change", ["Z1=0 Z2=8", "Z1=8 Z2=0", "Z1=0 Z2=0", "mean"])
def test_pairs_with_wildcards_and_a_mean_equal_quippys(pairs, tmp_path, change):
    """gap_fit writes neither, QUIP reads both."""
    for file in pairs.parent.glob("model.xml.sparseX.*"):
        shutil.copy(file, tmp_path)
    before = pairs.read_text()
    if change == "mean":
        text = re.sub(r'(dimensions="1".*?signal_mean=")[^"]*', r"\g<1>0.3", before, flags=re.DOTALL)
    else:
        text = before.replace("Z1=1 Z2=8", change)
    assert text != before
    (tmp_path / "model.xml").write_text(text)
    native, quip = GAP(tmp_path / "model.xml", engine="native"), GAP(tmp_path / "model.xml", engine="quip")
    for atoms in water(2, seed=6):
        for calculator in (native, quip):
            calculator.calculate(atoms)
        for name, tolerance in {"energy": 1e-8, "forces": 1e-8, "stress": 1e-9}.items():
            assert np.abs(native.results[name] - quip.results[name]).max() < tolerance, name
        if change != "mean":  # QUIP's covariances with a mean contradict each other: it stops at a negative variance
            assert np.abs(native.variances(atoms) - quip.variances(atoms)).max() < 1e-9


def configurations(shared):
    data = np.load(shared / "spec/golden/soap/descriptors.npz")
    for name in ("mol", "dense", "tri", "tiny"):
        at = f"cfg/{name}/"
        atoms = Atoms(data[at + "numbers"], data[at + "positions"], cell=data[at + "cell"], pbc=data[at + "pbc"])
        yield name, atoms, data


def test_golden_descriptors(shared):
    strings = json.loads((shared / "spec/golden/soap/descriptors.json").read_text())["descriptors"]
    compared = 0
    for key, text in strings.items():
        if "average=T" in text:
            with pytest.raises(NotImplementedError, match="average=T"):
                descriptors(text, [])
            continue
        for name, atoms, data in configurations(shared):
            if f"desc/{key}/{name}" in data:
                expected = data[f"desc/{key}/{name}"]
                values = descriptors(text, [atoms])[1]
                assert np.abs(values[: len(expected)] - expected).max() < 1e-12, key
                compared += 1
    assert compared > 60


def test_golden_models(shared):
    folder = shared / "spec/golden"
    model, data = NativeModel(folder / "soap/fit/model.xml"), np.load(folder / "soap/fit/predictions.npz")
    for k in range(3):
        atoms = Atoms(data[f"{k}/numbers"], data[f"{k}/positions"], cell=data[f"{k}/cell"], pbc=True)
        found = model.predict(atoms)
        assert abs(found.energy - data[f"{k}/energy"]) < 1e-9 * len(atoms)
        assert np.abs(found.energies - data[f"{k}/local_energy"]).max() < 1e-9
        assert np.abs(found.forces - data[f"{k}/forces"]).max() < 1e-8
        assert np.abs(found.virial - data[f"{k}/virial"]).max() < 1e-7
    for case in json.loads((folder / "soap_turbo/models.json").read_text()):
        model = NativeModel(folder / "soap_turbo" / case["xml"])
        # The cluster stands in a cell that its images do not reach.
        atoms = Atoms(case["Z"], case["positions"], cell=case["cell"], pbc=True)
        found = model.predict(atoms)
        assert abs(found.energy - case["energy"]) < 1e-7
        assert np.abs(found.energies - case["local_energy"]).max() < 1e-8
        # the reference's own slopes, see above
        assert np.abs(found.forces - case["forces"]).max() < 1e-6
        assert np.abs(found.virial - case["virial"]).max() < 5e-6


def test_golden_descriptors_of_turbo(shared):
    cases = json.loads((shared / "spec/golden/soap_turbo/descriptors.json").read_text())
    compared = 0
    for case in cases:
        if "compress_file" in case["descriptor"]:
            continue
        center = np.zeros((1, 3))
        atoms = Atoms([case["Z"], *case["Zn"]], np.concatenate([center, np.reshape(case["d"], (-1, 3))]))
        at, values = descriptors(case["descriptor"], [atoms])
        assert at[0] == 0
        assert np.abs(values[0] - case["p"]).max() < case["tol_p"], case["name"]
        compared += 1
    assert compared >= 8


def test_golden_adjoint(shared):
    """Gradients of one term, from the golden adjoint of the descriptor, by finite differences of our descriptors."""
    data = np.load(shared / "spec/golden/soap/adjoint.npz")
    strings = json.loads((shared / "spec/golden/soap/descriptors.json").read_text())["descriptors"]
    atoms = next(atoms for name, atoms, _ in configurations(shared) if name == "tri")
    text, gbar = strings["base"], data["gbar"]

    def weighted(shifted):
        return float((descriptors(text, [shifted])[1] * gbar).sum())

    h = 1e-4
    for i, axis in [(0, 0), (3, 1), (7, 2), (11, 0)]:
        values = []
        for step in (-2, -1, 1, 2):
            moved = atoms.copy()
            moved.positions[i, axis] += step * h
            values.append(weighted(moved))
        slope = (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * h)
        assert abs(slope - data["dLdr"][i, axis]) < 1e-7
