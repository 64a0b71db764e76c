"""The text that gap_fit gets."""

from __future__ import annotations

from tests.reference.gap_sets import PAIR, PARAMS

from ecemc.gap import Sigmas, preset
from ecemc.gap.command import config_text, expand


def test_one_descriptor_per_term_and_element_in_fixed_order():
    names = [line.name for line in expand(preset("DTS:quick"), [8, 1, 6])]
    assert names == [f"soap_turbo {cutoff} Å, {symbol}" for cutoff in (3, 6) for symbol in "HCO"]


def test_pairs_once():
    lines = [line for line in expand(PARAMS["distance_2b"], [1, 8]) if line.term is PAIR]
    assert [line.elements for line in lines] == [(1, 1), (1, 8), (8, 8)]
    assert "Z1=1 Z2=8" in lines[1].text


def test_species_are_explicit_and_central():
    second = expand(preset("DTS:quick"), [1, 6, 8])[1].text
    assert "n_species=3 species_Z={1 6 8} add_species=F" in second
    assert "central_index=2" in second
    assert "alpha_max={4 4 4}" in second


def test_configuration_has_one_descriptor_per_line_and_doubled_braces():
    params = preset("DTS:quick")
    lines = expand(params, [1, 6, 8])
    text = config_text(params, lines, {6: -148.1794822322, 1: -12.353708076955, 8: -431.46315818255})
    settings, _, gap = text.partition("gap=")
    assert len(gap.splitlines()) == len(lines) == 6
    assert all(line.endswith(" :") for line in gap.splitlines()[:-1])
    assert gap.count("species_Z={{1 6 8}}") == 6
    assert gap.startswith("{soap_turbo")
    assert gap.endswith("}\n")
    assert gap.count("{") == gap.count("}")
    assert "e0={H:-12.353708076955:C:-148.1794822322:O:-431.46315818255}" in settings
    assert "energy_parameter_name=REF_energy" in settings


def test_sigmas_by_config_type():
    params = PARAMS["soap"].replace(
        config_type_sigmas={"a": Sigmas(energy=0.1, forces=0.2, virial=0.3), "b": Sigmas(energy=1, forces=2, virial=3)}
    )
    text = config_text(params, expand(params, [1]), None)
    assert "config_type_kernel_regularisation={a:0.1:0.2:0.3:0.0:b:1.0:2.0:3.0:0.0}" in text
    assert "default_kernel_regularisation={0.002 0.1 0.02 0.0}" in text
    assert "e0_method=average" in text


def test_no_word_of_config_types_where_there_are_none():
    params = PARAMS["soap"]
    assert "config_type_kernel" not in config_text(params, expand(params, [1]), None)
