"""The native GAP engine from Python: what is refused, what does not depend on what, threads, forks."""

from __future__ import annotations

import multiprocessing
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from ase import Atoms
from hypothesis import given, settings
from hypothesis import strategies as st

from ecemc.errors import FileFormatError, InputError
from ecemc.gap.native import NativeModel, descriptors
from ecemc.testing import ec, emc, liquid, water

SOAP = "soap cutoff=4.0 cutoff_transition_width=0.7 n_max=4 l_max=3 atom_sigma=0.5 n_species=3 species_Z={1 6 8}"
TURBO = "soap_turbo rcut_hard=3.5 l_max=3 alpha_max={4 4 4} atom_sigma=0.45 n_species=3 species_Z={1 6 8}"


def write_model(path, terms, zeta=2.0):
    """Write a model with invented weights; ``terms`` are pairs of a descriptor string and its sparse points."""
    rng, label = np.random.default_rng(5), "made_up"
    parts = []
    for k, (text, points) in enumerate(terms):
        file = path.with_name(f"{path.name}.sparseX.{label}{k + 1}")
        np.savetxt(file, points.reshape(-1), fmt="%.20e")
        weights = "".join(
            f'<sparseX i="{i + 1}" alpha="{alpha:.17e}" sparseCutoff="1.0"/>'
            for i, alpha in enumerate(rng.normal(size=len(points)))
        )
        parts.append(
            f'<gpCoordinates label="{label}{k + 1}" dimensions="{points.shape[1]}" signal_variance="0.3" '
            f'signal_mean="0" sparsified="T" n_permutations="1" covariance_type="2" zeta="{zeta}" '
            f'n_sparseX="{len(points)}" sparseX_filename="{file.name}"><descriptor>{text}</descriptor>'
            f"{weights}</gpCoordinates>"
        )
    path.write_text(
        f'<{label}><Potential label="{label}" init_args="IP GAP label={label}"/><GAP_params label="{label}" '
        f'gap_version="1769700636"><GAP_data do_core="F"><e0 Z="1" value="-13"/><e0 Z="10" value="-7"/></GAP_data>'
        f'<gpSparse label="{label}" n_coordinate="{len(parts)}" fitted="T">{"".join(parts)}</gpSparse>'
        f"</GAP_params></{label}>"
    )
    return path


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    frames, strings = [liquid(1, 2, density=1.0)], [f"{SOAP} Z=1", f"{SOAP} Z=8", f"{TURBO} central_index=2"]
    terms = [(text, descriptors(text, frames)[1]) for text in strings]
    return write_model(tmp_path_factory.mktemp("native") / "model.xml", terms)


@pytest.fixture(scope="module")
def model(path):
    return NativeModel(path)


@given(seed=st.integers(0, 2**32 - 1), pbc=st.tuples(st.booleans(), st.booleans(), st.booleans()))
@settings(max_examples=25)
def test_rotations_reflections_shifts_and_permutations(model, seed, pbc):
    rng = np.random.default_rng(seed)
    atoms = Atoms("COHHOC", rng.uniform(0, 4, (6, 3)), cell=rng.normal(size=(3, 3)) + 4 * np.eye(3), pbc=pbc)
    before = model.predict(atoms)
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    order = rng.permutation(6)
    after = atoms[order]
    after.set_cell(atoms.cell.array @ turn)
    after.positions = (atoms.positions[order] + rng.normal(scale=9, size=3)) @ turn
    moved = model.predict(after)
    scale = 1e-9 * (1 + np.abs(before.forces).max())
    assert abs(before.energy - moved.energy) < scale
    assert np.abs(before.energies[order] - moved.energies).max() < scale
    assert np.abs(before.forces[order] @ turn - moved.forces).max() < scale
    assert np.abs(turn.T @ before.virial @ turn - moved.virial).max() < 10 * scale
    assert np.abs(before.forces.sum(axis=0)).max() < scale
    assert before.energy == pytest.approx(before.energies.sum())
    assert before.virials.sum(axis=0) == pytest.approx(before.virial, abs=scale)


def test_results_have_the_same_bits_for_any_number_of_threads(model):
    atoms = liquid(2, 4, density=1.1, seed=2)
    one = model.predict(atoms, n_threads=1)
    for n in (2, 3, 5):
        other = model.predict(atoms, n_threads=n)
        assert all(np.array_equal(getattr(one, name), getattr(other, name)) for name in vars(one))


def test_a_neighbour_list_that_has_aged_does_not_change_a_bit(path, model):
    """So dynamics that are interrupted and go on from full positions give the same trajectory."""
    aged, rng = NativeModel(path), np.random.default_rng(3)
    atoms = liquid(1, 2, density=1.1, seed=4)
    for step in range(30):
        atoms.positions += rng.normal(scale=0.03, size=atoms.positions.shape)
        if step % 7 == 6:
            atoms.set_cell(atoms.cell.array * (1 + rng.normal(scale=1e-3, size=(3, 3))), scale_atoms=True)
        model.predict(ec())  # the other one searches anew after something else
        found, fresh = aged.predict(atoms), model.predict(atoms)
        for name in vars(fresh):
            assert np.asarray(getattr(found, name)).tobytes() == np.asarray(getattr(fresh, name)).tobytes(), name


#: A minute of work for one core.
LONG_CALL = """
import sys
import numpy as np
from ase import Atoms
from ecemc.gap.native import NativeModel
rng = np.random.default_rng(1)
atoms = Atoms(rng.choice([1, 8], 20_000), rng.uniform(0, 60, (20_000, 3)), cell=[60] * 3, pbc=True)
model = NativeModel(sys.argv[1])
print("started", flush=True)
try:
    model.predict(atoms, n_threads=int(sys.argv[2]))
except KeyboardInterrupt:
    print("stopped")
else:
    print("finished")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals of another kind")
@pytest.mark.parametrize("n_threads", [1, 2])
def test_control_c_stops_a_long_call(tmp_path, n_threads):
    rng = np.random.default_rng(0)
    text = "soap cutoff=4 n_max=12 l_max=12 atom_sigma=0.5 n_species=3 species_Z={1 6 8} n_Z=2 Z={1 8}"
    path = write_model(tmp_path / "model.xml", [(text, rng.normal(size=(40, 36 * 37 // 2 * 13 + 1)))])
    command = [sys.executable, "-c", LONG_CALL, str(path), str(n_threads)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout.readline() == "started\n"
            time.sleep(1.0)
            process.send_signal(signal.SIGINT)
            assert process.communicate(timeout=20)[0] == "stopped\n"
        finally:
            process.kill()


def test_many_at_once_are_those_one_by_one(model):
    frames = [ec(), emc(), water(), liquid(1, 1, density=0.9), Atoms("H"), Atoms()]
    together = model.predict_many(frames, n_threads=2)
    for frame, found in zip(frames, together, strict=True):
        alone = NativeModel.predict(model, frame)
        assert all(np.array_equal(getattr(alone, name), getattr(found, name)) for name in vars(alone))
    without = model.predict_many(frames, forces=False)
    assert [found.energy for found in without] == [found.energy for found in together]
    assert all(found.forces.shape == (0, 3) for found in without)


def test_variances(model):
    """Between ρ² and what the sparse points cannot tell, δ² for each descriptor; the same bits in any company."""
    frames = [ec(), liquid(1, 1, density=0.9), Atoms("Ne"), Atoms()]
    alone = [model.variances([frame], n_threads=1)[0] for frame in frames]
    together = model.variances(frames, n_threads=3)
    assert all(np.array_equal(a, b) for a, b in zip(alone, together, strict=True))
    assert [len(found) for found in alone] == [10, 25, 1, 0]
    assert alone[2] == 0
    # Carbon and oxygen have 1 and 2 descriptors, hydrogen 1.
    assert all(1e-6 < v < 2 * (0.3**2 + 1e-6) for v in alone[1])
    assert model.variances([liquid(1, 2, density=1.0)])[0].max() < 3e-6 < alone[1].max()
    assert model.variances([]) == []


@pytest.mark.parametrize("option", ["normalise=F", "normalise=F covariance_sigma0=0.3", "covariance_sigma0=0.3"])
def test_variances_are_positive_whatever_the_length_of_descriptors(tmp_path, option):
    text = f"{SOAP} Z=1 {option}"
    points = descriptors(text, [water()])[1]
    other = NativeModel(write_model(tmp_path / "model.xml", [(text, points)]))
    known, new = other.variances([water(), ec()])
    assert all(0.99e-6 < v < 2e-6 for v in known[water().numbers == 1])
    assert new[ec().numbers == 1].min() > 1e-4 * known.max()
    assert new.min() >= 0


def test_an_element_without_descriptor_has_the_energy_of_its_atom(model):
    assert model.predict(Atoms("Ne")).energy == -7
    assert model.predict(Atoms("Kr")).energy == 0
    assert [z for z in range(1, 119) if model.knows(z)] == [1, 6, 8]
    with_neon = Atoms("OHNe", [[0, 0, 0], [0, 0, 1], [0, 1, 0]])
    assert model.predict(with_neon).energy == pytest.approx(model.predict(with_neon[:2]).energy - 7)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a: a.positions.__setitem__((3, 1), np.nan), r"positions: atom 3 has"),
        (lambda a: a.positions.__setitem__(3, a.positions[1]), r"positions: got atoms 1 and 3 at the same place"),
        (lambda a: a.set_cell([5, 5, 0]), r"cell: a periodic vector is zero"),
        (lambda a: a.set_cell([[5, 0, 0], [10, 0, 0], [0, 0, 5]]), r"cell: the vectors are coplanar"),
    ],
)
def test_what_makes_no_sense_is_refused(model, change, message):
    atoms = liquid(1, 1, density=0.9)
    change(atoms)
    with pytest.raises(InputError, match=message):
        model.predict(atoms)
    with pytest.raises(InputError, match="frame 1: " + message if "positions" in message else message):
        model.predict_many([ec(), atoms])


def test_a_cell_says_nothing_without_periodicity(model):
    plain, boxed = ec(), ec()
    boxed.cell = [[5, 0, 0], [10, 0, 0], [0, 0, 5]]
    assert model.predict(plain).energy == model.predict(boxed).energy


def test_what_cannot_be_read_is_named(tmp_path):
    points = descriptors(f"{SOAP} Z=1", [water()])[1]
    path = write_model(tmp_path / "model.xml", [(f"{SOAP} Z=1", points)])
    NativeModel(path)
    sparse = tmp_path / "model.xml.sparseX.made_up1"
    sparse.write_text(sparse.read_text()[:-40])
    with pytest.raises(FileFormatError, match=r"model\.xml: .*made_up1"):
        NativeModel(path)
    with pytest.raises(FileNotFoundError):
        NativeModel(tmp_path / "nothing.xml")
    write_model(path, [(f"{SOAP} Z=1 average=T", points)])
    with pytest.raises(NotImplementedError, match="average=T"):
        NativeModel(path)


def test_threads_of_python_share_a_model(model):
    frames = [liquid(1, 1, density=0.9, seed=seed) for seed in range(4)]
    alone = [model.predict(frame).energy for frame in frames]
    found = {}

    def work(k):
        for _ in range(5):
            found.setdefault(k, set()).add(model.predict(frames[k], n_threads=1 + k % 2).energy)

    workers = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [found[k] for k in range(4)] == [{energy} for energy in alone]


def _energy(path, queue):
    queue.put(NativeModel(path).predict(ec(), n_threads=2).energy)


def test_other_processes_agree(path, model):
    expected = model.predict(ec(), n_threads=2).energy
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    process = context.Process(target=_energy, args=(path, queue))
    process.start()
    assert queue.get(timeout=60) == expected
    process.join()
