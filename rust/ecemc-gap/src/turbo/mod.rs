//! What makes a SOAP descriptor a Turbo-SOAP: its radial and angular functions, its compression.
//!
//! M. A. Caro, Phys. Rev. B 100, 024112 (2019), in the form in which QUIP evaluates it. Everything below is the exact
//! derivative of what is returned, including where the reference's own slopes are not.

mod basis;
mod compression;
mod descriptor;
mod filter;
mod layout;
mod quadrature;
mod radial;
mod sharing;

pub use basis::RadialBasis;
pub use compression::SparseMatrix;
pub use layout::Layout;
pub use radial::TurboRadial;
pub use sharing::donors;

use crate::model::{Compression, TurboOptions};
use crate::{RadialFunctions, Result};

/// What an engine needs of a Turbo-SOAP descriptor.
pub struct Expansion {
    /// The radial functions of each channel.
    pub radial: Vec<Box<dyn RadialFunctions + Send + Sync>>,
    /// What the central atom adds to the coefficients with l = 0, for the functions of all channels.
    pub center: Vec<f64>,
    /// The compression, which acts on the power spectrum in the order of [`Layout`].
    pub compression: Option<SparseMatrix>,
}

/// Makes the functions of a descriptor; `donor` is the descriptor whose radial basis it uses, see [`donors`].
///
/// # Errors
/// [`crate::Error::Argument`] if a radial basis depends on itself.
pub fn expansion(options: &TurboOptions, donor: Option<&TurboOptions>) -> Result<Expansion> {
    let mut center = Vec::new();
    let mut radial: Vec<Box<dyn RadialFunctions + Send + Sync>> = Vec::new();
    for s in 0..options.channels.len() {
        let functions = TurboRadial::new(options, s, donor)?;
        if s == options.central_channel {
            center.extend(functions.center());
        } else {
            center.resize(center.len() + functions.n_max(), 0.0);
        }
        radial.push(Box::new(functions));
    }
    let layout = options.layout();
    let compression = match &options.compression {
        Compression::None => None,
        Compression::Trivial => Some(SparseMatrix::trivial(&layout)),
        Compression::Mixing { nu_r, nu_s } => Some(SparseMatrix::mixing(&layout, *nu_r, *nu_s)),
        Compression::File(matrix) => Some(matrix.clone()),
    };
    Ok(Expansion { radial, center, compression })
}
