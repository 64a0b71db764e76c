//! The one place where kernel errors become Python exceptions.

use ecemc_core::Error;
use pyo3::exceptions::PyKeyboardInterrupt;
use pyo3::prelude::*;

mod raised {
    pyo3::import_exception!(ecemc.errors, InputError);
    pyo3::import_exception!(ecemc.errors, InfiniteMoleculeError);
}
pub use raised::InputError;

/// The exception that `ecemc.errors` has for a kernel's error.
pub fn exception(error: &Error) -> PyErr {
    let text = error.to_string();
    match error {
        Error::InfiniteMolecule { .. } => raised::InfiniteMoleculeError::new_err(text),
        Error::Interrupted => PyKeyboardInterrupt::new_err(text),
        _ => InputError::new_err(text),
    }
}
