//! The search: which pairs are within the cutoff.

use super::{CellGrid, Cutoffs, Run};
use crate::vector::{add, norm, sub};
use crate::{Cell, Result, Workers, simd};

/// Second atom and lattice shift of a pair in eight bytes; their order is that of `(j, S)` for a given `i`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pair(u64);

impl Pair {
    fn new(j: u32, shift_code: usize) -> Self {
        Self(u64::from(j) << 32 | shift_code as u64)
    }

    /// Second atom.
    #[inline]
    pub fn j(self) -> usize {
        (self.0 >> 32) as usize
    }

    #[inline]
    fn shift_code(self) -> usize {
        (self.0 & 0xffff_ffff) as usize
    }
}

/// All pairs within the cutoffs, in compact form.
#[derive(Debug, Clone)]
pub struct Pairs {
    /// The pairs of atom `i` are number `first[i]..first[i + 1]`.
    pub first: Vec<usize>,
    pairs: Vec<Pair>,
    homes: Vec<[i32; 3]>,
    shifts: Vec<[i32; 3]>,
    shift_vectors: Vec<[f64; 3]>,
}

impl Pairs {
    /// Finds all pairs closer than their cutoff.
    ///
    /// # Errors
    /// [`crate::Error::NonFinite`] or [`crate::Error::Argument`] for bad input, [`crate::Error::Interrupted`].
    pub fn new(positions: &[[f64; 3]], cell: &Cell, cutoffs: &Cutoffs, workers: Workers<'_>) -> Result<Self> {
        cutoffs.validate(positions.len())?;
        // With all cutoffs zero there is nothing to find, but the input is still checked.
        let grid = CellGrid::new(positions, cell, if cutoffs.max() > 0.0 { cutoffs.max() } else { 1.0 })?;
        let mut homes = vec![[0; 3]; positions.len()];
        for (&i, &home) in grid.order.iter().zip(&grid.homes) {
            homes[i as usize] = home;
        }
        let mut found = Self {
            first: vec![0],
            pairs: Vec::new(),
            homes,
            shifts: grid.shifts.clone(),
            shift_vectors: grid.shift_vectors.clone(),
        };
        let search = Search { positions, cell, cutoffs, grid: &grid, found: &found };
        let bins_per_piece = (ATOMS_PER_PIECE * grid.n_bins()).div_ceil(positions.len().max(1));
        let pieces = workers.map_chunks(grid.n_bins(), bins_per_piece, |bins| Ok(search.bins(bins)))?;
        let (first, pairs) = in_atom_order(&pieces, positions.len());
        (found.first, found.pairs) = (first, pairs);
        Ok(found)
    }

    /// Number of pairs.
    pub fn len(&self) -> usize {
        self.pairs.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// The pairs of atom `i`, sorted by `j`, then `S`.
    #[inline]
    pub fn of(&self, i: usize) -> &[Pair] {
        &self.pairs[self.first[i]..self.first[i + 1]]
    }

    /// The cell shift `S` of a pair of atom `i`.
    #[inline]
    pub fn shift(&self, i: usize, pair: Pair) -> [i32; 3] {
        let (run, home_i, home_j) = (self.shifts[pair.shift_code()], self.homes[i], self.homes[pair.j()]);
        [0, 1, 2].map(|k| run[k] + home_i[k] - home_j[k])
    }

    /// `D = r_j − r_i + S·cell` of a pair of atom `i`.
    #[inline]
    pub fn vector(&self, positions: &[[f64; 3]], cell: &Cell, i: usize, pair: Pair) -> [f64; 3] {
        let direct = sub(positions[pair.j()], positions[i]);
        // Atoms of the same home cell, that is nearly all, share the shift's vector with their run.
        if self.homes[i] == self.homes[pair.j()] {
            add(direct, self.shift_vectors[pair.shift_code()])
        } else {
            add(direct, cell.lattice_vector(self.shift(i, pair)))
        }
    }
}

/// Atoms in one piece of parallel work.
const ATOMS_PER_PIECE: usize = 512;

/// What one piece of the search finds: per atom its input index and where its pairs end.
#[derive(Default)]
struct Piece {
    atoms: Vec<(u32, usize)>,
    pairs: Vec<Pair>,
}

struct Search<'a> {
    positions: &'a [[f64; 3]],
    cell: &'a Cell,
    cutoffs: &'a Cutoffs,
    grid: &'a CellGrid,
    found: &'a Pairs,
}

/// Everything that can be seen from one bin, gathered so that the distance loop runs over contiguous memory.
///
/// The candidates are sorted once for all atoms of the bin, so that what is selected of them is in order already.
#[derive(Default)]
struct Candidates {
    /// The pair that each would be.
    sorted: Vec<Pair>,
    x: Vec<f64>,
    y: Vec<f64>,
    z: Vec<f64>,
    distances2: Vec<f64>,
    hits: Vec<u32>,
}

impl Search<'_> {
    fn bins(&self, bins: std::ops::Range<usize>) -> Piece {
        let mut piece = Piece::default();
        let (mut runs, mut candidates) = (Vec::new(), Candidates::default());
        for bin in bins.filter(|&b| !self.grid.atoms(b).is_empty()) {
            self.grid.runs(bin, &mut runs);
            candidates.gather(self.grid, &runs);
            for k in self.grid.atoms(bin) {
                self.atom(k, &mut candidates, &mut piece.pairs);
                piece.atoms.push((self.grid.order[k], piece.pairs.len()));
            }
        }
        piece
    }

    /// Appends the pairs of sorted atom `k`.
    fn atom(&self, k: usize, candidates: &mut Candidates, pairs: &mut Vec<Pair>) {
        let (grid, i) = (self.grid, self.grid.order[k] as usize);
        let cutoff = self.cutoffs.max();
        let (sure, possible) = ((cutoff - grid.tolerance).max(0.0), cutoff + grid.tolerance);
        candidates.select([grid.x[k], grid.y[k], grid.z[k]], possible * possible);
        // Far from a common cutoff the rounded distance decides; otherwise the one that the caller will see.
        let decided = matches!(self.cutoffs, Cutoffs::Uniform(_)) && candidates.all_below(sure * sure);
        let found = candidates.hits.iter().map(|&hit| candidates.sorted[hit as usize]);
        let itself = Pair::new(i as u32, grid.no_shift());
        if decided {
            pairs.extend(found.filter(|&pair| pair != itself));
        } else {
            pairs.extend(found.filter(|&pair| pair != itself && self.is_pair(i, pair)));
        }
    }

    /// The definition, for one candidate.
    fn is_pair(&self, i: usize, pair: Pair) -> bool {
        norm(self.found.vector(self.positions, self.cell, i, pair)) < self.cutoffs.of(i, pair.j())
    }
}

impl Candidates {
    fn gather(&mut self, grid: &CellGrid, runs: &[Run]) {
        self.sorted.clear();
        for run in runs {
            self.sorted.extend(grid.order[run.start..run.end].iter().map(|&j| Pair::new(j, run.shift)));
        }
        self.sorted.sort_unstable();
        let shifted = |c: &[f64], axis: usize, pair: Pair| {
            c[grid.places[pair.j()] as usize] + grid.shift_vectors[pair.shift_code()][axis]
        };
        for (axis, (from, to)) in
            [(&grid.x, &mut self.x), (&grid.y, &mut self.y), (&grid.z, &mut self.z)].into_iter().enumerate()
        {
            to.clear();
            to.extend(self.sorted.iter().map(|&pair| shifted(from, axis, pair)));
        }
        self.distances2.resize(self.x.len(), 0.0);
    }

    /// Finds the candidates closer to `p` than the square root of `limit2`.
    fn select(&mut self, p: [f64; 3], limit2: f64) {
        let Self { x, y, z, distances2, hits, .. } = self;
        hits.resize(distances2.len() + LANES, 0);
        let n = simd::dispatch(
            #[inline(always)]
            || {
                squared_distances(x, y, z, p, distances2);
                indices_below(distances2, limit2, hits)
            },
        );
        hits.truncate(n);
    }

    /// Whether all selected candidates are closer than the square root of `limit2`.
    fn all_below(&self, limit2: f64) -> bool {
        self.hits.iter().all(|&hit| self.distances2[hit as usize] < limit2)
    }
}

#[inline(always)]
fn squared_distances(x: &[f64], y: &[f64], z: &[f64], p: [f64; 3], out: &mut [f64]) {
    for (((d2, x), y), z) in out.iter_mut().zip(x).zip(y).zip(z) {
        let (dx, dy, dz) = (x - p[0], y - p[1], z - p[2]);
        *d2 = dx * dx + dy * dy + dz * dz;
    }
}

/// Values compared at once.
const LANES: usize = 8;

/// For each pattern of lanes below the limit, the numbers of these lanes, packed to the left.
const PACKED: [[u8; LANES]; 1 << LANES] = {
    let mut table = [[0; LANES]; 1 << LANES];
    let mut mask = 0;
    while mask < table.len() {
        let (mut lane, mut n) = (0, 0);
        while lane < LANES {
            if mask >> lane & 1 == 1 {
                table[mask][n] = lane as u8;
                n += 1;
            }
            lane += 1;
        }
        mask += 1;
    }
    table
};

/// Writes the indices of the values below `limit` to the front of `out` and returns how many there are.
///
/// Most candidates are out of reach, in no predictable order: a branch for each would cost more than the arithmetic.
/// `out` must be longer than `values` by [`LANES`].
#[inline(always)]
fn indices_below(values: &[f64], limit: f64, out: &mut [u32]) -> usize {
    let (chunks, rest) = values.as_chunks::<LANES>();
    let mut n = 0;
    for (c, chunk) in chunks.iter().enumerate() {
        let mut mask = 0;
        for lane in 0..LANES {
            mask |= usize::from(chunk[lane] < limit) << lane;
        }
        let base = (c * LANES) as u32;
        if let Some(slots) = out[n..].first_chunk_mut::<LANES>() {
            for lane in 0..LANES {
                slots[lane] = base + u32::from(PACKED[mask][lane]);
            }
        }
        n += mask.count_ones() as usize;
    }
    for (k, &value) in rest.iter().enumerate() {
        out[n] = (chunks.len() * LANES + k) as u32;
        n += usize::from(value < limit);
    }
    n
}

/// Brings the pieces, which follow the bins, into the order of the atoms.
fn in_atom_order(pieces: &[Piece], n_atoms: usize) -> (Vec<usize>, Vec<Pair>) {
    let mut slots: Vec<&[Pair]> = vec![&[]; n_atoms];
    for piece in pieces {
        let mut start = 0;
        for &(i, end) in &piece.atoms {
            slots[i as usize] = &piece.pairs[start..end];
            start = end;
        }
    }
    let mut first = Vec::with_capacity(n_atoms + 1);
    let mut pairs = Vec::with_capacity(pieces.iter().map(|p| p.pairs.len()).sum());
    first.push(0);
    for slot in slots {
        pairs.extend_from_slice(slot);
        first.push(pairs.len());
    }
    (first, pairs)
}
