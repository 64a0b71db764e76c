"""Maps for the interactive viewer chemiscope."""

from __future__ import annotations

__all__ = ["write_chemiscope"]

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ecemc.errors import require
from ecemc.files import atomic
from ecemc.frames import without_labels
from ecemc.maps.kernel_pca import open_again

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from ase import Atoms

    from ecemc.maps.kernel_pca import KernelPCA
    from ecemc.maps.points import Points
    from ecemc.trajectory import Trajectory


def write_chemiscope(
    path: Path, found: KernelPCA, frames: Atoms | Iterable[Atoms] | Trajectory, *, color: str | None = None
) -> None:
    """Write a map with its structures for https://chemiscope.org: click a point, see the atoms.

    Parameters
    ----------
    path
        ``.json``, or ``.json.gz``, which is compressed.
    found
        The map.
    frames
        What it was made from, or what was projected. All frames that have points are held in memory.
    color
        Property that colours the points at first.

    Raises
    ------
    InputError
        If nothing is called ``color``.
    MissingExtraError
        Without chemiscope.
    OSError
        If the file cannot be written; nothing is left behind then.
    """
    chemiscope = require("chemiscope", "map")
    points = found.points
    shown = np.unique(points.frame)
    place = {int(frame): k for k, frame in enumerate(shown)}
    structures = [without_labels(atoms) for k, atoms in enumerate(open_again(frames)()) if k in place]
    target = "structure" if points.whole else "atom"
    names = [name for name in points.names if not name.startswith("REF_")]
    axes = [f"PC{k + 1}" for k in range(found.coordinates.shape[1])]
    properties = {name: {"target": target, "values": _values(points, name)} for name in names}
    for name, axis, ratio in zip(axes, found.coordinates.T, found.explained_variance_ratio, strict=True):
        description = f"{100.0 * ratio:.1f} % of the variance"
        properties[name] = {"target": target, "values": axis.tolist(), "description": description}
    looks: dict[str, Any] = {"x": {"property": axes[0]}, "y": {"property": axes[min(1, len(axes) - 1)]}}
    if color is not None and points.numeric(color):
        looks["color"] = {"property": color}
    elif color is not None:  # chemiscope has shapes for categories, and colours for numbers only
        values = _values(points, color)
        kinds = sorted(set(values))
        number = f"{color} (number)"
        properties[number] = {"target": target, "values": [float(kinds.index(value)) for value in values]}
        looks |= {"symbol": color, "color": {"property": number, "palette": "viridis"}}
    reach = found.descriptor.cutoff
    environments = [
        (place[frame], atom, reach) for frame, atom in zip(points.frame.tolist(), points.atom.tolist(), strict=True)
    ]
    text = f"{found.options.by}, {found.options.descriptor}, zeta={found.options.zeta}"
    with atomic(path) as temporary:
        chemiscope.write_input(
            str(temporary), structures=structures, properties=properties,
            environments=None if points.whole else environments, settings={"map": looks},
            metadata={"name": "Kernel-PCA map", "description": text},
        )  # fmt: skip


def _values(points: Points, name: str) -> list[Any]:
    """Numbers, NaN where unknown, if they are numbers; else texts."""
    values = points.values(name)
    if points.numeric(name):
        return [math.nan if value is None else float(value) for value in values]
    return ["n/a" if value is None else str(value) for value in values]
