"""Mean squared displacements and self-diffusion: results, edge cases, texts of errors."""

from __future__ import annotations

import json
import pickle

import ase.io
import numpy as np
import pytest
from ase import Atoms
from tests.reference import msd_numpy

import ecemc
from ecemc.dynamics import MSDAccumulator, UnwrappedCenters
from ecemc.errors import InfiniteMoleculeError, InputError
from ecemc.frames import batch
from ecemc.testing import liquid
from ecemc.trajectory import iread_batches
from ecemc.trajectory.times import FrameTimes

SKEWED = np.array([[9.0, 0.0, 0.0], [4.0, 8.0, 0.5], [-3.0, 2.0, 10.0]])


def walk(n_frames, n, *, cell=SKEWED, step=0.4, seed=0, breath=0.0, pbc=True, dt=10.0, symbols=None):
    """Frames of a random walk, positions anywhere."""
    rng = np.random.default_rng(seed)
    r = rng.uniform(-20, 20, (n, 3))
    frames = []
    for k in range(n_frames):
        r = r + rng.normal(scale=step, size=(n, 3))
        scale = 1.0 + breath * rng.normal()
        frames.append(
            Atoms(symbols or f"Ar{n}", r, cell=scale * np.asarray(cell), pbc=pbc, info={"time": 1e4 + dt * k})
        )
    return frames


def shaken(n_frames, seed=0, centers=None):
    """A liquid whose molecules wander as rigid bodies, atoms wrapped one by one; centres of mass go to a list."""
    rng = np.random.default_rng(seed)
    start = liquid(2, 3, 0.5, seed=1)
    index = ecemc.find_molecules(start).index
    frames = []
    for k in range(n_frames):
        start.positions += rng.normal(scale=0.3, size=(index.max() + 1, 3))[index]
        if centers is not None:
            masses = start.get_masses()[:, None]
            members = [index == m for m in range(index.max() + 1)]
            centers.append([(masses * start.positions)[m].sum(axis=0) / masses[m].sum() for m in members])
        frame = start.copy()
        frame.wrap()
        frame.info["time"] = 2.0 * k
        frames.append(frame)
    return frames


def msd_of(frames, **options):
    """Each atom on its own, wherever others happen to be."""
    alone = ecemc.find_molecules(frames[0], scale=0.001)
    return ecemc.mean_squared_displacement(frames, molecules=alone, **options)


def arrays(frames):
    return np.array([f.positions for f in frames]), np.array([f.cell.array for f in frames])


@pytest.mark.parametrize("remove_drift", [True, False])
@pytest.mark.parametrize("pbc", [True, [True, False, True], [False, True, False], False])
def test_every_lag_is_that_of_the_definition(pbc, remove_drift):
    frames = walk(70, 4, breath=0.01, pbc=pbc, symbols="ArKrKrNe")
    found = msd_of(frames, remove_drift=remove_drift)
    masses = frames[0].get_masses() if remove_drift else None
    path = msd_numpy.unwrap(*arrays(frames), frames[0].pbc, masses)
    assert found.lags.tolist() == [*range(1, 17), *range(18, 33, 2), *range(36, 65, 4)]
    assert found.time.tolist() == (10.0 * found.lags).tolist()
    species = frames[0].get_chemical_symbols()
    for place, lag in enumerate(found.lags):
        expected = msd_numpy.msd(path, lag, every=msd_numpy.spacing(lag))
        for name in ("Ar", "Kr", "Ne"):
            mine = expected[[k for k, s in enumerate(species) if s == name]].mean()
            assert found.msd[name][place] == pytest.approx(mine, rel=1e-7)


def test_origins_of_long_lags_are_enough():
    frames = walk(200, 60)
    found = msd_of(frames, remove_drift=False)
    path = msd_numpy.unwrap(*arrays(frames), frames[0].pbc)
    for lag, mine in zip(found.lags[:32], found.msd["Ar"], strict=False):
        assert mine == pytest.approx(msd_numpy.msd(path, lag).mean(), rel=0.03)


def test_centres_of_molecules_are_followed_not_wrapped_atoms():
    whole = []
    frames = shaken(30, centers=whole)
    reference = ecemc.find_molecules(frames[0])
    path = msd_numpy.unwrap(whole, [f.cell.array for f in frames], frames[0].pbc, ecemc.rigid_bodies(frames[0]).masses)
    found = ecemc.mean_squared_displacement(frames)
    assert list(found.msd) == ["EC", "EMC"]
    assert found.n_molecules == {"EC": 2, "EMC": 3}
    each = msd_numpy.msd(path, 5)
    for name in found.msd:
        members = [k for k, s in enumerate(reference.species) if s == name]
        assert found.by_molecule[name][:, 4] == pytest.approx(each[members], rel=1e-6)
        assert found.stderr[name][4] == pytest.approx(each[members].std(ddof=1) / len(members) ** 0.5, rel=1e-6)
    given = ecemc.mean_squared_displacement(frames, molecules=reference)
    assert np.array_equal(given.msd["EC"], found.msd["EC"])


def test_atoms_by_species_and_element():
    frames = shaken(12)
    found = ecemc.mean_squared_displacement(frames, of="atoms")
    assert list(found.msd) == [(s, e) for s in ("EC", "EMC") for e in "CHO"]
    path = msd_numpy.unwrap(*arrays(frames), frames[0].pbc, frames[0].get_masses())
    molecules = ecemc.find_molecules(frames[0])
    chosen = [
        k
        for k, (s, m) in enumerate(zip(frames[0].get_chemical_symbols(), molecules.index, strict=True))
        if s == "O" and molecules.species[m] == "EMC"
    ]
    assert found.msd["EMC", "O"][2] == pytest.approx(msd_numpy.msd(path, 3)[chosen].mean(), rel=1e-6)
    # Rigid molecules that do not turn: atoms move as their centres do.
    centers = ecemc.mean_squared_displacement(frames)
    assert found.msd["EC", "C"] == pytest.approx(centers.msd["EC"], rel=1e-6)


def test_masses_of_the_file_weigh():
    frames = walk(5, 2)
    for atoms in frames:
        atoms.set_masses([1e9, 1.0])
    found = msd_of(frames)
    # The heavy one is the centre of mass, so the light one moves relative to it.
    assert found.by_molecule["Ar"][0].max() < 1e-9 < found.by_molecule["Ar"][1].min()


def test_free_flight():
    rng = np.random.default_rng(1)
    velocities, start = rng.normal(scale=0.02, size=(20, 3)), rng.uniform(0, 9, (20, 3))
    frames = [Atoms("Ar20", start + 7.0 * k * velocities, cell=SKEWED, pbc=True) for k in range(100)]
    for atoms in frames[::2]:
        atoms.wrap()
    found = msd_of(frames, dt=7.0, remove_drift=False)
    assert found.msd["Ar"] == pytest.approx((velocities**2).sum(axis=1).mean() * found.time**2, rel=1e-6)
    (flight,) = ecemc.self_diffusion(found).values()
    assert flight.verdict == "not yet"
    assert flight.exponent == pytest.approx(2.0, abs=1e-6)


def test_drift_is_taken_off():
    still = [
        Atoms("Ar3Kr", walk(1, 4)[0].positions + np.array([0.9 * k, 0, 0]), cell=SKEWED, pbc=True) for k in range(9)
    ]
    assert msd_of(still, dt=1.0).msd["Ar"].max() < 1e-15
    moving = msd_of(still, dt=1.0, remove_drift=False)
    assert moving.msd["Kr"] == pytest.approx((0.9 * moving.lags) ** 2, rel=1e-6)


def test_files_in_batches_are_the_same_as_atoms(tmp_path):
    frames = shaken(9)
    ase.io.write(tmp_path / "run.extxyz", frames)
    batches = ecemc.mean_squared_displacement(iread_batches(tmp_path / "run.extxyz"))
    atoms = ecemc.mean_squared_displacement(ecemc.iread(tmp_path / "run.extxyz"))
    one = ecemc.mean_squared_displacement(batch(ecemc.iread(tmp_path / "run.extxyz")))
    for name in ("EC", "EMC"):
        assert np.array_equal(batches.msd[name], atoms.msd[name])
        assert np.array_equal(batches.msd[name], one.msd[name])
    assert batches.dt == 2.0


@pytest.mark.parametrize("of", ["molecules", "atoms"])
def test_a_merge_at_every_cut_has_the_bits_of_one_pass(of):
    frames = shaken(40)
    molecules = ecemc.find_molecules(frames[0])
    straight = MSDAccumulator(of=of, molecules=molecules)
    straight.add(frames)
    for cut in range(41):
        parts = MSDAccumulator(of=of, molecules=molecules), MSDAccumulator(of=of, molecules=molecules)
        parts[0].add(frames[:cut])
        parts[1].add(frames[cut:], start=cut)
        first, second = parts if cut % 2 else parts[::-1]
        first.merge(pickle.loads(pickle.dumps(second)))
        assert first.to_bytes() == straight.to_bytes(), cut
        assert first.result().dt == 2.0
        assert first.n_frames == 40


def test_few_frames():
    one = msd_of(walk(1, 2))
    assert one.msd["Ar"].shape == (0,)
    assert repr(one) == "MSD(2 Ar; 1 frame)"
    with pytest.raises(InputError, match="window: 0 to 0 fs holds 0 lags of 1 frames"):
        ecemc.self_diffusion(one)
    two = msd_of(walk(2, 2))
    assert two.time.tolist() == [10.0]
    assert two.n_pairs.tolist() == [1]
    with pytest.raises(InputError, match="frames: got none"):
        ecemc.mean_squared_displacement([])
    with pytest.raises(InputError, match="frame 0: no atoms"):
        ecemc.mean_squared_displacement([Atoms()], dt=1.0)
    alone = msd_of(walk(9, 1), remove_drift=False)
    assert np.isnan(alone.stderr["Ar"]).all()
    assert np.isnan(ecemc.self_diffusion(alone, window=(0, 1e9))["Ar"].stderr)
    assert msd_of(walk(9, 1)).msd["Ar"].max() == 0.0


def test_too_long_steps_are_told():
    frames = [Atoms("Ar2", [[0, 5, 0], [x, 0, 0]], cell=[10, 11, 12], pbc=True) for x in (0.0, 3.9, 8.2)]
    found = msd_of(frames, dt=1.0)
    assert (found.n_large_steps, found.largest_step_ratio) == (1, pytest.approx(0.43))
    assert "1 steps between frames are longer than 0.4" in found.warning
    assert msd_of(frames[:2], dt=1.0).warning is None


def other(frames, k, change):
    """The frames with the k-th replaced."""
    frames = [atoms.copy() for atoms in frames]
    frames[k] = change(frames[k])
    return frames


def shifted_time(atoms):
    atoms.info["time"] += 3.0
    return atoms


def without_time(atoms):
    del atoms.info["time"]
    return atoms


def nan(atoms):
    atoms.positions[1, 2] = np.nan
    return atoms


def flat(atoms):
    atoms.cell[2] = 0.0
    return atoms


BAD = {
    r"frame 5: atoms: got 3 atoms, expected 4": lambda atoms: atoms[:3],
    r"frame 5: atoms: got atomic number 10 for atom 0, expected 18": lambda atoms: atoms[::-1],
    r"frame 5: positions: atom 1 has": nan,
    r"frame 5: cell": flat,
    r"frame 5: it comes 13 fs after frame 4, others are 10 fs apart": shifted_time,
    r"dt: the frames do not tell their time; give dt= \(fs between frames\), command line --dt": without_time,
}


@pytest.mark.parametrize("message", BAD)
def test_what_changes_is_named(message):
    with pytest.raises(InputError, match=message):
        msd_of(other(walk(9, 4, symbols="ArKrKrNe"), 5, BAD[message]))


def test_time_is_never_guessed():
    frames = walk(6, 2)
    repeated = [*frames[:3], *frames[2:]]
    with pytest.raises(InputError, match="frame 3: its time 10020 fs is not after that of frame 2"):
        msd_of(repeated)
    assert msd_of(repeated, dt=4).dt == 4.0
    untimed = [without_time(atoms.copy()) for atoms in frames]
    assert msd_of(untimed, dt=4).time[0] == 4.0
    for bad in (0.0, -1.0, np.nan, np.inf, "x"):
        with pytest.raises(InputError, match="dt: got"):
            msd_of(frames, dt=bad)
    # Times that were written in single precision.
    coarse = FrameTimes()
    coarse.add(0, np.float32(1e6) + np.arange(50, dtype=np.float32) * np.float32(20.1))
    assert coarse.spacing() == pytest.approx(20.1, rel=1e-3)


def test_arguments_that_do_not_fit():
    frames = walk(6, 2)
    with pytest.raises(InputError, match="of: got 'ions'"):
        MSDAccumulator(of="ions")
    with pytest.raises(InputError, match="molecules: got those of 80 atoms, but the first frame has 2"):
        ecemc.mean_squared_displacement(frames, molecules=ecemc.find_molecules(liquid(2, 4, 0.5)))
    with pytest.raises(InputError, match="frames: got int"):
        ecemc.mean_squared_displacement(3)
    chain = Atoms("C2", [[0, 0, 0], [1.5, 0, 0]], cell=[3, 9, 9], pbc=True)
    with pytest.raises(InfiniteMoleculeError, match="of='atoms'"):
        ecemc.mean_squared_displacement([chain], dt=1.0)
    assert len(ecemc.mean_squared_displacement([chain, chain], dt=1.0, of="atoms").time) == 1
    accumulator = MSDAccumulator()
    accumulator.add(frames)
    with pytest.raises(InputError, match="frame 9, expected frame 6"):
        accumulator.add(frames, start=9)
    assert accumulator.n_frames == 6
    with pytest.raises(InputError, match="other settings"):
        accumulator.merge(MSDAccumulator(of="atoms"))
    different = MSDAccumulator()
    different.add(walk(3, 3), start=6)
    with pytest.raises(InputError, match="other atoms or molecules"):
        accumulator.merge(different)
    far = MSDAccumulator()
    far.add(frames, start=60)
    with pytest.raises(InputError, match="join up with frames 0 to 5"):
        accumulator.merge(far)


def test_bytes_that_are_no_state_are_refused():
    accumulator = MSDAccumulator()
    assert MSDAccumulator.from_bytes(accumulator.to_bytes()).n_frames == 0
    accumulator.add(walk(5, 2))
    state = accumulator.to_bytes()
    assert MSDAccumulator.from_bytes(state).to_bytes() == state
    for bad in (b"", b"junk", state[:-1], state[:40], state + b"x", b"x" + state[1:], state.replace(b"of", b"if", 1)):
        with pytest.raises(InputError, match="state"):
            MSDAccumulator.from_bytes(bad)


def test_windows():
    found = msd_of(walk(200, 30), remove_drift=False)
    (default,) = ecemc.self_diffusion(found).values()
    assert default.window == (200.0, 960.0)
    (chosen,) = ecemc.self_diffusion(found, window=(50, 100)).values()
    assert chosen.window == (50.0, 100.0)
    assert "2.837297" in chosen.note
    for window, message in (
        ((100, 50), "expected 0 <= start < end"),
        ((55, 65), "holds 1 lags"),
        ("x", "expected two times"),
        ((1, 2, 3), "expected two times"),
    ):
        with pytest.raises(InputError, match=message):
            ecemc.self_diffusion(found, window=window)


def test_finite_size_correction():
    # Water at room temperature in a box of 200 molecules: in SI units by hand, 4.16e-10 m²/s.
    assert ecemc.finite_size_correction(298.0, 18.6, 0.8) == pytest.approx(0.416, abs=0.002)
    with pytest.raises(InputError, match=r"viscosity: got 0\.0"):
        ecemc.finite_size_correction(300.0, 20.0, 0.0)


def test_unwrapped_centers():
    frames = shaken(20)
    found = ecemc.unwrapped_centers(frames)
    assert isinstance(found, UnwrappedCenters)
    assert found.positions.shape == (20, 5, 3)
    assert found.species == ["EC"] * 2 + ["EMC"] * 3
    msd = ecemc.mean_squared_displacement(frames)
    each = msd_numpy.msd(found.positions, 4)
    assert msd.msd["EMC"][3] == pytest.approx(each[2:].mean(), rel=1e-7)
    start = ecemc.rigid_bodies(frames[0]).centers
    assert found.positions[0] == pytest.approx(start, abs=1e-9)
    with pytest.raises(InputError, match="frames: got none"):
        ecemc.unwrapped_centers([])
    with pytest.raises(InputError, match="frame 3: atoms"):
        ecemc.unwrapped_centers([*frames[:3], frames[3][:-1]])


def test_plain_dictionary():
    found = ecemc.mean_squared_displacement(shaken(12), of="atoms")
    record = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert record["msd"]["EC.C"] == found.msd["EC", "C"].tolist()
    assert record["n_molecules"]["EMC.O"] == 3
    assert msd_of(walk(3, 1)).to_dict()["stderr"]["Ar"] == [None, None]
