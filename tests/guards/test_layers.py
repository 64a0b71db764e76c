"""Who may import what: the rules of pyproject.toml hold, and each of them would notice being broken."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys

import pytest


def lint_imports(folder):
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()", "--no-cache"]
    return subprocess.run(
        command, cwd=folder, env={"PYTHONPATH": str(folder)}, capture_output=True, text=True, check=False
    )


@pytest.fixture
def copy(root, tmp_path):
    """A copy of the package that may be damaged."""
    ignore = shutil.ignore_patterns("__pycache__", "*.so", "*.pyd")
    shutil.copytree(root / "python" / "ecemc", tmp_path / "ecemc", ignore=ignore)
    shutil.copy(root / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_rules_hold(copy):
    result = lint_imports(copy)
    assert result.returncode == 0, result.stdout
    assert re.search(r"Contracts: [1-9]\d* kept, 0 broken", result.stdout)


@pytest.mark.parametrize(
    ("module", "offence", "contract"),
    [
        ("errors.py", "import ase", "Units, keys and errors know nothing of ase"),
        ("units.py", "from ecemc import frames", "Lower layers never import higher ones"),
        ("neighbors.py", "from ecemc import cli", "Lower layers never import higher ones"),
        ("frames.py", "import matplotlib", "Only plots and report draw"),
        ("neighbors.py", "import rich", "Only plots and report draw"),
    ],
)
def test_a_broken_rule_is_noticed(copy, module, offence, contract):
    path = copy / "ecemc" / module
    path.write_text(path.read_text() + f"\n{offence}\n")
    result = lint_imports(copy)
    assert result.returncode == 1
    assert re.search(rf"{contract}.*BROKEN", result.stdout), result.stdout


FORBIDDEN = {
    "ecemc-core": [r"\bpyo3\b", r"\bnumpy::", r"std::(fs|env|process|net)\b", r"\be?println!", r"\bunsafe\b"],
    "ecemc-gap": [r"\bpyo3\b", r"\bnumpy::", r"std::(fs|env|process|net)\b", r"\be?println!", r"\bunsafe\b"],
    "ecemc-io": [r"\bpyo3\b", r"\bnumpy::", r"std::(env|process|net)\b", r"\be?println!", r"\bunsafe\b"],
}


def without_comments(source):
    return re.sub(r"//[^\n]*", "", source)


@pytest.mark.parametrize("crate", FORBIDDEN)
def test_kernels_know_nothing_of_python_files_or_the_terminal(root, crate):
    sources = list((root / "rust" / crate / "src").rglob("*.rs"))
    assert len(sources) >= 3
    for path in sources:
        text = without_comments(path.read_text()).replace("forbid(unsafe_code)", "")
        for pattern in FORBIDDEN[crate]:
            assert not re.search(pattern, text), f"{path.name}: {pattern}"
