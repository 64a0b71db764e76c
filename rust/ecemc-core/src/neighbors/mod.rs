//! Neighbour lists: all pairs `(i, j, S)` closer than a cutoff, in any cell, with any cutoff.
//!
//! `D = r_j − r_i + S·cell` with `|D| < cutoff`; every pair appears in both directions; an atom and its own periodic
//! image are a pair (`S ≠ 0`), an atom and itself are not; two atoms at the same place are a pair at distance 0. Pairs are
//! sorted by `i`, then `j`, then `S`.

mod brute_force;
mod candidates;
mod cell_grid;
mod cutoffs;
mod list;
mod pairs;
mod reduction;

pub use brute_force::neighbor_list_brute_force;
pub(crate) use cell_grid::check_near;
pub use cell_grid::{CellGrid, Run};
pub use cutoffs::Cutoffs;
pub use list::{Columns, NeighborList, neighbor_list};
pub use pairs::{Pair, Pairs};
pub(crate) use reduction::reduce;
