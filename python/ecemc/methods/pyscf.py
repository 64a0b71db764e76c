"""Density functional theory of molecules and clusters in vacuum by PySCF, with D3 dispersion by simple-dftd3."""

from __future__ import annotations

__all__ = ["SPECIFICATION", "PyscfCalculator", "PyscfOptions", "counterpoise", "method", "method_from_text"]

import re
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
from ase.calculators.calculator import Calculator, all_changes
from ase.data import chemical_symbols

from ecemc.errors import CalculationError, InputError, require
from ecemc.methods.method import Method
from ecemc.methods.user import check_options, described
from ecemc.threads import thread_count
from ecemc.units import BOHR_TO_A, HARTREE_TO_EV

if TYPE_CHECKING:
    from ase import Atoms
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: What :func:`method_from_text` takes.
SPECIFICATION = re.compile(r"([^/\\]+?)(?:-(d3bj|d3zero))?/([^/\\]+)", re.IGNORECASE)
_DAMPING = {"d3bj": "RationalDampingParam", "d3zero": "ZeroDampingParam"}
_SHOWN = {"d3bj": "-D3(BJ)", "d3zero": "-D3(0)", None: ""}
#: Self-consistent fields kept: with and without dispersion they are the same.
_KEPT = 256
#: Kr. Basis sets of heavier elements go with effective core potentials, which are not set here.
_HEAVIEST = 36


@dataclass(frozen=True)
class PyscfOptions:
    """Settings of a PySCF calculation.

    Examples
    --------
    >>> PyscfOptions("pbe0", "6-31g*", dispersion="d3bj").label
    'PBE0-D3(BJ)/6-31g*'
    """

    #: whatever PySCF (libxc) knows, such as ``"pbe"``, ``"pbe0"``, ``"blyp"``; ``"hf"`` for Hartree-Fock
    functional: str = "pbe"
    #: name of a basis set that PySCF brings
    basis: str = "def2-svp"
    #: ``"d3bj"``: D3 with Becke-Johnson damping, ``"d3zero"``: the original damping; two-body terms; None: none
    dispersion: str | None = None
    #: Coulomb and exchange integrals by density fitting (1) or exact (0)
    density_fit: bool = True
    #: PySCF's integration grid, 0 (coarse) to 9
    grid_level: int = 3
    #: Hartree, between the last two iterations
    tolerance: float = 1e-9
    #: of the self-consistent field; a frame that needs more fails
    max_iterations: int = 100
    #: MB that PySCF may take for integrals; results do not depend on it
    memory: float = 4000.0

    def __post_init__(self) -> None:
        """Refuse settings outside their domain."""
        if self.dispersion not in {None, *_DAMPING}:
            raise InputError(f"dispersion: got {self.dispersion!r}, expected d3bj, d3zero or none at all")
        if not (isinstance(self.grid_level, int) and 0 <= self.grid_level <= 9):
            raise InputError(f"grid_level: got {self.grid_level!r}, expected a whole number from 0 to 9")
        if not (isinstance(self.max_iterations, int) and self.max_iterations >= 1):
            raise InputError(f"max_iterations: got {self.max_iterations!r}, expected a whole number >= 1")
        if self.density_fit not in {False, True}:
            raise InputError(f"density_fit: got {self.density_fit!r}, expected 0 or 1")
        for name in ("tolerance", "memory"):
            value = getattr(self, name)
            if not (isinstance(value, (int, float)) and value > 0.0):
                raise InputError(f"{name}: got {value!r}, expected a number > 0")

    @property
    def label(self) -> str:
        """Level of theory, as people write it."""
        return f"{self.functional.upper()}{_SHOWN[self.dispersion]}/{self.basis}"


def method(**options: Any) -> Method:
    """Kohn-Sham by PySCF with options of :class:`PyscfOptions`."""
    require("pyscf.dft", "dft")
    check_options("pyscf", PyscfOptions, (), options)
    settings = PyscfOptions(**options)
    _check_functional(settings.functional)
    if settings.dispersion is not None:
        _damping(settings.functional, settings.dispersion)
    return _method(_Maker(settings))


def method_from_text(spec: str, options: dict[str, Any]) -> Method:
    """Read ``FUNCTIONAL/BASIS``, ``FUNCTIONAL-d3bj/BASIS`` or ``FUNCTIONAL-d3zero/BASIS``."""
    found = SPECIFICATION.fullmatch(spec)
    assert found is not None  # noqa: S101 (asked by the caller)
    functional, dispersion, basis = found.groups()
    named = {"functional": functional, "basis": basis}
    if dispersion is not None:
        named["dispersion"] = dispersion.lower()
    if twice := set(named) & set(options):
        raise InputError(f"method {spec}: {min(twice)} is given in the name and as an option; leave one out")
    return method(**named, **options)


def counterpoise(method: Method, n_first: int) -> Method | None:
    """Turn a PySCF method into one whose energy is the counterpoise-corrected interaction of two fragments.

    Both fragments are computed in the basis set of the whole complex, at their geometry in it (Boys and Bernardi, Mol.
    Phys. 19, 553 (1970)), so that neither is lowered by functions of the other; the fragments are rigid, no energy of
    deformation comes in. Forces are the derivatives of this energy.

    Parameters
    ----------
    method
        Any method.
    n_first
        The first fragment is that many atoms, the second the rest.

    Returns
    -------
    Method or None
        None for methods that are not PySCF's.

    Examples
    --------
    >>> from ecemc.methods import get_method
    >>> counterpoise(get_method("opls"), 10) is None
    True
    """
    if not isinstance(method.make, _Maker):
        return None
    return _method(replace(method.make, n_first=n_first), name=method.name)


@dataclass(frozen=True)
class _Maker:
    """Makes the calculator; can be sent to other processes."""

    options: PyscfOptions
    #: atoms of the first of two fragments whose interaction is wanted, None for the energy of the whole
    n_first: int | None = None

    def __call__(self) -> PyscfCalculator:
        return PyscfCalculator(self.options, self.n_first)


def _method(maker: _Maker, name: str | None = None) -> Method:
    options = maker.options
    versions = {"pyscf": version("pyscf")}
    if options.dispersion is not None:
        versions["dftd3"] = version("dftd3")
    settings = {key: value for key, value in asdict(options).items() if key != "memory"}
    settings["density_fit"] = bool(options.density_fit)
    if maker.n_first is not None:
        settings["counterpoise"] = maker.n_first
    return Method(
        name=name or f"{options.label} (PySCF {versions['pyscf']})",
        identity=described("pyscf", settings, versions),
        make=maker,
    )


class PyscfCalculator(Calculator):
    """ASE calculator for molecules and clusters in vacuum.

    Restricted Kohn-Sham, or unrestricted if the frame has initial magnetic moments: their sum is the number of unpaired
    electrons. The sum of the initial charges is the charge. Every frame starts from scratch. Forces are exact
    derivatives, with those of the integration grid and the fitting basis; they take about a fifth of the time.

    Parameters
    ----------
    options
        Level of theory and accuracy.
    n_first
        See :func:`counterpoise`.

    Raises
    ------
    CalculationError
        In ``calculate``, if the self-consistent field does not converge.
    InputError
        In ``calculate``, for periodic frames, an odd number of electrons without magnetic moments, elements that the
        basis set does not have, or elements heavier than Kr.

    Examples
    --------
    >>> from ase import Atoms
    >>> calculator = PyscfCalculator(PyscfOptions("hf", "sto-3g", density_fit=False))
    >>> round(calculator.get_potential_energy(Atoms("He")) / 27.2114, 3)
    -2.808
    """

    implemented_properties: list[str] = ["energy", "forces"]  # noqa: RUF012 (so in ASE)

    def __init__(self, options: PyscfOptions | None = None, n_first: int | None = None) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.options = options or PyscfOptions()
        self.n_first = n_first

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: list[str] | None = None,
        system_changes: list[str] = all_changes,
    ) -> None:
        """Compute what is asked for into ``results``."""
        super().calculate(atoms, properties, system_changes)  # type: ignore[no-untyped-call]
        frame: Any = self.atoms
        _check_frame(frame)
        wanted = "forces" in (properties or ())
        everything = np.ones(len(frame), dtype=bool)
        energy, gradient = self._part(frame, everything, gradient=wanted)
        if self.n_first is not None:
            first = np.arange(len(frame)) < self.n_first
            if not 0 < self.n_first < len(frame):
                raise InputError(f"n_first: got {self.n_first} for {len(frame)} atoms, expected two fragments")
            for fragment in (first, ~first):
                own, slope = self._part(frame, fragment, gradient=wanted)
                energy, gradient = energy - own, gradient - slope
        self.results = {"energy": energy}
        if wanted:
            self.results["forces"] = -gradient

    def _part(self, frame: Atoms, real: NDArray[np.bool_], *, gradient: bool) -> tuple[float, Floats]:
        """Energy (eV) and gradient (eV/Å) of some of the atoms in the basis set of all."""
        options = replace(self.options, dispersion=None)
        problem = _Problem(
            options,
            tuple(frame.numbers.tolist()),
            tuple(map(tuple, frame.positions.tolist())),
            tuple(real.tolist()),
            round(float(frame.get_initial_charges()[real].sum())),
            round(abs(float(frame.get_initial_magnetic_moments()[real].sum()))),
            equal_sizes=self.n_first is not None,
        )
        energy, rows = _solved(problem, gradient)
        slope = np.array(rows) if gradient else np.zeros((len(frame), 3))
        if self.options.dispersion is not None:
            part = frame[real]
            added, change = _dispersion(part, self.options.functional, self.options.dispersion)
            energy, slope[real] = energy + added, slope[real] + change
        return energy, slope


@dataclass(frozen=True)
class _Problem:
    """All that a self-consistent field depends on."""

    options: PyscfOptions
    numbers: tuple[int, ...]
    positions: tuple[tuple[float, ...], ...]
    #: nuclei and electrons are there; False: only basis functions
    real: tuple[bool, ...]
    charge: int
    n_unpaired: int
    #: Becke's partition of space without sizes of atoms: PySCF's gradient takes ghost atoms for another size than its
    #: energy does
    equal_sizes: bool


def _check_frame(frame: Atoms) -> None:
    if frame.pbc.any():
        raise InputError(
            "pyscf: computes molecules and clusters in vacuum, but the frame is periodic; cut molecules out without a "
            "cell (ecemc isolate --cell none), or take a periodic method"
        )
    if (heaviest := int(frame.numbers.max(initial=0))) > _HEAVIEST:
        raise InputError(
            f"pyscf: got {chemical_symbols[heaviest]}, expected elements up to Kr (no core potentials here)"
        )


@lru_cache(maxsize=_KEPT)
def _solved(problem: _Problem, gradient: bool) -> tuple[float, tuple[tuple[float, ...], ...]]:
    """Energy, eV, and gradient, eV/Å (empty if not wanted), from scratch."""
    require("pyscf.lib", "dft").num_threads(thread_count())
    options = problem.options
    field = _field(problem)
    field.set(
        chkfile=None, conv_tol=options.tolerance, max_cycle=options.max_iterations, max_memory=options.memory, verbose=0
    )
    energy = float(field.kernel()) * HARTREE_TO_EV
    if not field.converged:
        raise CalculationError(
            f"{options.label}: the self-consistent field has not converged in {options.max_iterations} iterations"
        )
    if not gradient:
        return energy, ()
    slope = field.nuc_grad_method()
    # Without, forces of functionals are off by 1e-3 eV/Å and do not add up to zero.
    slope.grid_response = True
    return energy, tuple(map(tuple, (slope.kernel() * HARTREE_TO_EV / BOHR_TO_A).tolist()))


def _field(problem: _Problem) -> Any:
    """Make the self-consistent field; Hartree-Fock has no grid."""
    dft, options, molecule = require("pyscf.dft", "dft"), problem.options, _molecule(problem)
    if dft.libxc.xc_type(options.functional) == "HF":
        scf = require("pyscf.scf", "dft")
        field = (scf.UHF if problem.n_unpaired else scf.RHF)(molecule)
    else:
        field = (dft.UKS if problem.n_unpaired else dft.RKS)(molecule, xc=options.functional)
        field.grids.level = options.grid_level
        if problem.equal_sizes:
            field.grids.radii_adjust = None
    return field.density_fit() if options.density_fit else field


def _molecule(problem: _Problem) -> Any:
    gto = require("pyscf.gto", "dft")
    n_electrons = sum(z for z, real in zip(problem.numbers, problem.real, strict=True) if real) - problem.charge
    if (n_electrons - problem.n_unpaired) % 2:
        raise InputError(
            f"pyscf: {n_electrons} electrons cannot have {problem.n_unpaired} unpaired ones; set the frame's initial "
            "magnetic moments, whose sum is their number (1 for H, 2 for C and O), or its initial charges"
        )
    symbols = [chemical_symbols[z] if real else f"ghost-{chemical_symbols[z]}"
               for z, real in zip(problem.numbers, problem.real, strict=True)]  # fmt: skip
    molecule = gto.Mole(
        atom=list(zip(symbols, (np.array(problem.positions) / BOHR_TO_A).tolist(), strict=True)),
        unit="Bohr",
        basis=problem.options.basis,
        charge=problem.charge,
        spin=problem.n_unpaired,
        verbose=0,
        max_memory=problem.options.memory,
    )
    try:
        for z in sorted(set(problem.numbers)):
            gto.basis.load(problem.options.basis, chemical_symbols[z])
    except Exception as error:  # PySCF warns, raises KeyError, or what its parser stumbles over
        raise InputError(
            f"basis: PySCF has no {problem.options.basis!r} for {chemical_symbols[z]}, expected one such as def2-svp"
        ) from error
    # Neither the command line nor a configuration file of the user is any of its business.
    return molecule.build(dump_input=False, parse_arg=False)


def _check_functional(functional: str) -> None:
    libxc = require("pyscf.dft", "dft").libxc
    if re.search(r"-d[34]", functional, re.IGNORECASE):
        raise InputError(f"functional: got {functional!r}; dispersion is an option of its own: d3bj or d3zero")
    try:
        libxc.parse_xc(functional)
        known = bool(str(functional).strip())
    except (KeyError, ValueError, AttributeError):
        known = False
    if not known:
        raise InputError(f"functional: PySCF knows no {functional!r}, expected one such as pbe, pbe0, b3lyp, hf")


def _damping(functional: str, dispersion: str) -> Any:
    interface = require("dftd3.interface", "dft")
    try:
        return getattr(interface, _DAMPING[dispersion])(method=functional)
    except RuntimeError as error:
        raise InputError(f"dispersion: {dispersion} has no parameters for {functional!r}") from error


def _dispersion(part: Atoms, functional: str, dispersion: str) -> tuple[float, Floats]:
    """Energy, eV, and gradient, eV/Å."""
    interface = require("dftd3.interface", "dft")
    model = interface.DispersionModel(part.numbers, part.positions / BOHR_TO_A)
    found = model.get_dispersion(_damping(functional, dispersion), grad=True)
    return float(found["energy"]) * HARTREE_TO_EV, found["gradient"] * HARTREE_TO_EV / BOHR_TO_A
