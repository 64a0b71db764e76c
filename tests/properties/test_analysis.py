"""Bonds that break and form against a twin that looks at every frame alone; parts of a run against the whole of it."""

from __future__ import annotations

import json
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecemc import AnalysisOptions, find_molecules
from ecemc.analysis import Analyzer
from ecemc.errors import InputError
from ecemc.testing import liquid, trajectory

# Enough molecules to be a liquid in every frame, so that the first part chooses what the whole would choose.
BOX = liquid(1, 2, 0.4, n_water=9, seed=2)
HYDROGENS = np.flatnonzero(BOX.symbols == "H").tolist()
MOLECULES = find_molecules(BOX).index
OPTIONS = {"r_max": 4.0, "n_bins": 12, "local_radius": 9.0}

MOVES = st.one_of(
    # What happens between two frames: nothing, an atom leaves, two change places, two molecules touch.
    st.just(("stay",)),
    st.tuples(st.just("leave"), st.sampled_from(HYDROGENS), st.sampled_from([0.9, 1.5, 2.4])),
    st.tuples(st.just("swap"), st.sampled_from(HYDROGENS), st.sampled_from(range(len(BOX)))),
    st.tuples(st.just("touch"), st.sampled_from(range(len(BOX))), st.sampled_from(range(len(BOX)))),
    st.just(("heal",)),
)


def moved(atoms, move):
    """The next frame."""
    kind, *what = move
    atoms = atoms.copy() if kind != "heal" else BOX.copy()
    if kind == "leave":
        atom, far = what
        atoms.positions[atom] += far * np.array([0.48, -0.6, 0.64])
    elif kind == "swap":
        atoms.positions[what] = atoms.positions[what[::-1]]
    elif kind == "touch" and MOLECULES[what[0]] != MOLECULES[what[1]]:
        first, second = what
        arm = np.array([0.9, 0.5, -0.4])
        atoms.positions[MOLECULES[first] == MOLECULES] += atoms.positions[second] + arm - atoms.positions[first]
    return atoms


@st.composite
def runs(draw, most=9):
    """A small liquid in which anything may react, with a frame of other atoms now and then."""
    frames, atoms, hot = [], BOX, draw(st.booleans())
    for step, move in enumerate(draw(st.lists(MOVES, min_size=2, max_size=most))):
        atoms = moved(atoms, move)
        shaken = atoms.copy()
        shaken.positions += 1e-3 * np.sin(np.arange(3 * len(atoms)).reshape(-1, 3) + step)
        shaken.info["time"] = 10.0 * step
        if hot:
            shaken.set_velocities(1e-2 * np.cos(np.arange(3 * len(atoms)).reshape(-1, 3) + step))
        frames.append(shaken)
    if draw(st.integers(0, 3)) == 0:
        frames[draw(st.integers(0, len(frames) - 1))] = liquid(0, 0, 0.2, n_water=9, seed=1)
    return frames


def twin(frames):
    """Events, changed bonds, what appears and disappears: frame by frame, all molecules found anew."""
    first, latest = {}, {}
    events, n_changed, changes = [], [], []
    for number, atoms in enumerate(frames):
        found = find_molecules(atoms)
        bonds, species = {tuple(bond) for bond in found.bonds.tolist()}, molecules(found)
        key = atoms.numbers.tobytes()
        origin = first.setdefault(key, bonds)
        before, were = latest.get(key, (bonds, species))
        latest[key] = bonds, species
        broken, formed = sorted(before - bonds), sorted(bonds - before)
        n_changed.append(len(bonds ^ origin))
        events += [(number, *bond, -1) for bond in broken] + [(number, *bond, 1) for bond in formed]
        if broken or formed:
            changes.append((number, len(broken), len(formed), gained(were, species), gained(species, were)))
    return events, n_changed, changes


def molecules(found):
    """Molecules as sets of atoms with their bonds, by name."""
    members = [frozenset(np.flatnonzero(found.index == k).tolist()) for k in range(len(found.species))]
    bonds = found.bonds.tolist()
    return {
        (name, atoms, frozenset((i, j) for i, j in bonds if i in atoms))
        for name, atoms in zip(found.species, members, strict=True)
    }


def gained(before, after):
    """Species of which there is more, among the molecules that are not the same before and after."""
    old = Counter(name for name, *_ in before - after)
    new = Counter(name for name, *_ in after - before)
    return dict(sorted((new - old).items()))


def analyzed(frames, first_frame=0, **settings):
    analyzer = Analyzer(AnalysisOptions(**OPTIONS, first_frame=first_frame), **settings)
    analyzer.add(frames)
    return analyzer


def text(analyzer):
    """Everything of the result: equal text means equal bits."""
    return json.dumps(analyzer.result().to_dict())


@settings(max_examples=60)
@given(runs())
def test_every_bond_that_breaks_or_forms_is_on_record(frames):
    found = analyzed(frames).result().integrity
    events, n_changed, changes = twin(frames)
    assert sorted(map(tuple, found.events.tolist())) == sorted(events)
    assert [frame for frame, *_ in found.events.tolist()] == sorted(frame for frame, *_ in events)
    assert found.n_changed.tolist() == n_changed
    assert found.changed_frames == tuple(np.flatnonzero(n_changed))
    assert [(c.frame, c.n_broken, c.n_formed, c.appeared, c.disappeared) for c in found.changes] == changes
    for change in found.changes:
        assert list(change.broken) == names(frames, events, change.frame, -1)[:10]
        assert list(change.formed) == names(frames, events, change.frame, 1)[:10]


def names(frames, events, number, sign):
    symbols = frames[number].get_chemical_symbols()
    return [f"{symbols[i]}{i}-{symbols[j]}{j}" for frame, i, j, of in events if (frame, of) == (number, sign)]


@settings(max_examples=60)
@given(runs(), st.data())
def test_parts_that_are_analysed_apart_are_the_whole(frames, data):
    cuts = data.draw(st.lists(st.integers(1, len(frames) - 1), max_size=3, unique=True).map(sorted), label="cuts")
    bounds = [0, *cuts, len(frames)]
    whole = text(analyzed(frames))
    first = analyzed(frames[: bounds[1]])
    parts = [
        analyzed(frames[start:stop], start, like=Analyzer.from_bytes(first.to_bytes())).to_bytes()
        for start, stop in pairwise(bounds[1:])
    ]
    merged = Analyzer.from_bytes(first.to_bytes())
    # From the end, so that merged parts are merged themselves.
    later = [Analyzer.from_bytes(part) for part in parts]
    while len(later) > 1:
        last = later.pop()
        later[-1].merge(last)
    for part in later:
        merged.merge(part)
    assert text(merged) == whole
    assert text(Analyzer.from_bytes(merged.to_bytes())) == whole
    # Going on where another left off is the same, too.
    going_on = Analyzer.from_bytes(first.to_bytes())
    going_on.add(frames[bounds[1] :])
    assert text(going_on) == whole


@settings(max_examples=20)
@given(st.integers(1, 11), st.booleans(), st.integers(0, 4))
def test_parts_of_a_run_that_does_not_react_need_no_model(cut, velocities, equilibration):
    frames = list(trajectory(liquid(2, 6, 0.7, seed=4), 12, seed=2))
    rng = np.random.default_rng(0)
    for frame in frames if velocities else []:
        frame.set_velocities(rng.normal(scale=0.01, size=(len(frame), 3)))
    options = {"r_max": 4.0, "n_bins": 12, "local_radius": 6.0, "equilibration": equilibration}
    whole = Analyzer(AnalysisOptions(**options))
    whole.add(frames)
    first, second = Analyzer(AnalysisOptions(**options)), Analyzer(AnalysisOptions(**options, first_frame=cut))
    first.add(frames[:cut])
    second.add(frames[cut:])
    first.merge(second)
    assert text(first) == text(whole)
    assert text(second) == text(Analyzer.from_bytes(second.to_bytes()))


def test_dt_counts_on_through_the_parts():
    frames = list(trajectory(liquid(2, 6, 0.7, seed=4), 12, seed=2))
    options = {"r_max": 4.0, "n_bins": 12, "local_radius": 6.0, "dt": 5.0}
    whole, first = Analyzer(AnalysisOptions(**options), step=2), Analyzer(AnalysisOptions(**options), step=2)
    second = Analyzer(AnalysisOptions(**options, first_frame=7), step=2)
    whole.add(frames)
    first.add(frames[:7])
    second.add(frames[7:])
    assert second.result().time[0] == 70.0
    first.merge(second)
    assert text(first) == text(whole)
    assert first.result().time.tolist() == [10.0 * k for k in range(12)]
    with pytest.raises(InputError, match=r"^merge: the parts were analysed with step=2 and step=1, expected the same"):
        analyzed_like(first, frames[:2], step=1)


def analyzed_like(first, frames, **settings):
    options = AnalysisOptions(dt=first.options.dt, first_frame=first.n_frames)
    analyzer = Analyzer(options, like=first, **settings)
    analyzer.add(frames)
    return analyzer


def test_parts_that_do_not_belong_together_are_refused():
    frames = list(trajectory(BOX, 4))
    first = analyzed(frames[:2])
    for number in (0, 1, 3):
        with pytest.raises(InputError) as error:
            first.merge(analyzed(frames[2:], number))
        assert str(error.value) == (
            f"merge: the second part starts with frame {number}, expected 2, the one after the first part: analyse it "
            "with first_frame=2 (command line: --first-frame)"
        )
    for name, value in {"n_bins": 13, "r_max": 4.5, "bond_scale": 1.2, "dt": 1.0, "elements": ("C",)}.items():
        other = Analyzer(AnalysisOptions(**OPTIONS | {"first_frame": 2, name: value}))
        other.add(frames[2:])
        mine = getattr(first.options, name)
        with pytest.raises(InputError) as error:
            first.merge(other)
        assert str(error.value).startswith(
            f"merge: the parts were analysed with {name}={mine} and {name}={value}, expected the same"
        )
    with pytest.raises(InputError, match=r"^frames: got none"):
        first.merge(Analyzer(AnalysisOptions(first_frame=2)))
    # Nothing has been merged by halves.
    assert text(first) == text(analyzed(frames[:2]))


def test_a_part_after_a_reaction_needs_the_first_for_a_model():
    frames = list(trajectory(BOX, 4))
    for frame in frames[2:]:
        frame.positions[HYDROGENS[0]] += [1.4, -1.0, 0.3]
    first = analyzed(frames[:2])
    with pytest.raises(InputError, match=r"begins with other kinds of molecules than the first.*--like"):
        first.merge(analyzed(frames[2:], 2))
    first.merge(analyzed(frames[2:], 2, like=first))
    assert text(first) == text(analyzed(frames))
