//! The state of a tracker as bytes.

use super::MoleculeTracker;
use super::log::{Event, Kind, Log, System};
use super::topology::BondedPair;
use crate::bytes::{Input, damaged, put, put_bytes};
use crate::{BondRule, Result};

/// Name and version of the format; everything after it is little-endian.
const MAGIC: &[u8; 12] = b"ecemc-mol\0\0\x01";

impl MoleculeTracker {
    /// The whole state. Equal trackers give equal bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        put(&mut out, self.rule.factors().map(f64::to_bits));
        put(&mut out, [self.log.next_frame, self.log.kinds.len() as u64]);
        self.log.kinds.iter().for_each(|kind| kind.write(&mut out));
        put(&mut out, [self.log.systems.len() as u64]);
        for system in &self.log.systems {
            put_bytes(&mut out, &system.numbers);
            put(&mut out, [system.first_frame]);
            for pairs in [&system.first, &system.latest] {
                put(&mut out, [pairs.len() as u64]);
                for &(i, j) in pairs {
                    put(&mut out, [i.into(), j.into()]);
                }
            }
        }
        put(&mut out, [self.log.events.len() as u64]);
        for event in &self.log.events {
            put(&mut out, [event.frame, event.atoms.0.into(), event.atoms.1.into(), event.formed.into()]);
        }
        out
    }

    /// The state that [`Self::to_bytes`] wrote.
    ///
    /// # Errors
    /// [`crate::Error::Argument`] if the bytes are truncated, of another version or otherwise not such a state.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let mut input = Input::new(bytes, MAGIC)?;
        let mut rule = BondRule::uniform(1.0)?;
        for number in 0..=u8::MAX {
            rule = rule.with(number, f64::from_bits(input.number()?)).map_err(|_| damaged())?;
        }
        let next_frame = input.number()?;
        let kinds = input.list(Kind::read)?;
        let systems = input.list(|input| system(input, next_frame))?;
        let events = input.list(event)?;
        input.finish()?;
        if events.is_sorted() && events.last().is_none_or(|event| event.frame < next_frame) {
            Ok(Self::with_log(rule, Log::new(systems, kinds, events, next_frame)))
        } else {
            Err(damaged())
        }
    }
}

impl Kind {
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.extend(self.fingerprint.to_le_bytes());
        put(out, [self.n_atoms as u64, self.infinite.into()]);
        put_bytes(out, self.formula.as_bytes());
    }

    pub(crate) fn read(input: &mut Input<'_>) -> Result<Self> {
        let fingerprint = u128::from_le_bytes(input.take()?);
        let (n_atoms, infinite) = (input.number()? as usize, flag(input)?);
        let formula = String::from_utf8(input.slice()?.to_vec()).map_err(|_| damaged())?;
        Ok(Self { fingerprint, formula, n_atoms, infinite })
    }
}

fn system(input: &mut Input<'_>, next_frame: u64) -> Result<System> {
    let (numbers, first_frame) = (input.slice()?.to_vec(), input.number()?);
    let mut pairs = || {
        let pairs: Vec<BondedPair> = input.list(|input| Ok((input.u32()?, input.u32()?)))?;
        let sound = pairs.iter().all(|&(i, j)| i <= j && (j as usize) < numbers.len());
        if sound && pairs.is_sorted_by(|a, b| a < b) { Ok(pairs) } else { Err(damaged()) }
    };
    let (first, latest) = (pairs()?, pairs()?);
    if first_frame < next_frame { Ok(System { numbers, first_frame, first, latest }) } else { Err(damaged()) }
}

fn event(input: &mut Input<'_>) -> Result<Event> {
    Ok(Event { frame: input.number()?, atoms: (input.u32()?, input.u32()?), formed: flag(input)? })
}

fn flag(input: &mut Input<'_>) -> Result<bool> {
    match input.number()? {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(damaged()),
    }
}
