"""Local compositions f(c|C)."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from ase import Atoms
from ase.build import molecule
from tests.reference import molecules_numpy

import ecemc
from ecemc.errors import InputError


def mixture(seed, cell=None):
    """Waters and neon at random on a grid, shuffled and broken."""
    rng = np.random.default_rng(seed)
    atoms = Atoms(cell=np.diag([12.0, 12.0, 12.0]) if cell is None else cell, pbc=True)
    for a in range(3):
        for b in range(3):
            for c in range(3):
                guest = molecule("H2O") if rng.random() < 0.6 else Atoms("Ne")
                guest.positions += (np.array([a, b, c]) + rng.uniform(0.4, 0.6, 3)) / 3 @ atoms.cell[:]
                atoms += guest
    atoms.positions += rng.integers(-1, 2, (len(atoms), 3)) @ atoms.cell[:]
    return atoms[rng.permutation(len(atoms))]


@pytest.mark.parametrize("radius", [4.5, 6.0, 13.0])
@pytest.mark.parametrize("cell", [None, [[12, 0, 0], [5, 11, 0], [-4, 3, 12.5]]], ids=["cubic", "triclinic"])
def test_equals_the_definition(radius, cell):
    frames = [mixture(seed, cell) for seed in range(3)]
    expected = Counter()
    for atoms in frames:
        found = ecemc.find_molecules(atoms)
        centers = ecemc.rigid_bodies(atoms, found).centers
        around = molecules_numpy.environments(centers, atoms.cell[:], atoms.pbc, found.species, radius)
        for central, names in around:
            expected[central, tuple(sorted(Counter(names).items()))] += 1
    result = ecemc.local_environments(iter(frames), radius)
    assert result.occurrences == expected
    assert result.n_frames == 3
    assert result.species == ("H2O", "Ne")


def test_shape_of_the_result():
    result = ecemc.local_environments([mixture(0), mixture(1)], 6.0)
    assert sum(result.composition.values()) == pytest.approx(27)
    for name in result.species:
        assert sum(result.distribution[name].values()) == pytest.approx(1)
        assert sum(result.counts[name].values()) == pytest.approx(2 * result.composition[name])
        mean = sum(np.array(c) * p for c, p in result.distribution[name].items())
        np.testing.assert_allclose(result.mean[name], mean)
    # A pair is counted from both sides.
    a, b = result.composition["H2O"] * result.mean["H2O"][1], result.composition["Ne"] * result.mean["Ne"][0]
    assert a == pytest.approx(b)


def test_results_add_up_whatever_the_cut():
    frames = [mixture(seed) for seed in range(4)]
    frames[2] = frames[2][frames[2].numbers == 10]  # a frame without water
    whole = ecemc.local_environments(frames, 6.0)
    parts = [ecemc.local_environments(frame, 6.0) for frame in frames]
    for joined in (parts[0] + parts[1] + parts[2] + parts[3], (parts[2] + parts[1]) + (parts[3] + parts[0])):
        assert joined.counts == whole.counts
        assert joined.composition == whole.composition
    with pytest.raises(InputError, match=r"cannot add local environments within 6\.0 Å and 5\.0 Å"):
        whole + ecemc.local_environments(frames, 5.0)


def test_own_images_count_and_oneself_does_not():
    atoms = Atoms("Ne", cell=[3, 3, 3], pbc=True)
    assert ecemc.local_environments(atoms, 2.9).counts == {"Ne": {(0,): 1}}
    assert ecemc.local_environments(atoms, 3.1).counts == {"Ne": {(6,): 1}}


@pytest.mark.parametrize("radius", [0.0, -1.0, np.nan, np.inf])
def test_bad_radius(radius):
    with pytest.raises(InputError, match=r"radius: got .* expected a finite distance > 0 in Å"):
        ecemc.local_environments(mixture(0), radius)


def test_no_frames():
    with pytest.raises(InputError, match="frames: got none, expected at least one"):
        ecemc.local_environments([], 5.0)
    empty = ecemc.local_environments(Atoms(), 5.0)
    assert (empty.species, empty.counts, empty.mean) == ((), {}, {})
