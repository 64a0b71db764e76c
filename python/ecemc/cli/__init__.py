"""The command line ``ecemc VERB ...``: each verb parses, makes one call of the library and shows the result."""

from __future__ import annotations

__all__ = ["main"]

from ecemc.cli.main import main
