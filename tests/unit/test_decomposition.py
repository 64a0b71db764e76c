"""Decomposition into parts: arguments, storage, molecules labelled elsewhere, files, failures."""

from __future__ import annotations

import json

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule
from ase.calculators.calculator import CalculatorSetupError
from tests.reference.pair_potential import PairPotential

import ecemc
from ecemc.decomposition import (
    DecomposeOptions,
    LabelledMolecules,
    PropertyParts,
    cell_name,
    decompose,
    decompose_properties,
    decomposed,
    has_parts,
    part_keys,
    plan,
    read_cell,
    read_parts,
    with_parts,
)
from ecemc.errors import CalculationError, InfiniteMoleculeError, InputError
from ecemc.evaluation import compute
from ecemc.isolated import isolated_molecules
from ecemc.keys import belongs_to_geometry
from ecemc.labels import LabelKeys, Labels, read_labels, with_labels
from ecemc.methods import Method
from ecemc.testing import liquid, trajectory

PAIRS = Method("pairs", "pairs 4.0", PairPotential)
ONE = DecomposeOptions(n_jobs=1)


class NoOxygenAlone(PairPotential):
    """Fails for a molecule of water alone, and for boxes that are too small."""

    def calculate(self, atoms=None, properties=("energy",), system_changes=()):
        if str(atoms.symbols) == "OH2":
            message = "SCF did not converge"
            raise CalculatorSetupError(message)
        super().calculate(atoms, properties, system_changes)


class Together(NoOxygenAlone):
    """Takes many at once."""

    def labels(self, frames):
        self.n_frames = len(frames)
        return [self.one(atoms) for atoms in frames]

    def one(self, atoms):
        self.calculate(atoms)
        return Labels(self.results["energy"], self.results["forces"], np.eye(3))


def box(**counts):
    return liquid(**({"n_ec": 1, "n_emc": 1, "density": 0.4} | counts))


def same(one, other):
    assert (one.energy is None) == (other.energy is None)
    assert one.energy is None or one.energy == pytest.approx(other.energy, abs=1e-12)
    for name in ("forces", "virial"):
        a, b = getattr(one, name), getattr(other, name)
        assert (a is None) == (b is None)
        assert a is None or np.allclose(a, b, rtol=0, atol=1e-12)


class TestProperties:
    def test_both_ways_of_reading_agree(self):
        parts = decompose_properties(box(), PairPotential())
        for part in ("total", "intra", "inter"):
            for quantity in ("energy", "forces", "virial"):
                assert getattr(getattr(parts, quantity), part) is not None
                assert np.array_equal(getattr(getattr(parts, quantity), part), getattr(getattr(parts, part), quantity))

    def test_single_atoms_have_nothing_within(self):
        atoms = Atoms("He3", [[1, 1, 1], [3, 1, 1], [1, 3.5, 1]], cell=[6, 6, 6], pbc=True)
        parts = decompose_properties(atoms, PairPotential())
        assert parts.intra.energy == 0.0
        assert not parts.intra.forces.any()
        assert parts.inter.energy == parts.total.energy > 0.0

    def test_input_is_not_touched(self):
        atoms = with_labels(box(), Labels(1.0, np.ones((25, 3))))
        atoms.calc = PairPotential()
        before = atoms.copy()
        decompose_properties(atoms, PairPotential())
        assert atoms == before
        assert read_labels(atoms).energy == 1.0
        assert atoms.calc is not None

    def test_infinite_networks_are_refused(self):
        with pytest.raises(InfiniteMoleculeError):
            decompose_properties(bulk("C", cubic=True), PairPotential(3.0))

    @pytest.mark.parametrize("cell", ["box", "", -1.0, 0.0, float("nan"), [10.0]])
    def test_other_cells_are_refused(self, cell):
        with pytest.raises(InputError, match="cell"):
            decompose_properties(box(), PairPotential(), cell=cell)

    def test_short_boxes_are_refused(self):
        with pytest.raises(InputError, match="long"):
            decompose_properties(box(), PairPotential(), cell=3.0)

    def test_failing_molecule_is_named(self):
        with pytest.raises(CalculationError, match=r"molecule 2 \(H2O\) alone in vacuum: .*SCF did not converge"):
            decompose_properties(box(n_water=1), NoOxygenAlone())

    def test_whole_and_molecules_go_to_a_calculator_at_once_if_it_can(self):
        calculator = Together()
        found, expected = (decompose_properties(box(), each) for each in (calculator, PairPotential()))
        assert calculator.n_frames == 3
        assert found.energy.inter == expected.energy.inter
        assert np.array_equal(found.forces.inter, expected.forces.inter)
        assert np.array_equal(found.virial.total, np.eye(3))
        assert np.array_equal(found.virial.intra, expected.virial.intra)
        with pytest.raises(CalculationError, match=r"molecule 2 \(H2O\) alone in vacuum: .*SCF did not converge"):
            decompose_properties(box(n_water=1), calculator)

    def test_virial_is_none_where_it_is_not_defined(self):
        atoms = box()
        atoms.pbc = [True, True, False]
        parts = decompose_properties(atoms, PairPotential())
        assert parts.virial is None
        assert parts.inter.virial is None
        assert parts.energy is not None

    def test_molecules_can_be_given(self):
        atoms = molecule("H2O") + molecule("H2O")
        atoms.positions[3:] += [0, 0, 2.2]
        joined = ecemc.find_molecules(atoms, scale=3.0)
        assert len(joined) == 1
        assert decompose_properties(atoms, PairPotential(), molecules=joined).inter.energy == pytest.approx(0.0)
        assert decompose_properties(atoms, PairPotential()).inter.energy > 1e-3

    def test_total_charge_of_several_molecules_is_refused(self):
        atoms = box()
        atoms.info["charge"] = 1
        with pytest.raises(InputError, match="initial_charges"):
            decompose_properties(atoms, PairPotential())
        atoms.info["charge"] = 0
        assert decompose_properties(atoms, PairPotential()).energy is not None


class TestCells:
    @pytest.mark.parametrize("cell", [None, "parent", 20.0])
    def test_names_are_read_back(self, cell):
        assert read_cell(cell_name(cell)) == cell
        assert read_cell(str(cell_name(cell))) == cell

    @pytest.mark.parametrize("text", ["vacuum", "-3", "nan", "inf", "", None])
    def test_other_names_are_refused(self, text):
        with pytest.raises(InputError, match=r"--cell: got .*expected none"):
            read_cell(text, "--cell")


class TestStorage:
    def test_keys_are_those_of_asemolec_and_belong_to_the_geometry(self):
        stored = with_parts(box(), decompose_properties(box(), PairPotential()), LabelKeys.prefixed("DFT_"))
        wanted = {"DFT_energy", "DFT_energy_intram", "DFT_energy_interm", "DFT_virial", "DFT_virial_intram"}
        assert wanted <= set(stored.info)
        arrays = {f"DFT_forces{end}" for end in ("", "_intram", "_interm", "_trans", "_rot", "_vib")}
        assert arrays <= set(stored.arrays)
        assert all(map(belongs_to_geometry, wanted | arrays))
        (part, _) = ecemc.split_molecules(stored)
        assert not [key for key in (*part.info, *part.arrays) if "DFT" in key]

    def test_either_part_is_enough(self):
        atoms = box()
        parts = decompose_properties(atoms, PairPotential())
        stored = with_parts(atoms, parts)
        for ending in ("intram", "interm"):
            copy = stored.copy()
            for table in (copy.info, copy.arrays):
                for key in [key for key in table if key.endswith(ending)]:
                    del table[key]
            assert has_parts(copy)
            same(read_parts(copy).intra, parts.intra)

    def test_without_parts_only_the_total_is_known(self):
        atoms = with_labels(box(), Labels(-1.0))
        assert not has_parts(atoms)
        parts = read_parts(atoms)
        assert parts.total.energy == -1.0
        assert parts.intra.energy is parts.inter.energy is parts.energy is None

    def test_parts_of_other_labels_are_refused(self):
        stored = with_parts(box(), decompose_properties(box(), PairPotential()))
        stored.info["REF_energy"] += 0.1
        with pytest.raises(
            InputError, match=r"frame 7: REF_energy_intram \+ REF_energy_interm misses REF_energy by 0.1"
        ):
            read_parts(stored, where="frame 7")
        # Digits lost in a text file are no reason.
        stored.info["REF_energy"] -= 0.1 - 1e-5
        read_parts(stored)

    def test_stale_parts_are_taken_off(self):
        stored = with_parts(box(), decompose_properties(box(), PairPotential()))
        renewed = with_parts(stored, PropertyParts(Labels(1.0), Labels()))
        assert not has_parts(renewed)
        assert not [key for key in renewed.arrays if key.startswith("REF_")]

    def test_part_keys(self):
        assert part_keys(LabelKeys("E", "F", "W", "S"), "inter") == LabelKeys(
            "E_interm", "F_interm", "W_interm", "S_interm"
        )


class TestStream:
    def test_outcomes_are_those_of_single_frames_in_order(self):
        frames = [*trajectory(box(), 2, seed=1), molecule("H2O"), *trajectory(box(n_emc=2), 2, seed=2)]
        done = list(decomposed(map(plan, frames), PAIRS, n_jobs=1))
        assert [d.atoms for d in done] == frames
        for outcome in done:
            expected = decompose_properties(outcome.atoms, PairPotential())
            same(outcome.parts.total, expected.total)
            same(outcome.parts.intra, expected.intra)
            assert outcome.cell == "none"

    def test_failures_of_any_kind_leave_the_others_alone(self):
        infinite = bulk("C", cubic=True)
        bad = molecule("CH4")
        bad.positions[0] = np.nan
        frames = [infinite, box(), box(n_water=1), infinite, bad, box(n_ec=2), infinite]
        method = Method("no water", "no water", NoOxygenAlone)
        reasons = [done.failure for done in decomposed(map(plan, frames), method, n_jobs=1)]
        assert [reason is None for reason in reasons] == [False, True, False, False, False, True, False]
        assert "periodic image" in reasons[0]
        assert "molecule 2 (H2O)" in reasons[2]
        assert "SCF did not converge" in reasons[2]

    def test_processes_give_the_same(self):
        frames = list(trajectory(box(), 5, seed=3))
        one, two = (list(decomposed(map(plan, frames), PAIRS, n_jobs=n)) for n in (1, 2))
        for a, b in zip(one, two, strict=True):
            same(a.parts.inter, b.parts.inter)

    def test_what_is_not_asked_for_is_not_computed(self):
        seen = []

        class Seen(PairPotential):
            def calculate(self, atoms=None, properties=("energy",), system_changes=()):
                seen.append(len(atoms))
                super().calculate(atoms, properties, system_changes)

        method = Method("seen", "seen", Seen)
        (whole,) = decomposed([plan(box(), split=False)], method, n_jobs=1)
        assert seen == [25]
        assert whole.parts.intra.energy is None
        total = Labels(5.0, np.zeros((25, 3)))
        (stored,) = decomposed([plan(box(), total=total)], method, n_jobs=1)
        assert seen == [25, 10, 15]
        assert stored.parts.total is total


@pytest.fixture
def labelled(tmp_path):
    """A file of frames and one of their molecules, both labelled."""
    frames = [with_labels(f, compute(f, PairPotential())) for f in trajectory(box(), 3, seed=5)]
    alone = [with_labels(m, compute(m, PairPotential())) for m in isolated_molecules(frames)]
    ecemc.write(tmp_path / "frames.extxyz", frames)
    ecemc.write(tmp_path / "alone.extxyz", alone)
    return tmp_path


class TestMoleculesLabelledElsewhere:
    def test_they_give_what_one_method_for_all_gives(self, labelled):
        out = labelled / "out.extxyz"
        result = decompose(labelled / "frames.extxyz", out, molecules=labelled / "alone.extxyz")
        assert result.n_frames == 3
        assert not result.failures
        for stored in ecemc.iread(out):
            parts = read_parts(stored)
            expected = decompose_properties(stored, PairPotential(), cell=20.0)
            assert parts.inter.energy == pytest.approx(expected.inter.energy, abs=1e-7)
            assert np.allclose(parts.inter.forces, expected.inter.forces, atol=1e-7)
            assert np.allclose(parts.inter.virial, expected.inter.virial, atol=1e-7)
            assert stored.info["isolated_cell"] == 20.0
        record = json.loads((labelled / "out.extxyz.provenance.json").read_text())
        assert [parent["file"] for parent in record["parents"]] == ["frames.extxyz", "alone.extxyz"]

    def test_order_of_molecules_does_not_matter(self, labelled):
        frames, alone = ecemc.read(labelled / "frames.extxyz"), ecemc.read(labelled / "alone.extxyz")
        one, other = LabelledMolecules(alone), LabelledMolecules(alone[::-1])
        for number, atoms in enumerate(frames):
            same(one.join(number, atoms).parts.intra, other.join(number, atoms).parts.intra)
        one.check_none_left(3)

    def test_missing_ones_fail_their_frame(self, labelled):
        alone = ecemc.read(labelled / "alone.extxyz")
        result = decompose(labelled / "frames.extxyz", labelled / "out.extxyz", molecules=[*alone[:3], *alone[4:]])
        assert [(f.frame, f.reason) for f in result.failures] == [(1, "molecules lacks 1 of its 2 molecules: 1 (EMC)")]
        assert result.n_frames == 2

    def test_all_frames_lacking_molecules_is_an_error(self, labelled):
        with pytest.raises(CalculationError, match="all 3 frames failed; frame 0: molecules lacks 2 of its 2"):
            decompose(labelled / "frames.extxyz", labelled / "out.extxyz", molecules=[])
        assert not (labelled / "out.extxyz").exists()

    def test_what_does_not_belong_is_refused(self, labelled):
        frames, alone = ecemc.read(labelled / "frames.extxyz"), ecemc.read(labelled / "alone.extxyz")

        def refused(change, message, kept=None):
            copies = [m.copy() for m in alone]
            changed = change(copies) or copies
            with pytest.raises(InputError, match=message):
                decompose(kept or frames, labelled / "out.extxyz", molecules=changed)
            assert not (labelled / "out.extxyz").exists()

        def relaxed(copies):
            copies[1].positions[0] += [0.1, 0, 0]

        def elements(copies):
            copies[1].numbers[0] = 7

        def other_atoms(copies):
            copies[0].arrays["parent_atom"] += 1

        refused(lambda c: [*c, c[0]], "frame 6: is molecule 0 of frame 0, as one before it")
        refused(lambda c: c[0].info.pop("parent_frame") and None, "frame 0: has no 'parent_frame'")
        refused(lambda c: c[0].info.update(molecule=0.5), "molecule: got 0.5, expected a whole number")
        refused(lambda c: c[0].arrays.pop("parent_atom") is None and None, "has no array 'parent_atom'")
        refused(lambda c: c[2].info.pop("REF_energy") and None, "frame 2: has no energy")
        refused(lambda c: c[2].arrays.pop("REF_forces") is None and None, "frame 2: has no forces")
        refused(relaxed, "molecule 1 of frame 0: has another geometry than in the frame, by 0.09")
        refused(elements, "molecule 1 of frame 0: has other elements")
        refused(other_atoms, "molecule 0 of frame 0: there is no such molecule")
        refused(lambda _: None, "has molecules of frame 2, but there were 2 frames", frames[:2])

    def test_method_and_molecules_together_are_refused(self, labelled):
        with pytest.raises(InputError, match="not both"):
            decompose(labelled / "frames.extxyz", labelled / "out.extxyz", PAIRS, molecules=[])


class TestFiles:
    def test_method_computes_all(self, tmp_path):
        frames = list(trajectory(box(), 3, seed=5))
        result = decompose(frames, tmp_path / "out.extxyz", PAIRS, options=ONE)
        for atoms, stored in zip(frames, ecemc.iread(result.path), strict=True):
            expected = decompose_properties(atoms, PairPotential())
            same(read_parts(stored).inter, expected.inter)
            assert stored.info["label_method"] == "pairs"
            assert stored.info["isolated_cell"] == "none"
        rms = np.sqrt(np.mean([f.arrays["REF_forces_interm"] ** 2 for f in ecemc.iread(result.path)]))
        assert result.summary.forces["inter"].rms == pytest.approx(rms, rel=1e-12)
        per_atom = [f.info["REF_energy_interm"] / len(f) for f in ecemc.iread(result.path)]
        assert result.summary.energy["inter"].mean == pytest.approx(np.mean(per_atom), rel=1e-12)
        assert result.summary.energy["inter"].std == pytest.approx(np.std(per_atom), rel=1e-9)
        record = json.loads((tmp_path / "out.extxyz.provenance.json").read_text())
        assert record["parameters"]["cell"] == "none"
        assert record["parameters"]["identity"] == "pairs 4.0"

    def test_finished_calculations_are_not_repeated(self, tmp_path):
        frames = list(trajectory(box(), 3, seed=5))
        first = decompose(frames, tmp_path / "out.extxyz", PAIRS, options=ONE)
        content = first.path.read_bytes()

        def broken():
            message = "must not be needed"
            raise RuntimeError(message)

        again = decompose(frames, tmp_path / "out.extxyz", Method("pairs", "pairs 4.0", broken), options=ONE)
        assert again.path.read_bytes() == content

    def test_stored_total_is_kept(self, tmp_path):
        frames = [with_labels(f, Labels(-9.0, np.ones((25, 3)))) for f in trajectory(box(), 2, seed=5)]
        frames[0].info["label_method"] = "DFT"
        result = decompose(
            frames, tmp_path / "out.extxyz", PAIRS, options=DecomposeOptions(stored_total=True, n_jobs=1)
        )
        stored = ecemc.read(result.path, 0)
        assert stored.info["label_method"] == "DFT"
        assert read_labels(stored).energy == -9.0
        intra = decompose_properties(frames[0], PairPotential()).intra.energy
        assert stored.info["REF_energy_interm"] == pytest.approx(-9.0 - intra)
        with pytest.raises(InputError, match="frame 1: neither 'REF_energy' nor 'REF_forces'"):
            decompose(
                [frames[0], box()], tmp_path / "b.extxyz", PAIRS,
                options=DecomposeOptions(stored_total=True, n_jobs=1),
            )  # fmt: skip

    def test_without_method_stored_forces_are_split(self, tmp_path):
        forces = np.random.default_rng(0).normal(size=(25, 3))
        atoms = with_labels(box(), Labels(None, forces), LabelKeys.prefixed("DFT_"))
        options = DecomposeOptions(LabelKeys.prefixed("DFT_"))
        stored = ecemc.read(decompose(atoms, tmp_path / "out.extxyz", options=options).path, 0)
        expected = ecemc.decompose_forces(atoms, forces)
        assert np.array_equal(stored.arrays["DFT_forces_rot"], expected.rotational)
        assert not list(tmp_path.glob("*.ledger"))
        with pytest.raises(InputError, match="frame 0: no forces under 'REF_forces'"):
            decompose(atoms, tmp_path / "b.extxyz")
        assert not (tmp_path / "b.extxyz").exists()

    def test_without_method_parts_that_are_there_stay(self, tmp_path):
        atoms = with_parts(box(), decompose_properties(box(), PairPotential()))
        stored = ecemc.read(decompose(atoms, tmp_path / "out.extxyz").path, 0)
        same(read_parts(stored).inter, read_parts(atoms).inter)

    def test_failures_are_left_out_and_told(self, tmp_path):
        frames = [box(), bulk("C", cubic=True), box(n_ec=2)]
        result = decompose(frames, tmp_path / "out.extxyz", PAIRS, options=ONE)
        assert [failure.frame for failure in result.failures] == [1]
        assert result.n_frames == len(ecemc.read(result.path)) == 2
        with pytest.raises(CalculationError, match=r"all 1 frames failed; frame 0: .*periodic image"):
            decompose(frames[1:2], tmp_path / "none.extxyz", PAIRS, options=ONE)
        assert not (tmp_path / "none.extxyz").exists()

    def test_nothing_to_do_is_refused(self, tmp_path):
        with pytest.raises(InputError, match="no frame"):
            decompose([], tmp_path / "out.extxyz", PAIRS, options=ONE)
