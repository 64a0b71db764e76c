//! One cutoff for all pairs, or one per pair of species.

use crate::{Error, Result};

/// How far a pair may be apart, Å.
#[derive(Debug, Clone, PartialEq)]
pub enum Cutoffs {
    /// The same for every pair.
    Uniform(f64),
    /// One for each pair of species; 0 means the pair is never listed.
    PerSpecies {
        /// Species of each atom, `0..n_species`.
        species: Vec<u32>,
        /// Symmetric, row by row, `n_species²` numbers.
        table: Vec<f64>,
        /// Number of species.
        n_species: usize,
    },
}

impl Cutoffs {
    /// Checks the cutoffs against the number of atoms.
    ///
    /// # Errors
    /// [`Error::Argument`] for cutoffs that are not finite or negative, species out of range and wrong lengths.
    pub fn validate(&self, n_atoms: usize) -> Result<()> {
        let fine = |r: f64| r.is_finite() && r >= 0.0;
        match self {
            Self::Uniform(r) if !(fine(*r) && *r > 0.0) => {
                Err(Error::argument("cutoff", r, "a finite distance > 0 in Å"))
            }
            Self::Uniform(_) => Ok(()),
            Self::PerSpecies { species, table, n_species } => {
                if let Some(bad) = table.iter().find(|&&r| !fine(r)) {
                    return Err(Error::argument("cutoff", bad, "finite distances >= 0 in Å"));
                }
                if table.len() != n_species * n_species || species.iter().any(|&s| s as usize >= *n_species) {
                    return Err(Error::argument("species", "a species outside the table", "one row for each species"));
                }
                if species.len() != n_atoms {
                    return Err(Error::argument("species", species.len(), format!("{n_atoms} (one per atom)")));
                }
                Ok(())
            }
        }
    }

    /// The largest of them.
    pub fn max(&self) -> f64 {
        match self {
            Self::Uniform(r) => *r,
            Self::PerSpecies { table, .. } => table.iter().copied().fold(0.0, f64::max),
        }
    }

    /// The cutoff of the pair of atoms `i` and `j`.
    #[inline]
    pub fn of(&self, i: usize, j: usize) -> f64 {
        match self {
            Self::Uniform(r) => *r,
            Self::PerSpecies { species, table, n_species } => {
                table[species[i] as usize * n_species + species[j] as usize]
            }
        }
    }
}
