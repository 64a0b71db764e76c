//! The sum over frames.

use std::collections::BTreeMap;

use super::bins::RdfBins;
use super::blocks::{Blocks, Pair};
use super::count::{RdfCounts, RdfFrame, count_frames};
use super::groups::Grouping;
use super::result::{Normalization, Rdf};
use crate::environments::Tracked;
use crate::tracking::Kind;
use crate::{Error, Result, Workers};

/// Unordered pairs summed over all frames, one entry per bin.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct PairCounts {
    pub all: Vec<u64>,
    pub intra: Vec<u64>,
}

/// Sums from which all partial RDFs of a trajectory follow.
///
/// Adding and merging are exact: sums of integers, in blocks that are a function of the frames' numbers. Chunks of a
/// trajectory may be added in any order, by any number of threads or processes, and give the same bits.
///
/// ```
/// use ecemc_core::rdf::{Normalization, RdfAccumulator, RdfBins, RdfFrame, RdfMolecules};
/// use ecemc_core::{Cell, Workers};
///
/// let cell = Cell::new([[2.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 2.0]], [true; 3])?;
/// let atom = RdfFrame { positions: &[[0.0; 3]], numbers: &[84], cell: &cell, molecules: RdfMolecules::None };
/// let mut sum = RdfAccumulator::new(RdfBins::new(3.0, 3)?);
/// sum.add_frames(0, &[atom], Workers::serial())?;
/// let polonium = sum.result(Normalization::Pair)?;
/// // A simple cubic crystal: 6 neighbours at 2 Å, 12 at 2.83 Å.
/// assert_eq!(polonium.coordination(84, 84).unwrap().inter, [0.0, 0.0, 18.0]);
/// # Ok::<(), ecemc_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct RdfAccumulator {
    pub(super) bins: RdfBins,
    pub(super) grouping: Grouping,
    pub(super) atoms: BTreeMap<u8, u64>,
    pub(super) counts: BTreeMap<Pair, PairCounts>,
    pub(super) blocks: Blocks,
    pub(super) next_frame: u64,
}

impl RdfAccumulator {
    /// Nothing yet.
    pub fn new(bins: RdfBins) -> Self {
        let (atoms, counts, blocks) = (BTreeMap::new(), BTreeMap::new(), Blocks::default());
        Self { bins, grouping: Grouping::Elements, atoms, counts, blocks, next_frame: 0 }
    }

    /// Nothing yet, for other groups than elements; what is called atomic numbers then are labels of groups.
    ///
    /// # Errors
    /// [`Error::Argument`] for too many groups.
    pub fn with_grouping(bins: RdfBins, grouping: Grouping) -> Result<Self> {
        grouping.check()?;
        Ok(Self { grouping, ..Self::new(bins) })
    }

    /// What the atoms are told apart by.
    pub fn grouping(&self) -> &Grouping {
        &self.grouping
    }

    /// The bins.
    pub fn bins(&self) -> &RdfBins {
        &self.bins
    }

    /// Number of frames.
    pub fn n_frames(&self) -> u64 {
        self.blocks.by_number.values().map(|block| block.n_frames).sum()
    }

    /// One more than the largest number of a frame so far.
    pub fn next_frame(&self) -> u64 {
        self.next_frame
    }

    /// Counts and adds consecutive frames, `first` being the number of the first one in the whole trajectory.
    ///
    /// # Errors
    /// What [`super::count_pairs`] raises, with the number of the frame; nothing is added then.
    pub fn add_frames(&mut self, first: u64, frames: &[RdfFrame<'_>], workers: Workers<'_>) -> Result<()> {
        for (counts, number) in count_frames(&self.bins, first, frames, workers)?.iter().zip(first..) {
            self.add(number, counts)?;
        }
        Ok(())
    }

    /// Counts consecutive frames whose molecules are known, without adding them; `kinds` are those of the tracker.
    ///
    /// # Errors
    /// As [`Self::add_frames`], and what centres of mass raise.
    pub fn count_tracked(
        bins: &RdfBins,
        grouping: &Grouping,
        first: u64,
        frames: &[Tracked<'_>],
        kinds: &[Kind],
        workers: Workers<'_>,
    ) -> Result<Vec<RdfCounts>> {
        workers.map_frames(first, frames.len(), |k, workers| grouping.count(bins, &frames[k], kinds, workers))
    }

    /// Adds the counts of frame number `frame` of the whole trajectory.
    ///
    /// # Errors
    /// [`Error::Argument`] for counts in other bins, or if the sums overflow: then they are of no use any more.
    pub fn add(&mut self, frame: u64, counts: &RdfCounts) -> Result<()> {
        self.require_same(&counts.bins)?;
        self.blocks.add(frame, counts)?;
        self.next_frame = self.next_frame.max(frame + 1);
        let elements = &counts.elements;
        for (&z, &n) in elements.numbers.iter().zip(&elements.counts) {
            *self.atoms.entry(z).or_default() += n;
        }
        let n_bins = self.bins.n_bins();
        for (k, (a, b)) in elements.pairs().enumerate() {
            let range = k * n_bins..(k + 1) * n_bins;
            let (all, intra) = (counts.all[range.clone()].to_vec(), counts.intra[range].to_vec());
            self.add_counts((elements.numbers[a], elements.numbers[b]), &PairCounts { all, intra });
        }
        Ok(())
    }

    /// Adds the sums of other frames of the same trajectory.
    ///
    /// # Errors
    /// [`Error::Argument`] if the bins differ, or if the sums overflow: then they are of no use any more.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        self.require_same(&other.bins)?;
        if self.grouping != other.grouping {
            return Err(Error::argument("groups", "other groups", "the same groups in all parts"));
        }
        self.blocks.merge(&other.blocks)?;
        self.next_frame = self.next_frame.max(other.next_frame);
        for (&z, n) in &other.atoms {
            *self.atoms.entry(z).or_default() += n;
        }
        for (&pair, counts) in &other.counts {
            self.add_counts(pair, counts);
        }
        Ok(())
    }

    /// Normalised RDFs, coordination numbers and errors.
    ///
    /// # Errors
    /// [`Error::Argument`] if no frame was added.
    pub fn result(&self, normalization: Normalization) -> Result<Rdf> {
        Rdf::new(self, normalization)
    }

    fn add_counts(&mut self, pair: Pair, counts: &PairCounts) {
        match self.counts.get_mut(&pair) {
            Some(sums) => {
                let all = sums.all.iter_mut().zip(&counts.all);
                all.chain(sums.intra.iter_mut().zip(&counts.intra)).for_each(|(sum, n)| *sum += n);
            }
            None => {
                self.counts.insert(pair, counts.clone());
            }
        }
    }

    fn require_same(&self, bins: &RdfBins) -> Result<()> {
        let text = |b: &RdfBins| format!("{} bins up to {} Å", b.n_bins(), b.r_max());
        if self.bins == *bins { Ok(()) } else { Err(Error::argument("bins", text(bins), text(&self.bins))) }
    }
}
