"""What the documentation shows runs, and what is public is in it."""

from __future__ import annotations

import importlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tests.reference.documents import ENVIRONMENT, examples, fenced

import ecemc
from ecemc.cli.main import VERBS

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])
DOCUMENTS = [path for path in DOCUMENTS if not {"_build", "_generated"} & set(path.parts)]
RUNNABLE = [
    path for path in DOCUMENTS if re.search(r"^```+ *(python|console)\b", path.read_text("utf-8"), re.MULTILINE)
]
DATA = ROOT / "examples" / "data" / "ec_emc_400K.extxyz.gz"
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
#: Arguments that make an example short.
SHORT = {"close_the_loop.py": ["--small"]}
#: Modules whose public names are all documented, beside those of the package itself.
MODULES = (
    "analysis", "comparison", "dataset", "decomposition", "diagnosis", "dimers", "dynamics", "errors", "evaluation",
    "export", "gap", "isolated", "jobs", "keys", "labels", "maps", "md", "methods", "metrics", "plots", "report",
    "sampling", "scans", "species", "survey", "sweep", "testing", "thermo", "thermodynamics", "threads", "trajectory",
    "units",
)  # fmt: skip


@pytest.fixture
def inputs(tmp_path, monkeypatch):
    """The working folder of a document: the trajectory that comes with the repository, and one with forces."""
    (tmp_path / "examples" / "data").mkdir(parents=True)
    for folder in (tmp_path, tmp_path / "examples" / "data"):
        shutil.copy(DATA, folder)
    frame = ecemc.read(DATA, -1)
    frame.arrays["REF_forces"] = np.random.default_rng(0).normal(size=(len(frame), 3))
    frame.write(tmp_path / "liquid.extxyz")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("path", RUNNABLE, ids=lambda path: str(path.relative_to(ROOT)))
@pytest.mark.usefixtures("inputs")
def test_code_in_documents_runs(path):
    found = examples(path)
    assert found
    for example in found:
        example.evaluate()


def test_enough_was_looked_at():
    assert len(RUNNABLE) >= 12
    assert sum(len(examples(path)) for path in RUNNABLE) >= 30


def test_commands_stand_in_blocks_that_are_run():
    for path in DOCUMENTS:
        for language, content in fenced(path.read_text("utf-8")):
            if language in {"bash", "sh", "shell", "text", ""}:
                assert not re.search(r"^(\$ )?ecemc ", content, re.MULTILINE), f"{path.name}: not run: {content}"


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_examples_run(path, tmp_path):
    done = subprocess.run(
        [sys.executable, "-W", "error", str(path), *SHORT.get(path.name, [])],
        cwd=tmp_path, env=os.environ | ENVIRONMENT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


def test_examples_are_described():
    assert len(EXAMPLES) >= 4
    text = "\n".join(path.read_text("utf-8") for path in DOCUMENTS)
    for path in EXAMPLES:
        assert f"examples/{path.name}" in text, path.name


def documented_names():
    text = "\n".join(path.read_text("utf-8") for path in (ROOT / "docs" / "reference").rglob("*.md"))
    return set(re.findall(r"^\.\. auto(?:function|class|exception|data):: ([\w.]+)", text, re.MULTILINE)) | {
        f"{module}.{name}"
        for module in re.findall(r"^\.\. automodule:: ([\w.]+)\n +:members:", text, re.MULTILINE)
        for name in importlib.import_module(module).__all__
    }


def test_every_public_name_is_in_the_reference():
    documented = documented_names()
    names = [f"ecemc.{name}" for name in ecemc.__all__ if not name.startswith("__")]
    names += [
        f"ecemc.{module}.{name}" for module in MODULES for name in importlib.import_module(f"ecemc.{module}").__all__
    ]
    assert len(names) > 60
    reexported = {f"ecemc.{name}" for name in ecemc.__all__}
    short = {name.rpartition(".")[2] for name in documented}
    missing = [
        name
        for name in names
        if name not in documented
        and not (f"ecemc.{name.rpartition('.')[2]}" in reexported and name.rpartition(".")[2] in short)
    ]
    assert not missing


def test_every_verb_is_explained():
    verbs = set(VERBS)
    assert {"analyze", "molecules", "rdf", "doctor", "sample"} <= verbs
    text = "\n".join(path.read_text("utf-8") for path in DOCUMENTS)
    for verb in sorted(verbs):
        assert f"$ ecemc {verb}" in text, verb


def test_links_between_documents_lead_somewhere():
    seen = 0
    for path in DOCUMENTS:
        text = re.sub(r"^```.*?^```", "", path.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
        for target in re.findall(r"\]\((?!https?://|#|mailto:)([^)#\s]+)", text):
            seen += 1
            assert (path.parent / target).exists(), f"{path.relative_to(ROOT)}: {target}"
    assert seen > 20


def test_no_path_of_a_machine_and_no_network_in_pages():
    for path in [*DOCUMENTS, *(ROOT / "examples").glob("*.py")]:
        assert not re.search(r"/home/|/root/|/tmp/|C:\\\\", path.read_text("utf-8")), path.name
