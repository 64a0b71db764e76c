"""Descriptors of atomic environments: SOAP and Turbo-SOAP as QUIP defines them, from the compiled engine."""

from __future__ import annotations

__all__ = ["PRESETS", "Descriptor", "descriptors"]

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np
from ase.data import chemical_symbols

from ecemc import _core
from ecemc.errors import InputError
from ecemc.frames import atomic_numbers, geometry

if TYPE_CHECKING:
    from ase import Atoms
    from numpy.typing import NDArray

#: Names for descriptors that see the first shell of neighbour molecules: cutoff 6 Å, as the outer family of the fits.
PRESETS = {
    "soap": "soap cutoff=6 cutoff_transition_width=1 n_max=8 l_max=4 atom_sigma=0.6",
    "turbo": (
        "soap_turbo rcut_hard=6 rcut_soft=5 alpha_max=8 l_max=4 atom_sigma_r=0.4 atom_sigma_t=0.4 "
        "basis=poly3gauss radial_enhancement=1 compress_mode=trivial"
    ),
}

#: Options by descriptor. QUIP ignores what it does not know, so a misspelt one would go unnoticed.
_OPTIONS = {
    "soap": (
        "cutoff cutoff_transition_width n_max l_max atom_sigma atom_gaussian_width basis_error_exponent central_weight "
        "central_reference_all_species covariance_sigma0 normalise normalize cutoff_dexp cutoff_scale cutoff_rate "
        "diagonal_radial"
    ),
    "soap_turbo": (
        "rcut_hard rcut_soft alpha_max l_max atom_sigma_r atom_sigma_t atom_sigma_r_scaling atom_sigma_t_scaling "
        "amplitude_scaling central_weight nf radial_enhancement basis scaling_mode compress_mode compress_file"
    ),
}
_REQUIRED = {
    "soap": ("cutoff", "n_max", "l_max", "atom_sigma"),
    "soap_turbo": ("rcut_hard", "rcut_soft", "alpha_max", "l_max", "atom_sigma_r", "atom_sigma_t"),
}
#: What the elements of the data decide.
_BY_ELEMENTS = frozenset({"Z", "n_Z", "species_Z", "n_species", "central_index"})
#: Options of soap_turbo with a value for each element, and what they are if not given.
_PER_ELEMENT = {
    "alpha_max": None, "atom_sigma_r": None, "atom_sigma_t": None, "atom_sigma_r_scaling": "0",
    "atom_sigma_t_scaling": "0", "amplitude_scaling": "1", "central_weight": "1",
}  # fmt: skip


@dataclass(frozen=True)
class Descriptor:
    """A descriptor in QUIP's words, for data with certain elements.

    Misspelt options, which QUIP would ignore, are refused.

    Examples
    --------
    >>> Descriptor("soap cutoff=4 n_max=4 l_max=2 atom_sigma=0.5", (1, 8)).quip(8)
    'soap cutoff=4 n_max=4 l_max=2 atom_sigma=0.5 n_Z=1 Z=8 n_species=2 species_Z={1 8}'
    """

    #: a name of :data:`PRESETS`, or a descriptor string without centre and species, which the elements decide
    text: str
    #: atomic numbers in the data, ascending: the density channels
    elements: tuple[int, ...]

    def __post_init__(self) -> None:
        """Refuse what QUIP would ignore."""
        kind, options = self.kind, self.options
        if kind not in _OPTIONS:
            raise self._error(f"starts with {kind!r}; expected soap, soap_turbo, or one of {', '.join(PRESETS)}")
        if given := sorted(_BY_ELEMENTS & set(options)):
            raise self._error(f"gives {given[0]}, which the elements of the data decide; leave it out")
        if unknown := sorted(set(options) - set(_OPTIONS[kind].split())):
            raise self._error(f"unknown option {unknown[0]!r}; {kind} has: {_OPTIONS[kind]}")
        if kind == "soap" and "atom_gaussian_width" in options:
            options = {"atom_sigma": "", **options}
        if missing := [name for name in _REQUIRED[kind] if name not in options]:
            raise self._error(f"lacks {missing[0]}")

    @cached_property
    def _full(self) -> str:
        return PRESETS.get(self.text.strip(), self.text.strip())

    @property
    def kind(self) -> str:
        """``soap`` or ``soap_turbo``."""
        return self._full.partition(" ")[0]

    @property
    def options(self) -> dict[str, str]:
        """Options as they are written."""
        rest = self._full.partition(" ")[2]
        pairs = re.findall(r"(\w+)\s*=\s*(\{+[^{}]*\}+|[^\s{}]+)", rest)
        if re.sub(r"\s+", "", "".join(f"{key}={value}" for key, value in pairs)) != re.sub(r"\s+", "", rest):
            raise self._error("cannot be read; expected key=value pairs, values with blanks in {}")
        return dict(pairs)

    @property
    def n_values(self) -> int:
        """Length of a vector."""
        return _engine(self, self.elements[0]).dimension()

    @property
    def cutoff(self) -> float:
        """How far it sees, Å."""
        return _engine(self, self.elements[0]).cutoff()

    def quip(self, center: int) -> str:
        """Spell the descriptor of atoms with an atomic number, as QUIP and gap_fit take it."""
        species = f"n_species={len(self.elements)} species_Z={{{' '.join(map(str, self.elements))}}}"
        if self.kind == "soap":
            return f"{self._full} n_Z=1 Z={center} {species}"
        options = {name: value for name, value in _PER_ELEMENT.items() if value is not None} | self.options
        for name in _PER_ELEMENT:
            if "{" not in options[name]:
                options[name] = f"{{{' '.join([options[name]] * len(self.elements))}}}"
        words = " ".join(f"{key}={value}" for key, value in options.items())
        return f"soap_turbo {words} central_index={self.elements.index(center) + 1} {species}"

    def _error(self, what: str) -> InputError:
        return InputError(f"descriptor: {self.text!r} {what}")


def descriptors(
    atoms: Atoms, descriptor: Descriptor, centers: NDArray[np.int64] | None = None, *, n_threads: int | None = None
) -> NDArray[np.float64]:
    """Descriptor vectors of the environments of atoms, in QUIP's order and normalisation.

    Parameters
    ----------
    atoms
        The configuration. Along non-periodic axes there is nothing beyond the atoms, whatever the cell.
    descriptor
        What to compute.
    centers
        (k,) indices of atoms; all atoms if not given. All atoms of their elements are computed, so ask once for each
        element of a frame.
    n_threads
        Default: ``ECEMC_NUM_THREADS``, else ``OMP_NUM_THREADS``, else all cores. Does not change the result.

    Returns
    -------
    array
        (k, d) float64, a row for each centre; of length one unless ``normalise=F``. A row without neighbours and
        without central weight is zero.

    Raises
    ------
    InputError
        If the descriptor has an option that the engine does not know, the configuration holds another element, or
        positions are not finite.

    Examples
    --------
    >>> from ecemc.testing import ec
    >>> soap = Descriptor("soap cutoff=4 n_max=4 l_max=2 atom_sigma=0.5", (1, 6, 8))
    >>> descriptors(ec(), soap).shape
    (10, 235)
    """
    numbers = atomic_numbers(atoms)
    if other := sorted(set(numbers.tolist()) - set(descriptor.elements)):
        known = ", ".join(chemical_symbols[number] for number in descriptor.elements)
        raise InputError(f"descriptor: has no channel for {chemical_symbols[other[0]]}, only for {known}")
    chosen = np.arange(len(numbers)) if centers is None else np.asarray(centers, dtype=np.int64)
    rows = np.empty((len(chosen), descriptor.n_values))
    frame = geometry(atoms)
    cell = frame.cell if any(frame.pbc) else np.zeros((3, 3))
    for number in np.unique(numbers[chosen]).tolist():
        places = np.flatnonzero(numbers[chosen] == number)
        of, values = _engine(descriptor, number).compute([(frame.positions, numbers, cell, frame.pbc)], n_threads)
        rows[places] = values[np.searchsorted(of, chosen[places])]
    return rows


@lru_cache(maxsize=64)
def _engine(descriptor: Descriptor, center: int) -> _core.GapDescriptor:
    """Compiled descriptor of atoms with an atomic number."""
    try:
        return _core.GapDescriptor(descriptor.quip(center))
    except (InputError, NotImplementedError) as error:
        raise InputError(f"descriptor: {descriptor.text!r}: {error}") from error
