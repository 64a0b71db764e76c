"""From parameters to the text of a gap_fit configuration file; nothing is run or written here."""

from __future__ import annotations

__all__ = ["FILES", "DescriptorLine", "config_text", "expand"]

from itertools import combinations_with_replacement
from typing import TYPE_CHECKING, NamedTuple

from ase.data import chemical_symbols

from ecemc import keys
from ecemc.gap.params import Distance2b, Soap, SoapTurbo

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ecemc.gap.params import FitParams, Sigmas, Term


class _Files(NamedTuple):
    """Names inside the folder in which gap_fit runs."""

    config: str
    train: str
    model: str
    log: str


#: Always the same, since they become part of the model: the same fit gives the same model wherever it is written.
FILES = _Files(config="gap_fit.cfg", train="train.xyz", model="gap.xml", log="gap_fit.log")

#: gap_fit wants a fourth expected error, for Hessians, which are not used.
_NO_HESSIAN = "0.0"


class DescriptorLine(NamedTuple):
    """One descriptor of gap_fit: a term for one element, or for one pair of elements."""

    #: what gap_fit reads
    text: str
    term: Term
    #: atomic numbers: of the central atoms, or of the pair
    elements: tuple[int, ...]
    #: numbers in the descriptor of one environment
    length: int

    @property
    def name(self) -> str:
        """For people, such as ``"soap 6 Å, C"``."""
        return f"{self.term.kind} {self.term.cutoff:g} Å, {'–'.join(chemical_symbols[z] for z in self.elements)}"


def expand(params: FitParams, elements: Sequence[int]) -> list[DescriptorLine]:
    """Descriptors of a fit: one per term and element (or pair of elements), term by term, elements ascending.

    gap_fit could expand them itself (``add_species``), but then their order, and so the model, depends on the order of
    the frames.

    Parameters
    ----------
    params
        The parameters.
    elements
        Atomic numbers of the training set.

    Examples
    --------
    >>> from ecemc.gap import preset
    >>> [(line.name, line.length) for line in expand(preset("DS:quick"), [1, 8])][1:3]
    [('soap 3 Å, O', 145), ('soap 6 Å, H', 145)]
    """
    elements = sorted(elements)
    lines: list[DescriptorLine] = []
    for term in params.descriptors:
        if isinstance(term, Distance2b):
            pairs = combinations_with_replacement(elements, 2)
            lines += [DescriptorLine(_pair(term, pair), term, pair, 1) for pair in pairs]
            continue
        length = term.length(len(elements))
        for k, element in enumerate(elements):
            text = _many_body(term, elements, k, params.sparse_method)
            lines.append(DescriptorLine(text, term, (element,), length))
    return lines


def config_text(params: FitParams, lines: Sequence[DescriptorLine], e0: dict[int, float] | None) -> str:
    """Text of the configuration file.

    A file, since a Turbo-SOAP command is longer than gap_fit's buffer for one argument; one descriptor per line, since
    gap_fit wraps very long lines and loses a blank there.

    Parameters
    ----------
    params
        The parameters.
    lines
        Of :func:`expand`, perhaps without those for which the training set has no data.
    e0
        Energies of free atoms by atomic number, eV; None for the average of the set.

    Examples
    --------
    >>> from ecemc.gap import preset
    >>> params = preset("DS:quick")
    >>> config_text(params, expand(params, [8]), {8: -431.5}).splitlines()[:2]
    ['atoms_filename=train.xyz', 'gap_file=gap.xml']
    """
    settings = [
        f"atoms_filename={FILES.train}",
        f"gap_file={FILES.model}",
        f"energy_parameter_name={keys.REF_ENERGY}",
        f"force_parameter_name={keys.REF_FORCES}",
        f"virial_parameter_name={keys.REF_VIRIAL}",
        f"config_type_parameter_name={keys.CONFIG_TYPE}",
        _e0(e0),
        f"default_kernel_regularisation={{{_sigmas(params.sigmas, ' ')}}}",
        *_by_config_type(params),
        f"sparse_jitter={params.sparse_jitter!r}",
        "do_copy_atoms_file=F",
        "sparse_separate_file=T",
        f"rnd_seed={params.seed}",
    ]
    # Braces inside braces are doubled, or gap_fit ends the value at the first closing one.
    doubled = [line.text.replace("{", "{{").replace("}", "}}") for line in lines]
    return "\n".join([*settings, "gap={" + " :\n".join(doubled) + "}"]) + "\n"


def _e0(e0: dict[int, float] | None) -> str:
    if e0 is None:
        return "e0_method=average"
    return "e0={" + ":".join(f"{chemical_symbols[z]}:{value!r}" for z, value in sorted(e0.items())) + "}"


def _by_config_type(params: FitParams) -> list[str]:
    if not params.config_type_sigmas:
        return []
    entries = (f"{name}:{_sigmas(sigmas, ':')}" for name, sigmas in params.config_type_sigmas.items())
    return ["config_type_kernel_regularisation={" + ":".join(entries) + "}"]


def _sigmas(sigmas: Sigmas, separator: str) -> str:
    return separator.join([repr(sigmas.energy), repr(sigmas.forces), repr(sigmas.virial), _NO_HESSIAN])


def _many_body(term: Soap | SoapTurbo, elements: Sequence[int], k: int, sparse_method: str) -> str:
    """One descriptor around the k-th element."""
    n = len(elements)
    species = " ".join(map(str, elements))
    own = _soap(term, elements[k]) if isinstance(term, Soap) else _turbo(term, n, k)
    return (
        f"{own} n_species={n} species_Z={{{species}}} add_species=F covariance_type=dot_product "
        f"zeta={term.zeta!r} delta={term.delta!r} n_sparse={term.n_sparse} sparse_method={sparse_method}"
    )


def _soap(term: Soap, element: int) -> str:
    return (
        f"soap cutoff={term.cutoff!r} cutoff_transition_width={term.cutoff_transition_width!r} "
        f"n_max={term.n_max} l_max={term.l_max} atom_sigma={term.atom_sigma!r} Z={element}"
    )


def _turbo(term: SoapTurbo, n: int, k: int) -> str:
    def each(value: float) -> str:
        return "{" + " ".join([repr(value)] * n) + "}"

    compression = "" if term.compress_mode == "none" else f" compress_mode={term.compress_mode}"
    return (
        f"soap_turbo l_max={term.l_max} alpha_max={each(term.alpha_max)} rcut_hard={term.rcut_hard!r} "
        f"rcut_soft={term.rcut_soft!r} atom_sigma_r={each(term.atom_sigma_r)} atom_sigma_t={each(term.atom_sigma_t)} "
        f"atom_sigma_r_scaling={each(term.atom_sigma_r_scaling)} "
        f"atom_sigma_t_scaling={each(term.atom_sigma_t_scaling)} "
        f"amplitude_scaling={each(term.amplitude_scaling)} central_weight={each(1.0)} "
        f"radial_enhancement={term.radial_enhancement} basis={term.basis} scaling_mode=polynomial "
        f"central_index={k + 1}{compression}"
    )


def _pair(term: Distance2b, pair: tuple[int, int]) -> str:
    return (
        f"distance_2b cutoff={term.cutoff!r} cutoff_transition_width={term.cutoff_transition_width!r} "
        f"Z1={pair[0]} Z2={pair[1]} add_species=F covariance_type=ard_se theta_uniform={term.theta!r} "
        f"delta={term.delta!r} n_sparse={term.n_sparse} sparse_method=uniform"
    )
