"""Records of where files came from."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from ecemc.dataset import content_hash, read_provenance, record_provenance
from ecemc.errors import FileFormatError, InputError


@pytest.fixture
def chain(tmp_path):
    """Three files, each made of the one before, each with its record."""
    paths = [tmp_path / name for name in ("raw.extxyz", "labelled.extxyz", "train.extxyz")]
    for k, path in enumerate(paths):
        path.write_text(f"content {k}\n")
        record_provenance(path, step=f"step {k}", parents=paths[k - 1 : k] if k else [], seed=k, n_frames=10 * k)
    return paths


def test_the_hash_is_that_of_the_bytes(tmp_path):
    content = np.random.default_rng(0).bytes(3 * 2**20 + 5)
    (tmp_path / "a").write_bytes(content)
    assert content_hash(tmp_path / "a") == hashlib.sha256(content).hexdigest()


def test_a_record_tells_the_whole_history(chain):
    record = read_provenance(chain[2])
    assert (record.file, record.step, record.seed, record.n_frames) == ("train.extxyz", "step 2", 2, 20)
    assert record.describes(chain[2])
    labelled = record.parents[0].record
    assert labelled.sha256 == record.parents[0].sha256 == content_hash(chain[1])
    raw = labelled.parents[0].record
    assert (raw.step, raw.parents) == ("step 0", ())
    assert set(record.versions) == {"ecemc", "python", "numpy", "ase"}
    assert record.created.endswith("+00:00")


def test_what_is_read_is_what_was_written(chain):
    text = (chain[2].parent / "train.extxyz.provenance.json").read_text()
    content = json.loads(text)
    assert content["layout"] == "ecemc.provenance/1"
    assert read_provenance(chain[2]).to_dict() == content


def test_no_folder_is_told(chain, tmp_path):
    out = tmp_path / "out.extxyz"
    out.write_text("x")
    record_provenance(
        out, step="fit", parents=[chain[2]],
        parameters={"model": tmp_path / "model.xml", "files": [tmp_path / "a", (tmp_path / "b",)]},
    )  # fmt: skip
    assert str(tmp_path) not in (tmp_path / "out.extxyz.provenance.json").read_text()
    assert read_provenance(out).parameters == {"model": "model.xml", "files": ["a", ["b"]]}


def test_parameters_become_strict_json(tmp_path):
    out = tmp_path / "out"
    out.write_text("x")
    given = {"n": np.int64(3), "cell": np.eye(2), "nothing": None, "nan": float("nan"), "deep": {"a": (1, True)}}
    record_provenance(out, step="test", parameters=given)
    expected = {"n": 3, "cell": [[1.0, 0.0], [0.0, 1.0]], "nothing": None, "nan": None, "deep": {"a": [1, True]}}
    assert read_provenance(out).parameters == expected
    with pytest.raises(InputError, match=r"parameters: .*not JSON serializable"):
        record_provenance(out, step="test", parameters={"calculator": object()})
    assert read_provenance(out).parameters == expected  # the old record stays


def test_a_parent_that_was_changed_goes_without_its_record(chain, tmp_path):
    chain[1].write_text("edited by hand\n")
    out = tmp_path / "out"
    out.write_text("x")
    record_provenance(out, step="test", parents=[chain[1]])
    parent = read_provenance(out).parents[0]
    assert parent.record is None
    assert parent.note == "the file was changed after its own record was written"
    assert parent.sha256 == content_hash(chain[1])
    assert not read_provenance(chain[1]).describes(chain[1])


def test_a_parent_without_record(tmp_path):
    for name in ("in", "out"):
        (tmp_path / name).write_text(name)
    record_provenance(tmp_path / "out", step="test", parents=[str(tmp_path / "in")])
    parent = read_provenance(tmp_path / "out").parents[0]
    assert (parent.file, parent.record, parent.note) == ("in", None, "")


def test_no_record(tmp_path):
    assert read_provenance(tmp_path / "nothing") is None


def test_files_that_are_not_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        record_provenance(tmp_path / "nothing", step="test")
    (tmp_path / "out").write_text("x")
    with pytest.raises(FileNotFoundError):
        record_provenance(tmp_path / "out", step="test", parents=[tmp_path / "nothing"])
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


BAD = {
    "is no JSON": lambda text: text[: len(text) // 2],
    "has layout 'ecemc.provenance/9'": lambda text: text.replace("provenance/1", "provenance/9"),
    "has layout None": lambda _: "[1, 2]",
    "is no whole record: KeyError": lambda text: text.replace('"seed"', '"seeds"'),
    "is no whole record: TypeError": lambda text: text.replace('"parents": []', '"parents": 3'),
}


@pytest.mark.parametrize("message", BAD)
def test_records_that_cannot_be_read(chain, message):
    record = Path(f"{chain[0]}.provenance.json")
    record.write_text(BAD[message](record.read_text()))
    with pytest.raises(FileFormatError, match=message) as error:
        read_provenance(chain[0])
    assert str(record) in str(error.value)
