"""Results as CSV files."""

from __future__ import annotations

__all__ = ["csv_bytes", "msd_csv", "rdf_csv", "tables"]

import csv
import io
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ecemc.dynamics.result import spelled

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ecemc.analysis import Analysis
    from ecemc.dynamics import MSD
    from ecemc.rdf import RDF


def tables(analysis: Analysis) -> dict[str, bytes]:
    """CSV files by name: series, one for each partial RDF, local composition, motion, bonds; units in the headings."""
    files = {"tables/series.csv": _series(analysis)}
    for pair in analysis.rdf.inter:
        files[f"tables/rdf_{'-'.join(pair)}.csv"] = rdf_table(analysis.rdf, pair)
    if analysis.centers is not None:
        for pair in analysis.centers.inter:
            files[f"tables/rdf_centers_{'-'.join(pair)}.csv"] = rdf_table(analysis.centers, pair)
    if analysis.motion.molecules is not None and analysis.motion.atoms is not None:
        files["tables/msd_molecules.csv"] = msd_csv(analysis.motion.molecules)
        files["tables/msd_atoms.csv"] = msd_csv(analysis.motion.atoms)
    if len(analysis.integrity.events):
        files["tables/bonds.csv"] = _bonds(analysis)
    if analysis.environments is not None:
        files["tables/local_composition.csv"] = _environments(analysis)
    return files


def rdf_csv(rdf: RDF) -> bytes:
    """All partial RDFs side by side."""
    columns = {"r (Å)": rdf.r, "g": rdf.total}
    for a, b in rdf.inter:
        columns |= {f"g_intra {a}-{b}": rdf.intra[a, b], f"g_inter {a}-{b}": rdf.inter[a, b]}
    for a, b in rdf.coordination_inter:
        columns[f"{b} around {a} inter"] = rdf.coordination_inter[a, b]
    return csv_bytes(list(columns), zip(*columns.values(), strict=True))


def msd_csv(msd: MSD) -> bytes:
    """Mean squared displacements of all species side by side, with errors."""
    columns: dict[str, Iterable[Any]] = {"t (fs)": msd.time, "pairs of frames": msd.n_pairs}
    for key, curve in msd.msd.items():
        columns |= {f"MSD {spelled(key)} (Å²)": curve, f"MSD {spelled(key)} stderr (Å²)": msd.stderr[key]}
    return csv_bytes(list(columns), zip(*columns.values(), strict=True))


def rdf_table(rdf: RDF, pair: tuple[str, str]) -> bytes:
    """One partial RDF with errors and coordination numbers."""
    a, b = pair
    columns = {
        "r (Å)": rdf.r,
        "g_intra": rdf.intra[pair],
        "g_inter": rdf.inter[pair],
        "g_inter stderr": rdf.stderr_inter[pair],
    }
    upper = rdf.edges[1:]
    for p, q in dict.fromkeys([(a, b), (b, a)]):
        columns[f"{q} around {p} intra, r < upper edge"] = rdf.coordination_intra[p, q]
        columns[f"{q} around {p} inter, r < upper edge"] = rdf.coordination_inter[p, q]
    columns["upper edge (Å)"] = upper
    return csv_bytes(list(columns), zip(*columns.values(), strict=True))


def _series(analysis: Analysis) -> bytes:
    columns: dict[str, Iterable[Any]] = {"frame": analysis.options.first_frame + np.arange(analysis.n_frames)}
    if analysis.time is not None:
        columns["time (fs)"] = analysis.time
    for quantity, series in analysis.series.items():
        columns[f"{quantity} ({series.unit})" if series.unit != "1" else quantity] = series.values
    columns["changed bonds"] = analysis.integrity.n_changed
    columns["system"] = analysis.integrity.system
    return csv_bytes(list(columns), zip(*columns.values(), strict=True))


def _bonds(analysis: Analysis) -> bytes:
    """Every bond that forms or breaks."""
    frames, first, second, sign = analysis.integrity.events.T
    columns: dict[str, Iterable[Any]] = {"frame": frames}
    if analysis.time is not None:
        columns["time (fs)"] = analysis.time[frames - analysis.options.first_frame]
    columns |= {"atom": first, "other atom": second, "event": ["formed" if s > 0 else "broken" for s in sign]}
    return csv_bytes(list(columns), zip(*columns.values(), strict=True))


def _environments(analysis: Analysis) -> bytes:
    found = analysis.environments
    assert found is not None  # noqa: S101  (asked by the only caller)
    rows = [
        [central, *c, count, found.distribution[central][c]]
        for central, counts in found.counts.items()
        for c, count in sorted(counts.items())
    ]
    return csv_bytes(["central", *(f"n_{name}" for name in found.species), "occurrences", "probability"], rows)


def csv_bytes(heading: list[str], rows: Iterable[Iterable[Any]]) -> bytes:
    """One table; the shortest texts that read back as the same numbers."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(heading)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue().encode()


def _cell(value: Any) -> Any:
    """Shortest text that reads back as the same number; nothing for what is not a number."""
    if isinstance(value, (float, np.floating)):
        return repr(float(value)) if math.isfinite(value) else ""
    return value
