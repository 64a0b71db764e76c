//! Everything that can be seen from one bin, and which of it is near a point.

use super::{CellGrid, Pair, Run};
use crate::simd::{self, Compress, Packing};

/// Candidates of the atoms of one bin, gathered so that the distance loop runs over contiguous memory.
///
/// They are sorted once for all atoms of the bin, so that what is selected of them is in order already. The columns are
/// filled up to whole vectors with points at infinity.
#[derive(Default)]
pub(super) struct Candidates {
    /// The pair that each would be.
    pairs: Vec<Pair>,
    x: Vec<f64>,
    y: Vec<f64>,
    z: Vec<f64>,
    distances2: Vec<f64>,
    near: Vec<Pair>,
}

/// Candidates compared at once.
const LANES: usize = 8;

impl Candidates {
    /// Puts the atoms of `runs` in the place of what was there.
    pub fn gather(&mut self, grid: &CellGrid, runs: &[Run]) {
        self.pairs.clear();
        for run in runs {
            self.pairs.extend(grid.order[run.start..run.end].iter().map(|&j| Pair::new(j, run.shift)));
        }
        self.pairs.sort_unstable();
        let padded = self.pairs.len().next_multiple_of(LANES);
        let columns = [(&grid.x, &mut self.x), (&grid.y, &mut self.y), (&grid.z, &mut self.z)];
        for (axis, (from, to)) in columns.into_iter().enumerate() {
            let shifted =
                |&pair: &Pair| from[grid.places[pair.j()] as usize] + grid.shift_vectors[pair.shift_code()][axis];
            to.clear();
            to.extend(self.pairs.iter().map(shifted));
            to.resize(padded, f64::INFINITY);
        }
        self.distances2.resize(padded, 0.0);
        self.pairs.resize(padded, Pair::default());
        self.near.resize(padded + LANES, Pair::default());
    }

    /// The candidates whose squared distance from `p` is below `limit2`, and how many are even below `sure2`.
    pub fn closer(&mut self, p: [f64; 3], limit2: f64, sure2: f64) -> (&[Pair], usize) {
        let Self { pairs, x, y, z, distances2, near } = self;
        let (n, n_sure) = simd::dispatch_packing(Selection { pairs, x, y, z, p, limit2, sure2, distances2, near });
        (&self.near[..n], n_sure)
    }
}

/// One selection from the columns of [`Candidates`], which are whole vectors.
struct Selection<'a> {
    pairs: &'a [Pair],
    x: &'a [f64],
    y: &'a [f64],
    z: &'a [f64],
    p: [f64; 3],
    limit2: f64,
    sure2: f64,
    distances2: &'a mut [f64],
    near: &'a mut [Pair],
}

impl Packing for Selection<'_> {
    type Output = (usize, usize);

    /// Copies the near pairs to the front of `near` and counts them.
    ///
    /// Most candidates are out of reach, in no predictable order: a branch for each would cost more than the arithmetic.
    #[inline(always)]
    fn run(self, compress: impl Compress) -> (usize, usize) {
        let [px, py, pz] = self.p;
        for (((d2, x), y), z) in self.distances2.iter_mut().zip(self.x).zip(self.y).zip(self.z) {
            let (dx, dy, dz) = (x - px, y - py, z - pz);
            *d2 = dx * dx + dy * dy + dz * dz;
        }
        let (mut n, mut n_sure) = (0, 0);
        let vectors = self.distances2.as_chunks::<LANES>().0.iter().zip(self.pairs.as_chunks::<LANES>().0);
        for (d2, pairs) in vectors {
            let near = compress.below(d2, self.limit2);
            if let Some(slots) = self.near[n..].first_chunk_mut::<LANES>() {
                *slots = compress.pack(near, pairs.map(|pair| pair.0)).map(Pair);
            }
            n += near.count_ones() as usize;
            n_sure += compress.below(d2, self.sure2).count_ones() as usize;
        }
        (n, n_sure)
    }
}
