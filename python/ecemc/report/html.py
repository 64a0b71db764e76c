"""What all pages share: the template engine, and figures that are part of the page."""

from __future__ import annotations

__all__ = ["PageFigure", "draw", "render"]

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jinja2

from ecemc import plots
from ecemc.text import number, with_error

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from matplotlib.figure import Figure


@dataclass(frozen=True)
class PageFigure:
    """A figure on the page."""

    #: of its files and its place on the page
    name: str
    #: in the list of contents
    title: str
    svg: str
    caption: str


def draw(
    figures: Mapping[str, Figure | None],
    titles: Mapping[str, str],
    captions: Mapping[str, str],
    alternative: Callable[[str], str],
) -> tuple[list[PageFigure], dict[str, bytes]]:
    """Draw figures for a page, and as files by name; those that are None have nothing to show.

    Parameters
    ----------
    figures, titles, captions
        By name.
    alternative
        Gives the text in place of a figure, by name.
    """
    on_page, files = [], {}
    for name, figure in figures.items():
        if figure is None:
            continue
        text = plots.svg(figure)
        files[f"figures/{name}.svg"] = text.encode()
        files[f"figures/{name}.png"] = plots.png(figure)
        inline = plots.inline_svg(text, name, alternative(name))
        on_page.append(PageFigure(name, titles[name], inline, captions[name]))
    return on_page, files


def render(template: str, **context: Any) -> str:
    """Fill a template; its headings make the list of contents."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("ecemc.report", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"number": number, "with_error": with_error}
    return environment.get_template(template).render(contents=[], **context)
