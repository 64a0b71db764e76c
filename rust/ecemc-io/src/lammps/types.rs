//! Elements of atom types, and of masses.

use std::collections::BTreeMap;

use crate::elements::{STANDARD_MASSES, SYMBOLS, atomic_number};
use crate::error::{Error, Result};

/// Types up to here may be named; it bounds the table.
const MOST_TYPES: usize = 1 << 16;
/// How far a mass may be from the standard one of its element, in amu.
const TOLERANCE: f64 = 0.1;
/// How a caller says what the types are.
pub(super) const REMEDY: &str = "give types=[\"C\", \"H\", \"O\"] (command line: --types C,H,O)";

/// The elements of the atom types of a LAMMPS simulation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Types {
    /// By number; element none for types that are not named.
    numbered: Vec<Option<u8>>,
    /// By label (`labelmap` command of LAMMPS).
    labelled: BTreeMap<String, u8>,
}

impl Types {
    /// From pairs of a type (its number or label) and a chemical symbol.
    ///
    /// ```
    /// use ecemc_io::Types;
    ///
    /// assert!(Types::new([("1", "C"), ("2", "H")]).is_ok());
    /// let error = Types::new([("1", "Q")]).unwrap_err();
    /// assert_eq!(error.to_string(), "types: got 'Q' for type 1, expected a chemical symbol such as C, H, O");
    /// ```
    ///
    /// # Errors
    /// [`Error::Argument`] if a symbol belongs to no element, or a number is not from 1 on.
    pub fn new<T: AsRef<str>, S: AsRef<str>>(pairs: impl IntoIterator<Item = (T, S)>) -> Result<Self> {
        let mut types = Self::default();
        for (kind, symbol) in pairs {
            let (kind, symbol) = (kind.as_ref(), symbol.as_ref());
            let wrong = |got: String, expected: &str| Error::Argument { name: "types", got, expected: expected.into() };
            let Some(z) = atomic_number(symbol.trim().as_bytes()) else {
                return Err(wrong(format!("'{symbol}' for type {kind}"), "a chemical symbol such as C, H, O"));
            };
            match kind.trim().parse::<i64>() {
                Err(_) => drop(types.labelled.insert(kind.trim().to_owned(), z)),
                Ok(number) => {
                    let known = usize::try_from(number).ok().filter(|k| (1..MOST_TYPES).contains(k));
                    let Some(k) = known else { return Err(wrong(format!("type {number}"), "types from 1 on")) };
                    types.numbered.resize(types.numbered.len().max(k + 1), None);
                    types.numbered[k] = Some(z);
                }
            }
        }
        Ok(types)
    }

    /// The element of a numbered type.
    pub(super) fn of_number(&self, number: i64) -> Option<u8> {
        *self.numbered.get(usize::try_from(number).ok()?)?
    }

    /// The element of a labelled type.
    pub(super) fn of_label(&self, label: &str) -> Option<u8> {
        self.labelled.get(label).copied()
    }

    /// The types that are named, for messages.
    pub(super) fn names(&self) -> String {
        let numbers = self.numbered.iter().enumerate().filter_map(|(k, z)| z.map(|z| (k.to_string(), z)));
        let labels = self.labelled.iter().map(|(label, &z)| (label.clone(), z));
        let names: Vec<_> = numbers.chain(labels).map(|(kind, z)| format!("{kind}: {}", SYMBOLS[z as usize])).collect();
        names.join(", ")
    }
}

/// The only element whose standard mass is within 0.1 amu of the given one.
pub(super) fn element_of_mass(mass: f64) -> Option<u8> {
    let close = |z: &usize| (STANDARD_MASSES[*z] - mass).abs() <= TOLERANCE;
    let mut found = (1..STANDARD_MASSES.len()).filter(close);
    let z = found.next()?;
    found.next().is_none().then_some(z as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masses_as_force_fields_write_them() {
        for (mass, z) in
            [(1.0, 1), (1.00797, 1), (12.0, 6), (12.0107, 6), (14.01, 7), (15.9994, 8), (6.941, 3), (35.5, 17)]
        {
            assert_eq!(element_of_mass(mass), Some(z), "{mass}");
        }
        // Deuterium, a united CH3, between Ar and Ca, Cm or Bk, nothing.
        for mass in [2.014, 15.035, 40.01, 247.07, 0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(element_of_mass(mass), None, "{mass}");
        }
    }

    #[test]
    fn types_by_number_and_label() {
        let types = Types::new([("2", "h"), ("os", "O")]).unwrap();
        assert_eq!([-1, 0, 1, 2, 3, i64::MAX].map(|k| types.of_number(k)), [None, None, None, Some(1), None, None]);
        assert_eq!((types.of_label("os"), types.of_label("c")), (Some(8), None));
        assert_eq!(types.names(), "2: H, os: O");
        for number in ["0", "-1", "999999999"] {
            assert!(Types::new([(number, "H")]).is_err());
        }
    }
}
