"""The builders that other tests rely on."""

from __future__ import annotations

import numpy as np
import pytest

from ecemc import find_molecules, neighbor_list
from ecemc.errors import InputError
from ecemc.testing import ec, emc, liquid, molecule, trajectory, water


@pytest.mark.parametrize(("build", "species"), [(ec, "EC"), (emc, "EMC"), (water, "H2O")])
def test_molecules_are_what_they_are_called(build, species):
    atoms = build()
    assert find_molecules(atoms).species == [species]
    assert np.allclose(atoms.get_center_of_mass(), 0.0, atol=2e-3)


@pytest.mark.parametrize("counts", [(16, 32, 0), (0, 10, 0), (20, 0, 0), (2, 2, 20)])
def test_liquids_are_whole_and_do_not_overlap(counts):
    n_ec, n_emc, n_water = counts
    box = liquid(n_ec, n_emc, 0.95, n_water=n_water, seed=4)
    found = find_molecules(box)
    assert found.composition == {k: v for k, v in zip(("EC", "EMC", "H2O"), counts, strict=True) if v}
    i, j, d = neighbor_list("ijd", box, 2.0)
    assert (found.index[i] == found.index[j]).all(), d[found.index[i] != found.index[j]]


def test_same_seed_same_box():
    assert np.array_equal(liquid(2, 3, 0.8, seed=9).positions, liquid(2, 3, 0.8, seed=9).positions)
    assert not np.array_equal(liquid(2, 3, 0.8, seed=9).positions, liquid(2, 3, 0.8, seed=8).positions)


def test_trajectories_breathe_and_keep_their_molecules():
    frames = list(trajectory(liquid(2, 4, 0.9, seed=1), 10, seed=2))
    assert len({round(frame.get_volume(), 6) for frame in frames}) == 10
    assert all(find_molecules(frame).composition == {"EC": 2, "EMC": 4} for frame in frames)


def test_nonsense_is_refused():
    with pytest.raises(InputError, match="'XY'"):
        molecule("XY")
    with pytest.raises(InputError, match="density"):
        liquid(1, 1, -1.0)
    with pytest.raises(InputError, match="overlaps remain"):
        liquid(4, 8, 3.0)
