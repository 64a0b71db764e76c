//! One sum over sparse points: a descriptor and its kernel.

use crate::descriptor::{Batch, Coincident, Descriptor, Environments};
use crate::kernel::DotProductKernel;
use crate::lanes::{LANES, Row};
use crate::model::{DescriptorOptions, TermFile};
use crate::pair::PairTerm;
use crate::{Error, Result};

/// A `gpCoordinates` of a model.
pub(crate) enum Term {
    ManyBody(Box<ManyBodyTerm>),
    Pair(PairTerm),
}

impl Term {
    /// # Errors
    /// Those of [`ManyBodyTerm::new`].
    pub fn new(file: &TermFile, donor: Option<&DescriptorOptions>) -> Result<Self> {
        match &file.options {
            DescriptorOptions::Distance2b(options) => Ok(Self::Pair(PairTerm::new(options, file))),
            _ => Ok(Self::ManyBody(Box::new(ManyBodyTerm::new(file, donor)?))),
        }
    }

    pub fn cutoff(&self) -> f64 {
        match self {
            Self::ManyBody(term) => term.descriptor.cutoff(),
            Self::Pair(term) => term.cutoff(),
        }
    }

    /// Whether it is about atoms of this element.
    pub fn is_center(&self, number: u8) -> bool {
        match self {
            Self::ManyBody(term) => term.descriptor.is_center(number),
            Self::Pair(term) => term.is_center(number),
        }
    }

    /// Adds energies of the environments, and, if wanted, gradients with respect to their pair vectors.
    ///
    /// # Errors
    /// [`Coincident`] atoms.
    pub fn evaluate(
        &self,
        environments: &Environments<'_>,
        batch: &mut Batch,
        energies: &mut [f64],
        pairs: Option<&mut [[f64; 3]]>,
    ) -> std::result::Result<(), Coincident> {
        match self {
            Self::ManyBody(term) => term.evaluate(environments, batch, energies, pairs),
            Self::Pair(term) => term.evaluate(environments, energies, pairs),
        }
    }
}

/// A descriptor of atoms and its kernel.
pub(crate) struct ManyBodyTerm {
    descriptor: Descriptor,
    kernel: DotProductKernel,
}

impl ManyBodyTerm {
    /// # Errors
    /// [`Error::Unsupported`], and [`Error::Argument`] where sizes contradict each other.
    fn new(file: &TermFile, donor: Option<&DescriptorOptions>) -> Result<Self> {
        let descriptor = Descriptor::new(&file.options, donor)?;
        let (d, n) = (descriptor.dimension(), descriptor.projection.len());
        if file.sparse.len() != d * file.alpha.len() || file.cutoffs.len() != file.alpha.len() {
            let got = format!("{} numbers for {} sparse points", file.sparse.len(), file.alpha.len());
            return Err(Error::argument("sparse points", got, format!("{d} numbers for each")));
        }
        let points: Vec<f64> =
            file.sparse.chunks_exact(d).flat_map(|x| (0..n).map(|k| x[descriptor.projection.place(k)])).collect();
        let scale = file.delta * file.delta;
        let weights = file.alpha.iter().zip(&file.cutoffs).map(|(a, c)| scale * a * c).collect();
        let offsets =
            file.sparse.chunks_exact(d).map(|x| descriptor.extra.map_or(0.0, |extra| extra * x[d - 1])).collect();
        let kernel = DotProductKernel::new(&points, n, weights, offsets, file.zeta);
        Ok(Self { descriptor, kernel })
    }

    fn evaluate(
        &self,
        environments: &Environments<'_>,
        batch: &mut Batch,
        energies: &mut [f64],
        pairs: Option<&mut [[f64; 3]]>,
    ) -> std::result::Result<(), Coincident> {
        self.descriptor.describe(environments, batch)?;
        let n_panels = environments.atoms.len().div_ceil(LANES);
        let mut found: Vec<Row> = vec![[0.0; LANES]; n_panels];
        let Batch { panels, gradients, products, .. } = batch;
        gradients.resize(panels.len(), [0.0; LANES]);
        let wanted = pairs.is_some().then_some(&mut gradients[..]);
        self.kernel.evaluate(panels, wanted, products, &mut found);
        for (energy, found) in energies.iter_mut().zip(found.as_flattened()) {
            *energy += found;
        }
        if let Some(pairs) = pairs {
            self.descriptor.pull_back(environments.atoms.len(), batch, pairs);
        }
        Ok(())
    }
}
