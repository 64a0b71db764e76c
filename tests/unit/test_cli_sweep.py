"""``ecemc sweep``, and the other verbs that do many things at the same time."""

from __future__ import annotations

import json

import pytest
from ase.build import bulk

import ecemc
from ecemc.cli import main
from ecemc.jobs import locked
from ecemc.testing import liquid, trajectory

MODEL = """
from ase.calculators.lj import LennardJones

def calculator():
    return LennardJones(sigma=3.4, epsilon=0.0104, rc=4.0)
"""
PLAN = """
[md]
start = "argon.extxyz"
time = "20fs"
timestep = 2.0
frame_interval = "10fs"
thermo_interval = "2fs"
checkpoint_interval = "10fs"

[grid]
temperature = [60, 90]
model = ["argon.py", "broken.py"]
"""


def ecemc_(*arguments):
    with pytest.raises(SystemExit) as end:
        main([str(argument) for argument in arguments])
    return end.value.code


@pytest.fixture
def plan(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ecemc.write("argon.extxyz", [bulk("Ar", "sc", a=3.9).repeat(3)])
    (tmp_path / "argon.py").write_text(MODEL)
    (tmp_path / "broken.py").write_text(MODEL.replace("sigma=3.4", "sigma=float('nan')"))
    (tmp_path / "plan.toml").write_text(PLAN)
    return tmp_path / "plan.toml"


def test_runs_are_listed_made_and_listed_again(plan, tmp_path, capsys):
    assert ecemc_("sweep", plan, "-o", "runs", "--dry-run") == 0
    out = capsys.readouterr().out
    assert "T60_argon" in out
    assert "runs: 4 runs, 4 waiting" in out
    assert not (tmp_path / "runs").exists()
    assert ecemc_("sweep", plan, "-o", "runs", "--jobs", 2) == 1
    out, err = capsys.readouterr()
    assert "runs: 4 runs, 2 finished, 2 failed" in " ".join(out.split())
    assert "ecemc: warning: T60_broken: failed: " in err
    assert "--retry" in err
    assert ecemc_("sweep", plan, "-o", "runs", "--status", "--json") == 0
    table = json.loads(capsys.readouterr().out)
    assert table["schema"] == "ecemc-sweep/1"
    assert [run["state"] for run in table["runs"]] == ["finished", "failed", "finished", "failed"]
    mean, error = table["runs"][0]["result"]["temperature_K"]
    assert 0.0 < error < mean < 120.0
    assert table == json.loads((tmp_path / "runs" / "sweep.json").read_text())


def test_bad_input_is_one_line(plan, tmp_path, capsys):
    (tmp_path / "cluster.toml").write_text("[local]\nworkers = 2\nwalltime = 3\n")
    for arguments, message in (
        (("nothing.toml", "-o", "runs"), "nothing.toml: No such file or directory"),
        ((plan, "-o", "runs", "--jobs", "0"), "--jobs"),
        ((plan, "-o", "runs", "--executor", "cluster.toml"), "cluster.toml: local.walltime: unknown key; known are"),
        ((plan, "-o", "runs", "--executor", "cluster.toml", "-j", 2), "--jobs: cluster.toml says how many"),
        ((plan, "-o", "none/runs"), "none/runs: No such file or directory"),
    ):
        assert ecemc_("sweep", *arguments) == 2
        err = capsys.readouterr().err
        assert err.startswith("ecemc: error: ")
        assert message in err
        assert len(err.splitlines()) == 1
    (tmp_path / "runs").mkdir(exist_ok=True)
    with locked(tmp_path / "runs" / ".lock"):
        (tmp_path / "runs" / "sweep.ledger").touch()
        assert ecemc_("sweep", plan, "-o", "runs") == 2
    assert "runs: another process makes this sweep; wait for it, or look with --status" in capsys.readouterr().err


def test_liquids_are_sampled(tmp_path, monkeypatch, capsys):
    pytest.importorskip("openmm", reason="needs ecemc[sample]")
    pytest.importorskip("packmol", reason="needs ecemc[sample]")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plan.toml").write_text(
        '[sample]\ncomposition = "4EC:8EMC"\ntime = "400fs"\nequilibration = "200fs"\ncutoff = 5.0\ndensity = 0.9\n'
        "[grid]\ntemperature = [300, 400]\n"
    )
    assert ecemc_("sweep", "plan.toml", "-o", "runs", "--jobs", 2) == 0
    for temperature in (300, 400):
        frames = ecemc.read(tmp_path / "runs" / f"T{temperature}" / "liquid.extxyz")
        assert [atoms.info["temperature_target"] for atoms in frames] == [temperature] * 2
    assert not list(tmp_path.rglob("*.checkpoint"))
    # Killed between the renaming of the trajectory and the entry in the ledger, it is finished all the same.
    (tmp_path / "runs" / "sweep.ledger").unlink()
    times = [path.stat().st_mtime_ns for path in sorted(tmp_path.rglob("*.extxyz"))]
    capsys.readouterr()
    assert ecemc_("sweep", "plan.toml", "-o", "runs") == 0
    assert "runs: 2 runs, 2 finished" in capsys.readouterr().out
    assert [path.stat().st_mtime_ns for path in sorted(tmp_path.rglob("*.extxyz"))] == times


def test_each_file_gets_its_report(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for number in range(2):
        (tmp_path / f"run{number}").mkdir()
        ecemc.write(tmp_path / f"run{number}" / "md.extxyz", trajectory(liquid(2, 4, 0.9, seed=number), 8))
    (tmp_path / "run2").mkdir()
    (tmp_path / "run2" / "md.extxyz").write_text("no trajectory")
    files = [f"run{number}/md.extxyz" for number in range(3)]
    assert ecemc_("analyze", *files, "--each", "-o", "reports", "--jobs", 2, "--select", ":6") == 1
    out, err = capsys.readouterr()
    assert out.splitlines()[-1] == "reports: reports of 2 of 3 files"
    assert err.startswith("ecemc: warning: run2: ")
    for number in range(2):
        folder = tmp_path / "reports" / f"run{number}"
        results = json.loads((folder / "results.json").read_text())
        assert results["inputs"][0]["name"] == "md.extxyz"
        assert (folder / "index.html").exists()
        assert not (folder / ".checkpoint").exists()
        assert ecemc_("analyze", files[number], "-o", "alone", "--select", ":6") in (0, 1)
        alone = json.loads((tmp_path / "alone" / "results.json").read_text())
        assert {**alone, "created": None} == {**results, "created": None}
    for arguments, message in (
        ((files[0], files[0], "--each"), "would have the same report as"),
        ((*files, "--each", "--append"), "--append: has no meaning with --each"),
        ((*files, "--jobs", "2"), "have a meaning with --each only"),
    ):
        assert ecemc_("analyze", *arguments, "-o", "other") == 2
        assert message in capsys.readouterr().err
