"""The page in a real browser: it draws without errors, at any width, in light and dark, without a network."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest
from matplotlib.image import imread

from ecemc import analyze
from ecemc.report import write_report
from ecemc.testing import liquid, trajectory

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium found (apt-get install chromium)")


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    frames = trajectory(liquid(4, 8, 0.9, seed=3), 40, seed=1)
    return write_report(analyze(frames), tmp_path_factory.mktemp("page"))


def browse(page, profile, *arguments):
    command = [
        BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--enable-logging=stderr",
        "--proxy-server=127.0.0.1:1", f"--user-data-dir={profile}", *arguments, page.as_uri(),
    ]  # fmt: skip
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)


def test_the_document_is_complete_and_the_console_silent(page, tmp_path):
    result = browse(page, tmp_path, "--dump-dom")
    assert result.stdout.count("<svg") == 4
    assert "Key numbers" in result.stdout
    assert "CONSOLE" not in result.stderr


@pytest.mark.parametrize(("width", "dark"), [(1200, False), (1200, True), (400, False)])
def test_the_page_draws(page, tmp_path, width, dark):
    shot = tmp_path / "page.png"
    mode = ["--blink-settings=preferredColorScheme=0"] if dark else []
    browse(page, tmp_path / "profile", *mode, f"--screenshot={shot}", f"--window-size={width},2400")
    pixels = imread(shot)[..., :3]
    corner = float(pixels[2, 2].mean())
    assert (corner < 0.2) if dark else (corner > 0.9)
    # Figures are coloured, text is not: the blue of the data must be there.
    red, green, blue = pixels[..., 0], pixels[..., 1], pixels[..., 2]
    assert ((blue > 0.55) & (red < 0.45) & (green > 0.3)).mean() > 2e-4


def test_nothing_is_wider_than_a_narrow_window(page, tmp_path):
    probe = page.parent / "probe.html"
    script = (
        "<script>document.title = 'overflow ' + (document.documentElement.scrollWidth - window.innerWidth);</script>"
    )
    probe.write_text(page.read_text().replace("</body>", f"{script}</body>"))
    result = browse(probe, tmp_path, "--dump-dom", "--window-size=500,900")
    overflow = re.search(r"<title>overflow (-?\d+)", result.stdout)
    assert overflow
    assert int(overflow[1]) <= 0
