"""The command line as its users meet it: a process, its output and its exit status."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import time

import ase.io
import pytest

from ecemc.cli.main import VERBS
from ecemc.testing import ec, liquid, trajectory

ECEMC = (sys.executable, "-m", "ecemc")


def ecemc(*arguments, cwd=None, **environment):
    env = {key: value for key, value in os.environ.items() if key != "ECEMC_DEBUG"} | environment
    command = [*ECEMC, *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A folder with a good trajectory."""
    folder = tmp_path_factory.mktemp("cli")
    frames = list(trajectory(liquid(4, 8, 0.9, seed=3), 12, seed=1))
    ase.io.write(folder / "run.extxyz", frames, format="extxyz")
    return folder


def refused(result, *words):
    """One clear line on stderr, status 2, nothing else."""
    assert result.returncode == 2, result
    assert result.stdout == ""
    assert result.stderr.startswith("ecemc: error: ")
    assert result.stderr.count("\n") == 1
    for word in words:
        assert word in result.stderr, result.stderr


def test_analyze_writes_a_report_and_says_where(run, tmp_path):
    result = ecemc("analyze", run / "run.extxyz", "-o", tmp_path / "report")
    assert result.returncode == 0, result
    assert result.stderr == ""
    assert result.stdout.splitlines()[-1] == f"Report: {tmp_path / 'report' / 'index.html'}"
    assert "\x1b" not in result.stdout
    record = json.loads((tmp_path / "report" / "results.json").read_text())
    assert record["inputs"][0]["name"] == "run.extxyz"


def test_a_failed_check_is_exit_status_1(tmp_path):
    box = liquid(8, 16, 1.0, seed=6)
    box.cell[2] *= 2.0
    ase.io.write(tmp_path / "slab.extxyz", box, format="extxyz")
    result = ecemc("analyze", "slab.extxyz", cwd=tmp_path)
    assert result.returncode == 1
    assert result.stdout.startswith("FAIL: An empty sphere")


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_with_an_example(verb):
    result = ecemc(verb, "--help", TERM="dumb", COLUMNS="100")
    assert result.returncode == 0, result
    assert f"ecemc {verb}" in result.stdout
    own = {
        "compare": "ecemc compare report",
        "doctor": "ecemc doctor\n",
        "merge": "ecemc merge first.state second.state",
        "check": "ecemc check train.extxyz",
        "split": "ecemc split data.extxyz",
        "isolate": "ecemc isolate liquid.extxyz",
        "label": "ecemc label boxes.extxyz",
        "decompose": "ecemc decompose boxes.extxyz",
        "fit": "ecemc fit train.extxyz",
        "errors": "ecemc errors test.extxyz",
        "scan": "ecemc scan liquid.extxyz",
        "map": "ecemc map train.extxyz",
        "sample": "ecemc sample 16EC:32EMC",
        "check-calculator": "ecemc check-calculator box.extxyz",
        "md": "ecemc md box.extxyz",
        "sweep": "ecemc sweep plan.toml",
        "export": "ecemc export liquid.extxyz",
        "density": "ecemc density ",
        "eos": "ecemc eos ",
        "dimer": "ecemc dimer EC EMC",
        "diagnose": "ecemc diagnose results",
    }
    example = own.get(verb, f"ecemc {verb} run.extxyz")
    assert example in "\n".join(line.rstrip() for line in result.stdout.splitlines())


def test_help_and_version():
    assert ecemc("--version").stdout.startswith("ecemc ")
    shown = ecemc("--help")
    assert shown.returncode == 0
    assert all(verb in shown.stdout for verb in VERBS)
    assert ecemc().returncode == 2


def test_starting_imports_nothing_heavy():
    heavy = {"matplotlib", "openmm", "pymbar", "scipy.stats", "jinja2", "ase.constraints", "scipy.signal"}
    code = "import sys, ecemc.cli.main; print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "typer" in modules
    assert heavy.isdisjoint(modules)


FILES = {
    "empty.extxyz": ("", ["empty.extxyz", "empty"]),
    "cellless.extxyz": ("1\n\nHe 0 0 0\n", ["cellless.extxyz", "frame 0", "no cell", "Lattice"]),
    "nan.extxyz": ('1\nLattice="9 0 0 0 9 0 0 0 9"\nHe nan 0 0\n', ["nan.extxyz", "frame 0", "atom 0"]),
    "text.extxyz": ("hello\nworld\n", ["text.extxyz", "line 1"]),
    "short.extxyz": ('3\nLattice="9 0 0 0 9 0 0 0 9"\nHe 0 0 0\n', ["short.extxyz", "frame 0"]),
    "element.extxyz": ('1\nLattice="9 0 0 0 9 0 0 0 9"\nQq 0 0 0\n', ["element.extxyz", "Qq"]),
    "void.extxyz": ('0\nLattice="9 0 0 0 9 0 0 0 9" Properties=species:S:1:pos:R:3\n', ["frame 0", "no atoms"]),
}


@pytest.mark.parametrize("name", FILES)
def test_bad_files_get_one_clear_line(tmp_path, name):
    content, words = FILES[name]
    (tmp_path / name).write_text(content)
    refused(ecemc("analyze", name, "-o", "out", cwd=tmp_path), *words)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["analyze"], ["TRAJECTORY"]),
        (["analyze", "missing.extxyz"], ["missing.extxyz", "No such file"]),
        (["analyze", "."], ["."]),
        (["analyze", "run.extxyz", "--r-max", "x"], ["--r-max"]),
        (["analyze", "run.extxyz", "--r-max", "-1"], ["r_max", "-1"]),
        (["analyze", "run.extxyz", "--select", "a:b"], ["a:b"]),
        (["analyze", "run.extxyz", "--select", "50:"], ["no frame"]),
        (["analyze", "run.extxyz", "--equilibration", "12"], ["only 12"]),
        (["analyze", "run.extxyz", "-o", "run.extxyz"], ["run.extxyz", "folder"]),
        (["analyze", "run.extxyz", "--bogus"], ["--bogus"]),
        (["bogus"], ["bogus"]),
        (["rdf", "run.extxyz", "-o", "g.pdf"], ["g.pdf", ".csv"]),
        (["rdf", "run.extxyz", "-o", "nowhere/g.csv"], ["nowhere"]),
        (["molecules", "run.extxyz", "--bond-scale", "-1"], ["scale"]),
        (["molecules", "missing.extxyz"], ["missing.extxyz"]),
    ],
)
def test_bad_usage_gets_one_clear_line(run, arguments, words):
    refused(ecemc(*arguments, cwd=run), *words)


def test_debug_shows_the_traceback(run):
    result = ecemc("--debug", "analyze", "missing.extxyz", cwd=run)
    assert "Traceback" in result.stderr
    assert result.returncode != 0


def test_molecules(run, tmp_path):
    result = ecemc("molecules", run / "run.extxyz")
    assert result.returncode == 0
    assert "C3H4O3" in result.stdout
    assert "no bond changes" in result.stdout
    record = json.loads(ecemc("molecules", run / "run.extxyz", "--json").stdout)
    assert record["systems"] == [{"molecules": {"EC": 4, "EMC": 8}, "n_frames": 12}]
    whole = ec()
    whole.set_cell([12.0] * 3)
    whole.pbc = True
    broken = whole.copy()
    broken.positions[-1] += 2.0
    ase.io.write(tmp_path / "broken.extxyz", [whole, broken], format="extxyz")
    failed = ecemc("molecules", "broken.extxyz", cwd=tmp_path)
    assert failed.returncode == 1
    assert "frame 1: broken" in failed.stdout


def test_rdf_as_csv_json_and_png(run, tmp_path):
    shown = ecemc("rdf", run / "run.extxyz", "--r-max", 6, "--n-bins", 30)
    assert shown.returncode == 0
    assert len(shown.stdout.splitlines()) == 31
    for name in ("g.csv", "g.json", "g.png"):
        result = ecemc("rdf", run / "run.extxyz", "--r-max", 6, "--n-bins", 30, "-o", tmp_path / name)
        assert result.returncode == 0, result
    assert (tmp_path / "g.csv").read_text() == shown.stdout
    assert json.loads((tmp_path / "g.json").read_text())["n_frames"] == 12
    assert (tmp_path / "g.png").read_bytes().startswith(b"\x89PNG")


def test_doctor_finds_all_well():
    result = ecemc("doctor", "--json")
    findings = {finding["name"]: finding for finding in json.loads(result.stdout)}
    assert findings["self-test: pairs"]["ok"]
    assert findings["self-test: molecules"]["ok"]
    assert result.returncode == int(any(finding["ok"] is False for finding in findings.values()))
    assert "numpy" in ecemc("doctor").stdout


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_ctrl_c_is_130_and_leaves_no_report(run, tmp_path):
    pipe = tmp_path / "endless.extxyz"
    os.mkfifo(pipe)
    command = [*ECEMC, "analyze", str(pipe), "-o", str(tmp_path / "out")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        with pipe.open("w") as writer:  # opens when the reader has opened its end
            writer.write((run / "run.extxyz").read_text())
            writer.flush()
            time.sleep(0.5)
            process.send_signal(signal.SIGINT)
            time.sleep(0.5)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors == "ecemc: interrupted\n"
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX shell")
def test_a_closed_pipe_is_no_error(run):
    line = f'"{sys.executable}" -m ecemc rdf run.extxyz --n-bins 9999 | head -n 1'
    result = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {line}"], cwd=run, capture_output=True, text=True, check=False
    )
    assert result.stderr == ""
    assert result.stdout.startswith("r (Å)")


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX shell")
def test_a_pipe_closed_before_the_first_line_is_no_error_either(run, tmp_path):
    line = f'"{sys.executable}" -m ecemc analyze run.extxyz -o "{tmp_path}/r" | true'
    result = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {line}"], cwd=run, capture_output=True, text=True, check=False
    )
    assert (result.returncode, result.stderr) == (0, "")


def test_analyze_says_why_there_is_no_diffusion(tmp_path):
    """What is missing in the report must not go unseen."""
    frames = list(trajectory(liquid(4, 8, 0.9, seed=3), 4, seed=1))
    for frame in frames:
        frame.info.pop("time", None)
    ase.io.write(tmp_path / "run.extxyz", frames, format="extxyz")
    without = ecemc("analyze", "run.extxyz", "-o", "a", cwd=tmp_path)
    assert "no diffusion: dt: the frames do not tell their time" in without.stdout
    with_dt = ecemc("analyze", "run.extxyz", "-o", "b", "--dt", "100", cwd=tmp_path)
    assert "no diffusion" not in with_dt.stdout


def test_files_that_do_not_continue_each_other_name_the_option(tmp_path):
    for name, n in (("a", 2), ("b", 3)):
        ase.io.write(tmp_path / f"{name}.extxyz", liquid(n, 4, 0.9), format="extxyz")
    refused(ecemc("analyze", "a.extxyz", "b.extxyz", cwd=tmp_path), "(command line: --append)")


def test_merge_of_another_file_speaks_of_states_only(run):
    refused(ecemc("merge", run / "run.extxyz", cwd=run), "no state of an analysis", "(it is no whole archive)")


def test_a_file_cut_in_its_first_frame_is_named_so(tmp_path):
    ase.io.write(tmp_path / "cut.extxyz", liquid(2, 4, 0.9), format="extxyz")
    whole = (tmp_path / "cut.extxyz").read_bytes()
    (tmp_path / "cut.extxyz").write_bytes(whole[: len(whole) // 2])
    refused(ecemc("info", "cut.extxyz", cwd=tmp_path), "no frame; ", "the file ends inside this frame")


def test_a_cut_gzip_file_is_named_so(tmp_path):
    # Noise in the positions, so that the half of the compressed file holds whole frames.
    frames = list(trajectory(liquid(2, 4, 0.9), 12, seed=1))
    ase.io.write(tmp_path / "run.extxyz", frames, format="extxyz")
    whole = gzip.compress((tmp_path / "run.extxyz").read_bytes())
    (tmp_path / "run.extxyz.gz").write_bytes(whole[: len(whole) // 2])
    result = ecemc("molecules", "run.extxyz.gz", cwd=tmp_path)
    assert "the compressed file is cut off" in result.stderr, result
    assert "the frames before it are whole" in result.stderr


def test_velocities_that_are_all_zero_are_no_agreement(tmp_path):
    frames = list(trajectory(liquid(2, 4, 0.9), 6, seed=1))
    for frame in frames:
        frame.arrays["velocities"] = 0.0 * frame.positions
    ase.io.write(tmp_path / "run.extxyz", frames, format="extxyz")
    ecemc("analyze", "run.extxyz", "-o", "report", "--dt", "10", cwd=tmp_path)
    checks = json.loads((tmp_path / "report" / "results.json").read_text())["verdict"]["checks"]
    found = [check for check in checks if check["name"] == "equipartition"]
    assert [check["status"] for check in found] == ["attention"]
    assert "all zero" in found[0]["explanation"]


@pytest.mark.parametrize("verb", ["analyze", "diffusion", "molecules", "rdf"])
def test_an_element_without_radius_is_named_with_file_and_frame(tmp_path, verb):
    box = liquid(2, 4, 0.9)
    box.numbers[3] = 118
    ase.io.write(tmp_path / "bad.extxyz", box, format="extxyz")
    refused(ecemc(verb, "bad.extxyz", cwd=tmp_path), "bad.extxyz: frame 0: numbers: got Og")


@pytest.mark.parametrize("verb", ["analyze", "molecules", "rdf"])
def test_errors_in_a_frame_name_the_file(tmp_path, verb):
    box = liquid(2, 4, 0.9)
    box.positions[3] = float("nan")
    ase.io.write(tmp_path / "bad.extxyz", box, format="extxyz")
    refused(ecemc(verb, "bad.extxyz", cwd=tmp_path), "bad.extxyz: frame 0: positions: atom 3")


def test_a_folder_that_cannot_be_made_is_refused_before_the_work(run, tmp_path):
    (tmp_path / "file").write_text("mine")
    refused(ecemc("analyze", run / "run.extxyz", "-o", tmp_path / "file" / "report"), "file is a file")
