"""Volume scans: geometries, curves, scores, figures."""

from __future__ import annotations

import json
import math
from contextlib import closing

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule
from tests.reference.morse import PairPotential, energy_inter

import ecemc
from ecemc.errors import CalculationError, InfiniteMoleculeError, InputError
from ecemc.evaluation import Ledger, compute
from ecemc.labels import LabelKeys, read_labels
from ecemc.plots.scans import scan_figure, scan_force_figure
from ecemc.plots.style import png
from ecemc.scans import (
    DEFAULT_SCALES,
    ScanOptions,
    build_scans,
    group_scans,
    locate_minimum,
    roughness,
    scan,
)
from ecemc.scans.tables import curve_table, score_table
from ecemc.testing import liquid

SCALES = (0.85, 0.9, 0.95, 1.0, 1.05, 1.1, 1.15, 1.2, 1.25, 1.3, 1.35, 1.45, 1.8, 4.0)
OPTIONS = ScanOptions(SCALES)


class FailsWhenDense(PairPotential):
    """Stands for a calculation that does not converge where atoms come too close."""

    tried = 0

    def calculate(self, atoms=None, properties=None, system_changes=()):
        self.tried += 1
        if len(atoms) > 20 and atoms.get_volume() < 450.0:
            raise RuntimeError("SCF did not converge")
        super().calculate(atoms, properties, system_changes or ["positions"])


def box(seed=1):
    return liquid(1, 2, 0.9, seed=seed)


@pytest.fixture(scope="module")
def result():
    return scan([box(), box(2)], PairPotential(), {"weak": PairPotential(epsilon=0.0036)}, OPTIONS, n_jobs=1)


def test_default_scales_reach_from_the_wall_to_the_gas():
    assert list(DEFAULT_SCALES) == sorted(set(DEFAULT_SCALES))
    assert 1.0 in DEFAULT_SCALES
    assert DEFAULT_SCALES[0] == pytest.approx(0.84, abs=0.001)
    even = [s for s in DEFAULT_SCALES if s < 0.98 or 1.05 < s < 1.64]
    assert np.allclose(np.diff(np.log(even))[:3], math.log(1.11) / 3, atol=2e-4)
    assert DEFAULT_SCALES[-1] == 3.0


def test_geometries_carry_their_keys():
    (first, second) = build_scans([box(), box(2)], [1.2, 0.9])
    assert first.scales.tolist() == [0.9, 1.2]
    assert [each.info["parent_frame"] for each in second.frames] == [1] * 5
    assert [each.info["config_type"] for each in second.frames] == ["volume_scan"] * 2 + ["isolated_molecule"] * 3
    assert [each.info["scan_scale"] for each in second.boxes] == [0.9, 1.2]
    assert first.species == ("EC", "EMC", "EMC")
    for part in first.molecules:
        np.testing.assert_array_equal(first.index[part.arrays["parent_atom"]], part.info["molecule"])


def test_energies_are_those_of_brute_force(result):
    for each, seed in zip(result.scans, (1, 2), strict=True):
        whole = ecemc.make_whole(box(seed))
        found = ecemc.find_molecules(whole)
        for k, frame in enumerate(ecemc.volume_scan(whole, SCALES)):
            expected = energy_inter(frame.positions, found.index, frame.cell.array)
            assert each.energy_inter(0)[k] * 40 == pytest.approx(expected, abs=1e-9)


def test_energy_at_scale_one_is_total_minus_molecules(result):
    frame = box()
    molecules = ecemc.split_molecules(frame, cell=20.0)
    expected = compute(frame, PairPotential()).energy - sum(compute(part, PairPotential()).energy for part in molecules)
    assert result.scans[0].energy_inter(0)[SCALES.index(1.0)] * 40 == pytest.approx(expected, abs=1e-10)


def test_limit_is_zero(result):
    assert [score.limit for score in result.scores] == pytest.approx([0.0] * 4, abs=1e-9)
    assert np.abs(result.scans[0].curves[0].net_forces[-1]).max() < 1e-12


def test_net_forces_are_sums_over_molecules(result):
    each = result.scans[0]
    frame = ecemc.volume_scan(box(), [0.95])[0]
    forces = compute(frame, PairPotential()).forces
    molecules = ecemc.find_molecules(box())
    expected = ecemc.decompose_forces(frame, forces, molecules).net_forces
    np.testing.assert_allclose(each.curves[0].net_forces[2], expected, atol=1e-12)
    np.testing.assert_allclose(each.curves[0].net_forces.sum(axis=1), 0.0, atol=1e-12)


def test_broken_molecules_rotation_and_order_of_atoms_do_not_matter(result):
    frame = box()
    rng = np.random.default_rng(5)
    frame.positions += rng.integers(-2, 3, (len(frame), 3)) @ frame.cell[:]
    frame.rotate(40.0, "y", rotate_cell=True)
    frame = frame[rng.permutation(len(frame))]
    (other,) = scan(frame, PairPotential(), options=OPTIONS, n_jobs=1).scans
    np.testing.assert_allclose(other.energy_inter(0), result.scans[0].energy_inter(0), rtol=0, atol=1e-10)


def test_each_molecule_is_evaluated_once():
    calculator = PairPotential()
    scan(box(), calculator, options=OPTIONS, n_jobs=1)
    assert calculator.n_calls == len(SCALES) + 3


def test_nothing_is_computed_twice_with_a_ledger(tmp_path):
    first, second = PairPotential(), PairPotential()
    with closing(Ledger(tmp_path / "ledger")) as ledger:
        before = scan(box(), first, options=ScanOptions(SCALES[:6]), n_jobs=1, ledger=ledger)
    with closing(Ledger(tmp_path / "ledger")) as ledger:
        after = scan(box(), second, options=OPTIONS, n_jobs=1, ledger=ledger)
    assert (first.n_calls, second.n_calls) == (9, 8)
    np.testing.assert_array_equal(before.scans[0].energy_inter(0), after.scans[0].energy_inter(0)[:6])


def test_processes_give_the_same():
    alone = scan(box(), PairPotential, options=OPTIONS, n_jobs=1)
    together = scan(box(), PairPotential, options=OPTIONS, n_jobs=2)
    np.testing.assert_array_equal(alone.scans[0].energy_inter(0), together.scans[0].energy_inter(0))


def test_scores_of_a_model_that_binds_a_tenth_too_weakly(result):
    for reference, model, each in zip(result.scores[::2], result.scores[1::2], result.scans, strict=True):
        energy = 1000.0 * each.energy_inter(0)
        s = np.array(SCALES)
        assert model.depth == pytest.approx(0.9 * reference.depth, rel=1e-12)
        assert model.s_min_error == pytest.approx(0.0, abs=1e-12)
        low, high = 0.97 * reference.s_min, 1.05 * reference.s_min
        for value, chosen in ((model.wall, s < low), (model.well, (s >= low) & (s <= high)), (model.tail, s > high)):
            assert chosen.any()
            assert value == pytest.approx(0.1 * np.sqrt(np.mean(energy[chosen] ** 2)), rel=1e-9)
        assert math.isnan(reference.wall)
        assert math.isnan(reference.isolated_error)
        isolated = each.curves[0].isolated.sum() / 40
        assert model.isolated_error == pytest.approx(-100.0 * isolated, rel=1e-9)
    assert math.isfinite(result.scores[0].roughness)
    assert [score.roughness_ratio for score in result.scores[1::2]] == pytest.approx([0.9, 0.9])
    total = result.summary[1]
    assert total.parent_frame is None
    wells = [score.well for score in result.scores[1::2]]
    assert total.well == pytest.approx(np.sqrt(np.mean(np.square(wells))))
    assert total.depth == pytest.approx(np.mean([score.depth for score in result.scores[1::2]]))


def test_curves_relative_to_the_reference_show_the_error_of_the_molecules(result):
    each, score = result.scans[0], result.scores[1]
    own, relative = each.energy_inter(1), each.energy_inter(1, relative="reference")
    np.testing.assert_allclose(1000.0 * (relative - own), score.isolated_error, rtol=1e-9)
    np.testing.assert_array_equal(each.energy_inter(0), each.energy_inter(0, relative="reference"))
    with pytest.raises(InputError, match="relative: got 'model', expected 'own' or 'reference'"):
        each.energy_inter(1, relative="model")


def test_single_atoms_are_molecules():
    argon = bulk("Ar", "fcc", a=5.2, cubic=True)
    (each,) = scan(argon, PairPotential(epsilon=0.01), options=OPTIONS, n_jobs=1).scans
    assert each.composition == {"Ar": 4}
    np.testing.assert_allclose(each.curves[0].isolated, 0.0, atol=0)
    assert np.abs(each.curves[0].net_forces).max() < 1e-12  # by symmetry
    assert each.energy_inter(0).min() < -0.015


def test_points_that_fail_are_left_out_and_said():
    found = scan(box(), PairPotential(), {"dense": FailsWhenDense()}, OPTIONS, n_jobs=1)
    (each,) = found.scans
    failed = np.isnan(each.energy_inter(1))
    assert failed.any()
    assert not failed.all()
    assert not np.isnan(each.energy_inter(0)).any()
    assert [(f.method, f.where) for f in found.failures] == [("dense", f"s = {s:g}") for s in np.array(SCALES)[failed]]
    assert found.failures[0].reason == "RuntimeError: SCF did not converge"
    score = found.scores[1]
    assert score.well == pytest.approx(0.0, abs=1e-12)  # what is left is the same
    assert score.limit == pytest.approx(0.0, abs=1e-12)
    record = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert record["scans"][0]["curves"][1]["energy_eV"][0] is None
    assert record["failures"][0]["where"] == "s = 0.85"
    assert png(scan_figure(found)).startswith(b"\x89PNG")


def test_failures_are_tried_again_only_if_asked(tmp_path):
    with closing(Ledger(tmp_path / "ledger")) as ledger:
        first, second, third = FailsWhenDense(), FailsWhenDense(), FailsWhenDense()
        scan(box(), first, options=OPTIONS, n_jobs=1, ledger=ledger)
        found = scan(box(), second, options=OPTIONS, n_jobs=1, ledger=ledger)
        again = ScanOptions(SCALES, retry=True)
        with_retry = scan(box(), third, options=again, n_jobs=1, ledger=ledger)
    assert (second.n_calls, third.n_calls) == (0, 0)  # those that fail never get to count
    assert third.tried == len(with_retry.failures) == len(found.failures) > 0 == second.tried


def test_a_reference_without_any_curve_is_an_error():
    class Broken(PairPotential):
        def calculate(self, *_):
            raise RuntimeError("no licence")

    with pytest.raises(CalculationError, match=r"Broken: no curve: frame 0, s = 0.85: RuntimeError: no licence"):
        scan(box(), Broken(), options=OPTIONS, n_jobs=1)
    # A model that fails leaves the reference's curve.
    found = scan(box(), PairPotential(), {"broken": Broken()}, OPTIONS, n_jobs=1)
    assert math.isnan(found.scores[1].well)
    assert math.isfinite(found.scores[0].depth)
    assert png(scan_force_figure(found)).startswith(b"\x89PNG")


def test_frames_with_labels_are_ready_for_training_and_come_back_as_reference(result, tmp_path):
    ecemc.write(tmp_path / "scan.extxyz", reversed(result.frames))
    frames = ecemc.read(tmp_path / "scan.extxyz")
    assert len(frames) == 2 * (len(SCALES) + 3)
    kinds = [frame.info["config_type"] for frame in frames]
    assert kinds.count("volume_scan") == 2 * len(SCALES)
    assert kinds.count("isolated_molecule") == 6
    for frame in frames[::5]:
        stored, computed = read_labels(frame), compute(frame, PairPotential())
        assert stored.energy == pytest.approx(computed.energy, abs=1e-12)
        np.testing.assert_allclose(stored.forces, computed.forces, atol=1e-12)
        np.testing.assert_allclose(stored.virial, computed.virial, atol=1e-9)
        assert frame.info["label_method"] == "PairPotential"
    again = scan(tmp_path / "scan.extxyz", "labels", {"weak": PairPotential(epsilon=0.0036)}, n_jobs=1)
    assert again.methods == ("labels", "weak")
    for old, new in zip(result.scores, again.scores, strict=True):
        assert new.depth == pytest.approx(old.depth, abs=1e-8)
        assert new.well == pytest.approx(old.well, abs=1e-8, nan_ok=True)
        assert new.roughness == pytest.approx(old.roughness, abs=1e-8)


def test_stored_scans_may_lack_scales_but_no_molecules(result):
    frames = list(result.frames)
    n = len(SCALES)
    fewer = [frame for k, frame in enumerate(frames) if k not in {0, 1, n + 4}]
    found = scan([*fewer, Atoms("H")], "labels", n_jobs=1)
    assert [len(each.scales) for each in found.scans] == [n - 2, n - 1]
    unlabelled = [frame.copy() for frame in frames]
    del unlabelled[2].info["REF_energy"]
    found = scan(unlabelled, "labels", n_jobs=1)
    assert [(f.where, f.reason) for f in found.failures] == [("s = 0.95", "no REF_energy in the file")]
    assert len(found.frames) == len(frames) - 1
    with pytest.raises(InputError, match="scan of frame 0: atom 25 is in no isolated molecule, expected scaled boxes"):
        group_scans(frames[: n + 2])
    with pytest.raises(InputError, match="scan of frame 0: a scale is there twice"):
        group_scans([*frames[: n + 3], frames[0]])
    with pytest.raises(InputError, match="scan of frame 0: molecule 1 is not of this box, or there twice"):
        group_scans([*frames[: n + 3], frames[n + 1]])
    other = frames[0].copy()
    other.info["scan_scale"] = 0.7
    with pytest.raises(InputError, match="scan of frame 0: boxes differ in their atoms"):
        group_scans([*frames[: n + 3], other[:10]])
    with pytest.raises(InputError, match="no frame has a scan_scale"):
        scan(box(), "labels")
    nameless = frames[0].copy()
    del nameless.info["parent_frame"]
    with pytest.raises(InputError, match="frame 0: has no parent_frame, expected scaled boxes"):
        group_scans([nameless])


def test_other_label_keys(result):
    names = LabelKeys.prefixed("DFT_")
    options = ScanOptions(SCALES[:5], names=names)
    found = scan(box(), PairPotential(), options=options, n_jobs=1)
    assert {"DFT_energy", "DFT_virial"} <= found.frames[0].info.keys()
    again = scan(found.frames, "labels", options=options)
    np.testing.assert_array_equal(again.scans[0].energy_inter(0), result.scans[0].energy_inter(0)[:5])


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"options": [1.0]}, "scales: got 1, expected at least two"),
        ({"options": [0.9, -1.0]}, "scales: got .*, expected linear scale factors > 0"),
        ({"options": [0.9, float("nan")]}, "scales: got .*, expected linear scale factors > 0"),
        ({"options": ["a", 1.0]}, "scales: got list, expected linear scale factors"),
        ({"frames": []}, "frames: there is none to scale"),
        ({"frames": [Atoms(cell=[5, 5, 5], pbc=True)]}, "frame 0: holds no atoms"),
        ({"models": [PairPotential()]}, "two methods are called 'PairPotential'; give names"),
        ({"models": "no such method"}, "method: got 'no such method', expected opls"),
        ({"cell": 2.0}, r"frame 0: cell: got 2.0 Å, but a molecule EC is"),
    ],
)
def test_bad_input(arguments, text):
    with pytest.raises(InputError, match=text):
        scan(
            arguments.get("frames", box()),
            PairPotential(),
            arguments.get("models", ()),
            ScanOptions(arguments.get("options", SCALES), arguments.get("cell", 20.0)),
            n_jobs=1,
        )


def test_bad_well_and_infinite_networks():
    with pytest.raises(InputError, match=r"well: got \(1.1, 1.2\), expected two factors around 1"):
        ScanOptions(SCALES, well=(1.1, 1.2))
    with pytest.raises(InfiniteMoleculeError, match="frame 1: "):
        scan([molecule("H2O", cell=[5, 5, 5], pbc=True), bulk("Cu", cubic=True)], PairPotential(), options=OPTIONS)


def test_minimum_of_a_known_curve():
    s = np.geomspace(0.84, 1.63, 20)
    curve = 20.0 * ((1.02 / s) ** 12 - 2.0 * (1.02 / s) ** 6)
    s_min, depth = locate_minimum(s, curve)
    assert s_min == pytest.approx(1.02, abs=5e-4)
    assert depth == pytest.approx(-20.0, abs=0.01)
    holed = curve.copy()
    holed[[0, 9]] = np.nan
    assert locate_minimum(s, holed)[0] == pytest.approx(1.02, abs=5e-3)
    for edge in (s, -s, np.full(20, np.nan)):
        assert all(math.isnan(value) for value in locate_minimum(s, edge))
    with pytest.raises(InputError, match=r"energy: got shape \(3,\) for scales of shape \(20,\)"):
        locate_minimum(s, [1, 2, 3])


def test_roughness_is_noise_and_not_slope():
    s = np.geomspace(1.0, 1.6, 15)
    x = np.log(s)
    # Exactly nothing for cubics in ln s, on any grid.
    cubic = np.stack([1.0 + x - 3.0 * x**2, x**3, -2.0 * x], axis=1)[:, None]
    assert roughness(s, cubic) < 1e-13
    uneven = np.sort(np.concatenate([s, [1.02, 1.1]]))
    assert roughness(uneven, np.log(uneven)[:, None, None] ** 3 * np.ones(3)) < 1e-13
    # Noise: sqrt(3 (1 + 34/36)) σ.
    noise = np.random.default_rng(0).normal(scale=0.01, size=(15, 4000, 3))
    assert roughness(s, noise) == pytest.approx(0.01 * math.sqrt(3.0 * (1.0 + 34.0 / 36.0)), rel=0.01)
    assert roughness(s, 3.0 * noise) == pytest.approx(3.0 * roughness(s, noise), rel=1e-12)
    # Waves of six steps: a sixth of the amplitude.
    wave = np.zeros((15, 1, 3))
    wave[:, 0, 0] = np.cos(2.0 * np.pi * np.arange(15) / 6)
    assert roughness(s, wave) == pytest.approx(np.sqrt(np.mean(wave[2:-2, 0, 0] ** 2)) / 6.0, rel=1e-9)
    # A fine steep curve next to the same with noise.
    steep = 0.5 * np.repeat(s**-7, 3).reshape(15, 1, 3)
    assert roughness(s, steep) < 0.001
    assert roughness(s, steep + noise[:, :1]) > 0.01
    # Coarse ends and too few points say nothing; points that failed are passed over.
    assert math.isnan(roughness([1, 2, 3, 4, 5], np.ones((5, 1, 3))))
    assert math.isnan(roughness(s[:4], noise[:4, :1]))
    holed = noise[:, :5].copy()
    holed[3] = np.nan
    kept = np.arange(15) != 3
    assert roughness(s, holed) == roughness(s[kept], noise[kept, :5])
    with pytest.raises(InputError, match=r"forces: got shape \(15, 3\), expected \(15, m, 3\)"):
        roughness(s, np.ones((15, 3)))


def test_regions_are_about_one_where_there_is_no_minimum():
    repulsive = scan(box(), PairPotential(epsilon=-0.004), {"more": PairPotential(epsilon=-0.005)}, OPTIONS, n_jobs=1)
    score = repulsive.scores[1]
    s, error = np.array(SCALES), 250.0 * repulsive.scans[0].energy_inter(0)
    assert math.isnan(repulsive.scores[0].s_min)  # attraction turned over: no minimum
    inside = (s >= 0.97) & (s <= 1.05)
    assert score.well == pytest.approx(np.sqrt(np.mean(error[inside] ** 2)), rel=1e-9)


def test_tables(result):
    heading, rows = curve_table(result)
    assert len(rows) == 2 * 2 * len(SCALES)
    row = dict(zip(heading, rows[len(SCALES) + 3], strict=True))
    assert (row["parent_frame"], row["method"], row["s"]) == (0, "weak", 1.0)
    energy = 1000.0 * result.scans[0].energy_inter(0)[3]
    assert row["error (meV/atom)"] == pytest.approx(-0.1 * energy)
    assert row["density (g/cm³)"] == pytest.approx(0.9, abs=1e-6)
    heading, rows = score_table(result)
    assert [row[:2] for row in rows] == [
        ["PairPotential", 0], ["weak", 0], ["PairPotential", 1], ["weak", 1], ["PairPotential", None], ["weak", None],
    ]  # fmt: skip
    assert rows[1][heading.index("well_meV_per_atom")] == result.scores[1].well


def test_json(result):
    record = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert record["layout"] == "ecemc.scan/1"
    assert record["methods"] == ["PairPotential", "weak"]
    one = record["scans"][1]
    assert (one["parent_frame"], one["composition"], one["n_atoms"]) == (1, {"EC": 1, "EMC": 2}, 40)
    np.testing.assert_allclose(
        one["curves"][1]["energy_inter_meV_per_atom"], 1000 * result.scans[1].energy_inter(1), rtol=1e-15
    )
    assert np.shape(one["curves"][0]["net_forces_eV_per_A"]) == (len(SCALES), 3, 3)
    assert record["scores"][0]["wall_meV_per_atom"] is None
    assert len(record["summary"]) == 2


def test_figures_draw_what_they_say(result):
    other = scan(liquid(2, 1, 0.8), PairPotential(), {"weak": PairPotential(epsilon=0.0036)}, OPTIONS, n_jobs=1)
    both = type(result)(result.methods, result.scans + other.scans, (), result.well, ())
    figure = scan_figure(both, relative="reference")
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert [title for title in titles if title] == ["1 EC + 2 EMC, 2 scans", "2 EC + 1 EMC"]
    lines = [line for line in figure.axes[0].lines if len(line.get_xdata()) == len(SCALES)]
    np.testing.assert_allclose(lines[1].get_ydata(), 1000 * result.scans[0].energy_inter(1, "reference"))
    assert [text.get_text() for text in figure.legends[0].texts] == ["PairPotential", "weak"]
    alone = scan_figure(type(result)(result.methods[:1], other.scans[:1], (), result.well, ()))
    assert len(alone.axes) == 1
    force = scan_force_figure(result, parent_frame=1, molecule=2)
    assert force.get_suptitle() == "Molecule 2 (EMC) of frame 1"
    drawn = [line for line in force.axes[1].lines if len(line.get_xdata()) > 2]
    inside = np.isin(SCALES, drawn[1].get_xdata())
    np.testing.assert_allclose(drawn[1].get_ydata(), 1000 * result.scans[1].curves[1].net_forces[inside, 2, 1])
    with pytest.raises(InputError, match="parent_frame: got 7, there is no scan"):
        scan_force_figure(result, parent_frame=7)
    with pytest.raises(InputError, match="molecule: got 3, expected 0 to 2"):
        scan_force_figure(result, molecule=3)


def test_progress_counts_to_the_end():
    seen = []
    scan(
        box(), PairPotential(), {"b": PairPotential(epsilon=0.1)}, OPTIONS, n_jobs=1, progress=lambda *a: seen.append(a)
    )
    assert seen[-1] == (34, 1.0)
    assert [done for done, _ in seen] == list(range(1, 35))
