//! Geometry and analysis kernels for molecular liquids.
//!
//! The crate knows nothing of Python, files, the environment or the terminal: slices in, vectors out, one [`Error`].
//!
//! # Conventions
//!
//! * Lengths in Å, energies in eV, masses in amu; cell vectors are the *rows* of a 3×3 matrix.
//! * A pair is `(i, j, S)` with the pair vector `D = r_j − r_i + S·cell`; `S` is an integer row vector.
//! * Results are the same bits for any number of threads: every reduction is over integers or in a fixed order,
//!   and no kernel contracts a multiplication and an addition into one rounding.
//! * Long kernels take a [`Workers`] and ask it now and then whether to go on; see [`Error::Interrupted`].
#![forbid(unsafe_code)]

mod bonds;
mod bytes;
mod cell;
mod eigen;
mod elements;
pub mod environments;
mod error;
mod graph;
pub mod kinetic;
pub mod molecules;
pub mod msd;
pub mod neighbors;
mod parallel;
pub mod rdf;
pub mod rigid_body;
mod simd;
mod species;
pub mod tracking;
mod vector;
pub mod voids;
pub mod volume_scan;

pub use bonds::{ANGLE_STRETCH, Bond, BondRule, Bonds, find_bonds, structural_bonds};
pub use cell::Cell;
pub use elements::{covalent_radius, symbol};
pub use error::{Error, Result};
pub use graph::{INDIVIDUALIZED, graph_fingerprint};
pub use molecules::Molecules;
pub use parallel::Workers;
pub use simd::simd_level;
pub use species::{Species, hill_formula, species};
