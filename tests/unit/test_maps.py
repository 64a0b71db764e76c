"""Kernel-PCA maps: atom types, descriptors, invariances, what separates, Nyström, memory."""

from __future__ import annotations

import gzip
import json
import math
import subprocess
import sys

import numpy as np
import pytest
from ase import Atoms
from ase.build import molecule
from scipy.spatial.transform import Rotation

from ecemc import find_molecules, maps, plots, split_molecules, volume_scan, write
from ecemc.errors import InputError
from ecemc.gap import forget_radial_basis
from ecemc.maps import Descriptor, KernelPCAOptions, Points, atom_types, descriptors, kernel_pca
from ecemc.maps.nystrom import Replay, farthest, fit, kernel
from ecemc.maps.points import Choice, find_points
from ecemc.plots.maps import map_figure
from ecemc.testing import ec, emc, liquid, trajectory
from ecemc.trajectory import Trajectory

SMALL = "soap cutoff=4 cutoff_transition_width=1 n_max=4 l_max=3 atom_sigma=0.6"
TURBO = "soap_turbo rcut_hard=4 rcut_soft=3.5 alpha_max=4 l_max=3 atom_sigma_r=0.4 atom_sigma_t=0.4 basis=poly3gauss"
HCO = (1, 6, 8)


def options(**changes):
    return KernelPCAOptions(**{"descriptor": SMALL} | changes)


@pytest.fixture(scope="module")
def dataset():
    """Liquids of three compositions, volume scans, isolated molecules, and an isolated atom."""
    frames = []
    for n_ec, n_emc in ((4, 0), (2, 2), (0, 4)):
        for seed in range(4):
            box = liquid(n_ec, n_emc, 0.85, seed=seed)
            box.info |= {"config_type": "liquid", "temperature": 300.0 + seed}
            frames.append(box)
    for box in frames[4:7]:
        for scan in volume_scan(box, [1.1, 1.5]):
            scan.info |= {"config_type": "volume_scan"}
            frames.append(scan)
    for shaken in trajectory(liquid(2, 2, 0.4, seed=9), 3, amplitude=0.03):
        for part in split_molecules(shaken, cell=None):
            part.info |= {"config_type": "isolated_molecule"}
            frames.append(part)
    return [*frames, Atoms("C", cell=[9, 9, 9], pbc=True, info={"config_type": "isolated_atom"})]


def of_type(found, name, value):
    return found.coordinates[np.array(found.points.values(name), dtype=object) == value]


# -- atom types ----------------------------------------------------------------------------------------------------


def brute_force_classes(atoms):
    """Classes of atoms under all automorphisms of the bond graph."""
    bonds = {frozenset(pair) for pair in find_molecules(atoms).bonds.tolist()}
    numbers = atoms.numbers.tolist()
    same = {(i, i) for i in range(len(numbers))}

    def extend(image):
        i = len(image)
        if i == len(numbers):
            same.update(enumerate(image))
            return
        for j in range(len(numbers)):
            if j in image or numbers[j] != numbers[i]:
                continue
            if all((frozenset((k, i)) in bonds) == (frozenset((image[k], j)) in bonds) for k in range(i)):
                extend([*image, j])

    extend([])
    return {i: frozenset(j for j in range(len(numbers)) if (i, j) in same) for i in range(len(numbers))}


@pytest.mark.parametrize(
    "name", ["CH3CH2OH", "CH3OCH3", "CH3COOH", "C2H6", "cyclobutene", "H2CO", "butadiene", "C3H4_C2v"]
)
def test_types_are_the_classes_of_the_automorphisms(name):
    atoms = molecule(name)
    types = atom_types(atoms)
    classes = brute_force_classes(atoms)
    for i in range(len(atoms)):
        assert {j for j in range(len(atoms)) if types[j] == types[i]} == classes[i]


def test_types_of_ec_are_numbered_from_the_carbonyl_carbon():
    atoms = ec()
    assert atom_types(atoms) == ["C2", "C2", "C1", "O1", "O1", "O2", "H1", "H1", "H1", "H1"]
    double = int(np.argmin(np.linalg.norm(atoms.positions - atoms.positions[5], axis=1) + 9.0 * (atoms.numbers == 8)))
    assert atom_types(atoms)[double] == "C1"


@pytest.mark.parametrize("build", [ec, emc])
def test_types_do_not_depend_on_the_order_of_atoms_or_on_other_molecules(build):
    atoms = build()
    types = np.array(atom_types(atoms))
    order = np.random.default_rng(1).permutation(len(atoms))
    assert atom_types(atoms[order]) == types[order].tolist()
    box = liquid(2, 2, 0.5, seed=3)
    found = find_molecules(box)
    species = "EC" if build is ec else "EMC"
    for members, name in zip(found.members, found.species, strict=True):
        if name == species:
            assert [atom_types(box)[k] for k in members] == types.tolist()


# -- descriptors ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["soap", "turbo", SMALL, TURBO])
def test_descriptors_are_those_of_quippy(text):
    Quip = pytest.importorskip("quippy.descriptors", reason="needs quippy-ase (extra gap)").Descriptor

    descriptor = Descriptor(text, HCO)
    frames = [liquid(1, 1, 0.3), liquid(2, 1, 0.9, seed=1), liquid(1, 1, 0.7, seed=2)]
    frames[2].cell[0, 1] = 1.5  # triclinic
    centers = np.array([7, 2, 12, 3])
    for number in HCO:
        quip = Quip(descriptor.quip(number))
        for atoms in frames:
            forget_radial_basis()
            expected = quip.calc(Atoms(atoms.numbers, atoms.positions, cell=atoms.cell, pbc=True))["data"]
            of = np.flatnonzero(atoms.numbers == number)
            # QUIP's own radial basis of Turbo-SOAP is good to 1e-7 at alpha_max 8
            tolerance = 2e-7 if descriptor.kind == "soap_turbo" else 1e-12
            np.testing.assert_allclose(descriptors(atoms, descriptor)[of], expected, atol=tolerance)
            np.testing.assert_array_equal(
                descriptors(atoms, descriptor, centers), descriptors(atoms, descriptor)[centers]
            )


@pytest.mark.parametrize("text", [SMALL, TURBO])
def test_cells_do_not_matter_along_axes_that_are_not_periodic(text):
    descriptor = Descriptor(text, HCO)
    bare = emc()
    boxed = bare.copy()
    boxed.cell = [[3.0, 0.0, 0.0], [1.0, 2.0, 0.0], [0.0, 0.5, 2.0]]
    np.testing.assert_allclose(descriptors(boxed, descriptor), descriptors(bare, descriptor), atol=1e-11)
    slab, thick = bare.copy(), bare.copy()
    for atoms, height in ((slab, 1.0), (thick, 60.0)):
        atoms.cell, atoms.pbc = [5.0, 5.0, height], [True, True, False]
    np.testing.assert_allclose(descriptors(slab, descriptor), descriptors(thick, descriptor), atol=1e-11)
    assert np.abs(descriptors(slab, descriptor) - descriptors(bare, descriptor)).max() > 1e-3


WRONG = {
    "soap cutof=3 n_max=4 l_max=2 atom_sigma=0.5": "unknown option 'cutof'",
    "soap cutoff=3 l_max=2 atom_sigma=0.5": "lacks n_max",
    "soap cutoff=3 n_max=4 l_max=2 atom_sigma=0.5 Z=6": "gives Z, which the elements of the data decide",
    "soap cutoff 3": "cannot be read",
    "SOAP cutoff=3": "starts with 'SOAP'",
    "": "starts with ''",
}


@pytest.mark.parametrize("text", WRONG)
def test_descriptors_that_quip_would_misread_are_refused(text):
    with pytest.raises(InputError, match=WRONG[text]):
        Descriptor(text, HCO)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (SMALL.replace("n_max=4", "n_max=four"), "n_max"),
        (TURBO.replace("alpha_max=4", "alpha_max=12"), "alpha_max"),
        (TURBO.replace("alpha_max=4", "alpha_max=x"), "alpha_max"),
        (TURBO.replace("rcut_soft=3.5", "rcut_soft=4"), "rcut_soft"),
        (TURBO.replace("poly3gauss", "poly3tab"), "poly3tab"),
    ],
)
def test_what_the_engine_refuses_is_an_input_error(text, message):
    with pytest.raises(InputError, match=rf"descriptor: '.*{message}"):
        descriptors(ec(), Descriptor(text, HCO))


def test_other_elements_and_positions_that_are_no_numbers_are_refused():
    with pytest.raises(InputError, match="no channel for O, only for H, C"):
        descriptors(ec(), Descriptor(SMALL, (1, 6)))
    broken = ec()
    broken.positions[3, 1] = math.nan
    with pytest.raises(InputError, match="NaN"):
        descriptors(broken, Descriptor(SMALL, HCO))


# -- points --------------------------------------------------------------------------------------------------------


def test_points_by_frame_element_species_and_type(dataset):
    n_ec = sum(find_molecules(atoms).species.count("EC") for atoms in dataset)
    n_emc = sum(find_molecules(atoms).species.count("EMC") for atoms in dataset)
    counts = {
        "frame": len(dataset) - 1,
        "C": 3 * n_ec + 4 * n_emc,
        "EC:C": 3 * n_ec,
        "EC:C1": n_ec,
        "EC:C2": 2 * n_ec,
        "EMC:H3": 3 * n_emc,
    }
    for by, expected in counts.items():
        points = find_points(dataset, Choice.parse(by))
        assert len(points) == expected
        assert points.whole == (by == "frame")
    assert set(points.type) == {"EMC:H3"}
    for frame, atom in zip(points.frame.tolist(), points.atom.tolist(), strict=True):
        assert dataset[frame].numbers[atom] == 1


def test_what_is_known_of_the_points(dataset):
    points = find_points(dataset, Choice())
    assert points.values("composition")[4] == "2EC:2EMC"
    assert points.values("x_EC")[:12:4] == [1.0, 0.5, 0.0]
    assert points.values("density")[0] == pytest.approx(0.85)
    assert points.values("density")[-1] is None
    assert points.values("temperature")[1] == 301.0
    assert points.numeric("temperature")
    assert not points.numeric("config_type")
    with pytest.raises(InputError, match=r"color: nothing is called 'colour'; there are config_type, temperature"):
        points.values("colour")


# -- maps ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["frame", "EC:C1"])
@pytest.mark.parametrize("text", [SMALL, TURBO])
def test_rotation_translation_and_order_do_not_change_the_map(by, text, dataset):
    frames = dataset[:8]
    found = kernel_pca(frames, options(by=by, descriptor=text))
    rng = np.random.default_rng(4)
    moved = []
    for atoms in frames:
        turn = Rotation.from_quat(rng.normal(size=4))
        other = atoms.copy()
        other.positions = turn.apply(atoms.positions + rng.normal(scale=5.0, size=3))
        other.cell[:] = turn.apply(atoms.cell[:])
        other.wrap()
        moved.append(other)
    np.testing.assert_allclose(kernel_pca(moved, found.options).coordinates, found.coordinates, atol=1e-8)
    orders = [rng.permutation(len(atoms)) for atoms in frames]
    shuffled = kernel_pca([atoms[order] for atoms, order in zip(frames, orders, strict=True)], found.options)
    back = np.lexsort(
        (
            [orders[k][j] if j >= 0 else 0 for k, j in zip(shuffled.points.frame, shuffled.points.atom, strict=True)],
            shuffled.points.frame,
        )
    )
    np.testing.assert_allclose(shuffled.coordinates[back], found.coordinates, atol=1e-8)
    if by == "frame":
        turned = kernel_pca(frames[::-1], found.options)
        np.testing.assert_allclose(turned.coordinates[::-1], found.coordinates, atol=1e-8)


def test_a_supercell_is_the_same_configuration(dataset):
    found = kernel_pca(dataset[:8], options())
    larger = found.project([dataset[5].repeat((2, 1, 1))])
    np.testing.assert_allclose(larger.coordinates[0], found.coordinates[5], atol=1e-8)


def test_kinds_of_configurations_separate(dataset):
    """Figure 7A: volume scans lie between the liquid and the isolated molecules."""
    found = kernel_pca(dataset[4:8] + dataset[12:], options())
    mixed, scans, alone = (
        of_type(found, "config_type", kind) for kind in ("liquid", "volume_scan", "isolated_molecule")
    )
    from_liquid, from_alone = (np.linalg.norm(alone[:, None] - part[None], axis=2) for part in (mixed, alone))
    assert from_liquid.min() > 2.0 * np.sort(from_alone, axis=1)[:, 1].max()
    way = alone.mean(axis=0) - mixed.mean(axis=0)
    done = (scans - mixed.mean(axis=0)) @ way / (way @ way)
    compressed, stretched = done[::2], done[1::2]
    assert 0.0 < compressed.max() < stretched.min() < 1.0


def test_compositions_separate_in_the_map_of_one_atom_type():
    """Figure 8A: EC carbon atoms of liquids of different composition occupy distinct regions."""
    frames = [liquid(n_ec, n_emc, 0.85, seed=seed) for n_ec, n_emc in ((8, 0), (2, 4)) for seed in range(6)]
    found = kernel_pca(frames, options(by="EC:C1", descriptor=SMALL.replace("cutoff=4", "cutoff=6")))
    pure, mixed = (of_type(found, "composition", name) for name in ("8EC", "2EC:4EMC"))
    apart = np.linalg.norm(pure.mean(axis=0) - mixed.mean(axis=0))
    spread = math.sqrt(sum(part.var(axis=0).sum() / len(part) for part in (pure, mixed)))
    assert apart > 4.0 * spread


def test_nystrom_converges_to_all_points_as_landmarks(dataset):
    exact = kernel_pca(dataset, options(by="C", n_landmarks=10_000))
    assert exact.missed_variance_ratio == pytest.approx(0.0, abs=1e-9)
    assert exact.n_landmarks == len(exact.points)
    errors = []
    for n in (10, 40, 160):
        found = kernel_pca(dataset, options(by="C", n_landmarks=n))
        assert found.n_landmarks == n
        signs = np.sign(np.sum(found.coordinates * exact.coordinates, axis=0))
        errors.append((np.abs(found.coordinates * signs - exact.coordinates).max(), found.missed_variance_ratio))
        assert (found.explained_variance_ratio <= exact.explained_variance_ratio.sum()).all()
    assert errors[0] > errors[1] > errors[2]
    assert errors[2][0] < 0.03
    assert errors[0][1] > errors[1][1] > errors[2][1] > 0.0


def test_far_landmarks_reach_more_than_random_ones(dataset):
    random, far = (
        kernel_pca(dataset, options(by="C", n_landmarks=25, landmarks=choose)) for choose in ("random", "farthest")
    )
    assert far.n_landmarks == random.n_landmarks == 25
    rest = [
        1.0 - np.max(kernel(found.basis.landmarks, found.basis.landmarks, 4) - np.eye(25)) for found in (random, far)
    ]
    assert rest[1] > rest[0]


def test_farthest_points_against_the_definition():
    pool = np.random.default_rng(0).normal(size=(30, 4))
    pool /= np.linalg.norm(pool, axis=1)[:, None]
    distance = 2.0 - 2.0 * (pool @ pool.T) ** 2
    chosen = [0]
    for _ in range(6):
        chosen.append(int(np.argmax(distance[chosen].min(axis=0))))
    assert farthest(pool, 7, 2).tolist() == chosen
    assert sorted(farthest(pool[[0, 0, 0]], 3, 2).tolist()) == [0, 1, 2]


def test_same_seed_same_bits_other_seed_other_landmarks(dataset):
    one, again, other = (kernel_pca(dataset, options(by="C", n_landmarks=30, seed=seed)) for seed in (1, 1, 2))
    assert one.coordinates.tobytes() == again.coordinates.tobytes()
    assert not np.array_equal(one.basis.landmarks, other.basis.landmarks)
    assert (np.abs(one.coordinates).max(axis=0) == one.coordinates.max(axis=0)).all()


def test_points_of_the_map_projected_onto_it_stay_where_they_are(dataset):
    found = kernel_pca(dataset, options(by="EC:C", n_landmarks=30))
    again = found.project(dataset[3:9])
    mask = (found.points.frame >= 3) & (found.points.frame < 9)
    np.testing.assert_allclose(again.coordinates, found.coordinates[mask], atol=1e-10)
    assert isinstance(again.points, Points)
    fluorinated = ec()
    fluorinated.numbers[9] = 9
    by_frame = kernel_pca(dataset, options(n_landmarks=20))
    with pytest.raises(InputError, match="frames: hold F, but the map was made from H, C, O only"):
        by_frame.project([fluorinated])


def test_a_second_pass_from_memory_or_made_again_gives_the_same_bits():
    rng = np.random.default_rng(3)
    x = rng.normal(size=(60, 5))
    x /= np.linalg.norm(x, axis=1)[:, None]
    made = []

    def blocks():
        made.append(1)
        return iter(np.split(x, 6))

    kept, again = (fit(blocks, x[::4], 2, 3, limit=limit) for limit in (10**6, 500))
    assert len(made) == 3
    assert kept.coordinates.tobytes() == again.coordinates.tobytes()
    assert [len(block) for block in Replay(blocks, 0)] == [10] * 6


def test_memory_does_not_grow_with_the_frames(tmp_path):
    """Peak of a process of its own; 3 times the frames may add their coordinates and names and little more."""
    frames = list(trajectory(liquid(4, 8, 0.9), 30))
    code = (
        "import sys, resource\nfrom ecemc.maps import KernelPCAOptions, kernel_pca\n"
        "from ecemc.trajectory import Trajectory\n"
        f"options = KernelPCAOptions('C', {SMALL!r}, n_landmarks=100)\n"
        "found = kernel_pca(Trajectory(sys.argv[1]), options)\n"
        "print(len(found.points), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    points, peaks = [], []
    for times in (2, 6):
        path = tmp_path / f"{times}.extxyz"
        write(path, (frame for _ in range(times) for frame in frames))
        done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True)
        found, peak = map(int, done.stdout.split())
        points.append(found)
        peaks.append(1024 * peak)
    assert points == [60 * 44, 180 * 44]
    # 101 kernel values, which are kept up to 256 MB, and some 500 bytes of Python objects for each point.
    allowed = (points[1] - points[0]) * (8 * 101 + 500)
    descriptors_of_all = (points[1] - points[0]) * 8 * 313
    assert peaks[1] - peaks[0] < allowed + 4_000_000 < descriptors_of_all


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"by": "EC:"}, "by: got 'EC:'"),
        ({"by": "C1"}, "by: got 'C1'"),
        ({"by": "Xx"}, "by: got 'Xx'"),
        ({"zeta": 0}, "zeta: got 0"),
        ({"zeta": 1.5}, "zeta: got 1.5, expected a whole number"),
        ({"n_landmarks": True}, "n_landmarks: got True"),
        ({"landmarks": "all"}, "landmarks: got 'all'"),
        ({"seed": -1}, "seed: got -1"),
    ],
)
def test_options_that_make_no_map_are_refused(changes, message):
    with pytest.raises(InputError, match=message):
        options(**changes)


def test_data_that_make_no_map_are_refused(dataset):
    with pytest.raises(InputError, match="hold 2 points, expected more than n_components=2"):
        kernel_pca(dataset[:2], options())
    with pytest.raises(InputError, match="gone through only once"):
        kernel_pca(iter(dataset), options())
    with pytest.raises(InputError, match=r"none of 4 holds what is asked for; there are EC:C1, EC:C2"):
        kernel_pca(dataset[:4], options(by="EMC:C1"))
    with pytest.raises(InputError, match="differ in 1 directions only"):
        kernel_pca([ec()] * 4, options())
    broken = dataset[1].copy()
    broken.positions[0, 0] = math.nan
    with pytest.raises(InputError, match="frame 1: "):
        kernel_pca([dataset[0], broken, *dataset[2:5]], options())


# -- output --------------------------------------------------------------------------------------------------------


def test_tables_and_json(dataset):
    found = kernel_pca(dataset, options(by="EC:C1", n_components=3))
    columns = found.columns()
    assert list(columns)[:5] == ["frame", "atom", "species", "type", "config_type"]
    assert list(columns)[-3:] == ["pc1", "pc2", "pc3"]
    assert {len(column) for column in columns.values()} == {len(found.points)}
    record = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert record["options"]["by"] == "EC:C1"
    assert record["elements"] == ["H", "C", "O"]
    assert record["points"]["pc2"] == found.coordinates[:, 1].tolist()


@pytest.mark.parametrize("by", ["frame", "EC:C1"])
@pytest.mark.parametrize("color", ["config_type", "density"])
def test_chemiscope_reads_the_map(by, color, dataset, tmp_path):
    chemiscope = pytest.importorskip("chemiscope", reason="needs chemiscope (extra map)")
    found = kernel_pca(dataset, options(by=by))
    path = tmp_path / "map.json.gz"
    maps.write_chemiscope(path, found, dataset, color=color)
    with gzip.open(path, "rt", encoding="utf-8") as file:
        content = json.load(file)
    shown = np.unique(found.points.frame)
    assert [len(structure["names"]) for structure in content["structures"]] == [len(dataset[k]) for k in shown]
    assert content["properties"]["PC1"]["values"] == found.coordinates[:, 0].tolist()
    look = content["settings"]["map"]
    assert isinstance(content["properties"][look["color"]["property"]]["values"][0], float)
    assert ("symbol" in look) == (color == "config_type")
    if by != "frame":
        for environment, frame, atom in zip(
            content["environments"], found.points.frame, found.points.atom, strict=True
        ):
            assert (shown[environment["structure"]], environment["center"]) == (frame, atom)
            assert environment["cutoff"] == 4.0
    assert chemiscope.show_input(str(path)) is not None
    assert [entry.name for entry in tmp_path.iterdir()] == ["map.json.gz"]


@pytest.mark.parametrize("color", [None, "config_type", "density", "composition"])
def test_figures_show_every_point_once(color, dataset):
    found = kernel_pca(dataset, options())
    projected = found.project(dataset[:2])
    figure = map_figure(found, color, projected)
    axes = figure.axes[0]
    drawn = np.concatenate([np.asarray(part.get_offsets()) for part in axes.collections])
    assert sorted(map(tuple, drawn)) == sorted(map(tuple, np.concatenate([found.coordinates, projected.coordinates])))
    assert axes.get_xlabel().startswith(f"PC1 ({100 * found.explained_variance_ratio[0]:.1f} %")
    assert plots.png(figure).startswith(b"\x89PNG")
    assert plots.svg(map_figure(found, color)) == plots.svg(map_figure(found, color))


def test_figure_of_one_component_and_of_many_categories(dataset):
    found = kernel_pca(dataset, options(by="C", n_components=1))
    for k, frame in enumerate(found.points.frames):
        frame["name"] = f"frame {k}"
    figure = map_figure(found, "name")
    assert len(np.concatenate([part.get_offsets() for part in figure.axes[0].collections])) == len(found.points)
    assert figure.axes[0].get_ylabel() == "point"
    assert plots.png(figure).startswith(b"\x89PNG")


def test_trajectories_and_lists_give_the_same_map(dataset, tmp_path):
    path = tmp_path / "data.extxyz"
    write(path, dataset)
    seen = []
    found = kernel_pca(
        Trajectory(path), options(by="EC:O1", n_landmarks=20), progress=lambda n, part: seen.append((n, part))
    )
    expected = kernel_pca(dataset, found.options)
    np.testing.assert_allclose(found.coordinates, expected.coordinates, atol=1e-8)
    assert seen[-1] == (20 + len(found.points), 1.0)
    assert [part for _, part in seen] == sorted(part for _, part in seen)
