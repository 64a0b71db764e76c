//! The one place where kernel errors become Python exceptions.

use std::path::Path;

use ecemc_core::Error;
use ecemc_gap::Error as ModelError;
use ecemc_io::Error as FileError;
use pyo3::exceptions::{PyKeyboardInterrupt, PyNotImplementedError, PyOSError};
use pyo3::prelude::*;

mod raised {
    pyo3::import_exception!(ecemc.errors, FileFormatError);
    pyo3::import_exception!(ecemc.errors, InputError);
    pyo3::import_exception!(ecemc.errors, InfiniteMoleculeError);
}
pub use raised::InputError;

/// The exception that `ecemc.errors` has for a kernel's error.
pub fn exception(error: &Error) -> PyErr {
    let text = error.to_string();
    let mut cause = error;
    while let Error::Frame { error, .. } = cause {
        cause = error;
    }
    match cause {
        Error::InfiniteMolecule { .. } => raised::InfiniteMoleculeError::new_err(text),
        Error::Interrupted => PyKeyboardInterrupt::new_err(text),
        _ => InputError::new_err(text),
    }
}

/// The exception for what went wrong with a file: the system's own for the system's reasons, else one about its content.
pub fn file_exception(path: &Path, error: &FileError) -> PyErr {
    match error {
        FileError::Io(cause) => match cause.raw_os_error() {
            // From the number Python chooses the kind, such as FileNotFoundError, and writes the path behind the text.
            Some(number) => {
                let text = cause.to_string();
                let reason = text.split(" (os error").next().unwrap_or_default().to_owned();
                PyOSError::new_err((number, reason, path.display().to_string()))
            }
            None => {
                raised::FileFormatError::new_err(format!("{}: compressed data are damaged: {cause}", path.display()))
            }
        },
        FileError::Argument { .. } => InputError::new_err(format!("{}: {error}", path.display())),
        FileError::Interrupted => PyKeyboardInterrupt::new_err(error.to_string()),
        _ => raised::FileFormatError::new_err(format!("{}: {error}", path.display())),
    }
}

/// The exception for what is wrong with a model or descriptor; `NotImplementedError` for what another engine may know.
pub fn model_exception(name: &str, error: &ModelError) -> PyErr {
    let text = format!("{name}: {error}");
    match error {
        ModelError::Unsupported { .. } => PyNotImplementedError::new_err(text),
        ModelError::Argument { .. } => InputError::new_err(text),
        ModelError::Core(cause) => exception(cause),
        _ => raised::FileFormatError::new_err(text),
    }
}
