//! GAP models of SOAP and Turbo-SOAP descriptors, evaluated in reverse mode.
//!
//! Both descriptors are one machine with different radial functions. For each atom the density of its neighbours is
//! expanded, `c_{a,lm} = Σ_j F_nl(r_j) Y_lm(u_j)` with `a = (channel, n)`; its power spectrum `Σ_m c_{a,lm} c_{b,lm}`,
//! weighted, compressed and normalised, is the descriptor `p`; the energy is `δ² Σ_s α_s (p·x_s)^ζ` over the sparse points.
//! Forces go the same way back, so that gradients of descriptors never exist: two products with the matrix of sparse points
//! per atom are nearly all of the work.
//!
//! Units are Å and eV. Results have the same bits for any number of threads on one machine.
#![forbid(unsafe_code)]

mod bessel;
mod descriptor;
mod engine;
mod error;
mod expansion;
mod harmonics;
mod isotropic;
mod kernel;
mod lanes;
pub mod model;
mod neighbors;
mod pair;
mod power_spectrum;
mod products;
mod radial;
pub mod soap;
mod table;
mod term;
pub mod turbo;
mod variance;

pub use descriptor::Descriptor;
pub use engine::{Descriptors, Evaluation, Model, Structure, Workspace};
pub use error::{Error, Result};
pub use model::{DescriptorOptions, ModelFile, TermFile, parse_descriptor, parse_model};
pub use radial::{RadialFunctions, Side};
