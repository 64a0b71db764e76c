"""Figures: few points for long runs, no spike lost; data of any size and kind."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecemc import AnalysisOptions, analyze, local_environments, plots
from ecemc.comparison import Curve
from ecemc.plots.thin import merged, running_mean, thinned
from ecemc.report import write_report
from ecemc.testing import liquid, trajectory
from ecemc.thermo import mean_with_error


@given(st.integers(1, 5000), st.integers(1, 50), st.integers(0, 2**32 - 1))
def test_thinned_series_keep_the_extremes_of_every_piece(n, n_buckets, seed):
    rng = np.random.default_rng(seed)
    values = np.where(rng.random(n) < 0.1, np.nan, rng.normal(size=n))
    places = thinned(values, n_buckets)
    assert len(places) <= 2 * n_buckets
    assert (np.diff(places) > 0).all()
    assert 0 <= places[0] <= places[-1] < n
    if n <= 2 * n_buckets:
        assert len(places) == n
    size = -(-n // n_buckets)
    for start in range(0, n, size):
        piece = values[start : start + size]
        kept = values[places[(places >= start) & (places < start + size)]]
        if np.isfinite(piece).any():
            assert np.nanmax(kept) == np.nanmax(piece)
            assert np.nanmin(kept) == np.nanmin(piece)
        else:
            assert np.isnan(kept).all()
            assert len(kept)


@given(st.integers(1, 200), st.data(), st.integers(0, 2**32 - 1))
def test_running_mean_against_the_sum_of_each_window(n, data, seed):
    window = data.draw(st.integers(1, n))
    rng = np.random.default_rng(seed)
    values = np.where(rng.random(n) < 0.2, np.nan, 1e3 + rng.normal(size=n))
    pieces = np.lib.stride_tricks.sliding_window_view(values, window)
    wanted = [np.nan if np.isnan(piece).all() else np.nanmean(piece) for piece in pieces]
    np.testing.assert_allclose(running_mean(values, window), wanted, rtol=1e-12)


@pytest.mark.parametrize(("n_bins", "n_curves"), [(200, 1), (200, 6), (10_000, 1), (10_000, 55), (3, 1)])
def test_bins_for_drawing_are_some_of_the_bins(n_bins, n_curves):
    edges = np.linspace(0.0, 12.0, n_bins + 1)
    found = merged(edges, n_curves)
    assert set(found) <= set(edges)
    assert (len(found) - 1) * n_curves <= 6000
    assert found[0] == 0.0
    assert found[-1] > 11.0 or n_bins == 3
    if n_bins * n_curves <= 6000:
        assert len(found) == n_bins + 1


def lengthened(analysis, n):
    """The same analysis with series of so many frames, each with one spike."""
    rng = np.random.default_rng(0)

    def series(name, mean, std):
        values = mean + std * rng.normal(size=n)
        values[n // 3] = mean + 30.0 * std
        unit = analysis.series[name].unit if name in analysis.series else "K"
        found = analysis.series.get(name) or analysis.series["density"]
        statistics = dataclasses.replace(mean_with_error(values[:5000], equilibration=100), n=n)
        return dataclasses.replace(found, name=name, unit=unit, values=values, statistics=statistics)

    numbers = {
        "density": (0.9, 0.01), "volume": (2000.0, 10.0), "largest_void": (2.0, 0.02), "void_ratio": (0.4, 0.01),
        "energy": (-3.0, 0.01), "temperature": (300.0, 5.0), "temperature_target": (300.0, 0.0),
        "pressure": (0.0, 500.0),
    }  # fmt: skip
    changed = (rng.random(n) < 0.01).astype(int)
    return dataclasses.replace(
        analysis,
        n_frames=n,
        time=10.0 * np.arange(n),
        series={name: series(name, *of) for name, of in numbers.items()},
        integrity=dataclasses.replace(analysis.integrity, system=np.zeros(n, dtype=np.int64), n_changed=changed),
    )


@pytest.fixture(scope="module")
def long():
    frames = trajectory(liquid(4, 8, 0.9, seed=3), 40, seed=1)
    return lengthened(analyze(frames, AnalysisOptions(r_max=6.0, local_radius=6.0)), 100_000)


def test_the_page_of_a_long_run_is_small_and_its_numbers_are_whole(long, tmp_path):
    page = write_report(long, tmp_path)
    assert page.stat().st_size < 1_500_000
    with (tmp_path / "tables" / "series.csv").open() as table:
        assert sum(1 for _ in table) == 100_001


@pytest.mark.parametrize(
    ("name", "draw"),
    [
        ("density", plots.density_figure),
        ("largest_void", lambda long: plots.void_figure(long, 3.0, 4.0)),
        ("energy", plots.thermodynamics_figure),
    ],
)
def test_a_single_frame_out_of_a_hundred_thousand_is_drawn(long, name, draw):
    drawn = draw(long).axes[0].lines[0]
    values = long.series[name].values
    assert len(drawn.get_xdata()) <= 2000
    assert drawn.get_ydata().max() == values.max()
    assert drawn.get_xdata()[drawn.get_ydata().argmax()] == long.time[values.argmax()] / 1000.0


def test_many_curves_of_many_bins_stay_small():
    edges = np.linspace(0.0, 12.0, 10_001)
    r = 0.5 * (edges[1:] + edges[:-1])
    rng = np.random.default_rng(0)
    names = [chr(ord("A") + k) for k in range(8)]
    pairs = [(a, b) for k, a in enumerate(names) for b in names[k:]]
    noisy, errors = 1.0 + 0.1 * rng.normal(size=len(r)), np.full(len(r), 0.1)
    curves = {pair: Curve(edges, noisy, errors, 32, {pair: r**3}) for pair in pairs}
    text = plots.svg(plots.centers_figure(curves))
    assert len(text) < 2_000_000
    assert text.count("axes_") >= 2 * len(pairs)


def test_centers_figure_of_one_pair():
    edges = np.linspace(0.0, 8.0, 81)
    curve = Curve(edges, np.ones(80), np.full(80, np.nan), 1, {("EC", "EC"): np.linspace(0.0, 4.0, 80)})
    figure = plots.centers_figure({("EC", "EC"): curve})
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["EC–EC", ""]
    assert "same molecule" not in plots.svg(figure)


def test_bond_events_are_all_counted():
    rng = np.random.default_rng(1)
    x = 0.01 * np.arange(50_000)
    formed, broken = rng.poisson(0.01, 50_000), rng.poisson(0.02, 50_000)
    figure = plots.bond_events_figure(x, "time (ps)", formed, broken)
    events, totals = figure.axes
    drawn = {line.get_label(): line.get_ydata().sum() for line in events.lines[:2]}
    assert drawn == {"formed": formed.sum(), "broken": -broken.sum()}
    assert [line.get_ydata()[-1] for line in totals.lines] == [formed.sum(), broken.sum()]
    assert "bonds per 84 frames" in events.get_ylabel()
    assert len(plots.svg(figure)) < 400_000
    nothing = np.zeros(10)
    assert plots.bond_events_figure(x[:10], "frame", nothing, nothing) is None
    one = plots.bond_events_figure(np.array([0.0]), "frame", np.array([1]), np.array([0]))
    assert "bonds per frame" in one.axes[0].get_ylabel()


@pytest.mark.parametrize("n", [1, 30, 5000])
def test_temperatures_of_the_kinds_of_motion(n):
    rng = np.random.default_rng(1)
    parts = {"translational": rng.normal(300.0, 30.0, n), "vibrational": np.where(np.arange(n) % 3, 300.0, np.nan)}
    means = {name: {"translational": mean_with_error(parts["translational"])} for name in ("EC", "EMC", "Li")}
    figure = plots.temperature_parts_figure(np.arange(float(n)), "frame", parts, means, target=300.0)
    left, right = figure.axes
    assert [text.get_text() for text in right.get_yticklabels()] == ["EC trans.", "EMC trans.", "Li trans."]
    assert "rotational" not in [line.get_label() for line in left.lines]
    assert len(plots.temperature_parts_figure(np.arange(float(n)), "frame", parts, {}, target=300.0).axes) == 1
    assert "<svg" in plots.svg(figure)


@pytest.mark.parametrize(("molecules", "n_species"), [((0, 12, 0), 1), ((4, 8, 0), 2), ((4, 8, 3), 3)])
def test_local_composition_of_any_number_of_species(molecules, n_species):
    n_ec, n_emc, n_water = molecules
    found = local_environments(liquid(n_ec, n_emc, 0.8, n_water=n_water, seed=1), 6.0)
    figure = plots.environments_figure(found)
    assert len(figure.axes) == n_species**2
    text = plots.svg(figure)
    # A pure liquid is its own ideal mixture: there is nothing to compare with.
    assert ("ideal mixing" in text) == (n_species > 1)
    for axes in figure.axes:
        assert sum(bar.get_height() for bar in axes.patches) == pytest.approx(1.0)
        for line in axes.lines:
            assert line.get_ydata().sum() == pytest.approx(1.0)


def test_places_in_figures_are_short_and_numbers_in_texts_are_whole():
    frames = list(trajectory(liquid(2, 4, 0.8, seed=3), 30, seed=1))
    text = plots.svg(plots.density_figure(analyze(frames, AnalysisOptions(r_max=5.0))))
    assert not re.search(r'\b(?:d|x|y)="[^"]*\.\d{3}', text)
    assert re.search(r">mean 0\.\d{4}", text)
