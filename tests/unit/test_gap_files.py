"""Model files: what is read, and every way in which they can be broken."""

from __future__ import annotations

import shutil

import pytest
from tests.reference.gap_sets import PARAMS, training_set

from ecemc.errors import FileFormatError
from ecemc.gap import fit_gap, read_gap_file

pytest.importorskip("quippy", reason="needs ecemc[gap]")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Models of every kind of descriptor."""
    folder = tmp_path_factory.mktemp("models")
    for kind, params in PARAMS.items():
        fit_gap(training_set(1), params, folder / f"{kind}.xml")
    return folder


@pytest.fixture
def model(made, tmp_path):
    """A model to break."""
    for path in made.glob("soap_turbo.xml*"):
        shutil.copy(path, tmp_path)
    return tmp_path / "soap_turbo.xml"


def test_what_a_model_says(made):
    file = read_gap_file(made / "soap_turbo.xml")
    assert file.e0 == {1: 3.21, 8: 4.6}
    assert file.elements == {1, 8}
    assert file.gap_version > 1_426_512_068
    assert [(entry.kind, entry.zeta, entry.elements) for entry in file.coordinates] == [
        ("soap_turbo", 4.0, {1}),
        ("soap_turbo", 4.0, {8}),
    ] * 2
    assert [entry.dimensions for entry in file.coordinates] == [
        term.length(2) for term in PARAMS["soap_turbo"].descriptors for _ in range(2)
    ]
    assert all(path.name.startswith("soap_turbo.xml.sparseX.GAP_") for path in file.sparse_files)


def test_pair_terms(made):
    file = read_gap_file(made / "distance_2b.xml")
    assert [entry.elements for entry in file.coordinates] == [{1}, {1, 8}, {8}, {1}, {8}]
    assert [entry.zeta for entry in file.coordinates] == [None] * 3 + [4.0] * 2
    assert file.elements == {1, 8}


def refused(path, expected):
    with pytest.raises(FileFormatError) as error:
        read_gap_file(path)
    text = str(error.value)
    assert expected in text
    assert text.startswith(str(path.parent))
    assert "\n" not in text


def test_every_truncation_is_noticed(model):
    content = model.read_bytes()
    for length in [0, 1, 10, *range(100, len(content) - 1, len(content) // 40), len(content) - 3]:
        model.write_bytes(content[:length])
        refused(model, "not whole (")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (b"<gpCoordinates ", b"<gpCoordinates<", "no XML (not well-formed"),
        (b"GAP_params", b"XAP_params", "no GAP: the root is <GAP_"),
        (b'<Potential label="GAP_', b'<Potential label="GUP_', "expected the label of the potential, 'GUP_"),
        (b'n_coordinate="4"', b'n_coordinate="5"', "4 descriptors, expected 5"),
        (b'n_sparseX="', b'n_sparseX="1', "weights, expected 1"),
        (b'dimensions="', b'dimensions="x', "dimensions is 'x"),
        (b' fitted="T"', b' fitted="F"', "sparse points without a fit"),
        (b'Z="8" value="', b'Z="8" value="x', "e0 of element 8: got 'x4."),
        (b'dimensions="', b'dimensions="1', "numbers, expected"),
    ],
)
def test_faults_in_the_xml(model, old, new, expected):
    content = model.read_bytes()
    assert old in content
    model.write_bytes(content.replace(old, new))
    refused(model, expected)


def test_no_gap(tmp_path):
    path = tmp_path / "model.xml"
    path.write_text("<a><b/></a>")
    refused(path, "no GAP: the root is <a>")
    path.write_bytes(bytes(range(256)))
    refused(path, "no XML")


def test_entities_are_not_expanded(model):
    bomb = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;">]>\n'
    model.write_text(bomb + model.read_text())
    refused(model, "holds a document type definition")


def test_missing_sparse_file(model):
    read_gap_file(model).sparse_files[2].unlink()
    refused(model, "are not in the same folder; copy the model again, together with its sparse files")


def test_another_md5_sum(model):
    path = read_gap_file(model).sparse_files[0]
    content = path.read_text()
    path.write_text(content.replace("1", "2", 1))
    with pytest.raises(FileFormatError, match=r"GAP_\w+: MD5 sum \w{32}, expected \w{32} by soap_turbo.xml"):
        read_gap_file(model)


def test_sparse_file_of_another_length_without_md5_sum(model):
    file = read_gap_file(model)
    content = model.read_bytes()
    for k, entry in enumerate(file.coordinates):
        start = content.index(b'sparseX_md5sum="', content.index(f'label="{entry.label}"'.encode())) + 16
        content = content[:start] + content[start + 32 :] if k == 1 else content
    model.write_bytes(content)
    assert read_gap_file(model).label == file.label
    path = file.sparse_files[1]
    path.write_text("\n".join(path.read_text().splitlines()[:-4]) + "\n")
    with pytest.raises(FileFormatError, match=r"numbers, expected \d+; copy the model again"):
        read_gap_file(model)


def test_missing_model(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_gap_file(tmp_path / "none.xml")
