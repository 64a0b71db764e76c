"""GAP models evaluated by the compiled engine, without QUIP."""

from __future__ import annotations

__all__ = ["NativeModel", "Prediction", "descriptors"]

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ecemc import _core
from ecemc.frames import atomic_numbers, geometry

if TYPE_CHECKING:
    from collections.abc import Iterable
    from os import PathLike

    from ase import Atoms
    from numpy.typing import NDArray

    Configuration = tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64], tuple[bool, bool, bool]]


@dataclass(frozen=True)
class Prediction:
    """What a model says of one configuration."""

    #: eV
    energy: float
    #: (n,), eV: of each atom; their sum is ``energy``
    energies: NDArray[np.float64]
    #: (n, 3), eV/Å; without rows if not asked for
    forces: NDArray[np.float64]
    #: (3, 3), eV: W = −dE/d(strain); zeros if forces were not asked for
    virial: NDArray[np.float64]
    #: (n, 3, 3), eV: their sum is ``virial``; without rows if forces were not asked for
    virials: NDArray[np.float64]


class NativeModel:
    """A GAP of ``soap``, ``soap_turbo`` and ``distance_2b`` descriptors in compiled memory.

    Parameters
    ----------
    path
        The model's XML file, with its files of sparse points beside it.
    shared_basis
        Turbo-SOAP descriptors of one model with the same number of radial functions use the radial basis of the first
        one, as in QUIP and ``gap_fit``; a model that was fitted that way is only right with it. Switching it off is for
        models that were not.

    Raises
    ------
    FileFormatError
        If the model is broken.
    NotImplementedError
        If the model uses something that this engine does not know; the message names it. QUIP may know it.

    Notes
    -----
    Forces and virial are the exact derivatives of the energy that is returned. Radial functions are tabulated with an
    error below 1e-13 of their largest value, which is checked when the model is read. Results have the same bits for
    any number of threads and do not depend on what else is evaluated in the same call.

    Atoms of an element without descriptor have the energy of the isolated atom; :meth:`knows` tells.

    Examples
    --------
    >>> model = NativeModel("model.xml")  # doctest: +SKIP
    >>> model.predict(atoms).forces  # doctest: +SKIP
    """

    def __init__(self, path: str | PathLike[str], *, shared_basis: bool = True) -> None:
        self._model = _core.GapModel(os.fspath(path), shared_basis)

    @property
    def cutoff(self) -> float:
        """Å: atoms farther apart do not see each other."""
        return self._model.cutoff()

    @property
    def notes(self) -> list[str]:
        """What a user of the model should know."""
        return self._model.notes()

    def knows(self, number: int) -> bool:
        """Tell whether some descriptor is about atoms of this atomic number."""
        return self._model.knows(number)

    def predict(self, atoms: Atoms, *, forces: bool = True, n_threads: int | None = None) -> Prediction:
        """Evaluate one configuration.

        Parameters
        ----------
        atoms
            Positions, elements, cell, periodicity. Any cell: triclinic, shorter than the cutoff, periodic along some
            directions or none.
        forces
            Whether forces and virials are wanted too.
        n_threads
            Default: ``ECEMC_NUM_THREADS``, else ``OMP_NUM_THREADS``, else all cores. Does not change the result.

        Returns
        -------
        Prediction

        Raises
        ------
        InputError
            For positions that are not finite, atoms at the same place, periodic cells without volume.
        """
        return self.predict_many([atoms], forces=forces, n_threads=n_threads)[0]

    def predict_many(
        self, frames: Iterable[Atoms], *, forces: bool = True, n_threads: int | None = None
    ) -> list[Prediction]:
        """Evaluate many configurations in one call, which is much faster than one by one if they are small.

        Parameters
        ----------
        frames
            As for :meth:`predict`; all are in memory at once.
        forces, n_threads
            See :meth:`predict`.

        Returns
        -------
        list of Prediction
            One for each configuration.

        Raises
        ------
        InputError
            See :meth:`predict`; it says which configuration, if there are several.
        """
        configurations = [_configuration(atoms) for atoms in frames]
        total, energies, force, virial, virials = self._model.evaluate(configurations, forces, n_threads)
        ends = np.cumsum([0, *(len(configuration[1]) for configuration in configurations)])
        return [
            Prediction(
                energy=float(total[k]),
                energies=energies[ends[k] : ends[k + 1]],
                forces=force[ends[k] : ends[k + 1]],
                virial=virial[k] if forces else np.zeros((3, 3)),
                virials=virials[ends[k] : ends[k + 1]],
            )
            for k in range(len(configurations))
        ]

    def variances(self, frames: Iterable[Atoms], *, n_threads: int | None = None) -> list[NDArray[np.float64]]:
        """Predictive variances of the energies of atoms: what the sparse points leave open.

        Parameters
        ----------
        frames
            As for :meth:`predict_many`.
        n_threads
            See :meth:`predict`.

        Returns
        -------
        list of (n,) arrays
            One for each configuration, eV². For each descriptor of an atom δ² + ρ² − kᵀ(K + ρ²)⁻¹k, with covariances k
            with the sparse points, K of these with each other and ρ = 1 meV, summed over the descriptors: QUIP's
            ``local_gap_variance``. For descriptors that are not of length one, δ² is multiplied by their length to the
            power 2ζ, which QUIP leaves out. A pair of ``distance_2b`` counts for both of its atoms.

        Raises
        ------
        InputError
            See :meth:`predict_many`; or if K + ρ² is not positive definite, as for an absurd δ.

        Notes
        -----
        The first call factorises K of each descriptor with M sparse points: M³/3 multiplications (0.05 s for 500) and
        4 M² bytes (1 MB), which are kept.
        """
        configurations = [_configuration(atoms) for atoms in frames]
        found = self._model.variances(configurations, n_threads)
        ends = np.cumsum([len(configuration[1]) for configuration in configurations])
        return np.split(found, ends[:-1]) if configurations else []


def descriptors(
    descriptor: str, frames: Iterable[Atoms], *, n_threads: int | None = None
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Descriptors of all centres of all configurations, with QUIP's order and normalisation.

    Parameters
    ----------
    descriptor
        A descriptor string, such as ``"soap cutoff=4 l_max=3 n_max=4 atom_sigma=0.5 n_species=2 species_Z={1 8} Z=8"``.
    frames
        Configurations; all are in memory at once.
    n_threads
        Default: ``ECEMC_NUM_THREADS``, else ``OMP_NUM_THREADS``, else all cores. Does not change the result.

    Returns
    -------
    atoms : (m,) array
        The atoms that are centres, numbered through all configurations.
    descriptors : (m, d) array
        Their descriptors.

    Raises
    ------
    NotImplementedError
        If the string asks for something that this engine does not know.
    FileFormatError
        If it is no descriptor string.

    Examples
    --------
    >>> from ase.build import molecule
    >>> text = "soap cutoff=4 l_max=3 n_max=4 atom_sigma=0.5 n_species=2 species_Z={1 8} Z=8"
    >>> atoms, values = descriptors(text, [molecule("H2O")])
    >>> atoms.tolist(), values.shape, round(float((values**2).sum()), 12)
    ([0], (1, 145), 1.0)
    """
    return _core.GapDescriptor(descriptor).compute([_configuration(atoms) for atoms in frames], n_threads)


def _configuration(atoms: Atoms) -> Configuration:
    frame = geometry(atoms)
    # Without periodicity the cell says nothing, and may be anything.
    cell = frame.cell if any(frame.pbc) else np.zeros((3, 3))
    return frame.positions, atomic_numbers(atoms), cell, frame.pbc
