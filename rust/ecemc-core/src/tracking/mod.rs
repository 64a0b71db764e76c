//! Molecules of a whole trajectory: found anew only where bonds have changed, and every change logged.
//!
//! A *system* is a sequence of the same elements in the same order; a file may hold several. Each frame is compared with the
//! latest known frame of its system: with the same bonds the molecules, their graphs and their species are the same, and
//! only the periodic images are new. The result is always that of finding the molecules of each frame on its own.
//!
//! What counts as a bond in the log are the [structural bonds](crate::structural_bonds), since contacts across a bent angle
//! come and go in a hot liquid without any chemistry.
//!
//! Nothing depends on how the trajectory is cut into batches or parts, nor on the number of threads.

mod bytes;
mod log;
mod topology;

pub use log::{Event, Kind, System};

use std::collections::HashMap;
use std::sync::Arc;

use crate::{BondRule, Bonds, Cell, Error, Molecules, Result, Workers};
use log::Log;
use topology::{Found, Topology};

/// Positions, elements and cell of one frame.
#[derive(Debug, Clone, Copy)]
pub struct Configuration<'a> {
    /// Å, anywhere in or outside the cell.
    pub positions: &'a [[f64; 3]],
    /// Atomic numbers.
    pub numbers: &'a [u8],
    /// Periodic or not; no volume is needed.
    pub cell: &'a Cell,
}

/// The molecules of one frame of a trajectory.
#[derive(Debug, Clone, PartialEq)]
pub struct TrackedFrame {
    /// Number of its system, see [`MoleculeTracker::systems`].
    pub system: u32,
    /// Whether its bonds differ from those of the first frame of the system.
    pub changed: bool,
    /// The molecules.
    pub molecules: Molecules,
    /// Kind of each molecule, a number into [`MoleculeTracker::kinds`].
    pub kinds: Arc<[u32]>,
    /// Structural bonds.
    pub bonds: Bonds,
}

/// Finds the molecules of consecutive frames and keeps a log of all broken and formed bonds.
///
/// ```
/// use ecemc_core::tracking::{Configuration, MoleculeTracker};
/// use ecemc_core::{BondRule, Cell, Workers};
///
/// let cell = Cell::open();
/// let frame = |positions| Configuration { positions, numbers: &[1, 1], cell: &cell };
/// let (near, far) = ([[0.0; 3], [0.0, 0.0, 0.7]], [[0.0; 3], [0.0, 0.0, 3.0]]);
/// let mut tracker = MoleculeTracker::new(BondRule::uniform(1.3)?);
/// let frames = tracker.add(0, &[frame(&near), frame(&near), frame(&far)], Workers::serial())?;
/// assert_eq!(frames[2].molecules.len(), 2);
/// assert_eq!(tracker.events().len(), 1);
/// assert_eq!((tracker.events()[0].frame, tracker.events()[0].formed), (2, false));
/// # Ok::<(), ecemc_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct MoleculeTracker {
    rule: BondRule,
    log: Log,
    /// Of the latest frame of each system that was added here.
    latest: HashMap<u32, Latest>,
}

/// A topology and the kinds of its molecules as the log numbers them.
#[derive(Debug, Clone)]
struct Latest {
    topology: Arc<Topology>,
    kinds: Arc<[u32]>,
}

impl MoleculeTracker {
    /// Nothing yet.
    pub fn new(rule: BondRule) -> Self {
        Self::with_log(rule, Log::default())
    }

    fn with_log(rule: BondRule, log: Log) -> Self {
        Self { rule, log, latest: HashMap::new() }
    }

    /// Finds the molecules of consecutive frames that come after all earlier ones; `first` is the number of the first one.
    ///
    /// # Errors
    /// [`Error::Argument`] for a number that is not beyond those so far, and what finding bonds raises, with the number of
    /// the frame; nothing is added then.
    pub fn add(&mut self, first: u64, frames: &[Configuration<'_>], workers: Workers<'_>) -> Result<Vec<TrackedFrame>> {
        self.log.require_later(first)?;
        let systems = self.log.systems_of(frames);
        let mut known: HashMap<u32, Arc<Topology>> =
            self.latest.iter().map(|(&system, latest)| (system, Arc::clone(&latest.topology))).collect();
        for (k, system) in systems.iter().enumerate() {
            if !known.contains_key(system) {
                let found = Found::new(&frames[k], &self.rule, None, workers);
                known.insert(*system, found.map_err(|e| e.in_frame(first + k as u64))?.topology);
            }
        }
        let found = workers.map_frames(first, frames.len(), |k, workers| {
            Found::new(&frames[k], &self.rule, known.get(&systems[k]), workers)
        })?;
        let numbered = found.into_iter().zip(systems).zip(first..).zip(frames);
        Ok(numbered
            .map(|(((found, system), number), frame)| self.record(number, system, frame.numbers, found))
            .collect())
    }

    /// Takes down the next frame.
    fn record(&mut self, frame: u64, system: u32, numbers: &[u8], found: Found) -> TrackedFrame {
        let Found { topology, molecules, bonds } = found;
        let same = self.latest.get(&system).filter(|latest| Arc::ptr_eq(&latest.topology, &topology));
        let kinds = match same {
            Some(latest) => Arc::clone(&latest.kinds),
            None => self.log.intern(&topology.species, &molecules),
        };
        let changed = self.log.record(frame, system, numbers, same.is_none().then_some(&topology.pairs[..]));
        self.latest.insert(system, Latest { topology, kinds: Arc::clone(&kinds) });
        TrackedFrame { system, changed, molecules, kinds, bonds }
    }

    /// Appends what was found in a later part of the same trajectory, and gives the number here of each of its kinds.
    ///
    /// # Errors
    /// [`Error::Argument`] if the bond rules differ or the other part does not come later.
    pub fn merge(&mut self, other: &Self) -> Result<Vec<u32>> {
        if self.rule != other.rule {
            return Err(Error::argument("scale", "parts with different bond rules", "the same for all parts"));
        }
        let kinds = self.log.merge(&other.log)?;
        self.latest.clear(); // no longer the latest
        Ok(kinds)
    }

    /// All systems in order of appearance.
    pub fn systems(&self) -> &[System] {
        &self.log.systems
    }

    /// All bonds broken or formed, by frame, then atoms, each compared with the previous frame of the same system.
    pub fn events(&self) -> &[Event] {
        &self.log.events
    }

    /// All kinds of molecules, in order of appearance.
    pub fn kinds(&self) -> &[Kind] {
        &self.log.kinds
    }

    /// One more than the largest number of a frame so far.
    pub fn next_frame(&self) -> u64 {
        self.log.next_frame
    }
}

#[cfg(test)]
mod tests;
