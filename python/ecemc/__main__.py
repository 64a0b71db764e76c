"""``python -m ecemc`` is the command ``ecemc``."""

from __future__ import annotations

__all__: list[str] = []

from ecemc.cli import main

if __name__ == "__main__":
    main()
