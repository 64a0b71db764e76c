"""``python -m ecemc``."""

from __future__ import annotations

from ecemc.cli import main

main()
