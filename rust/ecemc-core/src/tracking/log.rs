//! What a tracker remembers: systems, kinds of molecules, and every change of a bond.

use std::collections::HashMap;
use std::sync::Arc;

use super::Configuration;
use super::topology::BondedPair;
use crate::{Error, Molecules, Result, Species};

/// A bond that was broken or formed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Event {
    /// Number of the frame that differs from the previous one of its system.
    pub frame: u64,
    /// The bonded atoms, the smaller number first.
    pub atoms: (u32, u32),
    /// Whether the bond is new; else it is gone.
    pub formed: bool,
}

/// A kind of molecule: a bond graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kind {
    /// See [`crate::graph_fingerprint`].
    pub fingerprint: u128,
    /// Formula in Hill order.
    pub formula: String,
    /// Number of atoms.
    pub n_atoms: usize,
    /// Whether it is bonded to its own periodic copy.
    pub infinite: bool,
}

impl Kind {
    /// Whether it is the same bond graph.
    pub fn same_as(&self, other: &Self) -> bool {
        self.fingerprint == other.fingerprint
    }
}

/// The same elements in the same order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct System {
    /// Atomic numbers.
    pub numbers: Vec<u8>,
    /// Number of the first frame.
    pub first_frame: u64,
    /// Its bonded pairs, ascending.
    pub first: Vec<BondedPair>,
    /// Those of the latest frame.
    pub latest: Vec<BondedPair>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Log {
    pub systems: Vec<System>,
    pub kinds: Vec<Kind>,
    pub events: Vec<Event>,
    pub next_frame: u64,
    /// Whether the latest frame of each system differs from its first one.
    changed: Vec<bool>,
    system_of: HashMap<Vec<u8>, u32>,
    kind_of: HashMap<u128, u32>,
}

impl Log {
    /// Puts together what was taken apart.
    pub fn new(systems: Vec<System>, kinds: Vec<Kind>, events: Vec<Event>, next_frame: u64) -> Self {
        let system_of = systems.iter().zip(0..).map(|(system, k)| (system.numbers.clone(), k)).collect();
        let kind_of = kinds.iter().zip(0..).map(|(kind, k)| (kind.fingerprint, k)).collect();
        let changed = systems.iter().map(|system| system.latest != system.first).collect();
        Self { systems, kinds, events, next_frame, changed, system_of, kind_of }
    }

    /// # Errors
    /// [`Error::Argument`] for frames that do not follow those so far.
    pub fn require_later(&self, first: u64) -> Result<()> {
        if first >= self.next_frame {
            return Ok(());
        }
        let expected = format!("at least {}: frames come in the order of time", self.next_frame);
        Err(Error::argument("first", first, expected))
    }

    /// The system of each frame; new ones get the numbers that [`Self::record`] will give them.
    pub fn systems_of(&self, frames: &[Configuration<'_>]) -> Vec<u32> {
        let mut new: HashMap<&[u8], u32> = HashMap::new();
        let number = frames.iter().map(|frame| {
            let next = (self.systems.len() + new.len()) as u32;
            let known = self.system_of.get(frame.numbers).copied();
            known.unwrap_or_else(|| *new.entry(frame.numbers).or_insert(next))
        });
        number.collect()
    }

    /// Takes down the bonded pairs of the next frame, if they are not those of the latest frame of its system; whether they
    /// differ from those of the first frame.
    pub fn record(&mut self, frame: u64, system: u32, numbers: &[u8], pairs: Option<&[BondedPair]>) -> bool {
        self.next_frame = frame.saturating_add(1);
        if let Some(pairs) = pairs {
            let mut pairs = pairs.to_vec();
            pairs.dedup();
            if system as usize == self.systems.len() {
                let (numbers, latest) = (numbers.to_vec(), pairs.clone());
                self.add_system(System { numbers, first_frame: frame, first: pairs, latest });
            } else {
                self.compare(frame, system as usize, &pairs);
                self.replace(system as usize, pairs);
            }
        }
        self.changed[system as usize]
    }

    fn add_system(&mut self, system: System) {
        self.system_of.insert(system.numbers.clone(), self.systems.len() as u32);
        self.changed.push(system.latest != system.first);
        self.systems.push(system);
    }

    fn replace(&mut self, system: usize, latest: Vec<BondedPair>) {
        self.changed[system] = latest != self.systems[system].first;
        self.systems[system].latest = latest;
    }

    /// Logs how the pairs of a frame differ from the latest ones of its system.
    fn compare(&mut self, frame: u64, system: usize, now: &[BondedPair]) {
        let (mut before, mut now) = (self.systems[system].latest.iter().peekable(), now.iter().peekable());
        loop {
            let (atoms, formed) = match (before.peek(), now.peek()) {
                (None, None) => return,
                (Some(&&old), Some(&&new)) if old == new => {
                    before.next();
                    now.next();
                    continue;
                }
                (Some(&&old), new) if new.is_none_or(|&&new| old < new) => {
                    before.next();
                    (old, false)
                }
                (_, new) => {
                    let new = new.map_or((0, 0), |&&new| new);
                    now.next();
                    (new, true)
                }
            };
            self.events.push(Event { frame, atoms, formed });
        }
    }

    /// The number of the kind of each molecule.
    pub fn intern(&mut self, (species, species_of): &(Vec<Species>, Vec<u32>), molecules: &Molecules) -> Arc<[u32]> {
        let known = species.iter().map(|kind| {
            self.number_of(&Kind {
                fingerprint: kind.fingerprint,
                formula: kind.formula.clone(),
                n_atoms: molecules.members(kind.first).len(),
                infinite: molecules.infinite()[kind.first],
            })
        });
        let known: Vec<u32> = known.collect();
        species_of.iter().map(|&k| known[k as usize]).collect()
    }

    fn number_of(&mut self, kind: &Kind) -> u32 {
        let kinds = &mut self.kinds;
        *self.kind_of.entry(kind.fingerprint).or_insert_with(|| {
            kinds.push(kind.clone());
            kinds.len() as u32 - 1
        })
    }

    /// Appends a later log; gives the number here of each of its kinds.
    pub fn merge(&mut self, other: &Self) -> Result<Vec<u32>> {
        self.require_later(other.systems.iter().map(|system| system.first_frame).min().unwrap_or(self.next_frame))?;
        self.next_frame = self.next_frame.max(other.next_frame);
        let seam = self.events.len();
        for system in &other.systems {
            match self.system_of.get(&system.numbers) {
                None => self.add_system(system.clone()),
                Some(&known) => {
                    self.compare(system.first_frame, known as usize, &system.first);
                    self.replace(known as usize, system.latest.clone());
                }
            }
        }
        self.events.extend(&other.events);
        self.events[seam..].sort_unstable();
        Ok(other.kinds.iter().map(|kind| self.number_of(kind)).collect())
    }
}
