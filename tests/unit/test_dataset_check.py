"""Each fault of a data set is found, and nothing else is; a sound set passes."""

from __future__ import annotations

import gzip
import json
import math
from copy import deepcopy

import ase.io
import numpy as np
import pytest
from ase import Atoms
from ase.build import molecule
from ase.constraints import FixAtoms
from tests.reference.springs import ATOMS, dataset, isolated

from ecemc import read, volume_scan, write
from ecemc.dataset import check_dataset
from ecemc.errors import FileFormatError, InputError
from ecemc.labels import LabelKeys

N_ATOMS = 3  # isolated atoms in front
ORDER = "virial sign and order"


@pytest.fixture(scope="module")
def sound():
    return dataset()


@pytest.fixture
def frames(sound):
    return deepcopy(sound)


def found(data, names=None):
    """Findings that are not fine."""
    report = check_dataset(data, names)
    return {finding.name: finding for finding in report.findings if finding.status in {"attention", "fail"}}


def only(data, name, status, names=None):
    """The one finding that is not fine."""
    bad = found(data, names)
    assert set(bad) == {name}, bad
    assert bad[name].status == status
    return bad[name]


def liquids(frames):
    return frames[N_ATOMS:]


def test_a_sound_set_passes(frames, tmp_path):
    report = check_dataset(frames)
    assert report.status == "pass", report.findings
    assert (report.n_frames, report.n_atoms) == (len(frames), sum(map(len, frames)))
    unknown = {finding.name for finding in report.findings if finding.status == "unknown"}
    assert unknown == {"convergence", "virial text"}  # nobody says; no text in memory
    write(tmp_path / "sound.extxyz", frames)
    from_file = check_dataset(tmp_path / "sound.extxyz")
    assert from_file.finding("virial text").status == "pass"
    assert from_file.status == "pass"
    assert from_file.groups == report.groups
    assert [group.config_type for group in report.groups] == ["isolated_atom", "liquid"]
    liquid = report.groups[1]
    assert dict(liquid.compositions) == {"EC + 2 EMC": len(frames) - N_ATOMS}
    assert (liquid.n_energy, liquid.n_forces, liquid.n_virial) == (len(frames) - N_ATOMS,) * 3
    energies = [atoms.info["REF_energy"] / len(atoms) for atoms in liquids(frames)]
    assert liquid.energy_per_atom == pytest.approx((min(energies), max(energies)))
    rms = np.sqrt(np.mean(np.concatenate([a.arrays["REF_forces"] for a in liquids(frames)]) ** 2))
    assert liquid.force_rms == pytest.approx(rms)


def test_the_report_is_strict_json(frames):
    report = check_dataset(frames)
    content = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert content["status"] == "pass"
    assert content["keys"]["energy"] == "REF_energy"
    assert [finding["name"] for finding in content["findings"]] == [finding.name for finding in report.findings]


def rename(frames, **names):
    for atoms in frames:
        for old, new in names.items():
            for table in (atoms.info, atoms.arrays):
                if old in table:
                    table[new] = table.pop(old)


def test_labels_under_another_prefix(frames):
    rename(frames, REF_energy="DFT_energy", REF_forces="DFT_forces", REF_virial="DFT_virial")
    finding = check_dataset(frames).finding("keys")
    assert finding.status == "fail"
    assert "DFT_energy (in 19)" in finding.text
    assert finding.advice == "Give --prefix DFT_."
    assert found(frames, LabelKeys.prefixed("DFT_")) == {}


def test_labels_under_names_that_ase_eats(frames, tmp_path):
    rename(frames, REF_energy="energy", REF_forces="forces", REF_virial="virial")
    path = tmp_path / "eaten.extxyz"
    ase.io.write(path, frames)
    finding = check_dataset(path).finding("keys")
    assert finding.status == "fail"
    assert finding.advice.startswith("Give --prefix ''. These are names that ASE moves")
    finding = only(path, "keys", "attention", LabelKeys.prefixed(""))
    assert "ASE moves into a calculator" in finding.text


def test_labels_under_names_without_system(frames):
    rename(frames, REF_energy="E", REF_forces="my_force")
    finding = check_dataset(frames).finding("keys")
    assert finding.advice == "Give --energy-key E --forces-key my_force."
    assert found(frames, LabelKeys("E", "my_force", "REF_virial", "REF_stress")) == {}


def test_parts_of_labels_are_no_labels(frames):
    rename(frames, REF_energy="energy_sigma", REF_forces="forces_trans")
    finding = check_dataset(frames).finding("keys")
    assert finding.text == "no REF_energy and no REF_forces in any frame"
    assert finding.advice == "Label the frames with 'ecemc label'."


def test_data_without_forces(frames):
    for atoms in frames:
        del atoms.arrays["REF_forces"]
    finding = only(frames, "keys", "fail")
    assert finding.text == "no REF_forces in any frame"


def test_energies_missing_in_some_frames(frames):
    del frames[5].info["REF_energy"]
    del frames[7].arrays["REF_forces"]
    finding = only(frames, "keys", "attention")
    assert finding.frames == (5, 7)
    assert finding.text == "REF_energy is missing in frame 5, REF_forces is missing in frame 7 of 19"


@pytest.mark.parametrize(("n", "text"), [(1, "no REF_virial in 1 of 16 periodic frames (frame 3)"), (16, "in any")])
def test_virials_missing(frames, n, text):
    for atoms in liquids(frames)[:n]:
        del atoms.info["REF_virial"]
    finding = only(frames, "keys", "attention")
    assert text in finding.text
    assert finding.frames == tuple(range(3, 3 + n))


BAD_LABELS = {
    "shape (40,), expected (40, 3) numbers": lambda atoms: atoms.arrays.update(REF_forces=np.ones(len(atoms))),
    "REF_forces: holds NaN": lambda atoms: atoms.arrays["REF_forces"].put(3, np.nan),
    "REF_energy: holds NaN": lambda atoms: atoms.info.update(REF_energy=math.nan),
    "REF_energy: got str": lambda atoms: atoms.info.update(REF_energy="low"),
    "REF_virial: got six numbers": lambda atoms: atoms.info.update(REF_virial=np.ones(6)),
    "contradict each other": lambda atoms: atoms.info.update(REF_stress=np.ones(9)),
}


@pytest.mark.parametrize("text", BAD_LABELS)
def test_labels_that_cannot_be_used(frames, text):
    BAD_LABELS[text](frames[4])
    finding = only(frames, "values", "fail")
    assert finding.frames == (4,)
    assert text in finding.text
    assert "frame 4: " in finding.text


def test_zeros(frames):
    frames[3].arrays["REF_forces"][:] = 0.0
    frames[4].info["REF_virial"] = np.zeros(9)
    finding = only(frames, "zeros", "fail")
    assert finding.frames == (3, 4)
    frames[5].info["REF_energy"] = 0.0
    assert "energy exactly zero in frame 5" in found(frames)["zeros"].text


def test_unconverged(frames):
    for atoms in frames:
        atoms.info["scf_converged"] = True
    assert check_dataset(frames).finding("convergence").status == "pass"
    frames[6].info["scf_converged"] = False
    frames[7].info["scf_converged"] = "F"
    frames[8].info["unconverged"] = True
    frames[9].info["unconverged"] = False
    assert only(frames, "convergence", "fail").frames == (6, 7, 8)


def test_fixed_atoms(frames, tmp_path):
    frames[3].set_constraint(FixAtoms([0, 1]))
    assert only(frames, "constraints", "attention").frames == (3,)
    frames[3].arrays["REF_forces"][:2] = 0.0
    bad = found(frames)
    assert set(bad) == {"constraints", "net force"}  # the others no longer balance
    assert bad["constraints"].status == "fail"
    write(tmp_path / "fixed.extxyz", frames)
    assert found(tmp_path / "fixed.extxyz")["constraints"].status == "fail"


def test_forces_that_do_not_sum_to_zero(frames):
    frames[9].arrays["REF_forces"] += [0.0, 0.3, 0.0]
    assert only(frames, "net force", "attention").frames == (9,)
    frames[9].arrays["REF_forces"] -= [0.0, 0.299, 0.0]
    assert found(frames) == {}


UNITS = {"eV/bohr": 0.529177, "hartree/bohr": 1 / 51.4221, "kcal/mol/Å": 23.0605, "kJ/mol/nm": 964.853}


@pytest.mark.parametrize("unit", UNITS)
def test_forces_in_other_units(frames, unit):
    for atoms in frames:
        atoms.arrays["REF_forces"] *= UNITS[unit]
    bad = found(frames)
    assert bad["force units"].status == "fail"
    assert unit in bad["force units"].text
    virials_fit = unit == "eV/bohr"  # within what differs between liquids
    assert set(bad) - {"net force"} == ({"force units"} if virials_fit else {"force units", ORDER})
    for atoms in liquids(frames):
        atoms.info["REF_virial"] = atoms.info["REF_virial"] * UNITS[unit]
    assert set(found(frames)) - {"net force"} == {"force units"}


def test_gradients_instead_of_forces(frames):
    for atoms in frames:
        atoms.arrays["REF_forces"] *= -1.0
    bad = found(frames)
    assert "the sign is wrong" in bad["force units"].advice.lower()
    assert set(bad) == {"force units", ORDER}


def test_forces_without_bonds_to_judge_by():
    """Argon in kJ/mol/nm."""
    rng = np.random.default_rng(0)
    frames = [Atoms("Ar8", rng.uniform(0, 12, (8, 3)), cell=[12] * 3, pbc=True) for _ in range(3)]
    for atoms in frames:
        forces = rng.normal(scale=0.05, size=(8, 3))
        atoms.arrays["REF_forces"] = forces - forces.mean(axis=0)
        atoms.info["REF_energy"] = -0.1
    assert check_dataset(frames).finding("force units").status == "unknown"
    for atoms in frames:
        atoms.arrays["REF_forces"] *= 964.853
    assert check_dataset(frames).finding("force units").status == "attention"


@pytest.mark.parametrize("unit", [0.0367493, 23.0605])
def test_energies_in_other_units(frames, unit):
    for atoms in frames:
        atoms.info["REF_energy"] *= unit
    finding = only(frames, "energy units", "attention")
    assert {0.0367493: "hartree", 23.0605: "kcal/mol"}[unit] in finding.text


def test_isolated_atoms_of_another_method(frames):
    for atoms in frames[:N_ATOMS]:
        atoms.info["REF_energy"] *= 0.9
    only(frames, "energy units", "attention")
    for atoms in frames[:N_ATOMS]:
        atoms.info["REF_energy"] = 0.0
    assert check_dataset(frames).finding("energy units").status == "unknown"


def each_virial(frames, change):
    for atoms in liquids(frames):
        atoms.info["REF_virial"] = change(atoms, atoms.info["REF_virial"].reshape(3, 3)).ravel()


def exchanged(order):
    """Off-diagonal elements of a code that counts them as `order`, taken for xy xz yz."""

    def change(_, w):
        place = {"xy": (0, 1), "xz": (0, 2), "yz": (1, 2)}
        new = np.diag(np.diag(w))
        for here, there in zip(("xy", "xz", "yz"), order, strict=True):
            a, b = place[here]
            new[a, b] = new[b, a] = w[place[there]]
        return new

    return change


@pytest.mark.parametrize("order", [("yz", "xz", "xy"), ("xy", "yz", "xz"), ("xz", "yz", "xy"), ("yz", "xy", "xz")])
def test_virials_in_the_order_of_another_code(frames, order):
    each_virial(frames, exchanged(order))
    finding = only(frames, ORDER, "fail")
    assert "components are exchanged" in finding.text
    stands = {there: here for here, there in zip(("xy", "xz", "yz"), order, strict=True)}
    assert f"only if {', '.join(stands[name] for name in ('xy', 'xz', 'yz'))} are taken for xy, xz, yz" in finding.text


def test_virials_of_the_wrong_sign(frames):
    each_virial(frames, lambda _, w: -w)
    assert "the sign is wrong" in only(frames, ORDER, "fail").text
    each_virial(frames, exchanged(("yz", "xz", "xy")))
    assert "exchanged, and the sign is wrong" in only(frames, ORDER, "fail").text


def test_a_stress_called_virial(frames):
    each_virial(frames, lambda atoms, w: -w / atoms.cell.volume)
    assert "the sign is wrong" in only(frames, ORDER, "fail").text
    each_virial(frames, lambda _, w: -w)
    assert "a stress under the name of a virial?" in only(frames, ORDER, "fail").text
    each_virial(frames, lambda _, w: 5.0 * w)
    assert "other units than the forces?" in only(frames, ORDER, "fail").text


def test_a_stress_in_the_place_of_the_virial(frames):
    for atoms in liquids(frames):
        w = atoms.info.pop("REF_virial").reshape(3, 3)
        stress = -w / atoms.cell.volume
        atoms.info["REF_stress"] = stress[[0, 1, 2, 1, 0, 0], [0, 1, 2, 2, 2, 1]]
    assert found(frames) == {}
    assert check_dataset(frames).finding(ORDER).status == "pass"
    for atoms in liquids(frames):
        atoms.info["REF_stress"] = -atoms.info["REF_stress"]
    assert "the sign is wrong" in only(frames, ORDER, "fail").text


def test_virials_that_cannot_be_judged(frames):
    assert check_dataset(frames[: N_ATOMS + 7]).finding(ORDER).status == "unknown"
    rng = np.random.default_rng(1)
    each_virial(frames, lambda *_: np.diag(rng.normal(size=3)) + sum(rng.normal() * (s + s.T) for s in SHEARS))
    assert "cannot be told" in check_dataset(frames).finding(ORDER).text


SHEARS = [np.eye(3, k=1) * [[1], [0], [0]], np.eye(3, k=1) * [[0], [1], [0]], np.eye(3, k=2)]


def test_virials_of_clusters_are_exact():
    """For a cluster in vacuum there is nothing but Σ r⊗f."""
    rng = np.random.default_rng(0)
    clusters = []
    for _ in range(3):
        atoms = molecule("CH3OH")
        atoms.rattle(0.05, rng=rng)
        center = atoms.positions.mean(axis=0)
        pulls = -5.0 * (atoms.positions - center) + 3.0
        atoms.arrays["REF_forces"] = pulls - pulls.mean(axis=0)
        atoms.info = {"REF_energy": -1.0}
        atoms.info["REF_virial"] = (atoms.positions.T @ atoms.arrays["REF_forces"]).ravel()
        clusters.append(atoms)
    finding = check_dataset(clusters).finding(ORDER)
    assert (finding.status, finding.text) == ("pass", "W = Σ r⊗f in all 3 clusters")
    clusters[1].info["REF_virial"] = -clusters[1].info["REF_virial"]
    finding = check_dataset(clusters).finding(ORDER)
    assert (finding.status, finding.frames) == ("fail", (1,))


def test_asymmetric_virials(frames):
    frames[5].info["REF_virial"][1] += 2.0
    assert only(frames, "virial symmetry", "attention").frames == (5,)


def text_of(path, frames):
    write(path, frames)
    return path.read_text()


def test_virials_that_gap_fit_does_not_see(frames, tmp_path):
    path = tmp_path / "a.extxyz"
    frames[4].info["REF_virial"] = frames[4].info["REF_virial"].reshape(3, 3)  # which ASE and we write as JSON
    frames[5].info["REF_virial"] = np.round(frames[5].info["REF_virial"]).astype(int)
    assert "_JSON" in text_of(path, frames)
    finding = only(path, "virial text", "attention")
    assert finding.frames == (4, 5)
    assert "1 as JSON and 1 in whole numbers" in finding.text


@pytest.mark.parametrize("quote", ['"{}"', "'{}'", "{{{}}}"])
def test_the_text_is_found_in_any_quotes_blank_lines_and_gzip(frames, tmp_path, quote):
    plain = " ".join(map(repr, frames[3].info["REF_virial"].tolist()))
    text = text_of(tmp_path / "a.extxyz", frames[:4])
    assert plain in text
    text = "\n" + text.replace(f'"{plain}"', quote.format("1 2 3 2 1 4 3 4 5"))
    path = tmp_path / "b.extxyz.gz"
    path.write_bytes(gzip.compress(text.encode()))
    assert np.array_equal(read(path, -1).info["REF_virial"], [1, 2, 3, 2, 1, 4, 3, 4, 5])
    assert found(path)["virial text"].frames == (3,)


def test_no_isolated_atoms(frames):
    finding = only(liquids(frames), "isolated atoms", "attention")
    assert finding.text == "there is no isolated atom of C, H, O"


def test_an_isolated_atom_is_missing(frames):
    assert "but not of H" in only(frames[1:], "isolated atoms", "fail").text


def test_an_isolated_atom_without_energy(frames):
    del frames[1].info["REF_energy"]
    bad = found(frames)
    assert set(bad) == {"keys", "isolated atoms"}
    assert bad["isolated atoms"].frames == (1,)


def test_isolated_atoms_twice(frames):
    frames.append(isolated("C"))
    finding = only(frames, "isolated atoms", "attention")
    assert finding.frames == (len(frames) - 1,)
    frames[-1].info["REF_energy"] += 0.5
    finding = only(frames, "isolated atoms", "fail")
    assert finding.frames == (1, len(frames) - 1)
    assert "different energies: −148.20000 and −147.70000 eV" in finding.text


def test_isolated_atoms_under_another_name_or_in_a_small_box(frames):
    frames[0].info["config_type"] = "IsolatedAtom"
    assert found(frames) == {}
    frames[0].info["config_type"] = "liquid"
    frames[1].cell[:] = np.eye(3) * 5.0
    finding = only(frames, "isolated atoms", "attention")
    assert finding.frames == (0, 1)


def test_energies_that_stand_apart(frames):
    frames[8].info["REF_energy"] += 5.0
    finding = only(frames, "energies", "attention")
    assert finding.frames == (8,)
    frames[8].info["REF_energy"] = 1e4
    assert only(frames, "energies", "attention").frames == (8,)


def test_energies_of_different_compositions_do_not_stand_apart():
    """Twice as many molecules have twice the energy."""
    frames = dataset(12) + [atoms.repeat((2, 1, 1)) for atoms in dataset(6, seed=3)[N_ATOMS:]]
    for atoms in frames[-6:]:
        atoms.info["REF_energy"] *= 2.0
        atoms.info["REF_virial"] = 2.0 * np.array(atoms.info["REF_virial"])
    assert found(frames) == {}
    frames[-1].info["REF_energy"] += 20.0
    assert only(frames, "energies", "attention").frames == (len(frames) - 1,)


def moved(atoms, seed=0):
    """The same geometry: atoms in another order, other images, all shifted, wrapped."""
    rng = np.random.default_rng(seed)
    twin = atoms[rng.permutation(len(atoms))]
    twin.info = {**atoms.info}
    twin.positions += rng.integers(-1, 2, twin.positions.shape) @ twin.cell.array + rng.normal(size=3)
    twin.wrap()
    twin.positions = twin.positions.round(4)
    return twin


def test_duplicates(frames):
    frames.append(moved(frames[7]))
    finding = only(frames, "duplicates", "attention")
    assert finding.frames == (len(frames) - 1,)
    assert finding.text == f"geometries that an earlier frame has: frame {len(frames) - 1}"


def test_duplicates_with_different_labels(frames):
    frames.append(moved(frames[7]))
    frames[-1].info["REF_energy"] += 1.0
    finding = only(frames, "duplicates", "fail")
    assert finding.frames == (7, len(frames) - 1)
    frames[-1].info["REF_energy"] -= 1.0
    frames[-1].arrays["REF_forces"] *= 1.1
    assert found(frames)["duplicates"].status == "fail"


def test_a_displaced_atom_is_no_duplicate(frames):
    frames.append(frames[7].copy())
    hydrogen = int(np.flatnonzero(frames[-1].numbers == 1)[0])
    frames[-1].positions[hydrogen] += [0.02, 0.01, 0.0]
    assert check_dataset(frames).finding("duplicates").status == "pass"


def test_a_scan_has_no_duplicates(frames):
    scan = volume_scan(frames[5], [0.999, 1.0, 1.001, 1.1])
    assert check_dataset(scan).finding("duplicates").status == "pass"
    assert check_dataset([*scan, frames[5]]).finding("duplicates").frames == (4,)


def test_cells(frames):
    cluster = molecule("CH3OH")
    cluster.arrays["REF_forces"] = frames[3].arrays["REF_forces"][: len(cluster)] * 0.0
    cluster.arrays["REF_forces"][:2, 0] = (1.0, -1.0)
    cluster.info = {"REF_energy": sum(ATOMS[s] for s in cluster.symbols) - 30.0, "config_type": "isolated_molecule"}
    frames.append(cluster)
    finding = only(frames, "cells", "attention")
    assert "no Lattice in frame 19" in finding.text
    assert finding.frames == (len(frames) - 1,)
    cluster.cell[:] = np.eye(3) * 20.0
    assert found(frames) == {}
    cluster.cell[:] = np.eye(3) * 6.0
    assert "takes every Lattice as periodic" in only(frames, "cells", "attention").advice


def test_a_geometry_that_cannot_be_used(frames):
    frames[6].positions[2, 1] = np.nan
    finding = only(frames, "cells", "fail")
    assert finding.frames == (6,)
    assert "frame 6: " in finding.text


def test_contacts(frames):
    first, second = (np.flatnonzero(frames[10].numbers == 1)[k] for k in (0, -1))  # of EC and of EMC
    frames[10].positions[second] = frames[10].positions[first] + [0.3, 0.0, 0.0]
    bad = found(frames)
    assert bad["contacts"].frames == (10,)
    assert bad["contacts"].text.endswith("closest H–H 0.300 Å in frame 10")
    assert {"contacts", "molecules"} <= set(bad)


def test_broken_molecules(frames):
    hydrogen = int(np.flatnonzero(frames[10].numbers == 1)[0])
    free = frames[10].positions[hydrogen]
    centers = frames[10].positions[frames[10].numbers == 6]
    carbon = centers[np.linalg.norm(centers - free, axis=1).argmin()]
    frames[10].positions[hydrogen] = carbon + 1.7 * (free - carbon) / np.linalg.norm(free - carbon)
    finding = only(frames, "molecules", "attention")
    assert finding.frames == (10,)
    assert "−1 EC" in finding.text
    frames[10].info["config_type"] = "volume_scan"
    assert check_dataset(frames).finding("molecules").status == "pass"


def test_an_isolated_molecule_is_one(frames):
    frames[10].info["config_type"] = "isolated_molecule"
    assert "isolated_molecule that is not one molecule: frame 10" in only(frames, "molecules", "attention").text


def test_molecules_without_end():
    chain = Atoms("C4", [[1.4 * k, 0, 0] for k in range(4)], cell=[5.6, 20, 20], pbc=True, info={"REF_energy": -1.0})
    finding = check_dataset([chain]).finding("molecules")
    assert "bonded to their own image in frame 0" in finding.text


def test_bad_input(tmp_path):
    with pytest.raises(InputError, match="frames: there is no frame to check"):
        check_dataset([])
    with pytest.raises(FileNotFoundError):
        check_dataset(tmp_path / "missing.extxyz")
    (tmp_path / "cut.extxyz").write_text("3\n\nHe 0 0 0\n")
    with pytest.raises(FileFormatError, match=r"cut\.extxyz"):
        check_dataset(tmp_path / "cut.extxyz")


def test_progress_and_one_frame(sound):
    seen = []
    report = check_dataset(sound, progress=seen.append)
    assert seen == list(range(1, report.n_frames + 1))
    assert check_dataset(sound[5]).n_frames == 1
    assert check_dataset(iter(sound[:4])).n_frames == 4
