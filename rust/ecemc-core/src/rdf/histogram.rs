//! Partial histograms of one frame, and the atoms in the order the counting loops want.

use super::bins::{PADDING, RdfBins};
use crate::neighbors::CellGrid;

/// The elements of a frame and the numbering of their unordered pairs.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Elements {
    /// Atomic numbers, ascending.
    pub numbers: Vec<u8>,
    /// Atoms of each.
    pub counts: Vec<u64>,
}

impl Elements {
    pub fn new(numbers: &[u8]) -> Self {
        let mut counts = [0u64; 256];
        for &z in numbers {
            counts[usize::from(z)] += 1;
        }
        let present = (0..=255u8).filter(|&z| counts[usize::from(z)] > 0);
        let numbers: Vec<u8> = present.collect();
        Self { counts: numbers.iter().map(|&z| counts[usize::from(z)]).collect(), numbers }
    }

    pub fn len(&self) -> usize {
        self.numbers.len()
    }

    pub fn n_pairs(&self) -> usize {
        self.len() * (self.len() + 1) / 2
    }

    /// Where each element begins among the atoms sorted by element, and the number of atoms.
    pub fn starts(&self) -> Vec<usize> {
        let ends = self.counts.iter().scan(0, |sum, &n| {
            *sum += n as usize;
            Some(*sum)
        });
        std::iter::once(0).chain(ends).collect()
    }

    /// Number of the pair of elements `a` and `b` (places in `numbers`), in either order.
    pub fn pair(&self, a: usize, b: usize) -> usize {
        let (low, high) = (a.min(b), a.max(b));
        low * self.len() - low * (low + 1) / 2 + high
    }

    /// Places of the two elements of each pair, in the order of [`Self::pair`].
    pub fn pairs(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        (0..self.len()).flat_map(|a| (a..self.len()).map(move |b| (a, b)))
    }

    /// Place of each atom's element in `numbers`.
    pub fn places(&self, numbers: &[u8]) -> Vec<u8> {
        let mut place = [0; 256];
        for (k, &z) in self.numbers.iter().enumerate() {
            place[usize::from(z)] = k as u8;
        }
        numbers.iter().map(|&z| place[usize::from(z)]).collect()
    }
}

/// Histograms of all pairs of elements, one after the other, each followed by its spill slots.
pub(super) type Histogram = Vec<u64>;

/// Squared length, with the sum in this order everywhere.
#[inline(always)]
pub(super) fn squared_length(x: f64, y: f64, z: f64) -> f64 {
    x * x + y * y + z * z
}

/// Drops the spill slots: `n_pairs × n_bins` counts.
pub(super) fn without_spill(histograms: &[Histogram], n_pairs: usize, bins: &RdfBins) -> Vec<u64> {
    let mut counts = vec![0; n_pairs * bins.n_bins()];
    for histogram in histograms {
        for (to, from) in counts.chunks_exact_mut(bins.n_bins()).zip(histogram.chunks_exact(bins.stride())) {
            for (sum, &n) in to.iter_mut().zip(from) {
                *sum += n;
            }
        }
    }
    counts
}

/// Wrapped coordinates in some order, with [`PADDING`] behind them.
pub(super) struct Coordinates {
    pub x: Vec<f64>,
    pub y: Vec<f64>,
    pub z: Vec<f64>,
}

impl Coordinates {
    /// Those of the sorted atoms `order` of the grid.
    pub fn new(grid: &CellGrid, order: &[usize]) -> Self {
        let column = |of: &[f64]| order.iter().map(|&k| of[k]).chain([0.0; PADDING]).collect();
        Self { x: column(&grid.x), y: column(&grid.y), z: column(&grid.z) }
    }
}
