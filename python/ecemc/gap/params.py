"""Parameters of a GAP fit: descriptors, expected errors of the labels, E0, sparse points.

Everything is checked when it is made: a wrong value gives one line that names the field, what was got and what was
expected, instead of gap_fit's ``Error parsing value 1``.
"""

from __future__ import annotations

__all__ = ["Distance2b", "FitParams", "Sigmas", "Soap", "SoapTurbo", "Term"]

import math
import re
from typing import Annotated, Any, Literal

from ase.data import atomic_numbers
from pydantic import Field, field_validator, model_validator

from ecemc.gap.checked import Checked

Positive = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]
NonNegative = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]
SparseMethod = Literal["cur_points", "random"]

#: What gap_fit can tell apart in a list of config types: it cuts at blanks, ``:`` and ``;``.
_NAME = re.compile(r"[A-Za-z0-9_.+-]+")


class Soap(Checked):
    """SOAP power spectrum with Gaussian radial functions; one descriptor per element of the training set.

    Attributes
    ----------
    cutoff, cutoff_transition_width
        Å; the density of neighbours is switched off over the last ``cutoff_transition_width``.
    n_max, l_max
        Radial functions per element; highest angular momentum. The length of the descriptor is
        (l_max + 1)·K(K + 1)/2 + 1 with K = n_max × number of elements: memory and time grow with n_max²·l_max.
    atom_sigma
        Å, width of the Gaussian on each neighbour: larger is smoother and resolves less.
    zeta
        Exponent of the kernel (p·p')^zeta.
    delta
        eV, energy scale of this term: roughly the spread of the local energies that it describes.
    n_sparse
        Sparse points per element.

    Examples
    --------
    >>> Soap(cutoff=3.0, cutoff_transition_width=0.5, n_max=8, l_max=4, atom_sigma=0.3, delta=1.0, n_sparse=500).zeta
    4.0
    """

    kind: Literal["soap"] = "soap"
    cutoff: Positive
    cutoff_transition_width: Positive
    n_max: Annotated[int, Field(ge=1, le=20)]
    l_max: Annotated[int, Field(ge=0, le=20)]
    atom_sigma: Positive
    zeta: Positive = 4.0
    delta: Positive
    n_sparse: Count

    def length(self, n_elements: int) -> int:
        """Numbers in the descriptor of one environment."""
        K = self.n_max * n_elements
        return (self.l_max + 1) * K * (K + 1) // 2 + 1

    @model_validator(mode="after")
    def _switch_inside(self) -> Soap:
        if self.cutoff_transition_width > self.cutoff:
            raise ValueError(
                f"cutoff_transition_width: got {self.cutoff_transition_width}, expected at most cutoff ({self.cutoff})"
            )
        return self


class SoapTurbo(Checked):
    """Turbo-SOAP (Caro 2019): polynomial radial functions; one descriptor per element of the training set.

    Attributes
    ----------
    rcut_hard, rcut_soft
        Å; the density of neighbours is switched off between them.
    alpha_max, l_max
        Radial functions per element; highest angular momentum. Of ``poly3gauss``, more than 8 are not orthonormal to
        working precision.
    atom_sigma_r, atom_sigma_t
        Å, radial and tangential width of the Gaussian on each neighbour.
    atom_sigma_r_scaling, atom_sigma_t_scaling
        Growth of these widths with the distance, per Å of distance.
    amplitude_scaling
        Exponent with which neighbours count less with distance; with 0 the energy jumps at the cutoff.
    radial_enhancement
        0, 1 or 2: a factor r⁰, r¹ or r² on the density.
    basis
        ``"poly3gauss"`` or ``"poly3"``.
    compress_mode
        ``"trivial"`` keeps the products in which one of the two radial functions is the first of its element (345 of
        1500 numbers for alpha_max 8, l_max 4 and three elements), ``"none"`` all of them.
    zeta, delta, n_sparse
        As in :class:`Soap`.

    Examples
    --------
    >>> SoapTurbo(rcut_hard=3.0, rcut_soft=2.5, alpha_max=8, l_max=4, atom_sigma_r=0.3, atom_sigma_t=0.3, delta=1.0,
    ...           n_sparse=500).compress_mode
    'trivial'
    """

    kind: Literal["soap_turbo"] = "soap_turbo"
    rcut_hard: Positive
    rcut_soft: Positive
    alpha_max: Annotated[int, Field(ge=2, le=8)]
    l_max: Annotated[int, Field(ge=0, le=14)]
    atom_sigma_r: Positive
    atom_sigma_t: Positive
    atom_sigma_r_scaling: NonNegative = 0.0
    atom_sigma_t_scaling: NonNegative = 0.0
    amplitude_scaling: NonNegative = 1.0
    radial_enhancement: Annotated[int, Field(ge=0, le=2)] = 1
    basis: Literal["poly3gauss", "poly3"] = "poly3gauss"
    compress_mode: Literal["trivial", "none"] = "trivial"
    zeta: Positive = 4.0
    delta: Positive
    n_sparse: Count

    @property
    def cutoff(self) -> float:
        """Å, beyond which atoms are not seen."""
        return self.rcut_hard

    def length(self, n_elements: int) -> int:
        """Numbers in the descriptor of one environment."""
        N = self.alpha_max * n_elements
        left_out = N - n_elements if self.compress_mode == "trivial" else 0
        return (self.l_max + 1) * (N * (N + 1) - left_out * (left_out + 1)) // 2

    @model_validator(mode="after")
    def _soft_inside(self) -> SoapTurbo:
        if self.rcut_soft >= self.rcut_hard:
            raise ValueError(f"rcut_soft: got {self.rcut_soft}, expected less than rcut_hard ({self.rcut_hard})")
        return self


class Distance2b(Checked):
    """Pair term: one function of the distance per pair of elements, such as for a repulsive wall.

    Attributes
    ----------
    cutoff, cutoff_transition_width
        Å.
    theta
        Å, length over which the function varies.
    delta
        eV, energy scale of this term.
    n_sparse
        Sparse points per pair of elements, uniformly spaced.

    Examples
    --------
    >>> Distance2b(cutoff=4.0, delta=1.0, n_sparse=15).kind
    'distance_2b'
    """

    kind: Literal["distance_2b"] = "distance_2b"
    cutoff: Positive
    cutoff_transition_width: Positive = 1.0
    theta: Positive = 0.5
    delta: Positive
    n_sparse: Count


#: One addend of the energy.
Term = Soap | SoapTurbo | Distance2b


class Sigmas(Checked):
    """Expected errors of the labels: what a fit may miss them by. Smaller means more weight.

    Attributes
    ----------
    energy
        eV per atom. gap_fit takes the total energy of N atoms with √N times this number, not N times.
    forces
        eV/Å, of each component.
    virial
        eV per atom, of each component, with √N as for the energy.

    Examples
    --------
    >>> Sigmas(energy=0.001, forces=0.05, virial=0.05).forces
    0.05
    """

    energy: Positive
    forces: Positive
    virial: Positive


class FitParams(Checked):
    """Everything that decides a fit, apart from its data.

    Attributes
    ----------
    descriptors
        Terms whose energies are added; one of each per element (or pair) of the training set.
    sigmas
        Expected errors of frames whose ``config_type`` has no entry below.
    config_type_sigmas
        Expected errors by ``config_type``.
    e0
        Energy of a free atom of each element, eV: ``"isolated"`` from frames with one atom, ``"average"`` the mean
        energy per atom of the set (for tests: it knows nothing of the elements), or given as ``{"H": -13.6, ...}``.
    sparse_method
        ``"cur_points"`` (leverage scores) or ``"random"``, for many-body descriptors.
    sparse_jitter
        eV², added to the diagonal of the kernel matrix of the sparse points to keep it invertible.
    seed
        Of gap_fit's random choice of sparse points.

    Examples
    --------
    >>> from ecemc.gap import preset
    >>> params = preset("DTS:quick").replace(seed=7)
    >>> params.seed, len(params.descriptors)
    (7, 2)
    """

    descriptors: Annotated[
        tuple[Annotated[Soap | SoapTurbo | Distance2b, Field(discriminator="kind")], ...], Field(strict=False)
    ]
    sigmas: Sigmas
    config_type_sigmas: dict[str, Sigmas] = Field(default_factory=dict)
    e0: Literal["isolated", "average"] | dict[str, float] = "isolated"
    sparse_method: SparseMethod = "cur_points"
    sparse_jitter: Positive = 1e-8
    seed: Annotated[int, Field(ge=1, le=2**31 - 1)] = 1

    @field_validator("config_type_sigmas")
    @classmethod
    def _separable(cls, value: dict[str, Sigmas]) -> dict[str, Sigmas]:
        for name in value:
            if _NAME.fullmatch(name) is None or name == "default":
                raise ValueError(f"got {name!r}, expected a name of letters, digits and _.+- other than 'default'")
        return value

    @field_validator("descriptors")
    @classmethod
    def _any(cls, value: tuple[Term, ...]) -> tuple[Term, ...]:
        if not value:
            raise ValueError("got none, expected at least one")
        return value

    @field_validator("e0", mode="before")
    @classmethod
    def _elements(cls, value: Any) -> Any:
        if not isinstance(value, dict) and value not in {"isolated", "average"}:
            raise ValueError(f"got {value!r}, expected 'isolated', 'average' or a table of energies (eV) by element")
        for symbol, energy in value.items() if isinstance(value, dict) else ():
            if symbol not in atomic_numbers or symbol == "X":
                raise ValueError(f"got the element {symbol!r}, expected chemical symbols such as 'C'")
            if not isinstance(energy, (int, float)) or not math.isfinite(energy):
                raise ValueError(f"got {energy!r} for {symbol}, expected a number (eV)")
        return value

    @property
    def cutoff(self) -> float:
        """Å, the largest of all descriptors."""
        return max(term.cutoff for term in self.descriptors)

    def replace(self, **fields: Any) -> FitParams:
        """Copy with other values of some fields, checked like any other."""
        return FitParams(**{**dict(self), **fields})

    def with_n_sparse(self, n_sparse: int) -> FitParams:
        """Copy with another number of sparse points in all SOAP and Turbo-SOAP descriptors.

        Examples
        --------
        >>> from ecemc.gap import preset
        >>> [term.n_sparse for term in preset("DS:quick").with_n_sparse(20).descriptors]
        [20, 20]
        """
        terms = (
            term if isinstance(term, Distance2b) else type(term)(**{**dict(term), "n_sparse": n_sparse})
            for term in self.descriptors
        )
        return self.replace(descriptors=tuple(terms))

    def with_virial_sigma(self, sigma: float) -> FitParams:
        """Copy with another sigma of virials (eV/atom) for all config_types; a smaller one makes pressures count more.

        Examples
        --------
        >>> from ecemc.gap import preset
        >>> params = preset("DTS:quick").with_virial_sigma(0.01)
        >>> params.sigmas.virial, params.config_type_sigmas["liquid"].virial
        (0.01, 0.01)
        """
        changed = {
            name: Sigmas(energy=each.energy, forces=each.forces, virial=sigma)
            for name, each in {"default": self.sigmas, **self.config_type_sigmas}.items()
        }
        return self.replace(sigmas=changed.pop("default"), config_type_sigmas=changed)
