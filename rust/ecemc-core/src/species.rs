//! Species of molecules: equal bond graphs, told apart by fingerprint and described by formula.

use std::collections::{BTreeMap, HashMap};

use crate::bonds::Bonds;
use crate::elements::symbol;
use crate::{Molecules, graph_fingerprint};

/// One kind of molecule in a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Species {
    /// Fingerprint of the bond graph, see [`graph_fingerprint`].
    pub fingerprint: u128,
    /// Formula in Hill order: C, H, then alphabetical; without C all alphabetical.
    pub formula: String,
    /// The first molecule of this kind.
    pub first: usize,
}

/// Whether a molecule is infinite, its elements and its bonds, in the order of the frame.
type Listing<'a> = (bool, Vec<u8>, &'a [(u32, u32)]);

/// The species in a frame, numbered by their first molecules, and the species of each molecule.
///
/// `numbers` are the atomic numbers the molecules were found with, `bonds` the [`structural_bonds`](crate::structural_bonds),
/// sorted by first, then second atom. The fingerprint is computed once for all molecules that list the same elements and bonds in the same order, as those of a box usually do.
pub fn species(numbers: &[u8], bonds: &Bonds, molecules: &Molecules) -> (Vec<Species>, Vec<u32>) {
    let (offsets, pairs) = local_bonds(bonds, molecules);
    let mut kinds: Vec<Species> = Vec::new();
    let mut by_fingerprint: HashMap<u128, u32> = HashMap::new();
    let mut by_listing: HashMap<Listing<'_>, u32> = HashMap::new();
    let mut kind_of = Vec::with_capacity(molecules.len());
    for molecule in 0..molecules.len() {
        let elements: Vec<u8> = molecules.members(molecule).iter().map(|&atom| numbers[atom as usize]).collect();
        let bonded = &pairs[offsets[molecule]..offsets[molecule + 1]];
        let infinite = molecules.infinite()[molecule];
        let kind =
            *by_listing.entry((infinite, elements, bonded)).or_insert_with_key(|(infinite, elements, bonded)| {
                let fingerprint = graph_fingerprint(elements, bonded, *infinite);
                *by_fingerprint.entry(fingerprint).or_insert_with(|| {
                    kinds.push(Species { fingerprint, formula: hill_formula(elements), first: molecule });
                    kinds.len() as u32 - 1
                })
            });
        kind_of.push(kind);
    }
    (kinds, kind_of)
}

/// Bonds grouped by molecule, with atoms counted within the molecule: offsets and pairs.
fn local_bonds(bonds: &Bonds, molecules: &Molecules) -> (Vec<usize>, Vec<(u32, u32)>) {
    let mut rank = vec![0u32; molecules.n_atoms()];
    for molecule in 0..molecules.len() {
        for (k, &atom) in molecules.members(molecule).iter().enumerate() {
            rank[atom as usize] = k as u32;
        }
    }
    let mut offsets = vec![0; molecules.len() + 1];
    for bond in bonds {
        offsets[molecules.index()[bond.0 as usize] as usize + 1] += 1;
    }
    for k in 0..molecules.len() {
        offsets[k + 1] += offsets[k];
    }
    let mut next = offsets.clone();
    let mut pairs = vec![(0, 0); bonds.len()];
    for bond in bonds {
        let slot = &mut next[molecules.index()[bond.0 as usize] as usize];
        pairs[*slot] = (rank[bond.0 as usize], rank[bond.1 as usize]);
        *slot += 1;
    }
    (offsets, pairs)
}

/// Formula in Hill order.
///
/// ```
/// assert_eq!(ecemc_core::hill_formula(&[1, 8, 6, 1, 1, 1]), "CH4O");
/// assert_eq!(ecemc_core::hill_formula(&[8, 1, 1]), "H2O");
/// ```
pub fn hill_formula(numbers: &[u8]) -> String {
    let has_carbon = numbers.contains(&6);
    let mut counts: BTreeMap<(u8, &str), usize> = BTreeMap::new();
    for &number in numbers {
        let place = match number {
            6 => 0,
            1 if has_carbon => 1,
            _ => 2,
        };
        *counts.entry((place, symbol(number).unwrap_or("?"))).or_default() += 1;
    }
    let part =
        |((_, name), count): ((u8, &str), usize)| if count == 1 { name.into() } else { format!("{name}{count}") };
    counts.into_iter().map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_graphs_are_one_species_in_any_order() {
        // Water as OHH and HOH, interleaved, and a hydroxyl.
        let numbers = [8, 1, 1, 8, 1, 1, 8, 1];
        let bonds = vec![(0, 1, [0; 3]), (0, 4, [0; 3]), (2, 3, [0; 3]), (3, 5, [0; 3]), (6, 7, [0; 3])];
        let molecules = Molecules::from_bonds(8, &bonds);
        let (kinds, kind_of) = species(&numbers, &bonds, &molecules);
        assert_eq!(kind_of, [0, 0, 1]);
        assert_eq!((kinds[0].formula.as_str(), kinds[1].formula.as_str()), ("H2O", "HO"));
        assert_eq!(kinds[1].first, 2);
    }

    #[test]
    fn a_polymer_is_not_the_ring_it_looks_like() {
        let numbers = [6, 6, 6];
        let ring = vec![(0, 1, [0; 3]), (0, 2, [0; 3]), (1, 2, [0; 3])];
        let polymer = vec![(0, 1, [0; 3]), (0, 2, [-1, 0, 0]), (1, 2, [0; 3])];
        let of = |bonds: &Bonds| species(&numbers, bonds, &Molecules::from_bonds(3, bonds)).0[0].fingerprint;
        assert_ne!(of(&ring), of(&polymer));
    }
}
