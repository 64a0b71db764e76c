"""Trajectories: open, stream, slice, join and write files of many frames."""

from __future__ import annotations

__all__ = [
    "Converted",
    "FrameTimes",
    "Position",
    "ReadOptions",
    "Trajectory",
    "convert",
    "iread",
    "iread_batches",
    "read",
    "write",
]

from ecemc.trajectory.join import Position, Trajectory
from ecemc.trajectory.read import iread, iread_batches, read
from ecemc.trajectory.source import ReadOptions
from ecemc.trajectory.times import FrameTimes
from ecemc.trajectory.write import Converted, convert, write
