//! Local composition: how many molecules of each species surround a molecule.

use std::collections::BTreeMap;

use crate::neighbors::{Cutoffs, Pairs};
use crate::rigid_body::MolecularFrame;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Cell, Molecules};

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
