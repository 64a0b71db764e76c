//! From the grid to sorted pairs.

use super::{Cutoffs, Pairs};
use crate::vector::norm;
use crate::{Cell, Result, Workers};

/// Which columns of a [`NeighborList`] are wanted; the others stay empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools)] // five columns, five switches
pub struct Columns {
    /// First atoms.
    pub i: bool,
    /// Second atoms.
    pub j: bool,
    /// Cell shifts.
    pub shifts: bool,
    /// Pair vectors.
    pub vectors: bool,
    /// Distances.
    pub distances: bool,
}

impl Columns {
    /// All of them.
    pub const ALL: Self = Self { i: true, j: true, shifts: true, vectors: true, distances: true };
}

/// Pairs in columns, sorted by `i`, then `j`, then `S`. Each pair is listed in both directions.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NeighborList {
    /// First atom.
    pub i: Vec<i64>,
    /// Second atom.
    pub j: Vec<i64>,
    /// Cell shifts `S`.
    pub shifts: Vec<[i64; 3]>,
    /// `D = r_j − r_i + S·cell`, Å.
    pub vectors: Vec<[f64; 3]>,
    /// `|D|`, Å.
    pub distances: Vec<f64>,
}

/// All pairs closer than the cutoff, as columns.
///
/// # Errors
/// [`crate::Error::NonFinite`] or [`crate::Error::Argument`] for bad input, [`crate::Error::Interrupted`].
///
/// # Examples
/// ```
/// use ecemc_core::{Cell, Workers, neighbors::{Columns, Cutoffs, neighbor_list}};
/// let cell = Cell::new([[3.0, 0.0, 0.0], [0.0, 3.0, 0.0], [0.0, 0.0, 3.0]], [true; 3])?;
/// let list = neighbor_list(&[[0.0; 3]], &cell, &Cutoffs::Uniform(3.1), Columns::ALL, Workers::serial())?;
/// assert_eq!(list.i.len(), 6); // simple cubic: six images
/// # Ok::<(), ecemc_core::Error>(())
/// ```
pub fn neighbor_list(
    positions: &[[f64; 3]],
    cell: &Cell,
    cutoffs: &Cutoffs,
    columns: Columns,
    workers: Workers<'_>,
) -> Result<NeighborList> {
    let pairs = Pairs::new(positions, cell, cutoffs, workers)?;
    let n = pairs.len();
    let mut list = NeighborList {
        i: vec![0; if columns.i { n } else { 0 }],
        j: vec![0; if columns.j { n } else { 0 }],
        shifts: vec![[0; 3]; if columns.shifts { n } else { 0 }],
        vectors: vec![[0.0; 3]; if columns.vectors || columns.distances { n } else { 0 }],
        distances: vec![0.0; if columns.distances { n } else { 0 }],
    };
    let pieces = workers.threads().min(positions.len().div_ceil(ATOMS_PER_PIECE)).max(1);
    let parts = split(&mut list, &pairs, pieces);
    workers.for_each(parts, |part| part.fill(positions, cell, &pairs))?;
    if !columns.vectors {
        list.vectors = Vec::new();
    }
    Ok(list)
}

/// Atoms for which starting a thread pays.
const ATOMS_PER_PIECE: usize = 256;

/// The rows of the columns that belong to some consecutive atoms.
struct Part<'a> {
    atoms: std::ops::Range<usize>,
    i: &'a mut [i64],
    j: &'a mut [i64],
    shifts: &'a mut [[i64; 3]],
    vectors: &'a mut [[f64; 3]],
    distances: &'a mut [f64],
}

impl Part<'_> {
    fn fill(self, positions: &[[f64; 3]], cell: &Cell, pairs: &Pairs) {
        let base = pairs.first[self.atoms.start];
        for i in self.atoms {
            let (rows, own) = (pairs.first[i] - base..pairs.first[i + 1] - base, pairs.of(i));
            if !self.i.is_empty() {
                self.i[rows.clone()].fill(i as i64);
            }
            if !self.j.is_empty() {
                self.j[rows.clone()].iter_mut().zip(own).for_each(|(j, pair)| *j = pair.j() as i64);
            }
            if !self.shifts.is_empty() {
                self.shifts[rows.clone()].iter_mut().zip(own).for_each(|(s, p)| *s = pairs.shift(i, *p).map(i64::from));
            }
            if !self.vectors.is_empty() {
                let vectors = &mut self.vectors[rows.clone()];
                vectors.iter_mut().zip(own).for_each(|(v, p)| *v = pairs.vector(positions, cell, i, *p));
                if !self.distances.is_empty() {
                    self.distances[rows].iter_mut().zip(vectors).for_each(|(d, v)| *d = norm(*v));
                }
            }
        }
    }
}

/// Cuts the columns at atom boundaries into `pieces` of about equal numbers of atoms.
fn split<'a>(list: &'a mut NeighborList, pairs: &Pairs, pieces: usize) -> Vec<Part<'a>> {
    let n_atoms = pairs.first.len() - 1;
    let mut rest = (
        list.i.as_mut_slice(),
        list.j.as_mut_slice(),
        list.shifts.as_mut_slice(),
        list.vectors.as_mut_slice(),
        list.distances.as_mut_slice(),
    );
    let mut parts = Vec::with_capacity(pieces);
    for piece in 0..pieces {
        let atoms = piece * n_atoms / pieces..(piece + 1) * n_atoms / pieces;
        let rows = pairs.first[atoms.end] - pairs.first[atoms.start];
        let i = take(&mut rest.0, rows);
        let j = take(&mut rest.1, rows);
        let shifts = take(&mut rest.2, rows);
        let vectors = take(&mut rest.3, rows);
        let distances = take(&mut rest.4, rows);
        parts.push(Part { atoms, i, j, shifts, vectors, distances });
    }
    parts
}

/// The first `n` entries of a column, or nothing of a column that is not wanted.
#[allow(clippy::mut_mut)] // the column shrinks in place
fn take<'a, T>(column: &mut &'a mut [T], n: usize) -> &'a mut [T] {
    let n = n.min(column.len());
    column.split_off_mut(..n).unwrap_or_default()
}
