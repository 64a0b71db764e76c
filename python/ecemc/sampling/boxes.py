"""Random periodic boxes of whole molecules at a given density, packed by packmol."""

from __future__ import annotations

__all__ = ["box_length", "guess_density", "pack_box"]

import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import ase
import numpy as np

from ecemc.composition import format_composition, parse_composition
from ecemc.errors import EcemcError, InputError, require
from ecemc.sampling.opls import get_template
from ecemc.units import AMU_PER_A3_TO_G_PER_CM3

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

#: Smallest distance between atoms of different molecules that packmol aims at, Å.
_TOLERANCE = 2.0
#: Densities outside this range are certainly a slip of the pen (or of the units), g/cm³.
_DENSITY_RANGE = (0.001, 2.0)
#: Density of this force field's pure liquids at 300 K (g/cm³) and its slope (g/cm³/K), from NPT runs at 300 and 400 K.
_PURE_LIQUIDS = {"EC": (1.297, -1.06e-3), "EMC": (1.023, -1.21e-3)}


def pack_box(composition: str | Mapping[str, int], density: float, *, seed: int) -> ase.Atoms:
    """Pack molecules at random into a cubic periodic box.

    Parameters
    ----------
    composition
        Such as ``"16EC:32EMC"``, see :func:`~ecemc.composition.parse_composition`; EC and EMC are known.
    density
        Mass density of the box, g/cm³.
    seed
        Seed of packmol; the same arguments give the same box on the same machine.

    Returns
    -------
    ase.Atoms
        Molecules in the order of the composition, the copies of each one after another, each contiguous and whole, its
        centre near or in the cell. All distances between molecules, over the boundary too, are at least about 2 Å.

    Raises
    ------
    InputError
        If the density is out of range, a molecule is unknown, or packmol finds no room for the molecules.
    MissingExtraError
        If packmol is not installed.

    Notes
    -----
    Molecules have their gas-phase geometry; minimise and equilibrate before use.
    """
    counts = parse_composition(composition)
    if seed < 0:  # packmol would take the time of day
        raise InputError(f"seed: got {seed}; a whole number >= 0 is needed")
    length = box_length(counts, density)
    symbols = [s for name, count in counts.items() for s in get_template(name).symbols * count]
    positions = _run_packmol(counts, length, seed)
    return ase.Atoms(symbols, positions=positions, cell=[length] * 3, pbc=True)


def box_length(counts: Mapping[str, int], density: float) -> float:
    """Edge (Å) of the cubic box that holds `counts` molecules at `density` (g/cm³).

    Examples
    --------
    >>> round(box_length({"EC": 16, "EMC": 32}, 0.9855), 3)
    19.989
    """
    low, high = _DENSITY_RANGE
    if not low <= density <= high:
        raise InputError(f"density: got {density} g/cm³; {low} to {high} g/cm³ is sensible (EC:EMC liquids: about 1)")
    mass = sum(count * float(get_template(name).masses.sum()) for name, count in counts.items())
    return float((mass * AMU_PER_A3_TO_G_PER_CM3 / density) ** (1 / 3))


def guess_density(counts: Mapping[str, int], temperature: float) -> float:
    """Guess the density (g/cm³) to start from: ideal mixing of this force field's pure liquids, linear in T.

    Good to 2% between 300 and 400 K at 1 bar; a place to start an equilibration from, not a result.

    Examples
    --------
    >>> round(guess_density({"EC": 16, "EMC": 32}, 400.0), 2)
    0.97
    """
    mass = volume = 0.0
    for name, count in counts.items():
        share = count * float(get_template(name).masses.sum())
        at_300, slope = _PURE_LIQUIDS[name]
        mass += share
        volume += share / max(at_300 + slope * (temperature - 300.0), 0.5 * at_300)
    return mass / volume


def _run_packmol(counts: Mapping[str, int], length: float, seed: int) -> NDArray[np.float64]:
    """Positions (n, 3) from packmol, in its own periodic mode."""
    from ase.io import write  # noqa: PLC0415  (slow to import)

    binary = require("packmol.cli", "sample").get_binary_path()
    with tempfile.TemporaryDirectory(prefix="ecemc-packmol-") as folder:
        lines = [f"tolerance {_TOLERANCE}", "filetype xyz", "output box.xyz", f"seed {seed}", "nloop 50"]
        lines.append(f"pbc {length:.8f} {length:.8f} {length:.8f}")
        for name, count in counts.items():
            template = ase.Atoms(get_template(name).symbols, positions=get_template(name).positions)
            write(Path(folder) / f"{name}.xyz", template, format="xyz")
            lines += [f"structure {name}.xyz", f"  number {count}", "end structure"]
        # packmol rewinds its input, so it must be a file, not a pipe.
        script = Path(folder) / "box.inp"
        script.write_text("\n".join(lines) + "\n", encoding="utf-8")
        with script.open("rb") as stdin:
            done = subprocess.run(  # noqa: S603 (our own file, no shell)
                [str(binary)], cwd=folder, stdin=stdin, capture_output=True, text=True, check=False
            )
        if "Success!" not in done.stdout:
            raise _failure(done.stdout, counts, length)
        # Its xyz output has six decimals or so: enough for a start.
        return np.loadtxt(Path(folder) / "box.xyz", skiprows=2, usecols=(1, 2, 3), ndmin=2)


def _failure(output: str, counts: Mapping[str, int], length: float) -> EcemcError:
    """Tell a box that is too full from a packmol that does not work."""
    what = f"packmol could not put {format_composition(counts)} into a cubic box of {length:.2f} Å"
    if "GENCAN" in output:
        return InputError(f"density: {what} with {_TOLERANCE} Å between the molecules; lower the density")
    return EcemcError(f"{what}; it said: {' '.join(output.split())[-400:]}")
