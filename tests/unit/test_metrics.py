"""Errors: definitions, sums that merge exactly, the table against plain NumPy, parity counts, runs over frames."""

from __future__ import annotations

import csv
import io
import itertools
import json
import math
from fractions import Fraction

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from tests.reference.pair_potential import PairPotential

import ecemc
from ecemc import plots
from ecemc.decomposition import PropertyParts, decompose_properties, read_parts, with_parts
from ecemc.errors import CalculationError, InputError
from ecemc.evaluation import Ledger, compute
from ecemc.labels import LabelKeys, Labels, read_labels, with_labels
from ecemc.methods import Method
from ecemc.metrics import (
    GROUPINGS,
    PARTS,
    ErrorOptions,
    ErrorSums,
    ErrorTable,
    ParityCounts,
    mae,
    model_errors,
    part_values,
    rmse,
    rrmse,
)
from ecemc.plots.errors import force_parity_figure, inter_parity_figure, property_parity_figure
from ecemc.testing import liquid, trajectory

REFERENCE = Method("pairs", "pairs 1.0", PairPotential)
numbers = st.floats(-1e6, 1e6, allow_subnormal=False)
pairs = st.integers(1, 30).flatmap(
    lambda n: st.tuples(arrays(float, n, elements=numbers), arrays(float, n, elements=numbers))
)


class Model(PairPotential):
    """The reference with another strength."""

    def __init__(self):
        super().__init__(scale=1.1)


MODEL = Method("model", "pairs 1.1", Model)
ONE = ErrorOptions(n_jobs=1)


def frames():
    """Two compositions and a config_type each, and a single atom."""
    made = []
    for kind, (n_ec, n_emc) in {"dense": (2, 1), "mixed": (1, 2)}.items():
        for atoms in trajectory(liquid(n_ec, n_emc, 0.5, seed=n_ec), 3, seed=n_emc):
            atoms.info["config_type"] = kind
            made.append(atoms)
    return [*made, Atoms("O", cell=[20.0] * 3, pbc=True, info={"config_type": "isolated_atom"})]


def labelled(calculator=None, names=None, given=None):
    """Frames with labels and parts of a calculator."""
    return [
        with_parts(atoms, decompose_properties(atoms, calculator or PairPotential()), names)
        for atoms in given or frames()
    ]


class TestScores:
    @given(pairs)
    def test_definitions(self, both):
        ref, pred = both
        error = [Fraction(p) - Fraction(r) for r, p in zip(ref.tolist(), pred.tolist(), strict=True)]
        mean = sum(map(Fraction, ref.tolist())) / len(ref)
        spread = sum((Fraction(r) - mean) ** 2 for r in ref.tolist())
        squared = sum(e * e for e in error)
        assert rmse(ref, pred) == pytest.approx(math.sqrt(squared / len(ref)), rel=1e-12, abs=1e-150)
        assert mae(ref, pred) == pytest.approx(float(sum(map(abs, error)) / len(ref)), rel=1e-12)
        if np.ptp(ref) > 1e-3 * np.abs(ref).max() and squared < spread * 10**300:
            assert rrmse(ref, pred) == pytest.approx(math.sqrt(squared / spread), rel=1e-9)

    def test_mean_as_prediction_is_one_and_perfect_is_zero(self):
        ref = np.random.default_rng(0).normal(3.0, 2.0, (7, 3))
        assert rrmse(ref, np.full_like(ref, ref.mean())) == pytest.approx(1.0, rel=1e-14)
        assert rrmse(ref, ref) == rmse(ref, ref) == mae(ref, ref) == 0.0
        assert rrmse(10 * ref, 10 * ref + 1) == pytest.approx(0.1 * rrmse(ref, ref + 1))

    def test_constant_reference_leaves_rrmse_undefined(self):
        assert math.isnan(rrmse([0.1] * 10, [0.2] * 10))
        assert math.isnan(rrmse(3.0, 4.0))

    @pytest.mark.parametrize("score", [rmse, mae, rrmse])
    def test_bad_input(self, score):
        for ref, pred, message in (
            ([1.0, 2.0], [1.0], r"pred: got shape \(1,\), expected that of ref, \(2,\)"),
            (np.zeros((2, 3)), np.zeros((3, 2)), "pred: got shape"),
            ([], [], "ref: got no number"),
            ([np.nan], [1.0], "ref: holds NaN"),
            ([1.0], [np.inf], "pred: holds NaN or infinity"),
            (["a"], [1.0], "ref: got list, expected numbers"),
        ):
            with pytest.raises(InputError, match=message):
                score(ref, pred)


class TestSums:
    @given(st.lists(pairs, min_size=1, max_size=6), st.randoms(use_true_random=False))
    def test_any_order_and_division_give_the_same_bits(self, parts, random):
        straight = ErrorSums()
        for part in parts:
            straight.add(*part)
        shuffled = random.sample(parts, len(parts))
        cut = random.randint(0, len(parts))
        one, other = ErrorSums(), ErrorSums()
        for part in shuffled[:cut]:
            one.add(*part)
        for part in shuffled[cut:]:
            other.add(*part)
        one.merge(other)
        assert one == straight
        ref, pred = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        assert straight.n == len(ref)
        assert straight.rmse == pytest.approx(rmse(ref, pred), rel=1e-12, abs=1e-150)
        assert straight.mae == pytest.approx(mae(ref, pred), rel=1e-12)
        assert straight.bias == pytest.approx(np.mean(pred - ref), rel=1e-9, abs=1e-9)
        assert straight.max_error == np.abs(pred - ref).max()

    def test_spread_of_large_numbers_is_exact(self):
        # Energies per atom of −3000 eV that differ by 1e-9 eV: squares in doubles know nothing of that.
        ref = -3000.0 + 1e-9 * np.arange(100)
        sums = ErrorSums()
        for value in ref:
            sums.add(np.array([value]), np.array([value + 1e-9]))
        exact = [Fraction(value) for value in ref.tolist()]
        mean = sum(exact) / 100
        std = math.sqrt(sum((value - mean) ** 2 for value in exact) / 100)
        assert sums.std == pytest.approx(std, rel=1e-12)
        assert sums.rrmse == pytest.approx(sums.rmse / std, rel=1e-12)

    def test_constant_and_empty(self):
        sums = ErrorSums()
        assert all(math.isnan(value) for value in (sums.rmse, sums.mae, sums.rrmse, sums.bias, sums.mean, sums.std))
        sums.add(np.zeros((0, 3)), np.zeros((0, 3)))
        assert sums == ErrorSums()
        sums.add(np.full(480, 0.1), np.full(480, 0.3))
        sums.add(np.full(9, 0.1), np.full(9, 0.3))
        assert sums.std == 0.0
        assert math.isnan(sums.rrmse)
        assert sums.rmse == pytest.approx(0.2)

    def test_bad_input(self):
        with pytest.raises(InputError, match="shape"):
            ErrorSums().add(np.zeros(2), np.zeros(3))
        with pytest.raises(InputError, match="NaN"):
            ErrorSums().add(np.zeros(1), np.array([np.nan]))


def plain_table(reference, prediction, choose):
    """RMSE, MAE, RRMSE, bias and largest error of chosen frames and atoms, with plain NumPy."""
    ref = {key: [] for key in itertools.chain.from_iterable(itertools.product([q], PARTS[q]) for q in PARTS)}
    pred = {key: [] for key in ref}
    for one, other in zip(reference, prediction, strict=True):
        atoms = choose(one)
        if atoms is None:
            continue
        for table, stored, prefix in ((ref, one, "REF_"), (pred, other, "MODEL_")):
            for part, ending in (("total", ""), ("intra", "_intram"), ("inter", "_interm")):
                table["forces", part].append(stored.arrays[f"{prefix}forces{ending}"][atoms])
                if atoms.all():
                    table["energy", part].append([stored.info[f"{prefix}energy{ending}"] / len(stored)])
                    table["virial", part].append(np.ravel(stored.info[f"{prefix}virial{ending}"]) / len(stored))
            for part in ("trans", "rot", "vib"):
                table["forces", part].append(stored.arrays[f"{prefix}forces_{part}"][atoms])
    scores = {}
    for key, values in ref.items():
        if values:
            r, p = (np.concatenate(table[key]).ravel() for table in (ref, pred))
            scores[key] = rmse(r, p), mae(r, p), rrmse(r, p), np.mean(p - r), np.abs(p - r).max()
    return scores


class TestTable:
    def test_every_line_is_that_of_plain_numpy(self):
        reference, prediction = labelled(), labelled(Model(), LabelKeys.prefixed("MODEL_"))
        report = model_errors(labelled(Model(), LabelKeys.prefixed("MODEL_"), reference), LabelKeys.prefixed("MODEL_"))
        species = [np.array(found.species)[found.index] for found in map(ecemc.find_molecules, reference)]
        of = {id(atoms): kinds for atoms, kinds in zip(reference, species, strict=True)}
        compositions = {"dense": "2EC:1EMC", "mixed": "1EC:2EMC"}

        def everything(atoms):
            return np.ones(len(atoms), bool) if len(atoms) > 1 else None

        groups = {("all", "all"): everything}
        for symbol in "CHO":
            groups["element", symbol] = lambda atoms, s=symbol: atoms.symbols == s if len(atoms) > 1 else None
        for name in ("EC", "EMC"):
            groups["species", name] = lambda atoms, s=name: of[id(atoms)] == s if len(atoms) > 1 else None
        for name in ("dense", "mixed", "isolated_atom"):
            groups["config_type", name] = lambda atoms, s=name: (
                np.ones(len(atoms), bool) if atoms.info["config_type"] == s else None
            )
        for kind, name in compositions.items():
            groups["composition", name] = lambda atoms, k=kind: (
                np.ones(len(atoms), bool) if atoms.info["config_type"] == k else None
            )
        seen = 0
        for (by, group), choose in groups.items():
            for (quantity, part), expected in plain_table(reference, prediction, choose).items():
                row = report.table.row(quantity, part, by, group)
                got = row.rmse, row.mae, row.rrmse, row.bias, row.max_error
                np.testing.assert_allclose(
                    got, expected, rtol=1e-9, atol=1e-14, err_msg=f"{by} {group} {quantity} {part}"
                )
                seen += 1
        assert seen == len(report.table.rows())
        assert {(row.by, row.group) for row in report.table.rows()} == set(groups)

    def test_a_model_that_is_too_strong_by_a_tenth_has_a_relative_error_of_a_tenth(self):
        report = model_errors(frames(), MODEL, REFERENCE, options=ONE)
        for part in PARTS["forces"]:
            # Mean forces vanish, so the relative error is 0.1 exactly where the reference has any.
            assert report.table.row("forces", part).rrmse == pytest.approx(0.1, rel=1e-4), part
        bias, mean = (
            report.table.row("energy", "inter").bias,
            np.mean([f.info["REF_energy_interm"] / len(f) for f in labelled()[:-1]]),
        )
        assert bias == pytest.approx(0.1 * mean, rel=1e-9)

    def test_tables_merge_to_the_same_bits(self):
        reference, prediction = labelled(), labelled(Model())

        def filled(places):
            table = ErrorTable()
            for place in places:
                atoms = reference[place]
                found = ecemc.find_molecules(atoms)
                table.add(
                    atoms, found, part_values(atoms, found, read_parts(atoms)),
                    part_values(atoms, found, read_parts(prediction[place])),
                )  # fmt: skip
            return table

        whole, first, second = filled(range(7)), filled([5, 2, 6]), filled([0, 1, 4, 3])
        second.merge(first)
        assert repr(second.rows()) == repr(whole.rows())  # equal, NaN included
        assert second.n_frames == whole.n_frames == 7
        with pytest.raises(InputError, match="grouped by element, expected element, species"):
            whole.merge(ErrorTable(["element"]))

    def test_groupings(self):
        assert ErrorTable().by == GROUPINGS
        assert ErrorTable(["composition", "element"]).by == ("element", "composition")
        with pytest.raises(InputError, match="by: got 'atom', expected some of element"):
            ErrorTable(["atom"])

    def test_csv_and_json_hold_all_lines(self):
        report = model_errors(labelled(Model(), LabelKeys.prefixed("MODEL_"), labelled()), LabelKeys.prefixed("MODEL_"))
        lines = list(csv.DictReader(io.StringIO(report.table.to_csv())))
        content = json.loads(json.dumps(report.to_dict(), allow_nan=False))
        assert content["layout"] == "ecemc.errors/1"
        assert content["reference"], content["prediction"] == ("REF", "MODEL")
        assert len(lines) == len(content["errors"]) == len(report.table.rows())
        for line, entry, row in zip(lines, content["errors"], report.table.rows(), strict=True):
            assert float(line["rmse"]) == entry["rmse"] == row.rmse
            assert line["group"] == entry["group"] == row.group
            assert (entry["rrmse"] is None) == math.isnan(row.rrmse)


class TestParityCounts:
    @given(st.lists(pairs, min_size=1, max_size=5), st.integers(4, 40), st.randoms(use_true_random=False))
    def test_any_order_and_division_give_the_same_cells(self, parts, max_cells, random):
        whole, one, other = (ParityCounts(max_cells) for _ in range(3))
        for part in parts:
            whole.add(*part)
        for part in random.sample(parts, len(parts)):
            random.choice([one, other]).add(*part)
        one.merge(other)
        assert one.n == whole.n == sum(len(ref) for ref, _ in parts)
        assert one.width == whole.width
        for a, b in zip(one.cells(), whole.cells(), strict=True):
            np.testing.assert_array_equal(a, b)
        # Every point is in its cell, and there are not too many.
        i, j, counts = whole.cells()
        assert len(i) <= max_cells
        ref, pred = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        cells = dict(zip(zip(i.tolist(), j.tolist(), strict=True), counts.tolist(), strict=True))
        places = zip(np.floor(ref / whole.width).tolist(), np.floor(pred / whole.width).tolist(), strict=True)
        for place in places:
            cells[place] -= 1
        assert set(cells.values()) == {0}

    def test_less_than_the_four_cells_around_zero_is_refused(self):
        with pytest.raises(InputError, match="max_cells: got 3"):
            ParityCounts(3)
        counts = ParityCounts(4)
        counts.add(np.array([1.0, -1e9, 1e9, -1.0, 1e9]), np.array([1.0, 1e9, -1e9, -1.0, 1e9]))
        assert [values.tolist() for values in counts.cells()] == [[-1, -1, 0, 0], [-1, 0, -1, 0], [1, 1, 1, 2]]

    def test_memory_is_bounded_and_outliers_stay(self):
        rng = np.random.default_rng(1)
        counts = ParityCounts()
        for _ in range(20):
            ref = rng.normal(size=50_000)
            counts.add(ref, ref + 0.1 * rng.normal(size=50_000))
        counts.add(np.array([7.0]), np.array([-9.0]))
        i, j, n = counts.cells()
        assert n.sum() == counts.n == 1_000_001
        assert len(i) <= 50_000
        assert counts.width < 0.02
        assert i.max() * counts.width == pytest.approx(7.0, abs=counts.width)
        assert j.min() * counts.width == pytest.approx(-9.0, abs=counts.width)


class TestRuns:
    def test_stored_labels_against_a_method_are_the_same_as_against_stored_ones(self):
        reference = labelled()
        both = labelled(Model(), LabelKeys.prefixed("MODEL_"), reference)
        stored = model_errors(both, LabelKeys.prefixed("MODEL_"))
        computed = model_errors(reference, MODEL, options=ONE)
        methods = model_errors(frames(), MODEL, REFERENCE, options=ONE)
        for row in stored.table.rows():
            for other in (computed, methods):
                twin = other.table.row(row.quantity, row.part, row.by, row.group)
                assert twin.n == row.n
                assert twin.rmse == pytest.approx(row.rmse, rel=1e-7, abs=1e-10)
        assert (stored.reference, stored.prediction) == ("REF", "MODEL")
        assert (computed.reference, computed.prediction) == ("REF", "model")
        assert computed.cells == {"none": 7}
        assert not stored.notes
        same = model_errors(frames()[:1], REFERENCE, REFERENCE, options=ONE)
        assert (same.reference, same.prediction) == ("pairs (reference)", "pairs (model)")

    def test_without_labels_of_molecules_the_rest_is_given_and_molecules_are_not_computed(self):
        sizes = []

        class Seen(Model):
            def calculate(self, atoms=None, properties=("energy",), system_changes=()):
                sizes.append(len(atoms))
                super().calculate(atoms, properties, system_changes)

        plain = [with_labels(f, compute(f, PairPotential())) for f in frames()[:2]]
        report = model_errors(plain, Method("seen", "seen", Seen), options=ONE)
        assert sizes == [35, 35]
        assert report.table.row("forces", "inter") is None
        assert report.table.row("forces", "rot").rrmse == pytest.approx(0.1, rel=1e-4)
        (note,) = report.notes
        assert note.startswith("2 frames without labels of the molecules (REF_energy_intram")
        mixed = model_errors([*plain, *labelled()[:1]], Method("seen", "seen", Seen), options=ONE)
        assert mixed.table.row("energy", "total").n == 3
        assert mixed.table.row("energy", "inter").n == 1
        quiet = model_errors(labelled()[:1], MODEL, options=ErrorOptions(parts=False, n_jobs=1))
        assert quiet.table.row("energy", "inter") is None
        assert not quiet.notes

    def test_molecules_stand_where_those_of_the_stored_parts_did(self):
        calculator = PairPotential(9.0)
        small = liquid(1, 1, 0.6, seed=1)
        model = Method("far", "far", lambda: PairPotential(9.0))
        for cell in (None, "parent", 25.0):
            parts = decompose_properties(small, calculator, cell=cell)
            stored = with_parts(small, parts)
            stored.info["isolated_cell"] = "none" if cell is None else cell
            report = model_errors(stored, model, options=ONE)
            assert report.table.row("energy", "inter").rmse < 1e-9
            assert report.cells == {str(stored.info["isolated_cell"]): 1}
        other = model_errors(stored, model, options=ErrorOptions(cell="parent", n_jobs=1))
        assert other.table.row("energy", "inter").rmse > 1e-5

    def test_failures_are_left_out_and_told(self):
        class Failing(Model):
            def calculate(self, atoms=None, properties=("energy",), system_changes=()):
                if len(atoms) == 35:
                    message = "too large"
                    raise RuntimeError(message)
                super().calculate(atoms, properties, system_changes)

        given = [*labelled()[2:4], molecule("H2O"), *labelled()[6:], with_labels(Atoms(), Labels(0.0))]
        report = model_errors(given, Method("failing", "failing", Failing), options=ONE)
        assert [(f.frame, f.reason) for f in report.failures] == [
            (0, "RuntimeError: too large"),
            (2, "has no labels 'REF_energy' or 'REF_forces'"),
            (4, "holds no atoms"),
        ]
        assert report.table.n_frames == 2
        with pytest.raises(CalculationError, match="all 1 frames failed; frame 0: RuntimeError: too large"):
            model_errors(given[:1], Method("failing", "failing", Failing), options=ONE)

    def test_infinite_networks_have_total_errors_only(self, tmp_path):
        diamond = bulk("C", cubic=True)
        diamond.rattle(0.05, seed=1)
        stored = with_labels(diamond, compute(diamond, PairPotential(3.0)))
        method = Method("model", "3.0 1.1", lambda: PairPotential(3.0, 1.1))
        report = model_errors(stored, method, options=ONE, predictions=tmp_path / "out.extxyz")
        assert {"MODEL_forces"} == {name for name in ecemc.read(tmp_path / "out.extxyz", 0).arrays if "MODEL" in name}
        assert report.table.row("forces", "total").rrmse == pytest.approx(0.1, rel=1e-6)
        assert report.table.row("forces", "rot") is None
        assert any("periodic image" in note for note in report.notes)

    def test_predictions_are_written(self, tmp_path):
        model_errors(labelled(), MODEL, options=ONE, predictions=tmp_path / "out.extxyz")
        for atoms, stored in zip(frames(), ecemc.iread(tmp_path / "out.extxyz"), strict=True):
            expected = decompose_properties(atoms, Model())
            found = read_parts(stored, LabelKeys.prefixed("MODEL_"))
            assert found.inter.energy == pytest.approx(expected.inter.energy, abs=1e-9)
            assert np.allclose(found.intra.forces, expected.intra.forces, atol=1e-9)
            assert read_labels(stored).energy == pytest.approx(compute(atoms, PairPotential()).energy)
        assert (tmp_path / "out.extxyz.provenance.json").exists()

    def test_ledger_is_used(self, tmp_path):
        for make in (Model, None):
            with Ledger(tmp_path / "a.ledger") as ledger:
                method = Method("model", "pairs 1.1", make or (lambda: 1 / 0))
                report = model_errors(labelled(), method, options=ErrorOptions(n_jobs=1, ledger=ledger))
            assert report.table.row("forces", "inter").n == 3 * sum(len(f) for f in frames()[:-1])

    def test_bad_input(self):
        with pytest.raises(InputError, match="no frame"):
            model_errors([], MODEL, options=ONE)
        bad = with_labels(frames()[0], Labels(1.0))
        bad.arrays["REF_forces"] = np.zeros((35, 2))
        with pytest.raises(InputError, match=r"frame 0: REF_forces: got shape \(35, 2\)"):
            model_errors(bad, MODEL, options=ONE)
        stale = labelled()[0]
        stale.info["REF_energy"] += 1.0
        with pytest.raises(InputError, match="decompose again"):
            model_errors(stale, MODEL, options=ONE)
        odd = labelled()[0]
        odd.info["isolated_cell"] = "somewhere"
        with pytest.raises(InputError, match="isolated_cell"):
            model_errors(odd, MODEL, options=ONE)


class TestFigures:
    def test_panels_are_what_is_known(self):
        report = model_errors(frames(), MODEL, REFERENCE, options=ONE)

        def titles(figure):
            return [axes.get_title("left") for axes in figure.axes if axes.get_title("left")]

        assert titles(force_parity_figure(report)) == [
            f"{name} forces"
            for name in ("total", "intramolecular", "intermolecular", "translational", "rotational", "vibrational")
        ]
        assert titles(inter_parity_figure(report)) == ["intermolecular energy", "intermolecular forces"]
        assert len(titles(property_parity_figure(report))) == 6
        total = model_errors(labelled(), MODEL, options=ErrorOptions(parts=False, n_jobs=1))
        assert len(titles(force_parity_figure(total))) == 4
        assert titles(property_parity_figure(total)) == ["total energy", "total virial"]
        with pytest.raises(InputError, match="nothing"):
            inter_parity_figure(total)

    def test_axes_are_equal_and_hold_all_points_and_scores(self):
        report = model_errors(frames(), MODEL, REFERENCE, options=ONE)
        for draw in (force_parity_figure, property_parity_figure, inter_parity_figure):
            for axes in draw(report).axes:
                if not axes.get_title("left"):
                    continue
                assert axes.get_xlim() == axes.get_ylim()
                assert any(text.get_text().startswith("RMSE") for text in axes.texts)
                (points,) = axes.lines[1:] or axes.images
                low, high = axes.get_xlim()
                shown = points.get_xydata() if axes.lines[1:] else np.reshape(points.get_extent(), (2, 2)).T
                assert low <= shown.min() <= shown.max() <= high

    def test_many_points_are_shaded_and_none_is_lost(self):
        rng = np.random.default_rng(0)
        atoms = Atoms("He4000", rng.uniform(0, 300, (4000, 3)))
        table, counts = ErrorTable([]), ParityCounts(3000)
        ref = rng.normal(size=(4000, 3))
        pred = ref + 0.1 * rng.normal(size=ref.shape)
        table.add(atoms, None, {("forces", "total"): ref}, {("forces", "total"): pred})
        counts.add(ref, pred)
        report = ecemc.metrics.ErrorReport("a", "b", table, {("forces", "total"): counts}, ())
        figure = force_parity_figure(report)
        (image,) = figure.axes[0].images
        assert image.get_array().sum() == 12_000
        assert max(image.get_array().shape) < 140
        assert plots.png(figure)[:4] == b"\x89PNG"
        assert plots.svg(force_parity_figure(report)) == plots.svg(force_parity_figure(report))

    def test_one_frame_and_equal_values_can_be_drawn(self):
        atoms = frames()[0]
        method = Method("nothing", "nothing", lambda: PairPotential(scale=0.0))
        report = model_errors(atoms, method, method, options=ONE)
        for draw in (force_parity_figure, property_parity_figure, inter_parity_figure):
            assert plots.png(draw(report))

    def test_energies_from_another_zero_are_shown_about_their_own_mean(self):
        given = labelled()[:-1]
        shifted = []
        for atoms in given:
            parts = read_parts(atoms)
            total = Labels(parts.total.energy - 50.0 * len(atoms), parts.total.forces, parts.total.virial)
            shifted.append(with_parts(atoms, PropertyParts(total, parts.intra), LabelKeys.prefixed("B_")))
        report = model_errors(shifted, LabelKeys.prefixed("B_"))
        figure = property_parity_figure(report)
        assert any(" and " in text.get_text() for text in figure.axes[0].texts)
        low, high = figure.axes[0].get_xlim()
        assert high - low < 1000.0  # meV
