//! SOAP and Turbo-SOAP as one machine: expansion, power spectrum, projection, normalisation; and the way back.

use pulp::Simd;

use crate::expansion::{Expansion, ExpansionWork, PairBlock};
use crate::lanes::{LANES, Row, Wide, Work, dispatch};
use crate::model::DescriptorOptions;
use crate::neighbors::NeighborTable;
use crate::power_spectrum::{PowerSpectrum, PowerWork, Projection};
use crate::{Error, Result};

/// How a descriptor's length is treated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Length {
    /// Left as it is.
    Free,
    /// Made one, unless it is below the number; a zero vector stays zero.
    One {
        /// Shorter vectors are left as they are.
        above: f64,
    },
}

/// A descriptor of atomic environments.
pub struct Descriptor {
    pub(crate) centers: Vec<u8>,
    pub(crate) cutoff: f64,
    /// Atomic numbers of the channels; `[0]` for one channel of all elements.
    pub(crate) species: Vec<u8>,
    pub(crate) expansion: Expansion,
    pub(crate) power: PowerSpectrum,
    pub(crate) projection: Projection,
    pub(crate) length: Length,
    /// Value of a constant last component, which the products leave out.
    pub(crate) extra: Option<f64>,
    /// What the central atom adds to the density with l = 0.
    pub(crate) center: Vec<Row>,
    /// Whether it does so in every channel, not only in its own.
    pub(crate) center_everywhere: bool,
}

/// Atoms closer than this, Å, have no direction from one to the other.
const COINCIDENT: f64 = 1e-6;

/// Two atoms at the same place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Coincident {
    /// Their numbers.
    pub atoms: [usize; 2],
    /// How far they are apart, Å.
    pub distance: f64,
}

/// The environments that one piece of work is about.
pub(crate) struct Environments<'a> {
    pub positions: &'a [[f64; 3]],
    pub numbers: &'a [u8],
    pub table: &'a NeighborTable,
    /// Atoms of one element.
    pub atoms: &'a [u32],
}

impl Environments<'_> {
    /// The element of the atoms.
    pub fn element(&self) -> u8 {
        self.atoms.first().map_or(0, |&i| self.numbers[i as usize])
    }

    /// Calls `visit` with element, pair vector, distance and place in the table's list of each neighbour of an atom.
    ///
    /// # Errors
    /// [`Coincident`] atoms.
    #[inline(always)]
    pub fn neighbors(
        &self,
        i: usize,
        cutoff: f64,
        mut visit: impl FnMut(u8, [f64; 3], f64, usize),
    ) -> std::result::Result<(), Coincident> {
        for (at, pair) in self.table.of(i).enumerate() {
            let vector = self.table.vector(self.positions, i, pair);
            let square: f64 = vector.iter().map(|x| x * x).sum();
            if square < cutoff * cutoff {
                let (j, distance) = (self.table.other(pair), square.sqrt());
                if distance < COINCIDENT {
                    return Err(Coincident { atoms: [i.min(j), i.max(j)], distance });
                }
                // The root of what is just below the square may be the cutoff itself.
                if distance < cutoff {
                    visit(self.numbers[j], vector, distance, at);
                }
            }
        }
        Ok(())
    }
}

/// Everything that is known of a batch of environments, and working space; kept from batch to batch.
#[derive(Default)]
pub(crate) struct Batch {
    blocks: Vec<PairBlock>,
    /// Where the blocks of each atom end.
    ends: Vec<usize>,
    densities: Vec<Row>,
    /// Descriptors, panel by panel.
    pub panels: Vec<Row>,
    /// Gradients with respect to them.
    pub gradients: Vec<Row>,
    pub products: Vec<Row>,
    /// The densities with l = 0, panel by panel, divided by the roots of the lengths of the descriptors.
    pub isotropic: Vec<Row>,
    /// Products with their sparse counterparts.
    pub roots: Vec<Row>,
    /// Gradients with respect to them, besides those that go through the lengths.
    pub isotropic_gradients: Vec<Row>,
    /// Gradients along the descriptors.
    pub along: Vec<Row>,
    /// Inverse lengths of the descriptors, and whether these were divided by them.
    inverse_lengths: Vec<[Row; 2]>,
    spectrum: Vec<f64>,
    adjoint: Vec<Row>,
    expansion: ExpansionWork,
    power: PowerWork,
}

impl Descriptor {
    /// The descriptor of these options; `donor` gives the radial basis of a `soap_turbo`, see [`crate::turbo::donors`].
    ///
    /// # Errors
    /// [`Error::Unsupported`] for what the engine does not know, [`Error::Argument`] for radial functions that depend on
    /// each other.
    pub fn new(options: &DescriptorOptions, donor: Option<&DescriptorOptions>) -> Result<Self> {
        match (options, donor) {
            (DescriptorOptions::Soap(options), _) => Self::soap(options),
            (DescriptorOptions::SoapTurbo(options), Some(DescriptorOptions::SoapTurbo(donor))) => {
                Self::turbo(options, Some(donor))
            }
            (DescriptorOptions::SoapTurbo(options), _) => Self::turbo(options, None),
            (DescriptorOptions::Distance2b(_), _) => {
                Err(Error::unsupported("descriptor", "distance_2b, a number for each pair,", "those of atoms"))
            }
        }
    }

    /// Number of components, a constant one included.
    pub fn dimension(&self) -> usize {
        self.projection.len() + usize::from(self.extra.is_some())
    }

    /// Distance beyond which nothing counts, Å.
    pub fn cutoff(&self) -> f64 {
        self.cutoff
    }

    /// Whether atoms of this element have the descriptor.
    pub fn is_center(&self, number: u8) -> bool {
        self.centers.iter().any(|&z| z == 0 || z == number)
    }

    /// Rows of a panel.
    pub(crate) fn panel_rows(&self) -> usize {
        self.projection.len().next_multiple_of(LANES)
    }

    fn channel(&self, number: u8) -> Option<u32> {
        self.species.iter().position(|&z| z == 0 || z == number).map(|s| s as u32)
    }

    /// The density of a central atom alone.
    fn center_density(&self, number: u8) -> Vec<Row> {
        let mut density = self.center.clone();
        for (s, &z) in self.species.iter().enumerate() {
            if !(self.center_everywhere || z == 0 || z == number) {
                let end = self.species.get(s + 1).map_or(density.len(), |_| self.expansion.first_row(s + 1));
                density[self.expansion.first_row(s)..end].fill([0.0; LANES]);
            }
        }
        density
    }

    /// Descriptors of the environments, in `batch.panels`.
    ///
    /// # Errors
    /// [`Coincident`] atoms.
    pub(crate) fn describe(
        &self,
        environments: &Environments<'_>,
        batch: &mut Batch,
    ) -> std::result::Result<(), Coincident> {
        self.gather(environments, batch)?;
        self.expansion.prepare(&mut batch.expansion);
        self.power.prepare(&mut batch.power);
        let n_panels = environments.atoms.len().div_ceil(LANES);
        batch.spectrum.resize(self.power.buffer_len(), 0.0);
        batch.densities.clear();
        batch.densities.resize(environments.atoms.len() * self.expansion.density_rows(), [0.0; LANES]);
        batch.panels.clear();
        batch.panels.resize(n_panels * self.panel_rows(), [0.0; LANES]);
        batch.inverse_lengths.clear();
        batch.inverse_lengths.resize(n_panels, [[1.0; LANES], [0.0; LANES]]);
        dispatch(Forward { descriptor: self, center: self.center_density(environments.element()), batch });
        Ok(())
    }

    /// Puts what the descriptors' components with l = 0 are the products of into `batch.isotropic`.
    pub(crate) fn describe_isotropic(&self, n_atoms: usize, batch: &mut Batch) {
        let rows = self.isotropic_rows();
        batch.isotropic.clear();
        batch.isotropic.resize(n_atoms.div_ceil(LANES) * rows, [0.0; LANES]);
        for (atom, density) in batch.densities.chunks_exact(self.expansion.density_rows()).enumerate() {
            let factor = batch.inverse_lengths[atom / LANES][0][atom % LANES].sqrt();
            let panel = &mut batch.isotropic[atom / LANES * rows..];
            for (row, &place) in panel.iter_mut().zip(self.power.places()) {
                row[atom % LANES] = factor * density.as_flattened()[place];
            }
        }
    }

    /// Rows of a panel of them.
    pub(crate) fn isotropic_rows(&self) -> usize {
        self.power.places().len().next_multiple_of(LANES)
    }

    /// Adds the gradients of the energies to those with respect to the pair vectors, which are numbered through atom by
    /// atom. The batch has them with respect to the descriptors and, if there are any, to their factors with l = 0.
    pub(crate) fn pull_back(&self, n_atoms: usize, batch: &mut Batch, pairs: &mut [[f64; 3]]) {
        batch.adjoint.resize(self.expansion.density_rows(), [0.0; LANES]);
        dispatch(Backward { descriptor: self, n_atoms, batch, pairs });
    }

    /// Copies one descriptor out of `batch.panels`.
    pub(crate) fn copy(&self, batch: &Batch, atom: usize, to: &mut [f64]) {
        let panel = &batch.panels[atom / LANES * self.panel_rows()..];
        for k in 0..self.projection.len() {
            to[self.projection.place(k)] = panel[k][atom % LANES];
        }
        if let Some(extra) = self.extra {
            to[self.projection.len()] = extra;
        }
    }

    /// Collects the neighbours within the cutoff that have a channel.
    fn gather(&self, environments: &Environments<'_>, batch: &mut Batch) -> std::result::Result<(), Coincident> {
        let channels: [Option<u32>; 256] = std::array::from_fn(|z| self.channel(z as u8));
        batch.blocks.clear();
        batch.ends.clear();
        let mut first = 0;
        for &i in environments.atoms {
            let mut block = PairBlock::EMPTY;
            environments.neighbors(i as usize, self.cutoff, |number, vector, distance, at| {
                if let Some(channel) = channels[number as usize] {
                    block.push(vector, distance, channel, first + at as u32);
                    if block.n == LANES {
                        batch.blocks.push(std::mem::replace(&mut block, PairBlock::EMPTY));
                    }
                }
            })?;
            if block.n > 0 {
                batch.blocks.push(block);
            }
            batch.ends.push(batch.blocks.len());
            first += environments.table.of(i as usize).len() as u32;
        }
        Ok(())
    }
}

struct Forward<'a> {
    descriptor: &'a Descriptor,
    center: Vec<Row>,
    batch: &'a mut Batch,
}

impl Work for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd, const V: usize>(self, simd: S) {
        let (descriptor, batch) = (self.descriptor, self.batch);
        let densities = batch.densities.chunks_exact_mut(descriptor.expansion.density_rows());
        let mut start = 0;
        for (atom, (density, &end)) in densities.zip(&batch.ends).enumerate() {
            density[..self.center.len()].copy_from_slice(&self.center);
            for block in &batch.blocks[start..end] {
                descriptor.expansion.add::<S, V>(simd, block, density, &mut batch.expansion);
            }
            start = end;
            descriptor.power.spectrum::<S, V>(simd, density, &mut batch.power, &mut batch.spectrum);
            let panel = &mut batch.panels[atom / LANES * descriptor.panel_rows()..][..descriptor.projection.len()];
            descriptor.projection.apply(&batch.spectrum, panel, atom % LANES);
        }
        if let Length::One { above } = descriptor.length {
            let panels = batch.panels.chunks_exact_mut(descriptor.panel_rows());
            for (panel, lengths) in panels.zip(&mut batch.inverse_lengths) {
                *lengths = normalise::<S, V>(simd, panel, above);
            }
        }
    }
}

/// Divides the eight vectors of a panel by their lengths; gives the inverses, and zeros for those that were left alone.
#[inline(always)]
fn normalise<S: Simd, const V: usize>(simd: S, panel: &mut [Row], above: f64) -> [Row; 2] {
    let mut sum = Wide::<S, V>::splat(simd, 0.0);
    for row in panel.iter() {
        let x = Wide::load(simd, row);
        sum = x.mul_add(x, sum);
    }
    let mut squares = [0.0; LANES];
    sum.store(&mut squares);
    let lengths = squares.map(f64::sqrt);
    let kept = |length: f64| length > above;
    let inverse = lengths.map(|length| if kept(length) { 1.0 / length } else { f64::from(u8::from(above > 0.0)) });
    let factor = Wide::<S, V>::load(simd, &inverse);
    for row in panel {
        Wide::load(simd, row).times(factor).store(row);
    }
    [inverse, lengths.map(|length| f64::from(u8::from(kept(length))))]
}

struct Backward<'a> {
    descriptor: &'a Descriptor,
    n_atoms: usize,
    batch: &'a mut Batch,
    pairs: &'a mut [[f64; 3]],
}

impl Work for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd, const V: usize>(self, simd: S) {
        let (descriptor, batch) = (self.descriptor, self.batch);
        if descriptor.length != Length::Free {
            let panels = batch.panels.chunks_exact(descriptor.panel_rows());
            let gradients = batch.gradients.chunks_exact_mut(descriptor.panel_rows());
            for (((panel, gradient), along), lengths) in
                panels.zip(gradients).zip(&batch.along).zip(&batch.inverse_lengths)
            {
                normalise_back::<S, V>(simd, panel, gradient, along, lengths);
            }
        }
        let rows = descriptor.expansion.density_rows();
        let spectrum = &mut batch.spectrum[..descriptor.power.len()];
        let mut start = 0;
        for atom in 0..self.n_atoms {
            let end = batch.ends[atom];
            if start == end {
                continue;
            }
            let gradient = &batch.gradients[atom / LANES * descriptor.panel_rows()..][..descriptor.projection.len()];
            descriptor.projection.pull_back(gradient, atom % LANES, spectrum);
            let density = &batch.densities[atom * rows..(atom + 1) * rows];
            descriptor.power.pull_back::<S, V>(simd, density, spectrum, &mut batch.power, &mut batch.adjoint);
            if !batch.isotropic_gradients.is_empty() {
                let factor = batch.inverse_lengths[atom / LANES][0][atom % LANES].sqrt();
                let panel = &batch.isotropic_gradients[atom / LANES * descriptor.isotropic_rows()..];
                for (row, &place) in panel.iter().zip(descriptor.power.places()) {
                    batch.adjoint.as_flattened_mut()[place] += factor * row[atom % LANES];
                }
            }
            for block in &batch.blocks[start..end] {
                let found = descriptor.expansion.pull_back::<S, V>(simd, block, &batch.adjoint, &mut batch.expansion);
                for (&slot, gradient) in block.slots[..block.n].iter().zip(found) {
                    let pair = &mut self.pairs[slot as usize];
                    *pair = [0, 1, 2].map(|k| pair[k] + gradient[k]);
                }
            }
            start = end;
        }
    }
}

/// `(g − (g·p) p)/|q|` for the eight vectors of a panel, of which `along` are the `g·p`.
#[inline(always)]
fn normalise_back<S: Simd, const V: usize>(
    simd: S,
    panel: &[Row],
    gradient: &mut [Row],
    along: &Row,
    lengths: &[Row; 2],
) {
    let along = Wide::<S, V>::load(simd, along).times(Wide::load(simd, &lengths[1])).times(Wide::splat(simd, -1.0));
    let inverse = Wide::load(simd, &lengths[0]);
    for (p, g) in panel.iter().zip(gradient) {
        Wide::load(simd, p).mul_add(along, Wide::load(simd, g)).times(inverse).store(g);
    }
}
