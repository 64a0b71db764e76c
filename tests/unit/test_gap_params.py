"""Parameters of a fit: what is refused and how, TOML, presets."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from ecemc.errors import FileFormatError, InputError
from ecemc.gap import PRESETS, Distance2b, FitParams, Sigmas, Soap, SoapTurbo, preset, read_params, write_params

CONFIG = Path(__file__).resolve().parent.parent / "config"
GOOD = sorted((CONFIG / "good").glob("*.toml"))
BAD = sorted((CONFIG / "bad").glob("*.toml"))
SIGMAS = Sigmas(energy=0.001, forces=0.05, virial=0.05)


def test_there_are_configurations():
    assert len(GOOD) >= 2
    assert len(BAD) >= 20


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_good_configurations_survive_a_round_trip(path, tmp_path):
    params = read_params(path)
    write_params(tmp_path / "again.toml", params)
    assert read_params(tmp_path / "again.toml") == params


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_bad_configurations_get_one_line_with_file_field_and_mending(path):
    expected = path.read_text().splitlines()[0].removeprefix("# expect: ")
    with pytest.raises(FileFormatError) as error:
        read_params(path)
    text = str(error.value)
    assert text.startswith(f"{path}: {expected}")
    assert "\n" not in text
    assert "pydantic" not in text


@pytest.mark.parametrize("name", PRESETS)
def test_presets_survive_a_round_trip(name, tmp_path):
    write_params(tmp_path / "preset.toml", preset(name))
    assert read_params(tmp_path / "preset.toml") == preset(name)


@pytest.mark.parametrize("family", ["DS", "DTS"])
def test_presets_grow(family):
    lengths = [
        [term.length(3) * term.n_sparse for term in preset(f"{family}:{size}").descriptors]
        for size in ("quick", "standard", "accurate")
    ]
    assert all(a < b for small, large in pairwise(lengths) for a, b in zip(small, large, strict=True))


@pytest.mark.parametrize("size", ["quick", "standard", "accurate"])
def test_turbo_presets_stay_out_of_the_shared_radial_basis(size):
    first, second = preset(f"DTS:{size}").descriptors
    assert first.atom_sigma_r / first.rcut_hard == pytest.approx(second.atom_sigma_r / second.rcut_hard, rel=1e-12)
    assert first.basis == second.basis


def test_a_wrong_preset_lists_the_right_ones():
    with pytest.raises(InputError, match=r"preset: got 'DTS', expected one of DS:quick, .*DTS:accurate"):
        preset("DTS")


def test_params_are_frozen():
    params = preset("DS:quick")
    with pytest.raises(Exception, match="frozen"):
        params.seed = 3


def test_direct_construction_says_what_is_wrong():
    with pytest.raises(InputError, match=r"^cutoff: got -1.0, expected greater than 0 \(and 6 more\)$"):
        Soap(cutoff=-1.0)
    with pytest.raises(InputError, match=r"^descriptors\[1\]\.kind: missing"):
        FitParams(descriptors=[Distance2b(cutoff=3.0, delta=1.0, n_sparse=5), {"cutoff": 3.0}], sigmas=SIGMAS)


def test_replace_checks_and_keeps_the_rest():
    params = preset("DTS:standard")
    changed = params.replace(seed=5)
    assert (changed.seed, changed.descriptors) == (5, params.descriptors)
    with pytest.raises(InputError, match="seed: got 0"):
        params.replace(seed=0)
    with pytest.raises(InputError, match="speed: unknown, expected some of: descriptors"):
        params.replace(speed=3)


def test_n_sparse_is_of_many_body_terms_only():
    pair = Distance2b(cutoff=3.0, delta=1.0, n_sparse=7)
    params = preset("DS:quick").replace(descriptors=(pair, *preset("DS:quick").descriptors)).with_n_sparse(33)
    assert [term.n_sparse for term in params.descriptors] == [7, 33, 33]
    with pytest.raises(InputError, match="n_sparse: got 0"):
        params.with_n_sparse(0)


def test_lengths_by_listing_the_products():
    """A brute-force twin of the formulas: list the products that the definitions keep."""
    for n_max, l_max, n in ((4, 3, 1), (6, 4, 3), (8, 4, 2)):
        soap = Soap(
            cutoff=3.0, cutoff_transition_width=0.5, n_max=n_max, l_max=l_max, atom_sigma=0.3, delta=1.0, n_sparse=1
        )
        channels = range(n_max * n)
        pairs = [(a, b) for a in channels for b in channels if a <= b]
        assert soap.length(n) == len(pairs) * (l_max + 1) + 1
        for mode in ("none", "trivial"):
            turbo = SoapTurbo(
                rcut_hard=3.0, rcut_soft=2.5, alpha_max=n_max, l_max=l_max, atom_sigma_r=0.3, atom_sigma_t=0.3,
                delta=1.0, n_sparse=1, compress_mode=mode,
            )  # fmt: skip
            first = {k * n_max for k in range(n)}
            kept = [pair for pair in pairs if mode == "none" or first & set(pair)]
            assert turbo.length(n) == len(kept) * (l_max + 1)
