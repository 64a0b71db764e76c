"""The page of a model in a real browser: all figures are seen, in light and dark, without errors or a network."""

from __future__ import annotations

import pytest
from matplotlib.image import imread
from tests.browser.test_page import BROWSER, MAX_SIZE, browse, complaints, inspect
from tests.reference.model_results import results

from ecemc.diagnosis import diagnose
from ecemc.report import write_diagnosis

pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium found (apt-get install chromium)")


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    return write_diagnosis(diagnose(results(folder)), folder / "page")


@pytest.mark.parametrize("width", [1200, 500])
def test_every_figure_is_seen_and_nothing_else_happens(page, tmp_path, width):
    assert page.stat().st_size < MAX_SIZE
    found = inspect(page, page.read_text("utf-8"), tmp_path, width)
    assert complaints(page, found) == []
    assert len(found["figures"]) == 12
    assert found["overflow"] <= 0
    assert found["links"] > 12
    assert found["broken"] == 0


@pytest.mark.parametrize("dark", [False, True])
def test_the_page_draws(page, tmp_path, dark):
    shot = tmp_path / "page.png"
    mode = ["--blink-settings=preferredColorScheme=0"] if dark else []
    browse(page, tmp_path / "profile", *mode, f"--screenshot={shot}", "--window-size=1200,6000")
    pixels = imread(shot)[..., :3]
    corner = float(pixels[2, 2].mean())
    assert (corner < 0.2) if dark else (corner > 0.9)
    red, green, blue = pixels[..., 0], pixels[..., 1], pixels[..., 2]
    assert ((blue > 0.55) & (red < 0.45) & (green > 0.3)).mean() > 2e-4
