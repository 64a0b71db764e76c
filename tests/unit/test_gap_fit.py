"""Fits with the real gap_fit: what they give, and every way in which they can fail."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tests.reference.gap_sets import PARAMS, labelled, training_set

from ecemc import write
from ecemc.dataset.provenance import content_hash, read_provenance
from ecemc.errors import InputError
from ecemc.gap import GAP, GapFitError, fit_gap, read_gap_file
from ecemc.gap.log import LogReader, explain
from ecemc.gap.run import find_gap_fit
from ecemc.testing import molecule

pytest.importorskip("quippy", reason="needs ecemc[gap]")

SOAP = PARAMS["soap"]


@pytest.fixture(scope="module", params=PARAMS)
def fitted(request, tmp_path_factory):
    """A model of each kind, with the stages that were told."""
    folder = tmp_path_factory.mktemp(request.param)
    write(folder / "train.extxyz", training_set())
    told = []
    result = fit_gap(folder / "train.extxyz", PARAMS[request.param], folder / "model.xml", progress=told.append)
    return result, told


@pytest.fixture
def gap_fit(monkeypatch, tmp_path):
    """Let a shell script be gap_fit; $GAP_FIT in it is the real one."""
    real = find_gap_fit()[0]

    def use(script):
        path = tmp_path / "script.sh"
        path.write_text(f"GAP_FIT={real}\n{script}\n")
        monkeypatch.setenv("ECEMC_GAP_FIT", f"sh {path}")

    return use


def names(folder):
    return sorted(path.name for path in folder.iterdir() if path.name != "script.sh")


def test_fit_reproduces_its_training_set(fitted):
    result, _ = fitted
    calculator = GAP(result.path)
    errors, sizes = [], []
    for atoms in training_set():
        atoms.calc = calculator
        assert atoms.get_potential_energy() == pytest.approx(atoms.info["REF_energy"], abs=0.02)
        errors.append(np.ravel(atoms.get_forces() - atoms.arrays["REF_forces"]))
        sizes.append(np.ravel(atoms.arrays["REF_forces"]))
    error, size = (np.sqrt(np.mean(np.concatenate(part) ** 2)) for part in (errors, sizes))
    assert error < 0.15 * size


def test_virials_are_fitted_with_the_right_sign(fitted):
    result, _ = fitted
    for atoms in training_set()[2:]:
        atoms.calc = GAP(result.path)
        virial = -atoms.get_volume() * atoms.get_stress(voigt=False)
        assert np.abs(virial - atoms.info["REF_virial"].reshape(3, 3)).max() < 0.1 * np.abs(virial).max()


def test_result_says_what_was_done(fitted):
    result, _ = fitted
    assert result.counts == {"energies": 5, "forces": 3 * 36 + 6, "virials": 18}
    assert 0.0 < result.seconds < 100.0
    assert result.peak_memory == pytest.approx(result.expected_memory, rel=0.5)
    assert result.n_sparse == tuple(entry.n_sparse for entry in read_gap_file(result.path).coordinates)


def test_stages_come_in_order_and_progress_grows(fitted):
    _, told = fitted
    stages = list(dict.fromkeys(now.stage for now in told))
    assert stages == ["descriptors", "sparse points", "covariance", "solve"]
    fractions = [now.fraction for now in told]
    assert fractions == sorted(fractions)
    assert 0.0 < fractions[0] < fractions[-1] <= 1.0


def test_files_of_a_fit_and_nothing_else(fitted):
    result, _ = fitted
    model = read_gap_file(result.path)
    expected = {"train.extxyz", "model.xml", "model.xml.log", "model.xml.provenance.json"}
    assert set(names(result.path.parent)) == expected | {path.name for path in model.sparse_files}
    assert all(path.name.startswith(f"model.xml.sparseX.{model.label}") for path in model.sparse_files)
    assert "Bye-Bye" in result.log.read_text()
    assert "Covariance matrix " not in result.log.read_text()


def test_provenance_is_complete(fitted):
    result, _ = fitted
    record = read_provenance(result.path)
    assert record is not None
    assert record.describes(result.path)
    assert (record.step, record.seed, record.n_frames) == ("fit", 1, 5)
    train = result.path.with_name("train.extxyz")
    assert [(parent.file, parent.sha256) for parent in record.parents] == [("train.extxyz", content_hash(train))]
    told = record.parameters
    assert told["params"]["descriptors"][0]["kind"] == result.params.descriptors[0].kind
    assert told["counts"] == result.counts
    assert told["e0"] == {"1": 3.21, "8": 4.6}
    assert told["command"] == ["gap_fit", "config_file=gap_fit.cfg"]
    assert told["gap_version"] == read_gap_file(result.path).gap_version
    assert told["quip_version"].startswith("v")
    assert told["peak_memory_bytes"] == result.peak_memory
    assert len(told["training_data_sha256"]) == 64
    assert str(result.path.parent) not in result.provenance.read_text()


def test_the_same_fit_gives_the_same_files(tmp_path):
    for name in ("a.xml", "b.xml"):
        fit_gap(training_set(1), SOAP, tmp_path / name)
    a, b = ((tmp_path / name).read_bytes() for name in ("a.xml", "b.xml"))
    assert a == b.replace(b"b.xml", b"a.xml")
    first, second = (read_gap_file(tmp_path / name).sparse_files for name in ("a.xml", "b.xml"))
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    fit_gap(training_set(1), SOAP.replace(seed=2), tmp_path / "c.xml")
    assert read_gap_file(tmp_path / "c.xml").label != read_gap_file(tmp_path / "a.xml").label


def test_order_of_elements_in_the_file_does_not_matter(tmp_path):
    frames = training_set(1)
    fit_gap(frames, SOAP, tmp_path / "a.xml")
    fit_gap([frames[1], frames[0], *frames[2:]], SOAP, tmp_path / "b.xml")
    orders = [[entry.elements for entry in read_gap_file(tmp_path / name).coordinates] for name in ("a.xml", "b.xml")]
    assert orders[0] == orders[1] == [{1}, {8}]


def test_overwriting(tmp_path):
    out = tmp_path / "model.xml"
    fit_gap(training_set(1), SOAP, out)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(InputError, match=r"model\.xml: is there already"):
        fit_gap(training_set(1), SOAP, out)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before
    fit_gap(training_set(1), SOAP.replace(seed=2), out, overwrite=True)
    assert len(names(tmp_path)) == len(before)
    assert GAP(out).file.label not in {path.name for path in before}


@pytest.mark.parametrize(
    ("name", "expected"), [("my model.xml", "expected a name of letters"), ("sub/", "is there already")]
)
def test_names_that_cannot_be(tmp_path, name, expected):
    (tmp_path / "sub").mkdir()
    with pytest.raises(InputError, match=expected):
        fit_gap(training_set(1), SOAP, tmp_path / name, overwrite=True)
    with pytest.raises(FileNotFoundError, match="none"):
        fit_gap(training_set(1), SOAP, tmp_path / "none" / "model.xml")


def test_folders_may_have_blanks(tmp_path):
    folder = tmp_path / "my models, 2nd {try}"
    folder.mkdir()
    result = fit_gap(training_set(1), SOAP, folder / "model.xml")
    atoms = training_set(1)[2]
    atoms.calc = GAP(result.path)
    assert np.isfinite(atoms.get_potential_energy())


def test_clusters_and_boxes_in_one_set(tmp_path):
    train = training_set(1)
    alone = labelled(molecule("water"), "isolated_molecule")
    result = fit_gap([*train, alone], SOAP, tmp_path / "model.xml")
    assert result.counts == {"energies": 4, "forces": 6 + 36 + 9, "virials": 6}
    alone.calc = GAP(result.path)
    assert alone.get_potential_energy() == pytest.approx(alone.info["REF_energy"], abs=0.1)


def test_a_bad_set_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(
        InputError, match=r"no frame with one free atom of H.*\(and 1 more errors, see the pre-flight\)"
    ):
        fit_gap(training_set(1)[2:], SOAP, tmp_path / "model.xml")
    assert names(tmp_path) == []


# --- gap_fit that is not there, or fails


def test_gap_fit_that_is_not_there(tmp_path, monkeypatch):
    monkeypatch.setenv("ECEMC_GAP_FIT", "/nowhere/gap_fit")
    with pytest.raises(InputError, match="ECEMC_GAP_FIT: got '/nowhere/gap_fit', but '/nowhere/gap_fit' is no program"):
        fit_gap(training_set(1), SOAP, tmp_path / "model.xml")
    monkeypatch.setenv("ECEMC_GAP_FIT", "mpirun 'gap_fit")
    with pytest.raises(InputError, match=r"ECEMC_GAP_FIT: got .*No closing quotation"):
        fit_gap(training_set(1), SOAP, tmp_path / "model.xml")
    monkeypatch.setenv("ECEMC_GAP_FIT", "")
    assert find_gap_fit()[0].endswith("quippy/gap_fit")
    assert names(tmp_path) == []


def test_a_command_before_gap_fit(tmp_path, monkeypatch):
    monkeypatch.setenv("ECEMC_GAP_FIT", f"env A=b {find_gap_fit()[0]}")
    result = fit_gap(training_set(1), SOAP, tmp_path / "model.xml")
    told = read_provenance(result.path).parameters["command"]
    assert told == ["env", "A=b", "gap_fit", "config_file=gap_fit.cfg"]


def failure(tmp_path, train=None, params=SOAP):
    """Message of a fit that fails, which leaves its log and nothing else; an old model stays."""
    out = tmp_path / "model.xml"
    out.write_text("old")
    with pytest.raises(GapFitError) as error:
        fit_gap(training_set(1) if train is None else train, params, out, overwrite=True)
    assert names(tmp_path) == ["model.xml", "model.xml.failed.log"]
    assert out.read_text() == "old"
    text = str(error.value)
    assert text.endswith(f"its log: {out}.failed.log")
    assert "\n" not in text
    return text


def test_killed(tmp_path, gap_fit):
    gap_fit('$GAP_FIT "$@" & sleep 0.1; kill -9 $!; wait $!')
    text = failure(tmp_path)
    assert text.startswith("gap_fit was killed by SIGKILL (9), most likely for lack of memory (stage: ")
    assert re.search(r"it was expected to take 0\.0\d+ GB, \d.* GB are free now", text)
    gap_fit("kill -9 $$")
    assert failure(tmp_path).startswith("gap_fit was killed by SIGKILL (9)")
    gap_fit("kill -TERM $$")
    assert failure(tmp_path).startswith("gap_fit was killed by SIGTERM: by someone, or at the end of the time")


def test_out_of_memory(tmp_path, gap_fit):
    gap_fit('ulimit -v 400000; exec $GAP_FIT "$@"')
    params = SOAP.replace(descriptors=(SOAP.descriptors[0].model_copy(update={"n_max": 20, "l_max": 20}),))
    text = failure(tmp_path, training_set(3), params)
    assert "out of memory" in text
    assert "it was expected to take 0." in text


@pytest.mark.parametrize("file", ["gap.xml", "gap.xml.sparseX.*1", "gap.xml.sparseX.*2"])
def test_model_that_is_cut_off_although_gap_fit_ends_well(tmp_path, gap_fit, file):
    gap_fit(f'$GAP_FIT "$@"; truncate -s 1000 {file}')
    assert failure(tmp_path).startswith("gap_fit ended without an error, but its model is not whole: ")


@pytest.fixture
def small_disk(tmp_path):
    """A file system with room for the training set, not for the model."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    if (
        mount is None
        or subprocess.run([mount, "-t", "tmpfs", "-o", "size=48k", "tmpfs", folder], check=False).returncode
    ):
        pytest.skip("may not mount a file system")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_full_disk(small_disk):
    """gap_fit does not notice it and ends with status 0."""
    out = small_disk / "model.xml"
    out.write_text("old")
    # Which of the two comes first, a file of the model or a line of the log, is a matter of chance.
    with pytest.raises(
        (GapFitError, OSError), match=r"model is not whole: the disk is full|No space left .*gap_fit.log"
    ):
        fit_gap(training_set(1), SOAP, out, overwrite=True)
    assert out.read_text() == "old"
    assert set(names(small_disk)) <= {"model.xml", "model.xml.failed.log"}


def test_disk_that_is_full_from_the_start(small_disk):
    (small_disk / "ballast").write_bytes(bytes(47 * 1024 - 8192))
    with pytest.raises(OSError, match="No space left on device"):
        fit_gap(training_set(3), SOAP, small_disk / "model.xml")
    assert names(small_disk) == ["ballast"]


def test_limit_on_the_size_of_files(tmp_path, gap_fit):
    gap_fit('ulimit -f 30; exec $GAP_FIT "$@"')
    assert "a file became larger than the limit on this machine (ulimit -f)" in failure(tmp_path)


def test_other_counts_than_were_sent(tmp_path, gap_fit):
    gap_fit("sed -i 's/REF_virial=/other=/' train.xyz; exec $GAP_FIT \"$@\"")
    assert failure(tmp_path).startswith(
        "gap_fit says it read 3 energies, 42 forces, 0 virials, but was given 3 energies, 42 forces, 6 virials"
    )


def test_its_own_message_is_passed_on(tmp_path, gap_fit):
    gap_fit("sed -i 's/n_max=3/n_max=three/' gap_fit.cfg; exec $GAP_FIT \"$@\"")
    text = failure(tmp_path)
    assert text.startswith("gap_fit failed (stage: read): string_to_int: could not convert")
    assert "File " not in text
    gap_fit("sed -i 's/rnd_seed=/rnd_speed=/' gap_fit.cfg; exec $GAP_FIT \"$@\"")
    assert "this gap_fit is another version than ecemc knows (gap_fit: " in failure(tmp_path)


def test_failure_without_a_word(tmp_path, gap_fit):
    gap_fit("exit 3")
    assert failure(tmp_path).startswith("gap_fit failed (stage: read): without a word")


def test_something_else_than_gap_fit(tmp_path, gap_fit):
    gap_fit("echo hello")
    assert "gap_fit says it read 0 energies" in failure(tmp_path)


def processes_in(folder):
    """Numbers of processes whose working folder is in a folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cwd"):
        try:
            here = str(entry.readlink())
        except OSError:
            continue
        if here.startswith(str(folder)):
            found.append(entry.parent.name)
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_ctrl_c_ends_gap_fit_and_leaves_nothing(tmp_path):
    running = []

    def interrupt(_now):
        running.extend(processes_in(tmp_path))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit_gap(training_set(1), SOAP, tmp_path / "model.xml", progress=interrupt)
    assert len(running) == 1
    assert processes_in(tmp_path) == []
    assert names(tmp_path) == []


# --- reading the log


def test_progress_weighs_descriptors_by_their_work():
    reader = LogReader()
    for line in (
        "Descriptor 1: soap n_sparse=10 a=b",
        "Descriptor 2: soap n_sparse=30 a=b",
        "Descriptor 1 :: xPrime 100 1000 memory 19 MB",
        "Descriptor 2 :: xPrime 100 1000 memory 11 MB",
        "Cartesian coordinates transformed to descriptors",
    ):
        reader.add(line)
    fractions = [
        reader.add(line).fraction
        for line in (
            "Started sparse covariance matrix calculation of coordinate 1",
            "Covariance matrix  50% |**********          |   1.2 /   2.5 s",
            "Started sparse covariance matrix calculation of coordinate 2",
            "Covariance matrix 100% |********************|   2.5 /   2.5 s",
        )
    ]
    assert fractions == pytest.approx([0.2, 0.2 + 0.7 * 0.125, 0.2 + 0.7 * 0.25, 0.9])


@pytest.mark.parametrize(
    ("status", "tail", "expected"),
    [
        (-11, [], "SIGSEGV: a fault of gap_fit"),
        (139, [], "SIGSEGV: a fault of gap_fit"),
        (-31, [], "gap_fit was killed by signal 31"),
        (2, ["At line 3", "forrtl: No space left on device"], "the disk is full"),
        (1, ["SYSTEM ABORT: LA_Matrix_Factorise: cannot factorise, error: 3"], "increase sparse_jitter"),
        (1, ["a", "b", "c", "d"], "gap_fit failed (stage: solve): b c d"),
    ],
)
def test_reasons(status, tail, expected):
    assert expected in explain(status, tail, "solve")
