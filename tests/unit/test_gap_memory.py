"""Counting what gap_fit will keep, and what memory there is."""

from __future__ import annotations

import os
from collections import Counter

import numpy as np
import pytest
from ase import Atoms
from tests.reference.gap_sets import PARAMS
from tests.reference.neighbors_numpy import neighbor_list

from ecemc.gap import memory
from ecemc.gap.command import expand
from ecemc.gap.memory import available_memory, estimate_memory, measure_sizes
from ecemc.labels import Labels


def counted_by_hand(line, atoms, cutoff):
    """Descriptors, and atoms on which they depend, from a list of all pairs."""
    i, j = neighbor_list(atoms.positions, atoms.cell.array, atoms.pbc, cutoff)[:2]
    pairs = Counter(zip(atoms.numbers[i].tolist(), atoms.numbers[j].tolist(), strict=True))
    if len(line.elements) == 2:
        n = sum(count for key, count in pairs.items() if sorted(key) == sorted(line.elements))
        return n, 2 * n
    n = int(np.sum(atoms.numbers == line.elements[0]))
    return n, n + sum(count for (first, _), count in pairs.items() if first == line.elements[0])


@pytest.mark.parametrize("kind", PARAMS)
def test_counts_equal_those_of_a_list_of_all_pairs(kind):
    rng = np.random.default_rng(1)
    frames = [
        Atoms("H4O3C", rng.uniform(0, 4, (8, 3)), cell=[[4, 0, 0], [1, 5, 0], [0, 1, 4.5]], pbc=True),
        Atoms("H2O", rng.uniform(0, 4, (3, 3)), cell=[5, 4, 9], pbc=[True, False, True]),
        Atoms("H", cell=[20] * 3, pbc=True),
    ]
    zero = np.zeros
    labels = [Labels(1.0, zero((8, 3)), zero((3, 3))), Labels(1.0, zero((3, 3))), Labels(1.0)]
    factors = [9, 3, 0]
    lines = expand(PARAMS[kind], [1, 6, 8])
    sizes, shortest = measure_sizes(lines, frames, labels)
    for line, size in zip(lines, sizes, strict=True):
        counts = [counted_by_hand(line, atoms, line.term.cutoff) for atoms in frames]
        assert size.n_descriptors == sum(n for n, _ in counts)
        assert size.n_derivatives == sum(f * rows for f, (_, rows) in zip(factors, counts, strict=True))
        assert size.n_largest == max(3 * rows for _, rows in counts)
    assert shortest[0] == pytest.approx(min(frames[0].get_all_distances(mic=True)[np.triu_indices(8, 1)]))
    assert shortest[2] == np.inf


def test_estimate_is_dominated_by_derivatives():
    frame = Atoms("H2O", [[0, 0, 0], [0, 0, 1], [0, 1, 0]])
    lines = expand(PARAMS["soap"], [1, 8])
    sizes, _ = measure_sizes(lines, [frame], [Labels(1.0, np.zeros((3, 3)))])
    length = lines[0].length
    # three atoms, each with two neighbours: nine pairs of centre and atom, three rows each
    assert estimate_memory(sizes, 10).descriptors == 8 * length * (3 + 27)


def test_available_memory_is_no_more_than_the_machine_has():
    assert 1e8 < available_memory() <= os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.parametrize(
    ("limit", "used"),
    [("memory.max", "memory.current"), ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes")],
)
def test_limit_of_a_container_counts(tmp_path, monkeypatch, limit, used):
    (tmp_path / limit).parent.mkdir(exist_ok=True)
    (tmp_path / limit).write_text("90000000\n")
    (tmp_path / used).write_text("20000000\n")
    monkeypatch.setattr(memory, "_CGROUP", tmp_path)
    assert available_memory() == 70_000_000
    (tmp_path / limit).write_text("max\n")
    assert available_memory() > 70_000_000
