//! Unwrapped paths of particles and their mean squared displacements, in one pass and in memory that hardly grows.
//!
//! # Unwrapping
//! Positions are first wrapped into the cell of their frame, whatever the file did, and then strung together by the
//! toroidal-view-preserving scheme (Bullerjahn, von Bülow, Heidari, Hénin and Hummer, J. Chem. Theory Comput. 2023, 19,
//! 3406):
//!
//! ```text
//! u(i+1) = u(i) + the shortest periodic image, in the cell of frame i+1, of w(i+1) − w(i)
//! ```
//!
//! Undoing the jumps of image flags instead (`u = w + n·cell`) multiplies the noise of a barostat by the distance from the
//! origin, which grows: under constant pressure that adds a spurious diffusion. Here every step is only as noisy as the cell is wide.
//! Along axes that are not periodic a step is a plain difference.
//!
//! # Drift
//! The mass-weighted mean of all steps may be subtracted from each: a liquid does not diffuse by moving as a whole.
//!
//! # Mean squared displacements
//! `MSD(τ)` is the mean over particles and over origins t of `|u(t + τ) − u(t)|²`. Lags are those of a hierarchy of windows (Frenkel
//! and Smit; Dubbeldam et al., Mol. Simul. 2009, 35, 1084): 1, 2, …, 16 frames with every frame as origin, then 8 lags in each octave,
//! `k·2^l` with k = 9 … 16, with the frames whose number is a multiple of `2^l` as origins. Positions are those of the
//! frames themselves, never averages. So the number of stored frames and the work per frame grow with the logarithm of
//! the length.
//!
//! # Exactness
//! Steps are rounded once, to whole multiples of 2⁻³² Å, and so are squared displacements, to 2⁻²⁸ Å²; all sums are sums of integers. Any division of a trajectory into
//! consecutive chunks, merged by [`MsdAccumulator::merge`], gives the same bits as one pass.

mod accumulator;
mod bytes;
mod centers;
mod groups;
mod image;
mod lags;
mod squares;
mod unwrap;

pub use accumulator::{Msd, MsdAccumulator};
pub use centers::MolecularCenters;
pub use unwrap::{LARGE_STEP, Steps, Unwrapper};
