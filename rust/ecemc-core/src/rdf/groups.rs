//! What the atoms of a pair are told apart by: element, element within a species, or whole molecules by species.

use super::bins::RdfBins;
use super::count::{RdfCounts, RdfFrame, RdfMolecules, count_pairs};
use crate::bytes::{Input, damaged, put};
use crate::environments::Tracked;
use crate::rigid_body::MolecularFrame;
use crate::tracking::{Configuration, Kind};
use crate::{Error, Result, Workers};

/// The label of everything that belongs to no group.
pub const OTHER: u8 = u8::MAX;
/// Sums of more groups in many blocks would need gigabytes.
const MAX_GROUPS: usize = 64;

/// The groups whose pairs are counted. They are fixed beforehand, so that parts of a trajectory can be joined.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Grouping {
    /// Labels are atomic numbers.
    #[default]
    Elements,
    /// Atoms of an element in molecules of a kind; labels are places in the list, or [`OTHER`].
    Atoms(Vec<(Kind, u8)>),
    /// Centres of mass of molecules of a kind; labels are places in the list, or [`OTHER`]. All pairs are intermolecular.
    Centers(Vec<Kind>),
}

impl Grouping {
    /// # Errors
    /// [`Error::Argument`] for more groups than can be told apart.
    pub(super) fn check(&self) -> Result<()> {
        let n = match self {
            Self::Elements => 0,
            Self::Atoms(groups) => groups.len(),
            Self::Centers(groups) => groups.len(),
        };
        if n <= MAX_GROUPS { Ok(()) } else { Err(Error::argument("groups", n, format!("at most {MAX_GROUPS} groups"))) }
    }

    /// Counts the pairs of a frame; `kinds` are those that its molecules refer to.
    pub(super) fn count(
        &self,
        bins: &RdfBins,
        tracked: &Tracked<'_>,
        kinds: &[Kind],
        workers: Workers<'_>,
    ) -> Result<RdfCounts> {
        let (Configuration { positions, numbers, cell }, molecules) = (tracked.frame, &tracked.molecules.molecules);
        let count = |positions, labels, molecules| {
            count_pairs(bins, &RdfFrame { positions, numbers: labels, cell, molecules }, workers)
        };
        match self {
            Self::Elements => count(positions, numbers, RdfMolecules::Given(molecules)),
            Self::Atoms(groups) => {
                let place = |kind: &Kind, z| groups.iter().position(|(of, number)| *number == z && of.same_as(kind));
                let mut known = vec![[None; 256]; kinds.len()];
                let label = |(&z, &molecule): (&u8, &u32)| {
                    let kind = tracked.molecules.kinds[molecule as usize] as usize;
                    *known[kind][usize::from(z)].get_or_insert_with(|| label(place(&kinds[kind], z)))
                };
                let labels: Vec<u8> = numbers.iter().zip(molecules.index()).map(label).collect();
                count(positions, &labels, RdfMolecules::Given(molecules))
            }
            Self::Centers(groups) => {
                let centers = MolecularFrame::new(positions, tracked.masses, cell, molecules)?.centers();
                let of_kind: Vec<u8> =
                    kinds.iter().map(|kind| label(groups.iter().position(|of| of.same_as(kind)))).collect();
                let labels: Vec<u8> = tracked.molecules.kinds.iter().map(|&kind| of_kind[kind as usize]).collect();
                count(&centers, &labels, RdfMolecules::None)
            }
        }
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Elements => put(out, [0]),
            Self::Atoms(groups) => {
                put(out, [1, groups.len() as u64]);
                for (kind, number) in groups {
                    kind.write(out);
                    put(out, [u64::from(*number)]);
                }
            }
            Self::Centers(groups) => {
                put(out, [2, groups.len() as u64]);
                for kind in groups {
                    kind.write(out);
                }
            }
        }
    }

    pub(super) fn read(input: &mut Input<'_>) -> Result<Self> {
        let grouping = match input.number()? {
            0 => Self::Elements,
            1 => Self::Atoms(input.list(|input| {
                let kind = Kind::read(input)?;
                Ok((kind, u8::try_from(input.number()?).map_err(|_| damaged())?))
            })?),
            2 => Self::Centers(input.list(Kind::read)?),
            _ => return Err(damaged()),
        };
        grouping.check().map(|()| grouping)
    }
}

fn label(place: Option<usize>) -> u8 {
    place.map_or(OTHER, |place| place as u8)
}

#[cfg(test)]
mod tests {
    use super::super::{Normalization, RdfAccumulator};
    use super::*;
    use crate::tracking::MoleculeTracker;
    use crate::{BondRule, Cell};

    /// Water and H2, and what is counted of them.
    fn counted(grouping: impl Fn(&[Kind]) -> Grouping) -> RdfAccumulator {
        let cell = Cell::new([[9.0, 0.0, 0.0], [0.0, 9.0, 0.0], [0.0, 0.0, 9.0]], [true; 3]).unwrap();
        let positions = [[0.0; 3], [0.0, 0.0, 0.97], [0.0, 0.97, 0.0], [3.0, 0.0, 0.0], [3.0, 0.0, 0.7]];
        let frame = Configuration { positions: &positions, numbers: &[8, 1, 1, 1, 1], cell: &cell };
        let mut tracker = MoleculeTracker::new(BondRule::uniform(1.3).unwrap());
        let tracked = tracker.add(0, &[frame], Workers::serial()).unwrap();
        let bins = RdfBins::new(4.0, 8).unwrap();
        let mut sums = RdfAccumulator::with_grouping(bins, grouping(tracker.kinds())).unwrap();
        let input = [Tracked { frame, molecules: &tracked[0], masses: &[16.0, 1.0, 1.0, 1.0, 1.0] }];
        let (kinds, serial) = (tracker.kinds(), Workers::serial());
        let counts = RdfAccumulator::count_tracked(&bins, sums.grouping(), 0, &input, kinds, serial).unwrap();
        sums.add(0, &counts[0]).unwrap();
        assert_eq!(RdfAccumulator::from_bytes(&sums.to_bytes()), Ok(sums.clone()));
        sums
    }

    #[test]
    fn groups_split_the_counts_of_elements() {
        let last = |sums: &RdfAccumulator, a, b| {
            let found = sums.result(Normalization::Pair).unwrap();
            let numbers = found.coordination(a, b).unwrap();
            [&numbers.intra, &numbers.inter].map(|n| *n.last().unwrap())
        };
        let elements = counted(|_| Grouping::Elements);
        assert_eq!(last(&elements, 8, 1), [2.0, 2.0]);
        let atoms = counted(|kinds| Grouping::Atoms(vec![(kinds[0].clone(), 8), (kinds[1].clone(), 1)]));
        assert_eq!(last(&atoms, 0, 1), [0.0, 2.0]);
        assert_eq!(last(&atoms, 0, OTHER), [2.0, 0.0]);
        assert_eq!(last(&atoms, 1, 1), [1.0, 0.0]);
        let centers = counted(|kinds| Grouping::Centers(kinds.to_vec()));
        assert_eq!(last(&centers, 0, 1), [0.0, 1.0]);
        assert!(centers.clone().merge(&atoms).unwrap_err().to_string().contains("same groups"));
    }

    #[test]
    fn too_many_groups_are_refused() {
        let kind = Kind { fingerprint: 1, formula: "H".into(), n_atoms: 1, infinite: false };
        let bins = RdfBins::new(4.0, 8).unwrap();
        assert!(RdfAccumulator::with_grouping(bins, Grouping::Centers(vec![kind; 65])).is_err());
    }
}
