"""The best orientations of two rigid molecules by a cheap method."""

from __future__ import annotations

__all__ = ["SearchOptions", "find_poses"]

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import minimize
from scipy.spatial.transform import Rotation

from ecemc.dimers.geometry import Pose, even_poses, pair
from ecemc.errors import CalculationError, InputError
from ecemc.evaluation import evaluate
from ecemc.evaluation.workers import Here
from ecemc.methods import get_method

if TYPE_CHECKING:
    from collections.abc import Callable

    from ase import Atoms
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: Distances tried, in units of that at which the molecules touch.
_NEARNESS = (0.85, 0.95, 1.05)
#: Å, no pair nearer than this is tried: the centres of molecules that wrap around each other may coincide.
_CLOSEST = 1.5


@dataclass(frozen=True)
class SearchOptions:
    """How orientations are searched.

    Examples
    --------
    >>> SearchOptions(n_orientations=50).n_refined
    10
    """

    #: evenly spread over all relative orientations
    n_orientations: int = 200
    #: the best of them that are relaxed as rigid bodies
    n_refined: int = 10
    #: of the orientations
    seed: int = 1
    #: eV/Å and eV/rad, largest component of the gradient of a relaxed pose
    tolerance: float = 1e-3

    def __post_init__(self) -> None:
        """Refuse what is outside its domain."""
        if self.n_orientations < 1 or self.n_refined < 0:
            raise InputError(
                f"n_orientations, n_refined: got {self.n_orientations} and {self.n_refined}, expected >= 1 and >= 0"
            )
        if not self.tolerance > 0.0:
            raise InputError(f"tolerance: got {self.tolerance}, expected a number > 0")


def find_poses(
    first: Atoms,
    second: Atoms,
    method: Any,
    options: SearchOptions | None = None,
    *,
    n_jobs: int | None = None,
) -> tuple[Pose, ...]:
    """Search the orientations in which two rigid molecules attract each other most.

    Evenly spread orientations are tried at three distances about touching; the best are then relaxed in all six degrees
    of freedom of the second molecule. Configurations that the method fails on are passed over.

    Parameters
    ----------
    first, second
        From :func:`ecemc.dimers.monomer`.
    method
        Whatever :func:`ecemc.methods.get_method` takes; something cheap.
    options
        Number of orientations, how many are relaxed.
    n_jobs
        See :func:`ecemc.evaluation.evaluate`.

    Returns
    -------
    tuple of Pose
        With interaction energies, the best first: the relaxed ones and all others.

    Raises
    ------
    CalculationError
        If the method fails on a molecule alone, or on every pair.

    Notes
    -----
    A search, no proof: raise ``n_orientations`` and see whether the best changes.

    Examples
    --------
    >>> from ecemc.dimers import monomer
    >>> (_, a), (_, b) = monomer("EC"), monomer("EC")
    >>> best, *_ = find_poses(a, b, "opls", SearchOptions(30, 1), n_jobs=1)
    >>> bool(best.energy < -0.2)
    True
    """
    options = options or SearchOptions()
    chosen = get_method(method)
    alone = list(evaluate((first, second), chosen, n_jobs=1))
    for outcome in alone:
        if outcome.labels is None:
            raise CalculationError(f"{chosen.name}: fails on a molecule alone: {outcome.failure}")
    zero = sum(outcome.labels.energy for outcome in alone)  # type: ignore[union-attr, misc]
    tried = [
        pose.at(max(_CLOSEST, factor * pose.distance))
        for pose in even_poses(first, second, options.n_orientations, seed=options.seed)
        for factor in _NEARNESS
    ]
    outcomes = evaluate((pair(first, second, pose) for pose in tried), chosen, n_jobs=n_jobs)
    found: list[Pose] = []
    for pose, outcome in zip(tried, outcomes, strict=True):
        if outcome.labels is not None and outcome.labels.energy is not None:
            found.append(Pose(pose.direction, pose.rotation, pose.distance, outcome.labels.energy - zero))
        else:
            failure = outcome.failure
    if not found:
        raise CalculationError(f"{chosen.name}: no pair of the molecules can be computed: {failure}")
    best = _best_of_each(found)
    here = Here(chosen)

    def interaction(atoms: Atoms) -> tuple[float, Floats] | None:
        labels = here.answer(atoms).labels
        if labels is None or labels.energy is None or labels.forces is None:
            return None
        return labels.energy - zero, labels.forces

    relaxed = [_relaxed(first, second, pose, interaction, options.tolerance) for pose in best[: options.n_refined]]
    return tuple(sorted([*relaxed, *best[options.n_refined :]], key=_energy))


def _energy(pose: Pose) -> float:
    assert pose.energy is not None  # noqa: S101 (all of them are computed)
    return pose.energy


def _best_of_each(found: list[Pose]) -> list[Pose]:
    """Keep the best distance of each orientation."""
    best: dict[tuple[float, ...], Pose] = {}
    for pose in sorted(found, key=_energy):
        best.setdefault((*pose.direction, *pose.rotation), pose)
    return list(best.values())


def _relaxed(
    first: Atoms,
    second: Atoms,
    pose: Pose,
    interaction: Callable[[Atoms], tuple[float, Floats] | None],
    tolerance: float,
) -> Pose:
    """Follow the forces: a translation and a rotation vector of the second molecule, from where it lies."""
    start = pair(first, second, pose)
    there, n = np.asarray(pose.direction) * pose.distance, len(first)
    arms = start.positions[n:] - there

    def followed(x: Floats) -> tuple[float, Floats]:
        atoms = start.copy()
        turned = Rotation.from_rotvec(x[3:]).apply(arms)
        atoms.positions[n:] = there + x[:3] + turned
        found = interaction(atoms)
        if found is None:  # atoms on top of each other, say: turn back
            return 1e3, np.zeros(6)
        energy, forces = found
        torque = np.cross(turned, forces[n:]).sum(axis=0)
        return energy, -np.concatenate([forces[n:].sum(axis=0), torque @ _left_jacobian(x[3:])])

    done = minimize(followed, np.zeros(6), jac=True, method="BFGS", options={"gtol": tolerance, "maxiter": 200})
    place = there + done.x[:3]
    distance = float(np.linalg.norm(place))
    rotation = (Rotation.from_rotvec(done.x[3:]) * Rotation.from_quat(pose.rotation)).as_quat()
    return Pose(tuple((place / distance).tolist()), tuple(rotation.tolist()), distance, float(done.fun))


def _left_jacobian(v: Floats) -> Floats:
    """Of the rotation by a rotation vector: a change dv turns by J·dv (Sola et al., arXiv:1812.01537, equation 145)."""
    angle = float(np.linalg.norm(v))
    x, y, z = v
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    if angle < 1e-4:  # series
        return np.asarray(np.eye(3) + 0.5 * cross + cross @ cross / 6.0)
    one, two = (1.0 - np.cos(angle)) / angle**2, (angle - np.sin(angle)) / angle**3
    return np.asarray(np.eye(3) + one * cross + two * cross @ cross)
