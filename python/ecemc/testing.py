"""Small seeded builders of molecules and liquids for tests, benchmarks and documentation."""

from __future__ import annotations

__all__ = ["ec", "emc", "liquid", "molecule", "trajectory", "water"]

from typing import TYPE_CHECKING

import numpy as np
from ase import Atoms
from scipy.spatial.transform import Rotation

from ecemc.errors import InputError
from ecemc.neighbors import neighbor_list
from ecemc.units import AMU_PER_A3_TO_G_PER_CM3

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

#: Symbols and positions (Å, centre of mass at 0) of the gas-phase minima in OPLS-AA, water as in the gas.
_MOLECULES: dict[str, tuple[str, tuple[tuple[float, float, float], ...]]] = {
    "EC": (
        "CCCOOOHHHH",
        (
            (0.944, 0.330, 1.216),
            (0.358, 1.484, 0.385),
            (-0.354, -0.493, -0.435),
            (0.478, -0.817, 0.539),
            (-0.477, 0.818, -0.537),
            (-0.934, -1.302, -1.149),
            (2.034, 0.348, 1.246),
            (0.562, 0.330, 2.237),
            (1.132, 2.031, -0.155),
            (-0.215, 2.187, 0.991),
        ),
    ),
    "EMC": (
        "CCCCOOOHHHHHHHH",
        (
            (1.617, 1.035, -1.961),
            (0.097, 1.032, -1.742),
            (-0.262, -0.206, 0.288),
            (-0.634, -1.310, 2.364),
            (-0.205, 0.972, -0.355),
            (-0.070, -1.286, -0.276),
            (-0.550, -0.123, 1.593),
            (1.862, 1.114, -3.020),
            (2.066, 0.115, -1.585),
            (2.086, 1.872, -1.443),
            (-0.373, 0.202, -2.274),
            (-0.341, 1.945, -2.144),
            (-0.873, -1.071, 3.399),
            (0.315, -1.848, 2.341),
            (-1.410, -1.967, 1.970),
        ),
    ),
    "water": ("OHH", ((0.000, 0.000, 0.066), (0.757, 0.000, -0.520), (-0.757, 0.000, -0.520))),
}


#: Å, atoms of different molecules keep this distance in :func:`liquid`: far above any bond.
_CLOSEST = 2.0


def molecule(name: str) -> Atoms:
    """One molecule around the origin, without a cell.

    Parameters
    ----------
    name
        ``"EC"``, ``"EMC"`` or ``"water"``.

    Raises
    ------
    InputError
        For other names.

    Examples
    --------
    >>> str(molecule("EC").symbols)
    'C3O3H4'
    """
    if name not in _MOLECULES:
        message = f"name: got {name!r}, expected one of {', '.join(_MOLECULES)}"
        raise InputError(message)
    symbols, positions = _MOLECULES[name]
    return Atoms(list(symbols), positions)


def ec() -> Atoms:
    """Ethylene carbonate, C3H4O3, a slightly puckered ring of 10 atoms."""
    return molecule("EC")


def emc() -> Atoms:
    """Ethyl methyl carbonate, C4H8O3, a chain of 15 atoms."""
    return molecule("EMC")


def water() -> Atoms:
    """Water, 3 atoms."""
    return molecule("water")


def liquid(n_ec: int = 16, n_emc: int = 32, density: float = 0.985, *, n_water: int = 0, seed: int = 0) -> Atoms:
    """Rigid molecules at random places and orientations in a cubic periodic box, without overlaps.

    Parameters
    ----------
    n_ec, n_emc, n_water
        Numbers of molecules; EC come first, then EMC, then water.
    density
        g/cm³. Boxes up to the density of the liquid can be packed.
    seed
        Of NumPy's default generator.

    Notes
    -----
    This is not an equilibrium configuration: sample one with ``ecemc sample``.

    Raises
    ------
    InputError
        If there is no molecule, the density is not positive, or overlaps remain because it is too high.

    Examples
    --------
    >>> box = liquid(2, 4, density=0.5, seed=1)
    >>> len(box), round(float(box.cell.lengths()[0]), 2)
    (80, 12.53)
    """
    names = ["EC"] * n_ec + ["EMC"] * n_emc + ["water"] * n_water
    if not names or not density > 0.0:
        message = f"got {len(names)} molecules and density {density}, expected at least one molecule and density > 0"
        raise InputError(message)
    parts = [molecule(name) for name in names]
    mass = sum(float(np.sum(part.get_masses())) for part in parts)
    length = (mass * AMU_PER_A3_TO_G_PER_CM3 / density) ** (1 / 3)
    rng = np.random.default_rng(seed)
    box = Atoms(cell=[length] * 3, pbc=True)
    for part in parts:
        turn = Rotation.from_quat(rng.normal(size=4))
        part.positions = turn.apply(part.positions) + rng.uniform(0.0, length, 3)
        box += part
    index = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    _push_apart(box, index)
    return box


def trajectory(start: Atoms, n_frames: int, *, amplitude: float = 0.05, seed: int = 0) -> Iterator[Atoms]:
    """Shake a configuration: frames with Gaussian displacements of every atom and 1% breathing of the cell.

    A stand-in for a short MD run where only plausible frames are needed; the molecules stay whole in the sense of their
    bonds as long as ``amplitude`` (Å, standard deviation) stays below about 0.1.

    Examples
    --------
    >>> [len(frame) for frame in trajectory(liquid(1, 1, 0.3), 3)]
    [25, 25, 25]
    """
    rng = np.random.default_rng(seed)
    breath = 0.0
    for step in range(n_frames):
        breath = 0.9 * breath + rng.normal(scale=0.01)
        frame = start.copy()
        scale = 1.0 + breath / 3
        index = _contiguous_molecules(frame)
        centers = np.stack([frame.positions[index == k].mean(axis=0) for k in range(int(index[-1]) + 1)])
        frame.positions += (scale - 1.0) * centers[index] + rng.normal(scale=amplitude, size=(len(frame), 3))
        frame.cell *= scale
        frame.info = {"step": 100 * step, "time": 100.0 * step}
        yield frame


def _contiguous_molecules(atoms: Atoms) -> NDArray[np.int64]:
    """Molecule of each atom for boxes made here: a new one starts where no bond leads back."""
    first, second = neighbor_list("ij", atoms, 1.75)
    starts = np.ones(len(atoms), dtype=bool)
    for i, j in zip(first[first > second].tolist(), second[first > second].tolist(), strict=True):
        starts[j + 1 : i + 1] = False
    return np.cumsum(starts) - 1


def _push_apart(box: Atoms, index: NDArray[np.int64]) -> None:
    """Move and turn rigid molecules until no two atoms of different ones overlap."""
    sizes = np.bincount(index).astype(float)[:, None]
    for _ in range(2000):
        i, j, D, d = neighbor_list("ijDd", box, 1.1 * _CLOSEST)
        other = index[i] != index[j]
        i, D, d = i[other], D[other], np.maximum(d[other], 1e-6)
        if not np.any(d < _CLOSEST):
            return
        push = np.zeros((len(box), 3))
        np.add.at(push, i, D / d[:, None] * (d - 1.1 * _CLOSEST)[:, None])
        centers = _sums(box.positions, index) / sizes
        arms = box.positions - centers[index]
        inertia = _sums((arms**2).sum(axis=1)[:, None], index)
        shift = 1.5 * _sums(push, index) / sizes
        turn = Rotation.from_rotvec(1.5 * _sums(np.cross(arms, push), index) / inertia)
        box.positions[:] = centers[index] + shift[index] + turn[index].apply(arms)
    message = f"overlaps remain after {2000} steps: the density is too high for a random packing"
    raise InputError(message)


def _sums(values: NDArray[np.float64], index: NDArray[np.int64]) -> NDArray[np.float64]:
    """Sum rows over each molecule."""
    sums = np.zeros((int(index[-1]) + 1, values.shape[1]))
    np.add.at(sums, index, values)
    return sums
