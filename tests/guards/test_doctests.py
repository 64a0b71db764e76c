"""Every example in a docstring runs."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import ecemc

MODULES = [
    name
    for _, name, _ in pkgutil.walk_packages(ecemc.__path__, "ecemc.")
    if not any(part.startswith("_") for part in name.split("."))
]


def examples(module):
    return [
        test
        for test in doctest.DocTestFinder(exclude_empty=True).find(importlib.import_module(module))
        if test.examples
    ]


@pytest.mark.parametrize("module", ["ecemc", *MODULES])
def test_docstrings_run(module, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    report = []
    for test in examples(module):
        runner.run(test, out=report.append)
    assert runner.summarize(verbose=False).failed == 0, "".join(report)


def test_there_are_examples():
    assert len(MODULES) > 20
    assert sum(len(test.examples) for module in MODULES for test in examples(module)) > 60
