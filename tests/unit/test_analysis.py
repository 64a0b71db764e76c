"""The one-pass analysis against its parts, against each other's order, and against made-up failures."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from hashlib import sha256
from importlib.resources import files

import jsonschema
import numpy as np
import pytest
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator

from ecemc import (
    AnalysisOptions,
    analyze,
    find_molecules,
    iread,
    local_environments,
    mean_squared_displacement,
    rdf,
    self_diffusion,
    voids,
)
from ecemc.analysis import Analyzer, Input
from ecemc.analysis.mixing import ideal_means, ideal_mixing, marginal
from ecemc.errors import InputError
from ecemc.testing import liquid, trajectory
from ecemc.thermo import density, mean_with_error
from ecemc.trajectory import Trajectory, write
from ecemc.units import EV_PER_A3_TO_BAR


@pytest.fixture(scope="module")
def frames():
    return list(trajectory(liquid(4, 8, 0.9, seed=3), 30, seed=1))


@pytest.fixture(scope="module")
def analysis(frames):
    return analyze(frames, AnalysisOptions(r_max=6.0, n_bins=60))


@pytest.fixture(scope="module")
def schema():
    return json.loads(files("ecemc.analysis").joinpath("analysis.schema.json").read_text())


def by_name(analysis):
    return {check.name: check for check in analysis.verdict.checks}


def test_one_pass_gives_what_each_part_gives(frames, analysis):
    densities = [density(frame) for frame in frames]
    values, statistics = analysis.series["density"].values, analysis.series["density"].statistics
    assert np.allclose(values, densities, rtol=1e-14)
    assert statistics == mean_with_error(values, equilibration=statistics.equilibration)
    alone = rdf(frames, 6.0, 60)
    for pair, curve in alone.inter.items():
        assert np.array_equal(analysis.rdf.inter[pair], curve)
        assert np.array_equal(analysis.rdf.intra[pair], alone.intra[pair])
    around = local_environments(frames, analysis.options.local_radius)
    assert analysis.environments.occurrences == around.occurrences
    assert np.allclose(analysis.series["largest_void"].values, [voids(f).radius for f in frames], atol=0.011)
    assert analysis.integrity.compositions == ({"EC": 4, "EMC": 8},)
    assert not analysis.integrity.changed_frames
    assert np.array_equal(analysis.time, [frame.info["time"] for frame in frames])
    centers = rdf(frames, 6.0, 60, by="center")
    assert set(analysis.centers.inter) == {("EC", "EC"), ("EC", "EMC"), ("EMC", "EMC")}
    for pair, curve in analysis.centers.inter.items():
        assert np.array_equal(curve, centers.inter[pair])
        assert not analysis.centers.intra[pair].any()
    for part, of in ((analysis.motion.molecules, "molecules"), (analysis.motion.atoms, "atoms")):
        moved = mean_squared_displacement(frames, of=of)
        assert np.array_equal(part.time, moved.time)
        assert part.msd.keys() == moved.msd.keys()
        assert all(np.array_equal(part.msd[key], moved.msd[key]) for key in moved.msd)
    fit = self_diffusion(mean_squared_displacement(frames))
    assert {name: found.D for name, found in analysis.motion.diffusion.items()} == {n: f.D for n, f in fit.items()}
    assert analysis.motion.reason is None


def record(analysis, *without):
    """All of a result but what it was made of, as text: equal text means equal bits."""
    plain = analysis.to_dict()
    for name in ("inputs", "notes"):
        del plain[name]
    for name in ("n_threads", "select", *without):
        del plain["options"][name]
    return json.dumps(plain)


@pytest.fixture(scope="module")
def moving(frames):
    """The same run with velocities, energies, temperatures and virials."""
    rng = np.random.default_rng(5)
    run = []
    for frame in frames:
        run.append(frame.copy())
        run[-1].set_velocities(rng.normal(scale=0.01, size=(len(frame), 3)))
        run[-1].info |= {"REF_energy": float(rng.normal()), "REF_virial": rng.normal(size=(3, 3))}
    run[11].positions[9] += [1.2, 0.9, 0.0]
    return run


def test_the_result_is_the_same_for_any_batches_threads_and_sources(moving, tmp_path):
    options = AnalysisOptions(r_max=6.0, n_bins=60)
    expected = record(analyze(moving, options))
    assert '"temperature_rotational"' in expected
    assert '"frame": 11' in expected
    for n_threads in (1, 2, 3):
        assert record(analyze(iter(moving), replace(options, n_threads=n_threads))) == expected
    for pieces in ([1] * 30, [7, 1, 2, 20], [0, 29, 1]):
        analyzer, first = Analyzer(options), 0
        for n in pieces:
            analyzer.add(moving[first : first + n])
            first += n
        assert record(analyzer.result()) == expected
    # Text keeps all digits of what is written here, velocities and all.
    write(tmp_path / "run.extxyz", moving)
    write(tmp_path / "run.extxyz.gz", moving)
    write(tmp_path / "early.extxyz", moving[:17])
    write(tmp_path / "late.extxyz", moving[12:])
    from_file = record(analyze(tmp_path / "run.extxyz", options))
    assert record(analyze(list(iread(tmp_path / "run.extxyz")), options)) == from_file
    assert record(analyze(tmp_path / "run.extxyz.gz", replace(options, n_threads=1))) == from_file
    joined = analyze(Trajectory([tmp_path / "early.extxyz", tmp_path / "late.extxyz"]), options)
    assert record(joined) == from_file
    assert joined.notes == ("5 frames that an earlier file already has are left out",)


def test_the_record_is_strict_json_and_follows_its_schema(analysis, schema):
    jsonschema.Draft202012Validator.check_schema(schema)
    record = json.loads(json.dumps(analysis.to_dict(), allow_nan=False))
    jsonschema.validate(record, schema)
    assert record["schema"] == schema["$id"]


@pytest.mark.parametrize("n", [1, 2, 3])
def test_few_frames_are_enough(frames, schema, n):
    result = analyze(frames[:n])
    jsonschema.validate(json.loads(json.dumps(result.to_dict(), allow_nan=False)), schema)
    assert result.n_frames == n


def test_progress_counts_all_frames(frames):
    seen = []
    analyze(frames, progress=lambda done, part: seen.append((done, part)))
    assert seen[-1] == (len(frames), None)


def test_progress_of_a_file_ends_at_one(frames, tmp_path):
    write(tmp_path / "run.extxyz", frames)
    seen = []
    analyze(tmp_path / "run.extxyz", progress=lambda done, part: seen.append((done, part)))
    assert seen[-1] == (len(frames), 1.0)


@pytest.mark.parametrize("sizes", [[31], [1] * 31, [1, 30], [2, 29]])
def test_defaults_come_from_the_first_liquid_frame(frames, sizes):
    atom = Atoms("C", cell=[30.0] * 3, pbc=True)
    run, analyzer = [atom, *frames], Analyzer()
    for stop, n in zip(np.cumsum(sizes), sizes, strict=True):
        analyzer.add(run[stop - n : stop])
        assert analyzer.settled == (stop > 1)
    options = analyzer.result().options
    half = min(frames[0].cell.lengths()) / 2
    assert half - 0.05 < options.r_max <= half
    assert options.n_bins == round(options.r_max / 0.05)
    spacing = (frames[0].get_volume() / 12) ** (1 / 3)
    assert options.local_radius == pytest.approx(1.4 * spacing, abs=0.06)
    assert record(analyzer.result()) == record(analyze(run))


def test_what_never_becomes_a_liquid_is_analysed_too():
    atoms = [Atoms("C", cell=[20.0 + k, 30.0, 30.0], pbc=True) for k in range(3)]
    result = analyze(atoms)
    assert result.options.r_max == 10.0
    assert (result.centers, result.environments) == (None, None)
    assert "void_ratio" not in result.series


def test_a_broken_bond_fails_and_names_the_frame_and_the_bond(frames):
    broken = [frame.copy() for frame in frames]
    hydrogen = 9
    assert broken[0].symbols[hydrogen] == "H"
    for frame in broken[20:]:
        frame.positions[hydrogen] += [1.2, 0.9, 0.0]
    result = analyze(broken, AnalysisOptions(r_max=5.0))
    check = by_name(result)["molecules"]
    assert check.status == result.verdict.status == "fail"
    assert "frame 20" in check.explanation
    assert result.integrity.changed_frames == tuple(range(20, 30))
    assert result.integrity.longest_change == 10
    assert [change.frame for change in result.integrity.changes] == [20]
    assert result.integrity.events.tolist() == [[20, *sorted(bond), -1] for bond in [bond_of(broken[0], hydrogen)]]
    assert "H9" in "".join(result.integrity.changes[0].broken)
    assert "EC" in result.integrity.changes[0].disappeared


def bond_of(atoms, atom):
    """The only bond of an atom."""
    ((i, j),) = [bond for bond in find_molecules(atoms).bonds.tolist() if atom in bond]
    return i, j


def test_a_bond_that_comes_back_at_once_asks_for_attention(frames):
    flicker = [frame.copy() for frame in frames]
    flicker[7].positions[9] += [1.2, 0.9, 0.0]
    result = analyze(flicker, AnalysisOptions(r_max=5.0))
    check = by_name(result)["molecules"]
    assert check.status == "attention"
    assert [(change.frame, change.n_broken, change.n_formed) for change in result.integrity.changes] == [
        (7, 1, 0), (8, 0, 1),
    ]  # fmt: skip
    assert result.integrity.changes[1].appeared == result.integrity.changes[0].disappeared == {"EC": 1}
    assert result.integrity.changed_frames == (7,)
    assert "frame 7" in check.explanation


def test_a_bubble_is_found_and_a_dense_liquid_is_not_blamed(analysis):
    assert by_name(analysis)["voids"].status == "pass"
    box = liquid(8, 16, 1.0, seed=6)
    box.cell[2] *= 2.0  # a slab and as much vacuum
    for frame in (box, box.repeat((2, 1, 1))):
        result = analyze([frame], AnalysisOptions(r_max=5.0))
        assert by_name(result)["voids"].status == result.verdict.status == "fail"


def test_an_expanding_box_fails_and_a_slope_asks_for_attention(frames):
    start = frames[0]

    def expanding(factor):
        rng = np.random.default_rng(0)
        for step in range(60):
            frame = start.copy()
            frame.set_cell(frame.cell * (1.0 + factor * step / 60 + rng.normal(scale=1e-3)))
            yield frame

    # Only the cell grows: the molecules themselves stay as they are.
    failed = by_name(analyze(expanding(0.2), AnalysisOptions(r_max=5.0, equilibration=0)))["density"]
    assert failed.status == "fail"
    assert "expands" in failed.explanation
    assert (
        by_name(analyze(expanding(0.01), AnalysisOptions(r_max=5.0, equilibration=0)))["density"].status == "attention"
    )


def test_a_detected_cut_does_not_hide_a_collapse(frames):
    """Dense for a third of the run, then torn and steady: the best cut is about the jump, and the rest looks sound."""
    rng = np.random.default_rng(0)
    torn = []
    for step in range(60):
        torn.append(frames[0].copy())
        torn[-1].set_cell(frames[0].cell * ((1.2 if step >= 20 else 1.0) + rng.normal(scale=2e-3)))
    check = by_name(analyze(torn, AnalysisOptions(r_max=5.0)))["density"]
    assert check.status == "attention"
    assert "went from" in check.explanation
    assert "frames left out" in check.measured
    given = by_name(analyze(torn, AnalysisOptions(r_max=5.0, equilibration=20)))["density"]
    assert given.status == "pass"


@pytest.mark.parametrize("n", [1, 2, 3])
def test_very_few_frames_are_not_called_steady(frames, n):
    run = [frame.copy() for frame in frames[:n]]
    for step, frame in enumerate(run):
        frame.set_cell(frame.cell * (1.0 + 0.1 * step))
        frame.info |= {"temperature": 350.0, "temperature_target": 300.0}
    checks = by_name(analyze(run, AnalysisOptions(r_max=5.0)))
    assert checks["density"].status == "attention"
    assert "nan" not in checks["density"].measured
    assert "is steady at" not in checks["density"].explanation
    assert ("temperature" in checks) == (n > 1)
    assert "1 frames" not in checks["one system"].measured + checks["molecules"].measured


def test_different_systems_are_a_collection(frames):
    other = liquid(2, 2, 0.5, seed=1)
    result = analyze([*frames[:5], other, *frames[5:8]], AnalysisOptions(r_max=5.0))
    assert by_name(result)["one system"].status == "attention"
    assert result.integrity.compositions == ({"EC": 4, "EMC": 8}, {"EC": 2, "EMC": 2})
    assert all(series.statistics is None for series in result.series.values())
    assert ideal_mixing(result.environments) is None


def test_other_atoms_in_the_middle_end_the_motion_and_nothing_else(frames):
    shuffled = frames[4][::-1]
    shuffled.info = dict(frames[4].info)
    result = analyze([*frames[:4], shuffled, *frames[5:]], AnalysisOptions(r_max=6.0, n_bins=60))
    assert result.motion.reason == "frame 4 shows other atoms than frame 0, or in another order"
    assert (result.motion.molecules, result.motion.diffusion) == (None, {})
    whole = analyze(frames, AnalysisOptions(r_max=6.0, n_bins=60))
    for pair, curve in whole.rdf.inter.items():
        assert np.array_equal(result.rdf.inter[pair], curve)
    assert result.environments.occurrences == whole.environments.occurrences
    assert np.array_equal(result.series["volume"].values, whole.series["volume"].values)
    # Atoms that pass during what is left out do no harm.
    cut = analyze([shuffled, *frames[5:]], AnalysisOptions(r_max=6.0, equilibration=1))
    assert cut.motion.reason is None
    assert cut.motion.molecules.n_frames == 25


def test_energies_temperature_and_pressure_come_from_the_file(frames):
    labelled = [frame.copy() for frame in frames]
    for frame in labelled:
        frame.info |= {
            "REF_energy": -2.0 * len(frame), "temperature": 300.0, "temperature_target": 300.0,
            "REF_virial": np.zeros((3, 3)),
        }  # fmt: skip
    result = analyze(labelled, AnalysisOptions(r_max=5.0))
    assert result.series["energy"].statistics.mean == -2.0
    n, volume = len(labelled[0]), labelled[0].get_volume()
    ideal = n * 1.380649e-23 * 300.0 / (volume * 1e-30) / 1e5
    assert result.series["pressure"].values[0] == pytest.approx(ideal, rel=1e-9)
    stressed = labelled[0].copy()
    del stressed.info["REF_virial"]
    stressed.calc = SinglePointCalculator(stressed, stress=[-0.01, -0.02, -0.03, 0.0, 0.0, 0.0])
    extra = analyze([stressed]).series["pressure"].values[0] - result.series["pressure"].values[0]
    assert extra == pytest.approx(0.02 * EV_PER_A3_TO_BAR, rel=1e-9)
    assert by_name(result)["temperature"].status == "pass"
    for frame in labelled:
        frame.info["temperature"] = 320.0
    hot = analyze(labelled, AnalysisOptions(r_max=5.0))
    assert by_name(hot)["temperature"].status == "attention"


def test_a_given_equilibration_is_left_out_of_all_averages(frames):
    result = analyze(frames, AnalysisOptions(r_max=6.0, n_bins=60, equilibration=10))
    assert result.series["density"].statistics.equilibration == 10
    assert np.array_equal(result.rdf.inter["C", "C"], rdf(frames[10:], 6.0, 60).inter["C", "C"])
    assert result.environments.n_frames == 20
    assert result.motion.molecules.n_frames == 20
    moved = mean_squared_displacement(frames[10:])
    assert np.array_equal(result.motion.molecules.msd["EC"], moved.msd["EC"])
    with pytest.raises(InputError, match=r"^equilibration: got 30 frames, but there are only 30$"):
        analyze(frames, AnalysisOptions(equilibration=30))


@pytest.mark.parametrize("n_threads", [1, 2])
def test_a_last_frame_after_the_equilibration_is_enough(frames, n_threads):
    result = analyze(frames, AnalysisOptions(equilibration=29, n_threads=n_threads))
    assert result.rdf.n_frames == 1
    assert result.motion.reason == "there is only one frame"


def test_an_infinite_chain_is_reported_and_the_rest_goes_on():
    chain = Atoms("C" * 8, [[1.4 * k, 0.0, 0.0] for k in range(8)], cell=[11.2, 12.0, 12.0], pbc=True)
    result = analyze([chain])
    assert result.integrity.infinite
    assert by_name(result)["molecules"].status == "attention"
    assert result.environments is None
    assert result.to_dict()["local_composition"] is None
    assert result.to_dict()["centers"] is None
    two = analyze([chain, chain])
    assert two.motion.reason.startswith("molecule 0 of the first frame is bonded to its own periodic image")
    assert two.rdf.n_frames == 2


def test_a_molecule_that_becomes_infinite_ends_what_needs_its_centre(frames):
    box = frames[0].copy()
    length = box.cell.lengths()[0]
    rod = box.copy()
    carbons = np.flatnonzero(rod.symbols == "C")[:10]
    rod.positions[carbons] = [[k * length / 10, 0.0, 0.0] for k in range(10)]
    for run in ([box, rod, box], [box, box, rod]):
        result = analyze(run, AnalysisOptions(r_max=5.0))
        assert len(result.integrity.infinite) == 1
        assert (result.environments, result.centers) == (None, None)
        assert result.rdf.n_frames == 3


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda a: a.set_pbc(False), r"frame 1: pbc \[False, False, False\]"),
        (lambda a: a.set_cell(np.zeros((3, 3))), "frame 1: no cell"),
        (lambda a: a.positions.__setitem__((3, 1), math.nan), "frame 1: .*atom 3"),
        (lambda a: a.__delitem__(slice(None)), "frame 1: no atoms"),
    ],
)
def test_bad_frames_are_named(frames, change, words):
    bad = frames[1].copy()
    change(bad)
    with pytest.raises(InputError, match=words):
        analyze([frames[0], bad, frames[2]])


def test_no_frames_at_all():
    with pytest.raises(InputError, match=r"^frames: got none, expected at least one to analyse$"):
        analyze([])
    with pytest.raises(InputError, match=r"^frames: got none"):
        Analyzer().result()


@pytest.mark.parametrize(
    "settings",
    [
        {"r_max": 0.0},
        {"r_max": math.nan},
        {"n_bins": 0},
        {"local_radius": -1.0},
        {"equilibration": -1},
        {"n_threads": 0},
    ],
)
def test_bad_options_are_named(settings):
    (name,) = settings
    with pytest.raises(InputError, match=f"^{name}: got"):
        AnalysisOptions(**settings)


def test_ideal_mixing_is_a_distribution_with_the_right_mean(frames):
    found = analyze(frames, AnalysisOptions(local_radius=6.0)).environments
    means = ideal_means(found)
    for central, parts in ideal_mixing(found).items():
        assert [p.sum() for p in parts] == pytest.approx([1.0, 1.0])
        neighbours = found.mean[central].sum()
        others = [4 - (central == "EC"), 8 - (central == "EMC")]
        assert means[central] == pytest.approx([neighbours * n / 11 for n in others])
        for column in range(2):
            assert marginal(found.distribution[central], column).sum() == pytest.approx(1.0)


def test_no_ideal_mixing_where_the_radius_reaches_images(frames):
    assert ideal_mixing(analyze(frames[:3], AnalysisOptions(local_radius=10.0)).environments) is None


def test_a_file_is_identified(frames, tmp_path):
    path = tmp_path / "run.extxyz"
    write(path, frames[:4])
    result = analyze(path, AnalysisOptions(select="1:"))
    assert result.n_frames == 3
    assert result.inputs == (Input("run.extxyz", path.stat().st_size, sha256(path.read_bytes()).hexdigest()),)
    assert result.notes == ()
    assert find_molecules(frames[0]).composition == result.integrity.compositions[0]
    assert analyze(frames[:2]).inputs == ()


def test_a_last_frame_that_is_cut_off_is_noted(frames, tmp_path):
    path = tmp_path / "run.extxyz"
    write(path, frames[:4])
    path.write_bytes(path.read_bytes()[:-100])
    result = analyze(path)
    assert result.n_frames == 3
    (note,) = result.notes
    assert note.startswith(f"{path}: ")
    assert "frame 3" in note


def test_choosing_frames_is_for_files(frames):
    with pytest.raises(InputError, match=r"^select: got '1:', which is for files"):
        analyze(frames, AnalysisOptions(select="1:"))


def test_dft_training_set(shared):
    result = analyze(shared / "data" / "dft" / "ecemc_dft.extxyz")
    assert result.n_frames == 103
    assert {"EC": 4, "EMC": 8} in result.integrity.compositions
    assert not result.integrity.changed_frames
    assert result.verdict.status == "attention"
