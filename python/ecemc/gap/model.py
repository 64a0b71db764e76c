"""A fitted GAP as ASE calculator: evaluated by the compiled engine, or by QUIP."""

from __future__ import annotations

__all__ = ["GAP"]

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from ase.calculators.calculator import Calculator, all_changes
from ase.data import chemical_symbols
from ase.stress import full_3x3_to_voigt_6_stress, voigt_6_to_full_3x3_stress

from ecemc.errors import InputError
from ecemc.frames import atomic_numbers
from ecemc.gap.cells import check_geometry
from ecemc.gap.files import read_gap_file
from ecemc.gap.native import NativeModel
from ecemc.gap.quip import QuipEngine
from ecemc.labels import Labels

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike

    from ase import Atoms
    from numpy.typing import NDArray

_ENGINES = ("auto", "native", "quip")


class GAP(Calculator):
    """ASE calculator of a GAP model.

    Parameters
    ----------
    path
        The model's XML file, with its files of sparse points beside it.
    engine
        ``"native"``: the compiled engine, which needs no QUIP. ``"quip"``: through quippy-ase. ``"auto"``: the first
        where it knows everything that the model uses, else the second; ``engine`` says which, ``notes`` why.
    n_threads
        Of the compiled engine; default: ``ECEMC_NUM_THREADS``, else ``OMP_NUM_THREADS``, else all cores. Does not
        change a bit of the result.

    Attributes
    ----------
    engine : str
        ``"native"`` or ``"quip"``.
    file : GapFile
        What the files say about the model.
    notes : tuple of str
        What a user of the model should know.

    Raises
    ------
    FileFormatError
        If the model is not whole; see :func:`ecemc.gap.read_gap_file`.
    InputError
        If the engine is unknown or does not know what the model uses; on calculation, if the frame has an element that
        the model does not know, positions that are no numbers, or a periodic cell without volume.
    MissingExtraError
        If QUIP is needed and quippy-ase is not installed (``pip install 'ecemc[gap]'``).

    Notes
    -----
    One call computes energy, energies, forces and stress together, whatever was asked for. The stress is −W/V with the
    virial W; frames without a cell have none. Both engines agree to rounding for SOAP, and to the accuracy of QUIP's
    own radial basis for Turbo-SOAP (4 × 10⁻⁶ eV for 160 atoms, alpha_max 8). Forces of the compiled engine are the
    exact derivatives of its energy.

    Energies are those of the model: outside of what it was trained on they mean nothing, and no engine says so.

    Examples
    --------
    >>> from ecemc import GAP  # doctest: +SKIP
    >>> atoms.calc = GAP("model.xml")  # doctest: +SKIP
    """

    implemented_properties = [  # noqa: RUF012  (as in ASE)
        "energy",
        "free_energy",
        "energies",
        "forces",
        "stress",
    ]

    def __init__(self, path: str | PathLike[str], engine: str = "auto", *, n_threads: int | None = None) -> None:
        if engine not in _ENGINES:
            raise InputError(f"engine: got {engine!r}, expected one of {', '.join(_ENGINES)}")
        Calculator.__init__(self)
        # Absolute, so that the model is found after a change of folder, also in another process.
        self.path = Path(path).absolute()
        self.file = read_gap_file(path)
        self._known = self.file.elements
        self._n_threads = n_threads
        self._native, self.notes = self._chosen(engine)
        turbo = any(entry.kind == "soap_turbo" for entry in self.file.coordinates)
        self._quip = None if self._native is not None else QuipEngine(self.path, turbo=turbo)
        self.engine = "quip" if self._native is None else "native"

    def _chosen(self, engine: str) -> tuple[NativeModel | None, tuple[str, ...]]:
        """Load the compiled engine if it is wanted and knows the model; say what there is to say."""
        if engine == "quip":
            return None, ()
        try:
            native = NativeModel(self.path)
        except NotImplementedError as error:
            if engine == "native":
                raise InputError(f"{self.path.name}: {error}; engine='quip' may know it") from None
            return None, (f"evaluated by QUIP, since the compiled engine does not know all of it: {error}",)
        return native, tuple(native.notes)

    def __copy__(self) -> GAP:
        """Make a calculator of its own that shares the loaded model."""
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        other.atoms, other.results = None, {}
        return other

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by path: the copy loads the model again."""
        return _again, (type(self), self.path, self.engine, self._n_threads)

    def labels(self, frames: Sequence[Atoms]) -> list[Labels]:
        """Energy, forces and virial of many configurations at once; small ones gain most.

        Parameters
        ----------
        frames
            Any number, of any elements the model knows; all are in memory together.

        Returns
        -------
        list of Labels
            One for each; the virial is None where QUIP evaluates a frame without a cell.

        Raises
        ------
        InputError
            If a configuration cannot be evaluated; says which, if there are several.
        """
        for number, atoms in enumerate(frames):
            self._check(atoms, f"frame {number}: " if len(frames) > 1 else "")
        if self._native is not None:
            found = self._native.predict_many(frames, n_threads=self._n_threads)
            return [Labels(each.energy, each.forces, each.virial) for each in found]
        labels = []
        for atoms in frames:
            results = self._computed(atoms)
            virial = None
            if "stress" in results:
                virial = -atoms.get_volume() * voigt_6_to_full_3x3_stress(results["stress"])
            labels.append(Labels(results["energy"], results["forces"], virial))
        return labels

    def variances(self, atoms: Atoms) -> NDArray[np.float64]:
        """Predictive variance of the energy of each atom: how far its environment is from the sparse points.

        Small near the sparse points, δ² far from all of them. It does not depend on the labels, and says nothing about
        their noise or about how well they determine the model: a :class:`Committee` does. Errors of neighbouring atoms
        are correlated, so that the sum is not the variance of the total energy.

        Parameters
        ----------
        atoms
            One configuration.

        Returns
        -------
        (n,) array
            eV²; see :meth:`NativeModel.variances`. Both engines agree to 1e-9 δ².

        Raises
        ------
        InputError
            If the configuration cannot be evaluated.
        """
        self._check(atoms)
        if self._quip is not None:
            return self._quip.variances(atoms)
        return cast("NativeModel", self._native).variances([atoms], n_threads=self._n_threads)[0]

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: Sequence[str] = ("energy",),
        system_changes: Sequence[str] = tuple(all_changes),
    ) -> None:
        """Compute everything the model gives for one configuration; ASE calls this."""
        Calculator.calculate(self, atoms, list(properties), list(system_changes))
        self.results = {}
        frame = cast("Atoms", self.atoms)
        self._check(frame)
        results = self._computed(frame)
        broken = [name for name, value in results.items() if not np.isfinite(value).all()]
        if broken:
            raise InputError(f"{self.path.name}: the model gives no finite {broken[0]}: two atoms at the same place?")
        self.results = results

    def _computed(self, frame: Atoms) -> dict[str, Any]:
        if self._quip is not None:
            return self._quip.results(frame)
        found = cast("NativeModel", self._native).predict(frame, n_threads=self._n_threads)
        results = {
            "energy": found.energy,
            "free_energy": found.energy,
            "energies": found.energies,
            "forces": found.forces,
        }
        if frame.cell.rank == 3:
            results["stress"] = full_3x3_to_voigt_6_stress(-found.virial / frame.get_volume())
        return results

    def _check(self, atoms: Atoms, where: str = "") -> None:
        """Refuse what QUIP would not survive, or would compute nonsense for."""
        check_geometry(atoms, f"{where}atoms")
        missing = set() if self._known is None else set(atomic_numbers(atoms).tolist()) - self._known
        if missing:
            raise InputError(
                f"{where}{self.path.name}: the model does not know {_names(missing)}, only "
                f"{_names(self._known or set())}; "
                "its energy would miss them without a word"
            )


def _again(kind: type[GAP], path: Path, engine: str, n_threads: int | None) -> GAP:
    return kind(path, engine, n_threads=n_threads)


def _names(numbers: set[int] | frozenset[int]) -> str:
    return " ".join(chemical_symbols[z] for z in sorted(numbers))
