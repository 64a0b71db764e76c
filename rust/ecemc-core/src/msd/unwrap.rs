//! Unwrapped paths in fixed-point numbers.

use super::image::ShortestImage;
use super::squares::whole;
use crate::error::check_rows;
use crate::simd::dispatch;
use crate::vector::{dot, sub};
use crate::{Cell, Error, Result, Workers};

/// Units of a stored coordinate per Å.
pub(super) const PER_ANGSTROM: f64 = (1u64 << 32) as f64;
/// Å, furthest that a particle may go from where it started: the difference of two such places has less than 51 bits, and
/// its square, in the units that squares are summed in, less than 64.
const FURTHEST: f64 = 75_000.0;
/// Å, beyond which positions have too few digits left.
const LARGEST_POSITION: f64 = (1u64 << 27) as f64;
/// Steps longer than this part of the smallest height of the cell may have been taken for a shorter image.
pub const LARGE_STEP: f64 = 0.4;
/// Particles that are one piece of parallel work.
const CHUNK: usize = 16_384;

/// A coordinate, a step or a displacement in units of 2⁻³² Å.
pub(super) type Fixed = [i64; 3];

/// How long the steps from frame to frame were, before the drift was taken off.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Steps {
    /// Longest step divided by the smallest height of the cell; at 0.5 and beyond unwrapping is a guess.
    pub largest_ratio: f64,
    /// Number of steps longer than [`LARGE_STEP`] of that height.
    pub n_large: u64,
}

impl Steps {
    pub(super) fn join(&mut self, other: Self) {
        self.largest_ratio = self.largest_ratio.max(other.largest_ratio);
        self.n_large += other.n_large;
    }
}

/// One frame: wrapped positions and the cell.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Snapshot {
    pub wrapped: Vec<[f64; 3]>,
    pub cell: Cell,
}

impl Snapshot {
    pub fn new(positions: &[[f64; 3]], cell: &Cell, workers: Workers<'_>) -> Result<Self> {
        check_rows("positions", positions)?;
        if let Some(atom) = positions.iter().position(|r| r.iter().any(|x| x.abs() > LARGEST_POSITION)) {
            let got = format!("{:?} Å for particle {atom}", positions[atom]);
            return Err(Error::argument("positions", got, format!("numbers below {LARGEST_POSITION:e} Å")));
        }
        let pieces = workers.map_chunks(positions.len(), CHUNK, |range| {
            let mut inside = vec![[0.0; 3]; range.len()];
            dispatch(
                #[inline(always)]
                || {
                    for (to, from) in inside.iter_mut().zip(&positions[range]) {
                        *to = wrapped(cell, *from);
                    }
                },
            );
            Ok(inside)
        })?;
        Ok(Self { wrapped: pieces.concat(), cell: cell.clone() })
    }
}

/// The copy of a point inside the cell, like [`Cell::wrapped`] but for any number of cells away.
#[inline(always)]
fn wrapped(cell: &Cell, r: [f64; 3]) -> [f64; 3] {
    let (f, pbc) = (cell.fractional(r), cell.pbc());
    let home = [0, 1, 2].map(|k| if pbc[k] { f[k].floor() } else { 0.0 });
    if home == [0.0; 3] { r } else { sub(r, cell.cartesian(home)) }
}

/// Strings frames together to unwrapped paths, see [the module](super).
///
/// ```
/// use ecemc_core::{Cell, Workers, msd::Unwrapper};
/// let cell = Cell::new([[4.0, 0.0, 0.0], [0.0, 4.0, 0.0], [0.0, 0.0, 4.0]], [true; 3])?;
/// let mut path = Unwrapper::new(&[1.0], false)?;
/// for x in [3.5, 0.25, 1.0] {
///     path.push(&[[x, 0.0, 0.0]], &cell, Workers::serial())?;
/// }
/// assert_eq!(path.positions(), [[5.0, 0.0, 0.0]]);
/// # Ok::<(), ecemc_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Unwrapper {
    /// As given.
    pub(super) weights: Vec<f64>,
    /// Whole numbers in the same ratios, to 2⁻³² of the largest.
    exact_weights: Vec<u64>,
    exact_total: i128,
    pub(super) remove_drift: bool,
    pub(super) first: Option<Snapshot>,
    pub(super) last: Vec<[f64; 3]>,
    /// Displacements since the first frame.
    pub(super) here: Vec<Fixed>,
    pub(super) steps: Steps,
}

/// What a frame adds to a path.
pub(super) struct Advance {
    pub snapshot: Snapshot,
    pub here: Vec<Fixed>,
    pub steps: Steps,
}

impl Unwrapper {
    /// Paths of particles of these masses, which weigh them in the drift.
    ///
    /// # Errors
    /// [`Error::Argument`] for masses that are negative, not finite or all zero.
    pub fn new(weights: &[f64], remove_drift: bool) -> Result<Self> {
        let largest = weights.iter().copied().fold(0.0, f64::max);
        if let Some(k) = weights.iter().position(|&m| !(m.is_finite() && m >= 0.0)) {
            let got = format!("{} for particle {k}", weights[k]);
            return Err(Error::argument("weights", got, "finite numbers >= 0"));
        }
        if largest == 0.0 {
            return Err(Error::argument("weights", "zeros only", "at least one mass > 0"));
        }
        let exact_weights: Vec<u64> = weights.iter().map(|&m| (m / largest * PER_ANGSTROM).round() as u64).collect();
        Ok(Self {
            weights: weights.to_vec(),
            exact_total: exact_weights.iter().map(|&m| i128::from(m)).sum(),
            exact_weights,
            remove_drift,
            first: None,
            last: Vec::new(),
            here: Vec::new(),
            steps: Steps::default(),
        })
    }

    /// Adds a frame.
    ///
    /// # Errors
    /// [`Error::Argument`] for another number of particles, positions or paths beyond all reason; [`Error::NonFinite`];
    /// [`Error::Interrupted`]. The frame is not added then.
    pub fn push(&mut self, positions: &[[f64; 3]], cell: &Cell, workers: Workers<'_>) -> Result<()> {
        let next = self.advance(Snapshot::new(positions, cell, workers)?, workers)?;
        self.commit(next);
        Ok(())
    }

    /// Unwrapped positions in the latest frame, Å: wrapped where the path began. Without drift if that is taken off.
    pub fn positions(&self) -> Vec<[f64; 3]> {
        let start = self.first.as_ref().map_or(&[][..], |first| &first.wrapped);
        let place = |(w, u): (&[f64; 3], &Fixed)| [0, 1, 2].map(|k| w[k] + u[k] as f64 / PER_ANGSTROM);
        start.iter().zip(&self.here).map(place).collect()
    }

    /// How long the steps were.
    pub fn steps(&self) -> Steps {
        self.steps
    }

    /// Where a frame that follows would lead.
    pub(super) fn advance(&self, snapshot: Snapshot, workers: Workers<'_>) -> Result<Advance> {
        let n = self.weights.len();
        if snapshot.wrapped.len() != n {
            let expected = format!("{n}, as many as before");
            return Err(Error::argument("positions", format!("{} particles", snapshot.wrapped.len()), expected));
        }
        if self.first.is_none() {
            return Ok(Advance { snapshot, here: vec![[0; 3]; n], steps: Steps::default() });
        }
        let (mut moves, steps) = self.moves(&snapshot, workers)?;
        if self.remove_drift {
            let drift = self.drift(&moves);
            for s in &mut moves {
                *s = [0, 1, 2].map(|k| s[k] - drift[k]);
            }
        }
        for (s, u) in moves.iter_mut().zip(&self.here) {
            *s = [0, 1, 2].map(|k| s[k] + u[k]);
        }
        check_reach(&moves)?;
        Ok(Advance { snapshot, here: moves, steps })
    }

    pub(super) fn commit(&mut self, next: Advance) {
        if self.first.is_none() {
            self.first = Some(next.snapshot.clone());
        }
        self.last = next.snapshot.wrapped;
        self.here = next.here;
        self.steps.join(next.steps);
    }

    /// Steps to the next frame, each by the shortest image.
    fn moves(&self, next: &Snapshot, workers: Workers<'_>) -> Result<(Vec<Fixed>, Steps)> {
        let image = ShortestImage::new(&next.cell)?;
        let (height, n) = (image.height(), next.wrapped.len());
        let limit = (LARGE_STEP * height).powi(2);
        let pieces = workers.map_chunks(n, CHUNK, |range| {
            let (mut longest, mut n_large) = (0f64, 0);
            let mut moves = Vec::with_capacity(range.len());
            dispatch(
                #[inline(always)]
                || {
                    for (to, from) in next.wrapped[range.clone()].iter().zip(&self.last[range]) {
                        let d = image.of(sub(*to, *from));
                        let square = dot(d, d);
                        longest = longest.max(square);
                        n_large += u64::from(square > limit);
                        moves.push(d.map(|x| whole(x * PER_ANGSTROM)));
                    }
                },
            );
            if longest > FURTHEST * FURTHEST {
                return Err(too_far(&format!("a step of {:e} Å", longest.sqrt())));
            }
            Ok((moves, Steps { largest_ratio: longest.sqrt() / height, n_large }))
        })?;
        let mut all = Vec::with_capacity(n);
        let mut steps = Steps::default();
        for (moves, part) in pieces {
            all.extend(moves);
            steps.join(part);
        }
        Ok((all, steps))
    }

    /// Weighted mean of steps: an exact sum, rounded once, so that neither the order of particles nor threads matter.
    fn drift(&self, moves: &[Fixed]) -> Fixed {
        let mut sum = [0i128; 3];
        for (&m, s) in self.exact_weights.iter().zip(moves) {
            for k in 0..3 {
                sum[k] += i128::from(m) * i128::from(s[k]);
            }
        }
        sum.map(|x| (x + self.exact_total / 2).div_euclid(self.exact_total) as i64)
    }
}

/// Refuses paths that leave the range of the arithmetic.
pub(super) fn check_reach(paths: &[Fixed]) -> Result<()> {
    let limit = (FURTHEST * PER_ANGSTROM) as i64;
    match paths.iter().find(|u| u.iter().any(|x| !(-limit..=limit).contains(x))) {
        None => Ok(()),
        Some(u) => Err(too_far(&format!("a displacement of {:?} Å", u.map(|x| x as f64 / PER_ANGSTROM)))),
    }
}

fn too_far(got: &str) -> Error {
    Error::argument("positions", got, format!("less than {FURTHEST} Å"))
}
