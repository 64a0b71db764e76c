//! The bridge: checks shapes, borrows arrays, lets go of the GIL, calls a kernel, hands arrays back. No formulas.
//!
//! One file for each module of the kernels; `arrays`, `errors` and `threads` are shared by all.

mod arrays;
mod environments;
mod errors;
mod frames;
mod gap;
mod kinetic;
mod molecules;
mod msd;
mod neighbors;
mod rdf;
mod reader;
mod records;
mod rigid_body;
mod survey;
mod threads;
mod tracking;
mod voids;
mod volume_scan;
mod writer;

use pyo3::prelude::*;

/// Arrays of megabytes come and go at every call; the system's allocator returns them to the kernel each time, and the
/// page faults of getting them back cost more than finding the neighbours.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[pymodule]
mod _core {
    use pyo3::prelude::*;

    #[pymodule_export]
    use crate::environments::{EnvironmentAccumulator, local_environments};
    #[pymodule_export]
    use crate::frames::Frames;
    #[pymodule_export]
    use crate::gap::{GapDescriptor, GapModel};
    #[pymodule_export]
    use crate::kinetic::kinetic_energies;
    #[pymodule_export]
    use crate::molecules::{find_molecules, graph_fingerprint, make_whole};
    #[pymodule_export]
    use crate::msd::{MSDAccumulator, Particles, Unwrapper};
    #[pymodule_export]
    use crate::neighbors::neighbor_list;
    #[pymodule_export]
    use crate::rdf::RDFAccumulator;
    #[pymodule_export]
    use crate::reader::{TrajectoryReader, count_frames, detect_format};
    #[pymodule_export]
    use crate::rigid_body::{decompose_forces, rigid_bodies};
    #[pymodule_export]
    use crate::survey::Survey;
    #[pymodule_export]
    use crate::tracking::{MoleculeTracker, TrackedMolecules};
    #[pymodule_export]
    use crate::voids::{largest_empty_sphere, largest_holes, van_der_waals_radius, void_fraction};
    #[pymodule_export]
    use crate::volume_scan::volume_scan;
    #[pymodule_export]
    use crate::writer::format_extxyz;

    /// Instruction set that the kernels use on this machine.
    #[pyfunction]
    fn simd_level() -> &'static str {
        ecemc_core::simd_level()
    }

    /// Version of the compiled kernels, the same as the package's.
    #[pymodule_export]
    #[allow(non_upper_case_globals)]
    const __version__: &str = env!("CARGO_PKG_VERSION");
}
