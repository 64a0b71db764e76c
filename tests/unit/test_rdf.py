"""RDFs whose values are known, and bad input."""

from __future__ import annotations

import json

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule

import ecemc


def dimer(positions, cell):
    return Atoms("H2", positions=positions, cell=cell, pbc=True)


@pytest.mark.parametrize(
    ("structure", "shells"),
    [
        ("fcc", {0.72: 12, 1.01: 18, 1.23: 42}),
        ("bcc", {0.87: 8, 1.01: 14, 1.42: 26}),
        ("sc", {1.01: 6, 1.42: 18, 1.74: 26}),
    ],
)
@pytest.mark.parametrize("repeat", [1, 3])
def test_shells_of_lattices(structure, shells, repeat):
    crystal = bulk("Ar", structure, a=5.0).repeat(repeat)
    found = ecemc.rdf(crystal, 9.0, 900)
    number = found.coordination["Ar", "Ar"]
    for radius, neighbours in shells.items():
        assert number[np.searchsorted(found.edges[1:], radius * 5.0)] == neighbours
    assert not found.intra["Ar", "Ar"].any()


def test_bins_are_half_open():
    crystal = Atoms("Ar", cell=[4.0, 4.0, 4.0], pbc=True)
    number = ecemc.rdf(crystal, 8.0, 8).coordination["Ar", "Ar"]
    assert number.tolist() == [0, 0, 0, 0, 6, 18, 26, 26]  # 4 Å counts in [4, 5), 8 Å not at all
    assert ecemc.rdf(crystal, 4.0, 4).coordination["Ar", "Ar"].tolist() == [0, 0, 0, 0]


def test_sum_rules():
    rng = np.random.default_rng(3)
    frames = [molecule("CH3OH", cell=[6, 6, 6], pbc=True).repeat(2) for _ in range(5)]
    for atoms in frames:
        atoms.positions += rng.normal(scale=0.05, size=(len(atoms), 3))
    total, pair = (ecemc.rdf(frames, 11.0, 55, normalization=kind) for kind in ("total", "pair"))
    parts = [*total.intra.values(), *total.inter.values()]
    np.testing.assert_allclose(sum(parts), total.total, rtol=1e-12, atol=1e-14)
    assert np.array_equal(total.total, pair.total)
    shells = 4 / 3 * np.pi * np.diff(pair.edges**3)
    numbers = {symbol: (frames[0].symbols == symbol).sum() for symbol in "CHO"}
    for a, b in pair.coordination:
        g = pair.inter[min(a, b), max(a, b)] + pair.intra[min(a, b), max(a, b)]
        integral = np.cumsum(g * shells) * numbers[b] / frames[0].get_volume()
        np.testing.assert_allclose(pair.coordination[a, b], integral, rtol=1e-12, atol=1e-14)
    assert pair.coordination_intra["C", "H"][-1] == pytest.approx(4)
    assert pair.coordination_intra["H", "C"][-1] == pytest.approx(1)


def test_npt_average_by_hand():
    """One pair at 2.5 Å in cells of different volume: the volume belongs inside the average."""
    frames = [Atoms("ArNe", [[0, 0, 0], [2.5, 0, 0]], cell=[size] * 3, pbc=True) for size in (6.0, 8.0, 10.0)]
    found = ecemc.rdf(frames, 3.0, 3)
    shell = 4 / 3 * np.pi * (27 - 8)
    volumes = np.array([6.0, 8.0, 10.0]) ** 3
    assert found.inter["Ar", "Ne"][2] == pytest.approx(volumes.mean() / shell, rel=1e-13)
    assert found.stderr["Ar", "Ne"][2] == pytest.approx(volumes.std(ddof=1) / np.sqrt(3) / shell, rel=1e-12)
    assert (found.n_frames, found.n_blocks, found.block_length) == (3, 3, 1)


def test_a_molecule_across_the_boundary_is_one():
    whole = ecemc.rdf(dimer([[2.0, 2, 2], [2.74, 2, 2]], [5, 5, 5]), 2.4, 24)
    split = ecemc.rdf(dimer([[4.8, 2, 2], [0.54, 2, 2]], [5, 5, 5]), 2.4, 24)
    assert whole.coordination_intra["H", "H"][-1] == 1
    assert split.to_dict() == whole.to_dict()


def test_copies_of_the_own_molecule_are_intermolecular():
    found = ecemc.rdf(dimer([[0, 0, 0], [0.74, 0, 0]], [2.5, 9, 9]), 2.0, 20)
    assert found.coordination_intra["H", "H"][-1] == 1  # at 0.74 Å
    assert found.coordination_inter["H", "H"][-1] == 1  # at 2.5 - 0.74 Å
    assert found.coordination_inter["H", "H"][16] == 0


def test_a_molecule_longer_than_half_the_cell():
    """A chain along x: its ends are 6 Å apart in the molecule and 4 Å apart through the boundary."""
    chain = Atoms("C5", [[1.5 * k, 0, 0] for k in range(5)], cell=[10, 12, 12], pbc=True)
    chain.wrap()
    found = ecemc.rdf(chain, 4.9, 49)
    intra, inter = found.coordination_intra["C", "C"], found.coordination_inter["C", "C"]
    assert intra[-1] == pytest.approx((2 * 4 + 2 * 3 + 2 * 2) / 5)  # 1.5, 3.0 and 4.5 Å
    assert inter[-1] == pytest.approx(2 / 5)  # 4.0 Å between the ends


def test_beyond_the_cell_equals_the_supercell():
    atoms = molecule("CH3OH", cell=[5.1, 5.4, 4.8], pbc=True)
    atoms.cell[1, 0] = 1.1
    one, many = ecemc.rdf(atoms, 12.03, 60), ecemc.rdf(atoms.repeat(5), 12.03, 60)
    for pair in one.inter:
        np.testing.assert_allclose(many.inter[pair], one.inter[pair], rtol=1e-12)
        np.testing.assert_allclose(many.intra[pair], one.intra[pair], rtol=1e-12)
    np.testing.assert_allclose(many.total, one.total, rtol=1e-12)


def test_infinite_networks_have_no_molecules():
    found = ecemc.rdf(bulk("C", "diamond", a=3.57), 2.7, 30)
    assert not found.intra["C", "C"].any()
    assert found.coordination_inter["C", "C"][-1] == 4 + 12


def test_elements_that_come_and_go():
    both = Atoms("ArNe", [[0, 0, 0], [2.5, 0, 0]], cell=[6] * 3, pbc=True)
    argon = Atoms("Ar", cell=[6] * 3, pbc=True)
    found = ecemc.rdf([both, argon], 3.0, 3)
    alone = ecemc.rdf(both, 3.0, 3)
    assert alone.inter["Ar", "Ne"].any()
    assert np.array_equal(found.inter["Ar", "Ne"], alone.inter["Ar", "Ne"])  # averaged where both are
    assert found.coordination["Ar", "Ne"][-1] == 0.5  # over all Ar
    assert found.coordination["Ne", "Ar"][-1] == 1
    assert np.isnan(found.stderr["Ar", "Ne"]).all()
    assert np.isfinite(found.stderr["Ar", "Ar"]).all()


def test_molecules_may_be_given():
    frames = [molecule("CH3OH", cell=[6, 6, 6], pbc=True) for _ in range(3)]
    found = [ecemc.find_molecules(atoms, scale=0.5) for atoms in frames]
    assert not ecemc.rdf(frames, 3.0, 10, molecules=found).intra["C", "H"].any()
    assert ecemc.rdf(frames[0], 3.0, 10, molecules=found[0]).n_frames == 1
    with pytest.raises(ecemc.errors.InputError, match="molecules: got fewer than frames"):
        ecemc.rdf(frames, 3.0, 10, molecules=found[:2])
    wrong = ecemc.find_molecules(molecule("H2O"))
    with pytest.raises(ecemc.errors.InputError, match="frame 0: molecules: got 3 atoms"):
        ecemc.rdf(frames[0], 3.0, 10, molecules=wrong)


def test_input_stays_and_results_go_to_json():
    atoms = molecule("H2O", cell=[4, 4, 4], pbc=True)
    before = atoms.copy()
    found = ecemc.rdf(atoms, 5.0, 20)
    assert atoms == before
    record = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert record["inter"]["H-O"] == found.inter["H", "O"].tolist()
    assert record["stderr_total"] == [None] * 20
    assert "H-H, H-O, O-O" in repr(found)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"r_max": 0.0}, "r_max"),
        ({"r_max": -3.0}, "r_max"),
        ({"r_max": float("nan")}, "r_max"),
        ({"r_max": float("inf")}, "r_max"),
        ({"r_max": "wide"}, "r_max"),
        ({"r_max": 1e6}, "pairs"),
        ({"n_bins": 0}, "n_bins"),
        ({"n_bins": 10**9}, "n_bins"),
        ({"n_bins": 2.5}, "n_bins"),
        ({"normalization": "none"}, "normalization"),
        ({"frames": []}, "no frame"),
        ({"frames": [Atoms(cell=[4, 4, 4], pbc=True)]}, "without atoms"),
        ({"frames": molecule("H2O")}, "without a volume"),
        (
            {"frames": [Atoms("H", cell=[4, 4, 4]), Atoms("H", [[np.nan, 0, 0]], cell=[4, 4, 4])]},
            "frame 1: positions: atom 0",
        ),
        ({"frames": Atoms("X", cell=[4, 4, 4])}, "numbers"),
        ({"n_threads": 0}, "n_threads"),
    ],
)
def test_bad_input(change, text):
    arguments = {"frames": Atoms("H", cell=[4, 4, 4], pbc=True), "r_max": 3.0, "n_bins": 10} | change
    with pytest.raises(ecemc.errors.InputError, match=text):
        ecemc.rdf(**arguments)


def test_accumulators_of_different_bins_do_not_merge():
    with pytest.raises(ecemc.errors.InputError, match="10 bins up to 4 Å"):
        ecemc.RDFAccumulator(4.0, 10).merge(ecemc.RDFAccumulator(4.0, 11))
    with pytest.raises(ecemc.errors.InputError, match="state"):
        ecemc.RDFAccumulator.from_bytes(b"something else")
    with pytest.raises(ecemc.errors.InputError, match="no frame"):
        ecemc.RDFAccumulator(4.0, 10).result()
