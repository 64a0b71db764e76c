"""GAP models as methods, on a model that gap_fit makes here."""

from __future__ import annotations

import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import ase.io
import numpy as np
import pytest
from ase import Atoms
from ase.calculators.lj import LennardJones

from ecemc.errors import FileFormatError, InputError
from ecemc.methods import get_method

pytest.importorskip("quippy", reason="needs ecemc[gap]")

PAIRS = (
    "gap={distance_2b cutoff=3.0 cutoff_transition_width=0.5 n_sparse=10 sparse_method=uniform "
    "covariance_type=ard_se theta_uniform=0.5 delta=1.0}"
)


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    """A pair potential of argon in units of its own."""
    folder = tmp_path_factory.mktemp("gap")
    frames = [Atoms("Ar", cell=[20, 20, 20], pbc=True)]
    frames[0].info |= {"e": 0.0, "config_type": "isolated_atom"}
    for distance in np.linspace(1.0, 2.5, 16):
        frame = Atoms("Ar2", [[0, 0, 0], [0, 0, distance]], cell=[20, 20, 20], pbc=True)
        frame.info["e"] = LennardJones(rc=3.0).get_potential_energy(frame)
        frames.append(frame)
    ase.io.write(folder / "train.xyz", frames)
    command = [
        str(Path(sys.executable).parent / "gap_fit"), "at_file=train.xyz", "e0_method=isolated",
        "energy_parameter_name=e", "force_parameter_name=none", "virial_parameter_name=none", "sparse_jitter=1e-10",
        "default_sigma={0.001 0.1 0 0}", "gp_file=model.xml",
        PAIRS,
    ]  # fmt: skip
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert (folder / "model.xml").is_file(), done.stdout[-2000:]
    return folder


@pytest.fixture
def model(fitted, tmp_path):
    for file in fitted.glob("model.xml*"):
        shutil.copy(file, tmp_path)
    return tmp_path / "model.xml"


def test_model(model):
    method = get_method(str(model))
    atoms = Atoms("Ar2", [[0, 0, 0], [0, 0, 1.3]], cell=[20, 20, 20], pbc=True)
    expected = LennardJones(rc=3.0).get_potential_energy(atoms)
    for made in (method.make(), pickle.loads(pickle.dumps(method)).make()):
        assert made.get_potential_energy(atoms) == pytest.approx(expected, abs=0.05)
    assert method.name.startswith("GAP model.xml ")
    assert '"native"' in method.identity
    assert "quippy-ase=" in get_method(str(model), engine="quip").identity


def test_identity_is_what_the_files_hold(model, tmp_path):
    first = get_method(model).identity
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for file in tmp_path.glob("model.xml*"):
        shutil.copy(file, elsewhere)
    assert get_method(elsewhere / "model.xml").identity == first
    assert get_method(get_method(model).make()).identity.split('"sha256": ')[1][:66] in first
    assert get_method(model, engine="quip").identity != first
    text = model.read_text()
    model.write_text(text + "\n")
    assert get_method(model).identity != first


def test_broken_model_is_refused_at_once(model, tmp_path):
    for sparse in tmp_path.glob("model.xml.sparseX*"):
        sparse.unlink()
    with pytest.raises(FileFormatError, match="sparse"):
        get_method(model)


def test_unknown_option(model):
    with pytest.raises(InputError, match="unexpected keyword argument 'threads'; its options are: engine"):
        get_method(model, threads=2)
