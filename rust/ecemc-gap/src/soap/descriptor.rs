//! The `soap` descriptor.

use super::SoapRadial;
use crate::descriptor::{Descriptor, Length};
use crate::expansion::Expansion;
use crate::lanes::LANES;
use crate::model::SoapOptions;
use crate::power_spectrum::{PowerSpectrum, Projection};
use crate::table::RadialTable;
use crate::{Error, Result};

impl Descriptor {
    /// The `soap` descriptor of these options.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for averages over a structure, [`Error::Argument`] for a radial basis that depends on itself.
    pub fn soap(options: &SoapOptions) -> Result<Self> {
        if options.average {
            return Err(Error::unsupported("descriptor", "soap with average=T", "average=F"));
        }
        let radial = SoapRadial::new(options)?;
        let center: Vec<f64> = radial.center().iter().map(|x| x * options.central_weight).collect();
        let expansion =
            Expansion::new(options.l_max, vec![RadialTable::new(Box::new(radial))?], &vec![0; options.species.len()]);
        let function = |a: usize| expansion.first_row(a / options.n_max) * LANES + a % options.n_max;
        let places: Vec<usize> = (0..options.species.len() * options.n_max).map(function).collect();
        let mut density = vec![[0.0; LANES]; expansion.rows()];
        for (a, &place) in places.iter().enumerate() {
            density.as_flattened_mut()[place] = center[a % options.n_max];
        }
        let power = PowerSpectrum::new(places, options.l_max, expansion.rows());
        Ok(Self {
            centers: options.centers.clone(),
            cutoff: options.cutoff,
            species: options.species.clone(),
            projection: projection(options, &power),
            expansion,
            power,
            length: if options.normalise { Length::One { above: 0.0 } } else { Length::Free },
            extra: Some(options.covariance_sigma0),
            center: density,
            center_everywhere: options.central_reference_all_species,
        })
    }
}

/// Weights `g_ab/√(2l + 1)` and the order `a`, `b ≤ a`, `l`.
fn projection(options: &SoapOptions, power: &PowerSpectrum) -> Projection {
    let (n_max, n_l) = (options.n_max, options.l_max + 1);
    let (mut triples, mut row) = (Vec::new(), 0);
    for a in 0..options.species.len() * n_max {
        for b in (0..=a).filter(|b| !options.diagonal_radial || a % n_max == b % n_max) {
            for l in 0..n_l {
                let both = if a == b { 1.0 } else { 2f64.sqrt() };
                let weight = if options.l_factor { both / ((2 * l + 1) as f64).sqrt() } else { both };
                triples.push((row, power.index(a, b, l), weight));
                row += 1;
            }
        }
    }
    Projection::new(row, power.len(), triples)
}
