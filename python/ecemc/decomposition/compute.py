"""Intra- and intermolecular parts, computed by any method: one configuration, or a stream of them."""

from __future__ import annotations

__all__ = ["Decomposed", "Task", "decompose_properties", "decomposed", "plan"]

from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ecemc import keys
from ecemc.decomposition.isolated import cell_name, cut_out
from ecemc.decomposition.parts import PropertyParts, sum_over_molecules
from ecemc.errors import CalculationError, InputError
from ecemc.evaluation.engine import evaluate
from ecemc.evaluation.single_point import compute, compute_together, takes_many
from ecemc.labels import Labels
from ecemc.molecules import checked, find_molecules

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ase import Atoms

    from ecemc.decomposition.isolated import Cell
    from ecemc.evaluation import Ledger, Outcome
    from ecemc.methods import Method
    from ecemc.molecules import Molecules


def decompose_properties(
    atoms: Atoms, calculator: Any, *, molecules: Molecules | None = None, cell: Cell = None
) -> PropertyParts:
    """Split energy, forces and virial into intra- and intermolecular parts.

    Every molecule is cut out in its geometry and orientation and evaluated alone (section 2.6 of Magdău et al. 2023)::

        X_intra = Σ_j X_j        X_inter = X_total − X_intra

    with energies and virials added up and forces put in the places of their atoms.

    Parameters
    ----------
    atoms
        The configuration; molecules may be broken by boundaries and atoms in any order. Not modified.
    calculator
        An ASE calculator.
    molecules
        Result of :func:`ecemc.find_molecules` for these very positions; found with its default bonds if not given.
    cell
        Where the molecules are evaluated. ``None``: in vacuum, not periodic, which is what "alone" means: the parts do
        not depend on the box, and what a molecule does to its own periodic images is intermolecular, as in
        :func:`ecemc.rdf`. A length in Å: in a periodic cubic box, for programs that cannot do without one.
        ``"parent"``: in the cell of ``atoms``; the interaction with the own images then counts as intramolecular.

    Returns
    -------
    PropertyParts
        ``parts.energy.inter`` or ``parts.inter.energy``, and so on. The virial is None where the calculator has no
        stress, or ``atoms`` is periodic along some axes only.

    Raises
    ------
    InfiniteMoleculeError
        If a molecule is bonded to its own periodic image.
    InputError
        If ``cell`` is none of these or shorter than a molecule, or ``molecules`` are those of other atoms.
    CalculationError
        If the calculator fails for a molecule, or has no energy or forces.
    Exception
        What the calculator raises for the whole configuration.

    Notes
    -----
    The parts of two methods can only be compared if both have seen the molecules in the same cell. The energy zero of
    free atoms, dispersion within a molecule, and its polarisation by itself are intramolecular; polarisation by others
    is intermolecular. Ions need their charges by atom (``initial_charges``) if the calculator is to know of them.

    Examples
    --------
    >>> from ase.calculators.lj import LennardJones
    >>> from ase.build import molecule
    >>> pair = molecule("N2") + molecule("N2")
    >>> pair.positions[2:] += [0, 4.0, 0]
    >>> parts = decompose_properties(pair, LennardJones(sigma=1.0, epsilon=0.01, rc=12.0))
    >>> bool(abs(parts.intra.energy + parts.inter.energy - parts.total.energy) < 1e-12), parts.forces.inter.shape
    (True, (4, 3))
    """
    found = find_molecules(atoms) if molecules is None else checked(molecules)
    pieces = cut_out(atoms, found, cell)
    total, *alone = _computed(atoms, pieces, calculator, cell)
    members = [piece.arrays[keys.PARENT_ATOM] for piece in pieces]
    return PropertyParts(total, sum_over_molecules(len(atoms), zip(members, alone, strict=True)))


def _computed(atoms: Atoms, pieces: list[Atoms], calculator: Any, cell: Cell) -> list[Labels]:
    """Evaluate the whole and the molecules, at once if the calculator can; one by one to see which one fails."""
    if takes_many(calculator):
        with suppress(Exception):
            return compute_together([atoms, *pieces], calculator)
    return [compute(atoms, calculator), *(_alone(piece, calculator, cell) for piece in pieces)]


def _alone(piece: Atoms, calculator: Any, cell: Cell) -> Labels:
    try:
        return compute(piece, calculator)
    except Exception as error:
        raise CalculationError(_failure(piece, f"{type(error).__name__}: {error}", cell)) from error


@dataclass(frozen=True, eq=False)
class Task:
    """What has to be computed for one configuration."""

    atoms: Atoms
    #: None if they could not be found or made whole
    molecules: Molecules | None
    #: the molecules to evaluate; None if they are not asked for
    pieces: list[Atoms] | None
    #: where they stand
    cell: Cell = None
    #: labels of the whole that need not be computed
    total: Labels | None = None
    #: why nothing can be computed
    failure: str | None = None

    @property
    def configurations(self) -> list[Atoms]:
        """What is to be evaluated, in this order."""
        if self.failure is not None:
            return []
        return [*([] if self.total is not None else [self.atoms]), *(self.pieces or [])]


@dataclass(frozen=True, eq=False)
class Decomposed:
    """What came of one configuration: parts, or the reason why there are none."""

    atoms: Atoms
    molecules: Molecules | None
    parts: PropertyParts | None
    failure: str | None = None
    #: where the molecules stood, as spelt in files; None without molecules
    cell: str | float | None = None


def plan(atoms: Atoms, *, cell: Cell = None, total: Labels | None = None, split: bool = True) -> Task:
    """Cut a configuration into what has to be computed; a configuration that cannot be cut becomes a failure.

    Parameters
    ----------
    atoms
        The configuration.
    cell
        See :func:`decompose_properties`.
    total
        Labels of the whole that need not be computed.
    split
        Whether molecules are wanted. If not, one that cannot be made whole is no failure.

    Examples
    --------
    >>> from ase.build import molecule
    >>> [len(atoms) for atoms in plan(molecule("H2O")).configurations]
    [3, 3]
    """
    try:
        found = find_molecules(atoms)
        if not split:
            return Task(atoms, None if found.infinite.any() else found, None, total=total)
        return Task(atoms, found, cut_out(atoms, found, cell), cell, total)
    except InputError as error:
        return Task(atoms, None, None, failure=str(error))


def decomposed(
    tasks: Iterable[Task],
    method: Method,
    *,
    n_jobs: int | None = None,
    ledger: Ledger | None = None,
    retry: bool = False,
) -> Iterator[Decomposed]:
    """Compute tasks with :func:`ecemc.evaluation.evaluate`: whole and molecules, in parallel, past failures.

    A configuration fails, with the reason, if it or one of its molecules fails; the others go on.

    Parameters
    ----------
    tasks
        Of :func:`plan`; taken as they are needed.
    method
        What computes.
    n_jobs, ledger, retry
        As for :func:`ecemc.evaluation.evaluate`. With a ledger a molecule that repeats is computed once.

    Yields
    ------
    Decomposed
        One for each task, in order.

    Raises
    ------
    CalculationError
        If the method cannot be used at all.

    Examples
    --------
    >>> from ase.build import molecule
    >>> from ase.calculators.lj import LennardJones
    >>> from ecemc.methods import get_method
    >>> method = get_method(LennardJones(rc=12.0))
    >>> (done,) = decomposed([plan(molecule("H2O"))], method, n_jobs=1)
    >>> round(done.parts.energy.inter, 9)
    0.0
    """
    waiting: deque[Task] = deque()

    def configurations() -> Iterator[Atoms]:
        for task in tasks:
            waiting.append(task)
            yield from task.configurations

    outcomes: list[Outcome] = []
    for outcome in evaluate(configurations(), method, n_jobs=n_jobs, ledger=ledger, retry=retry):
        while not waiting[0].configurations:
            yield _joined(waiting.popleft(), [])
        outcomes.append(outcome)
        if len(outcomes) == len(waiting[0].configurations):
            yield _joined(waiting.popleft(), outcomes)
            outcomes = []
    while waiting:
        yield _joined(waiting.popleft(), [])


def _joined(task: Task, outcomes: list[Outcome]) -> Decomposed:
    """Put outcomes back together."""
    if task.failure is not None:
        return Decomposed(task.atoms, task.molecules, None, task.failure)
    total = task.total
    if total is None:
        whole, *outcomes = outcomes
        if whole.labels is None:
            return Decomposed(task.atoms, task.molecules, None, whole.failure)
        total = whole.labels
    if task.pieces is None:
        return Decomposed(task.atoms, task.molecules, PropertyParts(total, Labels()))
    alone = []
    for piece, outcome in zip(task.pieces, outcomes, strict=True):
        if outcome.labels is None:
            return Decomposed(task.atoms, task.molecules, None, _failure(piece, str(outcome.failure), task.cell))
        alone.append((piece.arrays[keys.PARENT_ATOM], outcome.labels))
    parts = PropertyParts(total, sum_over_molecules(len(task.atoms), alone))
    return Decomposed(task.atoms, task.molecules, parts, cell=cell_name(task.cell))


def _failure(piece: Atoms, reason: str, cell: Cell) -> str:
    where = "in vacuum" if cell is None else "in the parent cell" if cell == "parent" else f"in a box of {cell} Å"
    return f"molecule {piece.info[keys.MOLECULE]} ({piece.info[keys.MOLECULE_SPECIES]}) alone {where}: {reason}"
