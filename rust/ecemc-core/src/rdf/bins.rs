//! The radial bins and the one piece of arithmetic that puts a squared distance into one of them.

use std::ops::Range;

use crate::{Error, Result};

/// `n_bins` shells of equal width between 0 and `r_max` (Å); bin k holds `k·dr <= r < (k + 1)·dr`.
///
/// A distance within rounding of an edge may fall on either side of it, but `r >= r_max` is never counted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RdfBins {
    r_max: f64,
    n_bins: usize,
    scale: f64,
}

/// More bins than this would be narrower than any liquid can fill, and the sums of all blocks would need gigabytes.
const MAX_BINS: usize = 10_000;
/// Slots behind each partial histogram that take the pairs out of range. Several, used in turn: a processor waits when it
/// increments the same number twice in a row.
const SPILL: usize = 16;
/// Adding 2⁵² to a number in `[0, 2³¹)` leaves its rounded value in the low bits.
const MAGIC: f64 = 4_503_599_627_370_496.0;

impl RdfBins {
    /// Checks the range and the number of bins.
    ///
    /// # Errors
    /// [`Error::Argument`] unless `r_max` is finite and positive and `n_bins` is between 1 and 10000.
    pub fn new(r_max: f64, n_bins: usize) -> Result<Self> {
        if !(1..=MAX_BINS).contains(&n_bins) {
            return Err(Error::argument("n_bins", n_bins, format!("a number of bins from 1 to {MAX_BINS}")));
        }
        let mut scale = n_bins as f64 / r_max;
        if !(r_max > 0.0 && scale.is_normal()) {
            return Err(Error::argument("r_max", r_max, "a finite distance > 0 in Å"));
        }
        // So that `r >= r_max` always lands at or beyond `n_bins`: both factors of the product are then at least these.
        while r_max * scale < n_bins as f64 {
            scale = scale.next_up();
        }
        Ok(Self { r_max, n_bins, scale })
    }

    /// End of the last bin, Å.
    pub fn r_max(&self) -> f64 {
        self.r_max
    }

    /// Number of bins.
    pub fn n_bins(&self) -> usize {
        self.n_bins
    }

    /// The `n_bins + 1` bounds, Å.
    pub fn edges(&self) -> Vec<f64> {
        (0..=self.n_bins).map(|k| self.r_max * k as f64 / self.n_bins as f64).collect()
    }

    /// Volumes of the shells, 4π/3 (r₂³ − r₁³), Å³.
    pub fn shell_volumes(&self) -> Vec<f64> {
        let cubes: Vec<f64> = self.edges().iter().map(|r| r * r * r).collect();
        cubes.windows(2).map(|w| 4.0 / 3.0 * std::f64::consts::PI * (w[1] - w[0])).collect()
    }

    /// Slots of one partial histogram.
    pub(super) fn stride(&self) -> usize {
        self.n_bins + SPILL
    }

    /// The bin of a squared distance, `None` out of range. The same arithmetic as [`Block::find`].
    #[inline(always)]
    pub(super) fn find(&self, squared: f64) -> Option<usize> {
        let position = squared.sqrt() * self.scale;
        (position < self.n_bins as f64).then_some(position as usize)
    }
}

/// Distances handled at a time.
const BLOCK: usize = 512;
/// Numbers in the longest vector.
const LANES: usize = 8;
/// Places that coordinates need behind the last atom, see [`Block::pieces`].
pub(super) const PADDING: usize = LANES - 1;

/// Room for a row of distances on its way to the histogram.
pub(super) struct Block {
    scale: f64,
    slots: [u32; BLOCK],
    /// What positions in units of bins are cut down to: the spill slots in turn.
    limits: [f64; BLOCK],
}

impl Block {
    pub fn new(bins: &RdfBins) -> Self {
        let limits = std::array::from_fn(|k| (bins.n_bins + k % SPILL) as f64);
        Self { scale: bins.scale, slots: [0; BLOCK], limits }
    }

    /// Takes a row in pieces: `metric(first, n)` gives the function from 0..n to the squared distances of a piece and the
    /// places where their histograms begin; `count` gets the slots.
    ///
    /// Pieces are measured in whole vectors, up to [`PADDING`] places beyond the row; those are not counted.
    #[inline(always)]
    pub fn pieces<D: Fn(usize) -> (f64, u32)>(
        &mut self,
        row: Range<usize>,
        metric: impl Fn(usize, usize) -> D,
        mut count: impl FnMut(&[u32]),
    ) {
        let mut first = row.start;
        while first < row.end {
            let n = (row.end - first).min(BLOCK);
            let padded = n.next_multiple_of(LANES);
            self.find(padded, metric(first, padded));
            count(&self.slots[..n]);
            first += n;
        }
    }

    /// The slot of each of the first `n` squared distances: its bin, or one of the spill slots.
    ///
    /// Written for the vectoriser: the floor comes from the magic number and a comparison, which every instruction set has.
    #[inline(always)]
    fn find(&mut self, n: usize, metric: impl Fn(usize) -> (f64, u32)) {
        let (slots, limits) = (&mut self.slots[..n], &self.limits[..n]);
        for k in 0..n {
            let (squared, begin) = metric(k);
            let position = (squared.sqrt() * self.scale).min(limits[k]);
            let rounded = position + MAGIC;
            let floor = (rounded.to_bits() as u32).wrapping_sub(u32::from(rounded - MAGIC > position));
            slots[k] = begin.wrapping_add(floor);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slots(bins: &RdfBins, distances: &[f64]) -> Vec<u32> {
        let mut found = Vec::new();
        let metric = |first: usize, _| move |k: usize| distances.get(first + k).map_or((0.0, 0), |d| (d * d, 0));
        Block::new(bins).pieces(0..distances.len(), metric, |slots| found.extend_from_slice(slots));
        found
    }

    #[test]
    fn rows_and_find_agree_and_bins_are_half_open() {
        for (r_max, n) in [(4.0, 4), (12.85, 200), (0.3, 7), (49.0, 49), (1e-3, 10_000)] {
            let bins = RdfBins::new(r_max, n).unwrap();
            let edges = bins.edges();
            let distances: Vec<f64> = edges
                .iter()
                .flat_map(|&e| [e, e.next_up(), e.next_down().max(0.0), e + 0.4 * r_max / n as f64])
                .collect();
            for (d, slot) in distances.iter().zip(slots(&bins, &distances)) {
                let expected = bins.find(d * d);
                assert_eq!((slot as usize) < n, expected.is_some());
                assert!(expected.is_none_or(|b| b == slot as usize));
                assert!((slot as usize) < bins.stride());
            }
            assert_eq!(bins.find(r_max * r_max), None);
        }
        let bins = RdfBins::new(4.0, 4).unwrap();
        assert_eq!([0.0, 1.0, 4.0, 8.9, 9.0].map(|d2| bins.find(d2)), [0, 1, 2, 2, 3].map(Some));
    }

    #[test]
    fn far_and_infinite_distances_spill() {
        let bins = RdfBins::new(5.0, 10).unwrap();
        assert_eq!(slots(&bins, &[5.0, 1e150, f64::INFINITY]), [10, 11, 12]);
    }

    #[test]
    fn bad_arguments_are_refused() {
        for r_max in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e-320] {
            assert!(RdfBins::new(r_max, 10).is_err(), "{r_max}");
        }
        assert!(RdfBins::new(5.0, 0).is_err() && RdfBins::new(5.0, 10_001).is_err());
    }
}
