//! Sums of squared displacements.

use std::collections::BTreeMap;
use std::ops::Range;

use super::groups::Groups;
use super::lags;
use super::squares::{PER_SQUARE_ANGSTROM, squared_displacements};
use super::unwrap::{Fixed, Snapshot, Steps, Unwrapper, check_reach};
use crate::{Cell, Error, Result, Workers};

/// Particles that are one piece of parallel work.
const PARTICLES: usize = 16_384;

/// Mean squared displacements by group of particles over consecutive frames; see [the module](super).
///
/// ```
/// use ecemc_core::{Cell, Workers, msd::MsdAccumulator};
/// let cell = Cell::new([[4.0, 0.0, 0.0], [0.0, 4.0, 0.0], [0.0, 0.0, 4.0]], [true; 3])?;
/// let mut sums = MsdAccumulator::new(&[0, 0], &[1.0, 1.0], true)?;
/// for frame in 0..4u64 {
///     let x = 3.0 * frame as f64 / 4.0;
///     sums.add(frame, &[[x, 0.0, 0.0], [-x, 0.0, 0.0]], &cell, Workers::serial())?;
/// }
/// // Two particles that fly apart.
/// let found = sums.result();
/// assert_eq!((found.lags, found.values), (vec![1, 2, 3], vec![0.5625, 2.25, 5.0625]));
/// # Ok::<(), ecemc_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct MsdAccumulator {
    pub(super) groups: Groups,
    pub(super) path: Unwrapper,
    pub(super) first: u64,
    pub(super) n_frames: u64,
    /// Displacements since the first frame, by number of the frame.
    pub(super) samples: BTreeMap<u64, Vec<Fixed>>,
    /// For each lag the sum over pairs of frames and particles of each group, in units of 2⁻²⁸ Å².
    pub(super) sums: Vec<Vec<u128>>,
}

/// Mean squared displacements.
#[derive(Debug, Clone, PartialEq)]
pub struct Msd {
    /// Lags, in frames.
    pub lags: Vec<u64>,
    /// Pairs of frames behind each lag.
    pub n_pairs: Vec<u64>,
    /// Å², all groups of the first lag first; NaN for a group without particles.
    pub values: Vec<f64>,
    /// Number of frames.
    pub n_frames: u64,
    /// How long the steps between frames were.
    pub steps: Steps,
}

impl MsdAccumulator {
    /// Nothing yet. `groups` holds the number of the group of each particle, from 0 on; `weights` are masses, for the drift.
    ///
    /// # Errors
    /// [`Error::Argument`] without particles, for numbers of groups beyond the number of particles, or bad masses.
    pub fn new(groups: &[u32], weights: &[f64], remove_drift: bool) -> Result<Self> {
        if weights.len() != groups.len() {
            return Err(Error::argument("weights", weights.len(), format!("{}, one per particle", groups.len())));
        }
        let groups = Groups::new(groups)?;
        let path = Unwrapper::new(&groups.sorted(weights), remove_drift)?;
        Ok(Self { groups, path, first: 0, n_frames: 0, samples: BTreeMap::new(), sums: Vec::new() })
    }

    /// Number of particles.
    pub fn n_particles(&self) -> usize {
        self.groups.of.len()
    }

    /// Number of groups.
    pub fn n_groups(&self) -> usize {
        self.groups.sizes.len()
    }

    /// Number of frames.
    pub fn n_frames(&self) -> u64 {
        self.n_frames
    }

    /// The number that the next frame must have; none before the first.
    pub fn next_frame(&self) -> Option<u64> {
        (self.n_frames > 0).then(|| self.first + self.n_frames)
    }

    /// Adds frame number `frame` of the whole trajectory, which follows the one before.
    ///
    /// # Errors
    /// [`Error::Argument`] for a frame that does not follow, and what [`Unwrapper::push`] raises; nothing is added then. And
    /// if the sums overflow: then they are of no use any more.
    pub fn add(&mut self, frame: u64, positions: &[[f64; 3]], cell: &Cell, workers: Workers<'_>) -> Result<()> {
        if let Some(next) = self.next_frame().filter(|&next| next != frame) {
            return Err(Error::argument("first", format!("frame {frame}"), format!("frame {next}, the next one")));
        }
        if frame >= lags::MOST_FRAMES {
            return Err(Error::argument("first", format!("frame {frame}"), "numbers of frames below 2^62"));
        }
        if positions.len() != self.n_particles() {
            let expected = format!("{}, as many as before", self.n_particles());
            return Err(Error::argument("positions", format!("{} particles", positions.len()), expected));
        }
        let mut snapshot = Snapshot::new(positions, cell, workers)?;
        snapshot.wrapped = self.groups.sorted(&snapshot.wrapped);
        let next = self.path.advance(snapshot, workers)?;
        let first = if self.n_frames == 0 { frame } else { self.first };
        let earlier = lags::ending_at(frame, frame - first).map(|(place, lag)| (place, &self.samples[&(frame - lag)]));
        let squares = self.squares(&next.here, &earlier.collect::<Vec<_>>(), workers)?;
        for (place, sums) in squares {
            self.add_sums(place, &sums)?;
        }
        (self.first, self.n_frames) = (first, self.n_frames + 1);
        self.samples.insert(frame, next.here.clone());
        self.path.commit(next);
        if let Some(old) = lags::retired_by(frame).filter(|&old| old >= first && !lags::is_kept(old, first, frame)) {
            self.samples.remove(&old);
        }
        Ok(())
    }

    /// Adds the frames just after or just before these ones.
    ///
    /// # Errors
    /// [`Error::Argument`] if the particles differ or the frames do not join up; nothing is added then.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        let (mine, theirs) = (&self.path, &other.path);
        if self.groups != other.groups || mine.weights != theirs.weights || mine.remove_drift != theirs.remove_drift {
            return Err(Error::argument("other", "other particles, groups, masses or settings", "the same"));
        }
        match (self.next_frame(), other.next_frame()) {
            (_, None) => {}
            (None, Some(_)) => *self = other.clone(),
            (Some(next), Some(_)) if next == other.first => self.append(other)?,
            (Some(_), Some(next)) if next == self.first => {
                let mut joined = other.clone();
                joined.append(self)?;
                *self = joined;
            }
            (Some(next), Some(after)) => {
                let frames = |first, next: u64| format!("frames {first} to {}", next - 1);
                let expected = format!("frames that join up with {}", frames(self.first, next));
                return Err(Error::argument("other", frames(other.first, after), expected));
            }
        }
        Ok(())
    }

    /// Mean squared displacements so far.
    pub fn result(&self) -> Msd {
        let last = (self.first + self.n_frames).saturating_sub(1);
        let n_pairs: Vec<u64> = (0..self.sums.len()).map(|place| lags::n_pairs(place, self.first, last)).collect();
        let mean = |(sum, n): (&u128, f64)| *sum as f64 / n / PER_SQUARE_ANGSTROM;
        let values = self.sums.iter().zip(&n_pairs).flat_map(|(sums, &pairs)| {
            let counts = self.groups.sizes.iter().map(move |&size| size as f64 * pairs as f64);
            sums.iter().zip(counts).map(mean)
        });
        Msd {
            lags: (0..self.sums.len()).map(lags::lag).collect(),
            values: values.collect(),
            n_pairs,
            n_frames: self.n_frames,
            steps: self.path.steps,
        }
    }

    fn append(&mut self, other: &Self) -> Result<()> {
        let Some(begin) = other.path.first.clone() else { return Ok(()) };
        let mut joined = self.clone();
        let seam = joined.path.advance(begin, Workers::serial())?;
        let moved = |u: &Fixed, by: &Fixed| [0, 1, 2].map(|k| u[k] + by[k]);
        let later = other.samples.iter().map(|(&frame, sample)| {
            (frame, sample.iter().zip(&seam.here).map(|(u, by)| moved(u, by)).collect::<Vec<_>>())
        });
        let later: BTreeMap<u64, Vec<Fixed>> = later.collect();
        for (&frame, sample) in &later {
            check_reach(sample)?;
            let across = lags::ending_at(frame, frame - self.first).filter(|&(_, lag)| frame - lag < other.first);
            let earlier: Vec<_> = across.map(|(place, lag)| (place, &self.samples[&(frame - lag)])).collect();
            for (place, sums) in self.squares(sample, &earlier, Workers::serial())? {
                joined.add_sums(place, &sums)?;
            }
        }
        for (place, sums) in other.sums.iter().enumerate() {
            joined.add_sums(place, sums)?;
        }
        joined.n_frames += other.n_frames;
        joined.path.here = other.path.here.iter().zip(&seam.here).map(|(u, by)| moved(u, by)).collect();
        joined.path.last.clone_from(&other.path.last);
        joined.path.steps.join(seam.steps);
        joined.path.steps.join(other.path.steps);
        joined.samples.extend(later);
        let (first, last) = (joined.first, joined.first + joined.n_frames - 1);
        joined.samples.retain(|&frame, _| lags::is_kept(frame, first, last));
        *self = joined;
        Ok(())
    }

    /// Squared displacements from some earlier frames, summed over each group.
    fn squares(
        &self,
        here: &[Fixed],
        earlier: &[(usize, &Vec<Fixed>)],
        workers: Workers<'_>,
    ) -> Result<Vec<(usize, Vec<u128>)>> {
        let pieces = &self.groups.pieces;
        let per_chunk = pieces.len().div_ceil(here.len().div_ceil(PARTICLES));
        let parts = workers.map_chunks(pieces.len(), per_chunk, |range| {
            let chunk = &pieces[range];
            let (start, end) = (chunk[0].1.start, chunk[chunk.len() - 1].1.end);
            let mut squares = Vec::with_capacity(end - start);
            let of_lag = |(_, then): &(usize, &Vec<Fixed>)| {
                let small = squared_displacements(&here[start..end], &then[start..end], &mut squares);
                let sum = |(_, piece): &(u32, Range<usize>)| -> u128 {
                    let squares = &squares[piece.start - start..piece.end - start];
                    if small {
                        squares.iter().sum::<u64>().into()
                    } else {
                        squares.iter().map(|&x| u128::from(x)).sum()
                    }
                };
                chunk.iter().map(sum).collect::<Vec<u128>>()
            };
            Ok(earlier.iter().map(of_lag).collect::<Vec<_>>())
        })?;
        let mut sums = vec![vec![0u128; self.n_groups()]; earlier.len()];
        for (part, chunk) in parts.iter().zip(pieces.chunks(per_chunk)) {
            for (sums, of_pieces) in sums.iter_mut().zip(part) {
                for (&(group, _), sum) in chunk.iter().zip(of_pieces) {
                    sums[group as usize] += sum;
                }
            }
        }
        Ok(earlier.iter().map(|&(place, _)| place).zip(sums).collect())
    }

    fn add_sums(&mut self, place: usize, sums: &[u128]) -> Result<()> {
        while self.sums.len() <= place {
            self.sums.push(vec![0; self.n_groups()]);
        }
        for (mine, &sum) in self.sums[place].iter_mut().zip(sums) {
            *mine = mine.checked_add(sum).ok_or_else(|| {
                Error::argument("frames", "squared displacements beyond 2^100 Å²", "fewer frames or particles")
            })?;
        }
        Ok(())
    }
}
