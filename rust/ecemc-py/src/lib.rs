//! The bridge: checks shapes, borrows arrays, lets go of the GIL, calls a kernel, hands arrays back. No formulas.
//!
//! One file for each module of the kernels; `arrays`, `errors` and `threads` are shared by all.

mod arrays;
mod environments;
mod errors;
mod io;
mod molecules;
mod neighbors;
mod rigid_body;
mod threads;
mod volume_scan;

use pyo3::prelude::*;

/// Arrays of megabytes come and go at every call; the system's allocator returns them to the kernel each time, and the
/// page faults of getting them back cost more than finding the neighbours.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[pymodule]
mod _core {
    #[pymodule_export]
    use crate::environments::local_environments;
    #[pymodule_export]
    use crate::io::{ExtxyzReader, Frames, count_frames};
    #[pymodule_export]
    use crate::molecules::{find_molecules, graph_fingerprint, make_whole};
    #[pymodule_export]
    use crate::neighbors::neighbor_list;
    #[pymodule_export]
    use crate::rigid_body::{decompose_forces, rigid_bodies};
    #[pymodule_export]
    use crate::volume_scan::volume_scan;

    /// Version of the compiled kernels, the same as the package's.
    #[pymodule_export]
    #[allow(non_upper_case_globals)]
    const __version__: &str = env!("CARGO_PKG_VERSION");
}
