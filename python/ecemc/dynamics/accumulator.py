"""Mean squared displacements of frames as they come."""

from __future__ import annotations

__all__ = ["MSDAccumulator", "mean_squared_displacement"]

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ecemc import _core
from ecemc.dynamics.reference import Reference
from ecemc.dynamics.result import MSD, from_groups
from ecemc.errors import InputError
from ecemc.frames import batches
from ecemc.keys import TIME
from ecemc.trajectory.times import FrameTimes, checked_dt

if TYPE_CHECKING:
    from collections.abc import Callable

    from ecemc.dynamics.reference import Key
    from ecemc.frames import Input
    from ecemc.molecules import Molecules

_MAGIC = b"ecemc-dynamics\x01"


@dataclass(eq=False)
class _Started:
    """What follows from the first frame."""

    reference: Reference
    particles: _core.Particles
    keys: list[Key]
    sums: _core.MSDAccumulator
    times: FrameTimes = field(default_factory=FrameTimes)


class MSDAccumulator:
    """Sums from which mean squared displacements follow; add frames as they come, merge parts of a trajectory.

    All sums are exact: consecutive parts give, when merged, the same bits as one pass. Memory grows with the logarithm
    of the number of frames (about 0.4 kB per particle and octave). Can be pickled.

    Parameters
    ----------
    of
        ``"molecules"``: their centres of mass. ``"atoms"``: each element of each species.
    molecules
        Result of :func:`ecemc.find_molecules` for the first frame; found with the default bond criterion if not given.
    remove_drift
        Take off the motion of the whole system's centre of mass.

    Raises
    ------
    InputError
        If ``of`` is neither.

    Examples
    --------
    >>> from ase import Atoms
    >>> frames = [Atoms("He2", [[0.1 * k, 0, 0], [0, 0.1 * k, 3]], info={"time": 5.0 * k}) for k in range(8)]
    >>> first, second = MSDAccumulator(), MSDAccumulator()
    >>> first.add(frames[:3])
    >>> second.add(frames[3:], start=3)
    >>> first.merge(second)
    >>> first.result()
    MSD(2 He; 8 frames of 5 fs)
    """

    def __init__(self, *, of: str = "molecules", molecules: Molecules | None = None, remove_drift: bool = True) -> None:
        if of not in {"molecules", "atoms"}:
            raise InputError(f"of: got {of!r}, expected 'molecules' or 'atoms'")
        self._of, self._molecules, self._remove_drift = of, molecules, bool(remove_drift)
        self._started: _Started | None = None

    def add(self, frames: Input, *, start: int | None = None, n_threads: int | None = None) -> None:
        """Add consecutive frames.

        Parameters
        ----------
        frames
            One ``Atoms`` object, a list, any iterator, or batches of :func:`ecemc.trajectory.iread_batches`. All have
            the atoms of the first frame in the same order.
        start
            Number of the first of these frames in the whole trajectory. Default: after the last frame so far.
        n_threads
            Default: ``ECEMC_NUM_THREADS``, else ``OMP_NUM_THREADS``, else all cores. Does not change the result.

        Raises
        ------
        InputError
            With the number of the frame: other atoms than in the first frame, NaN positions, singular cells; for
            frames that do not follow those before. Frames before it stay added.
        InfiniteMoleculeError
            If a molecule of the first frame is bonded to its own periodic image and has no centre.
        """
        for portion in batches(frames):
            if not len(portion):
                continue
            if self._started is None:
                self._started = self._start(Reference.of_frame(portion[0], self._molecules, self._of))
            state = self._started
            following = state.sums.next_frame()
            first = (following or 0) if start is None else start
            start = None
            before = state.sums.n_frames()
            try:
                state.sums.add_frames(first, portion, state.particles, n_threads)
            finally:
                added = state.sums.n_frames() - before
                state.times.add(first, portion.reals([TIME], 1)[:added, 0].tolist())

    def following(self) -> MSDAccumulator:
        """Give an empty one for a later part of the trajectory, in which the same molecules are followed."""
        empty = MSDAccumulator(of=self._of, molecules=self._molecules, remove_drift=self._remove_drift)
        if self._started is not None:
            empty._started = empty._start(self._started.reference)
        return empty

    def merge(self, other: MSDAccumulator) -> None:
        """Add the frames just after, or just before, these ones.

        Parameters
        ----------
        other
            Stays as it is. Its frames must have been numbered by ``start``.

        Raises
        ------
        InputError
            If the frames do not join up, or atoms, molecules or settings differ.
        """
        theirs, mine = other._started, self._started
        if (self._of, self._remove_drift) != (other._of, other._remove_drift):
            raise InputError("other: got sums made with other settings (of, remove_drift), expected the same")
        if theirs is None:
            return
        if mine is None:
            self._started = self.from_bytes(other.to_bytes())._started  # noqa: SLF001 (its own)
            return
        if mine.reference.to_dict() != theirs.reference.to_dict():
            raise InputError(
                "other: got other atoms or molecules, expected the same; give both the molecules of the first frame "
                "(molecules=) if bonds change"
            )
        mine.sums.merge(theirs.sums)
        after = mine.times.first < theirs.times.first
        times = FrameTimes()
        for part in (mine.times, theirs.times) if after else (theirs.times, mine.times):
            times.join(part)
        mine.times = times

    @property
    def n_frames(self) -> int:
        """Number of frames so far."""
        return self._started.sums.n_frames() if self._started else 0

    @property
    def times(self) -> FrameTimes:
        """What the frames tell about the time between them."""
        return self._started.times if self._started else FrameTimes()

    def result(self, dt: float | None = None) -> MSD:
        """Mean squared displacements so far; more frames can be added afterwards.

        Parameters
        ----------
        dt
            fs between frames, instead of what they tell.

        Raises
        ------
        InputError
            Without frames; without ``dt`` if the frames do not tell their time, or are not equally spaced.
        """
        dt = checked_dt(dt)
        if self._started is None:
            raise InputError("frames: got none, expected at least one")
        spacing = self.times.spacing() if dt is None and self.n_frames > 1 else dt
        state = self._started
        return from_groups(
            state.sums.result(), state.keys, self._of, np.nan if spacing is None else spacing,
            remove_drift=self._remove_drift,
        )  # fmt: skip

    def to_bytes(self) -> bytes:
        """Give the whole state, for checkpoints; equal sums give equal bytes."""
        state = self._started
        header = {"of": self._of, "remove_drift": self._remove_drift, "started": None}
        if state is not None:
            header["started"] = {"reference": state.reference.to_dict(), "times": state.times.to_dict()}
        text = json.dumps(header).encode()
        return _MAGIC + len(text).to_bytes(8, "little") + text + (state.sums.to_bytes() if state else b"")

    @classmethod
    def from_bytes(cls, state: bytes) -> MSDAccumulator:
        """Take up the state that :meth:`to_bytes` returned.

        Raises
        ------
        InputError
            If the bytes are damaged or of another version.
        """
        state = bytes(state)
        begin = len(_MAGIC) + 8
        end = begin + int.from_bytes(state[len(_MAGIC) : begin], "little")
        try:
            # Of other bytes this is no JSON.
            header = json.loads(state[begin:end] if state.startswith(_MAGIC) else b"")
            accumulator = cls(of=header["of"], remove_drift=header["remove_drift"])
            if header["started"] is not None:
                started = accumulator._start(Reference.from_dict(header["started"]["reference"]))
                started.times = FrameTimes.from_dict(header["started"]["times"])
                started.sums = _core.MSDAccumulator.from_bytes(state[end:])
                accumulator._started = started
        except (ValueError, KeyError, TypeError, IndexError, OverflowError) as error:
            raise InputError(
                "state: got bytes that are not a complete state of this version, expected what to_bytes() returned"
            ) from error
        return accumulator

    def __reduce__(self) -> tuple[Callable[[bytes], MSDAccumulator], tuple[bytes]]:
        """Pickle by way of bytes; molecules given for a first frame that has not come yet are lost."""
        return self.from_bytes, (self.to_bytes(),)

    def _start(self, reference: Reference) -> _Started:
        groups, keys = reference.groups(self._of)
        sums = _core.MSDAccumulator(groups, reference.weights(self._of), self._remove_drift)
        return _Started(reference, reference.particles(self._of), keys, sums)


def mean_squared_displacement(
    frames: Input,
    *,
    dt: float | None = None,
    of: str = "molecules",
    molecules: Molecules | None = None,
    remove_drift: bool = True,
    n_threads: int | None = None,
) -> MSD:
    r"""Mean squared displacements of centres of mass by species, or of atoms by species and element.

    .. math:: \mathrm{MSD}(\tau) = \langle |\mathbf{u}(t + \tau) - \mathbf{u}(t)|^2 \rangle

    over particles and origins t. Positions may be wrapped, unwrapped or anything between; they are unwrapped here by
    the toroidal-view-preserving scheme (Bullerjahn et al., J. Chem. Theory Comput. 2023, 19, 3406), which is right at
    constant pressure, in any cell. One pass, in memory that grows with the logarithm of the number of frames.

    Parameters
    ----------
    frames
        A list or any iterator of ``Atoms``, or batches of :func:`ecemc.trajectory.iread_batches`; equally spaced in
        time, with the same atoms in the same order.
    dt
        fs between frames, instead of what ``info["time"]`` (fs) tells.
    of
        ``"molecules"``: centres of mass. ``"atoms"``: each element of each species.
    molecules
        Result of :func:`ecemc.find_molecules` for the first frame; found with the default bond criterion if not given.
        They are followed through all frames, even if a bond breaks.
    remove_drift
        Take off the motion of the whole system's centre of mass. Of N equal particles that leaves 1 - 1/N of the
        displacements of independent ones.
    n_threads
        Default: ``ECEMC_NUM_THREADS``, else ``OMP_NUM_THREADS``, else all cores. Does not change the result.

    Returns
    -------
    MSD
        ``.time``, ``.msd``, ``.stderr``, ``.n_molecules`` and more; ``.warning`` if steps between frames are too long.

    Raises
    ------
    InputError
        If the time between frames is not known or not constant, if atoms change, without frames.
    InfiniteMoleculeError
        If a molecule of the first frame is bonded to its own periodic image and has no centre.

    Examples
    --------
    >>> from ase import Atoms
    >>> frames = [Atoms("He", [[3.9 + 0.3 * k, 0, 0]], cell=[4, 4, 4], pbc=True) for k in range(3)]
    >>> for atoms in frames:
    ...     atoms.wrap()
    >>> mean_squared_displacement(frames, dt=1.0, remove_drift=False).msd["He"].round(6).tolist()
    [0.09, 0.36]
    """
    dt = checked_dt(dt)
    accumulator = MSDAccumulator(of=of, molecules=molecules, remove_drift=remove_drift)
    for portion in batches(frames):
        accumulator.add(portion, n_threads=n_threads)
        if dt is None and accumulator.n_frames > 1:
            # Before the rest of a long trajectory is read in vain.
            accumulator.times.spacing()
    return accumulator.result(dt)
