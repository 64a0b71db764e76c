"""The compiled module stays private and is covered by the documented Python layer."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re

import pytest

import ecemc
from ecemc import _core


def public_modules():
    names = [name for _, name, _ in pkgutil.walk_packages(ecemc.__path__, "ecemc.") if not name.endswith("._core")]
    return [name for name in names if not any(part.startswith("_") for part in name.split("."))]


def test_every_compiled_name_is_used_by_the_facade(root):
    sources = "\n".join(p.read_text() for p in (root / "python" / "ecemc").rglob("*.py"))
    names = [name for name in dir(_core) if not name.startswith("_")]
    assert names
    unused = [name for name in names if not re.search(rf"_core(\.|\s+import[^\n]*\b){name}\b", sources)]
    assert not unused


def test_everything_public_can_be_reached():
    assert len(ecemc.__all__) > 1
    for name in ecemc.__all__:
        assert getattr(ecemc, name) is not None


@pytest.mark.parametrize("name", [n for n in sorted(ecemc.__all__) if callable(getattr(ecemc, n))])
def test_public_functions_and_classes_are_documented(name):
    thing = getattr(ecemc, name)
    text = inspect.getdoc(thing)
    assert text
    assert "Examples" in text, f"{name} has no example"
    if inspect.isfunction(thing):
        parameters = [p for p in inspect.signature(thing).parameters if not p.startswith("_")]
        missing = [p for p in parameters if not re.search(rf"^\**{p}\b", text, re.MULTILINE)]
        assert not missing, f"{name}: parameters without a word: {missing}"


def test_every_module_says_what_is_public():
    modules = public_modules()
    assert len(modules) > 5
    for name in modules:
        module = importlib.import_module(name)
        assert module.__doc__, name
        assert hasattr(module, "__all__"), f"{name} has no __all__"
