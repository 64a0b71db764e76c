//! The bridge: checks shapes, borrows arrays, lets go of the GIL, calls a kernel, hands arrays back. No formulas.

use pyo3::prelude::*;

#[pymodule]
mod _core {
    /// Version of the compiled kernels, the same as the package's.
    #[pymodule_export]
    #[allow(non_upper_case_globals)]
    const __version__: &str = env!("CARGO_PKG_VERSION");
}
