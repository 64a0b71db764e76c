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
    let (owners, all) = (pairs.owners(), pairs.all());
    let n = all.len();
    let wanted = |column| if column { n } else { 0 };
    let vectors = workers.collect(wanted(columns.vectors || columns.distances), |k| {
        pairs.vector(positions, cell, owners[k] as usize, all[k])
    })?;
    Ok(NeighborList {
        i: workers.collect(wanted(columns.i), |k| i64::from(owners[k]))?,
        j: workers.collect(wanted(columns.j), |k| all[k].j() as i64)?,
        shifts: workers.collect(wanted(columns.shifts), |k| pairs.shift(owners[k] as usize, all[k]).map(i64::from))?,
        distances: workers.collect(wanted(columns.distances), |k| norm(vectors[k]))?,
        vectors: if columns.vectors { vectors } else { Vec::new() },
    })
}
