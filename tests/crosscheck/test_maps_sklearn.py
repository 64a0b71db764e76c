"""Kernel PCA against scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest

from ecemc.maps import KernelPCAOptions, kernel_pca
from ecemc.maps.nystrom import fit
from ecemc.testing import liquid

decomposition = pytest.importorskip("sklearn.decomposition", reason="needs scikit-learn")


def oracle(x, zeta, n_components):
    """Coordinates and shares of the variance."""
    model = decomposition.KernelPCA(n_components=None, kernel="precomputed", eigen_solver="dense")
    coordinates = model.fit_transform((x @ x.T) ** zeta)
    return coordinates[:, :n_components], model.eigenvalues_[:n_components] / model.eigenvalues_.sum(), model


def up_to_sign(a, b):
    return a * np.sign(np.sum(a * b, axis=0))


@pytest.mark.parametrize("zeta", [1, 2, 4])
@pytest.mark.parametrize("limit", [0, 10**7])
def test_all_points_as_landmarks(zeta, limit):
    rng = np.random.default_rng(zeta)
    x = 1.0 + 0.4 * rng.normal(size=(70, 6))  # far from centred
    x /= np.linalg.norm(x, axis=1)[:, None]
    found = fit(lambda: iter(np.split(x, 7)), x, zeta, 4, limit=limit)
    expected, shares, model = oracle(x, zeta, 4)
    np.testing.assert_allclose(up_to_sign(found.coordinates, expected), expected, atol=1e-8)
    np.testing.assert_allclose(found.variance / found.total_variance, shares, atol=1e-9)
    new = rng.normal(size=(5, 6))
    placed = model.transform((new @ x.T) ** zeta)[:, :4]
    signs = np.sign(np.sum(found.coordinates * expected, axis=0))
    np.testing.assert_allclose(found.basis.transform(new) * signs, placed, atol=1e-6)


def test_fewer_landmarks_are_pca_of_the_projected_features():
    nystroem = pytest.importorskip("sklearn.kernel_approximation").Nystroem
    rng = np.random.default_rng(0)
    x = 1.0 + 0.4 * rng.normal(size=(200, 5))
    x /= np.linalg.norm(x, axis=1)[:, None]
    landmarks = x[::10]
    features = nystroem(kernel="poly", gamma=1.0, coef0=0.0, degree=3, n_components=20).fit(landmarks).transform(x)
    expected = decomposition.PCA(n_components=3, svd_solver="full").fit(features)
    found = fit(lambda: iter(np.split(x, 4)), landmarks, 3, 3, limit=10**7)
    placed = expected.transform(features)
    np.testing.assert_allclose(up_to_sign(found.coordinates, placed), placed, atol=1e-7)
    np.testing.assert_allclose(found.variance, np.var(placed, axis=0), atol=1e-9)


def test_a_map_of_atoms():
    frames = [liquid(1, 2, density, seed=seed) for density in (0.3, 0.9) for seed in range(3)]
    soap = "soap cutoff=4 n_max=4 l_max=3 atom_sigma=0.6"
    found = kernel_pca(frames, KernelPCAOptions(by="C", descriptor=soap, n_components=3))
    expected, shares, _ = oracle(found.basis.landmarks, 4, 3)
    np.testing.assert_allclose(up_to_sign(found.coordinates, expected), expected, atol=1e-8)
    np.testing.assert_allclose(found.explained_variance_ratio, shares, atol=1e-9)
