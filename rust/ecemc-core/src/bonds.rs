//! Bonds from distances and covalent radii.

use crate::elements::{covalent_radius, symbol};
use crate::neighbors::{Cutoffs, Pairs};
use crate::{Cell, Error, Result, Workers};

/// Bonds `(i, j, S)` between atom i at `r_i` and the copy of atom j at `r_j + S·cell`.
///
/// Each bond is listed once, with `i ≤ j` (and the positive one of `±S` for the bond of an atom to its own image), sorted
/// by i, then j, then S.
pub type Bonds = Vec<(u32, u32, [i32; 3])>;

/// How far covalent bonds reach: `d < f_i·r_i + f_j·r_j` with covalent radii r and factors f by element.
#[derive(Debug, Clone, PartialEq)]
pub struct BondRule {
    factors: [f64; 256],
}

impl BondRule {
    /// The factor that finds the molecules of organic liquids from 300 to 1200 K.
    pub const DEFAULT_SCALE: f64 = 1.3;

    /// The same factor for all elements.
    ///
    /// # Errors
    /// [`Error::Argument`] unless it is a finite number > 0.
    pub fn uniform(scale: f64) -> Result<Self> {
        if scale.is_finite() && scale > 0.0 {
            Ok(Self { factors: [scale; 256] })
        } else {
            Err(Error::argument("scale", scale, "a finite number > 0, such as 1.3"))
        }
    }

    /// Another factor for one element; 0 takes its radius out of the sum.
    ///
    /// # Errors
    /// [`Error::Argument`] unless it is a finite number >= 0.
    pub fn with(mut self, number: u8, factor: f64) -> Result<Self> {
        if !(factor.is_finite() && factor >= 0.0) {
            let element = symbol(number).unwrap_or("?");
            return Err(Error::argument("scale", format!("{factor} for {element}"), "a finite number >= 0"));
        }
        self.factors[usize::from(number)] = factor;
        Ok(self)
    }

    /// Largest length of a bond between two elements, Å; `None` where a radius is unknown.
    pub fn reach(&self, a: u8, b: u8) -> Option<f64> {
        let (ra, rb) = (covalent_radius(a)?, covalent_radius(b)?);
        let (fa, fb) = (self.factors[usize::from(a)], self.factors[usize::from(b)]);
        // One rounding less where the textbook form scale·(r_i + r_j) applies.
        Some(if fa.to_bits() == fb.to_bits() { fa * (ra + rb) } else { fa * ra + fb * rb })
    }

    fn cutoffs(&self, numbers: &[u8]) -> Result<Cutoffs> {
        let mut elements: Vec<u8> = Vec::new();
        let mut place = [u32::MAX; 256];
        for (atom, &number) in numbers.iter().enumerate() {
            if place[usize::from(number)] != u32::MAX {
                continue;
            }
            if covalent_radius(number).is_none() {
                let got = format!("{} (atomic number {number}) for atom {atom}", symbol(number).unwrap_or("?"));
                return Err(Error::argument("numbers", got, "elements with a known covalent radius (H to Cm)"));
            }
            place[usize::from(number)] = elements.len() as u32;
            elements.push(number);
        }
        let reach = |a| elements.iter().map(move |&b| self.reach(a, b).unwrap_or(0.0));
        Ok(Cutoffs::PerSpecies {
            species: numbers.iter().map(|&z| place[usize::from(z)]).collect(),
            table: elements.iter().flat_map(|&a| reach(a)).collect(),
            n_species: elements.len(),
        })
    }
}

/// All bonds, over periodic boundaries, of however short periods. Atoms at the same place are bonded.
///
/// # Errors
/// [`Error::Argument`] for an element without covalent radius or arrays of different lengths, and what the neighbour
/// list raises.
pub fn find_bonds(
    positions: &[[f64; 3]],
    numbers: &[u8],
    cell: &Cell,
    rule: &BondRule,
    workers: Workers<'_>,
) -> Result<Bonds> {
    if numbers.len() != positions.len() {
        return Err(Error::argument("numbers", numbers.len(), format!("{} (one per atom)", positions.len())));
    }
    let pairs = Pairs::new(positions, cell, &rule.cutoffs(numbers)?, workers)?;
    let mut bonds = Bonds::with_capacity(pairs.len() / 2);
    for i in 0..positions.len() {
        for &pair in pairs.of(i) {
            let (j, shift) = (pair.j(), pairs.shift(i, pair));
            if i < j || (i == j && shift > [0; 3]) {
                bonds.push((i as u32, j as u32, shift));
            }
        }
    }
    Ok(bonds)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bonds(positions: &[[f64; 3]], numbers: &[u8], rule: &BondRule) -> Bonds {
        let cell = Cell::new([[4.0, 0.0, 0.0], [0.0, 4.0, 0.0], [0.0, 0.0, 4.0]], [true; 3]).unwrap();
        find_bonds(positions, numbers, &cell, rule, Workers::serial()).unwrap()
    }

    #[test]
    fn bonds_are_listed_once_and_cross_the_boundary() {
        let rule = BondRule::uniform(1.3).unwrap();
        assert_eq!(bonds(&[[0.1, 0.0, 0.0], [3.4, 0.0, 0.0]], &[1, 1], &rule), [(0, 1, [-1, 0, 0])]);
        assert_eq!(bonds(&[[0.1; 3], [0.1; 3]], &[1, 1], &rule), [(0, 1, [0, 0, 0])]);
        let metal = bonds(&[[0.0; 3]], &[55], &rule); // Cs reaches 6.3 Å: its own images along 9 directions
        assert!(metal.len() > 3 && metal.iter().all(|&(i, j, s)| i == j && s > [0; 3]));
    }

    #[test]
    fn factors_add_up_by_element() {
        let apart = [[0.0; 3], [2.2, 0.0, 0.0]];
        let rule = BondRule::uniform(1.3).unwrap();
        assert_eq!(bonds(&apart, &[3, 8], &rule).len(), 1); // Li–O: 1.3 × 1.94 = 2.52
        assert_eq!(bonds(&apart, &[3, 8], &rule.clone().with(3, 0.5).unwrap()).len(), 0); // 0.64 + 0.86
        assert_eq!(rule.clone().with(3, 0.0).unwrap().reach(3, 8), Some(1.3 * 0.66));
    }

    #[test]
    fn nonsense_is_refused() {
        assert!(BondRule::uniform(0.0).is_err() && BondRule::uniform(f64::NAN).is_err());
        let rule = BondRule::uniform(1.3).unwrap();
        assert!(rule.clone().with(6, -0.1).is_err());
        let far = find_bonds(&[[0.0; 3]], &[0], &Cell::open(), &rule, Workers::serial());
        assert!(far.unwrap_err().to_string().contains("atom 0"));
        assert!(find_bonds(&[[0.0; 3]], &[], &Cell::open(), &rule, Workers::serial()).is_err());
    }
}
