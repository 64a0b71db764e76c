"""One look for all figures, without pyplot and its global state."""

from __future__ import annotations

__all__ = [
    "BLUE", "GREEN", "INK", "MUTED", "ORANGE", "PURPLE", "RED", "SPECIES_COLORS",
    "empty_figure", "figure", "inline_svg", "legend_above", "png", "styled", "svg", "twin",
]  # fmt: skip

import io
import re
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import matplotlib as mpl
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes

Parameters = ParamSpec("Parameters")
Drawn = TypeVar("Drawn")

# Okabe and Ito's palette, which all kinds of colour vision tell apart.
BLUE, ORANGE, GREEN, RED = "#0072b2", "#e69f00", "#009e73", "#d55e00"
SKY, PURPLE = "#56b4e9", "#cc79a7"
#: Lines and text; becomes the page's text colour where a figure is part of a page.
INK = "#1d2229"
MUTED = "#7a828c"
SPECIES_COLORS = (BLUE, ORANGE, GREEN, PURPLE, SKY, RED)

_STYLE: Any = {
    "figure.constrained_layout.use": True,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Helvetica", "Arial"],
    "font.size": 9.5,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 9.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": MUTED,
    "grid.alpha": 0.22,
    "grid.linewidth": 0.6,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "lines.linewidth": 1.5,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    # The same figure is the same file: identifiers from the content, text as text.
    "svg.hashsalt": "ecemc",
    "svg.fonttype": "none",
}


def styled(draw: Callable[Parameters, Drawn]) -> Callable[Parameters, Drawn]:
    """Make a function draw in this style, whatever the user's Matplotlib settings are."""

    @wraps(draw)
    def drawn(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Drawn:
        with mpl.rc_context():
            mpl.rcdefaults()
            mpl.rcParams.update(_STYLE)
            return draw(*args, **kwargs)

    return drawn


def empty_figure(width: float, height: float) -> Figure:
    """Make a figure (inches) without axes."""
    return Figure(figsize=(width, height))


def figure(width: float, height: float, **subplots: Any) -> tuple[Figure, Any]:
    """Make a figure (inches) with ``Figure.subplots``; returns it and its axes as a (rows, columns) array."""
    fig = empty_figure(width, height)
    return fig, fig.subplots(squeeze=False, **subplots)


def twin(axes: Axes) -> Axes:
    """Second y axis of the same style, without grid."""
    other = axes.twinx()
    other.grid(visible=False)
    other.spines["right"].set_visible(True)
    return other


def legend_above(axes: Axes) -> None:
    """Put the legend in line with the title, off the data."""
    handles, labels = axes.get_legend_handles_labels()
    axes.legend(handles, labels, loc="lower right", bbox_to_anchor=(1.0, 0.99), ncols=len(labels), borderaxespad=0.0)


def png(fig: Figure, dpi: int = 200) -> bytes:
    """Render on white."""
    return _render(fig, "png", dpi=dpi, facecolor="white", metadata={"Software": None})


def svg(fig: Figure) -> str:
    """Render on nothing, so that it takes the colour of what is behind; places to a hundredth of a point."""
    text = _render(fig, "svg", metadata={"Date": None, "Creator": None}).decode()
    return re.sub(r'\b(?:d|x|y)="[^"]*"', lambda place: re.sub(r"(\.\d\d)\d+", r"\1", place[0]), text)


def inline_svg(text: str, name: str, alt: str) -> str:
    """Make an SVG file a part of a page: own identifiers, the page's colours, a name for readers."""
    body = text[text.index("<svg") :]
    body = re.sub(r'\bid="([^"]+)"', rf'id="{name}-\1"', body)
    body = re.sub(r'(url\(|href=")#', rf"\1#{name}-", body)
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL).replace(INK, "currentColor")
    body = body.replace(BLUE, f"var(--blue, {BLUE})")
    opening, rest = body.split(">", 1)
    width = re.search(r' width="([^"]*)"', opening)
    opening = re.sub(r' (width|height)="[^"]*"', "", opening)
    if width:
        opening += f' style="max-width: {width[1]}"'
    label = alt.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
    return f'{opening} role="img" aria-label="{label}">{rest}'


@styled
def _render(fig: Figure, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    fig.savefig(buffer, format=kind, **options)
    return buffer.getvalue()
