"""Molecules of whole trajectories: as found frame by frame, with every change of a bond on record."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.build import molecule

from ecemc import _core, find_molecules
from ecemc.errors import InputError
from ecemc.frames import batch
from ecemc.molecules import kind_names, molecule_tracker, tracked_molecules
from ecemc.testing import liquid, trajectory


def same(a, b):
    arrays = ("index", "image", "infinite", "bonds", "bond_shifts")
    return all(np.array_equal(getattr(a, name), getattr(b, name)) for name in arrays) and (
        (a.species, a.formulas, a.fingerprints) == (b.species, b.formulas, b.fingerprints)
    )


def test_frames_of_a_liquid_are_as_found_one_by_one():
    frames = list(trajectory(liquid(4, 8, 0.9), 6))
    frames[3].wrap()
    frames.insert(2, molecule("H2O"))
    tracker = molecule_tracker()
    tracked = tracker.add(0, batch(frames))
    assert all(same(tracked_molecules(tracked, k), find_molecules(atoms)) for k, atoms in enumerate(frames))
    assert tracked.system.tolist() == [0, 0, 1, 0, 0, 0, 0]
    assert tracked.n_molecules.tolist() == [12, 12, 1, 12, 12, 12, 12]
    assert not tracked.changed.any()
    assert tracker.events.shape == (0, 4)
    assert kind_names(tracker) == ["EC", "EMC", "H2O"]
    assert [kind_names(tracker)[k] for k in tracked.kinds(2)] == ["H2O"]
    part = tracked.slice(2, 3)
    assert (len(part), part.n_molecules.tolist()) == (1, [1])


def water(stretch):
    atoms = molecule("H2O", cell=[5, 5, 5], pbc=True)
    atoms.positions[1] += stretch * (atoms.positions[1] - atoms.positions[0])
    return atoms


def test_a_reaction_is_logged_and_parts_join():
    frames = [water(0), water(2), water(2), water(0), molecule("CO"), water(1.5)]
    tracker = molecule_tracker()
    tracked = tracker.add(10, batch(frames))
    assert tracker.events.tolist() == [[11, 0, 1, -1], [13, 0, 1, 1], [15, 0, 1, -1]]
    assert tracked.changed.tolist() == [False, True, True, False, False, True]
    assert kind_names(tracker) == ["H2O", "HO", "H", "CO"]
    (numbers, bonds, first), (_, _, second) = tracker.systems
    assert (numbers.tolist(), bonds.tolist(), first, second) == ([8, 1, 1], [[0, 1], [0, 2]], 10, 14)
    for cut in range(7):
        early, late = molecule_tracker(), molecule_tracker()
        early.add(10, batch(frames[:cut]), n_threads=2)
        late.add(10 + cut, batch(frames[cut:]), n_threads=1)
        late = _core.MoleculeTracker.from_bytes(late.to_bytes())
        kinds = early.merge(late)
        assert [early.fingerprints[kind] for kind in kinds] == late.fingerprints
        assert early.to_bytes() == tracker.to_bytes()
        assert early.next_frame() == 16


def test_infinite_networks_show():
    chain = Atoms("C2", [[0, 0, 0], [1.4, 0, 0]], cell=[2.8, 9, 9], pbc=True)
    tracker = molecule_tracker()
    tracked = tracker.add(0, batch([molecule("H2O"), chain]))
    assert [kind_names(tracker)[kind][:4] for kind in tracked.infinite] == ["(C2)"]
    assert tracked.slice(0, 1).infinite == []
    assert tracker.fingerprints[1][2:] == (2, True)


def test_nonsense_is_refused():
    tracker = molecule_tracker({"Li": 0.5})
    bad = water(0)
    bad.positions[2, 1] = np.nan
    with pytest.raises(InputError, match="frame 8: positions: atom 2"):
        tracker.add(7, batch([water(0), bad]))
    flat = Atoms("H2", [[0, 0, 0], [0, 0, 0.7]], cell=[[1, 0, 0], [1, 0, 0], [0, 0, 1]], pbc=True)
    with pytest.raises(InputError, match="frame 3: cell: "):
        tracker.add(3, batch([flat]))
    tracked = tracker.add(7, batch([water(0)]))
    with pytest.raises(InputError, match="first: got 7, expected at least 8"):
        tracker.add(7, batch([water(0)]))
    with pytest.raises(InputError, match="different bond rules"):
        tracker.merge(molecule_tracker())
    with pytest.raises(IndexError):
        tracked.kinds(1)
    state = tracker.to_bytes()
    for damaged in (b"", state[:-1], state + b"x", b"x" + state[1:]):
        with pytest.raises(InputError, match="state: got"):
            _core.MoleculeTracker.from_bytes(damaged)
    with pytest.raises(InputError, match="scale"):
        _core.MoleculeTracker(-1.0)
