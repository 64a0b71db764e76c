"""Results side by side: common bins, errors, verdicts, and input that is no result."""

from __future__ import annotations

import json
import math
import tempfile
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from ecemc import AnalysisOptions, analyze, compare
from ecemc.comparison import Curve, Scalar
from ecemc.comparison.curves import common_edges, compare_curves, peak, rebin
from ecemc.comparison.judgement import combined_freedom, critical_sigmas, judge_scalar
from ecemc.errors import FileFormatError, InputError
from ecemc.rdf import RDFAccumulator
from ecemc.report import write_report
from ecemc.testing import liquid, trajectory
from ecemc.thermo import mean_with_error

OPTIONS = AnalysisOptions(r_max=6.0, n_bins=60, local_radius=6.0)


def frames(density=0.9, n=40, seed=1, **molecules):
    return list(trajectory(liquid(4, 8, density, seed=3, **molecules), n, seed=seed))


@pytest.fixture(scope="module")
def first():
    return analyze(frames(), OPTIONS)


@pytest.fixture(scope="module")
def second():
    return analyze(frames(seed=2), OPTIONS)


@pytest.fixture(scope="module")
def thin():
    return analyze(frames(0.75, seed=3), OPTIONS)


@pytest.fixture(scope="module")
def record(first):
    return json.dumps(first.to_dict())


# -- means -----------------------------------------------------------------------------------------------------------


def scalar(value, stderr, n=1000.0, **more):
    return Scalar(value, stderr, stderr * math.sqrt(n), n, **more)


@pytest.mark.parametrize(
    ("a", "b", "verdict", "words"),
    [
        (scalar(1.0, 0.01), scalar(1.1, 0.01), "differ", "+0.100 ± 0.014 g/cm³, +10% (7.1σ)"),
        (scalar(1.0, 0.01), scalar(1.01, 0.01), "agree", "within errors"),
        (scalar(1.0, 0.01), scalar(1.035, 0.01), "cannot tell", "run longer"),
        (scalar(1.0, 0.01, 9.0), scalar(1.001, 0.01), "cannot tell", "only 9.0 independent samples"),
        (scalar(1.0, 0.01, 4.0), scalar(1.06, 0.01, 4.0), "cannot tell", "only 4.0 independent samples"),
        (scalar(1.0, 0.01, 8.0), scalar(2.0, 0.01, 8.0), "differ", "σ"),
        (scalar(1.0, math.nan), scalar(2.0, 0.01), "cannot tell", "no error"),
        (scalar(1.0, 0.0), scalar(1.0, 0.0), "agree", "fixed at the same value"),
        (scalar(1.0, 0.0), scalar(1.0 + 1e-13, 0.0), "agree", "fixed at the same value"),
        (scalar(1.0, 0.0), scalar(1.1, 0.0), "differ", "fixed, +0.1000 g/cm³, +10% apart"),
        (scalar(1.0, 0.0), scalar(1.1, 0.01), "differ", "+0.100 ± 0.010"),
        (
            scalar(1.0, 0.01, reservation="the motion is not diffusive yet"),
            scalar(2.0, 0.01),
            "cannot tell",
            "diffusive",
        ),
        (Scalar(1.0, 0.01), Scalar(1.1, 0.01), "differ", "7.1σ"),
    ],
)
def test_verdicts_on_means(a, b, verdict, words):
    found = judge_scalar(a, b, "g/cm³")
    assert found.verdict == verdict
    assert words in found.sentence


def test_a_difference_changes_sign_with_the_order():
    a, b = scalar(1.0, 0.01), scalar(0.9, 0.02)
    there, back = judge_scalar(a, b, "K"), judge_scalar(b, a, "K")
    assert there.value == pytest.approx(-0.1)
    assert back.value == -there.value
    assert back.stderr == there.stderr == pytest.approx(math.hypot(0.01, 0.02))


def test_no_share_of_what_has_no_zero():
    sentence = judge_scalar(scalar(-3.0, 0.01), scalar(-2.0, 0.01), "eV/atom", relative=False).sentence
    assert "%" not in sentence


def test_limits_against_a_table():
    # Two-sided quantiles of Student's t for the probability of 3σ, 0.0027.
    for freedom, limit in ((1.0, 235.8), (5.0, 5.51), (10.0, 3.957), (np.inf, 3.0)):
        assert float(critical_sigmas(3.0, freedom)) == pytest.approx(limit, rel=2e-3)
    assert float(combined_freedom(1.0, 10.0, 1.0, 10.0)) == pytest.approx(20.0)
    assert float(combined_freedom(1.0, 10.0, 1e-9, 10.0)) == pytest.approx(10.0)
    assert float(combined_freedom(0.0, 10.0, 0.0, 10.0)) == np.inf


def test_equal_correlated_runs_rarely_differ():
    """Pairs of runs of the same process: far fewer than 5 of 100 may be told apart, and most must agree."""
    rng = np.random.default_rng(5)
    verdicts = []
    for _ in range(150):
        both = []
        for _ in range(2):
            noise = rng.normal(size=600)
            series = np.convolve(noise, 0.8 ** np.arange(60))[60:600]
            s = mean_with_error(series)
            both.append(Scalar(s.mean, s.stderr, s.std, s.n_effective))
        verdicts.append(judge_scalar(*both, "K").verdict)
    assert verdicts.count("differ") <= 4
    assert verdicts.count("agree") >= 110


# -- curves ----------------------------------------------------------------------------------------------------------


def curve(g, edges, error=0.01, n_blocks=32):
    g = np.asarray(g, dtype=float)
    return Curve(np.asarray(edges, dtype=float), g, np.full(len(g), error), n_blocks, {("A", "B"): np.cumsum(g)})


def liquid_curve(r, shift=0.0, height=1.5):
    return 1.0 / (1.0 + np.exp(-(r - 3.0 - shift) / 0.15)) + height * np.exp(-((r - 4.0 - shift) ** 2) / 0.2)


def test_rebinning_is_what_counting_in_the_other_bins_gives():
    """An independent witness: the same frames, counted twice."""
    boxes = frames(n=6)
    fine, coarse, cut = (RDFAccumulator(r_max, n) for r_max, n in ((6.0, 120), (6.0, 40), (4.0, 20)))
    for accumulator in (fine, coarse, cut):
        accumulator.add(boxes)
    fine, coarse, cut = (accumulator.result() for accumulator in (fine, coarse, cut))
    for pair in fine.inter:
        for wanted in (coarse, cut):
            given = Curve(
                fine.edges, fine.inter[pair], fine.stderr_inter[pair], fine.n_blocks,
                {pair: fine.coordination_inter[pair]},
            )  # fmt: skip
            found = rebin(given, wanted.edges)
            np.testing.assert_allclose(found.g, wanted.inter[pair], rtol=1e-9, atol=1e-12)
            np.testing.assert_allclose(found.coordination[pair], wanted.coordination_inter[pair], rtol=1e-9, atol=1e-12)
            # Errors are never too small by construction, whatever the correlation between bins.
            assert (found.stderr >= wanted.stderr_inter[pair] - 1e-9).all()


def test_bins_that_do_not_fit_keep_the_number_of_pairs():
    edges = np.linspace(0.0, 6.0, 61)
    rng = np.random.default_rng(1)
    given = curve(rng.uniform(size=60), edges)
    new = np.linspace(0.0, 6.0, 24)
    found = rebin(given, new)
    assert found.g @ np.diff(new**3) == pytest.approx(given.g @ np.diff(edges**3), rel=1e-12)
    np.testing.assert_allclose(rebin(curve(np.ones(60), edges), new).g, 1.0, rtol=1e-12)


def test_the_same_bins_are_left_alone():
    edges = np.linspace(0.0, 6.0, 61)
    given = curve(np.arange(60.0), edges)
    assert rebin(given, edges).g.tobytes() == given.g.tobytes()
    shorter = rebin(given, edges[:31])
    assert shorter.g.tolist() == given.g[:30].tolist()
    assert shorter.coordination["A", "B"].tolist() == given.coordination["A", "B"][:30].tolist()


def test_common_bins():
    fine, coarse = curve(np.ones(60), np.linspace(0, 6, 61)), curve(np.ones(20), np.linspace(0, 10, 21))
    assert common_edges([fine, coarse]).tolist() == np.linspace(0, 6, 13).tolist()
    assert common_edges([fine, curve([1.0], [0.0, 20.0])]) is None


@pytest.mark.parametrize(
    ("noise", "bump", "lift", "verdict"),
    [
        (0.01, 0.0, 0.0, "agree"),
        (0.01, 0.2, 0.0, "differ"),
        # Nowhere significant, everywhere a little: not noise either.
        (0.0, 0.0, 0.025, "cannot tell"),
    ],
)
def test_verdicts_on_curves(noise, bump, lift, verdict):
    edges = np.linspace(0.0, 8.0, 161)
    rng = np.random.default_rng(2)
    true = curve(liquid_curve(0.5 * (edges[1:] + edges[:-1])), edges)
    reference = replace(true, g=true.g + 0.01 * rng.normal(size=160))
    g = true.g + noise * rng.normal(size=160) + bump * (np.abs(true.r - 4.0) < 0.1) + lift
    assert compare_curves(reference, replace(true, g=g)).largest.verdict == verdict


def test_numbers_of_a_difference():
    edges = np.linspace(0.0, 8.0, 161)
    reference = curve(np.ones(160), edges)
    g = reference.g.copy()
    g[80] += 0.5
    found = compare_curves(reference, replace(reference, g=g))
    assert found.largest.verdict == "differ"
    assert found.r == found.r_significant == pytest.approx(4.025)
    assert found.significant == pytest.approx(0.5)
    assert found.integrated == pytest.approx(0.5 * 0.05)
    assert found.noise == pytest.approx(math.sqrt(2 / math.pi) * 0.01 * math.sqrt(2) * 8.0)


def test_many_bins_do_not_make_chance_certain():
    rng = np.random.default_rng(3)
    edges = np.linspace(0.0, 8.0, 201)
    verdicts = []
    for _ in range(100):
        a, b = (rng.normal(size=(32, 200)) for _ in range(2))
        both = [Curve(edges, 1.0 + x.mean(axis=0), x.std(axis=0, ddof=1) / math.sqrt(32), 32, {}) for x in (a, b)]
        verdicts.append(compare_curves(*both).largest.verdict)
    assert verdicts.count("differ") <= 2
    assert verdicts.count("agree") >= 85


def test_few_blocks_and_no_errors():
    edges = np.linspace(0.0, 8.0, 161)
    reference = curve(np.ones(160), edges, n_blocks=5)
    assert "5 blocks" in compare_curves(reference, reference).largest.sentence
    unknown = replace(reference, stderr=np.full(160, np.nan))
    found = compare_curves(reference, unknown).largest
    assert (found.verdict, math.isnan(found.sigmas)) == ("cannot tell", True)
    assert "no errors" in found.sentence


@pytest.mark.parametrize("shift", [0.02, -0.11, 0.3])
def test_the_shift_of_a_peak_is_finer_than_the_bins(shift):
    edges = np.linspace(0.0, 8.0, 81)
    r = 0.5 * (edges[1:] + edges[:-1])
    a, b = curve(liquid_curve(r), edges), curve(liquid_curve(r, shift), edges)
    found = compare_curves(a, b)
    assert found.shift == pytest.approx(shift, abs=0.02)
    assert 0.0 < found.shift_stderr < 0.05
    assert peak(curve(np.linspace(0.0, 0.9, 80), edges)) is None
    assert math.isnan(compare_curves(a, curve(liquid_curve(r, 1.5), edges)).shift)


def test_the_error_of_a_peak_is_its_scatter():
    rng = np.random.default_rng(4)
    edges = np.linspace(0.0, 8.0, 161)
    r = 0.5 * (edges[1:] + edges[:-1])
    found = [peak(curve(liquid_curve(r) + 0.02 * rng.normal(size=160), edges, error=0.02)) for _ in range(300)]
    assert np.std([top.r for top in found]) == pytest.approx(np.mean([top.stderr for top in found]), rel=0.35)


# -- results ---------------------------------------------------------------------------------------------------------


def test_everything_common_is_compared(first, second, thin):
    found = compare(first, second, thin)
    assert found.labels == ("A", "B", "C")
    assert set(found.scalars) >= {"density", "largest_void", "void_ratio"}
    density = found.scalars["density"]
    assert [entry.verdict for entry in density.differences][1] == "differ"
    wanted = thin.series["density"].statistics.mean - first.series["density"].statistics.mean
    assert density.differences[1].value == pytest.approx(wanted, rel=1e-12)
    parts = [(row.part, row.pair) for row in found.curves]
    elements = [(part, pair) for part in ("inter", "intra") for pair in first.rdf.inter]
    assert parts == elements + [("centers", pair) for pair in first.centers.inter]
    curves = {"inter": first.rdf.inter, "intra": first.rdf.intra, "centers": first.centers.inter}
    for row in found.curves:
        assert row.curves[0].g.tobytes() == curves[row.part][row.pair].tobytes()
    assert [(row.central, row.around) for row in found.local] == [
        ("EC", "EC"), ("EC", "EMC"), ("EMC", "EC"), ("EMC", "EMC"),
    ]  # fmt: skip
    assert found.local[1].means[0] == pytest.approx(float(first.environments.mean["EC"][1]), rel=1e-12)
    assert all(sum(p) == pytest.approx(1.0) for row in found.local for p in row.marginals)
    assert any(row.coordination for row in found.curves if row.part == "inter")
    schema = json.loads(files("ecemc.comparison").joinpath("comparison.schema.json").read_text("utf-8"))
    jsonschema.validate(found.to_dict(), schema)
    json.dumps(found.to_dict(), allow_nan=False)


def test_folders_files_and_analyses_are_the_same_to_it(first, second, tmp_path):
    for name, analysis in (("one", first), ("two", second)):
        write_report(analysis, tmp_path / name)
    texts = [
        json.dumps(compare(*sources, labels=["x", "y"]).to_dict())
        for sources in (
            (first, second),
            (tmp_path / "one", str(tmp_path / "two")),
            (tmp_path / "one" / "results.json", tmp_path / "two"),
        )
    ]
    assert texts[0] == texts[1] == texts[2]
    assert compare(tmp_path / "one", tmp_path / "two").labels == ("one", "two")


def test_labels_from_paths_tell_results_apart(first, second, tmp_path):
    for name, analysis in (("a/report", first), ("b/report", second)):
        (tmp_path / name).parent.mkdir()
        write_report(analysis, tmp_path / name)
    assert compare(tmp_path / "a/report", tmp_path / "b/report/results.json").labels == ("a/report", "b/report")


def test_different_bins_are_made_common(first):
    other = analyze(frames(seed=2), replace(OPTIONS, r_max=5.0, n_bins=100))
    for pair in ((first, other), (other, first)):
        found = compare(*pair)
        edges = found.curves[0].curves[0].edges
        assert edges[-1] == pytest.approx(5.0)
        assert np.diff(edges) == pytest.approx(0.1)
        assert {row.largest.verdict for entry in found.curves for row in entry.differences} <= {"agree", "cannot tell"}


def test_different_systems(first):
    wet = analyze(frames(n=20, n_water=2), OPTIONS)
    found = compare(first, wet, labels=["dry", "wet"])
    assert any("only wet has H2O" in remark for remark in found.remarks)
    assert {name for row in found.local for name in (row.central, row.around)} == {"EC", "EMC"}
    assert [row.pair for row in found.curves if row.part == "centers"] == [("EC", "EC"), ("EC", "EMC"), ("EMC", "EMC")]


def test_conditions_are_told(first):
    others = {
        "Boxes of different sizes": analyze(trajectory(liquid(8, 16, 0.9), 6), OPTIONS),
        "Different compositions": analyze(trajectory(liquid(8, 4, 0.9), 6), OPTIONS),
        "local_radius is 6.0 in A and 5.0 in B": analyze(frames(n=6), replace(OPTIONS, local_radius=5.0)),
        "bond_scale is 1.3 in A and 1.35 in B": analyze(frames(n=6), replace(OPTIONS, bond_scale=1.35)),
        "collection of 2 systems": analyze([*frames(n=2), liquid(2, 4, 0.9)], OPTIONS),
    }
    for words, other in others.items():
        found = compare(first, other)
        assert any(words in remark for remark in found.remarks), (words, found.remarks)
    assert compare(first, others["local_radius is 6.0 in A and 5.0 in B"]).local == ()


def test_energies_of_different_compositions_are_not_compared():
    def run(n_ec, n_emc, seed):
        boxes = list(trajectory(liquid(n_ec, n_emc, 0.9, seed=1), 20, seed=seed))
        rng = np.random.default_rng(seed)
        for box in boxes:
            box.info["energy"] = len(box) * rng.normal(-1.0, 0.01)
        return analyze(boxes, OPTIONS)

    same = compare(run(4, 8, 1), run(4, 8, 2)).scalars["energy"].differences[0]
    assert same.verdict in {"agree", "cannot tell"}
    assert math.isfinite(same.value)
    other = compare(run(4, 8, 1), run(8, 4, 2)).scalars["energy"].differences[0]
    assert (other.verdict, "compositions" in other.sentence) == ("cannot tell", True)


def test_one_frame_each_compares_without_verdicts():
    found = compare(*(analyze([liquid(4, 8, 0.9, seed=seed)], OPTIONS) for seed in (1, 2)))
    assert {difference.verdict for _, _, difference in found.findings} == {"cannot tell"}
    json.dumps(found.to_dict(), allow_nan=False)


def in_layout_1(record):
    """A result as the first layout had it, without motion, temperatures and centres."""
    old = json.loads(record)
    for name in ("inputs", "notes", "centers", "motion", "temperatures"):
        del old[name]
    return old | {
        "schema": "ecemc.analysis/1",
        "input": None,
        "timing": {"unit": "s", "elapsed": 1.0, "per_frame": 0.1},
    }


def test_layout_2_adds_motion_temperatures_and_centres(record):
    new = json.loads(record)
    assert new["schema"] == "ecemc.analysis/2"
    statistics = new["series"]["density"]["statistics"]
    new |= {"inputs": [{"name": "a", "size": 1, "sha256": "0" * 64}]}
    new["temperatures"] = {"EC": {"translational": statistics, "rotational": statistics, "vibrational": None}}
    new["motion"] = {
        "reason": None,
        "unit": {"time": "fs", "msd": "Å²", "diffusion": "1e-5 cm²/s"},
        "time": [0.0, 100.0, 200.0],
        "molecules": {"EC": {"msd": [0.0, 1.0, 2.0], "stderr": [0.0, 0.1, None]}},
        "atoms": {"EC.C": {"msd": [0.0, 1.0, 2.0]}},
        "diffusion": {
            "EC": {"value": 0.35, "stderr": 0.01, "exponent": 1.0, "window": [50, 100], "diffusive": True},
            "EMC": {"value": 0.35, "stderr": 0.01, "exponent": 0.7, "window": [50, 100], "diffusive": False},
        },
    }
    new["centers"] = json.loads(json.dumps(new["rdf"]))
    new["centers"]["pairs"] = new["centers"]["pairs"][:1]
    pair = new["centers"]["pairs"][0]
    pair["pair"], pair["coordination"] = ["EC", "EC"], {"EC-EC": {"inter": pair["coordination"]["C-C"]["inter"]}}
    found = compare_records(new, in_layout_1(record), json.loads(json.dumps(new).replace("0.35", "0.55")))
    assert found.scalars["diffusion EC"].differences[1].verdict == "differ"
    assert "diffusive" in found.scalars["diffusion EMC"].differences[1].sentence
    assert found.scalars["diffusion EC"].unit == "1e-5 cm²/s"
    assert "Not known in B" in found.scalars["temperature_rotational EC"].differences[0].sentence
    both = compare_records(new, new)
    assert [row.pair for row in both.curves if row.part == "centers"] == [("EC", "EC")]
    assert both.scalars["temperature_translational EC"].differences[0].verdict in {"agree", "cannot tell"}
    assert not any(row.part == "centers" for row in found.curves)
    assert any("same trajectory" in remark for remark in both.remarks)
    assert both.results[0].motion.msd["EC"][0].tolist() == [0.0, 1.0, 2.0]


def compare_records(*records):
    """Compare records as files in a temporary folder."""
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for name, content in zip("ABCDEF", records, strict=False):
            (Path(folder) / name).mkdir()
            paths.append(Path(folder) / name / "results.json")
            paths[-1].write_text(json.dumps(content))
        return compare(*paths)


# -- bad input -------------------------------------------------------------------------------------------------------


def test_fewer_than_two(first):
    for results in ((), (first,)):
        with pytest.raises(InputError, match="at least two"):
            compare(*results)


def test_the_same_result_twice(first, second, tmp_path):
    with pytest.raises(InputError, match="twice"):
        compare(first, second, first)
    write_report(first, tmp_path / "one")
    for same in (tmp_path / "one", tmp_path / "one" / "results.json", str(tmp_path / "." / "one")):
        with pytest.raises(InputError, match="twice"):
            compare(tmp_path / "one", same)


@pytest.mark.parametrize("labels", [["a"], ["a", "a"], ["a", ""], ["a", "b", "c"], "ab", []])
def test_labels_that_do_not_fit(first, second, labels):
    with pytest.raises(InputError, match="expected 2 different names"):
        compare(first, second, labels=labels)


def test_other_things_than_results(first, tmp_path):
    with pytest.raises(InputError, match="got int, expected a folder"):
        compare(first, 3)
    with pytest.raises(FileNotFoundError, match="no such file or folder"):
        compare(first, tmp_path / "missing")
    with pytest.raises(FileNotFoundError, match=r"there is no results\.json"):
        compare(first, tmp_path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"\xff\xfe\x00", "not JSON"),
        (b"[1, 2]", "it has no schema"),
        (b'{"schema": 3}', "schema is 3"),
        (b'{"schema": "ecemc.comparison/1"}', "not a result of an analysis"),
        (b'{"schema": "ecemc.analysis/99"}', "layout ecemc.analysis/99, this version of ecemc reads"),
        (b'{"schema": "ecemc.analysis/1"}', "damaged, key"),
    ],
)
def test_files_that_are_no_results(first, tmp_path, content, words):
    (tmp_path / "results.json").write_bytes(content)
    with pytest.raises(FileFormatError, match=r"results\.json: ") as error:
        compare(first, tmp_path)
    assert words in str(error.value)


def damaged(record, change):
    found = json.loads(record)
    change(found)
    return json.dumps(found)


@pytest.mark.parametrize(
    "change",
    [
        lambda r: r["rdf"]["pairs"][0]["inter"].pop(),
        lambda r: r["rdf"]["edges"].reverse(),
        lambda r: r["rdf"].update(edges=[1.0]),
        lambda r: r["rdf"]["pairs"][0].update(inter=None),
        lambda r: r["series"]["density"].update(values="many"),
        lambda r: r["series"]["density"].pop("unit"),
        lambda r: r["local_composition"].update(radius=3),
        lambda r: r["local_composition"]["distribution"]["EC"][0].update(c=[-1, 0]),
        lambda r: r.update(time=None),
        lambda r: r.update(system={"compositions": 3}),
        lambda r: r.update(series=[]),
    ],
)
def test_damaged_results_say_so(first, record, tmp_path, change):
    (tmp_path / "results.json").write_text(damaged(record, change))
    with pytest.raises(FileFormatError, match=r"results\.json: damaged, .*analyse the trajectory again"):
        compare(first, tmp_path)


def test_peaks_as_narrow_as_bins_do_not_differ_for_the_bins_alone():
    """The same liquid in bins of 0.050 and 0.053 Å: bond lengths must not look different."""
    box = liquid(4, 8, 0.9, seed=3)
    runs = [
        analyze(trajectory(box, 40, seed=seed, amplitude=0.02), AnalysisOptions(r_max=r_max, local_radius=6.0))
        for seed, r_max in ((1, 6.0), (2, 6.41))
    ]
    for order in (runs, runs[::-1]):
        found = [row for row in compare(*order).curves if row.part == "intra"]
        assert len(found) == 6
        assert all(row.differences[0].largest.verdict != "differ" for row in found)
