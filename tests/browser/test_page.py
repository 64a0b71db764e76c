"""The pages in a real browser: all figures are seen, at any width, in light and dark, without errors or a network."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess

import numpy as np
import pytest
from matplotlib.image import imread

from ecemc import AnalysisOptions, analyze, compare
from ecemc.report import write_comparison, write_report
from ecemc.testing import liquid, trajectory

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium found (apt-get install chromium)")

MAX_SIZE = 5_000_000
#: px; a text may stick out of its figure by that much, for the browser's font is not Matplotlib's.
SLACK = 4

PROBE = """
<script>
addEventListener("load", () => {
  const figures = [...document.querySelectorAll("figure")].map((figure) => {
    const svg = figure.querySelector("svg"), box = figure.getBoundingClientRect(), style = getComputedStyle(figure);
    if (!svg) return { id: figure.id, width: 0, height: 0 };
    const drawn = svg.getBoundingClientRect();
    const texts = [...svg.querySelectorAll("text")].map((text) => text.getBoundingClientRect());
    const out = Math.max(...texts.map((text) => Math.max(
      drawn.left - text.left, text.right - drawn.right, drawn.top - text.top, text.bottom - drawn.bottom)));
    return {
      id: figure.id, width: drawn.width, height: drawn.height, out, shapes: svg.querySelectorAll("path, use").length,
      visible: svg.checkVisibility({ opacityProperty: true, visibilityProperty: true }),
      clipped: Math.max(drawn.bottom - box.bottom, box.top - drawn.top, box.left - drawn.left,
        ["auto", "scroll"].includes(style.overflowX) ? 0 : drawn.right - box.right),
    };
  });
  const links = [...document.querySelectorAll("nav a")];
  const found = {
    figures, overflow: document.documentElement.scrollWidth - innerWidth,
    requests: performance.getEntriesByType("resource").map((entry) => entry.name),
    links: links.length, broken: links.filter((link) => !document.querySelector(link.getAttribute("href"))).length,
  };
  const note = document.createElement("pre");
  note.id = "probe"; note.textContent = JSON.stringify(found);
  document.body.append(note);
});
</script>
"""


def run(seed, density=0.9):
    frames = list(trajectory(liquid(4, 8, density, seed=3), 40, seed=seed))
    rng = np.random.default_rng(seed)
    for frame in frames:
        frame.info |= {"REF_energy": rng.normal(-1.5, 0.01) * len(frame), "temperature": rng.normal(300.0, 10.0)}
    frames[5].positions[9] += [1.2, 0.9, 0.0]
    return analyze(frames, AnalysisOptions(r_max=6.0, local_radius=6.0))


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """A page of either kind, by name."""
    folder = tmp_path_factory.mktemp("pages")
    results = [run(1), run(2), run(3, 0.8)]
    comparison = compare(*results, labels=["first", "second", "a third with a longer name"])
    return {
        "report": write_report(results[0], folder / "report"),
        "comparison": write_comparison(comparison, folder / "comparison"),
    }


KINDS = pytest.mark.parametrize("kind", ["report", "comparison"])


def browse(page, profile, *arguments):
    command = [
        BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--enable-logging=stderr",
        "--proxy-server=127.0.0.1:1", f"--user-data-dir={profile}", *arguments, page.as_uri(),
    ]  # fmt: skip
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)


def inspect(page, text, profile, width):
    """What a script in the page sees of it; fails on anything in the console and on any request."""
    copy = page.parent / f"probe-{profile.name}.html"
    copy.write_text(text.replace("</body>", f"{PROBE}</body>"), encoding="utf-8")
    result = browse(copy, profile, "--dump-dom", f"--window-size={width},900")
    copy.unlink()
    assert "CONSOLE" not in result.stderr, result.stderr
    found = re.search(r'<pre id="probe">(.*?)</pre>', result.stdout)
    assert found, "the page did not load"
    seen = json.loads(html.unescape(found[1]))
    assert not seen["requests"], f"REQUESTS: {seen['requests']}"
    return seen


def complaints(page, found):
    """Everything that is wrong with the figures of a page; they must be those beside it."""
    folder = page.parent / "figures"
    wanted = {f"figure-{path.stem}" for path in folder.glob("*.svg")}
    assert len(wanted) >= 5
    seen = {figure["id"]: figure for figure in found["figures"]}
    problems = [f"{name} is missing" for name in sorted(wanted - set(seen))]
    for name, figure in seen.items():
        if not (figure["width"] > 300 and figure["height"] > 100 and figure["visible"] and figure["shapes"] > 20):
            problems.append(f"{name} is not visible")
        elif figure["clipped"] > 1 or figure["out"] > SLACK:
            problems.append(f"{name} is clipped: {figure['clipped']}, {figure['out']}")
    return problems


@KINDS
@pytest.mark.parametrize("width", [1200, 500])
def test_every_figure_is_seen_and_nothing_else_happens(pages, tmp_path, kind, width):
    page = pages[kind]
    text = page.read_text("utf-8")
    assert page.stat().st_size < MAX_SIZE
    found = inspect(page, text, tmp_path, width)
    assert complaints(page, found) == []
    assert found["overflow"] <= 0
    assert found["links"] > 8
    assert found["broken"] == 0


DAMAGE = {
    "is missing": lambda text: re.sub(r'<figure id="figure-rdf\w*">.*?</figure>', "", text, flags=re.DOTALL),
    "is not visible": lambda text: text.replace("</style>", '[id^="figure-rdf"] svg { display: none; }</style>'),
    "is clipped": lambda text: text.replace(
        "</style>", '[id^="figure-rdf"] { height: 90px; overflow: hidden; }</style>'
    ),
}


@KINDS
@pytest.mark.parametrize("problem", DAMAGE)
def test_a_figure_that_is_not_seen_is_noticed(pages, tmp_path, kind, problem):
    page = pages[kind]
    text = page.read_text("utf-8")
    damaged = DAMAGE[problem](text)
    assert damaged != text
    problems = complaints(page, inspect(page, damaged, tmp_path, 1200))
    assert problems
    assert all("figure-rdf" in entry and problem in entry for entry in problems)


@KINDS
@pytest.mark.parametrize("guilty", ["<script>nothing()</script>", '<img src="http://127.0.0.1:1/logo.png" alt="">'])
def test_errors_and_requests_are_noticed(pages, tmp_path, kind, guilty):
    text = pages[kind].read_text("utf-8").replace("</body>", f"{guilty}</body>")
    with pytest.raises(AssertionError, match=r"CONSOLE|REQUESTS"):
        inspect(pages[kind], text, tmp_path, 1200)


@KINDS
@pytest.mark.parametrize(("width", "dark"), [(1200, False), (1200, True), (500, False)])
def test_the_page_draws(pages, tmp_path, kind, width, dark):
    shot = tmp_path / "page.png"
    mode = ["--blink-settings=preferredColorScheme=0"] if dark else []
    browse(pages[kind], tmp_path / "profile", *mode, f"--screenshot={shot}", f"--window-size={width},4000")
    pixels = imread(shot)[..., :3]
    corner = float(pixels[2, 2].mean())
    assert (corner < 0.2) if dark else (corner > 0.9)
    # Figures are coloured, text is not: the blue of the data must be there.
    red, green, blue = pixels[..., 0], pixels[..., 1], pixels[..., 2]
    assert ((blue > 0.55) & (red < 0.45) & (green > 0.3)).mean() > 2e-4
