//! From sums to radial distribution functions.

use std::collections::BTreeMap;

use super::accumulator::RdfAccumulator;
use super::bins::RdfBins;
use super::blocks::{Block, Pair};
use super::fixed::{added, to_f64};
use crate::{Error, Result};

/// What the partial RDFs are relative to; see the [module](super) for the formulas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Normalization {
    /// Each pair of elements on its own: the intermolecular part tends to 1.
    Pair,
    /// All parts together: their sum, the total g(r), tends to 1.
    Total,
}

/// A function of r and its standard error, one entry per bin.
///
/// The error comes from the scatter of block means; it is NaN with fewer than two blocks, and too small as long as blocks are
/// shorter than the correlation time of the liquid.
#[derive(Debug, Clone, PartialEq)]
pub struct Estimate {
    /// Mean over frames.
    pub mean: Vec<f64>,
    /// Standard error of the mean.
    pub stderr: Vec<f64>,
}

/// The partial RDFs of one pair of elements.
#[derive(Debug, Clone, PartialEq)]
pub struct PairRdf {
    /// Atomic numbers, the smaller one first.
    pub elements: (u8, u8),
    /// Frames in the average.
    pub n_frames: u64,
    /// Within the same molecule.
    pub intra: Estimate,
    /// Between molecules.
    pub inter: Estimate,
}

/// Running coordination numbers: neighbours closer than the upper bound of each bin, per atom.
#[derive(Debug, Clone, PartialEq)]
pub struct Coordination {
    /// In the same molecule.
    pub intra: Vec<f64>,
    /// In other molecules.
    pub inter: Vec<f64>,
}

/// All RDFs of a trajectory.
#[derive(Debug, Clone, PartialEq)]
pub struct Rdf {
    /// The bins.
    pub bins: RdfBins,
    /// Number of frames.
    pub n_frames: u64,
    /// Number of blocks behind the standard errors.
    pub n_blocks: usize,
    /// Frames in each full block.
    pub block_length: u64,
    /// One for each pair of elements.
    pub pairs: Vec<PairRdf>,
    /// g(r) of all atoms, whatever the normalization of the parts.
    pub total: Estimate,
    coordination: BTreeMap<Pair, Coordination>,
}

impl Rdf {
    pub(super) fn new(sums: &RdfAccumulator, normalization: Normalization) -> Result<Self> {
        let blocks: Vec<&Block> = sums.blocks.by_number.values().collect();
        if blocks.is_empty() {
            return Err(Error::argument("frames", "no frame", "at least one frame"));
        }
        let n_bins = sums.bins.n_bins();
        let pairs = sums.counts.keys().map(|&pair| {
            let part = |part| {
                let samples = blocks.iter().filter_map(|block| sample(block, pair, normalization, part, n_bins));
                estimate(&sums.bins, &samples.collect::<Vec<_>>())
            };
            PairRdf {
                elements: pair,
                n_frames: blocks.iter().filter_map(|b| Some(b.pairs.get(&pair)?.n_frames)).sum(),
                intra: part(Part::Intra),
                inter: part(Part::Inter),
            }
        });
        let totals: Vec<Sample> = blocks.iter().map(|block| sample_of_all(block, n_bins)).collect::<Result<_>>()?;
        Ok(Self {
            bins: sums.bins,
            n_frames: sums.n_frames(),
            n_blocks: blocks.len(),
            block_length: 1 << sums.blocks.bits,
            pairs: pairs.collect(),
            total: estimate(&sums.bins, &totals),
            coordination: coordination(sums),
        })
    }

    /// Mean number of atoms of element `b` around an atom of element `a`, over all atoms of `a` in all frames.
    pub fn coordination(&self, a: u8, b: u8) -> Option<&Coordination> {
        self.coordination.get(&(a, b))
    }
}

/// Frames of a block and a sum over them, one entry per bin.
type Sample = (u64, Vec<u128>);

#[derive(Clone, Copy)]
enum Part {
    Intra,
    Inter,
}

/// One part of a pair of elements in a block; without frames that have both elements there is no sample of their own g(r), but a zero
/// share of the total.
fn sample(block: &Block, pair: Pair, normalization: Normalization, part: Part, n_bins: usize) -> Option<Sample> {
    let (n_frames, all, intra) = match (block.pairs.get(&pair), normalization) {
        (Some(sums), Normalization::Pair) => (sums.n_frames, &sums.pair_all, &sums.pair_intra),
        (Some(sums), Normalization::Total) => (block.n_frames, &sums.total_all, &sums.total_intra),
        (None, Normalization::Pair) => return None,
        (None, Normalization::Total) => return Some((block.n_frames, vec![0; n_bins])),
    };
    Some(match part {
        Part::Intra => (n_frames, intra.clone()),
        Part::Inter => (n_frames, all.iter().zip(intra).map(|(a, i)| a - i).collect()),
    })
}

fn sample_of_all(block: &Block, n_bins: usize) -> Result<Sample> {
    let mut sum = vec![0; n_bins];
    for part in block.pairs.values() {
        for (s, &x) in sum.iter_mut().zip(&part.total_all) {
            *s = added(*s, x)?;
        }
    }
    Ok((block.n_frames, sum))
}

/// Mean over all frames, and its error from the means of the blocks, each with the weight of its frames:
/// `B/(B − 1) Σ w_b² (x_b − x)²` with `Σ w_b = 1`.
fn estimate(bins: &RdfBins, samples: &[Sample]) -> Estimate {
    let n_frames = samples.iter().map(|(n, _)| n).sum::<u64>() as f64;
    let n_blocks = samples.len() as f64;
    let (mut mean, mut stderr) = (Vec::new(), Vec::new());
    for (bin, volume) in bins.shell_volumes().into_iter().enumerate() {
        let x = to_f64(samples.iter().map(|(_, sums)| sums[bin]).sum()) / (n_frames * volume);
        let scatter = samples.iter().map(|(n, sums)| {
            let (n, sum) = (*n as f64, to_f64(sums[bin]));
            (sum / volume - n * x).powi(2)
        });
        let squares: f64 = scatter.sum();
        mean.push(x);
        let variance = n_blocks / (n_blocks - 1.0) * squares / (n_frames * n_frames);
        stderr.push(if samples.len() < 2 { f64::NAN } else { variance.sqrt() });
    }
    Estimate { mean, stderr }
}

/// Running sums of the counts, per atom of the first element; a pair of equal atoms makes two neighbours.
fn coordination(sums: &RdfAccumulator) -> BTreeMap<Pair, Coordination> {
    let running = |counts: &mut dyn Iterator<Item = u64>, atoms: u64, a: u8, b: u8| -> Vec<f64> {
        let neighbours = if a == b { 2 } else { 1 };
        let add = |sum: &mut u64, n: u64| {
            *sum += neighbours * n;
            Some(*sum as f64 / atoms as f64)
        };
        counts.scan(0, add).collect()
    };
    let mut found = BTreeMap::new();
    for (&(p, q), counts) in &sums.counts {
        for (a, b) in [(p, q), (q, p)] {
            let atoms = sums.atoms[&a];
            let intra = running(&mut counts.intra.iter().copied(), atoms, a, b);
            let inter = running(&mut counts.all.iter().zip(&counts.intra).map(|(n, i)| n - i), atoms, a, b);
            found.insert((a, b), Coordination { intra, inter });
        }
    }
    found
}
