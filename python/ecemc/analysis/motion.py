"""How far molecules and atoms move: mean squared displacements and self-diffusion in the one pass."""

from __future__ import annotations

__all__ = ["Motion", "MotionRecorder"]

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ecemc.dynamics import MSD, Diffusion, MSDAccumulator, self_diffusion
from ecemc.dynamics.result import spelled
from ecemc.errors import InputError
from ecemc.frames import atoms_from_record
from ecemc.molecules import find_molecules
from ecemc.trajectory.times import FrameTimes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ecemc.analysis.batch import Batch
    from ecemc.analysis.options import AnalysisOptions
    from ecemc.analysis.state import State


@dataclass(frozen=True, eq=False)
class Motion:
    """Mean squared displacements and self-diffusion, or why there are none.

    Examples
    --------
    >>> Motion("there is only one frame").to_dict()["diffusion"]
    {}
    """

    #: why there are none; None if there are
    reason: str | None
    #: of centres of mass, by species
    molecules: MSD | None = None
    #: of atoms, by species and element
    atoms: MSD | None = None
    #: by species; empty if the run is too short for a fit
    diffusion: dict[str, Diffusion] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "reason": self.reason,
            "unit": {"time": "fs", "msd": "Å²", "diffusion": "1e-5 cm²/s"},
            "time": self.molecules.time if self.molecules else [],
            "molecules": _curves(self.molecules),
            "atoms": _curves(self.atoms),
            "diffusion": {name: _diffusion(found) for name, found in self.diffusion.items()},
            "warning": self.molecules.warning if self.molecules else None,
        }


def _curves(msd: MSD | None) -> dict[str, Any]:
    if msd is None:
        return {}
    return {spelled(key): {"msd": curve, "stderr": msd.stderr[key]} for key, curve in msd.msd.items()}


def _diffusion(found: Diffusion) -> dict[str, Any]:
    return {
        "value": found.D,
        "stderr": found.stderr,
        "window": found.window,
        "exponent": found.exponent,
        "exponent_stderr": found.exponent_stderr,
        "displacement": found.displacement,
        "diffusive": found.verdict == "diffusive",
        "verdict": found.verdict,
    }


class MotionRecorder:
    """Follows the molecules of the first frame and their atoms as long as the frames show one system."""

    def __init__(self, scale: float) -> None:
        self._scale = scale
        #: Why nothing can be followed, from some frame on.
        self._reason: str | None = None
        #: Number of the system that is followed.
        self._system: int | None = None
        self._parts: dict[str, MSDAccumulator] = {}

    def add(self, batch: Batch, *, n_threads: int | None = None) -> None:
        """Take the next frames."""
        if self._reason is not None or not len(batch.frames):
            return None
        system = batch.tracked.system
        if self._system is None:
            self._system = int(system[0])
        if (system != self._system).any():
            # Which frame it is that differs can be told only of the whole run.
            return self._give_up("the frames show different atoms")
        try:
            if not self._parts:
                first = find_molecules(atoms_from_record(batch.frames[0]), scale=self._scale, n_threads=n_threads)
                self._parts = {of: MSDAccumulator(of=of, molecules=first) for of in ("molecules", "atoms")}
            for part in self._parts.values():
                part.add(batch.frames, start=batch.first, n_threads=n_threads)
        except InputError as error:
            self._give_up(str(error))

    def following(self) -> MotionRecorder:
        """Nothing yet, for later frames in which the same molecules are to be followed."""
        recorder = MotionRecorder(self._scale)
        recorder._parts = {of: part.following() for of, part in self._parts.items()}
        return recorder

    def merge(self, later: MotionRecorder) -> None:
        """Append the frames that follow."""
        self._reason = self._reason or later._reason
        if self._reason is not None:
            return self._give_up(self._reason)
        try:
            for of, part in later._parts.items():
                self._parts[of].merge(part) if of in self._parts else self._parts.setdefault(of, part)
        except InputError:
            self._give_up(
                "the parts that were merged begin with different molecules; analyse the later ones with like= the "
                "first (command line: --like)"
            )

    def result(self, options: AnalysisOptions, system: NDArray[np.int64], times: NDArray[np.float64]) -> Motion:
        """Mean squared displacements so far, from the system of each frame and its time in fs."""
        cut = max(0, (options.equilibration or 0) - options.first_frame)
        first = options.first_frame + cut
        other = np.flatnonzero(system[cut:] != system[cut])
        if len(other):
            return Motion(f"frame {first + other[0]} shows other atoms than frame {first}, or in another order")
        if self._reason is not None:
            return Motion(self._reason)
        if len(system) - cut < 2:
            return Motion("there is only one frame")
        try:
            spacing = FrameTimes()
            spacing.add(first, times[cut:])
            molecules, atoms = (part.result(spacing.spacing()) for part in self._parts.values())
        except InputError as error:
            return Motion(str(error))
        molecules = molecules.select(species=options.species)
        atoms = atoms.select(species=options.species, elements=options.elements)
        try:
            found = {str(key): each for key, each in self_diffusion(molecules).items()}
        except InputError:  # too few lags for a fit
            found = {}
        return Motion(None, molecules, atoms, found)

    def save(self, state: State) -> None:
        """Put everything into a state."""
        state.put("reason", self._reason or "")
        state.put("scale", np.array([self._scale]))
        state.put("system", np.array([-1 if self._system is None else self._system]))
        for of, part in self._parts.items():
            state.part("part").put(of, part.to_bytes())

    @classmethod
    def load(cls, state: State) -> MotionRecorder:
        """Go on from a state."""
        recorder = cls(float(state.array("scale", np.float64)[0]))
        recorder._reason = state.text("reason") or None
        system = int(state.array("system", np.int64)[0])
        recorder._system = None if system < 0 else system
        parts = state.part("part")
        recorder._parts = {of: MSDAccumulator.from_bytes(parts.blob(of)) for of in parts.names()}
        return recorder

    def _give_up(self, reason: str) -> None:
        self._reason = reason
        self._parts = {}
