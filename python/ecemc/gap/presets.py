"""Starting points that work: double SOAP (DS) and double Turbo-SOAP (DTS), 3 and 6 Å, in three sizes.

The cutoffs are those of the EC:EMC models this package follows; the other numbers were chosen here, since they are not
published. What each costs is said in the explanation of GAP fitting.
"""

from __future__ import annotations

__all__ = ["PRESETS", "as_params", "preset"]

from typing import NamedTuple

from ecemc.errors import InputError
from ecemc.gap.params import FitParams, Sigmas, Soap, SoapTurbo
from ecemc.keys import ISOLATED_ATOM, ISOLATED_MOLECULE, LIQUID, VOLUME_SCAN


class _Size(NamedTuple):
    n_max: int
    l_max: int
    #: sparse points per element, at 3 and at 6 Å
    n_sparse: tuple[int, int]


_SIZES = {
    "DS": {
        "quick": _Size(4, 3, (100, 100)),
        "standard": _Size(6, 3, (500, 500)),
        "accurate": _Size(8, 4, (1000, 2000)),
    },
    "DTS": {
        "quick": _Size(4, 3, (100, 100)),
        "standard": _Size(6, 4, (500, 1000)),
        "accurate": _Size(8, 4, (1000, 2000)),
    },
}

#: Names of the presets.
PRESETS = tuple(f"{family}:{size}" for family, sizes in _SIZES.items() for size in sizes)

#: (cutoff, switch, delta) of the two terms: the short one carries bonds and angles, the long one what is left.
_TERMS = ((3.0, 0.5, 1.0), (6.0, 1.0, 0.1))
#: atom_sigma / cutoff. The same for both Turbo-SOAP terms: with equal alpha_max, QUIP computes the radial basis of the
#: first term, which depends on this ratio, and uses it for the second.
_WIDTH = 0.1

_SIGMAS = Sigmas(energy=0.001, forces=0.05, virial=0.05)
_BY_TYPE = {
    ISOLATED_ATOM: Sigmas(energy=0.0001, forces=0.05, virial=0.05),
    ISOLATED_MOLECULE: Sigmas(energy=0.0005, forces=0.03, virial=0.05),
    LIQUID: _SIGMAS,
    VOLUME_SCAN: Sigmas(energy=0.0005, forces=0.05, virial=0.05),
}


def preset(name: str) -> FitParams:
    """Parameters by name.

    Parameters
    ----------
    name
        ``"DS:quick"``, ``"DS:standard"``, ``"DS:accurate"``, ``"DTS:quick"``, ``"DTS:standard"`` or
        ``"DTS:accurate"``.

    Raises
    ------
    InputError
        For other names.

    Examples
    --------
    >>> short, long = preset("DTS:standard").descriptors
    >>> short.cutoff, long.cutoff, short.atom_sigma_r / short.cutoff == long.atom_sigma_r / long.cutoff
    (3.0, 6.0, True)
    """
    if name not in PRESETS:
        raise InputError(f"preset: got {name!r}, expected one of {', '.join(PRESETS)}")
    family, _, size = name.partition(":")
    chosen = _SIZES[family][size]
    make = _soap if family == "DS" else _turbo
    terms = tuple(make(chosen, *term, n_sparse) for term, n_sparse in zip(_TERMS, chosen.n_sparse, strict=True))
    return FitParams(descriptors=terms, sigmas=_SIGMAS, config_type_sigmas=_BY_TYPE)


def as_params(params: FitParams | str) -> FitParams:
    """Take parameters, or the name of a preset."""
    return preset(params) if isinstance(params, str) else params


def _soap(size: _Size, cutoff: float, switch: float, delta: float, n_sparse: int) -> Soap:
    return Soap(
        cutoff=cutoff,
        cutoff_transition_width=switch,
        n_max=size.n_max,
        l_max=size.l_max,
        atom_sigma=round(_WIDTH * cutoff, 6),
        delta=delta,
        n_sparse=n_sparse,
    )


def _turbo(size: _Size, cutoff: float, switch: float, delta: float, n_sparse: int) -> SoapTurbo:
    return SoapTurbo(
        rcut_hard=cutoff,
        rcut_soft=cutoff - switch,
        alpha_max=size.n_max,
        l_max=size.l_max,
        atom_sigma_r=round(_WIDTH * cutoff, 6),
        atom_sigma_t=round(_WIDTH * cutoff, 6),
        delta=delta,
        n_sparse=n_sparse,
    )
