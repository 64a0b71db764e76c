"""Sphinx configuration; needs no network, neither to build nor to read the pages."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

import ecemc  # the installed package

project = "ecemc"
author = "The ecemc developers"
copyright = "The ecemc developers, MIT OR Apache-2.0"  # noqa: A001
version = release = ecemc.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "numpydoc",
    "sphinx_copybutton",
    "mathml",
    "generated",
]
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
exclude_patterns = ["_build", "_generated"]

autodoc_member_order = "bysource"
autodoc_typehints = "none"  # numpydoc sections say it in words; signatures stay short
numpydoc_show_class_members = False
numpydoc_xref_param_type = False
default_role = None
smartquotes = False
html_math_renderer = "mathml"

html_theme = "furo"
html_title = f"ecemc {version}"
html_static_path = ["_static"]
html_css_files = ["ecemc.css"]
html_show_sphinx = False
pygments_style = "friendly"
# Prompts and output are not copied.
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
