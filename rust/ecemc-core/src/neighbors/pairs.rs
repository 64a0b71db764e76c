//! The search: which pairs are within the cutoff.

use super::candidates::Candidates;
use super::{CellGrid, Cutoffs};
use crate::vector::{add, norm, sub};
use crate::{Cell, Result, Workers};

/// Second atom and lattice shift of a pair in eight bytes; their order is that of `(j, S)` for a given `i`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pair(pub(super) u64);

impl Pair {
    pub(super) fn new(j: u32, shift_code: usize) -> Self {
        Self(u64::from(j) << 32 | shift_code as u64)
    }

    /// Second atom.
    #[inline]
    pub fn j(self) -> usize {
        (self.0 >> 32) as usize
    }

    #[inline]
    pub(super) fn shift_code(self) -> usize {
        (self.0 & 0xffff_ffff) as usize
    }
}

/// All pairs within the cutoffs, in compact form.
#[derive(Debug, Clone)]
pub struct Pairs {
    /// The pairs of atom `i` are number `first[i]..first[i + 1]`.
    pub first: Vec<usize>,
    pairs: Vec<Pair>,
    owners: Vec<u32>,
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
            owners: Vec::new(),
            homes,
            shifts: grid.shifts.clone(),
            shift_vectors: grid.shift_vectors.clone(),
        };
        let search = Search { positions, cell, cutoffs, grid: &grid, found: &found };
        let bins_per_piece = (ATOMS_PER_PIECE * grid.n_bins()).div_ceil(positions.len().max(1));
        let pieces = workers.map_chunks(grid.n_bins(), bins_per_piece, |bins| Ok(search.bins(bins)))?;
        (found.first, found.pairs, found.owners) = in_atom_order(&pieces, positions.len());
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

    /// All of them, sorted by first atom, then `j`, then `S`.
    pub fn all(&self) -> &[Pair] {
        &self.pairs
    }

    /// The first atom of each.
    pub fn owners(&self) -> &[u32] {
        &self.owners
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
        let at = [grid.x[k], grid.y[k], grid.z[k]];
        let (found, n_sure) = candidates.closer(at, possible * possible, sure * sure);
        let start = pairs.len();
        pairs.extend_from_slice(found);
        if let Ok(place) = found.binary_search(&Pair::new(i as u32, grid.no_shift())) {
            pairs.remove(start + place); // an atom is not its own neighbour
        }
        // Far from a common cutoff the rounded distance decides; otherwise the one that the caller will see.
        if n_sure < found.len() || !matches!(self.cutoffs, Cutoffs::Uniform(_)) {
            let mut end = start;
            for k in start..pairs.len() {
                pairs[end] = pairs[k];
                end += usize::from(self.is_pair(i, pairs[k]));
            }
            pairs.truncate(end);
        }
    }

    /// The definition, for one candidate.
    fn is_pair(&self, i: usize, pair: Pair) -> bool {
        norm(self.found.vector(self.positions, self.cell, i, pair)) < self.cutoffs.of(i, pair.j())
    }
}

/// Brings the pieces, which follow the bins, into the order of the atoms: where the pairs of each atom begin, all pairs, and
/// the first atom of each.
fn in_atom_order(pieces: &[Piece], n_atoms: usize) -> (Vec<usize>, Vec<Pair>, Vec<u32>) {
    let mut slots: Vec<&[Pair]> = vec![&[]; n_atoms];
    for piece in pieces {
        let mut start = 0;
        for &(i, end) in &piece.atoms {
            slots[i as usize] = &piece.pairs[start..end];
            start = end;
        }
    }
    let n: usize = pieces.iter().map(|p| p.pairs.len()).sum();
    let (mut pairs, mut owners) = (Vec::with_capacity(n), Vec::with_capacity(n));
    let mut first = Vec::with_capacity(n_atoms + 1);
    first.push(0);
    for (i, slot) in slots.iter().enumerate() {
        pairs.extend_from_slice(slot);
        owners.extend(std::iter::repeat_n(i as u32, slot.len()));
        first.push(pairs.len());
    }
    (first, pairs, owners)
}
