//! The radial functions of `soap`: Gaussians on an equispaced grid, made orthonormal.

mod basis;
mod descriptor;
mod radial;

pub use basis::SoapBasis;
pub use radial::SoapRadial;
