//! Reads GAP models: the XML file of `gap_fit`, its files of sparse points, and descriptor strings.
//!
//! Everything here comes from outside and is not trusted: no entity is resolved, no document type is accepted, no
//! memory is taken because a number in a file says so. What is taken is at most about twenty times what was read.
//! What this engine does not know is refused by name, [`Error::Unsupported`].
//!
//! ```
//! use ecemc_gap::{DescriptorOptions, parse_model};
//!
//! let xml = r#"<demo><GAP_params label="demo"><gpSparse label="demo" n_coordinate="1">
//!   <gpCoordinates label="demo1" dimensions="3" signal_variance="2" sparsified="T" n_permutations="1"
//!     covariance_type="2" zeta="4" n_sparseX="1">
//!   <descriptor>soap cutoff=3 n_max=1 l_max=1 atom_sigma=.5 Z=8</descriptor>
//!   <sparseX i="1" alpha="-.25" sparseCutoff="1.0">.8 0.6 0</sparseX>
//!   </gpCoordinates></gpSparse></GAP_params></demo>"#;
//! let model = parse_model(xml.as_bytes(), &|_| unreachable!("the sparse points stand in the XML"))?;
//! let term = &model.terms[0];
//! assert_eq!((term.delta, term.zeta, &term.alpha[..], &term.sparse[..]), (2.0, 4.0, &[-0.25][..], &[0.8, 0.6, 0.0][..]));
//! assert!(matches!(&term.options, DescriptorOptions::Soap(soap) if soap.centers == [8]));
//! # Ok::<(), ecemc_gap::Error>(())
//! ```

mod document;
mod keys;
mod number;
mod options;
mod pair;
mod soap;
mod sparse;
mod turbo;
mod xml;

use std::collections::BTreeMap;
use std::io;

pub(crate) use number::real;
pub use options::{DescriptorOptions, parse_descriptor};
pub use pair::PairOptions;
pub use soap::SoapOptions;
pub use turbo::{Basis, Compression, TurboChannel, TurboOptions};

#[cfg(doc)]
use crate::Error;
use crate::Result;

/// The newest `gap_version` whose conventions were verified: that of quippy-ase 0.10.3.
pub const KNOWN_VERSION: u64 = 1_769_700_636;

/// Longest descriptor, before and after compression, that is accepted.
pub const MAX_COMPONENTS: usize = 1 << 20;

/// Most radial functions of a `soap`, and highest angular momentum: far beyond what is used, and tables stay small.
const MAX_N: usize = 40;
const MAX_L: usize = 24;

/// What gives the files that a model names: sparse points and compression matrices.
pub type Files<'a> = dyn Fn(&str) -> io::Result<Vec<u8>> + 'a;

/// A GAP model as its files say, checked, with nothing computed yet.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelFile {
    /// Name of the model.
    pub label: String,
    /// Version of the code that wrote it, 0 if the file does not say: selects legacy conventions.
    pub gap_version: u64,
    /// Energy of the isolated atom by atomic number, eV; 0 for elements that are not there.
    pub e0: BTreeMap<u8, f64>,
    /// The sums over sparse points, in the order of the file.
    pub terms: Vec<TermFile>,
    /// What a user should know: conventions that were assumed, values that the reference ignores.
    pub notes: Vec<String>,
}

/// One `gpCoordinates`: a descriptor and its sparse points.
#[derive(Debug, Clone, PartialEq)]
pub struct TermFile {
    /// The descriptor.
    pub options: DescriptorOptions,
    /// Scale of the kernel, eV; the kernel is proportional to its square.
    pub delta: f64,
    /// Exponent of the dot-product kernel; 1 for a pair term, whose kernel has none.
    pub zeta: f64,
    /// Sparse points one after another, each with as many numbers as the descriptor has.
    pub sparse: Vec<f64>,
    /// Weights, one for each sparse point.
    pub alpha: Vec<f64>,
    /// Factors of the kernel, one for each sparse point.
    pub cutoffs: Vec<f64>,
}

/// Reads a model from the bytes of its XML file; `files` gives the other files that it names.
///
/// The names that `files` gets are relative and have no `..`; they belong beside the XML file.
///
/// # Errors
/// [`Error::Format`] and [`Error::File`] if something is broken, [`Error::Unsupported`] if this engine does not know
/// something that the model uses.
pub fn parse_model(xml: &[u8], files: &Files) -> Result<ModelFile> {
    document::parse(xml, files)
}
