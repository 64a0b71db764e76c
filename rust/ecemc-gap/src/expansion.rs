//! The neighbour density of an atom in radial functions and spherical harmonics, and the gradient of what depends on it.
//!
//! `c_{a,lm} = Σ_j F_{nl}(r_j) Y_lm(u_j) + δ_l0 C_a`, where `a = (channel, n)` and `j` runs over the channel's neighbours.

use pulp::Simd;

use crate::harmonics::Harmonics;
use crate::lanes::{LANES, Row, Wide};
use crate::table::RadialTable;

/// Up to eight neighbours of one atom.
#[derive(Debug, Clone)]
pub struct PairBlock {
    /// Unit vectors from the centre, component by component.
    pub u: [Row; 3],
    /// Distances, Å.
    pub r: Row,
    /// Channel of each.
    pub channels: [u32; LANES],
    /// What the caller knows each by.
    pub slots: [u32; LANES],
    /// How many there are.
    pub n: usize,
}

impl PairBlock {
    /// Without neighbours; what stands in unused places does no harm.
    pub const EMPTY: Self = Self {
        u: [[0.0; LANES], [0.0; LANES], [1.0; LANES]],
        r: [1.0; LANES],
        channels: [0; LANES],
        slots: [0; LANES],
        n: 0,
    };

    /// Adds a neighbour.
    #[inline(always)]
    pub fn push(&mut self, vector: [f64; 3], distance: f64, channel: u32, slot: u32) {
        let inverse = 1.0 / distance;
        for k in 0..3 {
            self.u[k][self.n] = vector[k] * inverse;
        }
        self.r[self.n] = distance;
        self.channels[self.n] = channel;
        self.slots[self.n] = slot;
        self.n += 1;
    }
}

/// A channel's radial functions and its place among the others.
#[derive(Debug, Clone, Copy)]
struct Place {
    table: usize,
    first_row: usize,
}

/// Radial functions of all channels, and the harmonics.
pub struct Expansion {
    harmonics: Harmonics,
    tables: Vec<RadialTable>,
    channels: Vec<Place>,
    rows: usize,
}

/// Working space for one block of neighbours.
#[derive(Default)]
pub struct ExpansionWork {
    harmonics: Vec<Row>,
    values: Vec<Row>,
    gradients: Vec<[Row; 4]>,
    radial: Vec<Row>,
    slopes: Vec<Row>,
}

impl Expansion {
    /// `channels[s]` is the table of channel `s`; all have the same highest angular momentum.
    pub fn new(l_max: usize, tables: Vec<RadialTable>, channels: &[usize]) -> Self {
        let mut rows = 0;
        let place = |&table: &usize| {
            let place = Place { table, first_row: rows };
            rows += tables[table].rows_per_l();
            place
        };
        let channels = channels.iter().map(place).collect();
        Self { harmonics: Harmonics::new(l_max), tables, channels, rows }
    }

    /// Rows of a density for each `(l, m)`: every channel begins with a new row.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Rows of a density: those of `(l, m)` at `(l(l + 1) + m)·rows`.
    pub fn density_rows(&self) -> usize {
        self.rows * self.harmonics.len()
    }

    /// First row of a channel.
    pub fn first_row(&self, channel: usize) -> usize {
        self.channels[channel].first_row
    }

    /// Makes working space large enough.
    pub fn prepare(&self, work: &mut ExpansionWork) {
        let radial = self.tables.iter().map(RadialTable::n_rows).max().unwrap_or(0);
        work.harmonics.resize(self.harmonics.working_rows(), [0.0; LANES]);
        work.values.resize(self.harmonics.len(), [0.0; LANES]);
        work.gradients.resize(self.harmonics.len(), [[0.0; LANES]; 4]);
        work.radial.resize(radial, [0.0; LANES]);
        work.slopes.resize(radial, [0.0; LANES]);
    }

    /// Adds the neighbours of a block to a density.
    #[inline(always)]
    pub fn add<S: Simd, const V: usize>(
        &self,
        simd: S,
        block: &PairBlock,
        density: &mut [Row],
        work: &mut ExpansionWork,
    ) {
        self.harmonics.values::<S, V>(simd, &block.u, &mut work.harmonics, &mut work.values);
        for p in 0..block.n {
            let place = self.channels[block.channels[p] as usize];
            let table = &self.tables[place.table];
            let radial = &mut work.radial[..table.n_rows()];
            table.values::<S, V>(simd, block.r[p], radial);
            for (l, radial) in radial.chunks_exact(table.rows_per_l()).enumerate() {
                let density = density[l * l * self.rows..(l + 1) * (l + 1) * self.rows].chunks_exact_mut(self.rows);
                for (density, y) in density.zip(&work.values[l * l..]) {
                    let y = Wide::<S, V>::splat(simd, y[p]);
                    for (density, radial) in density[place.first_row..].iter_mut().zip(radial) {
                        Wide::load(simd, radial).mul_add(y, Wide::load(simd, density)).store(density);
                    }
                }
            }
        }
    }

    /// What a block's neighbours contribute to the gradient, with respect to their vectors, of something whose gradient
    /// with respect to the density is `adjoint`.
    #[inline(always)]
    pub fn pull_back<S: Simd, const V: usize>(
        &self,
        simd: S,
        block: &PairBlock,
        adjoint: &[Row],
        work: &mut ExpansionWork,
    ) -> [[f64; 3]; LANES] {
        self.harmonics.gradients::<S, V>(simd, &block.u, &mut work.harmonics, &mut work.gradients);
        let mut result = [[0.0; 3]; LANES];
        for p in 0..block.n {
            let place = self.channels[block.channels[p] as usize];
            let table = &self.tables[place.table];
            let (radial, slopes) = (&mut work.radial[..table.n_rows()], &mut work.slopes[..table.n_rows()]);
            table.values_and_slopes::<S, V>(simd, block.r[p], radial, slopes);
            let zero = Wide::<S, V>::splat(simd, 0.0);
            let mut sums = [zero; 4];
            for (row, (radial, slope)) in radial.iter().zip(slopes.iter()).enumerate() {
                let (l, row) = (row / table.rows_per_l(), place.first_row + row % table.rows_per_l());
                let adjoint = adjoint[l * l * self.rows..(l + 1) * (l + 1) * self.rows].chunks_exact(self.rows);
                let mut inner = [zero; 4];
                for (adjoint, gradient) in adjoint.zip(&work.gradients[l * l..]) {
                    let adjoint = Wide::load(simd, &adjoint[row]);
                    for k in 0..4 {
                        inner[k] = adjoint.mul_add(Wide::splat(simd, gradient[k][p]), inner[k]);
                    }
                }
                let (radial, slope) = (Wide::load(simd, radial), Wide::load(simd, slope));
                sums[0] = inner[0].mul_add(slope, sums[0]);
                for k in 1..4 {
                    sums[k] = inner[k].mul_add(radial, sums[k]);
                }
            }
            let (along, across) = (sums[0].sum(), [sums[1].sum(), sums[2].sum(), sums[3].sum()]);
            result[p] = cartesian(along, across, [block.u[0][p], block.u[1][p], block.u[2][p]], block.r[p]);
        }
        result
    }
}

/// Gradient with respect to a vector `r·u`, from the derivative along `u` and the gradient with respect to `u`.
#[inline(always)]
fn cartesian(along: f64, across: [f64; 3], u: [f64; 3], r: f64) -> [f64; 3] {
    let radial = across[0] * u[0] + across[1] * u[1] + across[2] * u[2];
    [0, 1, 2].map(|k| along * u[k] + (across[k] - u[k] * radial) / r)
}
