"""Binary trajectories of positions without elements, read through MDAnalysis."""

from __future__ import annotations

__all__ = ["BinarySource"]

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from ecemc.errors import FileFormatError, InputError, require
from ecemc.keys import STEP, TIME
from ecemc.trajectory.source import Source
from ecemc.trajectory.topology import read_topology
from ecemc.units import KCAL_PER_MOL_TO_EV, KJ_PER_MOL_TO_EV

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from ecemc.trajectory.index import Choice
    from ecemc.trajectory.source import ReadOptions

_READERS = {"dcd": "DCD.DCDReader", "h5md": "H5MD.H5MDReader"}
_AMBER_FORCES = {"kilocalorie": KCAL_PER_MOL_TO_EV, "kilojoule": KJ_PER_MOL_TO_EV}
_PS = 1000.0  # fs
_NM = 10.0  # Å


class BinarySource(Source):
    """A DCD, XTC, TRR, H5MD or Amber NetCDF file together with a topology that gives the elements."""

    def __init__(self, path: Path, format: str, options: ReadOptions) -> None:  # noqa: A002
        super().__init__(path, format, options)
        require("MDAnalysis", "formats")
        if format == "h5md":
            require("h5py", "formats")
        if options.topology is None:
            message = f"{path}: {format} files hold no elements; give topology= (--topology), a file that has them"
            raise InputError(message)
        self._numbers = read_topology(options.topology, options.types).numbers

    def records(self, choice: Choice) -> Iterator[dict[str, Any]]:
        """Give frames one by one."""
        number = 0
        try:
            with warnings.catch_warnings():
                # MDAnalysis tells its developers' plans and guesses; what it cannot know is left out below.
                warnings.simplefilter("ignore")
                for record in choice.of(self._read()):
                    yield record
                    number += 1
        except (OSError, ValueError, TypeError, RuntimeError, EOFError, KeyError, IndexError) as error:
            if isinstance(error, (InputError, FileNotFoundError, PermissionError)):
                raise
            where = choice.start + number * choice.step
            message = f"{self.path}: frame {where}: cannot be read as {self.format}: {error}"
            if self.options.incomplete != "stop" or not number:
                raise FileFormatError(message) from error
            self.truncated = f"{message}; the frames before it are whole"

    def _read(self) -> Iterator[dict[str, Any]]:
        if self.format in {"xtc", "trr"}:
            return self._gromacs()
        return self._amber() if self.format == "ncdf" else self._mdanalysis()

    def _gromacs(self) -> Iterator[dict[str, Any]]:
        """Read XTC and TRR as they are: MDAnalysis' own readers would leave index files beside them."""
        from MDAnalysis.lib.formats import libmdaxdr  # noqa: PLC0415

        with getattr(libmdaxdr, f"{self.format.upper()}File")(str(self.path)) as file:
            self._check_atoms(file.n_atoms)
            for frame in file:
                velocities = frame.v * (_NM / _PS) if getattr(frame, "hasv", False) else None
                forces = frame.f * (KJ_PER_MOL_TO_EV / _NM) if getattr(frame, "hasf", False) else None
                if not getattr(frame, "hasx", True):
                    continue  # frames of velocities or forces only
                info = {STEP: int(frame.step), TIME: _PS * float(frame.time)}
                yield self._record(frame.x * _NM, frame.box.astype(float) * _NM, velocities, forces, info)

    def _mdanalysis(self) -> Iterator[dict[str, Any]]:
        module, _, name = _READERS[self.format].partition(".")
        if self.format == "h5md":
            # MDAnalysis complains twice, the second time past all handlers, about files that cannot be opened.
            with require("h5py", "formats").File(self.path, "r") as file:
                if "h5md" not in file:
                    raise ValueError("this HDF5 file has no group h5md")
        reader_type = getattr(require(f"MDAnalysis.coordinates.{module}", "formats"), name)
        with reader_type(str(self.path)) as reader:
            self._check_atoms(reader.n_atoms)
            # MDAnalysis passes over a DCD frame that is cut off.
            rest = _dcd_rest(self.path) if self.format == "dcd" else 0
            for ts in reader:
                velocities = ts.velocities / _PS if ts.has_velocities else None
                forces = ts.forces * KJ_PER_MOL_TO_EV if ts.has_forces else None
                yield self._record(ts.positions, ts.triclinic_dimensions, velocities, forces, self._info(reader, ts))
            if rest:
                raise EOFError(f"the file ends inside this frame, {rest} bytes after its start")

    def _amber(self) -> Iterator[dict[str, Any]]:
        from ase.geometry import cellpar_to_cell  # noqa: PLC0415
        from scipy.io import netcdf_file  # noqa: PLC0415

        with netcdf_file(self.path, "r") as file:
            self._check_atoms(int(file.dimensions["atom"] or 0))
            stored = file.variables

            def get(name: str, k: int) -> Any:
                return np.array(stored[name][k], dtype=float) * getattr(stored[name], "scale_factor", 1.0)

            factor = _amber_forces(stored["forces"]) if "forces" in stored else None
            for k in range(stored["coordinates"].shape[0]):
                periodic = "cell_lengths" in stored and get("cell_lengths", k).any()
                lengths = [*get("cell_lengths", k), *get("cell_angles", k)] if periodic else None
                velocities = get("velocities", k) / _PS if "velocities" in stored else None
                forces = None if factor is None else get("forces", k) * factor
                info = {TIME: _PS * float(get("time", k))} if "time" in stored else {}
                cell = None if lengths is None else cellpar_to_cell(lengths)
                yield self._record(get("coordinates", k), cell, velocities, forces, info)

    def _info(self, reader: Any, ts: Any) -> dict[str, Any]:
        """Time and step, where the file itself says them."""
        if self.format == "dcd":
            header = reader._file.header  # noqa: SLF001
            step = {STEP: header["istart"] + ts.frame * header["nsavc"]} if header["nsavc"] else {}
            return {**step, **({TIME: _PS * float(ts.time)} if header["delta"] else {})}
        step = {STEP: int(ts.data["step"])} if "step" in ts.data else {}
        return {**step, **({TIME: _PS * float(ts.time)} if "time" in ts.data else {})}

    def _check_atoms(self, n_atoms: int) -> None:
        if n_atoms != len(self._numbers):
            message = (
                f"{self.path}: has {n_atoms} atoms, but the topology {self.options.topology} has "
                f"{len(self._numbers)}; expected the same atoms in the same order"
            )
            raise InputError(message)

    def _record(
        self,
        positions: NDArray[Any],
        cell: NDArray[Any] | None,
        velocities: NDArray[Any] | None,
        forces: NDArray[Any] | None,
        info: dict[str, Any],
    ) -> dict[str, Any]:
        periodic = cell is not None and bool(np.any(cell))
        return {
            "numbers": self._numbers,
            "positions": np.array(positions, dtype=np.float64),
            "lattice": np.array(cell, dtype=np.float64) if periodic else None,
            "pbc": (periodic,) * 3,
            "velocities": None if velocities is None else np.array(velocities, dtype=np.float64),
            "columns": {} if forces is None else {"forces": np.array(forces, dtype=np.float64)},
            "info": info,
        }


def _amber_forces(variable: Any) -> float | None:
    """Give the unit of forces in eV/Å; None if it is another than Amber's or kJ/mol/Å."""
    unit = getattr(variable, "units", b"kilocalorie/mole/angstrom").decode(errors="replace")
    return next((factor for name, factor in _AMBER_FORCES.items() if unit.startswith(name)), None)


def _dcd_rest(path: Path) -> int:
    """Bytes behind the last whole frame of a DCD file without fixed atoms.

    Three records, each between its lengths: numbers about the run, titles, the number of atoms. Then for each frame the
    cell (48 bytes, if there is one) and all x, all y, all z (and a fourth dimension) in single precision.
    """
    with path.open("rb") as file:
        order = "<" if file.read(4) == b"T\0\0\0" else ">"
        file.seek(0)
        records = []
        for _ in range(3):
            length = int.from_bytes(file.read(4), "little" if order == "<" else "big")
            records.append(file.read(length))
            file.seek(4, 1)
        numbers = np.frombuffer(records[0][4:84], dtype=f"{order}i4")
        n_atoms = int(np.frombuffer(records[2], dtype=f"{order}i4")[0])
        fixed, cell, fourth = numbers[8], numbers[10], numbers[11]
        if fixed:
            return 0
        size = (56 if cell else 0) + (4 if fourth else 3) * (4 * n_atoms + 8)
        return int((path.stat().st_size - file.tell()) % size)
