"""Trajectories: open, stream, slice, join and write files of many frames."""

from __future__ import annotations

__all__ = [
    "Converted",
    "FrameTimes",
    "Position",
    "ReadOptions",
    "Trajectory",
    "convert",
    "frames_and_files",
    "iread",
    "iread_batches",
    "read",
    "write",
]

from ecemc.trajectory.inputs import frames_and_files
from ecemc.trajectory.join import Position, Trajectory
from ecemc.trajectory.read import iread, iread_batches, read
from ecemc.trajectory.source import ReadOptions
from ecemc.trajectory.times import FrameTimes
from ecemc.trajectory.write import Converted, convert, write
