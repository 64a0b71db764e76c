"""Geometries of a volume scan: the cell scaled, the molecules rigid or deformed with it."""

from __future__ import annotations

__all__ = ["volume_scan"]

from typing import TYPE_CHECKING, Literal

from ecemc import _core, keys
from ecemc.errors import InputError
from ecemc.frames import reals, without_labels
from ecemc.molecules import frame_with_molecules

if TYPE_CHECKING:
    from ase import Atoms
    from numpy.typing import ArrayLike

    from ecemc.molecules import Molecules


def volume_scan(
    atoms: Atoms,
    scales: ArrayLike,
    *,
    mode: Literal["rigid", "affine"] = "rigid",
    molecules: Molecules | None = None,
    n_threads: int | None = None,
) -> list[Atoms]:
    """Scale cell and centres of mass by linear factors s; the volume changes by s³.

    ``"rigid"``: ``r_i(s) = s τ_j + (r_i - τ_j)`` with the centre of mass ``τ_j`` of the atom's unbroken molecule, which
    keeps its shape and orientation. ``"affine"``: ``r_i(s) = s r_i``, bonds stretch too. Molecules come out whole,
    anchored at their first atoms; at s = 1 unbroken molecules stay where they are. Scaling is about the origin of
    coordinates, another origin would only shift the structure. All three cell vectors scale, also along axes that are
    not periodic.

    Parameters
    ----------
    atoms
        The configuration.
    scales
        Linear scale factors s > 0.
    mode
        ``"rigid"`` or ``"affine"``.
    molecules
        Result of :func:`ecemc.find_molecules` for these very positions; found with its default bonds if not given.
    n_threads
        See :func:`ecemc.find_molecules`.

    Returns
    -------
    list of Atoms
        One per factor, with ``info["scan_scale"]`` and ``info["scan_mode"]``; energies, forces, density and other
        quantities of the parent geometry are left out. Small factors push molecules into each other: that is the
        repulsive wall.

    Raises
    ------
    InputError
        If ``scales`` is empty or holds anything but finite numbers > 0.
    InfiniteMoleculeError
        If a molecule is bonded to its own periodic image.

    Examples
    --------
    >>> from ase.build import molecule
    >>> box = molecule("H2O", cell=[4, 4, 4], pbc=True)
    >>> [round(float(frame.get_volume()), 1) for frame in volume_scan(box, [1.0, 1.5])]
    [64.0, 216.0]
    """
    factors = reals("scales", scales, "a list of linear scale factors")
    if factors.ndim != 1 or not len(factors):
        message = f"scales: got an array of shape {factors.shape}, expected a list of linear scale factors"
        raise InputError(message)
    if mode not in {"rigid", "affine"}:
        message = f"mode: got {mode!r}, expected 'rigid' or 'affine'"
        raise InputError(message)
    frame = frame_with_molecules(atoms, molecules)
    template = without_labels(atoms)
    cell = template.cell.array
    geometries = _core.volume_scan(frame, factors.tolist(), mode == "rigid", n_threads)
    scan = []
    for scale, positions in zip(factors.tolist(), geometries, strict=True):
        scaled: Atoms = template.copy()
        scaled.arrays["positions"] = positions
        scaled.cell[:] = scale * cell
        scaled.info |= {keys.SCAN_SCALE: scale, keys.SCAN_MODE: mode}
        scan.append(scaled)
    return scan
