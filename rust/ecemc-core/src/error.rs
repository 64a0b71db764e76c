//! The one error type of the crate.

/// What the kernels return.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a kernel could not give a result.
///
/// Every message names the argument, what was got and what was wanted.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An argument outside its domain.
    #[error("{name}: got {got}, expected {expected}")]
    Argument {
        /// Name of the argument, as the caller knows it.
        name: &'static str,
        /// What was passed.
        got: String,
        /// What would have been accepted.
        expected: String,
    },
    /// A NaN or an infinity where a finite number is needed.
    #[error("{name}: atom {atom} has {got}, expected finite numbers")]
    NonFinite {
        /// Name of the array.
        name: &'static str,
        /// Row of the array, counted from 0.
        atom: usize,
        /// The row, as text.
        got: String,
    },
    /// Cell vectors that span no volume along the periodic directions.
    #[error(
        "cell: {why} (cell vectors are rows: {cell:?}, pbc {pbc:?}); expected three independent vectors along the periodic axes"
    )]
    SingularCell {
        /// The matrix that was passed.
        cell: [[f64; 3]; 3],
        /// The periodic flags that were passed.
        pbc: [bool; 3],
        /// What is wrong with it.
        why: &'static str,
    },
    /// A bond network that closes on itself through the periodic boundary cannot be made whole.
    #[error(
        "molecule {molecule} (first atom {atom}) is bonded to its own periodic image: an infinite network cannot be made whole or treated as a rigid body"
    )]
    InfiniteMolecule {
        /// Number of the molecule.
        molecule: usize,
        /// Its first atom.
        atom: usize,
    },
    /// An error in one of many frames.
    #[error("frame {frame}: {error}")]
    Frame {
        /// Number of the frame, counted from 0.
        frame: u64,
        /// What is wrong with it.
        error: Box<Error>,
    },
    /// The caller asked to stop.
    #[error("interrupted")]
    Interrupted,
}

impl Error {
    /// An [`Error::Argument`] from anything that can be shown.
    pub fn argument(name: &'static str, got: impl ToString, expected: impl ToString) -> Self {
        Self::Argument { name, got: got.to_string(), expected: expected.to_string() }
    }

    /// The same error with the number of the frame it was found in.
    #[must_use]
    pub fn in_frame(self, frame: u64) -> Self {
        if self == Self::Interrupted { self } else { Self::Frame { frame, error: Box::new(self) } }
    }
}

/// Refuses rows with a NaN or an infinity.
pub(crate) fn check_rows(name: &'static str, rows: &[[f64; 3]]) -> Result<()> {
    match rows.iter().position(|row| row.iter().any(|x| !x.is_finite())) {
        None => Ok(()),
        Some(atom) => Err(Error::NonFinite { name, atom, got: format!("{:?}", rows[atom]) }),
    }
}
