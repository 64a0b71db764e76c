"""What an analysis found: frozen results and their JSON form."""

from __future__ import annotations

__all__ = ["SCHEMA", "Analysis", "Input", "Series"]

import math
import platform
from dataclasses import asdict, dataclass
from functools import cached_property
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np

from ecemc._core import __version__
from ecemc.analysis.mixing import ideal_means
from ecemc.analysis.peaks import first_shell

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ecemc.analysis.checks import Verdict
    from ecemc.analysis.integrity import Integrity
    from ecemc.analysis.motion import Motion
    from ecemc.analysis.options import AnalysisOptions
    from ecemc.environments import LocalEnvironments
    from ecemc.rdf import RDF
    from ecemc.thermo import SeriesStatistics

#: Name and version of the layout of :meth:`Analysis.to_dict`; it changes when a key changes its meaning or goes away.
SCHEMA = "ecemc.analysis/2"


@dataclass(frozen=True)
class Input:
    """The file that was read."""

    #: name without folders
    name: str
    #: bytes
    size: int
    sha256: str


@dataclass(frozen=True, eq=False)
class Series:
    """One number for each frame."""

    name: str
    unit: str
    #: (n_frames,), NaN where a frame does not give the quantity
    values: NDArray[np.float64]
    #: mean and error; None unless the frames are a time series of one system that all give the quantity
    statistics: SeriesStatistics | None


@dataclass(frozen=True, eq=False)
class Analysis:
    """Result of :func:`ecemc.analyze`.

    Examples
    --------
    >>> from ecemc import analyze
    >>> from ecemc.testing import liquid, trajectory
    >>> found = analyze(trajectory(liquid(4, 8, 0.9), 5))
    >>> found.n_frames, found.series["density"].unit, found.to_dict()["schema"]
    (5, 'g/cm³', 'ecemc.analysis/2')
    """

    #: the settings, with what was chosen by default filled in
    options: AnalysisOptions
    #: the files that were read; empty if frames were given instead
    inputs: tuple[Input, ...]
    #: what there is to know about them: frames left out, a last frame cut off, units taken for granted
    notes: tuple[str, ...]
    n_frames: int
    #: fs since the start of the run, (n_frames,); None if not all frames tell it
    time: NDArray[np.float64] | None
    #: by name: always ``density`` and ``volume``; ``largest_void`` and ``void_ratio`` (only in frames of 8 molecules
    #: and more); ``energy``, ``temperature``, ``temperature_target``, ``pressure``, ``temperature_translational``,
    #: ``temperature_rotational`` and ``temperature_vibrational`` if the file has what they need
    series: dict[str, Series]
    #: molecules of the first frame, and every bond that breaks or forms
    integrity: Integrity
    #: of atoms, pairs are elements; frames after ``options.equilibration``
    rdf: RDF
    #: of centres of mass, pairs are species; None if a molecule is infinite, or all are alone
    centers: RDF | None
    #: f(c|C); None if a molecule is infinite
    environments: LocalEnvironments | None
    #: mean squared displacements and diffusion, or why there are none
    motion: Motion
    #: K, of translation, rotation and vibration by species; empty without velocities or without a time series
    temperatures: dict[str, dict[str, SeriesStatistics]]
    #: Å, cube root of the volume per molecule, mean over frames
    molecular_spacing: float
    #: the checks and the worst of their answers
    verdict: Verdict

    @cached_property
    def is_time_series(self) -> bool:
        """Whether all frames show one system."""
        return len(self.integrity.compositions) == 1

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, strings, lists and dictionaries, valid as strict JSON: what is not a number is None.

        The layout is described by ``analysis.schema.json`` beside this module.
        """
        record = {
            "schema": SCHEMA,
            "verdict": asdict(self.verdict),
            "inputs": [asdict(source) for source in self.inputs],
            "notes": self.notes,
            "n_frames": self.n_frames,
            "system": self._system(),
            "series": {name: _series(series) for name, series in self.series.items()},
            "time": {"unit": "fs", "values": self.time},
            "rdf": _rdf(self.rdf),
            "centers": _rdf(self.centers) if self.centers else None,
            "local_composition": self._local_composition(),
            "molecules": self._molecules(),
            "motion": self.motion.to_dict(),
            "temperatures": {
                name: {part: asdict(statistics) for part, statistics in of.items()}
                for name, of in self.temperatures.items()
            },
            "options": asdict(self.options),
            "software": _software(),
        }
        plain: dict[str, Any] = _plain(record)
        return plain

    def _system(self) -> dict[str, Any]:
        return {
            "compositions": [
                {"molecules": molecules, "n_frames": int(np.count_nonzero(self.integrity.system == number))}
                for number, molecules in enumerate(self.integrity.compositions)
            ],
            "molecular_spacing": {"value": self.molecular_spacing, "unit": "Å"},
        }

    def _local_composition(self) -> dict[str, Any] | None:
        found = self.environments
        if found is None:
            return None
        return {
            "radius": {"value": found.radius, "unit": "Å"},
            "species": list(found.species),
            "global_composition": found.composition,
            "mean_neighbours": {name: found.mean[name] for name in found.species},
            "ideal_mean_neighbours": ideal_means(found),
            "distribution": {
                name: [{"c": list(c), "f": f} for c, f in sorted(of.items())] for name, of in found.distribution.items()
            },
        }

    def _molecules(self) -> dict[str, Any]:
        return {
            "intact": not self.integrity.changed_frames,
            "events": len(self.integrity.events),
            "frames_with_changed_bonds": self.integrity.changed_frames,
            "longest_change": self.integrity.longest_change,
            "changes": [asdict(change) for change in self.integrity.changes],
            "infinite": self.integrity.infinite,
        }


def _rdf(rdf: RDF) -> dict[str, Any]:
    pairs = []
    for (a, b), inter in rdf.inter.items():
        shell = first_shell(rdf, a, b)
        pairs.append(
            {
                "pair": [a, b],
                "intra": rdf.intra[a, b],
                "inter": inter,
                "intra_stderr": rdf.stderr_intra[a, b],
                "inter_stderr": rdf.stderr_inter[a, b],
                "coordination": {
                    f"{p}-{q}": {
                        "intra": rdf.coordination_intra[p, q],
                        "inter": rdf.coordination_inter[p, q],
                    }
                    for p, q in dict.fromkeys([(a, b), (b, a)])
                },
                "first_shell": asdict(shell) if shell else None,
            }
        )
    return {
        "unit": {"r": "Å", "g": "1", "coordination": "1"},
        "normalization": rdf.normalization,
        "n_frames": rdf.n_frames,
        "n_blocks": rdf.n_blocks,
        "block_length": rdf.block_length,
        "r": rdf.r,
        "edges": rdf.edges,
        "total": rdf.total,
        "pairs": pairs,
    }


def _series(series: Series) -> dict[str, Any]:
    return {
        "unit": series.unit,
        "statistics": asdict(series.statistics) if series.statistics else None,
        "values": series.values,
    }


def _software() -> dict[str, str]:
    packages = {name: version(name) for name in ("ase", "numpy", "pymbar", "scipy")}
    return {"ecemc": __version__, "python": platform.python_version(), **packages}


def _plain(value: Any) -> Any:
    """Turn arrays and tuples into lists and what is not finite into None."""
    if isinstance(value, dict):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
