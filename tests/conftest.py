"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from pathlib import Path

import hypothesis
import pytest

import ecemc.species

ROOT = Path(__file__).resolve().parent.parent

hypothesis.settings.register_profile("default", deadline=None, print_blob=True, derandomize=bool(os.environ.get("CI")))
hypothesis.settings.load_profile("default")


@pytest.fixture(autouse=True)
def _species_of_this_test_only(monkeypatch):
    """Names that a test or an example registers are forgotten after it."""
    monkeypatch.setattr(ecemc.species, "_added", dict(ecemc.species._added))


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """Data that is not part of the repository; tests that need it are skipped where it is absent."""
    folder = Path(os.environ.get("ECEMC_SHARED", ROOT.parent / "shared"))
    if not folder.is_dir():
        pytest.skip(f"needs the data folder {folder.name!r} beside the repository (or ECEMC_SHARED)")
    return folder
