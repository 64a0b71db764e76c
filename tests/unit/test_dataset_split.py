"""Parts of a data set: sizes, proportions, nothing leaks, the same seed gives the same files."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from ase import Atoms
from ase.build import molecule
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.reference.springs import dataset, isolated

from ecemc import read, volume_scan, write
from ecemc.dataset import content_hash, read_provenance, split_dataset, write_split
from ecemc.errors import InputError
from ecemc.testing import liquid


def random_frames(counts, seed=0):
    """Frames of several kinds: {(config_type, formula): number}."""
    rng = np.random.default_rng(seed)
    frames = []
    for (config_type, formula), n in counts.items():
        for _ in range(n):
            atoms = Atoms(formula, cell=[9, 9, 9], pbc=True, info={"config_type": config_type})
            atoms.positions = rng.uniform(0, 9, (len(atoms), 3))
            frames.append(atoms)
    return frames


def numbers(split):
    return [frame for frames in split.parts.values() for frame in frames] + list(split.left_out)


@pytest.mark.parametrize(
    ("parts", "counts"),
    [
        ({"train": 0.8, "test": 0.2}, {"train": 40, "test": 10}),
        ({"train": 0.75, "test": 0.25}, {"train": 38, "test": 12}),
        ({"train": 0.1, "test": 0.1}, {"train": 5, "test": 5}),
        ({"train": 30, "validation": 7, "test": 13}, {"train": 30, "validation": 7, "test": 13}),
        ({"train": 1}, {"train": 1}),
        ({"train": 1.0}, {"train": 50}),
    ],
)
def test_sizes(parts, counts):
    split = split_dataset(random_frames({("a", "CO2"): 30, ("b", "CO2"): 15, ("b", "H2O"): 5}), parts, seed=3)
    assert split.counts == counts
    assert sorted(numbers(split)) == list(range(50))
    assert len(split.left_out) == 50 - sum(counts.values())


@settings(max_examples=30)
@given(
    kinds=st.lists(st.integers(1, 40), min_size=1, max_size=5),
    shares=st.lists(st.integers(1, 9), min_size=2, max_size=4),
    seed=st.integers(0, 9),
)
def test_every_kind_is_divided_in_the_same_proportion(kinds, shares, seed):
    total = sum(kinds)
    parts = {f"part{k}": share / (sum(shares) + 1) for k, share in enumerate(shares)}
    if min(parts.values()) * total < 1.0:
        return
    frames = random_frames({(f"kind{k}", "CO2"): n for k, n in enumerate(kinds)})
    split = split_dataset(frames, parts, seed=seed)
    assert sorted(numbers(split)) == list(range(total))
    for name, part in parts.items():
        assert abs(split.counts[name] - part * total) <= 1.0
        here = Counter(frames[k].info["config_type"] for k in split.parts[name])
        for k, n in enumerate(kinds):
            assert abs(here[f"kind{k}"] - part * n) < 2.5


def test_seeds():
    frames = random_frames({("a", "CO2"): 40})
    splits = [split_dataset(frames, {"train": 20, "test": 20}, seed=seed).parts["train"] for seed in (1, 1, 2, 3)]
    assert splits[0] == splits[1]
    assert len(set(splits)) == 3
    often = Counter(
        k for seed in range(200) for k in split_dataset(frames, {"train": 20, "test": 20}, seed=seed).parts["train"]
    )
    assert len(often) == 40
    assert all(60 < n < 140 for n in often.values())  # 100 ± 7


def test_isolated_atoms_go_to_training_parts_only():
    frames = [*map(isolated, "HCO"), *random_frames({("a", "CO2"): 20}), isolated("H")]
    split = split_dataset(frames, {"train_small": 5, "train_large": 10, "test": 5}, seed=0)
    for name, part in split.parts.items():
        assert {0, 1, 2, 23} & set(part) == ({0, 1, 2, 23} if name.startswith("train") else set())
    assert split.counts == {"train_small": 9, "train_large": 14, "test": 5}
    assert split.isolated_atoms == (0, 1, 2, 23)


def part_of(split):
    return {frame: name for name, frames in split.parts.items() for frame in frames}


@pytest.mark.parametrize("seed", range(5))
def test_duplicates_do_not_leak(seed):
    frames = random_frames({("a", "CO2"): 20})
    rng = np.random.default_rng(seed)
    for k in range(0, 20, 2):
        twin = frames[k][rng.permutation(3)]
        twin.positions += rng.normal(size=3)
        twin.wrap()
        frames.append(twin)
    where = part_of(split_dataset(frames, {"train": 0.5, "test": 0.5}, seed=seed))
    assert all(where[2 * k] == where[20 + k] for k in range(10))
    assert set(where.values()) == {"train", "test"}


@pytest.mark.parametrize("seed", range(5))
def test_scans_stay_together_with_their_parent(seed):
    parents = [liquid(1, 1, 0.3, seed=k) for k in range(6)]
    scans = [volume_scan(atoms, [0.9, 1.0, 1.1, 1.3]) for atoms in parents]
    frames = [*parents, *(frame for scan in scans for frame in scan)]
    where = part_of(split_dataset(frames, {"train": 0.5, "test": 0.5}, seed=seed))
    for k in range(6):
        assert len({where[k], *(where[6 + 4 * k + n] for n in range(4))}) == 1
    assert set(where.values()) == {"train", "test"}


@pytest.mark.parametrize("scales", [[0.9, 1.1, 1.3], [1.3, 1.1, 0.9], [1.1]])
def test_scans_are_told_apart_by_their_course(scales):
    scans = [volume_scan(liquid(1, 1, 0.3, seed=k), scales) for k in range(8)]
    split = split_dataset([frame for scan in scans for frame in scan], {"train": 0.5, "test": 0.5}, seed=0)
    where = part_of(split)
    n = len(scales)
    assert all(len({where[n * k + m] for m in range(n)}) == 1 for k in range(8))
    assert split.counts == {"train": 4 * n, "test": 4 * n}


def test_frames_of_one_parent_or_run_stay_together():
    frames = random_frames({("a", "CO2"): 40})
    for k, atoms in enumerate(frames):
        atoms.info |= {"parent_frame": k // 4, "run": k % 5}
    where = part_of(split_dataset(frames, {"train": 0.5, "test": 0.5}, seed=0))
    assert all(len({where[4 * k + m] for m in range(4)}) == 1 for k in range(10))
    split = split_dataset(frames, {"train": 0.6, "test": 0.4}, seed=0, group_key="run")
    assert split.counts == {"train": 24, "test": 16}
    assert len({(k % 5, name) for k, name in part_of(split).items()}) == 5


def test_files(tmp_path):
    data = tmp_path / "all.extxyz"
    frames = dataset(10)
    write(data, frames)
    split = split_dataset(data, {"train": 0.6, "validation": 0.2, "test": 0.2}, seed=4)
    paths = write_split(data, split, tmp_path / "parts")
    assert {name: path.name for name, path in paths.items()} == {
        name: f"{name}.extxyz" for name in ("train", "validation", "test")
    }
    for name, path in paths.items():
        for number, atoms in zip(split.parts[name], read(path), strict=True):
            assert np.array_equal(atoms.positions, frames[number].positions)
            assert np.array_equal(atoms.arrays["REF_forces"], frames[number].arrays["REF_forces"])
            assert atoms.info["REF_energy"] == frames[number].info["REF_energy"]
        record = read_provenance(path)
        assert record.describes(path)
        assert (record.step, record.seed, record.n_frames) == ("split", 4, len(split.parts[name]))
        assert record.parameters["part"] == name
        assert record.parents[0].sha256 == content_hash(data)
    again = write_split(data, split_dataset(data, split.asked, seed=4), tmp_path / "again")
    assert all(paths[name].read_bytes() == again[name].read_bytes() for name in paths)


def test_all_parts_or_none(tmp_path):
    data = tmp_path / "all.extxyz"
    write(data, random_frames({("a", "CO2"): 10}))
    split = split_dataset(data, {"train": 8, "test": 2}, seed=0)
    write(data, random_frames({("a", "CO2"): 3}))
    with pytest.raises(InputError, match=r"all\.extxyz: has \d of 8 frames of 'train'"):
        write_split(data, split, tmp_path / "parts")
    assert list((tmp_path / "parts").iterdir()) == []
    (tmp_path / "parts" / "test.extxyz").mkdir()
    with pytest.raises(OSError, match=r"test\.extxyz"):
        write_split(data, split_dataset(data, {"train": 2, "test": 1}, seed=0), tmp_path / "parts")
    assert not (tmp_path / "parts" / "train.extxyz").exists()


def test_the_data_are_not_overwritten(tmp_path):
    data = tmp_path / "train.extxyz"
    write(data, random_frames({("a", "CO2"): 4}))
    with pytest.raises(InputError, match="is the file that is split"):
        write_split(data, split_dataset(data, {"train": 2, "test": 2}, seed=0), tmp_path)


BAD = {
    "expected names and sizes": {},
    "expected fractions that sum to at most 1": {"train": 0.9, "test": 0.2},
    "or whole numbers": {"train": 0.5, "test": 3},
    "got train 0": {"train": 0},
    "got train -0.5": {"train": -0.5},
    r"ask for 12 frames, but there are 10 \(isolated": {"train": 8, "test": 4},
    "'test' would be empty": {"train": 0.97, "test": 0.03},
}


@pytest.mark.parametrize("message", BAD)
def test_bad_sizes(message):
    frames = [isolated("H"), *random_frames({("a", "CO2"): 10})]
    with pytest.raises(InputError, match=message):
        split_dataset(frames, BAD[message], seed=0)


def test_a_single_configuration_has_no_two_parts():
    with pytest.raises(InputError, match="would be empty"):
        split_dataset([molecule("CO2")], {"train": 0.5, "test": 0.5}, seed=0)


def test_parts_grow_with_their_size():
    """Sizes are met whatever the rounding."""
    frames = random_frames({("a", "CO2"): 7, ("b", "H2O"): 6})
    counts = [split_dataset(frames, {"train": n, "test": 13 - n}, seed=0).counts["train"] for n in range(1, 13)]
    assert all(b - a == 1 for a, b in pairwise(counts))
