"""A folder in which LAMMPS runs a GAP model: data file, input, model."""

from __future__ import annotations

__all__ = ["LammpsExport", "LammpsOptions", "export_lammps"]

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from ase.data import chemical_symbols

from ecemc.errors import InputError
from ecemc.export.data import LammpsData, lammps_data
from ecemc.files import atomic, write_atomically
from ecemc.gap import GapFile, read_gap_file

if TYPE_CHECKING:
    from os import PathLike

    from ase import Atoms

_ENSEMBLES = ("nve", "nvt", "npt")
_DATA, _INPUT, _DUMP = "system.data", "in.lammps", "trajectory.dump"


@dataclass(frozen=True)
class LammpsOptions:
    """The run.

    Examples
    --------
    >>> LammpsOptions("nvt", temperature=400.0).n_steps
    100000
    """

    #: ``"nve"``, ``"nvt"`` (Nosé-Hoover chains) or ``"npt"`` (those, and an isotropic Martyna-Tobias-Klein barostat)
    ensemble: Literal["nve", "nvt", "npt"] = "npt"
    #: K; with ``"nve"`` only of the start velocities
    temperature: float = 300.0
    #: bar
    pressure: float = 1.01325
    #: fs
    timestep: float = 1.0
    n_steps: int = 100_000
    #: steps between frames of the trajectory, and between lines of the log
    interval: int = 100
    #: fs, of thermostat and barostat
    damping: tuple[float, float] = (100.0, 1000.0)
    #: of the start velocities
    seed: int = 1
    #: symbolic links to the model's files instead of copies
    link_model: bool = False

    def __post_init__(self) -> None:
        """Refuse what is outside its domain."""
        if self.ensemble not in _ENSEMBLES:
            raise InputError(f"ensemble: got {self.ensemble!r}, expected one of {', '.join(_ENSEMBLES)}")
        for name in ("temperature", "timestep"):
            if not (np.isfinite(getattr(self, name)) and getattr(self, name) > 0.0):
                unit = "K" if name == "temperature" else "fs"
                raise InputError(f"{name}: got {getattr(self, name)}, expected {unit} > 0")
        if self.timestep > 10.0:
            raise InputError(f"timestep: got {self.timestep} fs, expected about 1 (hydrogen) and at most 10")
        if not np.isfinite(self.pressure):
            raise InputError(f"pressure: got {self.pressure}, expected a number in bar")
        for name in ("n_steps", "interval", "seed"):
            if getattr(self, name) < 1:
                raise InputError(f"{name}: got {getattr(self, name)}, expected a whole number >= 1")
        if not all(value >= 10.0 * self.timestep for value in self.damping):
            raise InputError(f"damping: got {self.damping} fs, expected at least ten time steps each")


@dataclass(frozen=True)
class LammpsExport:
    """What was written."""

    #: where LAMMPS is to be started
    folder: Path
    data: Path
    input: Path
    #: the XML file in the folder; its sparse points are beside it
    model: Path
    #: element of each type
    symbols: tuple[str, ...]


def export_lammps(
    atoms: Atoms,
    model: str | PathLike[str],
    folder: str | PathLike[str],
    options: LammpsOptions | None = None,
) -> LammpsExport:
    """Write a folder with all that LAMMPS (with its package ML-QUIP) needs to run a GAP model.

    ``system.data`` holds the configuration, ``in.lammps`` the run, and the model's files are copied: QUIP looks for
    sparse points where the XML is. ``lmp -in in.lammps`` there writes ``trajectory.dump``, with elements, times,
    velocities and forces, which :func:`ecemc.iread` and ``ecemc analyze`` read; ``log.lammps`` has thermodynamics.

    Parameters
    ----------
    atoms
        Start, periodic along all three axes; its velocities are taken if it has some.
    model
        The model's XML file.
    folder
        Made if it is not there; files of these names are replaced.
    options
        Ensemble, temperature, pressure, lengths.

    Raises
    ------
    InputError
        If the configuration has no form in LAMMPS (see :func:`ecemc.export.lammps_data`), the model lacks an element or
        is not whole, or an option is outside its domain; nothing is written then.
    OSError
        If files cannot be written.

    Notes
    -----
    The commands are those of LAMMPS' manual (``pair_style quip``, ``fix npt``, ``dump_modify``). NPT needs a virial:
    see :doc:`/how-to/lammps` for what to check first.
    """
    options = options or LammpsOptions()
    data, file = lammps_data(atoms), read_gap_file(model)
    if file.elements is not None and (missing := set(data.numbers) - file.elements):
        known = ", ".join(chemical_symbols[z] for z in sorted(file.elements))
        raise InputError(f"{file.path}: knows {known}, but not {chemical_symbols[min(missing)]}, which the start has")
    place = Path(folder)
    if any(character.isspace() or character in "\"'" for character in file.path.name):
        raise InputError(f"{file.path}: rename it; LAMMPS and QUIP cannot read names with blanks or quotes")
    if place.exists() and not place.is_dir():
        raise InputError(f"{place}: is a file, expected a folder to write to")
    place.mkdir(parents=True, exist_ok=True)
    for source in (file.path, *file.sparse_files):
        _bring(source, place / source.name, link=options.link_model)
    write_atomically(place / _DATA, data.text().encode())
    write_atomically(place / _INPUT, _input(data, file, options).encode())
    return LammpsExport(place, place / _DATA, place / _INPUT, place / file.path.name, data.symbols)


def _bring(source: Path, target: Path, *, link: bool) -> None:
    if target.exists() and target.samefile(source) and not target.is_symlink():
        return  # exported into the folder of the model
    with atomic(target) as temporary:
        if not link:
            shutil.copyfile(source, temporary)
    if link:
        target.unlink()
        target.symlink_to(source.resolve())


def _input(data: LammpsData, file: GapFile, options: LammpsOptions) -> str:
    """Write the input of LAMMPS."""
    numbers = " ".join(map(str, data.numbers))
    elements = " ".join(data.symbols)
    temperature = f"{options.temperature:g} {options.temperature:g}"
    thermostat, barostat = (f"{value / 1000.0:g}" for value in options.damping)
    fix = {
        "nve": "nve",
        "nvt": f"nvt temp {temperature} {thermostat}",
        "npt": f"npt temp {temperature} {thermostat} iso {options.pressure:g} {options.pressure:g} {barostat}",
    }[options.ensemble]
    seed = options.seed
    velocity = f"velocity all create {options.temperature:g} {seed} mom yes rot no dist gaussian loop all"
    lines = [
        "# written by ecemc; start it in this folder: lmp -in in.lammps",
        "# needs LAMMPS with the package ML-QUIP",
        "units metal  # Angstrom, ps, eV, bar, K",
        "atom_style atomic",
        "boundary p p p",
        "newton on",
        f"read_data {_DATA}",
        "",
        "pair_style quip",
        f'pair_coeff * * {file.path.name} "Potential xml_label={file.label}" {numbers}',
        "",
        "# from the data file" if data.velocities is not None else velocity,
        f"timestep {options.timestep / 1000.0:g}",
        f"fix run all {fix}",
        "",
        f"thermo {options.interval}",
        "thermo_style custom step time temp press pe ke etotal vol density",
        "thermo_modify flush yes",
        f"dump run all custom {options.interval} {_DUMP} id type element x y z ix iy iz vx vy vz fx fy fz",
        f"dump_modify run element {elements} sort id time yes units yes format float %.10g",
        f"restart {10 * options.interval} restart.a restart.b",
        "",
        f"run {options.n_steps}",
        "write_restart restart.end",
    ]
    return "\n".join(lines) + "\n"
