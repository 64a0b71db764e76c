//! Any cell and any cutoff: the runs of the cell grid, each pair from one of its two ends.

use std::ops::Range;

use super::bins::{Block, PADDING, RdfBins};
use super::histogram::{Coordinates, Elements, Histogram, squared_length};
use crate::neighbors::{CellGrid, Run};
use crate::simd::dispatch;
use crate::{Result, Workers};

/// Atoms, about, whose pairs are one piece of work.
const ATOMS: usize = 256;
/// More counters than this in the histograms of all pieces would need gigabytes; then there are fewer pieces.
const COUNTERS: usize = 1 << 26;

/// Histograms of all pairs, one for each piece of work.
///
/// Of the two directions (i, j, S) and (j, i, −S) of a pair the one with S > 0 (lexicographically) is counted, and for
/// S = 0 the one in which j comes later; both have the same distance to the last bit, since `D` only changes sign.
pub(super) fn all_pairs(
    bins: &RdfBins,
    grid: &CellGrid,
    places: &[u8],
    elements: &Elements,
    workers: Workers<'_>,
) -> Result<Vec<Histogram>> {
    let sorted: Vec<usize> = grid.order.iter().map(|&i| usize::from(places[i as usize])).collect();
    // Where the histogram of each sorted atom with each element begins.
    let begin = |a: usize, b: usize| (elements.pair(a, b) * bins.stride()) as u32;
    let begins: Vec<Vec<u32>> =
        (0..elements.len()).map(|a| sorted.iter().map(|&b| begin(a, b)).chain([0; PADDING]).collect()).collect();
    let atoms = Coordinates::new(grid, &(0..grid.len()).collect::<Vec<_>>());
    let per_piece = (ATOMS * grid.n_bins()).div_ceil(grid.len().max(1));
    let per_piece = per_piece.max((grid.n_bins() * elements.n_pairs() * bins.stride()).div_ceil(COUNTERS));
    workers.map_chunks(grid.n_bins(), per_piece, |homes| {
        let mut histogram = vec![0; elements.n_pairs() * bins.stride()];
        let work = Piece { bins, grid, atoms: &atoms, places: &sorted, begins: &begins };
        work.count(homes, &mut histogram);
        Ok(histogram)
    })
}

struct Piece<'a> {
    bins: &'a RdfBins,
    grid: &'a CellGrid,
    atoms: &'a Coordinates,
    places: &'a [usize],
    begins: &'a [Vec<u32>],
}

impl Piece<'_> {
    fn count(&self, homes: Range<usize>, histogram: &mut [u64]) {
        let mut block = Block::new(self.bins);
        let mut runs = Vec::new();
        for home in homes {
            let atoms = self.grid.atoms(home);
            if atoms.is_empty() {
                continue;
            }
            self.grid.runs(home, &mut runs);
            runs.retain(|run| self.grid.shifts[run.shift] >= [0; 3]);
            dispatch(
                #[inline(always)]
                || {
                    for i in atoms {
                        for run in &runs {
                            self.pairs(i, *run, &mut block, histogram);
                        }
                    }
                },
            );
        }
    }

    #[inline(always)]
    fn pairs(&self, i: usize, run: Run, block: &mut Block, histogram: &mut [u64]) {
        let home_image = self.grid.shifts[run.shift] == [0; 3];
        let start = if home_image { run.start.max(i + 1) } else { run.start };
        let (xi, yi, zi) = (self.atoms.x[i], self.atoms.y[i], self.atoms.z[i]);
        let [sx, sy, sz] = self.grid.shift_vectors[run.shift];
        let begins = &self.begins[self.places[i]];
        block.pieces(
            start..run.end,
            #[inline(always)]
            |first, n| {
                let (x, y, z) = (&self.atoms.x[first..][..n], &self.atoms.y[first..][..n], &self.atoms.z[first..][..n]);
                let begins = &begins[first..][..n];
                #[inline(always)]
                move |k| (squared_length((x[k] - xi) + sx, (y[k] - yi) + sy, (z[k] - zi) + sz), begins[k])
            },
            #[inline(always)]
            |slots| slots.iter().for_each(|&slot| histogram[slot as usize] += 1),
        );
    }
}
