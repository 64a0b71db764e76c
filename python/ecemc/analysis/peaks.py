"""The first neighbour shell of a partial RDF."""

from __future__ import annotations

__all__ = ["Shell", "first_shell"]

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ecemc.rdf import RDF

#: Å; structure of liquids is wider than this, noise between bins is not.
_SMOOTHING = 0.15
#: A maximum stands out by that much from the curve around it.
_PROMINENCE = 0.05


@dataclass(frozen=True)
class Shell:
    """First maximum above 1 of an intermolecular g(r), and the minimum that follows it; lengths in Å."""

    r_max: float
    g_max: float
    r_min: float
    g_min: float
    #: neighbours of the second element around one of the first, closer than ``r_min``
    coordination: float


def first_shell(rdf: RDF, a: str, b: str) -> Shell | None:
    """Find the first shell of ``b`` around ``a`` in other molecules; None if g(r) shows none within its range.

    The curve is smoothed over 0.15 Å to find the places; heights are those of the curve itself.
    """
    # Importing these takes longer than everything else that "import ecemc" does.
    from scipy.ndimage import gaussian_filter1d  # noqa: PLC0415
    from scipy.signal import find_peaks  # noqa: PLC0415

    g = rdf.inter[min(a, b), max(a, b)]
    width = float(rdf.r[1] - rdf.r[0]) if len(rdf.r) > 1 else 0.0
    if width == 0.0 or not np.any(g > 1.0):
        return None
    smooth = gaussian_filter1d(g, _SMOOTHING / width)
    tops, _ = find_peaks(smooth, height=1.0, prominence=_PROMINENCE)
    if not len(tops):
        return None
    top = int(tops[0])
    rises = np.flatnonzero(np.diff(smooth[top:]) > 0.0)
    if not len(rises):
        return None
    foot = top + int(rises[0])
    return Shell(
        r_max=float(rdf.r[top]),
        g_max=float(g[top]),
        r_min=float(rdf.r[foot]),
        g_min=float(g[foot]),
        coordination=float(rdf.coordination_inter[a, b][foot]),
    )
