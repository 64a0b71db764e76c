"""The compiled engine against quippy: Turbo-SOAP descriptors, models of several families, fitted models."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from ase.build import molecule
from tests.reference.gap_sets import LONG, SIGMAS, TURBO, training_set, water

from ecemc.gap import FitParams, fit_gap, forget_radial_basis
from ecemc.gap.native import NativeModel, descriptors

Descriptor = pytest.importorskip("quippy.descriptors", reason="needs ecemc[gap]").Descriptor
Potential = pytest.importorskip("quippy.potential", reason="needs ecemc[gap]").Potential

HEAD = "soap_turbo n_species=2 species_Z={1 8} rcut_hard=4 basis=poly3gauss central_index=2 "

#: Options, and how far quippy's own rounding is known to go (it grows with the number of radial functions).
OPTIONS = {
    "l_max=3 n_max=4 atom_sigma=0.5": 1e-12,
    "l_max=2 n_max=4 atom_sigma=0.5 radial_enhancement=1 rcut_soft=3": 1e-12,
    "l_max=3 alpha_max={4 3} atom_sigma=0.5 basis=poly3 nf=3 radial_enhancement=2": 1e-11,
    "l_max=3 alpha_max={4 5} atom_sigma_r={0.4 0.5} atom_sigma_t={0.6 0.4} atom_sigma_r_scaling={0.05 0.1}"
    " atom_sigma_t_scaling={0.1 0.02} amplitude_scaling={0 2} central_weight={0.5 2} rcut_hard=5 rcut_soft=4": 1e-10,
    "l_max=10 n_max=4 atom_sigma=0.4": 1e-11,
    "l_max=4 n_max=8 atom_sigma=0.5 rcut_hard=6 compress_mode=trivial": 1e-6,
    **{f"l_max=2 n_max=3 atom_sigma=0.5 compress_mode={a}_{b}": 1e-12 for a, b in product(range(3), repeat=2)},
}


def small_cell():
    """Water in a triclinic cell shorter than the cutoff: atoms see their own images."""
    atoms = molecule("H2O")
    atoms.set_cell([[3.3, 0, 0], [0.4, 3.1, 0], [-0.3, 0.2, 3.5]])
    atoms.pbc = True
    return atoms


def structures():
    """Dense, sparse, periodic in some directions, not at all, one atom alone."""
    box = water(1)[0]
    open_box, slab = box.copy(), box.copy()
    open_box.pbc = False
    slab.pbc = (True, True, False)
    return [box, small_cell(), open_box, slab, molecule("O", cell=[9, 9, 9], pbc=True)]


@pytest.mark.parametrize("options", OPTIONS)
def test_descriptors(options):
    text, bound = HEAD + options, OPTIONS[options]
    frames = structures()
    _, values = descriptors(text, frames)
    forget_radial_basis()
    quippy = Descriptor(text)
    expected = np.vstack([quippy.calc(atoms)["data"] for atoms in frames])
    assert np.abs(values - expected).max() < bound


def test_compression_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(3)
    columns = rng.permutation(84)[:12] + 1
    rows = [f"{i} {j} {rng.normal():.17g}" for i, j in enumerate(columns, 1)]
    (tmp_path / "matrix").write_text("\n".join(["3 3 3 12", "P_transformation", *rows, "end_transformation", ""]))
    kept = sorted(rng.permutation(84)[:10] + 1)
    (tmp_path / "list").write_text("\n".join(["3 3 3 10", *map(str, kept), ""]))
    for name in ("matrix", "list"):
        text = HEAD + f"l_max=3 n_max=3 atom_sigma=0.5 compress_file={name}"
        forget_radial_basis()
        expected = Descriptor(text).calc(water(1)[0])["data"]
        assert np.abs(descriptors(text, water(1))[1] - expected).max() < 1e-12


def write_model(folder, descriptors, zeta=2, seed=0):
    """Write a model of these descriptor strings with random points and weights."""
    rng = np.random.default_rng(seed)
    terms = []
    for k, text in enumerate(descriptors, 1):
        points = np.abs(rng.normal(size=(4, Descriptor(text).n_dim)))
        points /= np.linalg.norm(points, axis=1)[:, None]
        (folder / f"points{k}").write_text("\n".join(f"{x:.20e}" for x in points.ravel()) + "\n")
        sparse = "".join(f'<sparseX i="{i}" alpha="{rng.normal():.17g}" sparseCutoff="1.0"/>' for i in range(1, 5))
        terms.append(
            f'<gpCoordinates label="m{k}" dimensions="{points.shape[1]}" signal_variance="0.7" signal_mean="0.0"'
            f' sparsified="T" n_permutations="1" covariance_type="2" zeta="{zeta}" n_sparseX="4"'
            f' sparseX_filename="points{k}"><descriptor>{text}</descriptor><permutation i="1">1</permutation>{sparse}'
            "</gpCoordinates>"
        )
    path = folder / "m.xml"
    path.write_text(
        '<m><Potential label="m" init_args="IP GAP label=m"/><GAP_params label="m" gap_version="1426512068">'
        '<GAP_data do_core="F"><e0 Z="1" value="-13.0"/><e0 Z="8" value="-430.0"/></GAP_data>'
        f'<gpSparse label="m" n_coordinate="{len(terms)}" fitted="T">{"".join(terms)}</gpSparse></GAP_params></m>\n'
    )
    return path


FAMILIES = {
    "two widths": ["n_max=4 atom_sigma=0.5 l_max=2", "n_max=4 atom_sigma=0.4 l_max=3 rcut_hard=3 rcut_soft=2.5"],
    "Gaussian first": ["n_max=4 atom_sigma=0.5 l_max=2", "n_max=4 atom_sigma=0.5 l_max=2 basis=poly3"],
    "polynomials first": ["n_max=4 atom_sigma=0.5 l_max=2 basis=poly3", "n_max=4 atom_sigma=0.5 l_max=2"],
    "other size between": [
        "n_max=4 atom_sigma=0.5 l_max=2",
        "n_max=3 atom_sigma=0.5 l_max=2",
        "n_max=4 atom_sigma=0.4 l_max=2",
    ],
}


def compare(path, frames, *, energy=1e-9, forces=2e-6, virial=2e-5):
    """Compare all results; quippy's forces are not quite the derivatives of its energy, see the specification."""
    model = NativeModel(path)
    for atoms in frames:
        forget_radial_basis()
        potential = Potential("", param_filename=str(path))
        potential.calculate(atoms, ["energy", "energies", "forces", "virial"])
        expected, got = potential.results, model.predict(atoms)
        assert np.abs(got.energies - expected["energies"]).max() < energy
        assert abs(got.energy - expected["energy"]) < energy * len(atoms)
        assert np.abs(got.forces - expected["forces"]).max() < forces
        if atoms.pbc.all():
            assert np.abs(got.virial - potential.extra_results["config"]["virial"]).max() < virial


@pytest.mark.parametrize("name", FAMILIES)
def test_families_share_a_radial_basis_as_in_quippy(name, tmp_path):
    path = write_model(tmp_path, [HEAD + options for options in FAMILIES[name]])
    frames = [water(1)[0], small_cell()]
    compare(path, frames)
    shares = name != "other size between"
    assert bool(NativeModel(path).notes) is shares
    own = NativeModel(path, shared_basis=False)
    differ = abs(own.predict(frames[0]).energy - NativeModel(path).predict(frames[0]).energy) > 1e-6
    assert differ is shares
    assert not own.notes


def test_forces_are_the_derivative_of_the_energy_which_those_of_quippy_are_not(tmp_path):
    """With a blunt filter the difference shows; the witness is quippy's own energy."""
    path = write_model(tmp_path, [HEAD + "n_max=4 atom_sigma=0.5 l_max=2 nf=2 rcut_soft=3"])
    atoms = water(1)[0]
    potential = Potential("", param_filename=str(path))
    forget_radial_basis()

    def energy(shift):
        moved = atoms.copy()
        moved.positions[0, 1] += shift
        potential.calculate(moved, ["energy"])
        return potential.results["energy"]

    steps = [energy(k * 2e-3) - energy(-k * 2e-3) for k in (1, 2, 3)]
    force = -(0.75 * steps[0] - 0.15 * steps[1] + steps[2] / 60) / 2e-3
    potential.calculate(atoms, ["forces"])
    assert abs(NativeModel(path).predict(atoms).forces[0, 1] - force) < 1e-8
    assert abs(potential.results["forces"][0, 1] - force) > 1e-7


def test_soap_and_soap_turbo_in_one_model(tmp_path):
    soap = "soap cutoff=4 l_max=3 n_max=4 atom_sigma=0.5 n_species=2 species_Z={1 8} Z=8"
    compare(
        write_model(tmp_path, [soap, HEAD + FAMILIES["two widths"][0], HEAD + FAMILIES["two widths"][1]]), structures()
    )


def test_model_fitted_by_gap_fit(tmp_path):
    """Two cutoffs with the same number of radial functions: wrong by far unless the basis is shared."""
    wide = LONG.model_copy(update={"atom_sigma_r": 0.5, "atom_sigma_t": 0.5})
    result = fit_gap(training_set(3), FitParams(descriptors=(TURBO, wide), sigmas=SIGMAS), tmp_path / "model.xml")
    compare(result.path, [*structures(), water(1, n_water=8, seed=7)[0]], energy=1e-8)
    assert any("radial basis" in note for note in NativeModel(result.path).notes)
