//! Partial radial distribution functions, intra- and intermolecular, over any number of frames.
//!
//! [`count_pairs`] counts the pairs of one frame in integers; [`RdfAccumulator`] sums frames exactly, so that any order of
//! adding and merging gives the same bits, and [`RdfAccumulator::result`] normalises.
//!
//! What is written of elements below holds for any other [`Grouping`] of the atoms, or of the centres of mass of molecules.
//!
//! # Definitions
//! `n_ab(r)` is the number of ordered pairs (i of element a, j of element b, every periodic image, without the atom itself)
//! in the shell of volume `ΔV(r)`. Averages `<>` run over frames, each with its own volume V:
//!
//! * [`Normalization::Pair`]: `g_ab = <V n_ab / (N_a N_b ΔV)>` over the frames that have both elements,
//! * [`Normalization::Total`]: `<V (n_ab + n_ba [a≠b]) / (N² ΔV)>`; all parts of all pairs add up to the total g(r).
//!
//! A pair is *intramolecular* if both atoms belong to the same molecule *and* the image is the one that the whole, unbroken
//! molecule has; the periodic copy of an atom's own molecule is intermolecular.

mod accumulator;
mod bins;
mod blocks;
mod bytes;
mod count;
mod direct;
mod fixed;
mod grid;
mod groups;
mod histogram;
mod intra;
mod result;

pub use accumulator::RdfAccumulator;
pub use bins::RdfBins;
pub use count::{RdfCounts, RdfFrame, RdfMolecules, count_frames, count_pairs};
pub use groups::{Grouping, OTHER};
pub use result::{Coordination, Estimate, Normalization, PairRdf, Rdf};
