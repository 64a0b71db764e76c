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

    /// Makes ready for [`Term::variances`], once; `false` if the sparse points allow none.
    pub fn prepare_variances(&self) -> bool {
        match self {
            Self::ManyBody(term) => term.kernel.prepare_variances(),
            Self::Pair(term) => term.prepare_variances(),
        }
    }

    /// Adds predictive variances of the environments' energies.
    ///
    /// # Errors
    /// [`Coincident`] atoms.
    pub fn variances(
        &self,
        environments: &Environments<'_>,
        batch: &mut Batch,
        variances: &mut [f64],
    ) -> std::result::Result<(), Coincident> {
        match self {
            Self::ManyBody(term) => term.variances(environments, batch, variances),
            Self::Pair(term) => term.variances(environments, variances),
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
        let kernel = DotProductKernel::new(file, &points, &descriptor);
        Ok(Self { descriptor, kernel })
    }

    /// Everything about the environments that the kernel needs.
    fn describe(&self, environments: &Environments<'_>, batch: &mut Batch) -> std::result::Result<(), Coincident> {
        self.descriptor.describe(environments, batch)?;
        if self.kernel.has_isotropic_factors() {
            self.descriptor.describe_isotropic(environments.atoms.len(), batch);
        } else {
            batch.isotropic.clear();
        }
        Ok(())
    }

    fn evaluate(
        &self,
        environments: &Environments<'_>,
        batch: &mut Batch,
        energies: &mut [f64],
        pairs: Option<&mut [[f64; 3]]>,
    ) -> std::result::Result<(), Coincident> {
        self.describe(environments, batch)?;
        let mut found: Vec<Row> = vec![[0.0; LANES]; environments.atoms.len().div_ceil(LANES)];
        self.kernel.evaluate(batch, pairs.is_some(), &mut found);
        for (energy, found) in energies.iter_mut().zip(found.as_flattened()) {
            *energy += found;
        }
        if let Some(pairs) = pairs {
            self.descriptor.pull_back(environments.atoms.len(), batch, pairs);
        }
        Ok(())
    }

    fn variances(
        &self,
        environments: &Environments<'_>,
        batch: &mut Batch,
        variances: &mut [f64],
    ) -> std::result::Result<(), Coincident> {
        self.describe(environments, batch)?;
        let mut found: Vec<Row> = vec![[0.0; LANES]; environments.atoms.len().div_ceil(LANES)];
        self.kernel.variances(batch, &mut found);
        for (variance, found) in variances.iter_mut().zip(found.as_flattened()) {
            *variance += found;
        }
        Ok(())
    }
}
