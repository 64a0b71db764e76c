"""Packed boxes: density, order, distances over the boundary, seeds, refusals."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from ecemc.errors import InputError, MissingExtraError
from ecemc.sampling import guess_density, pack_box
from ecemc.sampling.boxes import box_length

pytest.importorskip("packmol", reason="needs ecemc[sample]")

AMU_G_PER_CM3 = 1.66053906660  # of 1 amu/Å³


def molecule_index(n_ec: int, n_emc: int) -> np.ndarray:
    return np.repeat(np.arange(n_ec + n_emc), [10] * n_ec + [15] * n_emc)


def closest_distance_between_molecules(atoms, index) -> float:
    """Brute force over minimum images."""
    d = atoms.positions[:, None] - atoms.positions[None]
    length = atoms.cell[0, 0]
    r = np.linalg.norm(d - length * np.round(d / length), axis=-1)
    return r[index[:, None] != index[None]].min()


@pytest.mark.parametrize(("composition", "n_ec", "n_emc"), [("4EC:8EMC", 4, 8), ("1EC", 1, 0), ("3EMC", 0, 3)])
@pytest.mark.parametrize("density", [0.3, 1.0])
def test_box_has_the_density_and_no_overlap_over_the_boundary(composition, n_ec, n_emc, density):
    atoms = pack_box(composition, density, seed=5)
    assert atoms.get_masses().sum() * AMU_G_PER_CM3 / atoms.get_volume() == pytest.approx(density, rel=1e-9)
    assert atoms.pbc.all()
    assert list(atoms.symbols) == list("HCHOCCHHOO") * n_ec + list("CCOCOOCHHHHHHHH") * n_emc
    if n_ec + n_emc > 1:
        assert closest_distance_between_molecules(atoms, molecule_index(n_ec, n_emc)) > 1.9


def test_molecules_are_whole_rigid_copies():
    atoms = pack_box("2EC:1EMC", 0.8, seed=1)
    first, second = atoms[:10].get_all_distances(), atoms[10:20].get_all_distances()
    assert first.max() < 6.0
    assert np.allclose(first, second, atol=1e-4)


def test_seed_decides():
    one, same, other = (pack_box("4EC:8EMC", 0.9, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(one.positions, same.positions)
    assert not np.allclose(one.positions, other.positions)


def test_box_too_full_is_refused():
    with pytest.raises(InputError, match="lower the density"):
        pack_box("4EMC", 1.99, seed=1)


@pytest.mark.parametrize("density", [0.0, -1.0, float("nan"), 1000.0])
def test_density_out_of_range_is_refused(density):
    with pytest.raises(InputError, match=r"density: got .* g/cm³"):
        pack_box("4EC", density, seed=1)


def test_random_seed_is_refused():
    with pytest.raises(InputError, match="seed: got -1"):
        pack_box("1EC", 0.1, seed=-1)


def test_unknown_molecule_is_refused():
    with pytest.raises(InputError, match=r"'PC'.*EC, EMC"):
        guess_density({"EC": 1, "PC": 4}, 300.0)
    with pytest.raises(InputError, match=r"'PC'.*EC, EMC"):
        pack_box("4PC", 1.0, seed=1)


def test_without_packmol_the_message_says_how_to_get_it(monkeypatch):
    for module in [name for name in sys.modules if name.partition(".")[0] == "packmol"]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "packmol", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'ecemc\[sample\]'"):
        pack_box("4EC", 1.0, seed=1)


def test_guessed_density_is_near_the_known_ones():
    # NPT densities of this force field: 48 to 64 molecules, 1 atm
    known = [((16, 32), 300, 1.0987), ((16, 32), 400, 0.9855), ((38, 19), 400, 1.0767), ((64, 0), 300, 1.2973)]
    for (n_ec, n_emc), temperature, density in known:
        assert guess_density({"EC": n_ec, "EMC": n_emc}, temperature) == pytest.approx(density, rel=0.02)
    assert 0.3 < guess_density({"EMC": 1}, 2000.0) < 0.6


def test_box_length_follows_the_mass():
    assert box_length({"EC": 8}, 1.0) == pytest.approx(2.0 * box_length({"EC": 1}, 1.0))
