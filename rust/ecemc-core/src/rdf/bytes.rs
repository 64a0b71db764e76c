//! The state of an accumulator as bytes, for checkpoints and for sending it to another process.

use std::collections::BTreeMap;

use super::accumulator::{PairCounts, RdfAccumulator};
use super::bins::RdfBins;
use super::blocks::{Block, Blocks, MAX_BLOCKS, PairSums};
use super::groups::Grouping;
use crate::Result;
use crate::bytes::{Input, damaged, put};

/// Name and version of the format; everything after it is little-endian.
const MAGIC: &[u8; 12] = b"ecemc-rdf\0\0\x02";

impl RdfAccumulator {
    /// The whole state. Equal accumulators give equal bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        put(&mut out, [self.bins.r_max().to_bits(), self.bins.n_bins() as u64, u64::from(self.blocks.bits)]);
        self.grouping.write(&mut out);
        put(&mut out, [self.next_frame, self.atoms.len() as u64]);
        for (&z, &n) in &self.atoms {
            put(&mut out, [z.into(), n]);
        }
        put(&mut out, [self.counts.len() as u64]);
        for (&(a, b), counts) in &self.counts {
            put(&mut out, [a.into(), b.into()]);
            put(&mut out, counts.all.iter().copied());
            put(&mut out, counts.intra.iter().copied());
        }
        put(&mut out, [self.blocks.by_number.len() as u64]);
        for (&number, block) in &self.blocks.by_number {
            put(&mut out, [number, block.n_frames, block.pairs.len() as u64]);
            for (&(a, b), sums) in &block.pairs {
                put(&mut out, [a.into(), b.into(), sums.n_frames]);
                for column in sums.columns() {
                    out.extend(column.iter().flat_map(|x| x.to_le_bytes()));
                }
            }
        }
        out
    }

    /// The state that [`Self::to_bytes`] wrote.
    ///
    /// # Errors
    /// [`crate::Error::Argument`] if the bytes are truncated, of another version or otherwise not such a state.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let mut input = Input::new(bytes, MAGIC)?;
        let (r_max, n_bins, bits) = (f64::from_bits(input.number()?), input.number()? as usize, input.number()?);
        let bins = RdfBins::new(r_max, n_bins)?;
        let mut sum = Self::with_grouping(bins, Grouping::read(&mut input)?)?;
        sum.next_frame = input.number()?;
        for _ in 0..input.number()? {
            sum.atoms.insert(input.element()?, input.number()?);
        }
        for _ in 0..input.number()? {
            let pair = (input.element()?, input.element()?);
            let (all, intra) = (input.numbers(n_bins)?, input.numbers(n_bins)?);
            sum.counts.insert(pair, PairCounts { all, intra });
        }
        let mut by_number = BTreeMap::new();
        for _ in 0..input.number()? {
            by_number.insert(input.number()?, input.block(n_bins)?);
        }
        sum.blocks = Blocks { bits: u32::try_from(bits).ok().filter(|&b| b < 64).ok_or_else(damaged)?, by_number };
        input.finish()?;
        if sum.is_consistent() { Ok(sum) } else { Err(damaged()) }
    }

    /// What the arithmetic of [`Self::result`] relies on.
    fn is_consistent(&self) -> bool {
        let within = |all: &[u128], intra: &[u128]| all.iter().zip(intra).all(|(a, i)| i <= a);
        let counted = self.counts.iter().all(|((a, b), counts)| {
            let positive = |z| self.atoms.get(z).is_some_and(|&n| n > 0);
            positive(a) && positive(b) && counts.all.iter().zip(&counts.intra).all(|(all, intra)| intra <= all)
        });
        counted
            && self.blocks.by_number.len() <= MAX_BLOCKS
            && self.blocks.by_number.values().flat_map(|block| &block.pairs).all(|(pair, s)| {
                self.counts.contains_key(pair)
                    && within(&s.pair_all, &s.pair_intra)
                    && within(&s.total_all, &s.total_intra)
            })
    }
}

impl Input<'_> {
    fn element(&mut self) -> Result<u8> {
        u8::try_from(self.number()?).map_err(|_| damaged())
    }

    fn block(&mut self, n_bins: usize) -> Result<Block> {
        let mut block = Block { n_frames: self.number()?, pairs: BTreeMap::new() };
        for _ in 0..self.number()? {
            let pair = (self.element()?, self.element()?);
            let mut sums = PairSums { n_frames: self.number()?, ..PairSums::default() };
            for column in sums.columns_mut() {
                *column = (0..n_bins).map(|_| Ok(u128::from_le_bytes(self.take()?))).collect::<Result<_>>()?;
            }
            block.pairs.insert(pair, sums);
        }
        Ok(block)
    }
}
