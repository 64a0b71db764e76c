"""Maps of a data set: kernel principal components of its configurations or of their atoms."""

from __future__ import annotations

from ecemc.maps.atom_types import atom_types
from ecemc.maps.descriptors import PRESETS, Descriptor, descriptors
from ecemc.maps.export import write_chemiscope
from ecemc.maps.kernel_pca import KernelPCA, KernelPCAOptions, kernel_pca
from ecemc.maps.points import Points

__all__ = [
    "PRESETS",
    "Descriptor",
    "KernelPCA",
    "KernelPCAOptions",
    "Points",
    "atom_types",
    "descriptors",
    "kernel_pca",
    "write_chemiscope",
]
