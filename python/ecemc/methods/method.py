"""What a method is: a name, everything its results depend on, and how to make its calculator."""

from __future__ import annotations

__all__ = ["Method"]

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Method:
    """A way to compute energy, forces and virial.

    Made by :func:`ecemc.methods.get_method`; write one by hand to wrap a calculator in a way that has no name there.

    Examples
    --------
    >>> from ase.calculators.lj import LennardJones
    >>> Method("LJ", "lj sigma=1 epsilon=1", LennardJones).make().implemented_properties[0]
    'energy'
    """

    #: for people, and for ``info["label_method"]``
    name: str
    #: everything that results depend on: options, versions, hashes of files; results of equal identity are the same
    identity: str
    #: makes the ASE calculator; picklable, so that it can be made in other processes
    make: Callable[[], Any]
    #: convergence gate: takes the calculator after a calculation, gives the reason why the result must not be used
    converged: Callable[[Any], str | None] | None = None
    #: whether the calculator takes many configurations at once, ``calculator.labels(frames)`` as of :class:`ecemc.GAP`,
    #: on threads of its own; then one process is enough, and there is no gate
    batches: bool = False
