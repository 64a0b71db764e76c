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
        let mut found = Self { first: vec![0], pairs: Vec::new(), homes, shifts: grid.shifts.clone() };
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
        let shift = self.shift(i, pair);
        if shift == [0; 3] { direct } else { add(direct, cell.lattice_vector(shift)) }
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
#[derive(Default)]
struct Candidates {
    x: Vec<f64>,
    y: Vec<f64>,
    z: Vec<f64>,
    pairs: Vec<Pair>,
    distances2: Vec<f64>,
    hits: Vec<u32>,
    /// Where the atoms of the bin itself begin.
    own: usize,
}

impl Search<'_> {
    fn bins(&self, bins: std::ops::Range<usize>) -> Piece {
        let mut piece = Piece::default();
        let (mut runs, mut candidates, mut order) = (Vec::new(), Candidates::default(), Order::new(self.grid.len()));
        for bin in bins.filter(|&b| !self.grid.atoms(b).is_empty()) {
            self.grid.runs(bin, &mut runs);
            candidates.gather(self.grid, &runs, bin);
            for (rank, k) in self.grid.atoms(bin).enumerate() {
                let start = piece.pairs.len();
                self.atom(k, rank, &mut candidates, &mut piece.pairs);
                order.sort(&mut piece.pairs[start..]);
                piece.atoms.push((self.grid.order[k], piece.pairs.len()));
            }
        }
        piece
    }

    /// Appends the pairs of sorted atom `k`, number `rank` of its bin.
    fn atom(&self, k: usize, rank: usize, candidates: &mut Candidates, pairs: &mut Vec<Pair>) {
        let (grid, i) = (self.grid, self.grid.order[k] as usize);
        let cutoff = self.cutoffs.max();
        let (sure, possible) = ((cutoff - grid.tolerance).max(0.0), cutoff + grid.tolerance);
        candidates.select([grid.x[k], grid.y[k], grid.z[k]], possible * possible, rank);
        // Far from a common cutoff the rounded distance decides; otherwise the one that the caller will see.
        let decided = matches!(self.cutoffs, Cutoffs::Uniform(_)) && candidates.all_below(sure * sure);
        let found = candidates.hits.iter().map(|&hit| candidates.pairs[hit as usize]);
        if decided {
            pairs.extend(found);
        } else {
            pairs.extend(found.filter(|&pair| self.is_pair(i, pair)));
        }
    }

    /// The definition, for one candidate.
    fn is_pair(&self, i: usize, pair: Pair) -> bool {
        norm(self.found.vector(self.positions, self.cell, i, pair)) < self.cutoffs.of(i, pair.j())
    }
}

impl Candidates {
    fn gather(&mut self, grid: &CellGrid, runs: &[Run], bin: usize) {
        let home = grid.atoms(bin).start;
        self.x.clear();
        self.y.clear();
        self.z.clear();
        self.pairs.clear();
        for run in runs {
            let shift = grid.shift_vectors[run.shift];
            if grid.shifts[run.shift] == [0; 3] && (run.start..run.end).contains(&home) {
                self.own = self.x.len() + home - run.start;
            }
            self.x.extend(grid.x[run.start..run.end].iter().map(|x| x + shift[0]));
            self.y.extend(grid.y[run.start..run.end].iter().map(|y| y + shift[1]));
            self.z.extend(grid.z[run.start..run.end].iter().map(|z| z + shift[2]));
            self.pairs.extend(grid.order[run.start..run.end].iter().map(|&j| Pair::new(j, run.shift)));
        }
        self.distances2.resize(self.x.len(), 0.0);
    }

    /// Finds the candidates closer to `p`, atom number `rank` of the bin, than the square root of `limit2`.
    fn select(&mut self, p: [f64; 3], limit2: f64, rank: usize) {
        let Self { x, y, z, distances2, hits, own, .. } = self;
        hits.resize(distances2.len() + LANES, 0);
        let n = simd::dispatch(
            #[inline(always)]
            || {
                squared_distances(x, y, z, p, distances2);
                distances2[*own + rank] = f64::INFINITY; // an atom is not its own neighbour
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

/// Sorts the pairs of an atom by marking the second atoms in a bitmap and reading it from the left: several times faster
/// than comparing, since an atom has some dozens of neighbours out of a few thousand.
struct Order {
    /// One bit for each atom.
    atoms: Vec<u64>,
    /// One bit for each word of `atoms`.
    words: Vec<u64>,
    pairs: Vec<Pair>,
}

impl Order {
    fn new(n_atoms: usize) -> Self {
        let words = n_atoms.div_ceil(64);
        Self { atoms: vec![0; words], words: vec![0; words.div_ceil(64)], pairs: vec![Pair(0); n_atoms] }
    }

    fn sort(&mut self, pairs: &mut [Pair]) {
        let mut repeated = false;
        for &pair in pairs.iter() {
            let (j, word) = (pair.j(), pair.j() / 64);
            repeated |= self.atoms[word] >> (j % 64) & 1 == 1;
            self.atoms[word] |= 1 << (j % 64);
            self.words[word / 64] |= 1 << (word % 64);
            self.pairs[j] = pair;
        }
        let mut n = 0;
        for w in 0..self.words.len() {
            while let Some(word) = take_lowest(&mut self.words[w]) {
                let word = w * 64 + word;
                while let Some(bit) = take_lowest(&mut self.atoms[word]) {
                    if !repeated {
                        pairs[n] = self.pairs[word * 64 + bit];
                        n += 1;
                    }
                }
            }
        }
        if repeated {
            // An atom seen through several images has one bit only.
            pairs.sort_unstable();
        }
    }
}

/// Clears the lowest set bit and returns its number.
#[inline]
fn take_lowest(bits: &mut u64) -> Option<usize> {
    let lowest = bits.trailing_zeros() as usize;
    *bits &= bits.wrapping_sub(1);
    (lowest < 64).then_some(lowest)
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
