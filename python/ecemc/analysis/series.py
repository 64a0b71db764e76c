"""One number for each frame: time, density, energy, temperature, pressure, the largest hole."""

from __future__ import annotations

__all__ = ["SERIES_UNITS", "SeriesRecorder"]

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from ase.data import atomic_masses

from ecemc import _core, keys
from ecemc.rigid_body import kinetic_energies
from ecemc.units import AMU_PER_A3_TO_G_PER_CM3, BOLTZMANN, EV_PER_A3_TO_BAR
from ecemc.voids import largest_holes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from ecemc.analysis.batch import Batch
    from ecemc.analysis.state import State

#: What is recorded of each frame, in the order of tables.
SERIES_UNITS = {
    "density": "g/cm³",
    "volume": "Å³",
    "energy": "eV/atom",
    "temperature": "K",
    "temperature_target": "K",
    "pressure": "bar",
    "temperature_translational": "K",
    "temperature_rotational": "K",
    "temperature_vibrational": "K",
    "largest_void": "Å",
    "void_ratio": "1",
}
#: Fewer molecules in a frame make no liquid that could have a bubble.
MIN_MOLECULES = 8
_PARTS = ("translational", "rotational", "vibrational")


_KINETIC_TYPES = (np.int64, np.int64, np.float64)


class _Kinetic(NamedTuple):
    """Molecules of one kind in one frame, as far as they are there and have velocities: few rows for each frame."""

    #: (n,) int64, frames since the first, and kinds
    frame: NDArray[np.int64]
    kind: NDArray[np.int64]
    #: (n, 2, 3) kinetic energies in eV and degrees of freedom, of the parts of the motion
    parts: NDArray[np.float64]

    @classmethod
    def of(cls, first: int, energy: NDArray[np.float64], freedom: NDArray[np.float64]) -> _Kinetic:
        """Take (n_frames, n_kinds, 3) each; ``first`` is the number of the first frame."""
        frame, kind = np.nonzero((freedom > 0.0).any(axis=2))
        return cls(first + frame, kind, np.stack([energy[frame, kind], freedom[frame, kind]], axis=1))

    def where(self, rows: NDArray[np.integer] | NDArray[np.bool_]) -> _Kinetic:
        """Give some rows."""
        return _Kinetic(self.frame[rows], self.kind[rows], self.parts[rows])

    def sums(self, n_frames: int) -> NDArray[np.float64]:
        """(2, n_frames, 3) energies and degrees of freedom of each frame, added row by row."""
        sums = np.zeros((n_frames, 2, 3))
        np.add.at(sums, self.frame, self.parts)
        return sums.transpose(1, 0, 2)


class SeriesRecorder:
    """Takes what the frames tell by themselves or through their molecules."""

    def __init__(self) -> None:
        self._columns: dict[str, list[NDArray[np.float64]]] = {}
        self._kinetic: list[_Kinetic] = []

    def add(self, batch: Batch, *, n_threads: int | None = None) -> None:
        """Take the next frames."""
        first, frames, tracked = batch
        volume = frames.volumes
        new = _labels(frames) | {
            "time": frames.reals([keys.TIME], 1)[:, 0],
            "n_atoms": frames.n_atoms.astype(np.float64),
            "volume": volume,
            "density": frames.masses(atomic_masses) / volume * AMU_PER_A3_TO_G_PER_CM3,
            "spacing": np.cbrt(volume / np.maximum(tracked.n_molecules, 1)),
            "largest_void": largest_holes(frames, first=first, n_threads=n_threads),
        }
        new["largest_void"][tracked.n_molecules < MIN_MOLECULES] = math.nan
        new["void_ratio"] = new["largest_void"] / new["spacing"]
        energy, freedom = kinetic_energies(frames, tracked, n_threads=n_threads)
        self._kinetic.append(_Kinetic.of(self._n_frames, energy, freedom))
        for name, values in new.items():
            self._columns.setdefault(name, []).append(values)

    def merge(self, later: SeriesRecorder, kinds: Sequence[int]) -> None:
        """Append the frames that follow; ``kinds`` are our numbers of their kinds of molecules."""
        theirs = later._all_kinetic()
        self._kinetic.append(
            _Kinetic(theirs.frame + self._n_frames, np.array(kinds, dtype=np.int64)[theirs.kind], theirs.parts)
        )
        for name, parts in later._columns.items():
            self._columns.setdefault(name, []).extend(parts)

    def columns(self) -> dict[str, NDArray[np.float64]]:
        """Join what is recorded and add what follows from it, (n_frames,) each, NaN where a frame does not tell."""
        found = {name: np.concatenate(parts) for name, parts in self._columns.items()}
        # Sums over kinds of molecules are made here, where the order of the kinds is that of the whole run.
        found |= _temperatures(*self._all_kinetic().sums(self._n_frames))
        # The file's own temperature knows of constraints; velocities do not.
        found["temperature"] = np.where(np.isnan(found["temperature"]), found["kinetic"], found["temperature"])
        thermal = found["n_atoms"] * BOLTZMANN * found["temperature"]
        found["pressure"] = (thermal + found["virial"] / 3.0) / found["volume"] * EV_PER_A3_TO_BAR
        return found

    def temperatures_by_species(self, names: Sequence[str]) -> Iterator[tuple[str, dict[str, NDArray[np.float64]]]]:
        """(n_frames,) K, by species and part of the motion; ``names`` are those of the kinds of molecules."""
        kinetic = self._all_kinetic()
        name_of = np.array(names, dtype=object)[kinetic.kind]
        for name in dict.fromkeys(names):
            values = _temperature(*kinetic.where(name_of == name).sums(self._n_frames))
            yield name, {part: values[:, k] for k, part in enumerate(_PARTS)}

    @property
    def _n_frames(self) -> int:
        return sum(map(len, self._columns.get("n_atoms", ())))

    def _all_kinetic(self) -> _Kinetic:
        """Everything, by frame and kind: the order of sums is then that of the whole run."""
        if not self._kinetic:
            return _Kinetic.of(0, np.zeros((0, 0, 3)), np.zeros((0, 0, 3)))
        joined = _Kinetic(*map(np.concatenate, zip(*self._kinetic, strict=True)))
        return joined.where(np.lexsort((joined.kind, joined.frame)))

    def save(self, state: State) -> None:
        """Put everything into a state."""
        for name, values in self._all_kinetic()._asdict().items():
            state.part("kinetic").put(name, values)
        for name, parts in self._columns.items():
            state.part("column").put(name, np.concatenate(parts))

    @classmethod
    def load(cls, state: State) -> SeriesRecorder:
        """Go on from a state."""
        recorder = cls()
        columns = state.part("column")
        recorder._columns = {name: [columns.array(name, np.float64)] for name in columns.names()}
        kinetic = state.part("kinetic")
        recorder._kinetic = [
            _Kinetic(
                *(kinetic.array(name, dtype) for name, dtype in zip(_Kinetic._fields, _KINETIC_TYPES, strict=True))
            )
        ]
        return recorder


def _labels(frames: _core.Frames) -> dict[str, NDArray[np.float64]]:
    """Energy per atom, temperature, its target and the trace of the virial in eV, as the file tells them."""

    def number(*names: str) -> NDArray[np.float64]:
        return frames.reals(list(names), 1)[:, 0]

    return {
        "energy": number(keys.REF_ENERGY, "energy") / frames.n_atoms,
        "temperature": number(keys.TEMPERATURE),
        "temperature_target": number(keys.TEMPERATURE_TARGET),
        "virial": _virial_trace(frames),
    }


def _virial_trace(frames: _core.Frames) -> NDArray[np.float64]:
    """Of the virial, else of ``W = −stress·V`` with ASE's stress (3×3, or six numbers that begin with xx, yy, zz)."""
    trace = np.full(len(frames), math.nan)
    for names, sign in (([keys.REF_VIRIAL, "virial"], 1.0), (["stress"], -frames.volumes)):
        for width, diagonal in ((9, [0, 4, 8]), (6, [0, 1, 2])):
            found = sign * frames.reals(names, width)[:, diagonal].sum(axis=1)
            trace = np.where(np.isnan(trace), found, trace)
    return trace


def _temperatures(energy: NDArray[np.float64], freedom: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """Of translation, rotation and vibration of all molecules, from (n_frames, 3) each."""
    found = _temperature(energy, freedom)
    total = _temperature(energy.sum(axis=1), freedom.sum(axis=1))
    return {"kinetic": total} | {f"temperature_{part}": found[:, k] for k, part in enumerate(_PARTS)}


def _temperature(energy: NDArray[np.float64], freedom: NDArray[np.float64]) -> NDArray[np.float64]:
    """``2 E / (k f)``, NaN without degrees of freedom or without velocities."""
    with np.errstate(divide="ignore", invalid="ignore"):
        found: NDArray[np.float64] = np.where(freedom > 0.0, 2.0 * energy / (BOLTZMANN * freedom), math.nan)
    return found
