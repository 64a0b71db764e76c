//! Sums over blocks of consecutive frames, for means and their errors.

use std::collections::BTreeMap;

use super::count::RdfCounts;
use super::fixed::{Weight, added};
use crate::Result;

/// A pair of elements, the smaller atomic number first.
pub(super) type Pair = (u8, u8);

/// Sums of one pair of elements over the frames of a block; one entry per bin, see [`Weight`].
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct PairSums {
    /// Frames that have both elements.
    pub n_frames: u64,
    /// `Σ V n_ab/(N_a N_b)`, all pairs.
    pub pair_all: Vec<u128>,
    /// The same, intramolecular pairs.
    pub pair_intra: Vec<u128>,
    /// `Σ V (n_ab + n_ba [a≠b])/N²`, all pairs.
    pub total_all: Vec<u128>,
    /// The same, intramolecular pairs.
    pub total_intra: Vec<u128>,
}

impl PairSums {
    pub fn columns(&self) -> [&Vec<u128>; 4] {
        [&self.pair_all, &self.pair_intra, &self.total_all, &self.total_intra]
    }

    pub fn columns_mut(&mut self) -> [&mut Vec<u128>; 4] {
        [&mut self.pair_all, &mut self.pair_intra, &mut self.total_all, &mut self.total_intra]
    }

    pub fn zero(n_bins: usize) -> Self {
        let mut sums = Self::default();
        sums.columns_mut().into_iter().for_each(|column| column.resize(n_bins, 0));
        sums
    }

    fn merge(&mut self, other: &Self) -> Result<()> {
        self.n_frames += other.n_frames;
        for (mine, theirs) in self.columns_mut().into_iter().zip(other.columns()) {
            for (a, &b) in mine.iter_mut().zip(theirs) {
                *a = added(*a, b)?;
            }
        }
        Ok(())
    }
}

/// Sums over the frames of a block.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Block {
    pub n_frames: u64,
    pub pairs: BTreeMap<Pair, PairSums>,
}

impl Block {
    pub fn add(&mut self, counts: &RdfCounts) -> Result<()> {
        let (elements, n_bins) = (&counts.elements, counts.bins.n_bins());
        let n_atoms = elements.counts.iter().sum::<u64>() as f64;
        let per_total = Weight::new(counts.volume / (n_atoms * n_atoms))?;
        for (k, (a, b)) in elements.pairs().enumerate() {
            let per_pair = Weight::new(counts.volume / (elements.counts[a] as f64 * elements.counts[b] as f64))?;
            let pair = (elements.numbers[a], elements.numbers[b]);
            let sums = self.pairs.entry(pair).or_insert_with(|| PairSums::zero(n_bins));
            sums.n_frames += 1;
            // An unordered pair is two ordered ones: of a = b both, of a ≠ b one around a and one around b.
            let ordered = if a == b { 2 } else { 1 };
            for bin in 0..n_bins {
                let (all, intra) = (counts.all[k * n_bins + bin], counts.intra[k * n_bins + bin]);
                per_pair.add_to(&mut sums.pair_all[bin], ordered * all)?;
                per_pair.add_to(&mut sums.pair_intra[bin], ordered * intra)?;
                per_total.add_to(&mut sums.total_all[bin], 2 * all)?;
                per_total.add_to(&mut sums.total_intra[bin], 2 * intra)?;
            }
        }
        self.n_frames += 1;
        Ok(())
    }

    pub fn merge(&mut self, other: &Self) -> Result<()> {
        self.n_frames += other.n_frames;
        for (&pair, sums) in &other.pairs {
            match self.pairs.get_mut(&pair) {
                Some(mine) => mine.merge(sums)?,
                None => {
                    self.pairs.insert(pair, sums.clone());
                }
            }
        }
        Ok(())
    }
}

/// More blocks than this are joined in pairs.
pub(super) const MAX_BLOCKS: usize = 32;

/// Blocks by number. Block b holds the frames `b·2^bits` to `(b + 1)·2^bits − 1` of the whole trajectory.
///
/// `bits` is the smallest number for which at most [`MAX_BLOCKS`] blocks are not empty. That depends on the set of frames
/// alone: not on the order in which they were added, nor on how parts were merged.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Blocks {
    pub bits: u32,
    pub by_number: BTreeMap<u64, Block>,
}

impl Blocks {
    pub fn add(&mut self, frame: u64, counts: &RdfCounts) -> Result<()> {
        self.by_number.entry(frame >> self.bits).or_default().add(counts)?;
        self.coarsen(self.bits)
    }

    pub fn merge(&mut self, other: &Self) -> Result<()> {
        self.coarsen(other.bits)?;
        for (&number, block) in &other.by_number {
            self.by_number.entry(number >> (self.bits - other.bits)).or_default().merge(block)?;
        }
        self.coarsen(self.bits)
    }

    /// Joins blocks until there are at most [`MAX_BLOCKS`] of at least `2^bits` frames.
    fn coarsen(&mut self, bits: u32) -> Result<()> {
        while self.bits < bits || self.by_number.len() > MAX_BLOCKS {
            for (number, block) in std::mem::take(&mut self.by_number) {
                self.by_number.entry(number >> 1).or_default().merge(&block)?;
            }
            self.bits += 1;
        }
        Ok(())
    }
}
