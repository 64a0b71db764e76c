//! The `soap_turbo` descriptor.

use super::{Layout, SparseMatrix, expansion};
use crate::Result;
use crate::descriptor::{Descriptor, Length};
use crate::expansion::Expansion;
use crate::lanes::LANES;
use crate::model::TurboOptions;
use crate::power_spectrum::{PowerSpectrum, Projection};
use crate::table::RadialTable;

/// Shorter descriptors are not normalised.
const SHORTEST: f64 = 1e-5;

impl Descriptor {
    /// The `soap_turbo` descriptor of these options, with the radial basis of `donor` if there is one.
    ///
    /// # Errors
    /// [`crate::Error::Argument`] for a radial basis that depends on itself.
    pub fn turbo(options: &TurboOptions, donor: Option<&TurboOptions>) -> Result<Self> {
        let parts = expansion(options, donor)?;
        let layout = options.layout();
        let (mut tables, mut channels): (Vec<RadialTable>, _) = (Vec::new(), Vec::new());
        for radial in parts.radial {
            let table = RadialTable::new(radial)?;
            let same = tables.iter().position(|other| other.equals(&table));
            channels.push(same.unwrap_or(tables.len()));
            if same.is_none() {
                tables.push(table);
            }
        }
        let expansion = Expansion::new(options.l_max, tables, &channels);
        let of_channel = |(s, &alpha): (usize, &usize)| {
            let first = expansion.first_row(s) * LANES;
            first..first + alpha
        };
        let places: Vec<usize> = layout.alphas().iter().enumerate().flat_map(of_channel).collect();
        let mut center = vec![[0.0; LANES]; expansion.rows()];
        for (&place, &c) in places.iter().zip(&parts.center) {
            center.as_flattened_mut()[place] = c;
        }
        let power = PowerSpectrum::new(places, options.l_max, expansion.rows());
        Ok(Self {
            centers: vec![options.channels[options.central_channel].species],
            cutoff: options.rcut_hard,
            species: options.channels.iter().map(|channel| channel.species).collect(),
            projection: projection(&layout, parts.compression.as_ref(), &power),
            expansion,
            power,
            length: Length::One { above: SHORTEST },
            extra: None,
            center,
            center_everywhere: true,
        })
    }
}

/// Weights 1 and √2 in the order of the layout, then the compression.
fn projection(layout: &Layout, compression: Option<&SparseMatrix>, power: &PowerSpectrum) -> Projection {
    let n_l = layout.l_max() + 1;
    let component = |(a, b): (usize, usize)| {
        let weight = if a == b { 1.0 } else { 2f64.sqrt() };
        (0..n_l).map(move |l| (b, a, l, weight))
    };
    let components: Vec<(usize, f64)> =
        layout.pairs().flat_map(component).map(|(b, a, l, weight)| (power.index(b, a, l), weight)).collect();
    match compression {
        None => {
            let triples = components.iter().enumerate().map(|(row, &(k, weight))| (row, k, weight)).collect();
            Projection::new(components.len(), power.len(), triples)
        }
        Some(matrix) => {
            let entry =
                |&(row, column, value): &(usize, usize, f64)| (row, components[column].0, value * components[column].1);
            Projection::new(matrix.rows, power.len(), matrix.entries.iter().map(entry).collect())
        }
    }
}
