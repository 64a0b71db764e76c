"""``ecemc isolate``: single molecules and atoms out of frames."""

from __future__ import annotations

__all__ = ["cell_option", "isolate", "parsed_cell"]

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ecemc.cli.main import DONE
from ecemc.cli.reading import naming, open_trajectory, select_option
from ecemc.cli.show import counting, say, trajectory_argument, warn
from ecemc.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ase import Atoms

    from ecemc.trajectory import Trajectory

CELL = "20"


def cell_option() -> Any:
    """Cell of the molecules."""
    return typer.Option(
        "--cell",
        metavar="Å|none|parent",
        help="Cell of isolated molecules: length of a cubic box, none, or the frame's.",
    )


def parsed_cell(text: str) -> float | str | None:
    """Read ``20``, ``none`` or ``parent``."""
    word = text.strip().lower()
    if word in {"none", "parent"}:
        return None if word == "none" else word
    try:
        return float(word)
    except ValueError as error:
        raise InputError(f"--cell: got {text!r}, expected a length in Å such as 20, none or parent") from error


def isolate(
    trajectories: Annotated[list[Path], trajectory_argument()],
    out: Annotated[Path, typer.Option("--out", "-o", help="File to write (.extxyz).")] = Path("molecules.extxyz"),
    cell: Annotated[str, cell_option()] = CELL,
    per_frame: Annotated[
        int | None, typer.Option(metavar="N", help="Take N molecules of each species from each frame (all).")
    ] = None,
    distinct: Annotated[
        float | None,
        typer.Option(metavar="Å", help="Leave out molecules whose interatomic distances differ by less (rms)."),
    ] = None,
    atoms: Annotated[bool, typer.Option("--atoms", help="Also an isolated atom of every element.")] = False,
    seed: Annotated[int, typer.Option(help="Of the choice of --per-frame.")] = 1,
    select: Annotated[str, select_option()] = ":",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace OUT.")] = False,
) -> int:
    """Cut whole molecules out of frames, ready to be labelled with 'ecemc label'.

    They get config_type=isolated_molecule, and say which frame, molecule and atoms they were. Isolated atoms get
    config_type=isolated_atom.

    Example:  ecemc isolate liquid.extxyz --per-frame 2 --atoms -o molecules.extxyz
    """
    from ecemc.dataset import record_provenance
    from ecemc.isolated import isolated_molecules
    from ecemc.trajectory import write

    box = parsed_cell(cell)
    if atoms and isinstance(box, str):
        raise InputError("--atoms: an isolated atom has no parent cell; give --cell a length or none")
    if out.exists() and not overwrite:
        raise InputError(f"{out}: is there already; choose another name or give --overwrite")
    trajectory = open_trajectory(trajectories, select, append=True)
    tally = _Tally(trajectory)
    with counting("molecules") as progress, naming(trajectory):
        parts = isolated_molecules(tally.frames(), cell=box, per_frame=per_frame, distinct=distinct, seed=seed)
        written = write(out, tally.counted(parts, progress, box, with_atoms=atoms), format="extxyz")
    parameters = {"cell": box, "per_frame": per_frame, "distinct": distinct, "atoms": atoms, "select": select}
    record_provenance(out, step="isolate", parents=trajectory.paths, parameters=parameters, seed=seed, n_frames=written)
    kinds = ", ".join(f"{count} {species}" for species, count in sorted(tally.species.items()))
    alone = f" and {written - tally.species.total()} atoms" if atoms else ""
    n = tally.n_frames
    say(f"{out}: {kinds}{alone} from {n} frame{'s' * (n != 1)}, {_in_words(box)}")
    for note in trajectory.notes:
        warn(note)
    return DONE


class _Tally:
    """Counts what passes, and gathers the elements."""

    def __init__(self, trajectory: Trajectory) -> None:
        self._trajectory = trajectory
        self.species: Counter[str] = Counter()
        self.n_frames = 0
        self._elements: set[str] = set()

    def frames(self) -> Iterator[Atoms]:
        for atoms in self._trajectory.atoms():
            self.n_frames += 1
            self._elements.update(atoms.get_chemical_symbols())
            yield atoms

    def counted(
        self, parts: Iterator[Atoms], progress: Callable[..., None], box: Any, *, with_atoms: bool
    ) -> Iterator[Atoms]:
        from ecemc import keys
        from ecemc.isolated import isolated_atoms

        for part in parts:
            self.species[part.info[keys.MOLECULE_SPECIES]] += 1
            progress(self.species.total(), self._trajectory.fraction)
            yield part
        if with_atoms:
            yield from isolated_atoms(self._elements, cell=box)


def _in_words(cell: float | str | None) -> str:
    if cell is None:
        return "without cell"
    return "in the cells of their frames" if isinstance(cell, str) else f"in periodic boxes of {cell:g} Å"
