//! Local composition: how many molecules of each species surround a molecule.

use std::collections::BTreeMap;

use crate::bytes::{Input, damaged, put};
use crate::neighbors::{Cutoffs, Pairs};
use crate::rigid_body::MolecularFrame;
use crate::tracking::{Configuration, TrackedFrame};
use crate::{Error, Result, Workers};

/// How often each local composition occurs in one frame.
///
/// A key is the species of the central molecule followed by the number of neighbours of each species; keys ascend.
pub type EnvironmentCounts = BTreeMap<Vec<u32>, u64>;

/// Counts, around every molecule, the molecules of each species whose centres of mass are closer than `radius`.
///
/// Every periodic image within the radius counts, also those of the central molecule itself; the central molecule does not.
/// `species` holds a number below `n_species` for each molecule.
///
/// # Errors
/// [`Error::Argument`] for a bad radius or species that do not fit, [`Error::Interrupted`].
pub fn local_environments(
    frame: &MolecularFrame<'_>,
    species: &[u32],
    n_species: usize,
    radius: f64,
    workers: Workers<'_>,
) -> Result<EnvironmentCounts> {
    if !(radius.is_finite() && radius > 0.0) {
        return Err(Error::argument("radius", radius, "a finite distance > 0 in Å"));
    }
    let n = frame.molecules().len();
    if species.len() != n || species.iter().any(|&s| s as usize >= n_species) {
        return Err(Error::argument("species", format!("{species:?}"), format!("{n} numbers below {n_species}")));
    }
    let pairs = Pairs::new(&frame.centers(), frame.cell(), &Cutoffs::Uniform(radius), workers)?;
    let mut counts = EnvironmentCounts::new();
    for molecule in 0..n {
        let mut key = vec![0; n_species + 1];
        key[0] = species[molecule];
        for pair in pairs.of(molecule) {
            key[1 + species[pair.j()] as usize] += 1;
        }
        *counts.entry(key).or_default() += 1;
    }
    Ok(counts)
}

/// Name and version of the format of a state; everything after it is little-endian.
const MAGIC: &[u8; 12] = b"ecemc-env\0\0\x01";

/// How often each local composition occurs in many frames, by kinds of molecules as a tracker numbers them.
#[derive(Debug, Clone, PartialEq)]
pub struct EnvironmentSums {
    radius: f64,
    n_frames: u64,
    n_infinite: u64,
    counts: BTreeMap<Environment, u64>,
}

/// Kind of the central molecule, and kinds and numbers of its neighbours, ascending and without zeros.
pub type Environment = (u32, Vec<(u32, u32)>);

impl EnvironmentSums {
    /// Nothing yet.
    ///
    /// # Errors
    /// [`Error::Argument`] unless the radius (Å) is finite and positive.
    pub fn new(radius: f64) -> Result<Self> {
        if !(radius.is_finite() && radius > 0.0) {
            return Err(Error::argument("radius", radius, "a finite distance > 0 in Å"));
        }
        Ok(Self { radius, n_frames: 0, n_infinite: 0, counts: BTreeMap::new() })
    }

    /// Å, between centres of mass.
    pub fn radius(&self) -> f64 {
        self.radius
    }

    /// Number of frames that were counted.
    pub fn n_frames(&self) -> u64 {
        self.n_frames
    }

    /// Number of frames that were left out, because a molecule that is bonded to its own periodic image has no centre.
    pub fn n_infinite(&self) -> u64 {
        self.n_infinite
    }

    /// How often each environment occurs.
    pub fn counts(&self) -> &BTreeMap<Environment, u64> {
        &self.counts
    }

    /// Adds frames, `first` being the number of the first one; each with its molecules and the masses of its atoms (amu).
    ///
    /// # Errors
    /// What [`MolecularFrame::new`] and the search for neighbours raise, with the number of the frame; nothing is added then.
    pub fn add(&mut self, first: u64, frames: &[Tracked<'_>], workers: Workers<'_>) -> Result<()> {
        let found =
            workers.map_frames(first, frames.len(), |k, workers| frames[k].environments(self.radius, workers))?;
        for counts in found {
            match counts {
                None => self.n_infinite += 1,
                Some(counts) => {
                    self.n_frames += 1;
                    for (key, times) in counts {
                        *self.counts.entry(key).or_default() += times;
                    }
                }
            }
        }
        Ok(())
    }

    /// Adds the sums of other frames; `kinds` holds the number here of each kind there.
    ///
    /// # Errors
    /// [`Error::Argument`] if the radii differ or a kind is missing.
    pub fn merge(&mut self, other: &Self, kinds: &[u32]) -> Result<()> {
        if self.radius != other.radius {
            return Err(Error::argument("radius", other.radius, format!("{} Å as in the other part", self.radius)));
        }
        let missing = || Error::argument("kinds", kinds.len(), "the numbers that MoleculeTracker.merge gave");
        let here = |kind: u32| kinds.get(kind as usize).copied().ok_or_else(missing);
        let renamed = other.counts.iter().map(|((central, around), &times)| {
            let around = around.iter().map(|&(kind, n)| Ok((here(kind)?, n)));
            let mut around = around.collect::<Result<Vec<_>>>()?;
            around.sort_unstable();
            Ok(((here(*central)?, around), times))
        });
        for (key, times) in renamed.collect::<Result<Vec<(Environment, u64)>>>()? {
            *self.counts.entry(key).or_default() += times;
        }
        self.n_frames += other.n_frames;
        self.n_infinite += other.n_infinite;
        Ok(())
    }

    /// The whole state. Equal sums give equal bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        put(&mut out, [self.radius.to_bits(), self.n_frames, self.n_infinite, self.counts.len() as u64]);
        for ((central, around), times) in &self.counts {
            put(&mut out, [u64::from(*central), *times, around.len() as u64]);
            for &(kind, n) in around {
                put(&mut out, [kind.into(), n.into()]);
            }
        }
        out
    }

    /// The state that [`Self::to_bytes`] wrote.
    ///
    /// # Errors
    /// [`Error::Argument`] if the bytes are truncated, of another version or otherwise not such a state.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let mut input = Input::new(bytes, MAGIC)?;
        let mut sums = Self::new(f64::from_bits(input.number()?)).map_err(|_| damaged())?;
        (sums.n_frames, sums.n_infinite) = (input.number()?, input.number()?);
        for _ in 0..input.number()? {
            let (central, times) = (input.u32()?, input.number()?);
            let around = input.list(|input| Ok((input.u32()?, input.u32()?)))?;
            sums.counts.insert((central, around), times);
        }
        input.finish()?;
        Ok(sums)
    }
}

/// A frame with tracked molecules and the masses of its atoms, amu.
#[derive(Debug, Clone, Copy)]
pub struct Tracked<'a> {
    /// Positions, elements and cell.
    pub frame: Configuration<'a>,
    /// Its molecules.
    pub molecules: &'a TrackedFrame,
    /// One per atom.
    pub masses: &'a [f64],
}

impl Tracked<'_> {
    /// The molecules as rigid bodies; none if one is infinite.
    ///
    /// # Errors
    /// What [`MolecularFrame::new`] raises otherwise.
    pub fn bodies(&self) -> Result<Option<MolecularFrame<'_>>> {
        let Configuration { positions, cell, .. } = self.frame;
        match MolecularFrame::new(positions, self.masses, cell, &self.molecules.molecules) {
            Err(Error::InfiniteMolecule { .. }) => Ok(None),
            frame => frame.map(Some),
        }
    }

    fn environments(&self, radius: f64, workers: Workers<'_>) -> Result<Option<BTreeMap<Environment, u64>>> {
        let Some(frame) = self.bodies()? else { return Ok(None) };
        let pairs = Pairs::new(&frame.centers(), frame.cell(), &Cutoffs::Uniform(radius), workers)?;
        let (kinds, mut counts, mut around) = (&self.molecules.kinds, BTreeMap::new(), Vec::new());
        for (molecule, &central) in kinds.iter().enumerate() {
            around.clear();
            around.extend(pairs.of(molecule).iter().map(|pair| kinds[pair.j()]));
            around.sort_unstable();
            let present = around.chunk_by(|a, b| a == b).map(|same| (same[0], same.len() as u32)).collect();
            *counts.entry((central, present)).or_default() += 1;
        }
        Ok(Some(counts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tracking::MoleculeTracker;
    use crate::{BondRule, Cell, Molecules};

    #[test]
    fn sums_over_frames_are_those_of_single_frames_and_join() {
        // Hydrogen molecules and neon atoms in a row; a polymer in the last frame.
        let cell = Cell::new([[6.0, 0.0, 0.0], [0.0, 9.0, 0.0], [0.0, 0.0, 9.0]], [true; 3]).unwrap();
        let positions = [[0.0; 3], [0.7, 0.0, 0.0], [2.5, 0.0, 0.0], [4.5, 0.0, 0.0]];
        let short = Cell::new([[0.7, 0.0, 0.0], [0.0, 9.0, 0.0], [0.0, 0.0, 9.0]], [true; 3]).unwrap();
        let frame = |numbers, cell| Configuration { positions: &positions, numbers, cell };
        let frames = [frame(&[1, 1, 10, 10], &cell), frame(&[10, 10, 1, 1], &cell), frame(&[1, 1, 10, 10], &short)];
        let mut tracker = MoleculeTracker::new(BondRule::uniform(1.3).unwrap());
        let molecules = tracker.add(0, &frames, Workers::serial()).unwrap();
        let tracked: Vec<Tracked<'_>> = frames
            .iter()
            .zip(&molecules)
            .map(|(&frame, molecules)| Tracked { frame, molecules, masses: &[1.0; 4] })
            .collect();
        let sum = |range: std::ops::Range<usize>, workers| {
            let mut sums = EnvironmentSums::new(2.2).unwrap();
            sums.add(range.start as u64, &tracked[range], workers).unwrap();
            sums
        };
        let all = sum(0..3, Workers::serial());
        assert_eq!((all.n_frames(), all.n_infinite()), (2, 1));
        // H2 at 0.35 Å, Ne at 2.5 and 4.5 Å, all within 2.2 Å of the next one along the row of 6 Å.
        let h2 = molecules[0].kinds[0];
        let neon = molecules[0].kinds[1];
        assert_eq!(all.counts()[&(h2, vec![(neon, 2)])], 1);
        assert_eq!(all.counts()[&(neon, vec![(h2, 1), (neon, 1)])], 2);
        let mut parts = sum(0..1, Workers::rayon());
        let same: Vec<u32> = (0..tracker.kinds().len() as u32).collect();
        parts.merge(&EnvironmentSums::from_bytes(&sum(1..3, Workers::rayon()).to_bytes()).unwrap(), &same).unwrap();
        assert_eq!(parts.to_bytes(), all.to_bytes());
        assert!(parts.merge(&all, &[]).is_err());
        assert!(parts.merge(&EnvironmentSums::new(1.0).unwrap(), &same).is_err());
        let state = all.to_bytes();
        assert!((0..state.len()).all(|n| EnvironmentSums::from_bytes(&state[..n]).is_err()));
        assert!(EnvironmentSums::new(f64::NAN).is_err());
    }

    #[test]
    fn images_count_and_the_molecule_itself_does_not() {
        // Caesium chloride of single atoms: 8 of the other kind at 0.87, then 6 own images at 1.
        let cell = Cell::new([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]], [true; 3]).unwrap();
        let molecules = Molecules::from_bonds(2, &Vec::new());
        let positions = [[0.0; 3], [0.5; 3]];
        let frame = MolecularFrame::new(&positions, &[1.0; 2], &cell, &molecules).unwrap();
        let count = |radius| local_environments(&frame, &[0, 1], 2, radius, Workers::serial()).unwrap();
        assert_eq!(count(0.9), EnvironmentCounts::from([(vec![0, 0, 8], 1), (vec![1, 8, 0], 1)]));
        assert_eq!(count(1.1), EnvironmentCounts::from([(vec![0, 6, 8], 1), (vec![1, 8, 6], 1)]));
        assert!(local_environments(&frame, &[0, 2], 2, 1.0, Workers::serial()).is_err());
        assert!(local_environments(&frame, &[0, 1], 2, f64::NAN, Workers::serial()).is_err());
    }
}
