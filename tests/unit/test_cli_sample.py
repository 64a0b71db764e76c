"""``ecemc sample`` from the command line."""

from __future__ import annotations

import ase.io
import pytest
import typer
from typer.testing import CliRunner

from ecemc.cli.sample import sample
from ecemc.errors import InputError

pytest.importorskip("openmm", reason="needs ecemc[sample]")
pytest.importorskip("packmol", reason="needs ecemc[sample]")

app = typer.Typer()
app.command()(sample)
BRIEF = ["--time", "0.5ps", "--equilibration", "100fs", "--every", "100fs", "--cutoff", "5", "--threads", "1"]


def run(*arguments):
    return CliRunner().invoke(app, [str(a) for a in arguments])


def test_help_shows_an_example():
    result = run("--help")
    assert result.exit_code == 0
    assert "ecemc sample 16EC:32EMC --temperature 400 --time 20ps" in " ".join(result.output.split())


@pytest.mark.parametrize("ensemble", ["npt", "nvt"])
def test_writes_a_trajectory_and_one_line(tmp_path, ensemble):
    out = tmp_path / "liquid.extxyz"
    result = run("4EC:8EMC", "--ensemble", ensemble, "--density", 0.9, "--seed", 3, "-o", out, *BRIEF)
    assert result.exit_code == 0, result.output
    assert len(result.stdout.splitlines()) == 1
    assert f"{out}: 5 frames, density 0." in result.stdout
    frames = ase.io.read(out, ":")
    assert [frame.info["time"] for frame in frames] == [100.0, 200.0, 300.0, 400.0, 500.0]
    assert all(frame.info["seed"] == 3 for frame in frames)
    assert (frames[-1].info["density"] == pytest.approx(0.9, abs=1e-9)) == (ensemble == "nvt")


@pytest.mark.parametrize("text", ["20", "ps", "20 minutes", "-5ps", "1e999e9fs"])
def test_times_need_their_unit(tmp_path, text):
    result = run("4EC:8EMC", "-o", tmp_path / "a.extxyz", "--time", text)
    assert result.exit_code == 2
    assert "cannot read the time" in " ".join(result.output.split())


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ([], "composition: give one"),
        (["4EC", "--forcefield", "tip3p.xml"], "composition: give one"),
        (["4EC", "--start", "box.pdb"], "start: the start box fixes"),
        (["--start", "box.pdb"], "start: say what acts on it"),
        (["--start", "box.pdb", "--forcefield", "a.xml", "--system", "b.xml"], "start: say what acts on it"),
        (["4EC", "--ensemble", "nvt", "--pressure", "1"], "pressure: it has no meaning"),
    ],
)
def test_contradictions_are_refused(tmp_path, arguments, named):
    result = run(*arguments, "-o", tmp_path / "a.extxyz")
    assert isinstance(result.exception, InputError)
    assert str(result.exception).startswith(named)
