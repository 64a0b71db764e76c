"""Figure of dimers: interaction energy against the distance of two molecules."""

from __future__ import annotations

__all__ = ["dimer_figure"]

from typing import TYPE_CHECKING

import numpy as np

from ecemc.plots.style import INK, MUTED, SPECIES_COLORS, figure, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ecemc.dimers import DimerResult

_LINES = ("-", "--", ":", "-.")


@styled
def dimer_figure(result: DimerResult) -> Figure:
    """Interaction energy of every method; circles at the minima, a dashed line at the published depth.

    The wall leaves the picture.

    Parameters
    ----------
    result
        Result of :func:`ecemc.dimers.dimer_curves`.
    """
    fig, axes = figure(5.6, 4.0)
    place = axes[0, 0]
    place.axhline(0.0, color=MUTED, lw=0.8)
    if result.published is not None:
        place.axhline(result.published, color=INK, lw=1.0, ls=(0, (6, 4)), label="PNO-LCCSD(T)-F12, depth (paper)")
    deepest = [result.published or 0.0]
    for number, (curve, minimum) in enumerate(zip(result.curves, result.minima, strict=True)):
        color = SPECIES_COLORS[number % len(SPECIES_COLORS)]
        line = _LINES[number // len(SPECIES_COLORS) % len(_LINES)]
        known = np.isfinite(curve.interaction)
        label = f"{curve.method}, counterpoise" if curve.counterpoise else curve.method
        place.plot(
            result.distances[known], curve.interaction[known], color=color, ls=line, marker=".", ms=4.0, label=label
        )
        place.plot(minimum.distance, minimum.energy, color=color, marker="o", ms=6.5, mfc="none", ls="")
        deepest.append(float(np.nanmin(curve.interaction)))
    depth = -min(deepest)
    place.set_ylim(-1.15 * depth if depth > 0.0 else None, depth if depth > 0.0 else None)
    place.set(title=result.name, xlabel="distance of the centres of mass (Å)", ylabel="interaction energy (eV)")
    fig.legend(loc="outside lower center", ncols=1)
    return fig
